//! The rules that hold for an entry by itself, and how numbers stand in the tables. Pure.

use gatewarden_model::{Amount, Body, Entry, Movement, entry::ENTRY_VERSION};

/// The movement that an entry is, if it is one.
pub(crate) fn movement(entry: &Entry) -> Option<&Movement> {
    match &entry.body {
        Body::Moved { movement, .. } => Some(movement),
        _ => None,
    }
}

/// A sequence as SQLite counts: it never reaches 2^63.
pub(crate) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A sequence or count out of a row. A negative one is an error, not a wrapped number.
pub(crate) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

/// The rules that hold for an entry by itself. An error is the broken rule, in words.
pub(crate) fn check_entry(entry: &Entry) -> Result<(), String> {
    if entry.v != ENTRY_VERSION {
        return Err(format!("its version is {}, this program writes {ENTRY_VERSION}", entry.v));
    }
    check_voucher(&entry.body)?;
    let Some(movement) = movement(entry) else { return Ok(()) };
    if movement.lines.is_empty() && movement.counts.is_empty() {
        return Err(format!("movement {} has no lines", movement.id));
    }
    movement.lines.iter().try_for_each(|line| {
        let place = format!("movement {} line {}", movement.id, line.line);
        if line.quantity <= 0 {
            return Err(format!("{place}: quantity {} is not more than zero", line.quantity));
        }
        if line.from == line.to && line.from_bucket() == line.to_bucket() {
            return Err(format!("{place}: it goes from {} to itself", line.from));
        }
        if line.lot.as_deref() == Some("") {
            return Err(format!("{place}: the lot is empty; leave it out where there is none"));
        }
        Ok(())
    })
}

/// Debits and credits are equal, and no more than the value that the entry moves or changes.
fn check_voucher(body: &Body) -> Result<(), String> {
    let (id, voucher, amounts): (_, _, Vec<Amount>) = match body {
        Body::Moved { movement, .. } => {
            let values = movement.lines.iter().filter_map(|line| line.value);
            let deltas = movement.revalues.iter().map(|change| change.delta);
            (movement.id, &movement.voucher, values.chain(deltas).collect())
        }
        Body::CostLanded { movement, voucher, amounts, revalues, .. } => {
            let deltas = revalues.iter().map(|change| change.delta);
            (*movement, voucher, amounts.iter().copied().chain(deltas).collect())
        }
        _ => return Ok(()),
    };
    let units = |amount: &Amount| i128::from(amount.units());
    let rest: i128 = voucher.iter().map(|line| units(&line.amount)).sum();
    if rest != 0 {
        return Err(format!(
            "the voucher of {id} does not balance: {rest} ten-thousandths are left"
        ));
    }
    let debits: i128 = voucher.iter().map(|line| units(&line.amount).max(0)).sum();
    let moved: i128 = amounts.iter().map(|amount| units(amount).abs()).sum();
    if debits > moved {
        return Err(format!("the voucher of {id} books more than the value that it moves"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use gatewarden_model::{
        Action, Actor, Decision, Document, DocumentKind, Hash, Module, MovementId, VoucherLine,
    };

    use super::*;

    #[test]
    fn a_voucher_balances_and_books_no_more_than_what_moved() {
        let told = |lines: &[(&str, &str)]| {
            let line = |(account, amount): &(&str, &str)| VoucherLine {
                account: (*account).to_owned(),
                amount: amount.parse().unwrap(),
            };
            let decision = Decision {
                allowed: true,
                action: Action::Modify,
                module: Module::Price,
                policies: vec![],
                version: Hash::of(b"policies"),
                errors: vec![],
                facts: Default::default(),
            };
            let landed = Body::CostLanded {
                movement: MovementId(uuid::Uuid::nil()),
                document: Document { kind: DocumentKind::PurchaseOrder, number: "1".to_owned() },
                amounts: vec!["5".parse().unwrap()],
                revalues: vec![],
                voucher: lines.iter().map(line).collect(),
                by: Actor::Daemon,
                decision,
            };
            check_voucher(&landed).err().unwrap_or_default()
        };
        let nil = uuid::Uuid::nil();
        assert_eq!(told(&[]), "");
        assert_eq!(told(&[("1405", "5"), ("2202", "-5")]), "");
        assert_eq!(
            told(&[("1405", "5"), ("2202", "-4.9999")]),
            format!("the voucher of {nil} does not balance: 1 ten-thousandths are left")
        );
        assert_eq!(
            told(&[("1405", "6"), ("2202", "-6")]),
            format!("the voucher of {nil} books more than the value that it moves")
        );
    }
}
