//! `kind = "ssi-scanner"`: a scanner on a pseudo-terminal that sends acknowledged packets, see [`crate::ssi`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Actor, Arguments, Field, Kind, Shape, Simulated, Started, Teller, Verb, refuse};
use crate::ssi::{SimSsi, SsiFaults, SsiOptions};

/// Data Matrix: what a scan is where the scenario does not say.
const DATA_MATRIX: u8 = 0x1b;
const TIMES: Field = Field::must("times", Shape::number(1, 1_000), "how often");

pub(super) static KIND: Kind = Kind {
    name: "ssi-scanner",
    about: "an SSI scanner on a pseudo-terminal",
    options: &[
        Field::may("path", Shape::Text, "the link to it; in a directory of its own without it"),
        Field::may(
            "answer_ms",
            Shape::number(10, 9_900),
            "how long it waits for an answer; 2000 without it",
        ),
    ],
    actions: &[
        Verb::new(
            "scan",
            "reads a barcode and sends it until it is acknowledged",
            &[
                Field::must("text", Shape::Text, "what it reads"),
                Field::may("type", Shape::number(0, 255), "the bar code type; 27 without it"),
            ],
        ),
        Verb::new("deaf", "does not hear the next acknowledgements", &[TIMES]),
        Verb::new("wrong-sums", "sends the next packets with a wrong check sum", &[TIMES]),
        Verb::new("lose", "sends nothing instead of the next packets", &[TIMES]),
        Verb::new("restart", "says that it has started", &[]),
        Verb::new("unplug", "pulls the cable", &[]),
        Verb::new("replug", "plugs it in again at the same path", &[]),
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let mut wanted = SsiOptions::default();
        if let Some(ms) = options.number::<u64>("answer_ms") {
            wanted.answer_ms = ms;
        }
        let scanner = match options.text("path") {
            Some(path) => SimSsi::start_at(wanted, Path::new(path))?,
            None => SimSsi::start(wanted)?,
        };
        Ok(Arc::new(scanner) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimSsi {
    fn at(&self) -> String {
        self.path().display().to_string()
    }

    fn observe(&self) -> Value {
        let counts = self.counts();
        json!({
            "plugged": self.path().exists(),
            "sent": counts.sent,
            "given_up": counts.given_up,
            "transmissions": counts.transmissions,
            "beeps": counts.beeps,
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        let times = with.number::<u32>("times").unwrap_or(1);
        let mut faults = SsiFaults::default();
        let done = match verb {
            "scan" => {
                let kind = with.number::<u8>("type").unwrap_or(DATA_MATRIX);
                self.scan(kind, with.text("text").unwrap_or_default())
            }
            "replug" => self.replug(),
            "unplug" => {
                self.unplug();
                Ok(())
            }
            "restart" => {
                self.restart();
                Ok(())
            }
            other => {
                match other {
                    "deaf" => faults.deaf = times,
                    "wrong-sums" => faults.wrong_sums = times,
                    "lose" => faults.lost = times,
                    _ => {
                        return Box::pin(std::future::ready(Err(refuse(format!(
                            "an SSI scanner can't {other}"
                        )))));
                    }
                }
                self.faults(faults);
                Ok(())
            }
        };
        Box::pin(std::future::ready(done))
    }
}
