//! What differs between two versions, line by line and field by field.
//!
//! Invariants: lines are told apart by their position; no difference means equal but for version and change.

use serde::Serialize;

use super::{BomLine, BomVersion};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BomChange {
    /// At which position; none for what holds for the whole.
    pub position: Option<u32>,
    /// Which field: `component`, `quantity`, `scrap-permille`, `phantom`, `group`, `base`, `effect`, or
    /// `line` where all of it is new or gone.
    pub field: &'static str,
    /// What it was.
    pub old: Option<String>,
    /// What it is to be.
    pub new: Option<String>,
}

/// What differs, by position, the whole first.
#[must_use]
pub fn diff(old: &BomVersion, new: &BomVersion) -> Vec<BomChange> {
    let mut changes = Vec::new();
    let mut note = |position, field, old: Option<String>, new: Option<String>| {
        if old != new {
            changes.push(BomChange { position, field, old, new });
        }
    };
    note(None, "base", Some(old.base.to_string()), Some(new.base.to_string()));
    note(None, "effect", Some(old.effect.words()), Some(new.effect.words()));
    let numbers = old.lines.iter().chain(&new.lines).map(|line| line.position);
    let mut positions: Vec<u32> = numbers.collect();
    positions.sort_unstable();
    positions.dedup();
    for position in positions {
        let at = |bom: &BomVersion| bom.lines.iter().find(|l| l.position == position).cloned();
        match (at(old), at(new)) {
            (Some(one), Some(two)) => {
                for ((field, was), (_, is)) in fields(&one).into_iter().zip(fields(&two)) {
                    note(Some(position), field, was, is);
                }
            }
            (one, two) => {
                let words = |line: Option<BomLine>| line.as_ref().map(line_words);
                note(Some(position), "line", words(one), words(two));
            }
        }
    }
    changes
}

fn fields(line: &BomLine) -> [(&'static str, Option<String>); 5] {
    [
        ("component", Some(line.component.to_string())),
        ("quantity", Some(quantity_words(line))),
        ("scrap-permille", Some(line.scrap.to_string())),
        ("phantom", Some(line.phantom.to_string())),
        ("group", line.group.clone()),
    ]
}

fn quantity_words(line: &BomLine) -> String {
    match line.denominator {
        1 => line.quantity.to_string(),
        denominator => format!("{}/{denominator}", line.quantity),
    }
}

/// A whole line: `SCREW 4, scrap 20 ‰, phantom, group x`.
fn line_words(line: &BomLine) -> String {
    let mut words = format!("{} {}", line.component, quantity_words(line));
    if line.scrap > 0 {
        words.push_str(&format!(", scrap {} ‰", line.scrap));
    }
    if line.phantom {
        words.push_str(", phantom");
    }
    if let Some(group) = &line.group {
        words.push_str(&format!(", group {group}"));
    }
    words
}
