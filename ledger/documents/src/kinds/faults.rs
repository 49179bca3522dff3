//! What contradicts itself in definitions, each word of which is right.
//!
//! Each fault says where it is as a path of steps, so that whoever read a file finds line and column.
//! Absent: words that don't exist and numbers out of range, which the reader of the file refuses.

use std::collections::BTreeSet;

use gatewarden_model::{DOCUMENT_LINES_MAX, DocumentKind, Module};

use super::{
    Amend, Execution, HeadField, KindDefinition, Kinds, LEGS_MAX, LINK_RULES_MAX, Leg, LineField,
    QuantityRule, RECOUNTS_MAX, STATES_MAX, TOLERANCE_PERMILLE_MAX, may_go,
};
use crate::{fields, frame::Frame};

/// Something that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: At,
    /// Which kind of mistake it is; stable for machines.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
}

/// A place in definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A key of a kind's definition, by position of the kind.
    Kind(usize, &'static str),
    /// A key of an entry of a list of a kind: kind, list, position, key.
    KindList(usize, &'static str, usize, &'static str),
    /// A key of a field's declaration, by position of the field.
    Field(usize, &'static str),
}

/// Collects faults of one kind.
struct Finder<'a> {
    faults: &'a mut Vec<Fault>,
    kind: usize,
}

impl Finder<'_> {
    fn at(&mut self, at: At, code: &'static str, message: String, expected: &str) {
        self.faults.push(Fault { at, code, message, expected: expected.to_owned() });
    }

    fn key(&mut self, key: &'static str, code: &'static str, message: String, expected: &str) {
        self.at(At::Kind(self.kind, key), code, message, expected);
    }

    fn list(
        &mut self,
        (list, position, key): (&'static str, usize, &'static str),
        code: &'static str,
        message: String,
        expected: &str,
    ) {
        self.at(At::KindList(self.kind, list, position, key), code, message, expected);
    }
}

impl Kinds {
    /// Everything that contradicts itself; empty where the definitions can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (position, kind) in self.kinds.iter().enumerate() {
            let mut finder = Finder { faults: &mut faults, kind: position };
            if !seen.insert(kind.kind) {
                let message = format!("{} is defined twice", kind.kind.words());
                finder.key("kind", "duplicate-kind", message, "each kind once");
            }
            states(&mut finder, kind);
            execution(&mut finder, kind);
            lines(&mut finder, kind);
            links(&mut finder, kind);
            special(&mut finder, kind);
        }
        fields::declaration_faults(&self.fields, &mut faults);
        faults
    }
}

fn states(finder: &mut Finder<'_>, kind: &KindDefinition) {
    let mut names = BTreeSet::new();
    for (position, state) in kind.states.iter().enumerate() {
        if !names.insert(state.name.as_str()) {
            let message = format!("the state {:?} stands twice", state.name);
            finder.list(("states", position, "name"), "duplicate-state", message, "each name once");
        }
        if Frame::of_name(&state.name).is_some_and(|frame| frame != state.frame) {
            let message = format!("{:?} is the name of another state of the frame", state.name);
            let expected = "a name of the kind's own";
            finder.list(("states", position, "name"), "misleading-state", message, expected);
        }
    }
    let frame = |name: &str| kind.states.iter().find(|one| one.name == name).map(|one| one.frame);
    let mut names = BTreeSet::new();
    for (position, one) in kind.moves.iter().enumerate() {
        if !names.insert(one.name.as_str()) {
            let message = format!("the step {:?} stands twice", one.name);
            finder.list(("moves", position, "name"), "duplicate-move", message, "each name once");
        }
        for (key, name) in [("from", &one.from), ("to", &one.to)] {
            if frame(name).is_none() {
                let message = format!("there is no state {name:?} of this kind");
                let expected = "the name of one of its states";
                finder.list(("moves", position, key), "unknown-state", message, expected);
            }
        }
        let apart = frame(&one.from).zip(frame(&one.to)).filter(|(from, to)| from != to);
        if let Some((from, to)) = apart {
            let message = format!(
                "{:?} would lead from {} to {}: only approval, execution and closing do that",
                one.name,
                from.name(),
                to.name()
            );
            let expected = "two states within the same of the frame's states";
            finder.list(("moves", position, "to"), "leaves-frame", message, expected);
        }
    }
    reached(finder, kind);
    if kind.states.len() > STATES_MAX || kind.moves.len() > STATES_MAX {
        let message = format!("more than {STATES_MAX} states or steps of its own");
        finder.key("states", "too-many", message, "fewer");
    }
}

