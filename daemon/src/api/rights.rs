//! Which right each operation needs, as the API's own description publishes it.
//!
//! `x-requires` is `open` (to everybody), `authenticated` (whoever is signed in or has a token; what is
//! shown is only what he may see), or a right `module:action`. ` or ` stands between rights of which
//! one is enough; `{module}` is the module of the document's kind; ` by a person` means that no
//! machine may, whatever its scopes. `x-requires-note` says when less or more is needed. The engine
//! decides; this table only tells, and the tests ask every operation with every right whether it
//! tells the truth. An operation that is missing here fails a test below.

use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        extensions::ExtensionsBuilder,
        path::{Operation, PathItem},
    },
};

/// What is needed for a document.
const OF_KIND: &str =
    "the right that the definition of its kind names; ledger:view where none defines it";

/// What one operation needs.
struct Needs {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    requires: &'static str,
    note: Option<&'static str>,
}

const fn needs(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    requires: &'static str,
) -> Needs {
    Needs { method, path, id, requires, note: None }
}

const fn noted(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    requires: &'static str,
    note: &'static str,
) -> Needs {
    Needs { method, path, id, requires, note: Some(note) }
}

static TABLE: &[Needs] = &[
    needs("get", "/health", "health", "open"),
    needs("get", "/openapi.json", "openapi", "authenticated"),
    needs("get", "/metrics", "metrics", "system:view"),
    needs("get", "/devices", "devices-list", "authenticated"),
    noted("post", "/enrol", "enrol-first", "open", "the one-time code of the first start"),
    noted("post", "/activate", "activate", "open", "the one-time code of one's enrolment"),
    noted("post", "/session/resume", "session-resume", "authenticated by a person", "the PIN"),
    noted(
        "post",
        "/session/second",
        "session-second",
        "authenticated by a person",
        "the second person's badge and PIN",
    ),
    needs("delete", "/session/second", "session-second-leave", "authenticated by a person"),
    noted("post", "/session/pin", "session-pin", "authenticated by a person", "the PIN so far"),
    needs("get", "/changes", "changes-list", "system:view"),
    noted(
        "delete",
        "/changes/{change}",
        "changes-withdraw",
        "system:create or system:modify",
        "one's own request",
    ),
    noted(
        "post",
        "/changes/{change}/decision",
        "changes-decide",
        "system:approve by a person",
        "never one's own request, nor what is about oneself",
    ),
    needs("get", "/reviews", "reviews-list", "system:view"),
    needs("post", "/reviews", "reviews-open", "system:create"),
    needs("get", "/reviews/{review}", "reviews-one", "system:view"),
    noted(
        "post",
        "/reviews/{review}/decisions",
        "reviews-decide",
        "system:approve by a person",
        "only its reviewers and the fall-back",
    ),
    noted("post", "/session", "session-open", "open", "badge and PIN"),
    noted("delete", "/session", "session-end", "authenticated", "one's own session"),
    needs("get", "/session", "session-mine", "authenticated by a person"),
    noted(
        "post",
        "/session/factors",
        "factors-add",
        "authenticated by a person",
        "one's own; somebody else approves",
    ),
    needs("post", "/session/factors/totp", "factors-offer-codes", "authenticated by a person"),
    needs("post", "/session/factors/passkey", "factors-offer-passkey", "authenticated by a person"),
    noted(
        "delete",
        "/session/factors/{factor}",
        "factors-give-up",
        "authenticated by a person",
        "one's own",
    ),
    noted(
        "delete",
        "/operators/{operator}/factors/{factor}",
        "factors-remove",
        "system:modify",
        "nothing for one's own",
    ),
    needs("post", "/session/step-up/options", "step-up-ask", "authenticated by a person"),
    noted("post", "/session/step-up", "step-up", "authenticated by a person", "a second factor"),
    needs("get", "/operators", "operators-list", "system:view"),
    noted(
        "post",
        "/operators",
        "operators-enrol",
        "system:create",
        "system:modify to change somebody who is enrolled",
    ),
    needs("delete", "/operators/{operator}", "operators-remove", "system:delete"),
    noted(
        "post",
        "/operators/{operator}/unlock",
        "operators-unlock",
        "system:modify by a person",
        "never oneself",
    ),
    needs("get", "/clients", "clients-list", "system:view"),
    needs("post", "/clients", "clients-add", "system:create"),
    needs("delete", "/clients/{client}", "clients-revoke", "system:delete"),
    needs("get", "/sessions", "sessions-list", "system:view"),
    needs("get", "/stations", "stations-list", "authenticated"),
    needs("get", "/stations/{station}", "stations-one", "authenticated"),
    noted("get", "/stations/{station}/phase", "stations-phase", "open", "the state alone"),
    noted("post", "/stations/{station}/session", "stations-sign-in", "open", "badge and PIN"),
    noted(
        "delete",
        "/stations/{station}/session",
        "stations-sign-out",
        "system:modify",
        "nothing to end one's own session",
    ),
    noted(
        "post",
        "/stations/{station}/close-pass",
        "stations-close-pass",
        "system:modify",
        "nothing for whoever is signed in there",
    ),
    noted("get", "/api/v1/documents", "documents-list", "authenticated", OF_KIND),
    noted("post", "/api/v1/documents", "documents-write_one", "authenticated", OF_KIND),
    noted("post", "/api/v1/documents/check", "documents-check", "ledger:view", OF_KIND),
    noted("get", "/api/v1/documents/{kind}/{number}", "documents-one", "ledger:view", OF_KIND),
    noted(
        "get",
        "/api/v1/documents/{kind}/{number}/impact",
        "documents-impact",
        "ledger:view",
        OF_KIND,
    ),
    noted(
        "get",
        "/api/v1/documents/{kind}/{number}/settlement",
        "documents-settlement",
        "ledger:view",
        OF_KIND,
    ),
    noted(
        "get",
        "/api/v1/documents/{kind}/{number}/diff",
        "documents-diff",
        "ledger:view",
        OF_KIND,
    ),
    noted(
        "post",
        "/api/v1/imports",
        "imports-begin",
        "authenticated",
        "each document is asked for",
    ),
    noted("post", "/api/v1/imports/{import}/documents", "imports-put", "authenticated", OF_KIND),
    noted(
        "post",
        "/api/v1/imports/{import}/end",
        "imports-end",
        "authenticated",
        "whoever began it",
    ),
    noted(
        "post",
        "/api/v1/documents/{kind}/{number}/submit",
        "documents-submit",
        "authenticated",
        OF_KIND,
    ),
    noted(
        "post",
        "/api/v1/documents/{kind}/{number}/act",
        "documents-sign",
        "authenticated",
        OF_KIND,
    ),
    noted(
        "post",
        "/api/v1/documents/{kind}/{number}/step",
        "documents-step",
        "authenticated",
        OF_KIND,
    ),
    noted("get", "/api/v1/documents/{kind}/{number}/count", "count-sheet", "ledger:view", OF_KIND),
    noted(
        "post",
        "/api/v1/documents/{kind}/{number}/count",
        "count-hand_in",
        "authenticated",
        OF_KIND,
    ),
    noted("get", "/api/v1/inbox", "documents-inbox", "authenticated", "a person"),
    noted(
        "post",
        "/api/v1/todos/{entry}/done",
        "documents-done",
        "authenticated",
        "those whom the rule names",
    ),
    needs("get", "/tasks", "tasks-list", "authenticated"),
    needs("post", "/tasks", "tasks-open", "{module}:create or {module}:request"),
    needs("get", "/tasks/{task}", "tasks-one", "{module}:view"),
    noted(
        "delete",
        "/tasks/{task}",
        "tasks-withdraw",
        "{module}:modify or {module}:delete",
        "for whoever opened it, the right that he opened it by",
    ),
    needs("post", "/tasks/{task}/approve", "tasks-approve", "{module}:approve"),
    needs("get", "/holds", "holds-list", "transfer:view"),
    needs("post", "/holds/{pass}/decision", "holds-decide", "{module}:approve"),
    needs("get", "/quarantine", "quarantine-list", "transfer:view"),
    needs(
        "post",
        "/quarantine/{pass}/dismiss",
        "quarantine-dismiss",
        "inbound:approve or outbound:approve or count:approve or transfer:approve",
    ),
    needs("get", "/movements", "movements-list", "ledger:view"),
    needs("get", "/movements/{movement}", "movements-one", "ledger:view"),
    noted(
        "get",
        "/movements/{movement}/proof",
        "movements-proof",
        "ledger:view",
        "and price:view where the movement has prices",
    ),
    needs("get", "/stock", "stock-balances", "ledger:view"),
    needs("get", "/trace/{kind}/{key}", "trace", "ledger:view"),
    needs("get", "/deliveries", "deliveries-list", "ledger:view"),
    needs("post", "/deliveries/{lane}/{movement}/retry", "deliveries-retry", "system:modify"),
    needs("get", "/api/v1/notices", "notices-list", "ledger:view"),
    needs("post", "/api/v1/notices/{id}/retry", "notices-retry", "system:modify"),
    noted(
        "get",
        "/api/v1/links/{token}",
        "links-show",
        "open",
        "the token of a notice's link; what it is about only to whoever it was sent to, signed in",
    ),
    noted(
        "post",
        "/api/v1/links/{token}",
        "links-sign",
        "open",
        "the token of a notice's link, and the badge and PIN, or a session, of whoever it was sent to",
    ),
    needs("post", "/api/v1/postings", "postings-reserve", "{module}:create"),
    needs("get", "/api/v1/postings", "postings-list", "authenticated"),
    noted(
        "get",
        "/api/v1/postings/{id}",
        "postings-one",
        "{module}:view",
        "ledger:view once it is posted or void",
    ),
    needs("post", "/api/v1/postings/{id}/post", "postings-post", "{module}:approve"),
    noted(
        "post",
        "/api/v1/postings/{id}/confirmation",
        "postings-confirmation",
        "authenticated by a person",
        "only of a module that one may view",
    ),
    noted(
        "post",
        "/api/v1/postings/{id}/void",
        "postings-void",
        "{module}:approve",
        "{module}:create for whoever reserved it",
    ),
    needs("post", "/api/v1/labels", "labels-queue", "inbound:modify"),
    needs("get", "/api/v1/labels", "labels-list", "inbound:view"),
    needs("get", "/api/v1/labels/{id}", "labels-show", "inbound:view"),
    needs("post", "/api/v1/labels/{id}/decide", "labels-decide", "inbound:modify by a person"),
    noted(
        "post",
        "/api/v1/stations/{station}/tags/{epc}/access",
        "tags-access",
        "tag:view by a person",
        "tag:modify to write; tag:execute to lock and tag:delete to kill, with a second person or a step-up",
    ),
    needs("post", "/api/v1/tags", "tags-commission", "inbound:modify"),
    needs("delete", "/api/v1/tags", "tags-decommission", "inbound:modify"),
    needs("post", "/api/v1/landed-costs", "landed-costs-add", "price:modify"),
    needs("post", "/api/v1/periods/close", "periods-close", "price:approve"),
    needs("post", "/api/v1/ledger/key", "ledger-key-rotate", "system:modify by a person"),
    needs("get", "/api/v1/stock", "stock-rows", "ledger:view"),
    needs("get", "/api/v1/stock/ageing", "stock-ageing", "ledger:view"),
    needs("get", "/api/v1/units/{sscc}", "units-one", "ledger:view"),
    needs("get", "/api/v1/lots/{item}/{lot}", "lots-one", "ledger:view"),
    needs("get", "/api/v1/things/{key}", "things-one", "ledger:view"),
    needs("get", "/api/v1/items", "items-list", "ledger:view"),
    noted("get", "/api/v1/vouchers", "vouchers-list", "price:view", "and the field cost"),
];

