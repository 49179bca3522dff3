//! What a task may say: its document, its lines, their places, names, quantities and values.
//!
//! Every refusal has a code and names the field and the way out, so that a document is refused when it
//! is opened and not at the dock. Absent: who may (`tasks`), what is there (`gatewarden_stock`).

use std::collections::HashSet;

use gatewarden_model::{
    AMOUNT_DECIMALS, Amount, Item, MovementKind, StockStatus, Task, TaskLine, field::check_custom,
};
use gatewarden_stock::{check_code, check_line_count, kinds};

use crate::{
    engine::Settings,
    turn::{Fault, fault},
};

/// Things that one task names.
const THINGS_MAX: usize = 10_000;
/// Longest document number, name or thing key, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// Longest document number, in bytes.
const NUMBER_BYTES_MAX: usize = 64;

/// What only a task can have wrong.
pub(crate) fn invalid(message: impl Into<String>) -> Result<(), Fault> {
    Err(("task-invalid", message.into()))
}

/// Holds a task against the rules; what is there, and who moves it, is asked when it is moved.
pub(crate) fn validate(task: &Task, settings: &Settings) -> Result<(), Fault> {
    use MovementKind::{Adjustment, Count, StatusChange};
    if matches!(task.kind, Count | Adjustment | StatusChange) {
        return invalid(format!(
            "kind: a {} is no task at a station: reserve it as a posting and have it posted",
            task.kind.name()
        ));
    }
    let number = &task.document.number;
    if !(1..=NUMBER_BYTES_MAX).contains(&number.len()) || number.chars().any(char::is_control) {
        let message = format!("document.number: must be 1 to {NUMBER_BYTES_MAX} printable bytes");
        return Err(("document-invalid", message));
    }
    check_code("document.number", number).map_err(fault)?;
    check_custom(&task.custom).map_err(|message| ("custom-invalid", message))?;
    for (field, name) in [("ordered_by", &task.ordered_by), ("approved_by", &task.approved_by)] {
        if name.as_ref().is_some_and(|n| !is_text(n)) {
            return invalid(format!("{field}: must be 1 to {TEXT_BYTES_MAX} printable bytes"));
        }
    }
    if task.lines.is_empty() {
        return Err((
            "lines-missing",
            "lines: nothing is expected: state at least one line".into(),
        ));
    }
    check_line_count("lines", task.lines.len()).map_err(fault)?;
    let named: usize = task.lines.iter().map(|l| l.things.len()).sum();
    if named > THINGS_MAX {
        let message = format!(
            "lines: {named} things in one task: split it into tasks of at most {THINGS_MAX}"
        );
        return Err(("too-many-things", message));
    }
    check_twice(task)?;
    for (at, line) in task.lines.iter().enumerate() {
        line_fits(task.kind, at, line, settings)?;
    }
    Ok(())
}

/// Lines and things are told apart by their numbers and keys.
fn check_twice(task: &Task) -> Result<(), Fault> {
    let (mut numbers, mut things) = (HashSet::new(), HashSet::new());
    for (at, line) in task.lines.iter().enumerate() {
        if !numbers.insert(line.line) {
            let message =
                format!("lines[{at}].line: {} stands twice: number them apart", line.line);
            return Err(("line-twice", message));
        }
        if let Some(twice) = line.things.iter().find(|key| !things.insert(key.as_str())) {
            let message = format!("lines[{at}].things: {twice:?} is named twice: name it once");
            return Err(("thing-twice", message));
        }
    }
    Ok(())
}

fn line_fits(
    kind: MovementKind,
    at: usize,
    line: &TaskLine,
    settings: &Settings,
) -> Result<(), Fault> {
    let field = |name: &str| format!("lines[{at}].{name}");
    let wrong = |code, name, message: String| Err((code, format!("{}: {message}", field(name))));
    if line.quantity <= 0 {
        let code = if line.quantity == 0 { "quantity-zero" } else { "quantity-negative" };
        let message = format!("{} moves nothing: state more than 0", line.quantity);
        return wrong(code, "quantity", message);
    }
    let Some(item) = settings.items.by_code(&line.item) else {
        check_code(&field("item"), line.item.as_str()).map_err(fault)?;
        let message =
            format!("no item {} is defined: correct the code, or define the item", line.item);
        return wrong("unknown-item", "item", message);
    };
    line_names_fit(at, line)?;
    let things = i64::try_from(line.things.len()).unwrap_or(i64::MAX);
    if things > 0 && line.quantity % things != 0 {
        let message = format!(
            "{} can't be split evenly over {things} named things: name as many as there are",
            line.quantity
        );
        return wrong("things-uneven", "things", message);
    }
    for (name, place) in [("from", &line.from), ("to", &line.to)] {
        settings.places.check(&field(name), place).map_err(fault)?;
    }
    if let Some(name) = [("from_status", line.from_status), ("to_status", line.to_status)]
        .iter()
        .find_map(|(name, status)| (*status == StockStatus::Reserved).then_some(*name))
    {
        let message = "only a reservation makes stock reserved: name it as the task's reservation";
        return wrong("status-reserved", name, message.to_owned());
    }
    kinds::check(kind, &line.from, &line.to).or_else(|why| wrong("kind-places", "to", why))?;
    kinds::check_status(kind, line.from_status)
        .or_else(|why| wrong("status-blocked", "from_status", why))?;
    value_fits(at, line, item)
}

/// Lots, owners and things are told by printable text without look-alikes.
fn line_names_fit(at: usize, line: &TaskLine) -> Result<(), Fault> {
    for (name, text) in [("lot", &line.lot), ("owner", &line.owner)] {
        let Some(text) = text else { continue };
        let field = format!("lines[{at}].{name}");
        if !is_text(text) {
            let message = format!("{field}: must be 1 to {TEXT_BYTES_MAX} printable bytes");
            return Err(("name-malformed", message));
        }
        check_code(&field, text).map_err(fault)?;
    }
    if line.things.iter().any(|key| !is_text(key)) {
        let message =
            format!("lines[{at}].things: must be 1 to {TEXT_BYTES_MAX} printable bytes each");
        return Err(("name-malformed", message));
    }
    Ok(())
}

/// What comes in is worth no less than nothing, and no finer than the item's money.
fn value_fits(at: usize, line: &TaskLine, item: &Item) -> Result<(), Fault> {
    let (Some(value), Some(valuation)) = (line.value, &item.valuation) else { return Ok(()) };
    let wrong = |code, message: String| Err((code, format!("lines[{at}].value: {message}")));
    if value < Amount::ZERO {
        return wrong("value-negative", format!("{value} is below nothing: state 0 or more"));
    }
    let decimals = valuation.decimals;
    let step = 10_i64.pow(AMOUNT_DECIMALS.saturating_sub(u32::from(decimals)));
    if value.units() % step == 0 {
        return Ok(());
    }
    wrong(
        "value-decimals",
        format!("{value} has more than {decimals} decimals: round it to {decimals}"),
    )
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
