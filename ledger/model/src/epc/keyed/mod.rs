//! The schemes of TDS 1 that hold a company prefix with a partition, and GID: tables, binary form,
//! URIs and elements.

mod decode;
mod elements;
mod encode;
pub(super) mod scheme;
mod uri;

pub(super) use decode::decode;
pub(super) use encode::encode;
use scheme::Scheme;
pub(super) use uri::parse;

/// One EPC of such a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyed {
    pub(super) scheme: &'static Scheme,
    pub(super) filter: u8,
    /// Index into the tables; 0 for GID.
    partition: u8,
    /// Company prefix; the manager number of a GID.
    prefix: u64,
    /// Item reference, serial reference, location …; the class of a GID.
    reference: u64,
    /// The component of a CPI.
    component: String,
    /// Piece and total of an ITIP.
    pieces: (u8, u8),
    tail: Tail,
}

/// The last field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tail {
    None,
    Number(u64),
    Text(String),
}
