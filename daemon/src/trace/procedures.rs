//! Documents, their approvals and rules in words.
//!
//! Absent: what they say (`api::documents` shows it, masked); a trace tells what happened to them.

use gatewarden_model::{
    ApprovalEvent, Body, CountSheet, Document, DocumentContent, DocumentStep, ReturnTo,
    SignerPlace, Verdict,
};

use super::words::{Told, actor};

/// An entry about procedures in words; none for any other.
pub(super) fn tell(body: &Body) -> Option<Told> {
    Some(match body {
        Body::DocumentWritten { content, by, decision } => Told::new(written(content), actor(by))
            .at(content.station.as_ref())
            .on(Some(&content.document.number))
            .by(decision.as_ref()),
        Body::DocumentStepped { document, version, step, by, decision, .. } => {
            let (what, who) = stepped(step);
            let who = who.unwrap_or_else(|| actor(by));
            Told::new(format!("{} version {version} {what}", named(document)), who)
                .on(Some(&document.number))
                .by(decision.as_ref())
        }
        Body::ProceduresDefined { version, parts, .. } => {
            let names: Vec<&str> = parts.keys().map(String::as_str).collect();
            let version = version.to_string();
            let what = format!("procedures {} in force: {}", &version[..12], names.join(", "));
            Told::new(what, "the daemon")
        }
        Body::RuleFired { firing, document } => {
            let what = format!("rule {} found: {}", firing.rule, firing.title);
            Told::new(what, "the daemon").on(document.as_ref().map(|document| &document.number))
        }
        Body::TodoDone { fired, reason, by } => {
            Told::new(format!("to-do of entry {fired} done: {reason}"), actor(by))
        }
        Body::ReceiverSeen { station, operator, .. } => {
            let what = format!("{operator} showed his badge to receive what he asked for");
            Told::new(what, operator.as_str()).at(Some(station))
        }
        Body::NoticeSettled { settled } => {
            let what = format!("notice {} {}", settled.notice, settled.outcome.name());
            let document = settled.document.as_ref();
            Told::new(format!("{what} of entry {}", settled.about), settled.receiver.as_str())
                .on(document.map(|document| &document.number))
        }
        _ => return None,
    })
}

fn named(document: &Document) -> String {
    format!("{} {}", document.kind.words(), document.number)
}

fn written(content: &DocumentContent) -> String {
    let lines: Vec<String> = content
        .lines
        .iter()
        .take(8)
        .map(|line| format!("{} {}", line.quantity, line.item))
        .collect();
    let more = match content.lines.len().saturating_sub(lines.len()) {
        0 => String::new(),
        more => format!(" and {more} more lines"),
    };
    let of = if lines.is_empty() { String::new() } else { format!(": {}{more}", lines.join(", ")) };
    format!("{} version {} written{of}", named(&content.document), content.version)
}

/// What happened, and who did it where the step itself tells.
fn stepped(step: &DocumentStep) -> (String, Option<String>) {
    let plain = |what: &str| (what.to_owned(), None);
    match step {
        DocumentStep::Submitted { workflow: Some(name), .. } => {
            (format!("handed in, to be signed by workflow {name}"), None)
        }
        DocumentStep::Submitted { workflow: None, .. } => plain("handed in, needs no signature"),
        DocumentStep::Approval { event } => approval(event),
        DocumentStep::Approved { signatures } if signatures.is_empty() => plain("approved"),
        DocumentStep::Approved { signatures } => {
            let entries: Vec<String> = signatures.iter().map(|seq| format!("#{seq}")).collect();
            (format!("approved by {}", entries.join(", ")), None)
        }
        DocumentStep::Returned => plain("is back with its author"),
        DocumentStep::Rejected => plain("rejected"),
        DocumentStep::Started { task } => (format!("is done by task {task}"), None),
        DocumentStep::Fulfilled { by, lines, .. } => {
            let sum: i64 = lines.iter().map(|done| done.quantity).sum();
            (format!("fulfilled by {}: {sum}", named(by)), None)
        }
        DocumentStep::Consumed { by, items, .. } => {
            let items: Vec<String> = items.iter().map(|(item, n)| format!("{n} {item}")).collect();
            (format!("consumed {} on {}", items.join(", "), named(by)), None)
        }
        DocumentStep::Inspected { by, items, .. } => {
            let items: Vec<String> = items.iter().map(|(item, n)| format!("{n} {item}")).collect();
            (format!("inspected {} on {}", items.join(", "), named(by)), None)
        }
        DocumentStep::CountBegun => plain("is being counted"),
        DocumentStep::Counted { sheet } => (counted(sheet), None),
        DocumentStep::Own { name } => (format!("step {name}"), None),
        DocumentStep::InForce => plain("in force"),
        DocumentStep::Superseded => plain("superseded"),
        DocumentStep::Closed { reason } => (format!("closed: {reason}"), None),
        DocumentStep::Cancelled { reason } => (format!("cancelled: {reason}"), None),
    }
}

