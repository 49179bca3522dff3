//! An entry in words. It tells quantities, places and people, never a price; of everything else as much
//! as the mask left of the entry.

use gatewarden_model::{
    Actor, Body, Bucket, Change, Counted, Decision, DeviceFacts, Guards, Hash, Item, Label,
    LabelEvidence, LabelVerdict, MitigationOf, Movement, MovementLine, Pass, Posting, ReviewItem,
    ReviewVerdict, SecondFactor, StockStatus, Task, Tracking,
    entry::Verdict,
    facts::{facts_words, refusal_words},
};

use super::sessions;

/// An entry's parts in words.
pub(super) struct Told {
    pub(super) what: String,
    pub(super) who: String,
    pub(super) place: Option<String>,
    pub(super) document: Option<String>,
    pub(super) rule: Option<String>,
}

impl Told {
    pub(super) fn new(what: impl Into<String>, who: impl Into<String>) -> Self {
        Self { what: what.into(), who: who.into(), place: None, document: None, rule: None }
    }

    pub(super) fn at(mut self, place: Option<impl ToString>) -> Self {
        self.place = place.map(|p| p.to_string());
        self
    }

    pub(super) fn on(mut self, document: Option<impl ToString>) -> Self {
        self.document = document.map(|d| d.to_string());
        self
    }

    pub(super) fn by(mut self, decision: Option<&Decision>) -> Self {
        self.rule = decision.map(rule);
        self
    }
}

