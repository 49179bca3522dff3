//! `kind = "label-printer"`: a label printer that speaks ZPL over TCP.

use crate::{
    fields::Fields,
    shape::{Key, Kind, required},
};

use super::address;

/// A label printer that speaks ZPL over TCP.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPrinter {
    /// `host:port`.
    pub address: String,
}

pub(super) const KIND: Kind =
    Kind { name: "label-printer", doc: "A label printer that speaks ZPL over TCP.", keys: KEYS };

const KEYS: &[Key] =
    &[required("address", address(9100), "The printer's host:port; ZPL's port is 9100.")];

pub(super) fn build(fields: &Fields) -> Option<LabelPrinter> {
    Some(LabelPrinter { address: fields.owned("address")? })
}
