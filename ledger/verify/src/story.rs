//! An entry in words, read from its JSON by the names that the README of this folder documents.
//! A field that is missing gives no line; a kind that is not known is told by its name.

use serde_json::Value;

/// An entry's answers: who, when, what, where, on which document, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    lines: Vec<(&'static str, String)>,
}

impl Story {
    /// Reads a checked entry.
    #[must_use]
    pub fn of(entry: &Value) -> Self {
        let body = entry.get("body").unwrap_or(&Value::Null);
        // A movement stands in a field of its body or is the body itself.
        let told = body.get("movement").filter(|m| m.is_object()).unwrap_or(body);
        let mut lines = vec![("when", when(entry)), ("what", what(body, told))];
        lines.extend(moved(told).into_iter().map(|line| ("moved", line)));
        let mut add = |name, words: Option<String>| lines.extend(words.map(|words| (name, words)));
        add("who", who(told).or_else(|| who(body)));
        add("where", text(told, "station"));
        add("document", document(told));
        add(
            "reverses",
            text(told, "reverses").map(|id| format!("movement {id}: what it moved goes back")),
        );
        add(
            "counts",
            text(told, "effective").map(|day| format!("for {day}, not for when it was recorded")),
        );
        add(
            "asked",
            text(told, "reservation").map(|id| format!("by another person, in posting {id}")),
        );
        add("rule", rule(told).or_else(|| rule(body)));
        add("why", text(body, "reason"));
        Self { lines }
    }

    /// Name and words of each line.
    #[must_use]
    pub fn lines(&self) -> &[(&'static str, String)] {
        &self.lines
    }
}

fn when(entry: &Value) -> String {
    let at = entry.get("at").unwrap_or(&Value::Null);
    let Some(wall) = at.get("wall_us").and_then(Value::as_i64) else { return "?".into() };
    let synced = at.get("synced").and_then(Value::as_bool) == Some(true);
    let doubt = if synced { "" } else { " (clock not synchronised)" };
    let seconds = u64::try_from(wall.div_euclid(1_000_000)).unwrap_or(0);
    format!("{}{doubt}", utc(seconds))
}

fn what(body: &Value, told: &Value) -> String {
    let kind = text(body, "kind").unwrap_or_else(|| "?".into());
    let inner = if std::ptr::eq(body, told) { None } else { text(told, "kind") };
    let id = text(told, "id").or_else(|| text(told, "movement"));
    [Some(kind), inner, id].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn moved(told: &Value) -> Vec<String> {
    let lines = told.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let line = |line: &Value| {
        let quantity = line.get("quantity").map(plain).unwrap_or_default();
        let mut words = format!("{quantity} {} {}", shown(line, "unit"), shown(line, "item"));
        for (name, field) in LINE_FIELDS {
            if let Some(value) = line.get(field) {
                words.push_str(&format!(" {name} {}", plain(value)));
            }
        }
        words + &format!(", {} → {}", shown(line, "from"), shown(line, "to"))
    };
    lines.iter().map(line).collect()
}

/// What a line may say beside item, quantity and places, and the words for it.
const LINE_FIELDS: [(&str, &str); 7] = [
    ("lot", "lot"),
    ("of", "owner"),
    ("status", "from_status"),
    ("→", "to_status"),
    ("out of", "from_unit"),
    ("into", "to_unit"),
    ("worth", "value"),
];

fn who(told: &Value) -> Option<String> {
    let operator = text(told, "operator")
        .or_else(|| told.get("by").and_then(|by| text(by, "id").or_else(|| text(by, "kind"))))?;
    let mut words = operator;
    if let Some(level) = told.get("auth_level").and_then(Value::as_u64) {
        words.push_str(match level {
            1 => " (badge)",
            2 => " (badge and PIN)",
            3 => " (badge, PIN and one-time code)",
            4 => " (badge and security key)",
            _ => "",
        });
    }
    if let Some(second) = told.get("second").and_then(|second| text(second, "operator")) {
        words.push_str(&format!(", with {second}"));
    }
    if let Some(by) = told.get("approved_by") {
        words.push_str(&format!(", approved by {}", text(by, "id").unwrap_or_else(|| plain(by))));
    }
    Some(words)
}

fn document(told: &Value) -> Option<String> {
    let document = told.get("document")?;
    let parts = ["kind", "number"].map(|key| document.get(key).map(plain));
    let words: Vec<String> = parts.into_iter().flatten().collect();
    Some(if words.is_empty() { plain(document) } else { words.join(" ") })
}

fn rule(told: &Value) -> Option<String> {
    let decision = told.get("decision")?;
    let policies =
        decision.get("policies").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names: Vec<String> = policies.iter().map(plain).collect();
    let of =
        text(decision, "version").map(|set| format!(" of the rules {set}")).unwrap_or_default();
    Some(format!("{}{of}", names.join(", ")))
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(clean)
}

fn shown(value: &Value, key: &str) -> String {
    value.get(key).map(plain).unwrap_or_default()
}

/// A value without quotes, and without what would play tricks on a terminal.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => clean(&other.to_string()),
    }
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Seconds since 1970 as a UTC time, such as `2026-11-22T03:40:00Z`.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 1 March of year 0, so that the leap day is a year's last; 400 years have
    // 146,097 days, 4 years 1,461, and five months from March on 153.
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_679_315_147, "2023-03-20T12:25:47Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }
}
