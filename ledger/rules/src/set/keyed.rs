//! Rules by what must be so for them to fire, so that a few looks at facts leave most of them out.
//!
//! Invariants: a rule that is left out neither holds nor fails; a fact that is not known, can't be told or is of
//! another type leaves nobody out. Rules of which no need is seen always come. Absent: whether they fit what happens
//! (`find`).

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::Scalar;

use super::Rule;
use crate::{
    condition::{Need, OfLines},
    facts::{Fact, Facts},
    wants::{OF_LINES, Wants},
};

/// Rules by numbers that a fact must reach, sorted by them.
type Reached = Vec<(i64, u16)>;

/// Rules by the text of a fact, and all of them.
#[derive(Debug, Clone, Default)]
struct Texts {
    by_text: HashMap<Box<str>, Vec<u16>>,
    all: Vec<u16>,
}

/// Rules by what they need.
#[derive(Debug, Clone, Default)]
pub(super) struct Keyed {
    /// By the place of a fact: sorted upwards, and downwards for what must not be more.
    at_least: Vec<(usize, Reached)>,
    at_most: Vec<(usize, Reached)>,
    is: Vec<(usize, [Vec<u16>; 2])>,
    texts: Vec<(usize, Texts)>,
    of_lines: [Reached; 2],
    always: Vec<u16>,
    /// The facts that are looked at.
    wants: Wants,
}

/// Rules by what they need, while they are sorted.
#[derive(Default)]
struct Sorting {
    least: BTreeMap<usize, Reached>,
    most: BTreeMap<usize, Reached>,
    is: BTreeMap<usize, [Vec<u16>; 2]>,
    texts: BTreeMap<usize, Texts>,
    of_lines: [Reached; 2],
}

impl Sorting {
    fn put(&mut self, need: &Need, rule: u16) {
        match need {
            Need::AtLeast(place, number) => {
                self.least.entry(*place).or_default().push((*number, rule));
            }
            Need::AtMost(place, number) => {
                self.most.entry(*place).or_default().push((*number, rule));
            }
            Need::Is(place, bool) => {
                self.is.entry(*place).or_default()[usize::from(*bool)].push(rule);
            }
            Need::Text(place, text) => {
                let known = self.texts.entry(*place).or_default();
                known.by_text.entry(text.clone()).or_default().push(rule);
                known.all.push(rule);
            }
            Need::LineAtLeast(of, number) => self.of_lines[*of as usize].push((*number, rule)),
        }
    }
}

/// The facts that needs look at.
pub(super) fn wants_of(needs: &[Need]) -> Wants {
    let mut wants = Wants::default();
    for need in needs {
        wants.add(match need {
            Need::AtLeast(at, _) | Need::AtMost(at, _) | Need::Is(at, _) | Need::Text(at, _) => *at,
            Need::LineAtLeast(..) => OF_LINES,
        });
    }
    wants
}

/// Whether a need may be met.
pub(super) fn may_be(need: &Need, facts: &Facts) -> bool {
    let scalar = |at: usize| match facts.at(at) {
        Some(Fact::Scalar(scalar)) => Some(scalar),
        _ => None,
    };
    match need {
        Need::AtLeast(at, least) => {
            !matches!(scalar(*at), Some(Scalar::Integer(value)) if value < least)
        }
        Need::AtMost(at, most) => {
            !matches!(scalar(*at), Some(Scalar::Integer(value)) if value > most)
        }
        Need::Is(at, bool) => !matches!(scalar(*at), Some(Scalar::Bool(value)) if value != bool),
        Need::Text(at, text) => {
            !matches!(scalar(*at), Some(Scalar::Text(value)) if value.as_str() != &**text)
        }
        Need::LineAtLeast(of, least) => of_lines(facts, *of).is_none_or(|most| most >= *least),
    }
}

fn of_lines(facts: &Facts, of: OfLines) -> Option<i64> {
    facts.of_lines[of as usize]
}

impl Keyed {
    pub(super) fn new(of: &[u16], rules: &[Rule]) -> Self {
        let (mut keyed, mut sorting) = (Self::default(), Sorting::default());
        for at in of {
            let rule = rules.get(usize::from(*at));
            let Some(needs) = rule.and_then(|rule| rule.needs.as_ref()) else {
                keyed.always.push(*at);
                continue;
            };
            keyed.wants = keyed.wants.and(wants_of(needs));
            needs.iter().for_each(|need| sorting.put(need, *at));
        }
        let upwards = |mut all: Reached| {
            all.sort_unstable();
            all
        };
        let downwards = |mut all: Reached| {
            all.sort_unstable_by(|one, other| other.cmp(one));
            all
        };
        let Sorting { least, most, is, texts, of_lines } = sorting;
        keyed.at_least = least.into_iter().map(|(place, all)| (place, upwards(all))).collect();
        keyed.at_most = most.into_iter().map(|(place, all)| (place, downwards(all))).collect();
        keyed.of_lines = of_lines.map(upwards);
        (keyed.is, keyed.texts) = (is.into_iter().collect(), texts.into_iter().collect());
        keyed
    }

    /// The facts that `may_fire` looks at.
    pub(super) fn wants(&self) -> Wants {
        self.wants
    }

    /// Adds the rules that may fire; some may come twice.
    pub(super) fn may_fire(&self, facts: &Facts, out: &mut Vec<u16>) {
        out.extend(&self.always);
        let scalar = |at: usize| match facts.at(at) {
            Some(Fact::Scalar(scalar)) => Some(scalar),
            _ => None,
        };
        let integer = |at: usize| match scalar(at) {
            Some(Scalar::Integer(value)) => Some(*value),
            _ => None,
        };
        for (place, all) in &self.at_least {
            let value = integer(*place);
            out.extend(first(all, |number| value.is_none_or(|value| number <= value)));
        }
        for (place, all) in &self.at_most {
            let value = integer(*place);
            out.extend(first(all, |number| value.is_none_or(|value| number >= value)));
        }
        for (all, value) in self.of_lines.iter().zip(facts.of_lines) {
            out.extend(first(all, |number| value.is_none_or(|value| number <= value)));
        }
        for (place, [no, yes]) in &self.is {
            match scalar(*place) {
                Some(Scalar::Bool(value)) => out.extend(if *value { yes } else { no }),
                _ => out.extend(no.iter().chain(yes)),
            }
        }
        for (place, texts) in &self.texts {
            match scalar(*place) {
                Some(Scalar::Text(text)) => {
                    out.extend(texts.by_text.get(text.as_str()).into_iter().flatten());
                }
                _ => out.extend(&texts.all),
            }
        }
    }
}

/// The first rules, as long as their numbers are such.
fn first(all: &Reached, such: impl Fn(i64) -> bool) -> impl Iterator<Item = u16> {
    all.iter().take_while(move |(number, _)| such(*number)).map(|(_, at)| *at)
}
