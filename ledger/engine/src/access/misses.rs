//! Which limits of his roles stood in somebody's way: a denial in words that he can act on.
//!
//! Invariants: it says of each limit what its condition in Cedar says (`limits`), which a test holds it
//! to; it decides nothing. A fact that somebody may not see is told by its limit's name alone, without
//! figures or names. Absent: raw Cedar, whose policies are told by their ids.

use std::{collections::BTreeMap, fmt::Write as _};

use gatewarden_model::{Action, Amount, Decision, Limit, Module, Role};

use super::{
    Access, Principal,
    facts::{Fact, Known, Value},
};

/// A role that grants the right, and what of its limits does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The role.
    pub role: String,
    /// The action that it grants.
    pub action: Action,
    /// In this module.
    pub module: Module,
    /// What does not hold, in the order of the configuration's keys.
    pub limits: Vec<Failed>,
}

/// A limit that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its key in the configuration, such as `amount_max`.
    pub limit: &'static str,
    /// The fact that it asks for.
    pub fact: Fact,
    /// What it asks, such as `up to 5,000`.
    pub asks: String,
    /// What is instead, such as `this is 6,200`; none where the fact is not known.
    pub is: Option<String>,
}

impl Failed {
    /// In words; of a fact that is not shown only the name of its limit.
    #[must_use]
    pub fn words(&self, shown: bool) -> String {
        let Self { limit, fact, asks, is } = self;
        let asks = if shown { asks } else { "within a limit" };
        match is {
            None => format!("{asks} ({limit}): {} is not known", fact.name()),
            Some(is) if shown => format!("{asks} ({limit}): {is}"),
            Some(_) => format!("{asks} ({limit}): this is beyond it"),
        }
    }
}

impl Miss {
    /// In words; `shows` tells which facts may be seen.
    #[must_use]
    pub fn words(&self, shows: impl Fn(Fact) -> bool) -> String {
        let Self { role, action, module, limits } = self;
        let mut text = format!("role {role} permits {} {} ", action.name(), module.name());
        for (at, one) in limits.iter().enumerate() {
            let before = if at == 0 { "" } else { ", and " };
            let _ = write!(text, "{before}{}", one.words(shows(one.fact)));
        }
        text
    }
}

impl Access {
    /// The roles of somebody that grant what was asked, each with the limits that do not hold, the
    /// nearest to a yes first. Empty where none of his roles grants it, or he is no person.
    #[must_use]
    pub fn misses(
        &self,
        principal: &Principal<'_>,
        action: Action,
        module: Module,
        known: &Known,
    ) -> Vec<Miss> {
        let Principal::Operator { id, roles } = principal else { return vec![] };
        let of_role = |name: &String| {
            let role = self.matrix.0.get(name)?;
            let grants = role.grants.get(&module)?.contains(&action);
            let limits =
                if grants { failed(role, (module, action), known, id.as_str()) } else { vec![] };
            (!limits.is_empty()).then(|| Miss { role: name.clone(), action, module, limits })
        };
        let mut found: Vec<Miss> = roles.iter().filter_map(of_role).collect();
        found.sort_by_key(|miss| miss.limits.len());
        found
    }

    /// As `misses`, of a denial on the facts that it recorded.
    #[must_use]
    pub fn missed(&self, principal: &Principal<'_>, denied: &Decision) -> Vec<Miss> {
        let known = recorded(&denied.facts);
        self.misses(principal, denied.action, denied.module, &known)
    }

    /// Whether one of somebody's roles grants a right at all, within whatever limits.
    #[must_use]
    pub fn grants(&self, principal: &Principal<'_>, action: Action, module: Module) -> bool {
        let Principal::Operator { roles, .. } = principal else { return false };
        let has = |role: &Role| role.grants.get(&module).is_some_and(|all| all.contains(&action));
        roles.iter().any(|name| self.matrix.0.get(name).is_some_and(has))
    }
}

/// Facts as an entry records them; what is no fact of today is left out.
fn recorded(facts: &BTreeMap<String, String>) -> Known {
    let mut known = Known::default();
    for (name, text) in facts {
        // What can't be read is not known, and limits say so.
        let _ = known.add(name, text);
    }
    known
}

fn failed(role: &Role, right: (Module, Action), known: &Known, id: &str) -> Vec<Failed> {
    let (module, action) = right;
    role.limits_of(module, action).flat_map(|limit| Asked { limit, known, id }.failed()).collect()
}

/// One limit put to facts.
struct Asked<'a> {
    limit: &'a Limit,
    known: &'a Known,
    /// Who asks: nobody is his own second person.
    id: &'a str,
}

