//! From checked values to a set of notices; what contradicts itself is told at its key.

use std::collections::BTreeMap;

use gatewarden_model::{Day, DocumentKind, MovementKind, NoticeId};
use gatewarden_notices::{
    Escalation, Hours, Notice, NoticeSet, On, Only, QuietHours, Receiver, SetFault, Severity,
    Waiting,
};

use super::{NoticeNames, heard, shape, words::Templates};
use crate::{
    cross::Seen,
    fields::{Fields, Span, Value},
    nearest::{nearest, one_of},
    report::Walk,
    words::quote,
};

const SEVERITIES: [Severity; 4] =
    [Severity::Info, Severity::Notice, Severity::Warning, Severity::Urgent];
const WAITINGS: [Waiting; 3] = [Waiting::Hold, Waiting::Digest, Waiting::Through];

/// The set of a file on top of another.
pub(super) fn set(
    walk: &mut Walk<'_>,
    root: &Fields,
    templates: &mut Templates,
    names: NoticeNames<'_>,
    beneath: NoticeSet,
) -> NoticeSet {
    let mut set = if root.bool("defaults") == Some(false) { NoticeSet::default() } else { beneath };
    if root.has("channels") {
        set.channels = channels(walk, root, names);
    }
    quiet(walk, root, &mut set.quiet);
    let mut seen = Seen(BTreeMap::new());
    for fields in root.tables("notices") {
        let built = notice(walk, fields, templates, names);
        let Some(id) = fields.parsed::<NoticeId>("id") else { continue };
        let at = fields.place("id");
        if let Some(line) = seen.earlier(walk, id.to_string(), at) {
            let message = format!("duplicate notice {}", quote(id.as_str()));
            let hint = Some(format!("it stands on line {line} already"));
            walk.error(at, "duplicate-name", message, "each notice once", hint);
            continue;
        }
        let Some(built) = built else { continue };
        fits(walk, fields, &id, &built);
        if built.channels.is_empty() && set.channels.is_empty() {
            let message = format!("{} names no channel", quote(id.as_str()));
            let expected = "channels here, or at the top of the file";
            walk.error(at, "no-channel", message, expected, None);
        }
        set.notices.insert(id, built);
    }
    set
}

fn notice(
    walk: &mut Walk<'_>,
    fields: &Fields,
    templates: &mut Templates,
    names: NoticeNames<'_>,
) -> Option<Notice> {
    // Everything is looked at before anything is given up: each has mistakes of its own to tell.
    let on = fields.text("on").and_then(On::of_name);
    let to = receivers(walk, fields, names);
    heard::receivers(walk, fields.place("to"), &to, names);
    let only = only(walk, fields, names);
    let channels = channels(walk, fields, names);
    let escalate = escalations(walk, fields, names);
    let words = match (on, fields.text("template")) {
        (Some(on), Some(name)) => templates.words(walk, name, fields.place("template"), on),
        _ => None,
    };
    let same: Vec<String> = fields.texts("same").map(|(text, _)| text.to_owned()).collect();
    let same_minutes = fields.integer("same_minutes")?;
    if same.is_empty() != (same_minutes == 0) {
        let at = fields.place("same").max(fields.place("same_minutes"));
        let message = "same and same_minutes stand together";
        walk.error(at, "conflict", message, "both, or neither", None);
    }
    Some(Notice {
        title: fields.owned("title")?,
        on: on?,
        only,
        to,
        channels,
        severity: choice(fields, "severity", &Severity::NAMES, &SEVERITIES)?,
        quiet: choice(fields, "quiet", &shape::QUIET, &WAITINGS)?,
        same,
        same_minutes,
        escalate,
        link: fields.bool("link")?,
        words: words?,
    })
}

fn choice<T: Copy>(fields: &Fields, key: &str, names: &[&str], all: &[T]) -> Option<T> {
    let found = fields.text(key)?;
    names.iter().position(|name| *name == found).map(|at| all[at])
}

/// What the definition names that its occasion does not have. Its words were checked with their lines before.
fn fits(walk: &mut Walk<'_>, fields: &Fields, id: &NoticeId, notice: &Notice) {
    let one = Notice { words: Default::default(), ..notice.clone() };
    let set = NoticeSet { notices: [(id.clone(), one)].into(), ..NoticeSet::default() };
    for fault in set.check() {
        let SetFault::Key { key, code, message, word, known, .. } = fault else { continue };
        let means = |value: &Value| matches!(value, Value::Text(text) if *text == word);
        let steps = fields.tables("escalate").iter().flat_map(|step| step.list(key));
        let mut all = fields.list(key).iter().chain(steps);
        let at = all.find(|one| means(&one.value)).map_or(fields.place(key), |one| one.at);
        let hint = nearest(&word, known.iter().map(String::as_str));
        let hint = hint.map(|near| format!("did you mean {near:?}?"));
        walk.error(at, code, message, one_of(known.iter().map(String::as_str)), hint);
    }
}

