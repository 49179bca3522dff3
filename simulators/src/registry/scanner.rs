//! `kind = "scanner"`: a line scanner on a pseudo-terminal, see [`crate::scanner`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Actor, Arguments, Field, Kind, Shape, Simulated, Started, Teller, Verb, refuse};
use crate::scanner::SimScanner;

/// How many bytes of noise a garbled scan has.
const GARBAGE_BYTES: usize = 64;
const TEXT: Field = Field::must("text", Shape::Text, "what it sends");

pub(super) static KIND: Kind = Kind {
    name: "scanner",
    about: "a line scanner on a pseudo-terminal",
    options: &[Field::may(
        "path",
        Shape::Text,
        "the link to it; in a directory of its own without it",
    )],
    actions: &[
        Verb::new("scan", "sends a line with its end", &[TEXT]),
        Verb::new("half-scan", "sends a line without its end", &[TEXT]),
        Verb::new("garbage", "sends 64 bytes of noise", &[]),
        Verb::new("unplug", "pulls the cable", &[]),
        Verb::new("replug", "plugs it in again at the same path", &[]),
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let scanner = match options.text("path") {
            Some(path) => SimScanner::start_at(Path::new(path))?,
            None => SimScanner::start()?,
        };
        Ok(Arc::new(scanner) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimScanner {
    fn at(&self) -> String {
        self.path().display().to_string()
    }

    fn observe(&self) -> Value {
        json!({ "plugged": self.path().exists() })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        let text = with.text("text").unwrap_or_default();
        let done = match verb {
            "scan" => self.scan(text),
            "half-scan" => self.half_scan(text),
            "garbage" => SimScanner::garbage(self, 1, GARBAGE_BYTES),
            "unplug" => {
                self.unplug();
                Ok(())
            }
            "replug" => self.replug(),
            other => Err(refuse(format!("a scanner can't {other}"))),
        };
        Box::pin(std::future::ready(done))
    }
}
