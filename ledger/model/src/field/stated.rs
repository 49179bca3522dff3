//! Which fields a document from outside states: what its sender must have the right to set.

use std::collections::BTreeSet;

use super::{CUSTOM_BYTES_MAX, CUSTOM_FIELDS_MAX, Custom, Field, FieldRights};
use crate::{DocumentContent, DocumentKind, Location, Posting, Task};

impl Location {
    /// The field that its name belongs to; none for a place that names nobody.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        let names = self.as_str().contains('/');
        match self.virtual_kind().filter(|_| names) {
            Some("supplier" | "subcontractor") => Some(Field::Supplier),
            Some("customer") => Some(Field::Customer),
            _ => None,
        }
    }
}

impl Posting {
    /// The fields that it states.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = of_custom(&self.custom);
        fields.extend(self.reason.as_ref().map(|_| Field::Notes));
        for line in &self.lines {
            fields.extend(line.value.map(|_| Field::Price));
            fields.extend(line.owner.as_ref().map(|_| Field::Owner));
            fields.extend([&line.from, &line.to].into_iter().filter_map(Location::field));
        }
        let owners = self.counts.iter().filter_map(|count| count.bucket.owner.as_ref());
        fields.extend(owners.map(|_| Field::Owner));
        fields
    }
}

impl Task {
    /// The fields that it states.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = of_custom(&self.custom);
        for line in &self.lines {
            fields.extend(line.value.map(|_| Field::Price));
            fields.extend(line.owner.as_ref().map(|_| Field::Owner));
            fields.extend([&line.from, &line.to].into_iter().filter_map(Location::field));
        }
        fields
    }
}

impl DocumentContent {
    /// The fields that it states.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = of_custom(&self.custom);
        fields.extend((!self.note.is_empty()).then_some(Field::Notes));
        if self.partner.is_some() {
            fields.extend(self.partner_fields());
        }
        for line in &self.lines {
            fields.extend(of_custom(&line.custom));
            fields.extend(line.amount.map(|_| Field::Price));
            fields.extend(line.owner.as_ref().map(|_| Field::Owner));
            fields.extend(line.from.iter().chain(&line.to).filter_map(Location::field));
        }
        fields
    }
}

impl DocumentContent {
    /// What the name of its partner is: a supplier's, a customer's, or either.
    #[must_use]
    pub fn partner_fields(&self) -> Vec<Field> {
        use DocumentKind::{
            PackingList, PurchaseOrder, PurchaseRequest, PurchaseSuggestion, Receipt, SalesOrder,
            Shipment, ShippingNotice, SubcontractOrder, SubcontractSettlement,
        };
        match self.document.kind {
            PurchaseOrder
            | PurchaseRequest
            | PurchaseSuggestion
            | ShippingNotice
            | Receipt
            | SubcontractOrder
            | SubcontractSettlement => vec![Field::Supplier],
            SalesOrder | Shipment | PackingList => vec![Field::Customer],
            // A return, a price list: it may be either.
            _ => vec![Field::Supplier, Field::Customer],
        }
    }
}

fn of_custom(custom: &Custom) -> BTreeSet<Field> {
    custom.keys().cloned().map(Field::Custom).collect()
}

impl FieldRights {
    /// The first of these fields that may not be set.
    #[must_use]
    pub fn first_unset<'a>(&self, fields: &'a BTreeSet<Field>) -> Option<&'a Field> {
        fields.iter().find(|field| !self.sets(field))
    }

    /// Whether all of these fields may be seen.
    #[must_use]
    pub fn sees_each(&self, fields: &BTreeSet<Field>) -> bool {
        fields.iter().all(|field| self.sees(field))
    }
}

/// Whether a document's custom fields are few and short enough, or what is wrong with them.
pub fn check_custom(custom: &Custom) -> Result<(), String> {
    if custom.len() > CUSTOM_FIELDS_MAX {
        let message =
            format!("custom: {} fields: a document has at most {CUSTOM_FIELDS_MAX}", custom.len());
        return Err(message);
    }
    let bad = |text: &String| {
        !(1..=CUSTOM_BYTES_MAX).contains(&text.len()) || text.chars().any(char::is_control)
    };
    match custom.iter().find(|(_, text)| bad(text)) {
        Some((name, _)) => {
            Err(format!("custom: {name} must be 1 to {CUSTOM_BYTES_MAX} printable bytes"))
        }
        None => Ok(()),
    }
}
