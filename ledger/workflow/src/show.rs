//! Drawings of a definition, with how a running one stands where it is given: as text and as SVG.
//!
//! Made for people who do not write code: a column of cards from top to bottom, branches and lanes beside
//! each other, each card saying who is asked, what he signs and what time does.

mod picture;
mod words;

use std::collections::BTreeMap;

use gatewarden_model::NodeId;

pub use picture::svg;
pub use words::text;

use crate::{Approve, Instance, Mode, Phase, Workflow};

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It has what it needs.
    Done,
    /// It waits for somebody.
    Waiting,
    /// Somebody said no.
    Stopped,
}

/// What is told of a step beside its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How it stands.
    pub tone: Tone,
    /// In words, one a line.
    pub lines: Vec<String>,
}

/// What a card says of an approving step, line by line.
pub(crate) fn told(node: &Approve) -> Vec<String> {
    let who: Vec<String> = node
        .approvers
        .iter()
        .map(|who| match node.weights.get(who) {
            Some(weight) => format!("{} (weighs {weight})", who.words()),
            None => who.words(),
        })
        .collect();
    let how = match node.mode {
        Mode::AnyOne => "any one of".to_owned(),
        Mode::All => "all of".to_owned(),
        Mode::AllInOrder => "one after the other".to_owned(),
        Mode::Quorum => format!("votes that weigh {} of", node.threshold),
    };
    let mut lines = vec![format!("{how}: {}", who.join(", "))];
    if !node.signs.is_empty() {
        lines.push(format!("signs: {}", node.signs.join(", ")));
    }
    if !node.distinct_from.is_empty() {
        let others: Vec<&str> = node.distinct_from.iter().map(NodeId::as_str).collect();
        lines.push(format!("nobody who signed {}", others.join(", ")));
    }
    if node.remind_after_h > 0 {
        lines.push(format!("reminded every {} working hours", node.remind_after_h));
    }
    if node.escalate_after_h > 0 {
        let to: Vec<String> = node.escalate_to.iter().map(crate::Who::words).collect();
        let hours = node.escalate_after_h;
        lines.push(format!("after {hours} working hours also: {}", to.join(", then ")));
    }
    lines
}

/// A condition that may stand on several lines, on one.
pub(crate) fn one_line(condition: &str) -> String {
    condition.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The heading of a drawing.
pub(crate) fn heading(workflow: &Workflow) -> Vec<String> {
    let kinds: Vec<&str> = workflow.kinds.iter().map(|kind| kind.words()).collect();
    let fallback: Vec<String> = workflow.fallback.iter().map(crate::Who::words).collect();
    let mut lines = vec![
        format!("for: {}", kinds.join(", ")),
        format!("where nobody is found: {}", fallback.join(", ")),
    ];
    if workflow.once {
        lines.push("who signed a version once need not again".to_owned());
    }
    lines
}

impl Instance {
    /// How each step of the way stands, for a drawing.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<NodeId, Mark> {
        let waiting: BTreeMap<_, _> =
            self.waiting().into_iter().map(|(node, who)| (node.name.clone(), who)).collect();
        let mark = |node: &Approve| {
            let seating = self.seatings.get(&node.name)?;
            let decided = seating.live().filter_map(|(_, seat)| seat.decision.as_ref());
            let mut lines: Vec<String> = decided
                .map(|d| {
                    let mark =
                        if d.verdict == gatewarden_model::Verdict::Approve { "✓" } else { "✗" };
                    let of = if d.by == d.of { String::new() } else { format!(" for {}", d.of) };
                    format!("{mark} {}{of}", d.by)
                })
                .collect();
            if let Some(who) = waiting.get(&node.name) {
                let who: Vec<&str> = who.iter().map(|who| who.as_str()).collect();
                let who =
                    if who.is_empty() { "nobody is found".to_owned() } else { who.join(", ") };
                lines.push(format!("… {who}"));
            }
            let tone = match (seating.passed, self.phase) {
                (true, _) => Tone::Done,
                (false, Phase::Rejected) => Tone::Stopped,
                (false, _) => Tone::Waiting,
            };
            Some((node.name.clone(), Mark { tone, lines }))
        };
        self.way().into_iter().filter_map(mark).collect()
    }
}
