//! Finance vouchers: which accounts a movement's value goes to.
//!
//! Pure data: a mapping by kind of movement, of a class or an item where it names one, and what it
//! makes of values. A voucher is always balanced. What stays in stock, as a transfer does, and what
//! has no value gives no voucher; a kind that the mapping leaves out gives none either.

use std::collections::BTreeMap;

use gatewarden_model::{
    Amount, ItemClass, ItemId, Module, Movement, MovementKind, MovementLine, Revaluation,
    VoucherLine,
};

use crate::{error::StockError, stock::Stock};

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountsFor {
    /// Movements of a kind, and what revalues them later.
    Kind(MovementKind),
    /// What was paid beside the price of a receipt.
    LandedCost,
}

/// Debit and credit of one kind, in its own direction: kinds of the module inbound bring stock in,
/// all others take it out. A line the other way (a surplus counted, a reversal) exchanges them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRule {
    /// What it is for.
    pub of: AccountsFor,
    /// Only for items of this class.
    pub class: Option<ItemClass>,
    /// Only for this item.
    pub item: Option<ItemId>,
    /// The account debited.
    pub debit: String,
    /// The account credited.
    pub credit: String,
}

/// The mapping from movements to accounts. The most precise rule counts: the item's, else the
/// class's, else the kind's; of equally precise ones the first.
#[derive(Debug, Clone, Default)]
pub struct Accounts(Vec<AccountRule>);

/// A voucher in the making: what each account gets.
#[derive(Default)]
struct Sums(BTreeMap<String, i128>);

impl FromIterator<AccountRule> for Accounts {
    fn from_iter<I: IntoIterator<Item = AccountRule>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

impl Accounts {
    fn rule(&self, of: AccountsFor, item: &ItemId, class: ItemClass) -> Option<&AccountRule> {
        let fits = |rule: &&AccountRule| {
            rule.of == of
                && rule.item.as_ref().is_none_or(|i| i == item)
                && rule.class.is_none_or(|c| c == class)
        };
        let precise = |rule: &&AccountRule| (rule.item.is_some(), rule.class.is_some());
        // The first of the most precise: `max_by_key` would take the last.
        self.0.iter().rev().filter(fits).max_by_key(precise)
    }
}

impl Stock {
    /// The voucher of a priced movement, its revaluations with it. The histories of the items that
    /// it revalues must be known.
    pub fn voucher(
        &self,
        accounts: &Accounts,
        movement: &Movement,
    ) -> Result<Vec<VoucherLine>, StockError> {
        let mut sums = Sums::default();
        for line in &movement.lines {
            let value = line.value.unwrap_or_default();
            self.book(&mut sums, accounts, movement.kind, line, value);
        }
        self.book_revalues(&mut sums, accounts, &movement.lines, &movement.revalues)?;
        sums.lines()
    }

    /// The voucher of a landed cost on a receipt, with what it revalues.
    pub fn voucher_of_landed(
        &self,
        accounts: &Accounts,
        receipt: gatewarden_model::MovementId,
        amounts: &[Amount],
        revalues: &[Revaluation],
    ) -> Result<Vec<VoucherLine>, StockError> {
        let (_, movement) = self.original("movement", receipt)?;
        let mut sums = Sums::default();
        for (line, amount) in movement.lines.iter().zip(amounts) {
            let class = self.item(&line.item).map(|item| item.class).unwrap_or_default();
            if let Some(rule) = accounts.rule(AccountsFor::LandedCost, &line.item, class) {
                sums.add(&rule.debit, &rule.credit, *amount);
            }
        }
        self.book_revalues(&mut sums, accounts, &movement.lines, revalues)?;
        sums.lines()
    }

    /// Books one line's value, or what is added to it.
    fn book(
        &self,
        sums: &mut Sums,
        accounts: &Accounts,
        kind: MovementKind,
        line: &MovementLine,
        value: Amount,
    ) {
        let into = line.to.holds_stock();
        if into == line.from.holds_stock() {
            return;
        }
        let class = self.item(&line.item).map(|item| item.class).unwrap_or_default();
        let Some(rule) = accounts.rule(AccountsFor::Kind(kind), &line.item, class) else { return };
        if into == (kind.module() == Module::Inbound) {
            sums.add(&rule.debit, &rule.credit, value);
        } else {
            sums.add(&rule.credit, &rule.debit, value);
        }
    }

    /// Books what is added to earlier lines of the items of `lines`.
    fn book_revalues(
        &self,
        sums: &mut Sums,
        accounts: &Accounts,
        lines: &[MovementLine],
        revalues: &[Revaluation],
    ) -> Result<(), StockError> {
        use gatewarden_model::Body;
        if revalues.is_empty() {
            return Ok(());
        }
        let mut earlier: BTreeMap<u64, &Movement> = BTreeMap::new();
        for line in lines {
            for entry in self.look_history(&line.item)? {
                if let Body::Moved { movement, .. } = &entry.body {
                    earlier.insert(entry.seq, movement);
                }
            }
        }
        for Revaluation { seq, position, delta } in revalues {
            let movement = earlier.get(seq);
            let line = movement.and_then(|m| Some((m.kind, m.lines.get(*position as usize)?)));
            let (kind, line) =
                line.ok_or_else(|| StockError::unknown(format_args!("entry {seq}")))?;
            self.book(sums, accounts, kind, line, *delta);
        }
        Ok(())
    }
}

impl Sums {
    fn add(&mut self, debit: &str, credit: &str, amount: Amount) {
        *self.0.entry(debit.to_owned()).or_default() += i128::from(amount.units());
        *self.0.entry(credit.to_owned()).or_default() -= i128::from(amount.units());
    }

    fn lines(self) -> Result<Vec<VoucherLine>, StockError> {
        let sums = self.0.into_iter().filter(|(_, units)| *units != 0);
        let line = |(account, units): (String, i128)| {
            let amount = i64::try_from(units).map(Amount::from_units).map_err(|_| {
                let message = format!("account {account} would exceed 64 bits: split the document");
                StockError::rule("quantity-overflow", "voucher", message)
            })?;
            Ok(VoucherLine { account, amount })
        };
        sums.map(line).collect()
    }
}
