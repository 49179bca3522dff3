//! What an inspection decides about a lot: accept, reject, rework, concession.
//!
//! Invariants: the four add up to the lot; what was found bad is not accepted; what the sample does not
//! accept is accepted only when every piece was looked at. Absent: where the pieces go, which is the movement's.

use gatewarden_model::{DocumentContent, DocumentLine};
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::{
    Fact, Facts, PlanError,
    bom::{number, text},
    error::keep,
    fact::facts,
};

/// What was inspected and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Pieces of the lot.
    pub lot: i64,
    /// Pieces inspected.
    pub inspected: i64,
    /// Bad ones among them.
    pub nonconforming: i64,
}

/// What is decided, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Free for use.
    pub accept: i64,
    /// Back to the supplier, or scrap.
    pub reject: i64,
    /// To be made right, and inspected again.
    pub rework: i64,
    /// Taken as it is, although it is not as it should be.
    pub concession: i64,
    /// Why, where there is a concession.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reads an inspection; all mistakes at once. Fields of the document: `lot-size` (the sum of the lines where it
/// is left out), `inspected` (the plan's sample), `defects` (0). Each line decides about its quantity by the
/// field `outcome`: `accept`, `reject`, `rework` or `concession`, the last with its reason in `finding`.
pub fn read(
    content: &DocumentContent,
    plan_of: impl FnOnce(i64) -> Result<Plan, PlanError>,
) -> Result<(Plan, Finding, Outcome), Vec<PlanError>> {
    let (mut mistakes, mut outcome) = (Vec::new(), Outcome::default());
    for (index, line) in content.lines.iter().enumerate() {
        keep(&mut mistakes, decide(&mut outcome, index, line));
    }
    let sum = content.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.quantity));
    let whole = |name, default| number(&content.custom, "custom", name, default);
    let lot = keep(&mut mistakes, whole("lot-size", sum));
    let plan = lot.and_then(|lot| keep(&mut mistakes, plan_of(lot)));
    let sample = plan.map_or(0, |plan| plan.sample);
    let inspected = keep(&mut mistakes, whole("inspected", sample));
    let nonconforming = keep(&mut mistakes, whole("defects", 0));
    match (plan, lot, inspected, nonconforming) {
        (Some(plan), Some(lot), Some(inspected), Some(nonconforming)) if mistakes.is_empty() => {
            Ok((plan, Finding { lot, inspected, nonconforming }, outcome))
        }
        _ => Err(mistakes),
    }
}

/// Adds what a line decides.
fn decide(outcome: &mut Outcome, index: usize, line: &DocumentLine) -> Result<(), PlanError> {
    let part = match text(&line.custom, "outcome") {
        Some("accept") => &mut outcome.accept,
        Some("reject") => &mut outcome.reject,
        Some("rework") => &mut outcome.rework,
        Some("concession") => {
            let reason = text(&line.custom, "finding").map(str::to_owned);
            outcome.reason = outcome.reason.take().or(reason);
            &mut outcome.concession
        }
        _ => {
            let message = "decide on accept, reject, rework or concession";
            let field = format!("lines[{index}].custom.outcome");
            return Err(PlanError::rule("outcome-missing", field, message));
        }
    };
    if line.quantity < 0 {
        let message = format!("{} of {}: state 0 or more", line.quantity, line.item);
        let field = format!("lines[{index}].quantity");
        return Err(PlanError::rule("quantity-impossible", field, message));
    }
    *part = part.checked_add(line.quantity).ok_or_else(|| PlanError::overflow(&line.item))?;
    Ok(())
}

/// Checks what is decided against plan and finding; all mistakes at once. The facts: `lot_accepted`,
/// `nonconforming`, `rejected`, `rework`, `concession`, `concession_permille` (of the lot, rounded up).
pub fn judge(plan: &Plan, found: Finding, outcome: &Outcome) -> Result<Facts, Vec<PlanError>> {
    let mut mistakes = impossible(found, outcome);
    if mistakes.is_empty() {
        mistakes.extend(against_plan(plan, found, outcome));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let accepted = found.nonconforming <= i64::from(plan.accept);
    let share = (i128::from(outcome.concession) * 1_000 + i128::from(found.lot) - 1)
        / i128::from(found.lot.max(1));
    Ok(facts([
        ("lot_accepted", Fact::Truth(accepted)),
        ("nonconforming", Fact::Integer(found.nonconforming)),
        ("rejected", Fact::Integer(outcome.reject)),
        ("rework", Fact::Integer(outcome.rework)),
        ("concession", Fact::Integer(outcome.concession)),
        ("concession_permille", Fact::Integer(i64::try_from(share).unwrap_or(1_000))),
    ]))
}

fn impossible(found: Finding, outcome: &Outcome) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let mut say = |code, field: &str, message: String| {
        mistakes.push(PlanError::rule(code, field, message));
    };
    let Finding { lot, inspected, nonconforming } = found;
    let parts = [
        ("accept", outcome.accept),
        ("reject", outcome.reject),
        ("rework", outcome.rework),
        ("concession", outcome.concession),
    ];
    if lot <= 0 {
        say("quantity-impossible", "lot", format!("a lot of {lot}: state more than 0"));
    }
    if !(0..=lot).contains(&inspected) {
        let message = format!("{inspected} inspected of a lot of {lot}");
        say("quantity-impossible", "inspected", message);
    }
    if !(0..=inspected).contains(&nonconforming) {
        let message = format!("{nonconforming} bad ones among {inspected} inspected");
        say("quantity-impossible", "nonconforming", message);
    }
    for (name, part) in parts.iter().filter(|(_, part)| *part < 0) {
        say("quantity-impossible", name, format!("{part}: state 0 or more"));
    }
    let sum: i128 = parts.iter().map(|(_, part)| i128::from(*part)).sum();
    let over = sum - i128::from(lot);
    if over != 0 {
        let (by, way) = (over.abs(), if over > 0 { "more" } else { "less" });
        let message =
            format!("accept, reject, rework and concession are {by} {way} than the lot of {lot}");
        say("quantities-not-the-lot", "accept", message);
    }
    if outcome.concession > 0 && outcome.reason.as_ref().is_none_or(|r| r.trim().is_empty()) {
        let message = "say why it is taken although it is not as it should be".to_owned();
        say("concession-without-reason", "reason", message);
    }
    mistakes
}

fn against_plan(plan: &Plan, found: Finding, outcome: &Outcome) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let Finding { lot, inspected, nonconforming } = found;
    if inspected < plan.sample {
        let message = format!("{inspected} inspected, the plan asks for {}", plan.sample);
        mistakes.push(PlanError::rule("sample-short", "inspected", message));
    }
    let good = lot - nonconforming;
    if outcome.accept > good {
        let message = format!(
            "{} accepted, but {nonconforming} of {lot} are bad: accept {good}",
            outcome.accept
        );
        mistakes.push(PlanError::rule("bad-accepted", "accept", message));
    }
    let refused = nonconforming >= i64::from(plan.reject);
    if refused && outcome.accept > 0 && inspected < lot {
        let message = format!(
            "{nonconforming} bad ones, {} reject the lot: inspect every piece, or decide on reject, \
             rework or concession",
            plan.reject
        );
        mistakes.push(PlanError::rule("lot-not-accepted", "accept", message));
    }
    mistakes
}
