//! "Who, when, what, where, on which document, allowed by which rule" in one step: the entries
//! about a subject, with those that belong to the movements among them, told in words.

use std::collections::BTreeMap;

use gatewarden_model::{
    Actor, Body, Decision, Entry, Epc, Movement, ScanRead, Subject, SubjectKind, Task, TaskId,
    Thing, entry::Verdict, gs1,
};
use gatewarden_store::{LedgerReader, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// Entries that one trace shows at most, newest kept.
pub(crate) const TRACE_ENTRIES_MAX: usize = 1000;

/// One entry in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Its sequence.
    pub(crate) seq: u64,
    /// The wall clock, RFC 3339 in UTC.
    pub(crate) when: String,
    /// Whether that clock was synchronised.
    pub(crate) synced: bool,
    /// What happened.
    pub(crate) what: String,
    /// By whom.
    pub(crate) who: String,
    /// At which station.
    pub(crate) place: Option<String>,
    /// On which document.
    pub(crate) document: Option<String>,
    /// Allowed or denied by which rule.
    pub(crate) rule: Option<String>,
}

/// The entries about a subject and those that belong to its movements, in journal order.
pub(crate) fn collect(ledger: &LedgerReader, subject: &Subject) -> Result<Vec<Entry>, StoreError> {
    let mut entries = BTreeMap::new();
    for entry in ledger.touching(subject, TRACE_ENTRIES_MAX)? {
        let linked = match &entry.body {
            Body::Moved { movement, .. } => {
                let own = Subject { kind: SubjectKind::Movement, key: movement.id.to_string() };
                let task =
                    |task: TaskId| Subject { kind: SubjectKind::Task, key: task.to_string() };
                std::iter::once(own).chain(movement.task.map(task)).collect()
            }
            Body::Held { pass, .. } | Body::Quarantined { pass, .. } => {
                vec![Subject { kind: SubjectKind::Movement, key: pass.id.to_string() }]
            }
            Body::TaskOpened { task, .. } if subject.kind == SubjectKind::Document => {
                vec![Subject { kind: SubjectKind::Task, key: task.id.to_string() }]
            }
            _ => vec![],
        };
        entries.insert(entry.seq, entry);
        for subject in linked {
            for entry in ledger.touching(&subject, TRACE_ENTRIES_MAX)? {
                let own = entry.subjects().contains(&subject);
                if own && entries.len() < TRACE_ENTRIES_MAX {
                    entries.insert(entry.seq, entry);
                }
            }
        }
    }
    Ok(entries.into_values().collect())
}

/// What a person may have meant: the kind is optional, and a tag may be given as it was read (EPC in
/// hex, tag URI, scan, Digital Link) instead of by its key.
pub(crate) fn meant(kind: Option<SubjectKind>, text: &str) -> Vec<Subject> {
    let kinds = kind.map_or(SubjectKind::ALL.to_vec(), |kind| vec![kind]);
    let mut list: Vec<Subject> =
        kinds.iter().map(|kind| Subject { kind: *kind, key: text.to_owned() }).collect();
    if kinds.contains(&SubjectKind::Tag)
        && let Some(key) = tag_key(text)
        && key != text
    {
        list.push(Subject { kind: SubjectKind::Tag, key });
    }
    list
}

/// The key of the thing that an identifier, in whatever form, stands for.
fn tag_key(text: &str) -> Option<String> {
    if let Ok(epc) = Epc::from_hex(text) {
        return Some(Thing::of_epc(&epc.to_bytes()).key);
    }
    if let Ok(epc) = Epc::from_tag_uri(text) {
        return Some(Thing::of_epc(&epc.to_bytes()).key);
    }
    let (aim, rest) = gs1::split_aim(text).ok()?;
    let scan = ScanRead { text: rest.to_owned(), aim: aim.map(str::to_owned) };
    Some(Thing::of_scan(&scan).key).filter(|key| !key.starts_with("text:"))
}

/// All entries about any of the subjects, in journal order.
pub(crate) fn collect_all(
    ledger: &LedgerReader,
    subjects: &[Subject],
) -> Result<Vec<Entry>, StoreError> {
    let mut all = BTreeMap::new();
    for subject in subjects {
        all.extend(collect(ledger, subject)?.into_iter().map(|entry| (entry.seq, entry)));
    }
    Ok(all.into_values().collect())
}

