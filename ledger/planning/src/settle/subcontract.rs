//! The settlement of a subcontract order.
//!
//! Of each component: used = issued − returned − left; the BOM gives a standard for what was received, and
//! an allowance on top for scrap; what is used beyond both is a loss and charged at what it was worth. The
//! fee is that of the price list for what was received; the balance is fee less charges. Invariants: standard
//! use + allowance use + loss = used, of every component; substitutes share the standard of their group.

use std::collections::BTreeMap;

use gatewarden_model::{
    Amount, Custom, Day, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink,
    ItemId,
};
use serde::Serialize;

use super::PriceList;
use crate::{
    Fact, Facts, PlanError,
    bom::put,
    error::keep,
    fact::facts,
    requisition::{Needs, Work},
};

/// What a subcontractor had of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Which.
    pub item: ItemId,
    /// Base units issued to him.
    pub issued: i64,
    /// What those were worth together.
    pub issued_value: Amount,
    /// Base units that came back unused.
    pub returned: i64,
    /// Base units that are still with him, for the next order.
    pub left: i64,
}

/// The order to settle. The quantity of each work is what was received of its product, 0 or more.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Its number.
    pub number: &'a str,
    /// Who made it.
    pub partner: &'a str,
    /// The day whose prices count.
    pub day: Day,
    /// What was received, product by product, and the proven version that each was made by.
    pub works: &'a [Work<'a>],
    /// To how many decimals amounts are rounded.
    pub decimals: u8,
}

/// A component, settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettledLine {
    /// Which.
    pub item: ItemId,
    /// Base units issued less those that came back or are left.
    pub used: i64,
    /// Of those, what the BOM gives.
    pub by_standard: i64,
    /// Of those, what may be spoilt.
    pub by_allowance: i64,
    /// Of those, what is beyond both.
    pub loss: i64,
    /// Base units that the BOM gives and nothing covered: less was used than it says.
    pub saved: i64,
    /// What the loss is worth.
    pub charge: Amount,
}

/// A settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The order's number.
    pub order: String,
    /// Who made it.
    pub partner: String,
    /// Each product, its BOM version, and base units received.
    pub received: Vec<(ItemId, u32, i64)>,
    /// By component.
    pub lines: Vec<SettledLine>,
    /// What he earns.
    pub fee: Amount,
    /// What he owes for losses.
    pub charges: Amount,
    /// Fee less charges; below zero he owes.
    pub balance: Amount,
}

/// Settles an order; all mistakes at once.
pub fn settle(
    order: Order<'_>,
    components: &[Component],
    prices: &PriceList,
) -> Result<Settled, Vec<PlanError>> {
    super::check_count("components", components.len()).map_err(|mistake| vec![mistake])?;
    let mut mistakes = impossible(&order, components);
    let mut fee = Some(Amount::ZERO);
    for work in order.works {
        let (product, received) = (&work.bom.product, work.quantity.max(0));
        let one = prices.cost((order.partner, product), received, order.day, order.decimals);
        let one = keep(&mut mistakes, one);
        fee = fee.zip(one).and_then(|(fee, one)| fee.checked_add(one));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let lines = lines(&order, components).map_err(|mistake| vec![mistake])?;
    let charges: Option<Amount> =
        lines.iter().try_fold(Amount::ZERO, |sum, line| sum.checked_add(line.charge));
    let balance = fee.zip(charges).and_then(|(fee, charges)| fee.checked_sub(charges));
    let (Some(fee), Some(charges), Some(balance)) = (fee, charges, balance) else {
        return Err(vec![PlanError::overflow("balance")]);
    };
    Ok(Settled {
        order: order.number.to_owned(),
        partner: order.partner.to_owned(),
        received: order.works.iter().map(received).collect(),
        lines,
        fee,
        charges,
        balance,
    })
}

fn received(work: &Work<'_>) -> (ItemId, u32, i64) {
    (work.bom.product.clone(), work.bom.version, work.quantity)
}

fn impossible(order: &Order<'_>, components: &[Component]) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let mut say = |code, field: String, message: String| {
        mistakes.push(PlanError::rule(code, field, message));
    };
    for work in order.works.iter().filter(|work| work.quantity < 0) {
        let message = format!("{} received: state 0 or more", work.quantity);
        say("quantity-impossible", "received".into(), message);
    }
    for (index, one) in components.iter().enumerate() {
        let field = format!("components[{index}]");
        let Component { item, issued, returned, left, .. } = one;
        if components.iter().take(index).any(|other| other.item == *item) {
            say("component-twice", field.clone(), format!("{item} stands twice: add the lines up"));
        }
        if *issued < 0 || *returned < 0 || *left < 0 {
            let message = format!("{item}: issued, returned and left are 0 or more");
            say("quantity-impossible", field.clone(), message);
        } else if i128::from(*returned) + i128::from(*left) > i128::from(*issued) {
            let message = format!(
                "{returned} of {item} came back and {left} are left, but {issued} went out: count again"
            );
            say("settlement-negative", field, message);
        }
    }
    mistakes
}