fn receivers(walk: &mut Walk<'_>, fields: &Fields, names: NoticeNames<'_>) -> Vec<Receiver> {
    let mut receivers = vec![];
    for (text, at) in fields.texts("to") {
        let Ok(receiver) = text.parse::<Receiver>() else {
            let message = format!("{} is no receiver", quote(text));
            let expected = "role:NAME, operator:NAME, field:NAME, manager-of:NAME, group:ROLE, approvers or named";
            let role = names.roles.filter(|roles| roles.contains(text));
            let hint = role.map(|_| format!("did you mean {:?}?", format!("role:{text}")));
            walk.error(at, "bad-receiver", message, expected, hint);
            continue;
        };
        if let (Receiver::Role(role) | Receiver::Group(role), Some(roles)) =
            (&receiver, names.roles)
            && !roles.contains(role)
        {
            walk.unknown(at, "unknown-role", "role", role, roles.iter().map(String::as_str));
        }
        if receivers.contains(&receiver) {
            let message = format!("{} is told twice", quote(text));
            walk.error(at, "duplicate-name", message, "each receiver once", None);
            continue;
        }
        receivers.push(receiver);
    }
    if receivers.is_empty() && fields.has("to") && !walk.has_errors_in(fields.place("to")) {
        let message = "nobody is told";
        walk.error(fields.place("to"), "empty-list", message, "at least one receiver", None);
    }
    receivers
}

fn channels(walk: &mut Walk<'_>, fields: &Fields, names: NoticeNames<'_>) -> Vec<String> {
    let mut all = vec![];
    for (name, at) in fields.texts("channels") {
        if let Some(channels) = names.channels
            && !channels.contains(name)
        {
            let known = channels.iter().map(String::as_str);
            walk.unknown(at, "unknown-channel", "channel", name, known);
        }
        all.push(name.to_owned());
    }
    all
}

fn only(walk: &mut Walk<'_>, fields: &Fields, names: NoticeNames<'_>) -> Only {
    let mut only = Only::default();
    for (text, at) in fields.texts("documents") {
        match DocumentKind::of_name(text) {
            Some(kind) => only.documents.push(kind),
            None => {
                let known = DocumentKind::ALL.map(DocumentKind::name).into_iter();
                walk.unknown(at, "unknown-choice", "kind of document", text, known);
            }
        }
    }
    for (text, at) in fields.texts("movements") {
        match MovementKind::ALL.into_iter().find(|kind| kind.name() == text) {
            Some(kind) => only.movements.push(kind),
            None => {
                let known = MovementKind::ALL.map(MovementKind::name).into_iter();
                walk.unknown(at, "unknown-choice", "kind of movement", text, known);
            }
        }
    }
    for (key, list) in [("rules", &mut only.rules), ("rules_except", &mut only.rules_except)] {
        for (text, at) in fields.texts(key) {
            rule(walk, text, at, names);
            list.push(text.to_owned());
        }
    }
    only
}

fn rule(walk: &mut Walk<'_>, text: &str, at: Span, names: NoticeNames<'_>) {
    if let Some(rules) = names.rules
        && !rules.contains(text)
    {
        walk.unknown(at, "unknown-rule", "rule", text, rules.iter().map(String::as_str));
    }
}

fn escalations(walk: &mut Walk<'_>, fields: &Fields, names: NoticeNames<'_>) -> Vec<Escalation> {
    let mut escalations: Vec<Escalation> = vec![];
    for one in fields.tables("escalate") {
        let to = receivers(walk, one, names);
        heard::receivers(walk, one.place("to"), &to, names);
        let Some(after_minutes) = one.integer("after_minutes") else { continue };
        if escalations.last().is_some_and(|before| before.after_minutes >= after_minutes) {
            let message = format!("{after_minutes} minutes are not after the escalation before");
            let at = one.place("after_minutes");
            walk.error(at, "conflict", message, "escalations in the order of their times", None);
        }
        escalations.push(Escalation { after_minutes, to });
    }
    escalations
}

fn quiet(walk: &mut Walk<'_>, root: &Fields, quiet: &mut QuietHours) {
    // A table that does not stand has its defaults, and its place is the file's.
    if let Some(fields) = root.table("hours").filter(|fields| fields.at != root.at) {
        quiet.hours = hours(walk, fields);
    }
    for fields in root.tables("hours_of") {
        if let (Some(who), Some(hours)) = (fields.parsed("operator"), hours(walk, fields)) {
            quiet.of.insert(who, hours);
        }
    }
    for (text, at) in root.texts("holidays") {
        match text.parse::<Day>() {
            Ok(day) => drop(quiet.holidays.insert(day)),
            Err(_) => {
                let message = format!("{} is not a day", quote(text));
                walk.error(at, "bad-day", message, "a day such as \"2026-10-01\"", None);
            }
        }
    }
}

fn hours(walk: &mut Walk<'_>, fields: &Fields) -> Option<Hours> {
    let (from, to) = (minute(walk, fields, "from"), minute(walk, fields, "to"));
    let named = fields.texts("weekdays");
    let days = named.filter_map(|(text, _)| shape::WEEKDAYS.iter().position(|day| *day == text));
    let mut weekdays: Vec<u8> = days.filter_map(|at| u8::try_from(at + 1).ok()).collect();
    weekdays.sort_unstable();
    weekdays.dedup();
    if weekdays.is_empty() {
        weekdays = (1..=7).collect();
    }
    let (from_min, to_min) = (from?, to?);
    if from_min == to_min {
        let at = fields.place("to");
        walk.error(at, "conflict", "from and to are the same", "hours that have minutes", None);
    }
    Some(Hours { from_min, to_min, weekdays })
}

/// `07:30`, to `24:00`.
fn minute(walk: &mut Walk<'_>, fields: &Fields, key: &'static str) -> Option<u32> {
    let text = fields.text(key)?;
    let two = |text: &str| -> Option<u32> {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    let minute = text.split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (two(hour)?, two(minute)?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    });
    if minute.is_none() {
        let message = format!("{} is no time of the day", quote(text));
        walk.error(fields.place(key), "bad-time", message, "a time such as \"07:30\"", None);
    }
    minute
}
