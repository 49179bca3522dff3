//! People, machines and requests of the API as lines of a table, and a request whole, as whoever decides
//! on it has to see it.
//!
//! Invariants: nothing from outside begins another cell or line (`plain`), and no cell is a formula; of a
//! badge no more is printed than the API tells. Absent: asking the API.

use serde_json::Value;

use crate::plain::{cell, plain};

/// An operator: id, name, roles, badges (`!` where a copy can be made), second factors, whether he can
/// sign in, since when.
pub(super) fn operator(row: &Value) -> String {
    let factors = list(&row["factors"]).map(|factor| {
        let name = factor["name"].as_str().map(|name| format!(" {}", plain(name)));
        format!("{}{}", text(&factor["kind"]), name.unwrap_or_default())
    });
    let cells = [
        text(&row["id"]),
        plain(&cell(&text(&row["name"]))),
        texts(&row["roles"]),
        list(&row["badges"]).map(badge).collect::<Vec<_>>().join(", "),
        joined(factors),
        standing(row),
        format!("since {}", text(&row["since"])),
    ];
    cells.join("\t")
}

/// Whether an operator can sign in, and what it takes.
fn standing(row: &Value) -> String {
    let lock = &row["lock"];
    let failures = lock["failures"].as_u64().unwrap_or(0);
    let locked = match lock["remaining_ms"].as_u64() {
        _ if lock.is_null() => None,
        None => Some(format!("locked after {failures} failures: needs gatewarden operator unlock")),
        Some(0) => Some(format!("{failures} failures")),
        Some(ms) => Some(format!("locked for {} s after {failures} failures", ms.div_ceil(1000))),
    };
    let activation = match row["activation"]["remaining_ms"].as_u64() {
        None => None,
        Some(0) => Some("the one-time code ran out".to_owned()),
        Some(ms) => Some(format!("waits for activation, {} h left", ms.div_ceil(3_600_000))),
    };
    let pin = if row["pin"] == true { "PIN" } else { "no PIN" };
    [Some(pin.to_owned()), activation, locked].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A machine: id, scopes, since when, until when, last use.
pub(super) fn client(row: &Value) -> String {
    let until = match (row["until"].as_str(), row["expired"] == true) {
        (Some(until), true) => format!("EXPIRED {until}"),
        (Some(until), false) => format!("until {until}"),
        (None, _) => "does not expire".to_owned(),
    };
    let used = row["last_used"].as_str().map(|used| format!("last used {used}"));
    let pinned = row["certificate"].as_str().map(|hash| format!(", only with certificate {hash}"));
    let cells = [
        text(&row["id"]),
        String::new(),
        texts(&row["scopes"]),
        format!("since {}", text(&row["since"])),
        format!("{until}{}", pinned.unwrap_or_default()),
        used.unwrap_or_else(|| "never used".to_owned()),
    ];
    cells.join("\t")
}

/// What a badge is, `!` where a copy can be made, and how its number ends.
fn badge(badge: &Value) -> String {
    let mark = if badge["cloneable"] == true { "!" } else { "" };
    let tail = badge["tail"].as_str().map(|tail| format!(" …{}", plain(tail)));
    let new = if badge["new"] == true { " new" } else { "" };
    format!("{}{mark}{}{new}", badge["kind"].as_str().unwrap_or("badge"), tail.unwrap_or_default())
}

/// A request in a line: id, what, whom, as what, by whom, why; of an operator with the badges.
pub(super) fn request(open: &Value) -> String {
    let change = &open["change"];
    let rights = [texts(&change["roles"]), texts(&change["scopes"])].concat();
    let told = change["identity"].as_object().into_iter().flatten();
    let told: Vec<String> = told.map(|(name, value)| format!("{name} {}", text(value))).collect();
    let rights = if told.is_empty() { rights } else { told.join(", ") };
    let mut parts = vec![
        text(&open["id"]),
        text(&change["what"]),
        about(change),
        rights,
        by(open),
        text(&open["reason"]),
    ];
    if let Some(first) = open["endorsed"].as_str() {
        parts.push(format!("approved by {first}, needs another"));
    }
    if change["badges"].is_array() {
        parts.push(list(&change["badges"]).map(badge).collect::<Vec<_>>().join(", "));
    }
    let parts: Vec<String> = parts.iter().map(|part| plain(part.trim())).collect();
    parts.join("\t")
}

/// A request in a line, and under it what other policies or procedures would change.
pub(super) fn request_with_policies(open: &Value) -> String {
    let own = std::iter::once(request(open));
    // Of procedures only which definitions differ: `change show` has their lines.
    let is_head = |told: &String| open["change"]["what"] != "procedures" || !told.starts_with(' ');
    let policies = of_policies(open).filter(is_head).map(|told| format!("    {}", plain(&told)));
    own.chain(policies).map(|line| format!("{line}\n")).collect()
}

/// A second factor: what it is, and of a key its name, make and how it is kept.
fn factor(factor: &Value) -> String {
    let key = &factor["key"];
    let copied = match key["backup_eligible"].as_bool() {
        Some(true) => ", may be copied to its owner's other devices",
        Some(false) => ", bound to one device",
        None => "",
    };
    let named = ["kind", "name"].map(|part| text(&factor[part])).join(" ");
    let make = key["aaguid"].as_str().map(|make| format!(", make {make}")).unwrap_or_default();
    format!("factor   {}{make}{copied}", named.trim())
}

/// How policies differ from those in force, and the conflicts of duties that they would give to people.
fn of_policies(open: &Value) -> impl Iterator<Item = String> {
    list(&open["differs"]).map(text).chain(list(&open["conflicts"]).map(gained))
}

/// A conflict that policies would give to somebody, with what it is and whether it can be borne.
fn gained(conflict: &Value) -> String {
    let word = |key: &str| conflict[key].as_str().unwrap_or_default();
    let side = |key: &str| {
        let via = &conflict[key][0];
        ["right", "role"].map(|part| via[part].as_str().unwrap_or_default()).join(" by ")
    };
    let (one, other) = (side("one"), side("other"));
    let (who, id, severity, title) =
        (word("operator"), word("id"), word("severity"), word("title"));
    format!("{who} would hold {id} ({severity}): {one} with {other}: {title}")
}

/// A request whole, a line for each thing that whoever decides has to look at.
pub(super) fn request_whole(open: &Value) -> String {
    let change = &open["change"];
    let mut lines = vec![
        format!("request  {}", text(&open["id"])),
        format!("what     {} {}", text(&change["what"]), about(change)),
        format!("by       {}: {}", by(open), text(&open["reason"])),
    ];
    if let Some(name) = change["name"].as_str() {
        lines.push(format!("name     {name}"));
    }
    let before = &open["before"];
    for (noun, key) in [("roles", "roles"), ("scopes", "scopes")] {
        // The roles of other policies are a matrix, and no list.
        if change[key].is_array() {
            let was = before[key].is_array().then(|| format!(" (so far: {})", texts(&before[key])));
            let now = texts(&change[key]);
            lines.push(format!("{noun:8} {now}{}", was.unwrap_or_default()));
        }
    }
    for (role, gives) in change["gives"].as_object().into_iter().flatten() {
        lines.push(format!("  {role}: {}", text(&gives["title"])));
        for (module, actions) in gives["grants"].as_object().into_iter().flatten() {
            lines.push(format!("    {module}: {}", texts(actions)));
        }
        lines.extend(list(&gives["limits"]).map(|limit| format!("    limited: {}", text(limit))));
    }
    let badges = |of: &Value| list(of).map(badge).collect::<Vec<_>>().join(", ");
    if change["badges"].is_array() {
        lines.push(format!("badges   {} (! a copy can be made)", badges(&change["badges"])));
        if before["badges"].is_array() {
            lines.push(format!("  so far {}", badges(&before["badges"])));
        }
    }
    for conflict in list(&change["conflicts"]) {
        let said = &conflict["mitigation"];
        let borne = match said["until"].as_str() {
            Some(until) => format!("borne until {until}: {}", text(&said["reason"])),
            None => "NOT BORNE".to_owned(),
        };
        lines.push(format!("conflict {}; {borne}", text(&conflict["words"])));
    }
    if change["what"] == "client" {
        let until = change["until"].as_str().unwrap_or("it is revoked");
        lines.push(format!("until    {until}"));
        let pinned = change["certificate"].as_str().unwrap_or("none");
        lines.push(format!("bound to {pinned} (certificate, SHA-256)"));
    }
    lines.extend(change["factor"].as_object().map(|_| factor(&change["factor"])));
    for said in list(&open["mitigations"]) {
        let [who, conflict, until, reason] =
            ["operator", "conflict", "until", "reason"].map(|key| text(&said[key]));
        lines.push(format!("said     {who}: {conflict} is borne until {until}: {reason}"));
    }
    lines.extend(of_policies(open));
    if change["reset_pin"] == true {
        lines.push("PIN      the one in force counts no more".to_owned());
    }
    if let Some(first) = open["endorsed"].as_str() {
        lines.push(format!("approved by {first}, and needs another"));
    }
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

fn about(change: &Value) -> String {
    ["operator", "client", "device", "version"].map(|key| text(&change[key])).concat()
}

fn by(open: &Value) -> String {
    ["kind", "id"].map(|key| text(&open["by"][key])).join(" ").trim().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> String {
    joined(list(value).map(text))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_says_who_can_sign_in_and_what_it_takes() {
        let row = |lock: Value, activation: Value| {
            standing(&json!({"pin": activation.is_null(), "lock": lock, "activation": activation}))
        };
        assert_eq!(row(Value::Null, Value::Null), "PIN");
        let lock = json!({"failures": 3, "remaining_ms": 1500, "until_unlocked": false});
        assert_eq!(row(lock, Value::Null), "PIN, locked for 2 s after 3 failures");
        let lock = json!({"failures": 9, "remaining_ms": null, "until_unlocked": true});
        let needs = "PIN, locked after 9 failures: needs gatewarden operator unlock";
        assert_eq!(row(lock, Value::Null), needs);
        let waits = json!({"remaining_ms": 3_600_001});
        assert_eq!(row(Value::Null, waits), "no PIN, waits for activation, 2 h left");
        let over = json!({"remaining_ms": 0});
        assert_eq!(row(Value::Null, over), "no PIN, the one-time code ran out");
    }

    #[test]
    fn nothing_of_a_request_begins_another_line() {
        let open = json!({"id": "x", "by": {"kind": "local"}, "reason": "a\nb\tc",
            "change": {"what": "operator", "operator": "eve", "roles": ["r"], "name": "E\u{1b}[2J",
                "badges": [{"kind": "printed", "cloneable": true, "tail": "1\t2", "new": true}]}});
        assert_eq!(request(&open), "x\toperator\teve\tr\tlocal\ta\\nb\\tc\tprinted! …1\\t2 new");
        let whole = request_whole(&open);
        assert_eq!(whole.lines().count(), 6, "{whole}");
        assert!(!whole.contains('\u{1b}'), "{whole}");
    }
}
