//! A requisition held against BOM × work order: what is allowed, and what is excess.
//!
//! Allowed of an item is what the work order needs by the proven version, scrap allowance included, less what
//! was issued and did not come back. Substitutes share the need of their group: what one covered, no other
//! covers again. Lines are taken in their order, so lines of one item share what is allowed. Invariants:
//! allowed + excess = asked, of every line; nothing is rounded but a need's sum, up, once. Excess is no
//! mistake: it needs a reason, and approval of its own, which the facts ask for.

mod needs;

use std::collections::BTreeMap;

use gatewarden_model::{Day, DocumentContent, DocumentLine, ItemId};
use serde::Serialize;

use crate::{BomVersion, Boms, Fact, Facts, PlanError, bom::text, fact::facts};
pub(crate) use needs::Needs;
pub use needs::STEPS_MAX;

/// What `excess_permille` says where nothing is allowed at all.
pub const EXCESS_PERMILLE_MAX: i64 = 1_000_000;

/// A work order and the proven version that it is made by.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The version.
    pub bom: &'a BomVersion,
    /// All versions, for what is passed through.
    pub boms: &'a Boms,
    /// The day by which they are chosen.
    pub day: Day,
    /// Base units of the product that are to be made.
    pub quantity: i64,
}

/// What went out for a work order so far, and came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Of which item.
    pub item: ItemId,
    /// Base units issued.
    pub issued: i64,
    /// Base units that came back from production.
    pub returned: i64,
}

/// A line of the requisition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its number.
    pub line: u32,
    /// Of what.
    pub item: ItemId,
    /// Base units.
    pub quantity: i64,
    /// Why it is more than the BOM gives, where it is.
    pub reason: Option<String>,
}

/// What an item is to the work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Planned by the BOM.
    Planned,
    /// May be taken in place of a planned one.
    SubstituteOf(ItemId),
    /// Not in the BOM.
    NotInBom,
}

impl Asked {
    /// The lines of a requisition; the reason is the field `excess-reason` of a line.
    #[must_use]
    pub fn of(content: &DocumentContent) -> Vec<Self> {
        let line = |line: &DocumentLine| Self {
            line: line.line,
            item: line.item.clone(),
            quantity: line.quantity,
            reason: text(&line.custom, "excess-reason").map(str::to_owned),
        };
        content.lines.iter().map(line).collect()
    }
}

/// A line, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its number.
    pub line: u32,
    /// Of what.
    pub item: ItemId,
    /// What it is to the work order.
    pub standing: Standing,
    /// Base units that the whole work order may take of it, scrap allowance included.
    pub standard: i64,
    /// Base units that went out before, less what came back.
    pub issued: i64,
    /// Base units of the line that are allowed.
    pub allowed: i64,
    /// Base units of the line beyond that.
    pub excess: i64,
    /// The excess per mille of the standard, rounded up; [`EXCESS_PERMILLE_MAX`] at most.
    pub excess_permille: i64,
}

/// A requisition, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checking {
    /// The versions that it was checked against, in the order of what is made.
    pub boms: Vec<(ItemId, u32)>,
    /// Line by line.
    pub lines: Vec<Checked>,
}

