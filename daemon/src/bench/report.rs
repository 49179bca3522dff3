//! What a bench prints: figures with their units and goals, as a table or one JSON object.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// All figures of one bench.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    bench: &'static str,
    figures: Vec<Figure>,
    notes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Figure {
    key: &'static str,
    words: &'static str,
    value: f64,
    unit: &'static str,
    goal: Option<Goal>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {}", number(least)),
            Self::AtMost(most) => format!("at most {}", number(most)),
        }
    }
}

impl Report {
    pub(super) fn new(bench: &'static str) -> Self {
        Self { bench, ..Self::default() }
    }

    /// Adds a figure without a goal. `key` is its name in JSON.
    pub(super) fn figure(
        &mut self,
        key: &'static str,
        words: &'static str,
        value: f64,
        unit: &'static str,
    ) {
        self.maybe(key, words, value, unit, None);
    }

    /// Adds a figure with its goal.
    pub(super) fn goal(
        &mut self,
        key: &'static str,
        words: &'static str,
        value: f64,
        unit: &'static str,
        goal: Goal,
    ) {
        self.maybe(key, words, value, unit, Some(goal));
    }

    /// Adds a figure that has a goal only under some circumstances.
    pub(super) fn maybe(
        &mut self,
        key: &'static str,
        words: &'static str,
        value: f64,
        unit: &'static str,
        goal: Option<Goal>,
    ) {
        self.figures.push(Figure { key, words, value, unit, goal });
    }

    /// Adds what a reader must know to judge the figures.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A figure's value.
    pub(super) fn value(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|f| f.key == key).map(|f| f.value)
    }

    /// Whether every goal is met.
    pub(super) fn is_met(&self) -> bool {
        self.figures.iter().all(|f| f.goal.is_none_or(|goal| goal.is_met(f.value)))
    }

    /// One JSON object and a line's end: the figures by name, the goals with whether they are met.
    pub(super) fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("bench".to_owned(), json!(self.bench));
        for figure in &self.figures {
            object.insert(figure.key.to_owned(), rounded(figure.value));
        }
        let goals = self.figures.iter().filter_map(|figure| {
            let goal = figure.goal?;
            let (side, bound) = match goal {
                Goal::AtLeast(least) => ("at_least", least),
                Goal::AtMost(most) => ("at_most", most),
            };
            Some(json!({"figure": figure.key, side: rounded(bound),
                "met": goal.is_met(figure.value)}))
        });
        object.insert("goals".to_owned(), Value::Array(goals.collect()));
        object.insert("met".to_owned(), json!(self.is_met()));
        object.insert("notes".to_owned(), json!(self.notes));
        format!("{}\n", Value::Object(object))
    }

    /// A line a figure, for people.
    pub(super) fn table(&self) -> String {
        let mut out = String::new();
        let width = self.figures.iter().map(|f| f.words.len()).max().unwrap_or(0);
        for Figure { words, value, unit, goal, .. } in &self.figures {
            let shown = number(*value);
            let verdict = goal.map_or_else(String::new, |goal| {
                let met = if goal.is_met(*value) { "met" } else { "MISSED" };
                format!("   goal: {} ({met})", goal.words())
            });
            let line = format!("{words:width$}  {shown:>12} {unit:<14}{verdict}");
            // Writing to a string can't fail.
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {note}");
        }
        out
    }
}

/// Whole numbers from 1000 on, else two decimals.
fn rounded(value: f64) -> Value {
    let scale = if value.abs() >= 1000.0 { 1.0 } else { 1000.0 };
    let value = (value * scale).round() / scale;
    #[allow(clippy::cast_possible_truncation)] // it has no fraction and is far below 2^53
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

/// As `rounded`, with the thousands apart.
fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        let text = format!("{value:.2}");
        return text.strip_suffix(".00").unwrap_or(&text).to_owned();
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_told_as_met_or_missed() {
        let mut report = Report::new("sample");
        report.figure("raw", "raw", 196.04, "flushes/s");
        report.goal("fast", "fast enough", 3_214_567.2, "reports/s", Goal::AtLeast(3e6));
        report.goal("small", "small enough", 31.0, "MB", Goal::AtMost(30.0));
        report.note("a note");
        let table = report.table();
        assert!(
            table.contains("3 214 567 reports/s        goal: at least 3 000 000 (met)"),
            "{table}"
        );
        assert!(table.contains("31 MB               goal: at most 30 (MISSED)"), "{table}");
        // Two figures may have the same words: each is judged by its own value.
        let mut twins = Report::new("twins");
        twins.goal("one", "ratio", 0.9, "", Goal::AtLeast(0.95));
        twins.goal("two", "ratio", 31.0, "", Goal::AtLeast(30.0));
        let lines: Vec<String> = twins.table().lines().map(str::to_owned).collect();
        assert!(lines[0].contains("MISSED") && lines[1].contains("(met)"), "{lines:?}");
        let json: Value = serde_json::from_str(&report.json()).expect("it is JSON");
        assert_eq!(json["raw"], 196.04);
        assert_eq!(json["goals"][1]["met"], false);
        assert_eq!(json["met"], false);
    }
}