/// A state that is not the first of its frame's, and that no step leads to, is never reached.
fn reached(finder: &mut Finder<'_>, kind: &KindDefinition) {
    for (position, state) in kind.states.iter().enumerate() {
        let first = kind.states.iter().find(|one| one.frame == state.frame);
        let is_first = first.is_some_and(|one| one.name == state.name);
        if !is_first && !kind.moves.iter().any(|one| one.to == state.name) {
            let message = format!("nothing leads to the state {:?}", state.name);
            let expected = "a step in `moves` that leads there, or no such state";
            finder.list(("states", position, "name"), "unreachable-state", message, expected);
        }
    }
}

fn execution(finder: &mut Finder<'_>, kind: &KindDefinition) {
    let moves = matches!(kind.execution, Execution::Task | Execution::Posting);
    if moves && kind.legs.is_empty() {
        let message =
            format!("a {} moves stock, but no leg says between which places", kind.kind.words());
        finder.key("legs", "legs-missing", message, "at least one leg");
    }
    if kind.execution == Execution::Master && !kind.legs.is_empty() {
        let message = String::from("master data moves nothing, but there are legs");
        finder.key("legs", "legs-unused", message, "no legs, or another execution");
    }
    if moves && kind.workflow.is_none() {
        let message = format!("a {} moves stock without anybody's signature", kind.kind.words());
        finder.key("workflow", "workflow-missing", message, "the workflow that approves it");
    }
    if kind.made_by.is_some() && (kind.execution != Execution::Master || kind.workflow.is_some()) {
        let message = String::from("what another document puts in force is signed with that one");
        let expected = "execution = \"master\" and no workflow, or no made_by";
        finder.key("made_by", "made-by-unused", message, expected);
    }
    for (position, leg) in kind.legs.iter().enumerate() {
        for (key, side) in [("from", &leg.from), ("to", &leg.to)] {
            if side.is_empty() {
                let message = format!("a leg that goes {key} nowhere");
                finder.list(("legs", position, key), "leg-empty", message, "at least one class");
            }
        }
        wrong_way(finder, position, leg);
        unlinked(finder, kind, position, leg);
    }
    // A kind with several movements has the right of the first; the others ask for theirs as well.
    if let Some(leg) = kind.legs.first().filter(|_| moves) {
        let (module, asked) = (leg.movement.module(), kind.rights.execute.module);
        if module != asked && asked != Module::Quality {
            let message = format!(
                "{} needs rights in {}, not in {}",
                leg.movement.name(),
                module.name(),
                asked.name()
            );
            let expected = format!("\"{}:execute\"", module.name());
            finder.key("execute", "wrong-module", message, &expected);
        }
    }
    if kind.legs.len() > LEGS_MAX {
        finder.key("legs", "too-many", format!("more than {LEGS_MAX} legs"), "fewer");
    }
}

/// A leg between places that its movement does not go between.
fn wrong_way(finder: &mut Finder<'_>, position: usize, leg: &Leg) {
    let pairs = leg.from.iter().flat_map(|from| leg.to.iter().map(move |to| (*from, *to)));
    let mut wrong = pairs.filter(|(from, to)| !may_go(leg.movement, *from, *to));
    if let Some((from, to)) = wrong.next() {
        let message =
            format!("a {} does not go from {} to {}", leg.movement.name(), from.name(), to.name());
        let expected = "classes of places that this movement goes between";
        finder.list(("legs", position, "movement"), "leg-kind", message, expected);
    }
}

/// A leg that brings back what documents moved that can't be named.
fn unlinked(finder: &mut Finder<'_>, kind: &KindDefinition, position: usize, leg: &Leg) {
    let linked = |to: &DocumentKind| kind.links.iter().any(|rule| rule.to == *to);
    if let Some(source) = leg.sources.iter().find(|source| !linked(source)) {
        let message =
            format!("it brings back what a {} moved, which nothing names", source.words());
        let expected = format!("a link to a {}", source.words());
        finder.list(("legs", position, "sources"), "source-unlinked", message, &expected);
    }
}

