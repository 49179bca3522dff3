//! The two schemes whose key is a CAGE code or DoDAAC instead of a company prefix: USDOD-96 (the
//! US Department of Defense's guide) and ADI-var (ATA Spec 2000), TDS 14.6.13 and 14.6.16.

use super::{
    EpcError,
    bits::{BitReader, BitWriter},
    charset::is_set_39,
    fields::{Fields, number, push_escaped, push_padded, text},
};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CageKind {
    UsDod,
    Adi,
}

/// Most characters of an original part number.
const PART_MAX: usize = 32;
/// Most characters of an ADI serial.
const SERIAL_MAX: usize = 30;
/// Bits of a USDOD serial.
const SERIAL_BITS: usize = 36;
/// Bits of the shortest ADI: header, filter, code, two terminators and one character.
const ADI_BITS_MIN: usize = 8 + 6 + 36 + 6 + 12;

/// One EPC of these schemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cage {
    pub(super) kind: CageKind,
    pub(super) filter: u8,
    /// Five or six characters.
    code: String,
    /// The original part number of an ADI; may be empty.
    part: String,
    serial: Serial,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Serial {
    Number(u64),
    Text(String),
}

impl CageKind {
    /// The scheme's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UsDod => "usdod-96",
            Self::Adi => "adi-var",
        }
    }

    /// The name in the pure identity URI.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::UsDod => "usdod",
            Self::Adi => "adi",
        }
    }

    /// The largest filter value.
    fn filter_max(self) -> u64 {
        match self {
            Self::UsDod => 15,
            Self::Adi => 63,
        }
    }
}

/// Decodes the EPC memory from bit 20h on.
pub(super) fn decode(kind: CageKind, bytes: &[u8]) -> Result<Cage, EpcError> {
    let mut bits = BitReader::new(bytes);
    bits.take(8);
    let needs = if kind == CageKind::UsDod { 96 } else { ADI_BITS_MIN };
    enough(kind, &bits, needs)?;
    let epc = match kind {
        CageKind::UsDod => {
            let filter = bits.take(4) as u8;
            let code = read_code(&mut bits, 8)?;
            let serial = Serial::Number(bits.take(SERIAL_BITS));
            Cage { kind, filter, code, part: String::new(), serial }
        }
        CageKind::Adi => {
            let filter = bits.take(6) as u8;
            let code = read_code(&mut bits, 6)?;
            let part = read_text(&mut bits, "part number", PART_MAX)?;
            let serial = read_text(&mut bits, "serial", SERIAL_MAX)?;
            enough(kind, &bits, bits.position())?;
            check_texts(&part, &serial)?;
            Cage { kind, filter, code, part, serial: Serial::Text(serial) }
        }
    };
    match bits.zero_until(bits.len()) {
        true => Ok(epc),
        false => Err(EpcError::TrailingBits(kind.name())),
    }
}

fn enough(kind: CageKind, bits: &BitReader<'_>, needs: usize) -> Result<(), EpcError> {
    match bits.len() {
        have if have < needs => Err(EpcError::Truncated { scheme: kind.name(), have, needs }),
        _ => Ok(()),
    }
}

/// Six characters of 8 or 6 bits; a code of five has a space before it.
fn read_code(bits: &mut BitReader<'_>, width: usize) -> Result<String, EpcError> {
    let mut code = String::with_capacity(6);
    for place in 0..6 {
        let byte = match width {
            8 => bits.take(8) as u8,
            _ => six_bits(bits.take(6) as u8),
        };
        match byte {
            b' ' if place == 0 => {}
            _ if is_code(byte) => code.push(char::from(byte)),
            _ => return Err(EpcError::BadCharacter { what: "CAGE code or DoDAAC", byte }),
        }
    }
    Ok(code)
}

/// Digits and letters without I and O.
fn is_code(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"IO".contains(&byte)
}

/// The character of its low six bits.
fn six_bits(value: u8) -> u8 {
    if value < 32 { value + 64 } else { value }
}

