//! What is wrong with one version by itself.
//!
//! Absent: what it is together with others (`boms`, `descend`).

use gatewarden_model::DOCUMENT_LINES_MAX;

use super::{BomLine, BomVersion, GROUP_BYTES_MAX, PARTS_MAX, SCRAP_PERMILLE_MAX};
use crate::PlanError;

pub(super) fn head(bom: &BomVersion) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    if !(1..=PARTS_MAX).contains(&bom.base) {
        let message = format!("{} products: state the lines for 1 to {PARTS_MAX}", bom.base);
        mistakes.push(PlanError::rule("bom-base", "custom.base", message));
    }
    if bom.lines.is_empty() {
        let message = format!("{} is made of nothing: state its components", bom.product);
        mistakes.push(PlanError::rule("bom-empty", "lines", message));
    }
    if bom.lines.len() > DOCUMENT_LINES_MAX {
        let message = format!(
            "{} lines, at most {DOCUMENT_LINES_MAX}: make assemblies of their own",
            bom.lines.len()
        );
        mistakes.push(PlanError::rule("bom-lines", "lines", message));
    }
    mistakes.extend(bom.effect.mistake());
    mistakes
}

pub(super) fn line(bom: &BomVersion, index: usize, line: &BomLine) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let mut say = |code, field: &str, message: String| {
        mistakes.push(PlanError::rule(code, format!("lines[{index}].{field}"), message));
    };
    if line.quantity <= 0 {
        let message = format!("{} of {}: state more than 0", line.quantity, line.component);
        say("bom-quantity", "quantity", message);
    }
    if !(1..=PARTS_MAX).contains(&line.denominator) {
        let message = format!("{} is no denominator: state 1 to {PARTS_MAX}", line.denominator);
        say("bom-denominator", "custom.denominator", message);
    }
    if line.scrap > SCRAP_PERMILLE_MAX {
        let message = format!("{} ‰ may be spoilt: state 0 to {SCRAP_PERMILLE_MAX}", line.scrap);
        say("bom-scrap", "custom.scrap-permille", message);
    }
    if let Some(group) = &line.group {
        group_mistakes(bom, index, line, group, &mut say);
    }
    if line.component == bom.product {
        mistakes.push(PlanError::Cycle(vec![bom.product.clone(), bom.product.clone()]));
    }
    mistakes
}

fn group_mistakes(
    bom: &BomVersion,
    index: usize,
    line: &BomLine,
    group: &str,
    say: &mut impl FnMut(&'static str, &str, String),
) {
    let well_formed = (1..=GROUP_BYTES_MAX).contains(&group.len())
        && group.trim() == group
        && !group.chars().any(char::is_control);
    if !well_formed {
        let message = format!("name the group in 1 to {GROUP_BYTES_MAX} printable bytes");
        say("bom-group", "custom.group", message);
    }
    if line.phantom {
        let message = format!(
            "{} is a phantom and has a group: give the group to its own components",
            line.component
        );
        say("bom-phantom-group", "custom.group", message);
    }
    let same = |other: &BomLine| other.group == line.group && other.component == line.component;
    if bom.lines.iter().take(index).any(same) {
        let message = format!("{} is in group {group} already: keep one line", line.component);
        say("bom-group-twice", "item", message);
    }
}