/// Parses `item|tag|document|operator|movement|task|station|device`.
pub(crate) fn parse_kind(text: &str) -> Option<SubjectKind> {
    SubjectKind::ALL.into_iter().find(|kind| kind.name() == text)
}

/// An entry in words.
pub(crate) fn line(entry: &Entry) -> Line {
    let told = tell(&entry.body);
    let when = jiff::Timestamp::from_microsecond(entry.at.wall_us)
        .map_or_else(|_| format!("{} µs", entry.at.wall_us), |t| format!("{t:.3}"));
    Line {
        seq: entry.seq,
        when,
        synced: entry.at.synced,
        what: told.what,
        who: told.who,
        place: told.place,
        document: told.document,
        rule: told.rule,
    }
}

struct Told {
    what: String,
    who: String,
    place: Option<String>,
    document: Option<String>,
    rule: Option<String>,
}

impl Told {
    fn new(what: impl Into<String>, who: impl Into<String>) -> Self {
        Self { what: what.into(), who: who.into(), place: None, document: None, rule: None }
    }

    fn at(mut self, place: Option<impl ToString>) -> Self {
        self.place = place.map(|p| p.to_string());
        self
    }

    fn on(mut self, document: Option<impl ToString>) -> Self {
        self.document = document.map(|d| d.to_string());
        self
    }

    fn by(mut self, decision: Option<&Decision>) -> Self {
        self.rule = decision.map(rule);
        self
    }
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Operator { id, .. } => id.to_string(),
        Actor::Client { id } => format!("client {id}"),
        Actor::Local { uid } => format!("user {uid} of the box"),
        Actor::Daemon => "the daemon".to_owned(),
        Actor::Nobody => "nobody known".to_owned(),
    }
}

fn rule(decision: &Decision) -> String {
    let verdict = if decision.allowed { "allowed" } else { "denied" };
    let asked = format!("{} {}", decision.action.name(), decision.module.name());
    let by = match decision.policies.as_slice() {
        [] => "no policy permits it".to_owned(),
        policies => format!("by {}", policies.join(", ")),
    };
    let version = decision.version.to_string();
    let mut text = format!("{asked}: {verdict} {by} (policies {})", &version[..12]);
    if !decision.errors.is_empty() {
        text.push_str(&format!("; errors: {}", decision.errors.join("; ")));
    }
    text
}

fn task_words(task: &Task) -> String {
    let lines: Vec<String> = task
        .lines
        .iter()
        .map(|l| format!("{} of {} from {} to {}", l.quantity, l.item, l.from, l.to))
        .collect();
    lines.join("; ")
}

fn movement_words(movement: &Movement) -> String {
    let verb = movement.kind.words();
    let lines: Vec<String> = movement
        .lines
        .iter()
        .map(|l| {
            let lot = l.lot.as_ref().map(|lot| format!(" (lot {lot})")).unwrap_or_default();
            format!("{} {} of {}{lot} from {} to {}", l.quantity, l.unit, l.item, l.from, l.to)
        })
        .collect();
    let devices: Vec<String> = movement.devices.iter().map(ToString::to_string).collect();
    let mut text = format!("{verb} {}; seen by {}", lines.join("; "), devices.join(", "));
    text.push_str(&format!("; document approved by {}", movement.approved_by));
    if let Some(seq) = movement.resolution_seq {
        text.push_str(&format!("; discrepancy decided in entry {seq}"));
    }
    text
}

