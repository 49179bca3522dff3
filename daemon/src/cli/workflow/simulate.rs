//! `gatewarden workflow simulate`: the way that a document's facts lead, and who would be asked today.
//!
//! Facts that only the running gateway knows (stock, history, planning) are not known here; a condition that
//! needs one can't be told, and that is said. Absent: submitting anything.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use gatewarden_model::{Day, DocumentContent, Item, ItemId, OperatorId};
use gatewarden_rules::{Condition, Facts, Ground, Schema, Wants, put_document};
use gatewarden_workflow::{Around, Decide, Now, Simulation, Submission, Workflow, simulate};
use serde_json::json;

use super::{From, House, house::bounded};
use crate::{cli::procedures::put_own, clock::SystemClock};

/// Longest document, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// Of which document.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The document as JSON, as the API takes it.
    document: PathBuf,
    /// Who would submit it; by default who needs it.
    #[arg(long, value_name = "OPERATOR")]
    by: Option<OperatorId>,
    /// On which day, such as 2026-12-01; today by default.
    #[arg(long, value_name = "DAY")]
    day: Option<Day>,
    #[command(flatten)]
    from: From,
}

/// The facts that a document tells by itself.
struct Told<'a> {
    schema: &'a Schema,
    facts: Facts,
    content: &'a DocumentContent,
}

impl Decide for Told<'_> {
    fn holds(&self, condition: &str) -> Result<bool, String> {
        let parsed = Condition::parse(condition, self.schema).map_err(|error| error.to_string())?;
        parsed.holds(&self.facts).map_err(|error| error.to_string())
    }

    fn person(&self, field: &str) -> Option<OperatorId> {
        let custom = |name: &str| {
            let mut all = self.content.custom.iter();
            all.find(|(known, _)| known.as_str() == name).map(|(_, value)| value.as_str())
        };
        let text = match field {
            "requester" => self.content.requester.as_deref()?,
            _ => custom(field.strip_prefix("custom.")?)?,
        };
        OperatorId::parse(text).ok()
    }
}

/// The item master of the configuration.
struct Items<'a>(&'a [Item]);

impl Ground for Items<'_> {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.0.iter().find(|item| item.code == *code)
    }
}

/// Runs `gatewarden workflow simulate`.
pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let house = House::find(&args.from)?;
    let bytes = bounded(&args.document, DOCUMENT_BYTES_MAX)?;
    let name = || format!("{} is no document", args.document.display());
    let content = content_of(&bytes).with_context(name)?;
    let kind = content.document.kind;
    let requester = content.requester.as_deref().and_then(|who| OperatorId::parse(who).ok());
    let initiator = args.by.clone().or(requester);
    let initiator = initiator.context("say who would submit it: --by OPERATOR")?;
    let people = house.directory(Some(kind)).context(
        "who holds which role is not known: give --people, or a configuration with a ledger",
    )?;
    let known = house.people.as_ref().is_some_and(|people| people.contains_key(&initiator));
    anyhow::ensure!(
        known,
        "there is nobody called {initiator}: name who is enrolled, with --by or as requester"
    );
    let workflow = workflow_of(&house, &content)?;
    let submission = Submission {
        document: content.document.clone(),
        initiator: initiator.clone(),
        authors: [].into(),
        version: content.version,
        digest: content.digest(),
        extra: vec![],
    };
    let now_us = SystemClock::shared().now().wall_us;
    let calendar = &house.workflows.calendar;
    let day = args.day.unwrap_or_else(|| calendar.day(now_us));
    let decide = Told { schema: &house.schema, facts: facts(&house, &content), content: &content };
    let around =
        Around { people: &people, decide: &decide, calendar, now: Now { us: now_us, day } };
    let found = simulate(&Arc::new(workflow.clone()), submission, &around)?;
    tell(args, workflow, &content, &initiator, &found);
    let nobody = found.steps.iter().any(|step| step.nobody);
    Ok(if nobody { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A document, or an array of one as files of documents have it.
fn content_of(bytes: &[u8]) -> anyhow::Result<DocumentContent> {
    if !bytes.trim_ascii_start().starts_with(b"[") {
        return Ok(serde_json::from_slice(bytes)?);
    }
    let [content] = serde_json::from_slice::<Vec<DocumentContent>>(bytes)?
        .try_into()
        .map_err(|all: Vec<_>| anyhow::anyhow!("it has {} documents: give one", all.len()))?;
    Ok(content)
}

/// The workflow that the document's kind names, or that takes its kind.
fn workflow_of<'h>(house: &'h House, content: &DocumentContent) -> anyhow::Result<&'h Workflow> {
    let kind = content.document.kind;
    let named = house.kinds.of(kind).and_then(|known| known.workflow.as_deref());
    let found = named.and_then(|name| house.workflows.named(name));
    let found = found.or_else(|| house.workflows.of_kind(kind));
    found.with_context(|| format!("no workflow takes a document of the kind {}", kind.name()))
}

fn facts(house: &House, content: &DocumentContent) -> Facts {
    let mut facts = Facts::new();
    put_document(&mut facts, &Wants::all(), content, &Items(&house.items));
    put_own(&mut facts, content, &house.kinds.fields);
    facts
}

fn tell(
    args: &SimulateArgs,
    workflow: &Workflow,
    content: &DocumentContent,
    initiator: &OperatorId,
    found: &Simulation,
) {
    if args.from.json {
        let told = json!({
            "document": content.document,
            "version": content.version,
            "digest": content.digest(),
            "initiator": initiator,
            "workflow": workflow.name,
            "definition": workflow.version(),
            "steps": found.steps,
            "left_out": found.left_out,
        });
        println!("{told}");
        return;
    }
    let document = &content.document;
    println!(
        "{} {}, version {}, submitted by {initiator}: {}",
        document.kind.words(),
        document.number,
        content.version,
        workflow.title
    );
    for step in &found.steps {
        let indent = "  ".repeat(step.depth + 1);
        println!("{indent}{}  {}", step.node, step.title);
        step.lines.iter().for_each(|line| println!("{indent}  {line}"));
    }
    if !found.left_out.is_empty() {
        let names: Vec<&str> = found.left_out.iter().map(|name| name.as_str()).collect();
        println!("not on its way: {}", names.join(", "));
    }
}
