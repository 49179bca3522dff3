//! "Who, when, what, where, on which document, allowed by which rule" in one step: the entries
//! about a subject, with those that belong to the movements among them, told in words.

mod procedures;
mod sessions;
pub(crate) mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Entry, Epc, FieldRights, Masked, ScanRead, Subject, SubjectKind, Thing, gs1,
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
        all.extend(walk::collect(ledger, subject)?.into_iter().map(|entry| (entry.seq, entry)));
    }
    Ok(all.into_values().collect())
}

/// What a trace begins at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// Something that entries are about.
    Of(Vec<Subject>),
    /// What one entry is about, such as that of a voucher.
    Entry(u64),
}

impl Start {
    /// What a kind and a name mean: a kind of subject, `entry` with a sequence, or `voucher` with that of its entry
    /// or the id of its movement. None where there is no such kind.
    pub(crate) fn named(kind: &str, key: &str) -> Option<Self> {
        match (kind, key.parse()) {
            ("entry" | "voucher", Ok(seq)) => Some(Self::Entry(seq)),
            ("entry", Err(_)) => Some(Self::Of(vec![])),
            ("voucher", Err(_)) => Some(Self::Of(meant(Some(SubjectKind::Movement), key))),
            _ => Some(Self::Of(meant(Some(parse_kind(kind)?), key))),
        }
    }

    /// All that is told of it.
    pub(crate) fn collect(&self, ledger: &LedgerReader) -> Result<Vec<Entry>, StoreError> {
        let seq = match self {
            Self::Of(subjects) => return collect_all(ledger, subjects),
            Self::Entry(seq) => *seq,
        };
        let Some(entry) = ledger.entry(seq)? else { return Ok(vec![]) };
        let mut all = collect_all(ledger, &of_entry(&entry))?;
        // One that is about nothing that is traced is told alone.
        if let Err(at) = all.binary_search_by_key(&seq, |entry| entry.seq) {
            all.insert(at, entry);
        }
        Ok(all)
    }
}

/// What an entry's trace begins at: the movements and documents that it is about, else the rest of what it is about
/// but people, places and devices, of whom there are many entries more.
fn of_entry(entry: &Entry) -> Vec<Subject> {
    use SubjectKind::{Device, Document, Item, Movement, Operator, Station};
    let all: BTreeSet<Subject> = entry.subjects().into_iter().collect();
    let of = |kinds: &[SubjectKind]| -> Vec<Subject> {
        all.iter().filter(|one| kinds.contains(&one.kind)).cloned().collect()
    };
    let moved = of(&[Movement]);
    let goods = if moved.is_empty() { of(&[Document]) } else { moved };
    if !goods.is_empty() {
        return goods;
    }
    all.into_iter().filter(|one| ![Operator, Station, Device, Item].contains(&one.kind)).collect()
}

/// The kinds of subject, for messages.
pub(crate) const KINDS: &str = "item, tag, document, operator, movement, task, station, device, lot (as ITEM/LOT), client, \
     change, review, label";
/// What else a trace may begin at, for messages.
pub(crate) const ALSO: &str = "entry (its sequence) or voucher (of an entry or a movement)";

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
