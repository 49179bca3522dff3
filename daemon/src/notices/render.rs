//! A notice in words: made from its entry and document as the receiver may see them at this moment.
//!
//! Runs within a query of the recorder. A template that fails in spite of its check is not a reason to tell
//! nothing: the notice's title and the entry's number are told instead.

use std::sync::Arc;

use gatewarden_engine::Engine;
use gatewarden_model::{
    Document, DocumentContent, Entry, FieldRights, Hash, ItemId, Masked, OperatorId,
};
use gatewarden_notices::{
    Notice, NoticeSet, On, Row,
    facts::{Names, Told, facts},
    occasions,
    template::{Filled, Lang, fill},
};
use serde_json::{Value, json};

use super::plan::know;

/// One notice, made.
pub(super) struct Made {
    /// Names it for good.
    pub(super) name: String,
    pub(super) filled: Filled,
    pub(super) link: Option<String>,
}

/// The names that the engine knows.
pub(super) struct Book<'a>(pub(super) &'a Engine);

impl Names for Book<'_> {
    fn item(&self, item: &ItemId) -> Option<(String, String)> {
        let item = self.0.settings().items.by_code(item)?;
        Some((item.name.clone(), item.unit.clone()))
    }

    fn person(&self, operator: &OperatorId) -> Option<String> {
        self.0.state().operator(operator).map(|one| one.name.clone())
    }

    fn utc_offset_min(&self) -> i32 {
        self.0.settings().utc_offset_min
    }
}

/// What a receiver may see.
fn rights_of(engine: &Engine, to: &str) -> Arc<FieldRights> {
    match to.split_once(':') {
        Some(("operator", who)) => match OperatorId::parse(who) {
            Ok(id) => engine.fields_of_person(&id),
            Err(_) => Arc::default(),
        },
        Some(("group", role)) => engine.fields_of_role(role),
        _ => Arc::default(),
    }
}

/// The version of a document that an occasion is about, where the engine has it.
pub(crate) fn version_of(
    engine: &Engine,
    document: &Document,
    digest: Option<&Hash>,
) -> Option<DocumentContent> {
    let open = engine.state().document(document)?;
    let Some(digest) = digest else { return Some((*open.content).clone()) };
    if open.digest == *digest {
        return Some((*open.content).clone());
    }
    let approved = open.approved.as_ref().filter(|(_, known)| known == digest);
    approved.map(|(content, _)| (**content).clone())
}

/// Makes one notice.
#[allow(clippy::too_many_arguments, reason = "they are what one notice is made of")]
pub(super) fn make(
    engine: &Engine,
    set: &NoticeSet,
    row: &Row,
    entry: Entry,
    lang: Lang,
    gateway: &str,
    link: Option<String>,
    waiting: usize,
) -> Made {
    let name = format!("{}/{}/{}", row.notice, row.about, row.step);
    let filled = set.notices.get(&row.notice).and_then(|notice| {
        words(engine, notice, row, &entry, lang, gateway, link.as_deref(), waiting)
    });
    let filled = filled.unwrap_or_else(|| {
        tracing::error!(notice = %row.notice, about = row.about, "the words of a notice can't be made");
        plain(set, row)
    });
    Made { name, filled, link }
}

#[allow(clippy::too_many_arguments, reason = "they are what the words are made of")]
fn words(
    engine: &Engine,
    notice: &Notice,
    row: &Row,
    entry: &Entry,
    lang: Lang,
    gateway: &str,
    link: Option<&str>,
    waiting: usize,
) -> Option<Filled> {
    let mut occasion = match row.on {
        On::ChannelBroken => gatewarden_notices::Occasion::new(row.on, row.about),
        on => occasions(entry).into_iter().find(|one| one.on == on && notice.fits(one))?,
    };
    know(engine, &mut occasion);
    let rights = rights_of(engine, &row.to);
    let document = occasion.document.as_ref();
    let document = document.and_then(|of| version_of(engine, of, occasion.digest.as_ref()));
    let document = document.map(|content| Masked::new(content, &rights));
    let entry = Masked::new(entry.clone(), &rights);
    let receiver = match row.to.strip_prefix("operator:").and_then(|id| OperatorId::parse(id).ok())
    {
        Some(who) => Book(engine).person(&who).unwrap_or_else(|| who.to_string()),
        None => row.to.clone(),
    };
    let more = more(row, waiting);
    let told = Told {
        occasion: &occasion,
        entry: &entry,
        document: document.as_ref(),
        names: &Book(engine),
        lang,
        gateway,
        receiver: &receiver,
        severity: row.severity,
        title: &notice.title,
        further: row.further,
        step: row.step,
        link,
        more: &more,
    };
    fill(&notice.words, lang, &facts(&told)).ok()
}

/// What only the row knows.
fn more(row: &Row, waiting: usize) -> Vec<(&'static str, Value)> {
    let channel = row.subject.as_deref().and_then(|subject| subject.strip_prefix("channel/"));
    match channel {
        Some(channel) => vec![
            ("channel", json!(channel)),
            ("reason", json!("no answer, or none that counts")),
            ("waiting", json!(waiting)),
        ],
        None => vec![],
    }
}

/// What is told where the words can't be made: nothing of the entry but its number.
fn plain(set: &NoticeSet, row: &Row) -> Filled {
    let title = set.notices.get(&row.notice).map_or(row.notice.as_str(), |one| one.title.as_str());
    let text = format!("{title} (#{})", row.about);
    Filled { subject: title.to_owned(), markdown: text.clone(), text }
}