fn lines(order: &Order<'_>, components: &[Component]) -> Result<Vec<SettledLine>, PlanError> {
    let mut standard = Needs::new(order.works, false)?;
    let mut allowed = Needs::new(order.works, true)?;
    let mut lines = BTreeMap::new();
    for one in components {
        let used = one.issued - one.returned - one.left;
        let beyond = standard.take(&one.item, used)?;
        let loss = allowed.take(&one.item, used)?.min(beyond);
        let charge = match loss {
            0 => Some(Amount::ZERO),
            _ => one.issued_value.share(loss, one.issued, order.decimals),
        };
        lines.insert(
            one.item.clone(),
            SettledLine {
                item: one.item.clone(),
                used,
                by_standard: used - beyond,
                by_allowance: beyond - loss,
                loss,
                saved: 0,
                charge: charge.ok_or_else(|| PlanError::overflow(&one.item))?,
            },
        );
    }
    for (item, saved) in standard.uncovered()? {
        let none = || SettledLine {
            item: item.clone(),
            used: 0,
            by_standard: 0,
            by_allowance: 0,
            loss: 0,
            saved: 0,
            charge: Amount::ZERO,
        };
        lines.entry(item.clone()).or_insert_with(none).saved = saved;
    }
    Ok(lines.into_values().collect())
}

impl Settled {
    /// Facts for rules and the workflow: `loss_items` (codes), `loss_value` (ten-thousandths), `loss_permille`
    /// (the greatest of a component, of what the BOM gives with its allowance; rounded up), `fee`, `balance`.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let losing: Vec<&SettledLine> = self.lines.iter().filter(|line| line.loss > 0).collect();
        let permille = |line: &&SettledLine| {
            let given = i128::from((line.used - line.loss).max(1));
            let share = (i128::from(line.loss) * 1_000 + given - 1) / given;
            i64::try_from(share).unwrap_or(i64::MAX)
        };
        facts([
            ("loss_items", Fact::Texts(losing.iter().map(|line| line.item.to_string()).collect())),
            ("loss_value", Fact::Integer(self.charges.units())),
            ("loss_permille", Fact::Integer(losing.iter().map(permille).max().unwrap_or(0))),
            ("fee", Fact::Integer(self.fee.units())),
            ("balance", Fact::Integer(self.balance.units())),
        ])
    }

    /// The draft of the settlement: a line for each component that was used, whose amount is what is
    /// charged; `by-standard`, `by-allowance` and `loss` are fields of it, `made` (product, version and quantity
    /// of each, such as `PUMP-100/1 x 2`), `fee`, `charges` and `balance` of the whole.
    #[must_use]
    pub fn to_content(&self, number: &str, day: Day) -> DocumentContent {
        let line = |(index, line): (usize, &SettledLine)| {
            let mut custom = Custom::new();
            put(&mut custom, "by-standard", Some(line.by_standard.to_string()));
            put(&mut custom, "by-allowance", Some(line.by_allowance.to_string()));
            put(&mut custom, "loss", Some(line.loss.to_string()));
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let plain = DocumentLine::new(number, line.item.clone(), line.used);
            DocumentLine { amount: Some(line.charge), custom, ..plain }
        };
        let mut custom = Custom::new();
        let made = self.received.iter();
        let made: Vec<_> = made
            .map(|(product, version, count)| format!("{product}/{version} x {count}"))
            .collect();
        put(&mut custom, "made", Some(made.join(", ")));
        put(&mut custom, "fee", Some(self.fee.to_string()));
        put(&mut custom, "charges", Some(self.charges.to_string()));
        put(&mut custom, "balance", Some(self.balance.to_string()));
        let document =
            Document { kind: DocumentKind::SubcontractOrder, number: self.order.clone() };
        let used = self.lines.iter().filter(|line| line.used > 0);
        let settlement =
            Document { kind: DocumentKind::SubcontractSettlement, number: number.to_owned() };
        DocumentContent {
            partner: Some(self.partner.clone()),
            date: Some(day),
            lines: used.enumerate().map(line).collect(),
            links: vec![DocumentLink { document, line: None, digest: None }],
            custom,
            ..DocumentContent::new(settlement)
        }
    }
}