fn counted(sheet: &CountSheet) -> String {
    let by = match (&sheet.pass, sheet.seen.is_empty()) {
        (Some(pass), _) => format!("seen at {}", pass.station),
        (None, true) => "nothing typed".to_owned(),
        (None, false) => "typed".to_owned(),
    };
    let found = sheet.seen.iter().fold(0_i64, |sum, seen| sum.saturating_add(seen.quantity));
    let whole = if sheet.done { ", counted whole" } else { "" };
    format!("{} counted: {found} found, {by}{whole}", sheet.bin)
}

fn names<T: ToString>(list: &[T]) -> String {
    match list {
        [] => "nobody".to_owned(),
        list => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// B for A, where somebody acted in another's place.
fn for_whom(by: &impl ToString, of: &impl ToString) -> Option<String> {
    let (by, of) = (by.to_string(), of.to_string());
    Some(if by == of { by } else { format!("{by} for {of}") })
}

fn because(comment: &str) -> String {
    if comment.is_empty() { String::new() } else { format!(": {comment}") }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "yes",
        Verdict::Reject => "no",
    }
}

fn approval(event: &ApprovalEvent) -> (String, Option<String>) {
    use ApprovalEvent as E;
    match event {
        E::Branched { node, case: Some(case) } => {
            (format!("branch {node}: case {}", case + 1), None)
        }
        E::Branched { node, case: None } => (format!("branch {node}: otherwise"), None),
        E::Opened { node, seats, .. } => {
            let who: Vec<&str> = seats.iter().map(|seat| seat.who.as_str()).collect();
            (format!("step {node} asks {}", names(&who)), None)
        }
        E::Notified { node, whom } => (format!("step {node} tells {}", names(whom)), None),
        E::Decided { node, by, of, verdict: Verdict::Approve, comment, .. } => {
            (format!("signed at {node}{}", because(comment)), for_whom(by, of))
        }
        E::Decided { node, by, of, verdict: Verdict::Reject, comment, .. } => {
            (format!("refused at {node}{}", because(comment)), for_whom(by, of))
        }
        E::Carried { node, of, from, .. } => {
            (format!("{of}'s signature at {from} counts at {node} too"), None)
        }
        E::Advised { node, by, of, verdict: said, comment, .. } => {
            let what = format!("advised {} at {node}{}", verdict(*said), because(comment));
            (what, for_whom(by, of))
        }
        E::Transferred { node, by, of, to, comment } => {
            (format!("handed over to {to} at {node}{}", because(comment)), for_whom(by, of))
        }
        E::Delegated { node, by, of, to, comment } => {
            (format!("{to} asked for advice at {node}{}", because(comment)), for_whom(by, of))
        }
        E::SignerAdded { node, by, of, who, place, comment } => {
            let place = match place {
                SignerPlace::Before => "before",
                SignerPlace::After => "after",
            };
            let what = format!("{who} must sign {place} him at {node}{}", because(comment));
            (what, for_whom(by, of))
        }
        E::SignerRemoved { node, by, of, who } => {
            (format!("{who} need not sign at {node} any more"), for_whom(by, of))
        }
        E::TakenBack { node, by, of } => (format!("taken back at {node}"), for_whom(by, of)),
        E::Returned { node, by, of, to, comment, .. } => {
            let to = match to {
                ReturnTo::Initiator => "its author".to_owned(),
                ReturnTo::Node(step) => format!("step {step}"),
            };
            (format!("sent back to {to} from {node}{}", because(comment)), for_whom(by, of))
        }
        E::Voided { node, of, fields } if fields.is_empty() => {
            (format!("signatures of {} at {node} do not count any more", names(of)), None)
        }
        E::Voided { node, of, fields } => {
            let fields = fields.join(", ");
            let of = names(of);
            (format!("signatures of {of} at {node} do not count any more: {fields} changed"), None)
        }
        E::Revised { by, version, .. } => {
            (format!("runs on with version {version}"), Some(by.to_string()))
        }
        E::Passed { node, .. } => (format!("step {node} has what it needs"), None),
        E::Reminded { node, whom, .. } => (format!("reminds {} of {node}", names(whom)), None),
        E::Escalated { node, of, to, .. } => {
            (format!("{} may decide for {of} at {node} too", names(to)), None)
        }
        E::Rejected { node, .. } => (format!("step {node} said no"), None),
        E::Withdrawn { by, comment } => {
            (format!("withdrawn{}", because(comment)), Some(by.to_string()))
        }
        E::Approved { .. } => ("has every signature".to_owned(), None),
        other => (format!("{other:?}"), None),
    }
}