impl Asked<'_> {
    fn failed(&self) -> Vec<Failed> {
        let limit = self.limit;
        let names = |list: &[String]| list.to_vec();
        let each = [
            limit.warehouses.as_ref().and_then(|list| {
                self.every("warehouses", Fact::Warehouses, "warehouse", &names(list))
            }),
            limit.classes.as_ref().and_then(|list| {
                let list = told(list, |class| class.name());
                self.every("classes", Fact::Classes, "class", &list)
            }),
            limit
                .classes_except
                .as_ref()
                .and_then(|list| self.excepted(&told(list, |class| class.name()))),
            limit.amount_max.and_then(|most| self.at_most(most)),
            limit.document_kinds.as_ref().and_then(|list| {
                let list = told(list, |kind| kind.name());
                self.one_of("document_kinds", Fact::Document, "document", &list)
            }),
            limit.movement_kinds.as_ref().and_then(|list| {
                let list = told(list, |kind| kind.name());
                self.one_of("movement_kinds", Fact::Movement, "movement", &list)
            }),
            limit
                .owners
                .as_ref()
                .and_then(|list| self.every("owners", Fact::Owners, "owner", &names(list))),
            limit.statuses.as_ref().and_then(|list| {
                let list = told(list, |status| status.name());
                self.every("statuses", Fact::Statuses, "status", &list)
            }),
            limit.stations.as_ref().and_then(|list| {
                let list = told(list, |station| station.as_str());
                self.one_of("stations", Fact::Station, "station", &list)
            }),
            limit.auth_level_min.and_then(|least| self.at_least(least)),
            if limit.two_persons { self.beside() } else { None },
        ];
        each.into_iter().flatten().collect()
    }

    /// Every member of a set of facts must be listed.
    fn every(
        &self,
        limit: &'static str,
        fact: Fact,
        noun: &str,
        list: &[String],
    ) -> Option<Failed> {
        let asks = format!("on {noun} {}", any_of(list));
        let Some(Value::Set(all)) = self.known.value(fact) else {
            return Some(Failed { limit, fact, asks, is: None });
        };
        let others: Vec<&String> = all.iter().filter(|one| !list.contains(one)).collect();
        // Nothing fits an empty list, not even nothing.
        (list.is_empty() || !others.is_empty()).then(|| {
            let is = format!("{noun} {} is not in [{}]", joined(&others), list.join(", "));
            Failed { limit, fact, asks, is: Some(is) }
        })
    }

    fn one_of(
        &self,
        limit: &'static str,
        fact: Fact,
        noun: &str,
        list: &[String],
    ) -> Option<Failed> {
        let asks = format!("on {noun} {}", any_of(list));
        let Some(Value::Text(one)) = self.known.value(fact) else {
            return Some(Failed { limit, fact, asks, is: None });
        };
        (!list.contains(one)).then(|| {
            let is = format!("{noun} {one} is not in [{}]", list.join(", "));
            Failed { limit, fact, asks, is: Some(is) }
        })
    }

    /// No member of the set may be listed.
    fn excepted(&self, list: &[String]) -> Option<Failed> {
        if list.is_empty() {
            return None;
        }
        let (limit, fact) = ("classes_except", Fact::Classes);
        let asks = format!("on no class {}", any_of(list));
        let Some(Value::Set(all)) = self.known.value(fact) else {
            return Some(Failed { limit, fact, asks, is: None });
        };
        let listed: Vec<&String> = all.iter().filter(|one| list.contains(one)).collect();
        (!listed.is_empty()).then(|| {
            let is = format!("class {} is among [{}]", joined(&listed), list.join(", "));
            Failed { limit, fact, asks, is: Some(is) }
        })
    }

    fn at_most(&self, most: Amount) -> Option<Failed> {
        let (limit, fact) = ("amount_max", Fact::Amount);
        let asks = format!("up to {}", grouped(most));
        match self.known.value(fact) {
            Some(Value::Number(units)) if *units <= most.units() => None,
            Some(Value::Number(units)) => {
                let is = format!("this is {}", grouped(Amount::from_units(*units)));
                Some(Failed { limit, fact, asks, is: Some(is) })
            }
            _ => Some(Failed { limit, fact, asks, is: None }),
        }
    }

    fn at_least(&self, least: u8) -> Option<Failed> {
        let (limit, fact) = ("auth_level_min", Fact::AuthLevel);
        let asks = format!("at auth level {least} or more");
        match self.known.value(fact) {
            Some(Value::Number(level)) if *level >= i64::from(least) => None,
            Some(Value::Number(level)) => {
                Some(Failed { limit, fact, asks, is: Some(format!("this is {level}")) })
            }
            _ => Some(Failed { limit, fact, asks, is: None }),
        }
    }

    fn beside(&self) -> Option<Failed> {
        let (limit, fact) = ("two_persons", Fact::Second);
        let asks = "with a second person".to_owned();
        match self.known.value(fact) {
            Some(Value::Text(second)) if second != self.id => None,
            Some(_) => {
                let is = "nobody is his own second person".to_owned();
                Some(Failed { limit, fact, asks, is: Some(is) })
            }
            None => Some(Failed { limit, fact, asks, is: Some("he is alone".to_owned()) }),
        }
    }
}

fn told<T>(list: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    list.iter().map(|one| name(one).to_owned()).collect()
}

fn any_of(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(" or ") }
}

fn joined(list: &[&String]) -> String {
    list.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
}

/// An amount with a comma before every three digits of its whole part.
fn grouped(amount: Amount) -> String {
    let text = amount.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, places) = digits.split_once('.').map_or((digits, None), |(w, p)| (w, Some(p)));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(places) = places {
        grouped.push('.');
        grouped.push_str(places);
    }
    grouped
}
