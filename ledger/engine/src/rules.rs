//! Rules in the turn: what they say before an operation, and what they find after an entry.

use gatewarden_model::{Actor, Document, ExtraApproval, RuleFiring};
use serde::{Deserialize, Serialize};

use crate::{
    documents::facts::Frozen,
    state::OpenDocument,
    turn::{Answer, Fault, Turn},
};

/// Placeholder.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Rules {}

/// What rules say about a document that is handed in.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What fired.
    pub(crate) firings: Vec<RuleFiring>,
    /// Who else must sign.
    pub(crate) extra: Vec<ExtraApproval>,
}

impl Turn<'_> {
    pub(crate) fn rules_before_submit(
        &self,
        _: &OpenDocument,
        _: &gatewarden_documents::KindDefinition,
        _: &Frozen,
        _: &Actor,
    ) -> Result<Found, Fault> {
        Ok(Found::default())
    }

    pub(crate) fn record_firings(&mut self, firings: Vec<RuleFiring>, document: Option<&Document>) {
        for firing in firings {
            let document = document.cloned();
            self.record(gatewarden_model::Body::RuleFired { firing, document });
        }
    }

    pub(crate) fn finish_todo(&mut self, _: u64, _: String, _: Actor) -> Answer {
        Ok(crate::Reply::Done)
    }
}