/// Checks the lines of a requisition for an order that makes `works`, each by its own version; all mistakes at
/// once.
pub fn check_requisition(
    works: &[Work<'_>],
    issued: &[Issued],
    asked: &[Asked],
) -> Result<Checking, Vec<PlanError>> {
    let mut mistakes = impossible(issued, asked);
    if let Some(work) = works.iter().find(|work| work.quantity <= 0) {
        let message =
            format!("{} of {} to be made: state more than 0", work.quantity, work.bom.product);
        mistakes.push(PlanError::rule("quantity-impossible", "quantity", message));
        return Err(mistakes);
    }
    let mut needs = match Needs::new(works, true) {
        Ok(needs) if mistakes.is_empty() => needs,
        Ok(_) => return Err(mistakes),
        Err(mistake) => {
            mistakes.push(mistake);
            return Err(mistakes);
        }
    };
    let (lines, reasons) = take_all(&mut needs, issued, asked).map_err(|mistake| vec![mistake])?;
    if reasons.is_empty() {
        let boms = works.iter().map(|work| (work.bom.product.clone(), work.bom.version)).collect();
        Ok(Checking { boms, lines })
    } else {
        Err(reasons)
    }
}

/// Takes what was issued, then line by line what is asked; lines, and those that lack a reason.
fn take_all(
    needs: &mut Needs,
    issued: &[Issued],
    asked: &[Asked],
) -> Result<(Vec<Checked>, Vec<PlanError>), PlanError> {
    let mut before: BTreeMap<&ItemId, i64> = BTreeMap::new();
    for one in issued {
        let net = one.issued - one.returned;
        let sum = before.entry(&one.item).or_insert(0);
        *sum = sum.checked_add(net).ok_or_else(|| PlanError::overflow(&one.item))?;
    }
    for (item, net) in &before {
        needs.take(item, *net)?;
    }
    let (mut lines, mut reasons) = (Vec::new(), Vec::new());
    for (index, line) in asked.iter().enumerate() {
        let excess = needs.take(&line.item, line.quantity)?;
        let standard = needs.standard(&line.item)?;
        let checked = Checked {
            line: line.line,
            item: line.item.clone(),
            standing: needs.standing(&line.item),
            standard,
            issued: before.get(&line.item).copied().unwrap_or(0),
            allowed: line.quantity - excess,
            excess,
            excess_permille: permille(excess, standard),
        };
        let reasoned = line.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if excess > 0 && !reasoned {
            reasons.push(reason_missing(index, &checked, needs));
        }
        lines.push(checked);
    }
    Ok((lines, reasons))
}

fn permille(excess: i64, standard: i64) -> i64 {
    let most = i128::from(EXCESS_PERMILLE_MAX);
    let share = match (excess, standard) {
        (0, _) => 0,
        (_, ..=0) => most,
        _ => {
            let (top, bottom) = (i128::from(excess) * 1_000, i128::from(standard));
            ((top + bottom - 1) / bottom).min(most)
        }
    };
    i64::try_from(share).unwrap_or(EXCESS_PERMILLE_MAX)
}

fn reason_missing(index: usize, line: &Checked, needs: &Needs) -> PlanError {
    let Checked { item, allowed, excess, .. } = line;
    let message = match line.standing {
        Standing::NotInBom => format!(
            "{item} is not in {}: state a reason in excess-reason, or take the line out",
            needs.words()
        ),
        _ => format!(
            "{excess} of {item} more than {} gives ({allowed} allowed): state a reason in \
             excess-reason, or ask for {allowed}",
            needs.words()
        ),
    };
    let field = format!("lines[{index}].custom.excess-reason");
    PlanError::rule("excess-without-reason", field, message)
}

/// What can't be, whatever the BOM says.
fn impossible(issued: &[Issued], asked: &[Asked]) -> Vec<PlanError> {
    let returned =
        issued.iter().filter(|one| one.issued < 0 || one.returned < 0 || one.returned > one.issued);
    let returned = returned.map(|one| {
        let message =
            format!("{} of {} came back, {} went out", one.returned, one.item, one.issued);
        PlanError::rule("return-over-issue", "issued", message)
    });
    let zero = asked.iter().enumerate().filter(|(_, line)| line.quantity <= 0);
    let zero = zero.map(|(index, line)| {
        let message = format!("{} of {}: state more than 0", line.quantity, line.item);
        PlanError::rule("quantity-impossible", format!("lines[{index}].quantity"), message)
    });
    returned.chain(zero).collect()
}

/// Whether so much of an item may come back from production.
pub fn check_return(issued: &Issued, quantity: i64) -> Result<(), PlanError> {
    let out = issued.issued - issued.returned;
    if (1..=out).contains(&quantity) {
        return Ok(());
    }
    let message = format!(
        "{quantity} of {} to come back, {out} are out with production: return 1 to {out}",
        issued.item
    );
    Err(PlanError::rule("return-over-issue", "quantity", message))
}

impl Checking {
    /// Facts for rules and the workflow: `excess` (base units of all lines together), `excess_permille` (the
    /// greatest of a line), `excess_items`, `not_in_bom` (codes), `substitutes` (codes), `bom_version` (the
    /// first).
    #[must_use]
    pub fn facts(&self) -> Facts {
        let excess = self.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.excess));
        let permille = self.lines.iter().map(|line| line.excess_permille).max().unwrap_or(0);
        let codes = |which: &dyn Fn(&Checked) -> bool| {
            let lines = self.lines.iter().filter(|line| which(line));
            let codes: std::collections::BTreeSet<_> = lines.map(|l| l.item.to_string()).collect();
            Fact::Texts(codes.into_iter().collect())
        };
        let substitute = |line: &Checked| matches!(line.standing, Standing::SubstituteOf(_));
        facts([
            ("excess", Fact::Integer(excess)),
            ("excess_permille", Fact::Integer(permille)),
            ("excess_items", codes(&|line| line.excess > 0)),
            ("not_in_bom", codes(&|line| line.standing == Standing::NotInBom)),
            ("substitutes", codes(&substitute)),
            ("bom_version", Fact::Integer(self.boms.first().map_or(0, |bom| bom.1.into()))),
        ])
    }
}
