//! Every message and parameter of LLRP 1.0.1 and 1.1 and of two vendors, as tables.
//!
//! One row a type: number, name, the fields in wire order, and which parameters may follow, how often.
//! A choice such as `SpecParameter` stands for the types [`choice`] lists. Where 1.0.1 and 1.1 differ the row
//! is 1.1's, whose additions are reserved bits or optional parameters in 1.0.1.
//!
//! Invariants, tested: rows are sorted by number, every name that a row refers to exists, fields end on a whole
//! byte. Absent: LLRP 2.0, and vendors' types whose bytes nobody has seen.

mod c1g2;
mod enums;
mod impinj;
mod impinj_enums;
mod messages;
mod reader;
mod reports;
mod tv;
mod zebra;

/// Impinj's private enterprise number.
pub const PEN_IMPINJ: u32 = 25_882;
/// Zebra's (Motorola's) private enterprise number.
pub const PEN_ZEBRA: u32 = 161;
/// Type of vendors' parameters and messages.
pub const CUSTOM: u16 = 1023;

/// Values and their names.
pub type Names = &'static [(u32, &'static str)];

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// Signed, 8 bits.
    S8,
    /// Signed, 16 bits.
    S16,
    /// Signed, 32 bits.
    S32,
    /// One bit, true or false.
    Flag,
    /// So many bits, less than 8.
    Bits(u8),
    /// So many bits without a meaning.
    Reserved(u8),
    /// So many bytes.
    Bytes(usize),
    /// A 16-bit count, then as many bytes.
    Blob,
    /// A 16-bit count, then as many bytes, each a number.
    List8,
    /// A 16-bit count, then as many 16-bit numbers.
    List16,
    /// A 16-bit count, then as many 32-bit numbers.
    List32,
    /// A 16-bit count of bits, then those, filled to whole bytes.
    BitString,
    /// A 16-bit count of bytes, then UTF-8.
    Text,
    /// All that is left.
    Rest,
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct FieldDef {
    /// Its name in the standard; `Reserved` where it has no meaning.
    pub name: &'static str,
    /// How it is written.
    pub kind: Type,
    /// The names of its values, if it is an enumeration.
    pub names: Names,
}

/// Which parameter may follow the fields, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Sub {
    /// The parameter's name, or a choice's.
    pub name: &'static str,
    /// How often at least.
    pub min: u16,
    /// Whether more than one may stand there.
    pub many: bool,
}

/// One type of message or parameter.
#[derive(Debug, Clone, Copy)]
pub struct Def {
    /// The type's number; of a vendor's, its subtype.
    pub kind: u16,
    /// Its name.
    pub name: &'static str,
    /// The fields; of a vendor's type those after the subtype.
    pub fields: &'static [FieldDef],
    /// What may follow, in the standard's order.
    pub subs: &'static [Sub],
}

const fn d(
    kind: u16,
    name: &'static str,
    fields: &'static [FieldDef],
    subs: &'static [Sub],
) -> Def {
    Def { kind, name, fields, subs }
}

const fn f(name: &'static str, kind: Type) -> FieldDef {
    FieldDef { name, kind, names: &[] }
}

const fn e(name: &'static str, kind: Type, names: Names) -> FieldDef {
    FieldDef { name, kind, names }
}

const fn r(bits: u8) -> FieldDef {
    FieldDef { name: RESERVED, kind: Type::Reserved(bits), names: &[] }
}

const fn one(name: &'static str) -> Sub {
    Sub { name, min: 1, many: false }
}

const fn opt(name: &'static str) -> Sub {
    Sub { name, min: 0, many: false }
}

const fn any(name: &'static str) -> Sub {
    Sub { name, min: 0, many: true }
}

const fn some(name: &'static str) -> Sub {
    Sub { name, min: 1, many: true }
}

/// The name of fields without a meaning.
pub const RESERVED: &str = "Reserved";

/// A standard message.
#[must_use]
pub fn message(kind: u16) -> Option<&'static Def> {
    find(messages::MESSAGES, kind)
}

/// A standard parameter.
#[must_use]
pub fn param(kind: u16) -> Option<&'static Def> {
    let table = match kind {
        0..=127 => tv::TV,
        128..=239 => reader::READER,
        240..=326 => reports::REPORTS,
        _ => c1g2::C1G2,
    };
    find(table, kind)
}

