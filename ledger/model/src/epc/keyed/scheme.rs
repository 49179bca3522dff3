//! The tables of the Tag Data Standard (TDS 1.13 section 14, TDS 2.3): headers, partitions, widths.
//! Facts only; the schemes with other keys stand in `cage` and `plus`.

/// Bits of the company prefix by partition value.
pub(in crate::epc) const PREFIX_BITS: [u8; 7] = [40, 37, 34, 30, 27, 24, 20];
/// Digits of the company prefix by partition value.
pub(in crate::epc) const PREFIX_DIGITS: [u8; 7] = [12, 11, 10, 9, 8, 7, 6];

/// What a scheme identifies, which decides its URI and its element string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::epc) enum Kind {
    Sgtin,
    Sscc,
    Sgln,
    Grai,
    Giai,
    Gsrn,
    Gsrnp,
    Gdti,
    Cpi,
    Sgcn,
    Itip,
    Gid,
}

/// How the last field is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::epc) enum TailKind {
    /// None: the rest is reserved and zero.
    Reserved,
    /// A number without leading zeros, of so many bits.
    Integer(u8),
    /// A number whose bits depend on the partition.
    IntegerBy([u8; 7]),
    /// 7-bit characters, terminated and filled with zeros.
    Text(u8),
    /// The same, with a length by partition; at most 30 characters with the company prefix.
    TextBy([u8; 7]),
    /// Digits with a 1 before them, so that leading zeros survive; at most so many digits.
    NumericText(u8, usize),
}

/// One binary scheme.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::epc) struct Scheme {
    pub(in crate::epc) name: &'static str,
    /// The name in the pure identity URI.
    pub(in crate::epc) family: &'static str,
    pub(in crate::epc) header: u8,
    /// Bits in all; the least number where the length varies.
    pub(in crate::epc) bits: usize,
    pub(in crate::epc) kind: Kind,
    pub(in crate::epc) reference_bits: [u8; 7],
    pub(in crate::epc) reference_digits: [u8; 7],
    pub(in crate::epc) tail: TailKind,
}

const NONE: [u8; 7] = [0; 7];
const ITEM_BITS: [u8; 7] = [4, 7, 10, 14, 17, 20, 24];
const ITEM_DIGITS: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];
const UNIT_BITS: [u8; 7] = [18, 21, 24, 28, 31, 34, 38];
const UNIT_DIGITS: [u8; 7] = [5, 6, 7, 8, 9, 10, 11];
const PLACE_BITS: [u8; 7] = [1, 4, 7, 11, 14, 17, 21];
const PLACE_DIGITS: [u8; 7] = [0, 1, 2, 3, 4, 5, 6];
const ASSET_BITS: [u8; 7] = [42, 45, 48, 52, 55, 58, 62];
const ASSET_TEXT_BITS: [u8; 7] = [148, 151, 154, 158, 161, 164, 168];
const PART_BITS: [u8; 7] = [11, 14, 17, 21, 24, 27, 31];
const PART_DIGITS: [u8; 7] = [3, 4, 5, 6, 7, 8, 9];

use Kind::{Cpi, Gdti, Giai, Gid, Grai, Gsrn, Gsrnp, Itip, Sgcn, Sgln, Sgtin, Sscc};
use TailKind::{Integer, IntegerBy, NumericText, Reserved, Text, TextBy};

type Row = (&'static str, &'static str, u8, usize, Kind, [u8; 7], [u8; 7], TailKind);

const fn scheme(row: Row) -> Scheme {
    let (name, family, header, bits, kind, reference_bits, reference_digits, tail) = row;
    Scheme { name, family, header, bits, kind, reference_bits, reference_digits, tail }
}

/// Every scheme that is read and written.
pub(in crate::epc) static SCHEMES: [Scheme; 20] = [
    scheme(("sgtin-96", "sgtin", 0x30, 96, Sgtin, ITEM_BITS, ITEM_DIGITS, Integer(38))),
    scheme(("sgtin-198", "sgtin", 0x36, 198, Sgtin, ITEM_BITS, ITEM_DIGITS, Text(140))),
    scheme(("sscc-96", "sscc", 0x31, 96, Sscc, UNIT_BITS, UNIT_DIGITS, Reserved)),
    scheme(("sgln-96", "sgln", 0x32, 96, Sgln, PLACE_BITS, PLACE_DIGITS, Integer(41))),
    scheme(("sgln-195", "sgln", 0x39, 195, Sgln, PLACE_BITS, PLACE_DIGITS, Text(140))),
    scheme(("grai-96", "grai", 0x33, 96, Grai, ITEM_BITS, PLACE_DIGITS, Integer(38))),
    scheme(("grai-170", "grai", 0x37, 170, Grai, ITEM_BITS, PLACE_DIGITS, Text(112))),
    scheme(("giai-96", "giai", 0x34, 96, Giai, NONE, NONE, IntegerBy(ASSET_BITS))),
    scheme(("giai-202", "giai", 0x38, 202, Giai, NONE, NONE, TextBy(ASSET_TEXT_BITS))),
    scheme(("gsrn-96", "gsrn", 0x2D, 96, Gsrn, UNIT_BITS, UNIT_DIGITS, Reserved)),
    scheme(("gsrnp-96", "gsrnp", 0x2E, 96, Gsrnp, UNIT_BITS, UNIT_DIGITS, Reserved)),
    scheme(("gdti-96", "gdti", 0x2C, 96, Gdti, PLACE_BITS, PLACE_DIGITS, Integer(41))),
    scheme(("gdti-113", "gdti", 0x3A, 113, Gdti, PLACE_BITS, PLACE_DIGITS, NumericText(58, 17))),
    scheme(("gdti-174", "gdti", 0x3E, 174, Gdti, PLACE_BITS, PLACE_DIGITS, Text(119))),
    scheme(("sgcn-96", "sgcn", 0x3F, 96, Sgcn, PLACE_BITS, PLACE_DIGITS, NumericText(41, 12))),
    scheme(("itip-110", "itip", 0x40, 110, Itip, ITEM_BITS, ITEM_DIGITS, Integer(38))),
    scheme(("itip-212", "itip", 0x41, 212, Itip, ITEM_BITS, ITEM_DIGITS, Text(140))),
    scheme(("cpi-96", "cpi", 0x3C, 96, Cpi, PART_BITS, PART_DIGITS, Integer(31))),
    scheme(("cpi-var", "cpi", 0x3D, 86, Cpi, NONE, NONE, Integer(40))),
    scheme(("gid-96", "gid", 0x35, 96, Gid, NONE, NONE, Integer(36))),
];
