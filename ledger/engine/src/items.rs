//! The item master: which item a code on a thing stands for. Fixed for the life of an engine.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::ItemId;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterItem {
    /// Its code.
    pub code: ItemId,
    /// Its name.
    pub name: String,
    /// The name of its base unit.
    pub unit: String,
    /// Its GTIN-14s.
    pub gtins: Vec<String>,
}

/// All items, by code and by GTIN-14. Where two items claim a GTIN it stands for neither.
#[derive(Debug, Clone, Default)]
pub struct ItemMaster {
    by_code: BTreeMap<ItemId, MasterItem>,
    by_gtin: HashMap<String, Option<ItemId>>,
}

impl ItemMaster {
    /// Indexes items; of two with one code the later counts.
    pub fn new(items: impl IntoIterator<Item = MasterItem>) -> Self {
        let by_code: BTreeMap<_, _> = items.into_iter().map(|i| (i.code.clone(), i)).collect();
        let mut by_gtin: HashMap<String, Option<ItemId>> = HashMap::new();
        for item in by_code.values() {
            for gtin in &item.gtins {
                by_gtin
                    .entry(gtin.clone())
                    .and_modify(|owner| {
                        if owner.as_ref() != Some(&item.code) {
                            *owner = None;
                        }
                    })
                    .or_insert_with(|| Some(item.code.clone()));
            }
        }
        Self { by_code, by_gtin }
    }

    /// The item that a GTIN-14 stands for.
    #[must_use]
    pub fn by_gtin(&self, gtin: &str) -> Option<&MasterItem> {
        self.by_gtin.get(gtin)?.as_ref().and_then(|code| self.by_code.get(code))
    }

    /// The item with a code.
    #[must_use]
    pub fn by_code(&self, code: &ItemId) -> Option<&MasterItem> {
        self.by_code.get(code)
    }

    /// All items, by code.
    pub fn iter(&self) -> impl Iterator<Item = &MasterItem> {
        self.by_code.values()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn item(code: &str, gtins: &[&str]) -> MasterItem {
        MasterItem {
            code: code.parse().unwrap(),
            name: code.to_owned(),
            unit: "pcs".to_owned(),
            gtins: gtins.iter().map(|g| (*g).to_owned()).collect(),
        }
    }

    #[test]
    fn a_gtin_that_two_items_claim_stands_for_neither() {
        let master = ItemMaster::new([item("A", &["1", "2"]), item("B", &["2", "3"])]);
        let code = |gtin| master.by_gtin(gtin).map(|i| i.code.to_string());
        assert_eq!(code("1").as_deref(), Some("A"));
        assert_eq!(code("2"), None);
        assert_eq!(code("3").as_deref(), Some("B"));
        assert_eq!(code("4"), None);
    }
}
