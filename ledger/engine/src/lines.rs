//! From what a pass matched to the lines of its movement: one a line of the task, lot and handling
//! unit, with the line's owner, statuses and its share of the value.

use std::collections::HashMap;

use gatewarden_model::{Amount, Item, MovementLine, TaskLine};

use crate::{
    compare::{Part, from_status},
    items::ItemMaster,
    state::TaskState,
};

/// The lines that matched parts make.
pub(crate) fn movement_lines(
    task: &TaskState,
    parts: &[Part],
    items: &ItemMaster,
) -> Vec<MovementLine> {
    type Key<'a> = (usize, Option<&'a str>, Option<&'a str>, Option<&'a str>);
    let mut lines: Vec<(usize, MovementLine)> = vec![];
    let mut places: HashMap<Key<'_>, usize> = HashMap::new();
    for part in parts {
        let key =
            (part.index, part.lot.as_deref(), part.from_unit.as_deref(), part.to_unit.as_deref());
        let place = *places.entry(key).or_insert_with(|| {
            lines.push((part.index, empty(task, part, items)));
            lines.len() - 1
        });
        let line = &mut lines[place].1;
        // Bounded by the line's quantity, so the sum can't overflow.
        line.quantity = line.quantity.saturating_add(part.quantity);
        line.things.extend(part.key.clone());
    }
    share_values(task, &mut lines, items);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn empty(task: &TaskState, part: &Part, items: &ItemMaster) -> MovementLine {
    let line = &task.task.lines[part.index];
    let unit = items.by_code(&line.item).map_or_else(String::new, |i| i.unit.clone());
    let (from, to) = (line.from.clone(), line.to.clone());
    MovementLine {
        lot: part.lot.clone(),
        owner: line.owner.clone(),
        from_status: from_status(task, line),
        to_status: line.to_status,
        from_unit: part.from_unit.clone(),
        to_unit: part.to_unit.clone(),
        ..MovementLine::new(line.line, line.item.clone(), 0, unit, from, to)
    }
}

/// Gives each line its share of what the document says its line is worth. All of them together,
/// those of earlier passes too, are worth exactly that.
fn share_values(task: &TaskState, lines: &mut [(usize, MovementLine)], items: &ItemMaster) {
    let mut moved: HashMap<usize, i64> = HashMap::new();
    for (index, line) in lines {
        let wanted = &task.task.lines[*index];
        let Some(total) = wanted.value else { continue };
        let before = task.progress.get(*index).map_or(0, |p| p.moved);
        let before = *moved.get(index).unwrap_or(&before);
        let after = before.saturating_add(line.quantity);
        moved.insert(*index, after);
        line.value =
            items.by_code(&line.item).and_then(|item| share(total, before, after, wanted, item));
    }
}

fn share(total: Amount, before: i64, after: i64, line: &TaskLine, item: &Item) -> Option<Amount> {
    let decimals = item.valuation.as_ref()?.decimals;
    let incoming = !line.from.holds_stock() && line.to.holds_stock() && line.owner.is_none();
    let upto = |quantity| total.share(quantity, line.quantity, decimals);
    incoming.then(|| upto(after)?.checked_sub(upto(before)?)).flatten()
}