fn tell(body: &Body) -> Told {
    match body {
        Body::Started { gateway, version, .. } => {
            Told::new(format!("gateway {gateway} started, gatewarden {version}"), "the daemon")
        }
        Body::Stopped { reason } => Told::new(format!("stopped: {reason}"), "the daemon"),
        Body::Enrolled { operator, name, roles, pin, by, .. } => {
            let pin = if pin.is_some() { "PIN set" } else { "no PIN" };
            let roles = roles.join(", ");
            Told::new(format!("{operator} ({name}) enrolled as {roles}; {pin}"), actor(by))
        }
        Body::Removed { operator, by } => Told::new(format!("{operator} removed"), actor(by)),
        Body::ClientAdded { client, scopes, by, .. } => {
            Told::new(format!("token for {client}: {}", scopes.join(", ")), actor(by))
        }
        Body::ClientRevoked { client, by } => {
            Told::new(format!("token of {client} revoked"), actor(by))
        }
        Body::SessionOpened { operator, station, auth_level, .. } => {
            let how = if *auth_level >= 2 { "badge and PIN" } else { "badge" };
            Told::new(format!("signed in with {how}"), operator.as_str()).at(station.as_ref())
        }
        Body::SessionEnded { operator, station, reason, .. } => {
            Told::new(format!("session ended: {reason}"), operator.as_str()).at(station.as_ref())
        }
        Body::SignInRefused { operator, station, reason, failures, .. } => {
            let who = operator.as_ref().map_or("nobody known", |o| o.as_str());
            Told::new(format!("sign-in refused: {reason} (failure {failures})"), who)
                .at(station.as_ref())
        }
        Body::Gap { device, from, to, reason } => {
            let seconds = to.us_since(from) / 1_000_000;
            let of = device.as_ref().map(|d| format!(" of {d}")).unwrap_or_default();
            Told::new(format!("evidence gap{of}, {seconds} s: {reason}"), "the daemon")
        }
        other => tell_work(other),
    }
}

fn tell_work(body: &Body) -> Told {
    match body {
        Body::TaskOpened { task, by, decision } => {
            Told::new(format!("task opened: {}", task_words(task)), actor(by))
                .at(Some(&task.station))
                .on(Some(&task.document.number))
                .by(decision.as_ref())
        }
        Body::TaskApproved { task, by, decision, .. } => {
            Told::new(format!("task {task} approved"), actor(by)).by(Some(decision))
        }
        Body::TaskClosed { task, reason, by } => {
            Told::new(format!("task {task} closed: {reason}"), actor(by))
        }
        Body::Quarantined { pass, reason } => {
            let count = pass.sightings.len();
            Told::new(format!("{count} things quarantined: {reason}"), "nobody known")
                .at(Some(&pass.station))
        }
        Body::QuarantineResolved { verdict, reason, by, decision, .. } => {
            Told::new(format!("quarantine {verdict}: {reason}"), actor(by)).by(Some(decision))
        }
        Body::Held { pass, operator, comparison, decision, .. } => {
            let c = comparison;
            let missing: i64 = c.missing.iter().map(|m| m.quantity).sum();
            let what = format!(
                "held: {} expected, {missing} missing, {} extra, {} unknown, {} of a wrong item",
                c.expected.len(),
                c.extra.len(),
                c.unknown.len(),
                c.wrong_item.len(),
            );
            Told::new(what, operator.as_str()).at(Some(&pass.station)).by(Some(decision))
        }
        Body::HoldDecided { verdict, reason, by, decision, .. } => {
            let verdict = match verdict {
                Verdict::Accept => "accepted",
                Verdict::Reject => "rejected",
            };
            Told::new(format!("discrepancy {verdict}: {reason}"), actor(by)).by(Some(decision))
        }
        Body::Denied { by, action, module, reason, decision, station, document, .. } => {
            let what = format!("denied to {} {}: {reason}", action.name(), module.name());
            Told::new(what, actor(by))
                .at(station.as_ref())
                .on(document.as_ref())
                .by(decision.as_ref())
        }
        Body::Moved { movement, .. } => {
            let who = format!("{} (auth level {})", movement.operator, movement.auth_level);
            Told::new(movement_words(movement), who)
                .at(movement.station.as_ref())
                .on(Some(&movement.document.number))
                .by(Some(&movement.decision))
        }
        Body::Delivered { movement, lane, remote_id, found } => {
            let how = if *found { "found there after a lost answer" } else { "delivered" };
            Told::new(format!("movement {movement} at {lane} as {remote_id}, {how}"), lane.as_str())
        }
        Body::Rejected { movement, lane, reason } => {
            Told::new(format!("movement {movement} rejected by {lane}: {reason}"), lane.as_str())
        }
        other => Told::new(format!("{other:?}"), "the daemon"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_by_any_of_its_spellings() {
        let key = "(01)80614141123458(21)6789";
        for text in [
            "3074257BF7194E4000001A85",
            "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
            "]d20180614141123458216789",
        ] {
            let found = meant(Some(SubjectKind::Tag), text);
            assert!(found.iter().any(|s| s.key == key), "{text}: {found:?}");
        }
        let any = meant(None, "4500001");
        assert!(any.iter().any(|s| s.kind == SubjectKind::Document && s.key == "4500001"));
    }
}
