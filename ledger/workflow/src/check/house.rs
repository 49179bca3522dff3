//! What is wrong with the calendar, the departments and the substitutions.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::OperatorId;

use super::{Found, Spot};
use crate::{Calendar, Workflows};

pub(super) fn calendar(found: &mut Found<'_>, calendar: &Calendar) {
    found.spot = Spot::Calendar;
    let hours = &calendar.hours;
    let overlap = hours.windows(2).find(|two| two[0].to_min > two[1].from_min);
    if let Some(two) = overlap {
        let message = format!("{} and {} overlap, or are in the wrong order", two[0], two[1]);
        found.error("hours", "bad-hours", message, "hours one after the other");
    }
    if hours.is_empty() || calendar.weekdays.is_empty() && calendar.workdays.is_empty() {
        let message = "nobody ever works, so no time ever runs out";
        found.error("hours", "no-working-time", message, "working hours, and days of the week");
    }
    let both = calendar.holidays.iter().find(|day| calendar.workdays.contains(day));
    if let Some(day) = both {
        let message = format!("{day} is a holiday and a workday");
        found.error("workdays", "conflict", message, "one of them");
    }
}

pub(super) fn departments(found: &mut Found<'_>, house: &Workflows) {
    let mut names = BTreeSet::new();
    let mut homes: BTreeMap<&OperatorId, &str> = BTreeMap::new();
    for (index, one) in house.departments.iter().enumerate() {
        found.spot = Spot::Department(index);
        if !names.insert(&one.name) {
            let message = format!("department {:?} is there twice", one.name);
            found.error("name", "duplicate-name", message, "a name of its own");
        }
        for member in &one.members {
            if let Some(other) = homes.insert(member, &one.name).filter(|other| *other != one.name)
            {
                let message = format!("{member} is in {other:?} already");
                found.error("members", "two-departments", message, "one department a person");
            }
        }
        known(found, "manager", &one.manager);
        one.members.iter().for_each(|member| known(found, "members", member));
        if let Some(cycle) = cycle(&one.manager, house) {
            let message = format!("each of them manages the next: {cycle}");
            found.error("manager", "manager-cycle", message, "somebody at the top");
        }
    }
}

/// Who manages whom in a circle, where somebody does.
fn cycle(from: &OperatorId, house: &Workflows) -> Option<String> {
    let manager = |who: &OperatorId| {
        let mut all = house.departments.iter();
        all.find(|one| one.members.contains(who) && one.manager != *who).map(|one| &one.manager)
    };
    let mut way = vec![from.to_string()];
    let mut at = from;
    for _ in 0..house.departments.len() {
        at = manager(at)?;
        way.push(at.to_string());
        if at == from {
            way.reverse();
            return Some(way.join(" → "));
        }
    }
    None
}

pub(super) fn substitutions(found: &mut Found<'_>, house: &Workflows) {
    for (index, one) in house.substitutions.iter().enumerate() {
        found.spot = Spot::Substitution(index);
        if one.absent == one.substitute {
            let message = format!("{} would stand in for himself", one.absent);
            found.error("substitute", "stands-in-for-himself", message, "somebody else");
        }
        if one.from > one.to {
            let message = format!("it would end on {} before it begins on {}", one.to, one.from);
            found.error("to", "dates-reversed", message, "a day not before the first");
        }
        known(found, "absent", &one.absent);
        known(found, "substitute", &one.substitute);
        let kinds =
            |a: &[_], b: &[_]| a.is_empty() || b.is_empty() || a.iter().any(|k| b.contains(k));
        let together = |other: &&crate::Substitution| {
            one.from <= other.to && other.from <= one.to && kinds(&one.kinds, &other.kinds)
        };
        let earlier = || house.substitutions[..index].iter().filter(together);
        if let Some(other) = earlier().find(|other| other.absent == one.absent) {
            let message = format!(
                "{} stands in for {} on some of these days already, and only the first counts",
                other.substitute, one.absent
            );
            found.warn("from", "two-substitutes", message, "one substitute a day");
        }
        let back = |other: &crate::Substitution| {
            other.absent == one.substitute && other.substitute == one.absent
        };
        if earlier().any(back) {
            let message = format!(
                "{} and {} would stand in for each other, and both are away",
                one.absent, one.substitute
            );
            found.error("substitute", "substitution-cycle", message, "somebody who is there");
        }
    }
}

pub(super) fn known(found: &mut Found<'_>, key: &'static str, who: &OperatorId) {
    if let Some(people) = found.roster.people
        && !people.operators.contains_key(who)
    {
        let message = format!("there is no active operator {who}");
        found.error(key, "unknown-operator", message, "the name of an enrolled operator");
    }
}