fn lines(finder: &mut Finder<'_>, kind: &KindDefinition) {
    let rules = &kind.lines;
    let most = u32::try_from(DOCUMENT_LINES_MAX).unwrap_or(u32::MAX);
    if rules.max > most || rules.min > rules.max {
        let message = format!("from {} to {} lines", rules.min, rules.max);
        let expected = format!("lines_min at most lines_max, and that at most {most}");
        finder.key("lines_max", "lines-range", message, &expected);
    }
    let moves = matches!(kind.execution, Execution::Task | Execution::Posting);
    if kind.made_by == Some(kind.kind) {
        let message = format!("a {} is not made by itself", kind.kind.words());
        finder.key("made_by", "made-by-itself", message, "another kind");
    }
    if kind.closed_by == Some(kind.kind) {
        let message = format!("a {} is not closed by itself", kind.kind.words());
        finder.key("closed_by", "closed-by-itself", message, "another kind, or none");
    }
    if moves && kind.count.is_none() && rules.quantity != QuantityRule::Positive {
        let message = String::from("what moves stock says how much, more than 0");
        finder.key("quantity", "quantity-rule", message, "\"positive\"");
    }
    let over = |permille: u32| permille > TOLERANCE_PERMILLE_MAX;
    if over(kind.tolerance.over_permille) || kind.tolerance.under_permille > 999 {
        let message = String::from("a tolerance out of range");
        let expected = "up to 1000 per mille over and 999 under";
        finder.key("tolerance", "tolerance-range", message, expected);
    }
    let implied = kind.legs.iter().flat_map(|leg| leg.from.iter().chain(&leg.to));
    let of_partner = |class: &super::PlaceClass| {
        use super::PlaceClass::{Customer, Subcontractor, Supplier};
        matches!(class, Supplier | Customer | Subcontractor)
    };
    let stated = |field| rules.needs.contains(&field);
    let both = stated(LineField::From) && stated(LineField::To);
    if moves && !both && implied.clone().any(of_partner) && !kind.needs(HeadField::Partner) {
        let message = String::from("lines go to or from a partner whom nothing names");
        finder.key("needs", "partner-missing", message, "\"partner\" among what the head needs");
    }
}

fn links(finder: &mut Finder<'_>, kind: &KindDefinition) {
    let mut seen = BTreeSet::new();
    for (position, rule) in kind.links.iter().enumerate() {
        if !seen.insert((rule.to, rule.by_line)) {
            let message = format!("links to a {} have two rules", rule.to.words());
            finder.list(("links", position, "to"), "duplicate-link", message, "one rule each");
        }
        if rule.max == 0 || rule.min > rule.max {
            let message = format!("from {} to {} links", rule.min, rule.max);
            let expected = "min at most max, and max at least 1";
            finder.list(("links", position, "max"), "links-range", message, expected);
        }
        if rule.fulfils && rule.to == kind.kind {
            let message = String::from("a document does not fulfil one of its own kind");
            finder.list(("links", position, "fulfils"), "fulfils-itself", message, "false");
        }
    }
    if kind.links.len() > LINK_RULES_MAX {
        let message = format!("more than {LINK_RULES_MAX} rules for links");
        finder.key("links", "too-many", message, "fewer");
    }
}

fn special(finder: &mut Finder<'_>, kind: &KindDefinition) {
    let (is_count, is_inspection) =
        (kind.kind == DocumentKind::CountOrder, kind.kind == DocumentKind::Inspection);
    match &kind.count {
        Some(_) if !is_count => {
            let message = format!("a {} is not counted", kind.kind.words());
            finder.key("count", "count-unused", message, "no `count`: only a count order has it");
        }
        None if is_count => {
            let message = String::from("nothing says how it is counted");
            finder.key("count", "count-missing", message, "count = { blind = true, … }");
        }
        Some(rules) if rules.recounts_max > RECOUNTS_MAX || rules.tolerance_permille > 1_000 => {
            let expected = format!("at most {RECOUNTS_MAX} recounts and 1000 per mille");
            finder.key("count", "count-range", "a count out of range".into(), &expected);
        }
        Some(_) if kind.amend == Amend::InExecution => {
            let message = String::from("a count that runs is not amended");
            finder.key("amend", "amend-counted", message, "draft or approved");
        }
        _ => {}
    }
    match &kind.sampling {
        Some(_) if !is_inspection => {
            let message = format!("a {} is not sampled", kind.kind.words());
            finder.key(
                "sampling",
                "sampling-unused",
                message,
                "no `sampling`: only an inspection has it",
            );
        }
        Some(rules) if rules.outcomes.is_empty() => {
            let message = String::from("an inspection that can end in nothing");
            finder.key("sampling", "outcomes-missing", message, "at least accept and reject");
        }
        None if is_inspection => {
            let message = String::from("nothing says how it is sampled");
            let expected = "sampling = { level = \"II\", aql = \"1.0\" }";
            finder.key("sampling", "sampling-missing", message, expected);
        }
        _ => {}
    }
}
