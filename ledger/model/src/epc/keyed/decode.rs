//! Bytes to `Keyed`. Total: any bytes give one or an error.

use super::{
    super::{
        EpcError,
        bits::BitReader,
        charset::{is_set_39, is_set_82},
        power,
    },
    Keyed, Tail,
    scheme::{Kind, PREFIX_BITS, PREFIX_DIGITS, Scheme, TailKind},
};

/// Decodes the EPC memory from bit 20h on, whose header said that it is of this scheme.
pub(in crate::epc) fn decode(scheme: &'static Scheme, bytes: &[u8]) -> Result<Keyed, EpcError> {
    let mut bits = BitReader::new(bytes);
    bits.take(8);
    enough(scheme, &bits, scheme.bits)?;
    let epc = match scheme.kind {
        Kind::Gid => decode_gid(scheme, &mut bits),
        _ => decode_keyed(scheme, &mut bits)?,
    };
    finish(scheme, &mut bits)?;
    Ok(epc)
}

fn enough(scheme: &Scheme, bits: &BitReader<'_>, needs: usize) -> Result<(), EpcError> {
    match bits.len() {
        have if have < needs => Err(EpcError::Truncated { scheme: scheme.name, have, needs }),
        _ => Ok(()),
    }
}

/// Whatever stands behind the fields must be zero.
fn finish(scheme: &Scheme, bits: &mut BitReader<'_>) -> Result<(), EpcError> {
    enough(scheme, bits, bits.position())?;
    if scheme.tail == TailKind::Reserved && !bits.zero_until(scheme.bits) {
        return Err(EpcError::ReservedNonzero(scheme.name));
    }
    match bits.zero_until(bits.len()) {
        true => Ok(()),
        false => Err(EpcError::TrailingBits(scheme.name)),
    }
}

fn decode_gid(scheme: &'static Scheme, bits: &mut BitReader<'_>) -> Keyed {
    Keyed {
        scheme,
        filter: 0,
        partition: 0,
        prefix: bits.take(28),
        reference: bits.take(24),
        component: String::new(),
        pieces: (0, 0),
        tail: Tail::Number(bits.take(36)),
    }
}

fn decode_keyed(scheme: &'static Scheme, bits: &mut BitReader<'_>) -> Result<Keyed, EpcError> {
    let filter = bits.take(3) as u8;
    let partition = bits.take(3) as u8;
    let p = usize::from(partition);
    if p > 6 {
        return Err(EpcError::Partition(scheme.name));
    }
    let prefix = bits.take(usize::from(PREFIX_BITS[p]));
    if prefix >= power(PREFIX_DIGITS[p]) {
        return Err(EpcError::PrefixOverflow { value: prefix, digits: PREFIX_DIGITS[p] });
    }
    let mut epc = Keyed {
        scheme,
        filter,
        partition,
        prefix,
        reference: 0,
        component: String::new(),
        pieces: (0, 0),
        tail: Tail::None,
    };
    decode_reference(&mut epc, bits, p)?;
    if scheme.kind == Kind::Itip {
        epc.pieces = (two_digits("piece", bits)?, two_digits("total", bits)?);
    }
    epc.tail = decode_tail(scheme, bits, p)?;
    Ok(epc)
}

fn decode_reference(epc: &mut Keyed, bits: &mut BitReader<'_>, p: usize) -> Result<(), EpcError> {
    let scheme = epc.scheme;
    if scheme.name == "cpi-var" {
        epc.component = component_text(bits, 30 - usize::from(PREFIX_DIGITS[p]))?;
        return Ok(());
    }
    let value = bits.take(usize::from(scheme.reference_bits[p]));
    let digits = scheme.reference_digits[p];
    if value >= power(digits) {
        return Err(EpcError::ReferenceOverflow { value, digits });
    }
    epc.reference = value;
    if scheme.kind == Kind::Cpi {
        epc.component = value.to_string();
    }
    Ok(())
}

fn two_digits(what: &'static str, bits: &mut BitReader<'_>) -> Result<u8, EpcError> {
    match bits.take(7) {
        value if value > 99 => Err(EpcError::FixedWidth { what, value }),
        value => Ok(value as u8),
    }
}

fn decode_tail(scheme: &Scheme, bits: &mut BitReader<'_>, p: usize) -> Result<Tail, EpcError> {
    match scheme.tail {
        TailKind::Reserved => Ok(Tail::None),
        TailKind::Integer(width) => {
            let value = bits.take(usize::from(width));
            if scheme.name == "cpi-var" && value >= power(12) {
                let text = value.to_string();
                return Err(EpcError::Overflow { what: "serial", text, scheme: scheme.name });
            }
            Ok(Tail::Number(value))
        }
        TailKind::IntegerBy(widths) => Ok(Tail::Number(bits.take(usize::from(widths[p])))),
        TailKind::Text(width) => serial_text(scheme, bits, usize::from(width), usize::MAX),
        TailKind::TextBy(widths) => {
            let max = 30 - usize::from(PREFIX_DIGITS[p]);
            serial_text(scheme, bits, usize::from(widths[p]), max)
        }
        TailKind::NumericText(width, max) => numeric_text(bits.take(usize::from(width)), max),
    }
}

/// Digits kept by a leading 1.
fn numeric_text(value: u64, max: usize) -> Result<Tail, EpcError> {
    let text = value.to_string();
    match text.strip_prefix('1') {
        None => Err(EpcError::NumericString("serial")),
        Some("") => Err(EpcError::EmptyString("serial")),
        Some(digits) if digits.len() > max => Err(EpcError::TooLong { what: "serial", max }),
        Some(digits) => Ok(Tail::Text(digits.to_owned())),
    }
}

/// 7-bit characters up to the first zero; the rest of the field must be zero.
fn serial_text(
    scheme: &Scheme,
    bits: &mut BitReader<'_>,
    width: usize,
    max: usize,
) -> Result<Tail, EpcError> {
    let what = if scheme.kind == Kind::Giai { "asset reference" } else { "serial" };
    let mut text = String::with_capacity(width / 7);
    let mut ended = false;
    for _ in 0..width / 7 {
        match bits.take(7) as u8 {
            0 => ended = true,
            _ if ended => return Err(EpcError::CharacterAfterNul(what)),
            byte if is_set_82(byte) => text.push(char::from(byte)),
            byte => return Err(EpcError::BadCharacter { what, byte }),
        }
    }
    if bits.take(width % 7) != 0 {
        return Err(EpcError::CharacterAfterNul(what));
    }
    match text.len() {
        0 => Err(EpcError::EmptyString(what)),
        n if n > max => Err(EpcError::TooLong { what, max }),
        _ => Ok(Tail::Text(text)),
    }
}

/// 6-bit characters up to and with the first zero.
fn component_text(bits: &mut BitReader<'_>, max: usize) -> Result<String, EpcError> {
    let what = "component";
    let mut text = String::new();
    loop {
        let value = bits.take(6) as u8;
        if value == 0 {
            break;
        }
        let byte = if value < 32 { value + 64 } else { value };
        if !is_set_39(byte) {
            return Err(EpcError::BadCharacter { what, byte });
        }
        if text.len() == max {
            return Err(EpcError::TooLong { what, max });
        }
        text.push(char::from(byte));
    }
    match text.is_empty() {
        true => Err(EpcError::EmptyString(what)),
        false => Ok(text),
    }
}