/// A vendor's message.
#[must_use]
pub fn custom_message(vendor: u32, subtype: u8) -> Option<&'static Def> {
    find(vendor_tables(vendor)?.0, subtype.into())
}

/// A vendor's parameter.
#[must_use]
pub fn custom_param(vendor: u32, subtype: u32) -> Option<&'static Def> {
    find(vendor_tables(vendor)?.1, u16::try_from(subtype).ok()?)
}

/// The vendors whose types are known here.
pub const VENDORS: [u32; 2] = [PEN_IMPINJ, PEN_ZEBRA];

/// All standard messages.
pub fn messages() -> impl Iterator<Item = &'static Def> {
    messages::MESSAGES.iter()
}

/// All standard parameters.
pub fn params() -> impl Iterator<Item = &'static Def> {
    [tv::TV, reader::READER, reports::REPORTS, c1g2::C1G2].into_iter().flatten()
}

/// A vendor's messages and parameters; `None` if none are known.
#[must_use]
pub fn vendor_tables(vendor: u32) -> Option<(&'static [Def], &'static [Def])> {
    match vendor {
        PEN_IMPINJ => Some((impinj::MESSAGES, impinj::PARAMS)),
        PEN_ZEBRA => Some((zebra::MESSAGES, zebra::PARAMS)),
        _ => None,
    }
}

/// A parameter by name, standard or vendor's, with its vendor.
#[must_use]
pub fn param_named(name: &str) -> Option<(Option<u32>, &'static Def)> {
    let standard = params().find(|def| def.name == name).map(|def| (None, def));
    standard.or_else(|| {
        VENDORS.into_iter().find_map(|vendor| {
            let def = vendor_tables(vendor)?.1.iter().find(|def| def.name == name)?;
            Some((Some(vendor), def))
        })
    })
}

/// The names of the parameters that a choice stands for; empty if `name` is no choice.
#[must_use]
pub fn choice(name: &str) -> &'static [&'static str] {
    match name {
        "SpecParameter" => &["AISpec", "RFSurveySpec", "LoopSpec"],
        "Timestamp" => &["UTCTimestamp", "Uptime"],
        "EPCParameter" => &["EPCData", "EPC_96"],
        "AirProtocolLLRPCapabilities" => &["C1G2LLRPCapabilities"],
        "AirProtocolUHFRFModeTable" => &["C1G2UHFRFModeTable"],
        "AirProtocolInventoryCommandSettings" => &["C1G2InventoryCommand"],
        "AirProtocolTagSpec" => &["C1G2TagSpec"],
        "AirProtocolEPCMemorySelector" => &["C1G2EPCMemorySelector"],
        "AirProtocolTagData" => &["C1G2_CRC", "C1G2_PC", "C1G2XPCW1", "C1G2XPCW2"],
        "AirProtocolSingulationDetails" => &["C1G2SingulationDetails"],
        "AccessCommandOpSpec" => &[
            "C1G2Read",
            "C1G2Write",
            "C1G2Kill",
            "C1G2Recommission",
            "C1G2Lock",
            "C1G2BlockErase",
            "C1G2BlockWrite",
            "C1G2BlockPermalock",
            "C1G2GetBlockPermalockStatus",
            "ClientRequestOpSpec",
        ],
        "AccessCommandOpSpecResult" => &[
            "C1G2ReadOpSpecResult",
            "C1G2WriteOpSpecResult",
            "C1G2KillOpSpecResult",
            "C1G2RecommissionOpSpecResult",
            "C1G2LockOpSpecResult",
            "C1G2BlockEraseOpSpecResult",
            "C1G2BlockWriteOpSpecResult",
            "C1G2BlockPermalockOpSpecResult",
            "C1G2GetBlockPermalockStatusOpSpecResult",
            "ClientRequestOpSpecResult",
        ],
        _ => &[],
    }
}

fn find(rows: &'static [Def], kind: u16) -> Option<&'static Def> {
    rows.binary_search_by_key(&kind, |row| row.kind).ok().and_then(|at| rows.get(at))
}
