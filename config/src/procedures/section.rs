//! `[procedures]`: which files say what a house has decided about documents, approvals, rules and notices.
//!
//! Without the section nothing is governed by a procedure. With it the shipped definitions hold, each file's own on
//! top, unless the file says `defaults = false`. What is read here is asked for as a change of its own, so a
//! mistake stops the start and never what is in force. Absent: what the files may say (beside this one).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use gatewarden_documents::Kinds;
use gatewarden_model::{RoleMatrix, canonical};
use gatewarden_rules::Schema;
use gatewarden_workflow::Roster;
use serde::Serialize;

use super::{
    documents,
    notices::{self, NoticeNames},
    rules, signers, workflows,
};
use crate::{
    Mistake,
    fields::Fields,
    report::Walk,
    shape::{Section, Shape, Text, UNKNOWN_KEY, optional},
    words::quote,
};

/// Longest file of definitions, in bytes.
pub const PROCEDURES_BYTES_MAX: usize = 1 << 20;

pub(crate) static PROCEDURES: Section = Section {
    doc: "Procedures: documents, approvals, rules and notices. The shipped ones hold, with the files' own on top.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("documents", Shape::Text(Text::Path), "The kinds of document and their fields."),
        optional(
            "workflows",
            Shape::Text(Text::Path),
            "Who signs which documents; calendar and departments.",
        ),
        optional(
            "rules",
            Shape::Text(Text::Path),
            "What must hold before something is done, and what is looked for.",
        ),
        optional("notices", Shape::Text(Text::Path), "Who is told what."),
    ],
};

/// The procedures of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProceduresSection {
    /// Canonical JSON by part, as the journal keeps it; empty without the section.
    pub parts: BTreeMap<String, String>,
    /// The files that were named, by part.
    pub files: BTreeMap<&'static str, PathBuf>,
}

/// What the rest of the configuration has, for names to be held against.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The roles, also those with mistakes; none where the template is none.
    pub(crate) roles: Option<BTreeSet<String>>,
    /// What they may do, those with mistakes as far as they could be made.
    pub(crate) matrix: Option<RoleMatrix>,
    /// Whether there are policies beside the roles, which may grant more.
    pub(crate) policies: bool,
    pub(crate) channels: BTreeSet<String>,
}

/// Fields of the house that could not be made: that a condition asks for one of them is no mistake of its own.
struct Untold {
    /// None could be read.
    all: bool,
    fields: Vec<String>,
}

impl Untold {
    fn without(&self, mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
        let asks =
            |mistake: &Mistake, field: &str| mistake.message.contains(&format!("custom.{field}"));
        mistakes.retain(|mistake| {
            let of_field = self.fields.iter().any(|field| asks(mistake, field));
            mistake.code != "unknown-fact" || !(of_field || self.all && asks(mistake, ""))
        });
        mistakes
    }
}

/// Mistakes of other files, and their texts.
#[derive(Debug, Default)]
pub(crate) struct Others {
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) sources: Vec<(PathBuf, String)>,
}

impl Others {
    fn take(&mut self, mistakes: Vec<Mistake>, path: &Path, source: String) {
        self.mistakes.extend(mistakes);
        self.sources.push((path.to_owned(), source));
    }
}

