//! Limits of roles in words, for everybody who has to understand what a role gives.
//!
//! Absent: what a limit means in policies, and whether it holds (the engine).

use gatewarden_model::Limit;

/// A limit in words.
pub(crate) fn limit_words(limit: &Limit) -> String {
    fn list<T>(of: Option<&Vec<T>>, before: &str, name: impl Fn(&T) -> &str) -> Option<String> {
        Some(format!("{before} {}", of?.iter().map(name).collect::<Vec<_>>().join(", ")))
    }
    let all = [
        list(limit.warehouses.as_ref(), "warehouses", String::as_str),
        list(limit.classes.as_ref(), "classes", |class| class.name()),
        list(limit.classes_except.as_ref(), "not classes", |class| class.name()),
        limit.amount_max.map(|most| format!("up to {most}")),
        list(limit.document_kinds.as_ref(), "on", |kind| kind.name()),
        list(limit.movement_kinds.as_ref(), "only", |kind| kind.name()),
        list(limit.owners.as_ref(), "owners", String::as_str),
        list(limit.statuses.as_ref(), "statuses", |status| status.name()),
        list(limit.stations.as_ref(), "stations", |station| station.as_str()),
        limit.auth_level_min.map(|least| format!("auth level {least} or more")),
        limit.two_persons.then(|| "two persons".to_owned()),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
