//! What other procedures would change, in words: definition by definition, line by line.
//!
//! For whoever decides on them. Each part (documents, workflows, rules, notices) is looked at as what it is
//! made of: lists and maps of definitions with a name, and settings. Invariant: no more than [`LINES_MAX`]
//! lines, and how many are left out is said. Absent: what the definitions mean.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Lines that are told at most.
pub(crate) const LINES_MAX: usize = 600;
/// Lines of one definition that are told at most.
const DEFINITION_LINES_MAX: usize = 60;
/// Longest line, in characters.
const LINE_CHARS_MAX: usize = 240;
/// Cells of the table by which two texts are compared at most; longer ones are told whole.
const CELLS_MAX: usize = 1 << 20;

/// Each definition that differs, and below it, indented, the lines that go (`-`) and come (`+`).
pub(crate) fn differs(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut told = vec![];
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for part in names {
        let of =
            |parts: &BTreeMap<String, String>| definitions(parts.get(part).map(String::as_str));
        part_differs(part, &of(old), &of(new), &mut told);
    }
    let more = told.len().saturating_sub(LINES_MAX);
    if more > 0 {
        told.truncate(LINES_MAX);
        told.push(format!("and {more} lines more: `change list --json` has them"));
    }
    told
}

fn part_differs(
    part: &str,
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
    told: &mut Vec<String>,
) {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before == after {
            continue;
        }
        let what = match (before, after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        told.push(format!("{part}: {name} {what}"));
        let [before, after] = [before, after].map(|one| one.map_or_else(Vec::new, lines));
        let lines = compared(&before, &after);
        let more = lines.len().saturating_sub(DEFINITION_LINES_MAX);
        told.extend(lines.into_iter().take(DEFINITION_LINES_MAX).map(|line| format!("  {line}")));
        if more > 0 {
            told.push(format!("  … {more} lines more"));
        }
    }
}

/// The definitions of a part, by what they are called.
fn definitions(text: Option<&str>) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let read = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    for (key, value) in read.unwrap_or_default() {
        match value {
            Value::Array(list) if list.iter().all(|one| name_of(one).is_some()) => {
                for (at, one) in list.into_iter().enumerate() {
                    let name = name_of(&one).unwrap_or_default();
                    let name = format!("{} {name}", key.trim_end_matches('s'));
                    // A field may be declared more than once, for other kinds.
                    let name =
                        if all.contains_key(&name) { format!("{name} (#{at})") } else { name };
                    all.insert(name, one);
                }
            }
            Value::Object(map) if !map.is_empty() && map.values().all(Value::is_object) => {
                let one = key.trim_end_matches('s').to_owned();
                all.extend(map.into_iter().map(|(name, value)| (format!("{one} {name}"), value)));
            }
            value => drop(all.insert(key, value)),
        }
    }
    all
}

fn name_of(value: &Value) -> Option<String> {
    ["id", "name", "kind"].iter().find_map(|key| value.get(key)?.as_str()).map(str::to_owned)
}

/// A value as lines that people read, each key and each element on a line of its own.
fn lines(value: &Value) -> Vec<String> {
    let mut all = vec![];
    write(value, 0, &mut all);
    all
}

fn write(value: &Value, depth: usize, all: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                entry(&format!("{indent}{key}:"), value, depth, all);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| {
            entry(&format!("{indent}-"), one, depth, all);
        }),
        text => all.extend(scalar(text).map(|line| format!("{indent}{line}"))),
    }
}

fn entry(head: &str, value: &Value, depth: usize, all: &mut Vec<String>) {
    let mut texts: Vec<String> = scalar(value).collect();
    match (value, texts.len()) {
        (Value::Object(map), _) if !map.is_empty() => {
            all.push(head.to_owned());
            write(value, depth + 1, all);
        }
        (Value::Array(list), _) if !list.is_empty() => {
            all.push(head.to_owned());
            write(value, depth + 1, all);
        }
        (_, 0 | 1) => all.push(cut(&format!("{head} {}", texts.pop().unwrap_or_default()))),
        _ => {
            all.push(head.to_owned());
            let indent = "  ".repeat(depth + 1);
            all.extend(texts.iter().map(|line| cut(&format!("{indent}| {line}"))));
        }
    }
}

/// The lines of a text; of anything else what JSON says.
fn scalar(value: &Value) -> Box<dyn Iterator<Item = String> + '_> {
    match value {
        Value::String(text) => Box::new(text.lines().map(str::to_owned)),
        Value::Object(_) | Value::Array(_) => Box::new(std::iter::once("none".to_owned())),
        other => Box::new(std::iter::once(other.to_string())),
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// What goes and what comes, in order, by the longest common run of lines.
fn compared(old: &[String], new: &[String]) -> Vec<String> {
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[same..], &new[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let (gone, come) = (|line: &String| format!("- {line}"), |line: &String| format!("+ {line}"));
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS_MAX {
        return old.iter().map(gone).chain(new.iter().map(come)).collect();
    }
    // At (i, j): how many lines old[i..] and new[j..] have in common, in order.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut told) = (0, 0, vec![]);
    while i < old.len() || j < new.len() {
        let down = i < old.len()
            && (j == new.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]);
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if down {
            told.push(gone(&old[i]));
            i += 1;
        } else {
            told.push(come(&new[j]));
            j += 1;
        }
    }
    told
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use serde_json::json;

    use super::*;

    fn parts(documents: &Value, rules: &Value) -> BTreeMap<String, String> {
        [("documents".to_owned(), documents.to_string()), ("rules".to_owned(), rules.to_string())]
            .into()
    }

    #[test]
    fn each_definition_that_differs_is_told_by_its_lines() {
        let kind =
            |over: u32| json!({"kind": "purchase-order", "tolerance": {"over": over, "under": 0}});
        let old = parts(
            &json!({"kinds": [kind(50), {"kind": "bom", "title": "BOM"}]}),
            &json!({"rules": [{"id": "limit", "when": "a\nb"}]}),
        );
        let new = parts(
            &json!({"kinds": [kind(80)], "fields": [{"name": "colour", "type": "text"}]}),
            &json!({"rules": [{"id": "limit", "when": "a\nc"}]}),
        );
        let told = differs(&old, &new);
        assert_eq!(
            told,
            [
                "documents: field colour added",
                "  + name: colour",
                "  + type: text",
                "documents: kind bom removed",
                "  - kind: bom",
                "  - title: BOM",
                "documents: kind purchase-order changed",
                "  -   over: 50",
                "  +   over: 80",
                "rules: rule limit changed",
                "  -   | b",
                "  +   | c",
            ]
        );
        assert_eq!(differs(&old, &old), [""; 0]);
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let many = |from: u32| {
            let steps: Vec<u32> = (from..from + 500).collect();
            let rules: Vec<Value> =
                (0..40).map(|id| json!({"id": format!("r{id:02}"), "steps": steps})).collect();
            json!({ "rules": rules })
        };
        let told = differs(&parts(&json!({}), &many(0)), &parts(&json!({}), &many(1000)));
        assert_eq!(told.len(), LINES_MAX + 1);
        assert!(told[DEFINITION_LINES_MAX + 1].contains("lines more"), "{told:?}");
        assert!(told.last().unwrap().contains("change list --json"));
    }
}
