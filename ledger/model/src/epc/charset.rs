//! Character sets of GS1 data, looked up in one table: they are asked for every character read.

/// Digits.
pub(crate) const DIGITS: u8 = 1;
/// Set 82, which strings on tags and in barcodes may hold.
pub(crate) const SET_82: u8 = 2;
/// Set 39.
pub(crate) const SET_39: u8 = 4;
/// Base64url with its pad.
pub(crate) const BASE64: u8 = 8;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut out = [0; 256];
    mark(&mut out, b"0123456789", DIGITS | SET_82 | SET_39 | BASE64);
    mark(&mut out, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", SET_82 | SET_39 | BASE64);
    mark(&mut out, b"abcdefghijklmnopqrstuvwxyz", SET_82 | BASE64);
    mark(&mut out, b"!\"%&'()*+,./:;<>?", SET_82);
    mark(&mut out, b"-", SET_82 | SET_39 | BASE64);
    mark(&mut out, b"_=", SET_82 | BASE64);
    mark(&mut out, b"#/", SET_39);
    out[b'/' as usize] |= SET_82;
    out
}

const fn mark(out: &mut [u8; 256], bytes: &[u8], class: u8) {
    let mut i = 0;
    while i < bytes.len() {
        out[bytes[i] as usize] |= class;
        i += 1;
    }
}

/// True for a character of that set.
#[inline]
pub(crate) fn is_of(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// True for a character of set 82.
#[inline]
pub(super) fn is_set_82(byte: u8) -> bool {
    is_of(byte, SET_82)
}

/// True for a character of set 39.
#[inline]
pub(super) fn is_set_39(byte: u8) -> bool {
    is_of(byte, SET_39)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_have_their_sizes() {
        let size = |class| (0..=255).filter(|b| is_of(*b, class)).count();
        assert_eq!((size(DIGITS), size(SET_82), size(SET_39), size(BASE64)), (10, 82, 39, 65));
        assert!(!is_set_82(b'#') && !is_set_82(b'^') && !is_set_82(b'~') && !is_set_39(b'a'));
    }
}
