//! `gatewarden document export`: the open documents of a kind, as CSV or JSON.
//!
//! Invariants: what the exporter may not see is not in it; what can't be written so that it is read again as the
//! same is refused, not left out.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use gatewarden_documents::exchange::{Columns, CsvExport, JsonExport};
use gatewarden_model::{DocumentContent, DocumentKind};
use reqwest::Method;
use serde_json::Value;

use super::{Daemon, kind_of, path_of};
use crate::cli::{
    ConfigArg,
    person::{Person, signed_in},
};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Of which kind, such as requisition.
    #[arg(long)]
    kind: String,
    /// Only those in this state, such as draft or in-approval.
    #[arg(long)]
    state: Option<String>,
    /// A row a line, for spreadsheets. This is what comes without --json and --lines.
    #[arg(long, conflicts_with_all = ["json", "lines"])]
    csv: bool,
    /// One array of documents.
    #[arg(long, conflicts_with = "lines")]
    json: bool,
    /// A document a line, in JSON.
    #[arg(long)]
    lines: bool,
    /// Into this file, which must not be there yet; else to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Your badge; your PIN is asked for.
    #[arg(long)]
    badge: String,
}

/// Prints the documents.
pub(super) async fn export(args: ExportArgs) -> anyhow::Result<ExitCode> {
    let kind = kind_of(&args.kind)?;
    let control = signed_in(Person::of(args.config.clone(), args.badge.clone())).await?;
    let contents = read(&control, kind, args.state.as_deref()).await;
    control.sign_out().await?;
    let contents = contents?;
    match &args.output {
        None => write(io::stdout().lock(), &contents, &args)?,
        Some(path) => {
            let file = File::create_new(path).with_context(|| path.display().to_string())?;
            write(BufWriter::new(file), &contents, &args)?;
        }
    }
    eprintln!("{} documents", contents.len());
    Ok(ExitCode::SUCCESS)
}

/// All that there are, as far as they are shown.
async fn read(
    control: &Daemon,
    kind: DocumentKind,
    state: Option<&str>,
) -> anyhow::Result<Vec<DocumentContent>> {
    let mut contents: Vec<DocumentContent> = Vec::new();
    loop {
        let after = contents.last().map(|last| last.document.number.clone());
        let path = list_path(kind, state, after.as_deref())?;
        let listed = control.send(Method::GET, &path, None).await?;
        let numbers = listed.as_array().into_iter().flatten();
        let numbers: Vec<_> =
            numbers.filter_map(|one| one["document"]["number"].as_str()).collect();
        if numbers.is_empty() {
            return Ok(contents);
        }
        for number in numbers {
            // One that ended meanwhile is told from its entries.
            let view = control.send(Method::GET, &path_of(kind, number), None).await?;
            contents.push(content(&view).with_context(|| number.to_owned())?);
        }
    }
}

fn content(view: &Value) -> anyhow::Result<DocumentContent> {
    serde_json::from_value(view["content"].clone()).context("the daemon's answer is not understood")
}

fn list_path(
    kind: DocumentKind,
    state: Option<&str>,
    after: Option<&str>,
) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse("http://gatewarden/api/v1/documents")?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("kind", kind.name());
        for (key, value) in [("state", state), ("after", after)] {
            if let Some(value) = value {
                query.append_pair(key, value);
            }
        }
    }
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

fn write(out: impl Write, contents: &[DocumentContent], args: &ExportArgs) -> anyhow::Result<()> {
    if args.json || args.lines {
        let mut out = JsonExport::new(out, args.json);
        contents.iter().try_for_each(|content| out.put(content))?;
        out.finish()?;
        return Ok(());
    }
    let mut columns = Columns::new();
    contents.iter().for_each(|content| columns.observe(content));
    let mut out = CsvExport::new(out, columns)?;
    contents.iter().try_for_each(|content| out.put(content))?;
    out.finish()?.flush()?;
    Ok(())
}