/// Writes the table into the description.
pub(super) struct Published;

impl Modify for Published {
    fn modify(&self, api: &mut OpenApi) {
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in operations_mut(item) {
                let Some(row) = TABLE.iter().find(|n| n.method == method && n.path == path) else {
                    continue;
                };
                operation.operation_id = Some(row.id.to_owned());
                let mut told = ExtensionsBuilder::new().add("x-requires", row.requires);
                if let Some(note) = row.note {
                    told = told.add("x-requires-note", note);
                }
                operation.extensions.get_or_insert_default().merge(told.build());
            }
        }
    }
}

/// The whole description.
pub(super) fn described() -> OpenApi {
    super::system::ApiDoc::openapi()
}

/// A path without the star of a part that takes slashes.
pub(super) fn plain(path: &str) -> String {
    path.replace("{*", "{")
}

/// The operations of a path with their methods.
pub(super) fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("get", &item.get),
        ("put", &item.put),
        ("post", &item.post),
        ("delete", &item.delete),
        ("patch", &item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_says_what_it_needs() {
        let api = serde_json::to_value(described()).unwrap();
        let mut ids = BTreeSet::new();
        let mut met = BTreeSet::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let requires = operation["x-requires"].as_str();
                let requires =
                    requires.unwrap_or_else(|| panic!("{method} {path}: add it to TABLE"));
                assert!(is_requirement(requires), "{method} {path}: {requires}");
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id.clone()), "{id} stands twice");
                met.insert((method.clone(), path.clone()));
            }
        }
        for row in TABLE {
            let known = met.contains(&(row.method.to_owned(), row.path.to_owned()));
            assert!(known, "{} {} is not described", row.method, row.path);
        }
    }

    fn is_requirement(text: &str) -> bool {
        let text = text.strip_suffix(" by a person").unwrap_or(text);
        matches!(text, "open" | "authenticated")
            || text.split(" or ").all(|right| {
                let (module, action) = right.split_once(':').unwrap_or_default();
                let modules = gatewarden_model::Module::ALL.map(gatewarden_model::Module::name);
                let actions = gatewarden_model::Action::ALL.map(gatewarden_model::Action::name);
                (module == "{module}" || modules.contains(&module)) && actions.contains(&action)
            })
    }
}
