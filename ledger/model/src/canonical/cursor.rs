//! Reads canonical bytes front to back, each value once, refusing whatever is not its one spelling.
//!
//! It is the fast way, beside the careful one (`decode`: read, write again, compare). Invariant:
//! what it reads, the careful one reads too, as the same value. It may give up on anything (`None`),
//! such as escapes in texts, which says nothing about the bytes: the careful one has the verdict and
//! the words. Absent: which fields a value has (`crate::straight`).

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{Amount, Hash};

/// Where reading stands.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A value that can be read straight from its canonical bytes.
pub(crate) trait Straight: Sized {
    /// Reads it, or gives up.
    fn read(cursor: &mut Cursor<'_>) -> Option<Self>;
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether one of eight bytes ends a text or needs a second look: a quote, a backslash, a control.
fn has_special(eight: u64) -> bool {
    let zero = |x: u64| x.wrapping_sub(LOW) & !x & HIGH;
    let quote = zero(eight ^ (LOW * u64::from(b'"')));
    let backslash = zero(eight ^ (LOW * u64::from(b'\\')));
    let control = eight.wrapping_sub(LOW * 0x20) & !eight & HIGH;
    quote | backslash | control != 0
}

impl<'a> Cursor<'a> {
    /// At the first byte; `None` for what is no text.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { text: std::str::from_utf8(bytes).ok()?, at: 0 })
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Whether all was read.
    pub(crate) fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    /// Goes back to where another cursor stands, to try something else.
    pub(crate) fn fork(&self) -> Self {
        Self { ..*self }
    }

    /// Whether these bytes come next.
    pub(crate) fn is_at(&self, token: &str) -> bool {
        self.rest().starts_with(token.as_bytes())
    }

    /// Steps over exactly these bytes.
    pub(crate) fn eat(&mut self, token: &str) -> Option<()> {
        self.is_at(token).then(|| self.at += token.len())
    }

    /// Steps over a field's name, given as `"name":`, and the comma before it.
    pub(crate) fn key(&mut self, name: &str) -> Option<()> {
        let rest = self.rest();
        // A value never ends in an opening brace.
        let is_first = self.at > 0 && self.text.as_bytes()[self.at - 1] == b'{';
        let comma = usize::from(!is_first);
        let fits = (is_first || rest.first() == Some(&b','))
            && rest.get(comma..).is_some_and(|rest| rest.starts_with(name.as_bytes()));
        fits.then(|| self.at += comma + name.len())
    }

    /// A text without escapes.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.eat("\"")?;
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut end = start;
        while let Some(eight) = bytes.get(end..end + 8).and_then(|part| part.try_into().ok()) {
            if has_special(u64::from_le_bytes(eight)) {
                break;
            }
            end += 8;
        }
        loop {
            match *bytes.get(end)? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// A whole number in its shortest form.
    fn integer(&mut self) -> Option<i64> {
        let negative = self.eat("-").is_some();
        let (mut value, mut count, first) = (0i64, 0, *self.rest().first()?);
        while let Some(digit) = self.rest().get(count).filter(|byte| byte.is_ascii_digit()) {
            let digit = i64::from(digit - b'0');
            // Below zero all along, where there is one number more.
            value = value.checked_mul(10)?.checked_sub(digit)?;
            count += 1;
        }
        let shortest = count > 0 && (first != b'0' || (count == 1 && !negative));
        self.at += count;
        if negative { Some(value) } else { value.checked_neg() }.filter(|_| shortest)
    }
}

/// Of each byte its value as a lower-case hex digit; `NO_DIGIT` of what is none.
const DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

const NO_DIGIT: u8 = 0x80;

/// Puts pairs of digits into bytes; whether all of them were digits.
fn read_hex(pairs: &[u8], bytes: &mut [u8]) -> bool {
    let mut all = 0;
    for (byte, pair) in bytes.iter_mut().zip(pairs.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        all |= high | low;
        *byte = high << 4 | low;
    }
    all < NO_DIGIT
}

impl Straight for bool {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        match cursor.eat("true") {
            Some(()) => Some(true),
            None => cursor.eat("false").map(|()| false),
        }
    }
}

impl Straight for String {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.text().map(str::to_owned)
    }
}

impl Straight for Uuid {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let text: &[u8; 36] = cursor.text()?.as_bytes().try_into().ok()?;
        let mut bytes = [0; 16];
        let fits = [text[8], text[13], text[18], text[23]] == [b'-'; 4]
            && read_hex(&text[..8], &mut bytes[..4])
            && read_hex(&text[9..13], &mut bytes[4..6])
            && read_hex(&text[14..18], &mut bytes[6..8])
            && read_hex(&text[19..23], &mut bytes[8..10])
            && read_hex(&text[24..], &mut bytes[10..]);
        fits.then(|| Self::from_bytes(bytes))
    }
}

impl Straight for Hash {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let text: &[u8; 64] = cursor.text()?.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        read_hex(text, &mut bytes).then_some(Self(bytes))
    }
}

