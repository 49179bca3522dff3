//! Everything that is wrong with a document, or with a file of them, at once and each with its place; nothing is
//! written.
//!
//! Absent: what is wrong (`gatewarden_documents`, the engine).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use gatewarden_documents::exchange::{
    Format, MISTAKES_MAX, Mistake, Mistakes, Parsed, Refusal, Settings, Severity, documents,
};
use gatewarden_engine::{Engine, Trial};
use gatewarden_model::{Action, CustomName, DocumentKind, Masked, Module, no_fields};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{create_right, named};
use crate::{
    api::{
        Api,
        auth::Who,
        mask::{Eyes, good},
        problem::{Problem, Text},
    },
    imports::AT_ONCE_MAX,
    shapes::DocumentShape,
};

/// What the text leaves unsaid.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Unsaid {
    /// The kind of documents that don't say it.
    kind: Option<String>,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Documents that could be read.
    documents: u64,
    /// At most 1,000.
    mistakes: Vec<Wrong>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    more: u64,
}

/// One mistake.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Wrong {
    /// Which kind of mistake it is.
    code: String,
    /// Where: `lines[0].quantity`, or the column as a CSV names it; `document` for the whole.
    field: String,
    /// What is wrong, and the way out.
    message: String,
    /// In CSV the row as a spreadsheet counts it; in JSON which document, from 1.
    row: u64,
    /// The line of the text, from 1.
    line: u64,
    /// In JSON at which character of the line the value begins, in CSV in which column it stands; from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// Which document, as people write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// Whether the document is taken all the same.
    #[serde(skip_serializing_if = "is_false")]
    warning: bool,
}

no_fields!(Checked);

// serde hands references to what decides on skipping.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(more: &u64) -> bool {
    *more == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(warning: &bool) -> bool {
    !*warning
}

impl From<Mistake> for Wrong {
    fn from(mistake: Mistake) -> Self {
        let Mistake { row, line, column, column_number, document, severity, code, .. } = mistake;
        let way_out = mistake.way_out;
        Self {
            code: code.into_owned(),
            field: column.unwrap_or_else(|| "document".to_owned()),
            message: match way_out.is_empty() {
                true => mistake.message,
                false => format!("{}: {way_out}", mistake.message),
            },
            row,
            line,
            column: column_number,
            document,
            warning: severity == Severity::Warning,
        }
    }
}

/// Everything that is wrong with a version, or with all documents of a JSON or CSV text, at once and with its line
/// and column; at most 1,000 documents; nothing is written. Needs the right to write each of them.
#[utoipa::path(post, path = "/api/v1/documents/check", tag = "documents",
    request_body(content((DocumentShape = "application/json"), (String = "text/csv"))),
    params(("kind" = Option<String>, Query,)),
    responses((status = 200, body = Checked), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn check(
    State(api): State<Api>,
    who: Who,
    query: Result<Query<Unsaid>, QueryRejection>,
    text: Text,
) -> Result<Json<Masked<Checked>>, Problem> {
    let unsaid = good(query)?.kind;
    let kind = unsaid.as_deref().map(|kind| named(kind, "").map(|one| one.kind)).transpose()?;
    let fields = api.app.recorder.query(declared).await?;
    let format = Some(if text.is_csv { Format::Csv } else { Format::Json });
    let settings = Settings { format, kind, fields, ..Settings::default() };
    let mut parsed: Vec<Parsed> =
        documents(&text.bytes[..], &settings).take(AT_ONCE_MAX + 1).collect();
    if parsed.len() > AT_ONCE_MAX {
        let message = format!("more than {AT_ONCE_MAX} documents at once: check them in parts");
        return Err(Problem::unprocessable("too-many-documents", message));
    }
    may_check(&api, &who, &parsed).await?;
    let contents: Vec<_> = parsed.iter_mut().filter_map(|one| one.content.take()).collect();
    let count = contents.len() as u64;
    let (_, tried) = api.app.try_documents(Trial::of(who.actor()), contents).await?;
    let mut found = Mistakes::new(MISTAKES_MAX);
    let mut tried = tried.into_iter();
    for one in &mut parsed {
        if one.mistakes.errors == 0
            && !one.is_file
            && let Some(Err(wrong)) = tried.next()
        {
            let told: Vec<Mistake> =
                wrong.iter().map(|wrong| one.mistake(&refusal(wrong))).collect();
            told.into_iter().for_each(|mistake| one.mistakes.push(mistake));
        }
        let none = Mistakes::new(0);
        found.take(std::mem::replace(&mut one.mistakes, none));
    }
    let mistakes = found.list.into_iter().map(Wrong::from).collect();
    let checked = Checked { documents: count, mistakes, more: found.more };
    Ok(Eyes::of(&api, &who).await?.json(checked))
}

/// The custom fields that the house declared: a CSV may name them without `custom.`.
fn declared(engine: &Engine) -> BTreeSet<CustomName> {
    let known = engine.state().procedures_in_force();
    let fields = known.into_iter().flat_map(|known| &known.kinds.fields);
    fields.map(|field| field.name.clone()).collect()
}

/// Asks for the right to write what could be read; where nothing could be, for the right to see the ledger.
async fn may_check(api: &Api, who: &Who, parsed: &[Parsed]) -> Result<(), Problem> {
    let what = "a check of a document";
    let contents: Vec<_> = parsed.iter().filter_map(|one| one.content.clone()).collect();
    if contents.is_empty() {
        return who.may(api, Action::View, Module::Ledger, what).await;
    }
    let actor = who.actor();
    let lacking = move |engine: &Engine| {
        let lacks = contents.iter().filter(|content| !engine.may_write(&actor, content));
        let kinds: BTreeSet<DocumentKind> = lacks.map(|content| content.document.kind).collect();
        kinds.into_iter().map(|kind| create_right(engine, kind)).collect::<Vec<_>>()
    };
    for right in api.app.recorder.query(lacking).await? {
        who.may(api, right.action, right.module, what).await?;
    }
    Ok(())
}

fn refusal(wrong: &gatewarden_documents::Mistake) -> Refusal {
    let (code, field) = (wrong.code.into(), Some(wrong.field.clone()));
    Refusal { code, field, message: wrong.message.clone(), way_out: String::new() }
}