pub(super) fn actor(actor: &Actor) -> String {
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

fn line_words(line: &MovementLine) -> String {
    let mut text = format!("{} {} of {}", line.quantity, line.unit, line.item);
    if let Some(lot) = &line.lot {
        text.push_str(&format!(" (lot {lot})"));
    }
    if let Some(owner) = &line.owner {
        text.push_str(&format!(" of {owner}"));
    }
    let place = |place, status: StockStatus, unit: &Option<String>| {
        let status = match status {
            StockStatus::Available => String::new(),
            other => format!(", {}", other.name()),
        };
        let unit = unit.as_ref().map(|unit| format!(", unit {unit}")).unwrap_or_default();
        format!("{place}{status}{unit}")
    };
    let from = place(&line.from, line.from_status, &line.from_unit);
    let to = place(&line.to, line.to_status, &line.to_unit);
    text.push_str(&format!(" from {from} to {to}"));
    text
}

fn lines_words(lines: &[MovementLine]) -> String {
    lines.iter().map(line_words).collect::<Vec<_>>().join("; ")
}

fn bucket_words(bucket: &Bucket) -> String {
    let mut text = String::new();
    for (name, value) in [("lot", &bucket.lot), ("of", &bucket.owner), ("unit", &bucket.unit)] {
        if let Some(value) = value {
            text.push_str(&format!(" {name} {value}"));
        }
    }
    if bucket.status != StockStatus::Available {
        text.push_str(&format!(" in status {}", bucket.status.name()));
    }
    text
}

fn count_words(count: &Counted) -> String {
    let Counted { item, location, bucket, book, counted, .. } = count;
    format!("{counted} of {item}{} at {location}, {book} in the book", bucket_words(bucket))
}

fn movement_words(movement: &Movement) -> String {
    let mut text = movement.kind.words().to_owned();
    for part in [
        lines_words(&movement.lines),
        movement.counts.iter().map(count_words).collect::<Vec<_>>().join("; "),
    ] {
        if !part.is_empty() {
            text.push_str(&format!(" {part};"));
        }
    }
    let devices: Vec<String> = movement.devices.iter().map(ToString::to_string).collect();
    text.push_str(&match devices.as_slice() {
        [] => " posted by hand".to_owned(),
        devices => format!(" seen by {}", devices.join(", ")),
    });
    text.push_str(&format!("; document approved by {}", movement.approved_by));
    if let Some(seq) = movement.resolution_seq {
        text.push_str(&format!("; discrepancy decided in entry {seq}"));
    }
    if let Some(original) = movement.reverses {
        text.push_str(&format!("; takes back movement {original}"));
    }
    if let Some(day) = movement.effective {
        let late = if movement.back_dated { ", entered late" } else { "" };
        text.push_str(&format!("; counts for {day}{late}"));
    }
    text
}

fn posting_words(posting: &Posting, lines: &[MovementLine]) -> String {
    let kind = posting.kind.name();
    let what = match (lines, posting.counts.len(), posting.reverses) {
        (_, _, Some(original)) => format!("{kind} that takes back movement {original}"),
        ([], count, _) if count > 0 => format!("{kind} of {count} places and buckets"),
        (lines, ..) => format!("{kind} of {}", lines_words(lines)),
    };
    let reason = posting.reason.as_ref().map(|r| format!("; {r}")).unwrap_or_default();
    format!("asked for: {what}{reason}; waits for a second person")
}

fn item_words(item: &Item) -> String {
    let tracking = match item.tracking {
        Tracking::None => "not tracked",
        Tracking::Lot => "tracked by lot",
        Tracking::Serial => "tracked by serial",
    };
    let value = match &item.valuation {
        None => "without value".to_owned(),
        Some(valuation) => format!("valued in {}", valuation.currency),
    };
    let Item { code, name, unit, class, .. } = item;
    format!("item {code} ({name}) defined: class {class:?}, {tracking}, counted in {unit}, {value}")
}

/// What a device told of itself.
fn told_of(identity: &DeviceFacts) -> String {
    facts_words(identity)
}

/// What a change asks for.
fn wish(change: &Change) -> String {
    match change {
        Change::Operator { operator, name, roles, reset_pin, .. } => {
            let pin = if *reset_pin { ", with a new PIN" } else { "" };
            format!("{operator} ({name}) as {}{pin}", roles.join(", "))
        }
        Change::Client { client, scopes, .. } => {
            format!("a token for {client}: {}", scopes.join(", "))
        }
        Change::Factor { operator, factor } => format!("{} for {operator}", factor_words(factor)),
        Change::Device { device, identity } => {
            format!("{device} to be known by {}", told_of(identity))
        }
        Change::Procedures { version, parts } => {
            let names: Vec<&str> = parts.keys().map(String::as_str).collect();
            format!("procedures {}: {}", &version.to_string()[..12], names.join(", "))
        }
        Change::Policies { version, roles, guards, .. } => {
            let (version, beside) = (version.to_string(), beside(guards.as_deref()));
            format!("policies {} with {} roles{beside}", &version[..12], roles.0.len())
        }
    }
}

/// How many settings stand beside policies.
fn beside(guards: Option<&Guards>) -> String {
    guards.map_or_else(String::new, |guards| format!(", {} settings", guards.told().len()))
}

/// A second factor in words.
fn factor_words(factor: &SecondFactor) -> String {
    match factor {
        SecondFactor::Totp { id, .. } => format!("one-time codes {}", short(id)),
        SecondFactor::Passkey { id, name, .. } => format!("the passkey {name:?} {}", short(id)),
    }
}

/// The first digits of a digest.
fn short(digest: &Hash) -> String {
    digest.to_string().chars().take(12).collect()
}

/// Tells an entry.
pub(super) fn tell(body: &Body) -> Told {
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
        Body::PinSet { operator, activated, .. } => {
            let what =
                if *activated { "set a PIN with the one-time code" } else { "changed the PIN" };
            Told::new(what, operator.as_str())
        }
        Body::FactorAdded { operator, factor, by, .. } => {
            Told::new(format!("{operator} has {}", factor_words(factor)), actor(by))
        }
        Body::FactorUsed { operator, factor, .. } => {
            Told::new(format!("used the factor {}", short(factor)), operator.as_str())
        }
        Body::FactorRemoved { operator, factor, reason, by, decision } => {
            let what = format!("factor {} of {operator} removed: {reason}", short(factor));
            Told::new(what, actor(by)).by(decision.as_ref())
        }
        Body::Removed { operator, by } => Told::new(format!("{operator} removed"), actor(by)),
        Body::ClientUsed { client } => {
            Told::new("used its token, for the first time that day", format!("client {client}"))
        }
        Body::ChangeRequested { change, reason, by, decision, .. } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            Told::new(format!("asks for {}{why}", wish(change)), actor(by)).by(decision.as_ref())
        }
        Body::ChangeDecided { id, verdict, reason, by, decision, mitigations } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let borne =
                mitigations.iter().map(|MitigationOf { operator, conflict, reason, until }| {
                    format!("; {conflict} of {operator} borne until {until}: {reason}")
                });
            let what = format!("request {id} {}{why}{}", verdict.name(), borne.collect::<String>());
            Told::new(what, actor(by)).by(decision.as_ref())
        }
        Body::DeviceApproved { device, identity, by, .. } => {
            Told::new(format!("{device} is known by {}", told_of(identity)), actor(by))
        }
        Body::DeviceRefused { device, seen, known } => {
            Told::new(refusal_words(device, seen, known), "the daemon")
        }
        Body::DeviceBack { device, .. } => {
            Told::new(format!("device {device} is the approved one again"), "the daemon")
        }
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
        Body::SessionChanged { operator, station, .. } => {
            let who = operator.as_ref().map_or("nobody known", |o| o.as_str());
            Told::new(sessions::changed(body), who).at(station.as_ref())
        }
        Body::Unlocked { operator, by, decision } => {
            Told::new(format!("{operator} unlocked"), actor(by)).by(Some(decision))
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

/// What is to be printed, and for what.
fn label_words(label: &Label) -> String {
    let many = if label.copies == 1 { String::new() } else { format!("{} x ", label.copies) };
    let of = [
        label.item.as_ref().map(ToString::to_string),
        label.lot.as_ref().map(|lot| format!("lot {lot}")),
        label.serial.as_ref().map(|serial| format!("serial {serial}")),
        label.sscc.as_ref().map(|sscc| format!("SSCC {sscc}")),
        label.tag.as_ref().map(|tag| format!("tag {}", tag.key)),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    let of = if of.is_empty() { String::new() } else { format!(" for {}", of.join(", ")) };
    format!("label {} at {}: {many}{}{of}", label.id, label.printer, label.template)
}

/// What the printer told of a label.
fn evidence_words(told: &LabelEvidence) -> String {
    let mut words = String::new();
    if let Some(count) = told.came_out() {
        words += &format!("; {count} came out");
    }
    if let Some([before, after]) = told.voided
        && after > before
    {
        words += &format!(", {} voided", after - before);
    }
    if let Some(echo) = &told.echo {
        words += &format!("; its tag reads {echo}");
    }
    words
}

/// What a portal was not sure of, if anything.
fn doubt_words(pass: &Pass) -> String {
    // The gravest stands first.
    let mut doubts: Vec<_> = pass.doubts.iter().collect();
    doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.why));
    match doubts.as_slice() {
        [] => String::new(),
        [one] => format!(", 1 doubtful: {} {}", one.sighting.thing.key, one.why.words()),
        [one, rest @ ..] => format!(
            ", {} doubtful: {} {} and {} more",
            pass.doubts.len(),
            one.sighting.thing.key,
            one.why.words(),
            rest.len()
        ),
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
        Body::Unread { pass } => {
            let strays = match pass.strays {
                0 => String::new(),
                n => format!("; {n} tags were heard elsewhere"),
            };
            Told::new(format!("something went through and no tag was read{strays}"), "nobody known")
                .at(Some(&pass.station))
        }
        Body::Quarantined { pass, reason } => {
            let count = pass.seen().count();
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
            ) + &doubt_words(pass);
            Told::new(what, operator.as_str()).at(Some(&pass.station)).by(Some(decision))
        }
        Body::HoldDecided { verdict, reason, doubts, by, second, decision, .. } => {
            let verdict = match verdict {
                Verdict::Accept => "accepted",
                Verdict::Reject => "rejected",
            };
            let mut what = format!("discrepancy {verdict}: {reason}");
            if !doubts.is_empty() {
                what += &format!("; of the doubtful it counts {}", doubts.join(", "));
            }
            if let Some(second) = second {
                what += &format!("; {} stood beside", second.operator);
            }
            Told::new(what, actor(by)).by(Some(decision))
        }
        Body::Denied { by, action, module, reason, decision, station, document, .. } => {
            let what = format!("denied to {} {}: {reason}", action.name(), module.name());
            Told::new(what, actor(by))
                .at(station.as_ref())
                .on(document.as_ref())
                .by(decision.as_ref())
        }
        Body::Delivered { movement, lane, remote_id, found } => {
            let how = if *found { "found there after a lost answer" } else { "delivered" };
            Told::new(format!("movement {movement} at {lane} as {remote_id}, {how}"), lane.as_str())
        }
        Body::Rejected { movement, lane, reason } => {
            Told::new(format!("movement {movement} rejected by {lane}: {reason}"), lane.as_str())
        }
        other => tell_stock(other),
    }
}

