//! What a caller is shown: every answer about documents, stock or the journal goes through here.
//!
//! Invariants: a handler answers `Json<Masked<…>>`, which comes from [`Eyes::show`] alone, so nothing
//! leaves that was not masked (`tests/tidy` holds the handlers to it); a query that filters by a hidden
//! field is refused before it is looked at, and so are keys that nobody knows, so that neither tells
//! anything; a refusal of what somebody did not write himself is masked too. Absent: the mask itself
//! (`gatewarden_model::mask`) and who has which rights (the engine).

use std::sync::Arc;

use axum::{Json, extract::Query, extract::rejection::QueryRejection, http::StatusCode};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Field, FieldRights, Location, Mask, Masked, mask};

use super::{Api, auth::Who, problem::Problem};

/// Refusals whose words quote no field of a document, or nothing but what the caller wrote.
const PLAIN: [&str; 22] = [
    "denied",
    "field-denied",
    "not-authenticated",
    "same-person",
    "not-an-operator",
    "reason-missing",
    "already-approved",
    "unknown-task",
    "unknown-reservation",
    "unknown-pass",
    "unknown-hold",
    "unknown-tag",
    "reservation-used",
    "confirmation-needed",
    "confirmation-wrong",
    "not-approved",
    "unknown-item",
    "lot-missing",
    "serial-missing",
    "code-lookalike",
    "text-invalid",
    "tag-bound",
];

/// What somebody may see.
#[derive(Debug, Clone)]
pub(super) struct Eyes(Arc<FieldRights>);

impl Eyes {
    /// Those of a caller.
    pub(super) async fn of(api: &Api, who: &Who) -> Result<Self, Problem> {
        if matches!(who, Who::Local(_)) {
            // The files are this account's anyway.
            return Ok(Self(Arc::new(FieldRights::all())));
        }
        let actor = who.actor();
        Ok(Self(api.app.recorder.query(move |engine| engine.fields(&actor)).await?))
    }

    /// Those of nobody.
    pub(super) fn nobody() -> Self {
        Self(Arc::default())
    }

    /// What may be seen of a value.
    pub(super) fn show<T: Mask>(&self, value: T) -> Masked<T> {
        Masked::new(value, &self.0)
    }

    /// As an answer.
    pub(super) fn json<T: Mask>(&self, value: T) -> Json<Masked<T>> {
        Json(self.show(value))
    }

    /// Whether a field may be seen.
    pub(super) fn sees(&self, field: &Field) -> bool {
        self.0.sees(field)
    }

    /// Whether nothing of a value is hidden.
    pub(super) fn sees_whole<T: Mask + Clone + PartialEq>(&self, value: &T) -> bool {
        mask::shows_all(value, &self.0)
    }

    /// Refuses what would show a hidden field, such as a filter by it; recorded.
    pub(super) async fn need(
        &self,
        api: &Api,
        who: &Who,
        fields: Vec<Field>,
        what: &str,
    ) -> Result<(), Problem> {
        if !fields.is_empty() && fields.iter().all(|field| self.sees(field)) {
            return Ok(());
        }
        let command = Command::AskFields { by: who.actor(), fields, what: what.to_owned() };
        match api.app.recorder.command(command).await? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Refuses to filter by the name of a place whose name is hidden.
    pub(super) async fn need_place(
        &self,
        api: &Api,
        who: &Who,
        place: Option<&Location>,
    ) -> Result<(), Problem> {
        match place.and_then(Location::field) {
            Some(field) => {
                self.need(api, who, vec![field], "a filter by the name of a place").await
            }
            None => Ok(()),
        }
    }
}

/// Asks for something that the caller wrote himself: a refusal echoes his own words, and tells nothing of
/// others' that he may not see.
pub(super) async fn write(api: &Api, who: &Who, command: Command) -> Result<Reply, Problem> {
    let mut refusal = match api.app.recorder.command(command).await? {
        Ok(reply) => return Ok(reply),
        Err(refusal) => refusal,
    };
    if refusal.code == "wrong-owner" && !Eyes::of(api, who).await?.sees(&Field::Owner) {
        refusal.message = without_owners(&refusal.message);
    }
    Err(refusal.into())
}

/// What is wrong with the owner of a line, without whose stock is there.
fn without_owners(message: &str) -> String {
    let field = message.split_once(": ").map_or("lines", |(field, _)| field);
    format!("{field}: not enough of that owner's stock is there: state whose stock moves")
}

/// Sends a command about something that the caller may not see all of. What it is refused with tells
/// no more than he may see.
pub(super) async fn act(api: &Api, who: &Who, command: Command) -> Result<Reply, Problem> {
    let mut refusal = match api.app.recorder.command(command).await? {
        Ok(reply) => return Ok(reply),
        Err(refusal) => refusal,
    };
    if !PLAIN.contains(&refusal.code) {
        let eyes = Eyes::of(api, who).await?;
        mask::told(&mut refusal.message, None, &eyes.0);
        if refusal.message == mask::HIDDEN {
            "it can't be done; why tells of fields that are hidden from you, and stands in the journal"
                .clone_into(&mut refusal.message);
        }
    }
    Err(refusal.into())
}

/// A query, or why it can't be read. A key that nobody knows is answered the same whatever it is.
pub(super) fn good<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    let told = |no: &QueryRejection| match no.body_text() {
        text if text.contains("unknown field") => {
            "this path takes no such key: /openapi.json lists those it takes".to_owned()
        }
        text => text,
    };
    query
        .map(|Query(query)| query)
        .map_err(|no| Problem::new(StatusCode::BAD_REQUEST, "bad-request", told(&no)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_stock_is_there_is_not_told() {
        let told = "lines[2].owner: 1 of ACME are needed at wh1/a, there are 7 of SECRET: state whose \
                    stock moves";
        let masked =
            "lines[2].owner: not enough of that owner's stock is there: state whose stock moves";
        assert_eq!(without_owners(told), masked);
    }
}
