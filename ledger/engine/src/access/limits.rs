//! A role's limits as conditions of its permits.
//!
//! They stand on that role's own permits, so that another role of the same person may still allow:
//! limits narrow a role, they don't forbid. What must hold for everybody is a `forbid` in raw Cedar.
//! Every condition begins with `context has`: a fact that is not known denies.

use gatewarden_model::Limit;

/// What must hold, in Cedar; empty where nothing is limited.
pub(super) fn conditions<'a>(limits: impl Iterator<Item = &'a Limit>) -> String {
    limits.flat_map(of_limit).collect::<Vec<_>>().join(" &&\n  ")
}

fn of_limit(limit: &Limit) -> Vec<String> {
    let mut all = vec![];
    let texts = |list: &[String]| list.iter().map(|one| quote(one)).collect::<Vec<_>>();
    if let Some(list) = &limit.warehouses {
        all.push(every("warehouses", &texts(list)));
    }
    if let Some(list) = &limit.classes {
        all.push(every("classes", &named(list, |class| class.name())));
    }
    if let Some(list) = &limit.classes_except {
        let list = named(list, |class| class.name());
        all.push(match list.is_empty() {
            true => "true".to_owned(),
            false => format!(
                "context has classes && !context.classes.containsAny([{}])",
                list.join(", ")
            ),
        });
    }
    if let Some(most) = limit.amount_max {
        all.push(format!("context has amount && context.amount <= {}", most.units()));
    }
    if let Some(list) = &limit.document_kinds {
        all.push(one_of("document", &named(list, |kind| kind.name())));
    }
    if let Some(list) = &limit.movement_kinds {
        all.push(one_of("movement", &named(list, |kind| kind.name())));
    }
    if let Some(list) = &limit.owners {
        all.push(every("owners", &texts(list)));
    }
    if let Some(list) = &limit.statuses {
        all.push(every("statuses", &named(list, |status| status.name())));
    }
    if let Some(list) = &limit.stations {
        all.push(one_of("station", &named(list, |station| station.as_str())));
    }
    if let Some(least) = limit.auth_level_min {
        all.push(format!("context has auth_level && context.auth_level >= {least}"));
    }
    if limit.two_persons {
        all.push("context has second && context.second != principal.id".to_owned());
    }
    all
}

/// Every member of a set of facts is listed. Nothing is where the list is empty.
fn every(fact: &str, list: &[String]) -> String {
    match list.is_empty() {
        true => "false".to_owned(),
        false => {
            format!("context has {fact} && [{}].containsAll(context.{fact})", list.join(", "))
        }
    }
}

fn one_of(fact: &str, list: &[String]) -> String {
    match list.is_empty() {
        true => "false".to_owned(),
        false => format!("context has {fact} && [{}].contains(context.{fact})", list.join(", ")),
    }
}

fn named<T>(list: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    list.iter().map(|one| quote(name(one))).collect()
}

/// A text as a Cedar string literal.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
