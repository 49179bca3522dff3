//! `[[locations]]`: the places in the building. Where any is declared the list is closed: stock can
//! be at no other physical place. Virtual places (`@supplier/…`) are never declared.

use std::collections::BTreeMap;

use gatewarden_model::Location;

use crate::{
    fields::Fields,
    items::plain_to_see,
    report::Walk,
    shape::{Choice, Section, Shape, Text, UNKNOWN_KEY, optional, required},
    words::quote,
};

/// Most places.
pub const LOCATIONS_MAX: usize = 20_000;

/// What a place is; each stands within one before it in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocationKind {
    /// An address: a plant, a shop.
    Site,
    /// A building or a store of its own account.
    Warehouse,
    /// A part of it: the dock, the cold room.
    Zone,
    /// A shelf, a pallet's place.
    Bin,
}

/// The kinds by name, from the outermost in.
const KINDS: [(&str, LocationKind); 4] = [
    ("site", LocationKind::Site),
    ("warehouse", LocationKind::Warehouse),
    ("zone", LocationKind::Zone),
    ("bin", LocationKind::Bin),
];

const KIND: Choice = Choice {
    code: "unknown-kind",
    noun: "location kind",
    of: &["site", "warehouse", "zone", "bin"],
};

/// A place in the building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationSection {
    /// Where.
    pub path: Location,
    /// What it is.
    pub kind: LocationKind,
    /// What people call it; its path where none is given.
    pub name: String,
}

pub(crate) static LOCATION: Section = Section {
    doc: "A place in the building. Where any is declared, stock can be at no other.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("path", Shape::Text(Text::Place), "Its path, such as \"wh1/dock\"."),
        required(
            "kind",
            Shape::Choice(KIND),
            "What it is: site, warehouse, zone or bin; each within one of those before it.",
        ),
        optional("name", Shape::Text(Text::Line), "What people call it. By default its path."),
    ],
};

impl LocationKind {
    /// The name, as in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

fn kind(text: &str) -> Option<LocationKind> {
    KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind)
}

impl LocationSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let path = fields.text("path")?;
        Some(Self {
            path: path.parse().ok()?,
            kind: kind(fields.text("kind")?)?,
            name: fields.text("name").unwrap_or(path).to_owned(),
        })
    }
}

/// Each place stands within the next larger one that its path names.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    let places = root.tables("locations");
    let kinds: BTreeMap<&str, Option<LocationKind>> = places
        .iter()
        .filter_map(|place| Some((place.text("path")?, place.text("kind").and_then(kind))))
        .collect();
    for place in places {
        let Some(path) = place.text("path") else { continue };
        plain_to_see(walk, "location", path, place.place("path"));
        let own = place.text("kind").and_then(kind);
        match path.rsplit_once('/') {
            Some((parent, _)) => within(walk, place, own, parent, &kinds),
            None => outermost(walk, place, own),
        }
    }
    named_elsewhere(walk, root, &kinds);
}

fn within(
    walk: &mut Walk<'_>,
    place: &Fields,
    own: Option<LocationKind>,
    parent: &str,
    kinds: &BTreeMap<&str, Option<LocationKind>>,
) {
    let Some(outer) = kinds.get(parent) else {
        let message = format!("location {} is not declared", quote(parent));
        let hint = Some(format!("add [[locations]] with path = {parent:?}"));
        let expected = "a location within one that is declared";
        walk.error(place.place("path"), "no-parent", message, expected, hint);
        return;
    };
    if let (Some(own), Some(outer)) = (own, outer)
        && own <= *outer
    {
        let message = format!("a {} can't be within a {}", own.name(), outer.name());
        let expected = "a bin in a zone, a zone in a warehouse, a warehouse in a site";
        walk.error(place.place("kind"), "bad-nesting", message, expected, None);
    }
}

fn outermost(walk: &mut Walk<'_>, place: &Fields, own: Option<LocationKind>) {
    if let Some(own) = own.filter(|own| *own > LocationKind::Warehouse) {
        let message = format!("a {} stands within nothing", own.name());
        let hint = Some("begin its path with a warehouse's, such as \"wh1/…\"".to_owned());
        let expected = "a site or a warehouse, or a longer path";
        walk.error(place.place("kind"), "bad-nesting", message, expected, hint);
    }
}

/// What else names a place names one of these.
fn named_elsewhere(
    walk: &mut Walk<'_>,
    root: &Fields,
    kinds: &BTreeMap<&str, Option<LocationKind>>,
) {
    if kinds.is_empty() {
        return;
    }
    for (ours, _) in root.tables("adapters").iter().flat_map(|a| a.pairs("locations")) {
        let path = ours.value.as_str();
        if !path.starts_with('@') && !kinds.contains_key(path) {
            walk.unknown(ours.at, "unknown-location", "location", path, kinds.keys().copied());
        }
    }
}
