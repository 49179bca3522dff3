//! A settlement beside the one that the journal gives: the first field that differs, and by how much.
//!
//! Invariant: of an item several lines may be, one a lot; together they say what is expected. Absent: what is
//! expected (`settlements`).

use gatewarden_model::{Amount, Custom, DocumentContent, DocumentLine, ItemId};

use crate::turn::Fault;

/// What each line says of its item's use, beside quantity and amount.
const SHARES: [&str; 3] = ["by-standard", "by-allowance", "loss"];
/// What the whole says.
const SUMS: [&str; 4] = ["made", "fee", "charges", "balance"];

/// Refuses what says something else than is expected.
pub(super) fn compare(expected: &DocumentContent, content: &DocumentContent) -> Result<(), Fault> {
    if content.partner != expected.partner {
        let partner = expected.partner.as_deref().unwrap_or_default();
        return Err(differs("partner", format!("the order is {partner}'s")));
    }
    for (at, line) in content.lines.iter().enumerate() {
        if line.from.is_some() || line.to.is_some() {
            let message = "where it is follows from the order: leave from and to out";
            return Err(differs(&format!("lines[{at}].from"), message.to_owned()));
        }
        if !expected.lines.iter().any(|one| one.item == line.item) {
            let message = format!("the order used no {}: take the line out", line.item);
            return Err(differs(&format!("lines[{at}].item"), message));
        }
    }
    expected.lines.iter().try_for_each(|one| of_item(one, content))?;
    SUMS.iter().try_for_each(|name| sum(name, expected, content))
}

/// What all lines of an item say together.
fn of_item(expected: &DocumentLine, content: &DocumentContent) -> Result<(), Fault> {
    let item = &expected.item;
    let lines = || content.lines.iter().enumerate().filter(|(_, line)| line.item == *item);
    let Some((at, _)) = lines().next() else {
        let message = format!("a line of {item} is missing: {} were used", expected.quantity);
        return Err(differs("lines", message));
    };
    let quantities = lines().map(|(_, line)| i128::from(line.quantity)).sum();
    number((at, "quantity"), item, quantities, expected.quantity)?;
    for name in SHARES {
        let stated = lines().map(|(_, line)| i128::from(share(&line.custom, name))).sum();
        number((at, &format!("custom.{name}")), item, stated, share(&expected.custom, name))?;
    }
    let amount = |line: &DocumentLine| line.amount.unwrap_or_default();
    let stated: Option<Amount> =
        lines().try_fold(Amount::ZERO, |sum, (_, line)| sum.checked_add(amount(line)));
    let given = amount(expected);
    match stated == Some(given) {
        true => Ok(()),
        false => {
            let stated = stated.map_or_else(|| "too much".to_owned(), |stated| stated.to_string());
            let message = format!("{stated} is charged for {item}, {given} is what its loss cost");
            Err(differs(&format!("lines[{at}].amount"), message))
        }
    }
}

fn number(
    (at, field): (usize, &str),
    item: &ItemId,
    stated: i128,
    given: i64,
) -> Result<(), Fault> {
    let difference = stated - i128::from(given);
    if difference == 0 {
        return Ok(());
    }
    let message = format!(
        "{stated} of {item}, by what was sent, came back, is left and was made it is {given} ({difference:+})"
    );
    Err(differs(&format!("lines[{at}].{field}"), message))
}

fn share(custom: &Custom, name: &str) -> i64 {
    text(custom, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn text<'c>(custom: &'c Custom, name: &str) -> Option<&'c str> {
    custom.iter().find(|(known, _)| known.as_str() == name).map(|(_, text)| text.as_str())
}

fn sum(name: &str, expected: &DocumentContent, content: &DocumentContent) -> Result<(), Fault> {
    let (given, stated) = (text(&expected.custom, name), text(&content.custom, name));
    if given == stated {
        return Ok(());
    }
    let (given, stated) = (given.unwrap_or("nothing"), stated.unwrap_or("nothing"));
    let message = format!("it says {stated}, the journal gives {given}: draft it anew");
    Err(differs(&format!("custom.{name}"), message))
}

fn differs(field: &str, message: String) -> Fault {
    ("settlement-differs", format!("{field}: {message}"))
}