impl Straight for Amount {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let text = cursor.text()?;
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let shortest = (whole == "0" || !whole.starts_with('0'))
            && !places.ends_with('0')
            && places.is_empty() != digits.contains('.')
            && places.len() <= 4
            && !whole.is_empty();
        if !shortest || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        let value = |digits: &str| {
            digits.bytes().try_fold(0i64, |value, digit| {
                value.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0')?))
            })
        };
        let scale = 10_i64.pow(4 - u32::try_from(places.len()).ok()?);
        let units = value(whole)?.checked_mul(10_000)?.checked_add(value(places)? * scale)?;
        // Nothing has no sign.
        let units = if negative { -units } else { units };
        (!negative || units != 0).then(|| Self::from_units(units))
    }
}

impl<T: Straight> Straight for Vec<T> {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.eat("[")?;
        if cursor.eat("]").is_some() {
            return Some(vec![]);
        }
        // Most have one.
        let mut list = Self::with_capacity(1);
        loop {
            list.push(T::read(cursor)?);
            if cursor.eat("]").is_some() {
                return Some(list);
            }
            cursor.eat(",")?;
        }
    }
}

/// Names and texts, each name once, in their order.
impl Straight for BTreeMap<String, String> {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.eat("{")?;
        let mut map = Self::new();
        loop {
            let name = cursor.text()?;
            if map.last_key_value().is_some_and(|(last, _)| last.as_str() >= name) {
                return None;
            }
            cursor.eat(":")?;
            map.insert(name.to_owned(), cursor.text()?.to_owned());
            if cursor.eat("}").is_some() {
                return Some(map);
            }
            cursor.eat(",")?;
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Straight for $type {
            fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
                cursor.integer()?.try_into().ok()
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i16, i64);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use proptest::prelude::*;
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;
    use crate::canonical;

    fn straight<T: Straight>(bytes: &[u8]) -> Option<T> {
        let mut cursor = Cursor::new(bytes)?;
        T::read(&mut cursor).filter(|_| cursor.is_done())
    }

    /// What is read straight is read the careful way, as the same value.
    fn check<T>(text: &str) -> Option<T>
    where
        T: Straight + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let read = straight::<T>(text.as_bytes());
        if let Some(value) = &read {
            assert_eq!(&canonical::decode::<T>(text.as_bytes()).unwrap(), value, "{text}");
        }
        read
    }

    #[test]
    fn one_spelling_is_read_and_no_other() {
        for good in ["0", "-1", "9223372036854775807", "-9223372036854775808", "10"] {
            assert_eq!(check::<i64>(good).map(|n| n.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "-", "-0", "00", "01", "-01", "9223372036854775808", "1.0", "1e2", "+1"] {
            assert_eq!(check::<i64>(bad), None, "{bad}");
        }
        assert_eq!(
            (check::<u8>("255"), check::<u8>("256"), check::<u8>("-1")),
            (Some(255), None, None)
        );
        type Map = BTreeMap<String, String>;
        let read = check::<Map>(r#"{"a":"1","b":"{"}"#).map(|map| map.len());
        assert_eq!(read, Some(2));
        for bad in
            ["{}", r#"{"b":"1","a":"2"}"#, r#"{"a":"1","a":"2"}"#, r#"{"a":1}"#, r#"{"a":"1""#]
        {
            assert_eq!(check::<Map>(bad), None, "{bad}");
        }
        for good in ["0", "12.5", "-0.0001", "10", "922337203685477.5807", "0.5"] {
            let read = check::<Amount>(&format!("\"{good}\""));
            assert_eq!(read.map(|amount| amount.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "-0", "12.50", "1.", ".5", "00", "01", "1.00001", "1-", "1.2.3", "1e3"] {
            assert_eq!(check::<Amount>(&format!("\"{bad}\"")), None, "{bad}");
        }
        let uuid = "01970000-0000-7000-8000-00000000003a";
        assert!(check::<Uuid>(&format!("\"{uuid}\"")).is_some());
        for bad in [uuid.to_uppercase(), uuid.replace('-', ""), format!("{{{uuid}}}")] {
            assert_eq!(check::<Uuid>(&format!("\"{bad}\"")), None, "{bad}");
        }
        assert_eq!(check::<Vec<bool>>("[true,false]"), Some(vec![true, false]));
        for bad in ["[true,]", "[,]", "[true false]", "[", "[true", "[true ]", "true"] {
            assert_eq!(check::<Vec<bool>>(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_canonical(text in "[\\-0-9.a-f\"\\\\\u{0}-\u{1f}é]{0,24}", n: i64) {
            for text in [text.clone(), format!("\"{text}\""), n.to_string()] {
                check::<i64>(&text);
                check::<u16>(&text);
                check::<String>(&text);
                check::<Amount>(&text);
                check::<Vec<i64>>(&format!("[{text}]"));
            }
            let amount = Amount::from_units(if n == i64::MIN { 0 } else { n });
            prop_assert_eq!(check(&format!("\"{amount}\"")), Some(amount));
        }

        #[test]
        fn texts_end_where_they_end(text in "[ -~é]{0,40}", after in "[\"\\\\,a-z]{0,10}") {
            let whole = format!("\"{text}\"{after}");
            let mut cursor = Cursor::new(whole.as_bytes()).unwrap();
            let expected = (!text.contains(['"', '\\'])).then_some(text.as_str());
            if expected.is_some() {
                prop_assert_eq!(cursor.text(), expected);
                prop_assert_eq!(cursor.at, text.len() + 2);
            }
        }
    }
}
