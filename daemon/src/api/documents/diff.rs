//! What differs between two versions of a document, as far as whoever asks may see it.
//!
//! Invariant: both versions are masked before they are compared, so that a hidden field differs in nothing. Absent:
//! the comparison (`gatewarden_documents::compare`).

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use gatewarden_documents::compare;
use gatewarden_engine::Engine;
use gatewarden_model::{Document, DocumentContent, FieldRights, Mask, Masked};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::{may_view, named, past::Past, view};
use crate::api::{
    Api,
    auth::Who,
    mask::{Eyes, good},
    problem::Problem,
};

/// Which versions are compared.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Between {
    /// The number of the older version; the one before the newer where it is left out.
    from: Option<u32>,
    /// That of the newer; the newest where it is left out.
    to: Option<u32>,
}

/// Two versions of a document.
#[derive(Debug)]
pub(crate) struct Versions {
    document: Document,
    old: DocumentContent,
    new: DocumentContent,
}

/// What is shown of them.
#[derive(Serialize)]
struct Shown<'v> {
    document: &'v Document,
    #[serde(flatten)]
    difference: gatewarden_documents::Difference,
}

impl Mask for Versions {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { document: _, old, new } = self;
        old.mask(rights);
        new.mask(rights);
    }
}

impl Serialize for Versions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let difference = compare(&self.old, &self.new);
        Shown { document: &self.document, difference }.serialize(serializer)
    }
}

/// What differs between two versions of a document: fields of the head, and lines added, removed and changed; the
/// lines of a BOM by component. Hidden fields differ in nothing.
#[utoipa::path(get, path = "/api/v1/documents/{kind}/{number}/diff", tag = "documents",
    params(("from" = Option<u32>, Query,), ("to" = Option<u32>, Query,)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn diff(
    State(api): State<Api>,
    who: Who,
    Path((kind, number)): Path<(String, String)>,
    query: Result<Query<Between>, QueryRejection>,
) -> Result<Json<Masked<Versions>>, Problem> {
    let document = named(&kind, &number)?;
    may_view(&api, &who, &document).await?;
    let between = good(query)?;
    let asked = document.clone();
    let past = api.app.read(move |ledger| Past::of(ledger, &asked)).await?;
    let past = past.ok_or_else(|| Problem::not_found("document"))?;
    let (counted, by) = (document.clone(), who.actor());
    let sees = move |engine: &Engine| {
        engine.state().document(&counted).is_some_and(|open| view::sees_found(open, &by))
    };
    let sees = api.app.recorder.query(sees).await?;
    let contents = past.without_found(sees).into_contents();
    let newest = contents.last().map_or(1, |content| content.version);
    let to = between.to.unwrap_or(newest);
    let before = contents.iter().rev().find(|content| content.version < to);
    let from = between.from.unwrap_or_else(|| before.map_or(to, |content| content.version));
    let of = |version: u32| {
        let found = contents.iter().find(|content| content.version == version).cloned();
        found.ok_or_else(|| {
            let message = format!("there is no version {version}: there are 1 to {newest}");
            Problem::not_found("version").telling(message)
        })
    };
    let new = of(to)?;
    let old = of(from)?;
    Ok(Eyes::of(&api, &who).await?.json(Versions { document, old, new }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use serde_json::{Value, json};

    use super::*;

    fn told(rights: &FieldRights) -> Value {
        let version = |version: u32, partner: &str, amount: &str| {
            serde_json::from_value::<DocumentContent>(json!({
                "document": {"kind": "purchase-order", "number": "PO-1"}, "version": version,
                "partner": partner, "custom": {"colour": partner},
                "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 5, "amount": amount}],
            }))
            .unwrap()
        };
        let (old, new) = (version(1, "ACME-7", "12.5"), version(2, "OTHER-7", "13.5"));
        let versions = Versions { document: old.document.clone(), old, new };
        serde_json::to_value(Masked::new(versions, rights)).unwrap()
    }

    #[test]
    fn what_somebody_does_not_see_differs_in_nothing() {
        let all = told(&FieldRights::all());
        assert_eq!(all["head"].as_array().unwrap().len(), 2, "{all}");
        assert_eq!(all["lines"][0]["fields"][0]["field"], "amount", "{all}");
        let hidden = told(&FieldRights::default());
        let text = hidden.to_string();
        for secret in ["ACME", "OTHER", "12.5", "13.5"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(!text.contains("amount") && !text.contains("colour"), "{text}");
        assert_eq!((&hidden["from"], &hidden["to"]), (&json!(1), &json!(2)));
    }
}
