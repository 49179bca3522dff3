//! Master data: what an approved document of such a kind puts in force.
//!
//! Invariants: an item is what its approved document says, and its base unit and valuation stay as they are
//! once recorded; the versions of BOMs that a change order names, by digest, come into force together with it
//! or not at all. Absent: what a BOM is (`gatewarden-planning`).

use std::collections::BTreeMap;

use gatewarden_documents::KindDefinition;
use gatewarden_model::{Actor, Body, DocumentContent, DocumentKind, DocumentStep, Scalar};
use gatewarden_planning::Fact;

use super::check::{boms_in_force, first};
use crate::{
    impact::change_order,
    items, settlements,
    state::OpenDocument,
    turn::{Fault, Turn},
};

impl Turn<'_> {
    /// Whether what a document says could come into force.
    pub(super) fn check_master(&self, content: &DocumentContent) -> Result<(), Fault> {
        if content.document.kind != DocumentKind::Item {
            return Ok(());
        }
        let item = items::of_content(content)?;
        let Some(known) = self.stock.item(&item.code) else { return Ok(()) };
        let fixed =
            [("unit", known.unit == item.unit), ("valuation", known.valuation == item.valuation)];
        match fixed.iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((name, _)) => {
                let message =
                    format!("custom.{name}: it is fixed once recorded: define another item");
                Err(("item-fixed", message))
            }
        }
    }

    /// Puts in force what an approved document says.
    pub(super) fn bring_in_force(
        &mut self,
        content: &DocumentContent,
        _: &KindDefinition,
    ) -> Result<(), Fault> {
        let document = content.document.clone();
        match document.kind {
            DocumentKind::Item => {
                let item = items::of_content(content)?;
                self.record_stock(Body::ItemDefined { item, by: Actor::Daemon })?;
            }
            DocumentKind::EngineeringChange => {
                self.change_boms(content);
                let reason = super::follow::COMPLETE.to_owned();
                self.step(&document, DocumentStep::InForce, Actor::Daemon, None);
                self.step(&document, DocumentStep::Closed { reason }, Actor::Daemon, None);
                return Ok(());
            }
            _ => {}
        }
        self.step(&document, DocumentStep::InForce, Actor::Daemon, None);
        Ok(())
    }

    /// Puts the versions in force that a change order names.
    fn change_boms(&mut self, content: &DocumentContent) {
        let signatures: Vec<u64> = match self.state.document(&content.document) {
            Some(open) => open.signatures().iter().map(|one| one.entry).collect(),
            None => vec![],
        };
        for link in content.links.iter().filter(|link| link.document.kind == DocumentKind::Bom) {
            let known = self.state.document(&link.document);
            if known.is_some_and(|open| Some(open.digest) == link.digest) {
                let signatures = signatures.clone();
                self.step(
                    &link.document,
                    DocumentStep::Approved { signatures },
                    Actor::Daemon,
                    None,
                );
                self.step(&link.document, DocumentStep::InForce, Actor::Daemon, None);
            }
        }
    }

    /// Holds a change order against the BOMs in force; adds its facts.
    pub(super) fn check_change_order(
        &self,
        open: &OpenDocument,
        facts: &mut BTreeMap<String, Scalar>,
    ) -> Result<(), Fault> {
        let order = change_order(self.state, open)?;
        let boms = boms_in_force(self.state)?;
        let wrong = order.mistakes(&boms, self.today().0);
        if !wrong.is_empty() {
            return Err(first(&wrong));
        }
        for (name, fact) in order.facts() {
            let value = match fact {
                Fact::Truth(yes) => Scalar::Bool(yes),
                Fact::Integer(whole) => Scalar::Integer(whole),
                Fact::Text(text) => Scalar::Text(text),
                Fact::Texts(texts) => texts.into(),
            };
            facts.insert(format!("document.{name}"), value);
        }
        Ok(())
    }

    /// Whether a document's last signature would still be right: what it rests on may have changed since it was
    /// handed in.
    pub(super) fn check_still(&self, open: &OpenDocument) -> Result<(), Fault> {
        match open.document().kind {
            DocumentKind::EngineeringChange => self.check_change_order(open, &mut BTreeMap::new()),
            DocumentKind::Item => self.check_master(&open.content),
            DocumentKind::SubcontractSettlement => settlements::check(self.state, &open.content),
            _ => Ok(()),
        }
    }
}