/// Six-bit characters up to and with the first zero.
fn read_text(bits: &mut BitReader<'_>, what: &'static str, max: usize) -> Result<String, EpcError> {
    let mut out = String::new();
    loop {
        let value = bits.take(6) as u8;
        let byte = six_bits(value);
        match value {
            0 => return Ok(out),
            _ if !is_set_39(byte) => return Err(EpcError::BadCharacter { what, byte }),
            _ if out.len() == max => return Err(EpcError::TooLong { what, max }),
            _ => out.push(char::from(byte)),
        }
    }
}

/// `#` may only begin the serial, where it says that the serial is not unique without its part.
fn check_texts(part: &str, serial: &str) -> Result<(), EpcError> {
    if serial.is_empty() || serial == "#" {
        return Err(EpcError::EmptyString("serial"));
    }
    let what = if part.contains('#') { "part number" } else { "serial" };
    match part.contains('#') || serial[1..].contains('#') {
        true => Err(EpcError::BadCharacter { what, byte: b'#' }),
        false => Ok(()),
    }
}

/// Parses what follows the scheme's name in a tag URI; `uri` is the whole, for messages.
pub(super) fn parse(kind: CageKind, rest: &str, uri: &str) -> Result<Cage, EpcError> {
    let mut fields = Fields { rest: Some(rest), uri };
    let filter = fields.number("filter", kind.filter_max(), kind.name())? as u8;
    let code = text("CAGE code or DoDAAC", fields.next()?, 6, is_code)?;
    if code.len() < 5 {
        return Err(super::fields::length("CAGE code or DoDAAC", &code, "5 or 6 characters"));
    }
    let (part, serial) = match kind {
        CageKind::UsDod => {
            let max = (1 << SERIAL_BITS) - 1;
            let value = number("serial", fields.last()?, max, kind.name())?;
            (String::new(), Serial::Number(value))
        }
        CageKind::Adi => {
            let part = match fields.next()? {
                "" => String::new(),
                part => text("part number", part, PART_MAX, is_set_39)?,
            };
            let serial = text("serial", fields.last()?, SERIAL_MAX, is_set_39)?;
            check_texts(&part, &serial)?;
            (part, Serial::Text(serial))
        }
    };
    Ok(Cage { kind, filter, code, part, serial })
}

impl Cage {
    /// The binary form, filled with zeros to whole words.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = BitWriter::default();
        let code = format!("{:>6}", self.code);
        match &self.serial {
            Serial::Number(serial) => {
                out.put(0x2F, 8);
                out.put(u64::from(self.filter), 4);
                code.bytes().for_each(|b| out.put(u64::from(b), 8));
                out.put(*serial, SERIAL_BITS);
            }
            Serial::Text(serial) => {
                out.put(0x3B, 8);
                out.put(u64::from(self.filter), 6);
                let mut six =
                    |text: &str| text.bytes().for_each(|b| out.put(u64::from(b & 0x3F), 6));
                six(&code);
                six(&self.part);
                six("@");
                six(serial);
                six("@");
            }
        }
        out.into_words()
    }

    /// `urn:epc:tag:…`.
    pub(super) fn tag_uri(&self) -> String {
        let mut out = format!("urn:epc:tag:{}:{}.", self.kind.name(), self.filter);
        self.write_fields(&mut out);
        out
    }

    /// `urn:epc:id:…`.
    pub(super) fn pure_identity(&self) -> String {
        let mut out = format!("urn:epc:id:{}:", self.kind.family());
        self.write_fields(&mut out);
        out
    }

    fn write_fields(&self, out: &mut String) {
        out.push_str(&self.code);
        out.push('.');
        match &self.serial {
            Serial::Number(serial) => push_padded(out, *serial, 1),
            Serial::Text(serial) => {
                push_escaped(out, &self.part);
                out.push('.');
                push_escaped(out, serial);
            }
        }
    }
}