fn tell_stock(body: &Body) -> Told {
    match body {
        Body::Moved { movement, .. } => {
            let mut who = format!("{} (auth level {})", movement.operator, movement.auth_level);
            if let Some(second) = &movement.second {
                let (second, level) = (&second.operator, second.auth_level);
                who.push_str(&format!(" with {second} (auth level {level})"));
            }
            Told::new(movement_words(movement), who)
                .at(movement.station.as_ref())
                .on(Some(&movement.document.number))
                .by(Some(&movement.decision))
        }
        Body::Reserved { posting, lines, by, decision } => {
            Told::new(posting_words(posting, lines), actor(by))
                .on(Some(&posting.document.number))
                .by(Some(decision))
        }
        Body::ReservationEnded { movement, reason, lines, by, decision } => {
            let freed = match lines.as_slice() {
                [] => String::new(),
                lines => format!("; free again: {}", lines_words(lines)),
            };
            Told::new(format!("reservation {movement} over: {reason}{freed}"), actor(by))
                .by(decision.as_ref())
        }
        Body::Commissioned { tag, item, lot, serial, tid, by, decision } => {
            let lot = lot.as_ref().map(|l| format!(", lot {l}")).unwrap_or_default();
            let serial = serial.as_ref().map(|s| format!(", serial {s}")).unwrap_or_default();
            let tid = tid.as_ref().map(|t| format!(", TID {t}")).unwrap_or_default();
            Told::new(format!("{tag} stands for a piece of {item}{lot}{serial}{tid}"), actor(by))
                .by(Some(decision))
        }
        Body::Decommissioned { tag, reason, by, decision } => {
            Told::new(format!("{tag} stands for nothing any more: {reason}"), actor(by))
                .by(Some(decision))
        }
        Body::TagAccessAsked { tag, station, device, access, reason, by, second, decision } => {
            let mut who = actor(by);
            if let Some(second) = second {
                who.push_str(&format!(" with {}", second.operator));
            }
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            Told::new(format!("{device} was asked of {tag}: {}{why}", access.words()), who)
                .at(Some(station))
                .by(Some(decision))
        }
        Body::TagAccessEnded { asked, tag, device, outcome } => Told::new(
            format!("{tag}, as entry {asked} asked: {}", outcome.words()),
            device.as_str(),
        ),
        Body::CostLanded { movement, document, revalues, by, decision, .. } => {
            let later = match revalues.len() {
                0 => String::new(),
                1 => "; 1 later line revalued".to_owned(),
                n => format!("; {n} later lines revalued"),
            };
            Told::new(format!("cost added to movement {movement}{later}"), actor(by))
                .on(Some(&document.number))
                .by(Some(decision))
        }
        Body::LabelQueued { label, by, decision } => {
            Told::new(label_words(label), actor(by)).on(label.document.as_ref()).by(Some(decision))
        }
        Body::LabelChanged { label, state, reason, evidence } => {
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let told = evidence.as_deref().map(evidence_words).unwrap_or_default();
            Told::new(format!("label {label} {}{reason}{told}", state.name()), "the printer")
        }
        Body::LabelDecided { label, verdict, reason, by, decision } => {
            let what = match verdict {
                LabelVerdict::Printed => "is there and good",
                LabelVerdict::Reprint => "is to be printed again",
                LabelVerdict::Void => "is not wanted any more",
            };
            Told::new(format!("label {label} {what}: {reason}"), actor(by)).by(Some(decision))
        }
        Body::PeriodClosed { until, by, decision } => {
            let what = format!("period closed: nothing counts any more for {until} or before");
            Told::new(what, actor(by)).by(Some(decision))
        }
        other => tell_system(other),
    }
}

