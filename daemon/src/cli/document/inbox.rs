//! `gatewarden document inbox`: what waits for somebody.
//!
//! Invariant: whoever is signed in sees his own. Absent: doing any of it (`paper`, `acts`).

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use crate::{
    cli::person::{Person, told_person},
    plain::plain,
};

#[derive(Debug, Args)]
pub(crate) struct InboxArgs {
    #[command(flatten)]
    who: Person,
    /// Print it as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub(super) async fn inbox(args: InboxArgs) -> anyhow::Result<ExitCode> {
    let found = told_person(args.who, "/api/v1/inbox").await?;
    match args.json {
        true => println!("{found}"),
        false => told(&found).iter().for_each(|line| println!("{line}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn told(inbox: &Value) -> Vec<String> {
    let list = |key: &str| inbox[key].as_array().cloned().unwrap_or_default();
    let documents = list("documents").into_iter().map(|one| {
        let document = &one["document"];
        format!(
            "to sign\t{} {} version {}\tby {}\t{}",
            text(&document["kind"]),
            text(&document["number"]),
            one["version"],
            text(&one["author"]),
            text(&one["title"])
        )
    });
    let todos = list("todos").into_iter().map(|one| {
        let effects = one["firing"]["effects"].as_array().cloned().unwrap_or_default();
        let todo = effects.into_iter().find(|effect| effect["effect"] == "todo");
        let title = todo.map_or_else(|| text(&one["firing"]["title"]), |todo| text(&todo["title"]));
        let about = match &one["document"] {
            Value::Null => String::new(),
            document => format!("\t{} {}", text(&document["kind"]), text(&document["number"])),
        };
        format!("to do\tentry {}\t{title}{about}", one["entry"])
    });
    let lines: Vec<String> = documents.chain(todos).collect();
    if lines.is_empty() { vec!["nothing waits for you".to_owned()] } else { lines }
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_is_told_a_line_each() {
        let document = json!({"kind": "requisition", "number": "R-1"});
        let inbox = json!({
            "documents": [{"document": document, "version": 2, "author": "li.wei", "title": "a\nb"}],
            "todos": [{"entry": 7, "document": document,
                "firing": {"title": "short", "effects": [{"effect": "todo", "title": "count it"}]}},
                {"entry": 8, "firing": {"title": "short"}}],
        });
        assert_eq!(
            told(&inbox),
            [
                "to sign\trequisition R-1 version 2\tby li.wei\ta\\nb",
                "to do\tentry 7\tcount it\trequisition R-1",
                "to do\tentry 8\tshort",
            ]
        );
        assert_eq!(told(&json!({"documents": [], "todos": []})), ["nothing waits for you"]);
    }
}
