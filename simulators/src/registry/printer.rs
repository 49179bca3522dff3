//! `kind = "printer"`: a label printer that speaks ZPL, see [`crate::printer`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::printer::{Mishap, SimPrinter};

/// How many of the last formats are shown.
const SHOWN_MAX: usize = 20;

pub(super) static KIND: Kind = Kind {
    name: "printer",
    about: "a label printer that speaks ZPL",
    options: &[BIND],
    actions: &[
        Verb::new("paper", "puts paper in (on) or takes it out", &[ON]),
        Verb::new("ribbon", "puts a ribbon in (on) or takes it out", &[ON]),
        Verb::new("pause", "pauses it", &[ON]),
        Verb::new("head", "opens its head (on) or closes it", &[ON]),
        Verb::new("mute", "takes everything and answers nothing", &[ON]),
        Verb::new(
            "power-loss",
            "the power fails in the middle of the next format, after so many of its labels",
            &[LABELS],
        ),
        Verb::new(
            "silence",
            "prints the next format and never says a word again until unmuted",
            &[],
        ),
        Verb::new("garbage", "sends noise instead of answers after the next format", &[]),
        Verb::new("swallow", "takes the next format and prints nothing", &[]),
        Verb::new("wrong-tag", "the next tag reads something else than what was written", &[]),
        Verb::new("bad-tags", "so many tags that come next on the roll are voided", &[COUNT]),
        Verb::new(
            "roll",
            "puts in a roll of so many labels; after them the paper is out",
            &[COUNT],
        ),
        Verb::new("swap", "puts another printer in its place", &[SERIAL]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

/// Labels that still come out.
const LABELS: Field = Field::must("labels", Shape::number(0, 1_000), "labels that still came out");
/// How many.
const COUNT: Field = Field::must("count", Shape::number(0, 1_000), "how many");
/// Of the other printer.
const SERIAL: Field = Field::must("serial", Shape::Text, "the other one's serial number");

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let printer = SimPrinter::start_at(options.bind()).await?;
        Ok(Arc::new(printer) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimPrinter {
    fn at(&self) -> String {
        self.address().to_string()
    }

    fn observe(&self) -> Value {
        let printed = self.printed();
        let from = printed.len().saturating_sub(SHOWN_MAX);
        let last: Vec<_> =
            printed[from..].iter().map(|format| String::from_utf8_lossy(format)).collect();
        let (labels, encoded, voided) = self.odometers();
        json!({ "printed": *self.count().borrow(), "labels": labels, "encoded": encoded,
            "voided": voided, "last": last })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let on = with.flag("on");
            match verb {
                "paper" => self.paper(on),
                "ribbon" => self.ribbon(on),
                "pause" => self.pause(on),
                "head" => self.head(on),
                "mute" => self.mute(on),
                "power-loss" => {
                    self.on_next(Mishap::PowerLoss { labels: with.number("labels").unwrap_or(0) });
                }
                "silence" => self.on_next(Mishap::Silence),
                "garbage" => self.on_next(Mishap::Garbage),
                "swallow" => self.on_next(Mishap::Swallow),
                "wrong-tag" => self.on_next(Mishap::WrongTag),
                "bad-tags" => self.bad_tags(with.number("count").unwrap_or(0)),
                "roll" => self.paper_for(with.number("count").unwrap_or(0)),
                "swap" => self.swap(with.text("serial").unwrap_or_default()),
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("a printer can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.count(), "printed", |count: &usize| json!(count))]
    }
}