fn tell_system(body: &Body) -> Told {
    match body {
        Body::ItemDefined { item, by } => Told::new(item_words(item), actor(by)),
        Body::PoliciesDefined { version, roles, cedar, guards, .. } => {
            let version = version.to_string();
            let more = if cedar.is_empty() { "" } else { " and policies in Cedar" };
            let (version, beside) = (&version[..12], beside(guards.as_deref()));
            let what =
                format!("policies {version} in force: {} roles{more}{beside}", roles.0.len());
            Told::new(what, "the daemon")
        }
        Body::KeyRotated { old, new, reason, by } => {
            Told::new(format!("signing key {old} followed by {new}: {reason}"), actor(by))
        }
        Body::Restored { size, lost, reason, by } => {
            let lost = match lost {
                0 => "nothing witnessed is lost".to_owned(),
                n => format!("{n} witnessed entries are lost"),
            };
            let what = format!("restored from a backup of {size} entries, {lost}: {reason}");
            Told::new(what, actor(by))
        }
        other => tell_review(other),
    }
}

fn items_words(items: &[ReviewItem]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn tell_review(body: &Body) -> Told {
    match body {
        Body::ReviewOpened { review, by, decision } => {
            let reviewers: Vec<&str> = review.reviewers.iter().map(|who| who.as_str()).collect();
            let (title, fallback, items) = (&review.title, &review.fallback, review.items.len());
            let what = format!(
                "review {title:?} opened: {items} roles and scopes, for {} to confirm, else {fallback}",
                reviewers.join(" or ")
            );
            Told::new(what, actor(by)).by(Some(decision))
        }
        Body::ReviewDecided { item, verdict, justification, by, decision, .. } => {
            let verdict = match verdict {
                ReviewVerdict::Keep => "confirmed",
                ReviewVerdict::Revoke => "taken away",
            };
            Told::new(format!("{item} {verdict}: {justification}"), actor(by)).by(Some(decision))
        }
        Body::ReviewClosed { reason, expired, spared, .. } => {
            let mut what = format!("review closed: {reason}");
            if !expired.is_empty() {
                what.push_str(&format!("; not confirmed and taken away: {}", items_words(expired)));
            }
            if !spared.is_empty() {
                what.push_str(&format!(
                    "; NOT CONFIRMED AND KEPT, since else too few could approve: {}",
                    items_words(spared)
                ));
            }
            Told::new(what, "the daemon")
        }
        // All kinds are told by now; a new one shows itself as it is until it has words.
        other => super::procedures::tell(other)
            .unwrap_or_else(|| Told::new(format!("{other:?}"), "the daemon")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_model::{Hash, MovementId, RoleMatrix};
    use serde_json::json;

    use super::*;

    fn body(value: serde_json::Value) -> Body {
        serde_json::from_value(value).unwrap()
    }

    fn decision() -> serde_json::Value {
        json!({"allowed": true, "action": "create", "module": "inbound",
            "policies": ["scope:inbound:create"], "version": Hash::of(b"p")})
    }

    const ID: &str = "01a2008e-d964-7646-9ece-a19b19b8cac7";

    /// Each kind of entry about stock, in words that name what, how much, where, who; no price.
    #[test]
    fn each_kind_is_told_and_no_price_with_it() {
        let line = json!({"line": 10, "item": "MILK", "lot": "L1", "quantity": 5, "unit": "l",
            "from": "wh1/a", "to": "wh1/a", "things": [], "owner": "FARM",
            "from_status": "quality-inspection", "from_unit": "340123450000000018",
            "value": "777.5"});
        let posting = json!({"id": ID, "kind": "status-change", "reason": "passed",
            "document": {"kind": "inspection", "number": "Q-1"}});
        let by = json!({"kind": "client", "id": "erp"});
        let cases = [
            (
                json!({"kind": "reserved", "posting": posting, "lines": [line], "by": by,
                    "decision": decision()}),
                "asked for: status-change of 5 l of MILK (lot L1) of FARM from wh1/a, \
                 quality-inspection, unit 340123450000000018 to wh1/a; passed; waits for a second person",
            ),
            (
                json!({"kind": "reservation-ended", "movement": ID, "reason": "time-out",
                    "by": {"kind": "daemon"}}),
                "reservation 01a2008e-d964-7646-9ece-a19b19b8cac7 over: time-out",
            ),
            (
                json!({"kind": "commissioned", "tag": "epc:3034", "item": "MILK", "serial": "7",
                    "tid": "E280116060000205", "by": by, "decision": decision()}),
                "epc:3034 stands for a piece of MILK, serial 7, TID E280116060000205",
            ),
            (
                json!({"kind": "decommissioned", "tag": "epc:3034", "reason": "torn off",
                    "by": by, "decision": decision()}),
                "epc:3034 stands for nothing any more: torn off",
            ),
            (
                json!({"kind": "cost-landed", "movement": ID, "amounts": ["777.5"], "by": by,
                    "document": {"kind": "purchase-order", "number": "F-1"},
                    "revalues": [{"seq": 4, "position": 0, "delta": "777.5"}],
                    "decision": decision()}),
                "cost added to movement 01a2008e-d964-7646-9ece-a19b19b8cac7; 1 later line revalued",
            ),
            (
                json!({"kind": "period-closed", "until": "2026-10-31", "by": by,
                    "decision": decision()}),
                "period closed: nothing counts any more for 2026-10-31 or before",
            ),
            (
                json!({"kind": "item-defined", "by": {"kind": "daemon"}, "item": {"code": "MILK",
                    "name": "Milk", "unit": "l", "tracking": "lot", "class": "B"}}),
                "item MILK (Milk) defined: class B, tracked by lot, counted in l, without value",
            ),
            (
                json!({"kind": "restored", "size": 9, "lost": 0, "reason": "new disk",
                    "by": {"kind": "local", "uid": 0}}),
                "restored from a backup of 9 entries, nothing witnessed is lost: new disk",
            ),
            (
                json!({"kind": "review-opened", "by": by, "decision": decision(),
                    "review": {"id": ID, "title": "autumn", "reviewers": ["olga", "otto"],
                        "fallback": "ola", "due_us": 1,
                        "items": [{"kind": "role", "operator": "sam", "role": "buyer"}]}}),
                "review \"autumn\" opened: 1 roles and scopes, for olga or otto to confirm, else ola",
            ),
            (
                json!({"kind": "review-decided", "review": ID, "verdict": "revoke", "by": by,
                    "item": {"kind": "scope", "client": "erp", "scope": "inbound:create"},
                    "justification": "replaced", "decision": decision()}),
                "inbound:create of client erp taken away: replaced",
            ),
            (
                json!({"kind": "review-closed", "review": ID, "reason": "due",
                    "expired": [{"kind": "role", "operator": "sam", "role": "buyer"}],
                    "spared": [{"kind": "role", "operator": "ola", "role": "owner"}]}),
                "review closed: due; not confirmed and taken away: buyer of sam; NOT CONFIRMED AND \
                 KEPT, since else too few could approve: owner of ola",
            ),
        ];
        for (value, expect) in cases {
            let told = tell(&body(value));
            assert_eq!(told.what, expect);
            assert!(!told.who.is_empty());
            assert!(!format!("{}{:?}", told.what, told.rule).contains("777"));
        }
    }

    #[test]
    fn a_posting_by_hand_tells_its_approver_day_and_counts() {
        let movement = json!({"id": ID, "kind": "count", "devices": [], "session": ID,
            "document": {"kind": "count-order", "number": "C-1"}, "operator": "wang.lead",
            "auth_level": 2, "decision": decision(), "approved_by": "wang.lead",
            "evidence": Hash::of(b"e"), "lines": [], "back_dated": true,
            "effective": "2026-11-01", "reverses": ID,
            "counts": [{"line": 10, "item": "BOLT", "location": "wh1/a", "book": 12,
                "counted": 12}]});
        let told = tell(&body(json!({"kind": "moved", "movement": movement})));
        let id: MovementId = ID.parse().unwrap();
        let expect = format!(
            "counted 12 of BOLT at wh1/a, 12 in the book; posted by hand; document approved by \
             wang.lead; takes back movement {id}; counts for 2026-11-01, entered late"
        );
        assert_eq!(told.what, expect);
        assert_eq!(told.place, None);
        assert_eq!(told.document.as_deref(), Some("C-1"));
    }

    #[test]
    fn policies_are_told_by_their_digest() {
        let body = Body::PoliciesDefined {
            version: Hash::of(b"p"),
            roles: RoleMatrix::default(),
            cedar: String::new(),
            sod: Default::default(),
            guards: None,
            change: None,
        };
        assert!(tell(&body).what.starts_with("policies "));
    }
}
