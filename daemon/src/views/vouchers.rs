//! The finance vouchers of movements and of landed cost: who shall be debited and credited how much,
//! on which day, for which document. Balanced each, as the journal says them. On a shared ledger they
//! are those of this gateway's lane: each gateway books what it recorded.

use gatewarden_model::{
    Body, Day, Entry, Field, FieldRights, Mask, Masked, MovementId, VoucherLine,
};
use gatewarden_store::{BookedDays, LedgerReader, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::plain::cell;

/// Most vouchers of one answer.
pub(crate) const VOUCHERS_MAX: usize = 10_000;

/// One voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Voucher {
    /// The entry that says it: its number for ever.
    pub(crate) seq: u64,
    /// The day it counts for.
    #[schema(value_type = String)]
    pub(crate) day: Day,
    /// The day it was recorded on; later than `day` for an entry made late.
    #[schema(value_type = String)]
    pub(crate) recorded: Day,
    /// The kind of movement, or `landed-cost`.
    pub(crate) kind: &'static str,
    /// The movement.
    #[schema(value_type = String)]
    pub(crate) movement: MovementId,
    /// The document's number.
    pub(crate) document: String,
    /// Debits (positive) and credits (negative); they add up to nothing.
    #[schema(value_type = Vec<Object>)]
    pub(crate) lines: Vec<VoucherLine>,
}

impl Mask for Voucher {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { seq: _, day: _, recorded: _, kind: _, movement: _, document: _, lines } = self;
        if !rights.sees(&Field::Cost) {
            lines.clear();
        }
    }
}

/// The vouchers that count for days from `from` to `to`, in journal order, at most `VOUCHERS_MAX`
/// and whether there are more.
pub(crate) fn between(
    ledger: &LedgerReader,
    from: Option<Day>,
    to: Option<Day>,
    offset_min: i32,
) -> Result<(Vec<Voucher>, bool), StoreError> {
    let (mut found, mut more) = (Vec::new(), false);
    ledger.booked(BookedDays { from, to, offset_min }, |day, entry| {
        if let Some(voucher) = voucher(day, entry, offset_min) {
            more = found.len() == VOUCHERS_MAX;
            if !more {
                found.push(voucher);
            }
        }
        !more
    })?;
    Ok((found, more))
}

/// The voucher of an entry that counts for a day, if it has one.
fn voucher(day: Day, entry: Entry, offset_min: i32) -> Option<Voucher> {
    let (seq, recorded) = (entry.seq, Day::of(&entry.at, offset_min));
    let voucher = match entry.body {
        Body::Moved { movement, .. } => Voucher {
            seq,
            day,
            recorded,
            kind: movement.kind.name(),
            movement: movement.id,
            document: movement.document.number,
            lines: movement.voucher,
        },
        Body::CostLanded { movement, document, voucher: lines, .. } => Voucher {
            seq,
            day,
            recorded,
            kind: "landed-cost",
            movement,
            document: document.number,
            lines,
        },
        _ => return None,
    };
    (!voucher.lines.is_empty()).then_some(voucher)
}

/// As comma-separated values (RFC 4180) with a header, one line of a voucher a row.
pub(crate) fn csv(vouchers: &Masked<Vec<Voucher>>) -> String {
    let vouchers = vouchers.get();
    let mut text = String::from("seq,day,recorded,kind,movement,document,account,debit,credit\r\n");
    for voucher in vouchers {
        let Voucher { seq, day, recorded, kind, movement, .. } = voucher;
        let document = field(&voucher.document);
        for line in &voucher.lines {
            let account = field(&line.account);
            let amount = line.amount;
            let (debit, credit) = if amount.units() >= 0 {
                (amount.to_string(), String::new())
            } else {
                let credit = amount.checked_neg().unwrap_or(amount);
                (String::new(), credit.to_string())
            };
            text.push_str(&format!(
                "{seq},{day},{recorded},{kind},{movement},{document},{account},{debit},{credit}\r\n"
            ));
        }
    }
    text
}

/// A text as one field. One that a spreadsheet would take for a formula gets an apostrophe before it.
pub(crate) fn field(text: &str) -> String {
    let text = cell(text);
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn a_voucher_is_a_row_a_line_and_no_text_breaks_out_of_its_field() {
        let line = |account: &str, amount: &str| VoucherLine {
            account: account.into(),
            amount: amount.parse().unwrap(),
        };
        let voucher = Voucher {
            seq: 7,
            day: "2026-11-01".parse().unwrap(),
            recorded: "2026-11-22".parse().unwrap(),
            kind: "issue",
            movement: "01a2008e-d964-7646-9ece-a19b19b8cac7".parse().unwrap(),
            document: "=cmd, \"x\"".into(),
            lines: vec![line("5001", "12.5"), line("1403", "-12.5")],
        };
        let expect = "seq,day,recorded,kind,movement,document,account,debit,credit\r\n\
            7,2026-11-01,2026-11-22,issue,01a2008e-d964-7646-9ece-a19b19b8cac7,\
            \"'=cmd, \"\"x\"\"\",5001,12.5,\r\n\
            7,2026-11-01,2026-11-22,issue,01a2008e-d964-7646-9ece-a19b19b8cac7,\
            \"'=cmd, \"\"x\"\"\",1403,,12.5\r\n";
        assert_eq!(csv(&Masked::new(vec![voucher], &FieldRights::all())), expect);
    }
}
