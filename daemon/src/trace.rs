//! "Who, when, what, where, on which document, allowed by which rule" in one step: the entries
//! about a subject, with those that belong to the movements among them, told in words.

mod procedures;
mod sessions;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gatewarden_model::{
    Body, Document, DocumentStep, Entry, Epc, FieldRights, Masked, MovementId, ScanRead, Subject,
    SubjectKind, TaskId, Thing, gs1,
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

/// Documents that one trace goes through, back to the origin and on to all that followed.
const DOCUMENTS_TRACED_MAX: usize = 500;

/// The entries about a subject, those that belong to its movements, and of a document or movement those of
/// all documents that it follows from or that follow from it, in journal order.
pub(crate) fn collect(ledger: &LedgerReader, subject: &Subject) -> Result<Vec<Entry>, StoreError> {
    let mut entries = BTreeMap::new();
    let mut seen = BTreeSet::from([subject.clone()]);
    let mut to_do = VecDeque::from([subject.clone()]);
    let documents = matches!(subject.kind, SubjectKind::Document | SubjectKind::Movement);
    while let Some(next) = to_do.pop_front() {
        for entry in ledger.touching(&next, TRACE_ENTRIES_MAX)? {
            let own = next == *subject || entry.subjects().contains(&next);
            if !own || (entries.len() >= TRACE_ENTRIES_MAX && next != *subject) {
                continue;
            }
            let further = match next.kind {
                _ if next == *subject => linked(&entry.body, subject),
                SubjectKind::Document => linked(&entry.body, &next),
                _ => vec![],
            };
            let related = if documents { related(&entry.body) } else { vec![] };
            for found in further.into_iter().chain(related) {
                if seen.len() < DOCUMENTS_TRACED_MAX && seen.insert(found.clone()) {
                    to_do.push_back(found);
                }
            }
            entries.insert(entry.seq, entry);
        }
    }
    Ok(entries.into_values().collect())
}

/// The documents that an entry ties together.
fn related(body: &Body) -> Vec<Subject> {
    let named =
        |document: &Document| Subject { kind: SubjectKind::Document, key: document.number.clone() };
    match body {
        Body::DocumentWritten { content, .. } => {
            let of_lines = content.lines.iter().flat_map(|line| &line.links);
            let links = content.links.iter().chain(of_lines).map(|link| named(&link.document));
            links.chain([named(&content.document)]).collect()
        }
        Body::DocumentStepped { document, step, .. } => match step {
            DocumentStep::Fulfilled { by, .. }
            | DocumentStep::Consumed { by, .. }
            | DocumentStep::Inspected { by, .. } => {
                vec![named(document), named(by)]
            }
            _ => vec![named(document)],
        },
        Body::Moved { movement, .. } if movement.document_digest.is_some() => {
            vec![named(&movement.document)]
        }
        _ => vec![],
    }
}

/// What belongs to an entry beside its own subjects.
fn linked(body: &Body, subject: &Subject) -> Vec<Subject> {
    let about = |id: MovementId| Subject { kind: SubjectKind::Movement, key: id.to_string() };
    match body {
        Body::Moved { movement, .. } => {
            let task = |task: TaskId| Subject { kind: SubjectKind::Task, key: task.to_string() };
            std::iter::once(about(movement.id))
                .chain(movement.reservation.map(about))
                .chain(movement.task.map(task))
                .collect()
        }
        Body::Enrolled { change: Some(id), .. }
        | Body::ClientAdded { change: Some(id), .. }
        | Body::DeviceApproved { change: Some(id), .. }
        | Body::PoliciesDefined { change: Some(id), .. }
        | Body::ProceduresDefined { change: Some(id), .. }
        | Body::ChangeRequested { id, .. } => {
            vec![Subject { kind: SubjectKind::Change, key: id.to_string() }]
        }
        Body::Held { pass, .. } | Body::Quarantined { pass, .. } => vec![about(pass.id.into())],
        Body::LabelQueued { label, .. } => {
            vec![Subject { kind: SubjectKind::Label, key: label.id.to_string() }]
        }
        Body::Reserved { posting, .. } => vec![about(posting.id)],
        Body::CostLanded { movement, .. } => vec![about(*movement)],
        Body::TaskOpened { task, .. } if subject.kind == SubjectKind::Document => {
            vec![Subject { kind: SubjectKind::Task, key: task.id.to_string() }]
        }
        _ => vec![],
    }
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
pub(crate) fn tag_key(text: &str) -> Option<String> {
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

/// The kinds of subject, for messages.
pub(crate) const KINDS: &str = "item, tag, document, operator, movement, task, station, device, lot (as ITEM/LOT), client, \
     change, review, label";

/// Parses the name of a kind of subject.
pub(crate) fn parse_kind(text: &str) -> Option<SubjectKind> {
    SubjectKind::ALL.into_iter().find(|kind| kind.name() == text)
}

/// An entry in words, for the box's own account: its files are its own.
pub(crate) fn whole(entry: &Entry) -> Line {
    line(&Masked::new(entry.clone(), &FieldRights::all()))
}

/// An entry in words, as far as it is shown.
pub(crate) fn line(entry: &Masked<Entry>) -> Line {
    let entry = entry.get();
    let told = words::tell(&entry.body);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_that_messages_name_are_all_there_are() {
        let words = KINDS.split(", ").map(|word| word.split(' ').next().unwrap_or(word));
        assert!(words.eq(SubjectKind::ALL.into_iter().map(SubjectKind::name)));
    }

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
