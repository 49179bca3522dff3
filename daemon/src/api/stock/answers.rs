//! What the questions about stock are answered with, and what of it may be hidden.

use gatewarden_model::{Day, FieldRights, ItemId, Location, Mask, Tid};
use serde::Serialize;

use crate::views;

/// What is in a handling unit.
#[derive(Debug, Serialize)]
pub(crate) struct Contents {
    pub(super) unit: String,
    pub(super) contents: Vec<views::Row>,
}

impl Mask for Contents {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { unit: _, contents } = self;
        contents.mask(rights);
    }
}

/// A lot.
#[derive(Debug, Serialize)]
pub(crate) struct Lot {
    pub(super) item: ItemId,
    pub(super) lot: String,
    pub(super) expires: Option<Day>,
    pub(super) first_entry: u64,
    pub(super) stock: Vec<views::Row>,
}

impl Mask for Lot {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { item: _, lot: _, expires: _, first_entry: _, stock } = self;
        stock.mask(rights);
    }
}

/// Where a thing is.
#[derive(Debug, Serialize)]
pub(crate) struct Whereabouts {
    pub(super) key: String,
    pub(super) item: Option<ItemId>,
    pub(super) lot: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) tid: Option<Tid>,
    pub(super) place: Option<Location>,
    pub(super) unit: Option<String>,
    pub(super) commissioned: bool,
    pub(super) last_entry: u64,
}

impl Mask for Whereabouts {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            key: _,
            item: _,
            lot: _,
            serial: _,
            tid: _,
            place,
            unit: _,
            commissioned: _,
            last_entry: _,
        } = self;
        place.mask(rights);
    }
}
