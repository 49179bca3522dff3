//! What other roles would change, in words: role by role, old and new.
//!
//! For whoever decides on policies. Absent: the settings beside roles (`Guards::differs`), and what raw
//! Cedar means.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Field, Limit, Role, RoleMatrix};

use super::limits::limit_words;

/// Each thing that differs: `junior: limit: up to 5000 → up to 8000`, sorted.
pub(crate) fn differs(old: &RoleMatrix, new: &RoleMatrix) -> Vec<String> {
    let (old, new) = (told(old), told(new));
    let keys: BTreeSet<&(String, String)> = old.keys().chain(new.keys()).collect();
    let of = |told: &BTreeMap<(String, String), String>, key| {
        told.get(key).cloned().unwrap_or_else(|| "nothing".to_owned())
    };
    let both = keys.into_iter().map(|key| (key, of(&old, key), of(&new, key)));
    let other = both.filter(|(_, old, new)| old != new);
    other.map(|((role, what), old, new)| format!("{role}: {what}: {old} → {new}")).collect()
}

fn told(matrix: &RoleMatrix) -> BTreeMap<(String, String), String> {
    let of_role = |(name, role): (&String, &Role)| {
        let name = name.clone();
        lines(role).into_iter().map(move |(what, text)| ((name.clone(), what), text))
    };
    matrix.0.iter().flat_map(of_role).collect()
}

fn lines(role: &Role) -> Vec<(String, String)> {
    let joined = |names: Vec<String>| names.join(", ");
    let mut lines: Vec<(String, String)> = vec![];
    for (module, actions) in &role.grants {
        let actions: BTreeSet<&str> = actions.iter().map(|action| action.name()).collect();
        let actions = actions.into_iter().map(str::to_owned).collect();
        lines.push((format!("may in {}", module.name()), joined(actions)));
    }
    if !role.limits.is_empty() {
        let of_limit = |limit: &Limit| {
            let modules = limit.modules.iter().map(|module| module.name());
            let actions = limit.actions.iter().map(|action| action.name());
            let on = modules.chain(actions).collect::<Vec<_>>().join(" ");
            format!("{on}: {}", limit_words(limit))
        };
        let limits = role.limits.iter().map(of_limit).collect::<Vec<_>>();
        lines.push(("limits".to_owned(), limits.join("; ")));
    }
    if let Some(fields) = &role.fields {
        let names = |of: &[Field]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        let both = [("sees", &fields.view), ("sets", &fields.modify)];
        let said = both.into_iter().filter_map(|(what, of)| Some((what, of.as_ref()?)));
        lines.extend(said.map(|(what, of)| (what.to_owned(), joined(names(of)))));
    }
    lines
}

/// The lines that a text has and the other has not, `-` before those that go and `+` before new ones.
pub(crate) fn lines_that_differ(old: &str, new: &str) -> Vec<String> {
    let only = |of: &str, other: &str, mark: &str| {
        let other: BTreeSet<&str> = other.lines().collect();
        let own = of.lines().filter(|line| !line.trim().is_empty() && !other.contains(line));
        own.map(|line| format!("{mark} {line}")).collect::<Vec<_>>()
    };
    [only(old, new, "-"), only(new, old, "+")].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    fn matrix(text: &str) -> RoleMatrix {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_differs_is_told_role_by_role() {
        let old = "[junior]\ntitle = \"J.\"\ngrants.outbound = [\"view\", \"execute\"]\n\
                   [[junior.limits]]\nmodules = [\"outbound\"]\nactions = [\"execute\"]\namount_max = \"5000\"\n";
        let new = old.replace("5000", "8000").replace("\"view\", ", "");
        let new = format!("{new}[buyer]\ntitle = \"B.\"\ngrants.system = [\"view\"]\n");
        let told = differs(&matrix(old), &matrix(&new));
        assert_eq!(
            told,
            [
                "buyer: may in system: nothing → view",
                "junior: limits: outbound execute: up to 5000 → outbound execute: up to 8000",
                "junior: may in outbound: execute, view → execute",
            ]
        );
        assert_eq!(differs(&matrix(old), &matrix(old)), [""; 0]);
    }

    #[test]
    fn lines_of_cedar_that_go_and_come_are_told() {
        let told = lines_that_differ("a\nb\n\n", "a\nc\n");
        assert_eq!(told, ["- b", "+ c"]);
    }
}