/// Reads what the section names.
pub(crate) fn read(
    walk: &mut Walk<'_>,
    root: &Fields,
    names: &Names,
) -> (ProceduresSection, Others) {
    let mut others = Others::default();
    // A section that the file leaves out stands where the file does, filled with what is usual.
    let stated = root.table("procedures").filter(|section| section.at != root.at);
    let Some(section) = stated else {
        return (ProceduresSection::default(), others);
    };
    let mut told = ProceduresSection::default();
    let env = walk.env;
    let (of_kinds, kind_bytes) = file(walk, section, "documents", &mut told);
    let kinds = documents::parse_kinds(&of_kinds, &kind_bytes, env);
    put(&mut told, "documents", kinds.kinds.as_ref());
    // Where kinds are wrong, those that could be made say which facts there are.
    let schema = match &kinds.built {
        Some(made) => schema_of(made, &kinds.spoilt),
        None => schema_of(&documents::shipped_kinds(), &[]),
    };
    let untold = Untold { all: kinds.built.is_none(), fields: kinds.spoilt.clone() };
    let (path, bytes) = file(walk, section, "workflows", &mut told);
    let roster = Roster { roles: names.roles.clone(), ..Roster::default() };
    let flows = workflows::parse_workflows(&path, &bytes, env, &schema, &roster);
    let mut of_documents = kinds.mistakes;
    if let (Some(kinds), Some(known)) = (&kinds.built, &flows.names) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let unknown = documents::check_workflows(&of_kinds, &kind_bytes, env, (kinds, &known));
        of_documents.extend(unknown);
        of_documents.sort_by_key(|mistake| (mistake.line, mistake.column));
    }
    others.take(of_documents, &of_kinds, kinds.source);
    others.take(untold.without(flows.mistakes), &path, flows.source);
    if let (Some(kinds), Some(flows)) = (&kinds.built, &flows.built) {
        let found = signers::check(kinds, flows, names);
        others.mistakes.extend(signers::tell(walk, section, (&path, &bytes), found));
    }
    put(&mut told, "workflows", flows.workflows.as_ref());
    let (path, bytes) = file(walk, section, "rules", &mut told);
    let rules = rules::parse_rules(&path, &bytes, env, &schema);
    others.take(untold.without(rules.mistakes), &path, rules.source);
    put(&mut told, "rules", rules.rules.as_ref());
    let (path, bytes) = file(walk, section, "notices", &mut told);
    let known = NoticeNames {
        roles: names.roles.as_ref(),
        channels: Some(&names.channels),
        rules: rules.names.as_ref(),
        people: env.people(),
    };
    let notices = notices::parse_notices(&path, &bytes, env, known);
    if let Some(set) = &notices.notices {
        notices::check_heard(walk, section, set, &notices.own, known);
    }
    others.mistakes.extend(notices.mistakes);
    others.sources.extend(notices.sources);
    put(&mut told, "notices", notices.notices.as_ref());
    (told, others)
}

/// The facts that conditions may ask for: those of every gateway, and the fields of the house but those `without`.
fn schema_of(kinds: &Kinds, without: &[String]) -> Schema {
    let spoilt = |name: &str| without.iter().any(|one| one == name);
    let fields = kinds.fields.iter().filter(|field| !spoilt(field.name.as_str()));
    let facts = fields.map(|field| {
        let (name, is) = field.fact();
        (name, is, field.title.clone())
    });
    // What is too much is told by whoever reads the definitions.
    Schema::of_house(facts).unwrap_or_else(|_| Schema::standard())
}

/// The bytes of a file that a key names; none where it names none, which the shipped definitions fill.
fn file(
    walk: &mut Walk<'_>,
    section: &Fields,
    key: &'static str,
    told: &mut ProceduresSection,
) -> (PathBuf, Vec<u8>) {
    let shipped = (PathBuf::from(format!("{key}.toml")), vec![]);
    let Some(name) = section.text(key) else { return shipped };
    let (at, path) = (section.place(key), walk.base.join(name));
    let bytes = match walk.env.read_named(&path) {
        Ok(bytes) if bytes.len() > PROCEDURES_BYTES_MAX => {
            let message = format!("{} is too large", quote(name));
            let expected = format!("at most {PROCEDURES_BYTES_MAX} bytes");
            walk.error(at, "too-large", message, expected, None);
            return shipped;
        }
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("failed to read {:?}: {error}", path.display().to_string());
            let expected = "a file that the gateway's user may read";
            walk.error(at, "unreadable", message, expected, None);
            return shipped;
        }
    };
    told.files.insert(key, path.clone());
    (path, bytes)
}

fn put<T: Serialize>(told: &mut ProceduresSection, part: &str, definitions: Option<&T>) {
    // Definitions are made of whole numbers, texts, lists and maps: there are canonical bytes.
    let bytes = definitions.and_then(|definitions| canonical::encode(definitions).ok());
    if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        told.parts.insert(part.to_owned(), text);
    }
}
