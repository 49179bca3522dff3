//! `gatewarden document`: one document looked at, handed in, signed or ended; what waits for somebody; documents from a
//! file, and into one; over the running daemon, and what changes anything always as a person.
//!
//! Invariants: every document goes through the daemon's own door, so a file can do nothing that its importer may not;
//! nothing that is imported is handed in or signed by it. All or nothing is written in one turn of the daemon. Absent:
//! what a file says (`gatewarden_documents::exchange`), who may do what (the engine).

mod acts;
mod count;
mod diff;
mod door;
mod export;
mod inbox;
mod kept;
mod kinds;
mod paper;
mod plans;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_documents::{
    Kinds,
    exchange::{Cursor, Format, Import, Mode, Outcome, Report, Settings, import, run_id},
};
use gatewarden_model::{CustomName, DocumentKind};
use tokio::task::block_in_place;

use self::{door::Door, kept::Kept};
use super::{
    ConfigArg,
    control::Control,
    person::{Person, signed_in},
};
use crate::run;

#[derive(Debug, Subcommand)]
pub(crate) enum DocumentVerb {
    /// Write the documents of a CSV or JSON file: all of them, or none where anything is wrong. They are drafts:
    /// whoever wrote one hands it in. Ends with 1 where anything is wrong.
    Import(Box<ImportArgs>),
    /// Print the open documents of a kind as CSV or JSON, as far as you may see them; such a file can be
    /// brought in again.
    Export(export::ExportArgs),
    /// Tell what a document of each kind needs: head, lines, and custom fields with their types, limits and
    /// rights; and the columns of a CSV of that kind.
    Fields(kinds::FieldsArgs),
    #[command(flatten)]
    Paper(paper::PaperVerb),
    #[command(flatten)]
    Act(acts::ActVerb),
    /// List what waits for you: documents to sign, things to do.
    Inbox(inbox::InboxArgs),
    /// Print what an open engineering change meets: work orders, stock of the components that it replaces, purchases.
    Impact(plans::ImpactArgs),
    /// Draft the settlement of a subcontract order from what went out, came back and was made: what the bill of
    /// material gives for that, what was lost, and what is owed. It is signed like any document.
    Settle(plans::SettleArgs),
    /// List the bins of a count order, or say what you found in one. What devices saw is known already; what you
    /// type is marked so.
    Count(count::CountArgs),
    /// Tell what differs between two versions of a document, as far as you may see it.
    Diff(diff::DiffArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file: a row a line, or an array of documents, or a document a line.
    file: PathBuf,
    /// Tell all that is wrong, and what would be done; write nothing.
    #[arg(long, conflicts_with_all = ["each", "resume"])]
    dry_run: bool,
    /// Write each document that is right, whatever is wrong with others.
    #[arg(long)]
    each: bool,
    /// Go on where an import of this very file with --each stopped.
    #[arg(long, requires = "each")]
    resume: bool,
    /// The kind of documents that don't say it, such as item.
    #[arg(long)]
    kind: Option<String>,
    /// What a column of the file is called here, such as Teilenummer=item; may be given several times.
    #[arg(long = "column", value_name = "THEIRS=OURS")]
    columns: Vec<String>,
    /// csv or json; found out where it is left out.
    #[arg(long)]
    format: Option<String>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

/// Runs `gatewarden document`.
pub(crate) async fn document(verb: DocumentVerb) -> anyhow::Result<ExitCode> {
    match verb {
        DocumentVerb::Import(args) => bring_in(*args).await,
        DocumentVerb::Export(args) => export::export(args).await,
        DocumentVerb::Fields(args) => kinds::fields(&args),
        DocumentVerb::Paper(verb) => paper::paper(verb).await,
        DocumentVerb::Act(verb) => acts::act(verb).await,
        DocumentVerb::Inbox(args) => inbox::inbox(args).await,
        DocumentVerb::Impact(args) => plans::impact(args).await,
        DocumentVerb::Settle(args) => plans::settle(args).await,
        DocumentVerb::Count(args) => count::count(args).await,
        DocumentVerb::Diff(args) => diff::diff(args).await,
    }
}

/// The kind of this name.
fn kind_of(name: &str) -> anyhow::Result<DocumentKind> {
    DocumentKind::of_name(name).with_context(|| {
        let names: Vec<_> = DocumentKind::ALL.into_iter().map(DocumentKind::name).collect();
        format!("there is no kind of document {name:?}: use one of {}", names.join(", "))
    })
}

impl ImportArgs {
    fn settings(&self) -> anyhow::Result<Settings> {
        let column = |column: &String| {
            let (theirs, ours) = column.split_once('=').with_context(|| {
                format!("--column {column:?}: write the file's name, = and ours: Teil=item")
            })?;
            anyhow::Ok((theirs.trim().to_owned(), ours.trim().to_owned()))
        };
        let format = match self.format.as_deref() {
            None => None,
            Some("csv") => Some(Format::Csv),
            Some("json") => Some(Format::Json),
            Some(other) => anyhow::bail!("--format {other:?}: use csv or json"),
        };
        Ok(Settings {
            format,
            kind: self.kind.as_deref().map(kind_of).transpose()?,
            fields: declared_fields(&self.config)?,
            names: self.columns.iter().map(column).collect::<anyhow::Result<BTreeMap<_, _>>>()?,
        })
    }
}

/// The custom fields that the configuration's procedures declare: their columns need no `custom.`.
fn declared_fields(config: &ConfigArg) -> anyhow::Result<std::collections::BTreeSet<CustomName>> {
    let config = run::load_config_without_secrets(&config.config)?;
    let Some(text) = config.procedures.parts.get("documents") else { return Ok(<_>::default()) };
    let kinds: Kinds = serde_json::from_str(text).context("the kinds of document can't be read")?;
    Ok(kinds.fields.into_iter().map(|field| field.name).collect())
}

async fn bring_in(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let settings = args.settings()?;
    let name = args.file.display().to_string();
    let mut file = File::open(&args.file).with_context(|| name.clone())?;
    let run = run_id(BufReader::new(&file), &settings).with_context(|| name.clone())?;
    file.rewind().with_context(|| name.clone())?;
    let kept = Kept::beside(&args.file);
    let from = if args.resume { kept.read(run)? } else { None };
    match (&from, args.resume) {
        (Some(cursor), _) => eprintln!(
            "{name}: goes on behind {} documents, which are in or were refused",
            cursor.documents
        ),
        (None, true) => {
            eprintln!("{name}: no import of this file stopped: it begins at the beginning");
        }
        (None, false) => {}
    }
    let person = Person::of(args.config.clone(), args.badge.clone());
    let mode = match (args.dry_run, args.each) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Each,
        (false, false) => Mode::Whole,
    };
    let mut door = Door::new(signed_in(person).await?, mode, name.clone());
    door.skipped(from.map_or(0, |cursor| cursor.documents));
    let import = Import { run, settings, mode, from };
    let report = block_in_place(|| pass(&file, &import, &mut door, &kept))?;
    let control = block_in_place(|| door.close());
    let ended = control.sign_out().await;
    let code = told(&name, &report, &args)?;
    if report.outcome != Outcome::Stopped {
        ended?;
    }
    Ok(code)
}

/// One pass over the file.
fn pass(file: &File, one: &Import, door: &mut Door, kept: &Kept) -> anyhow::Result<Report> {
    let mut keeping = |cursor: &Cursor| kept.write(cursor);
    let report = import(BufReader::new(file), one, door, &mut keeping)?;
    match (one.mode, report.outcome) {
        (Mode::Each, Outcome::Stopped) => kept.write(&report.cursor),
        (Mode::Each, _) => kept.forget(),
        _ => {}
    }
    Ok(report)
}

fn is_right(report: &Report) -> bool {
    report.refused == 0
        && report
            .mistakes
            .iter()
            .all(|m| m.severity < gatewarden_documents::exchange::Severity::Error)
}

fn told(name: &str, report: &Report, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    if args.json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        report.mistakes.iter().for_each(|mistake| eprintln!("{name}: {mistake}"));
        if report.more > 0 {
            eprintln!("{name}: {} more mistakes", report.more);
        }
        let outcome = match report.outcome {
            Outcome::Tried => "tried, nothing was written",
            Outcome::Written => "written",
            Outcome::NothingWritten => "nothing was written",
            Outcome::WrittenInPart => "written but those that are refused",
            Outcome::Stopped if args.each => "stopped",
            Outcome::Stopped => "stopped before its end",
        };
        println!(
            "{name}: {outcome}: {} documents, {} lines; {} new, {} changed, {} the same, {} skipped, {} refused",
            report.documents,
            report.lines,
            report.new,
            report.changed,
            report.same,
            report.skipped,
            report.refused
        );
    }
    if report.outcome == Outcome::Stopped {
        eprintln!("{name}: {}", go_on(args, report.cursor.documents));
    }
    let good = matches!(report.outcome, Outcome::Written | Outcome::Tried) && is_right(report);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What to do about an import that stopped.
fn go_on(args: &ImportArgs, documents: u64) -> String {
    match (args.each, args.dry_run) {
        (true, _) => format!(
            "{documents} documents are behind it, and what is in stays in: give the same command with --resume to \
             go on there"
        ),
        (false, true) => "nothing was written: give the same command again".to_owned(),
        (false, false) => {
            "it is all in, or nothing of it is: give the same command again, and what is there is \
                           left as it is"
                .to_owned()
        }
    }
}

/// A document's path in the API.
fn path_of(kind: DocumentKind, number: &str) -> String {
    let mut url = match reqwest::Url::parse("http://gatewarden/api/v1/documents") {
        Ok(url) => url,
        Err(_) => return String::new(),
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend([kind.name(), number]);
    }
    url.path().to_owned()
}

/// Where an import's progress is kept: beside its file.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".progress");
    PathBuf::from(name)
}

/// Waits for the daemon within a pass.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

/// The control connection of a door or an export.
type Daemon = Control;
