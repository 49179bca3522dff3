//! `kind = "printer"`: a label printer that speaks ZPL, see [`crate::printer`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, GO_AWAY, Kind, ON, Simulated, Started, Teller, Verb, refuse,
};
use crate::printer::SimPrinter;

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
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

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
        json!({ "printed": *self.count().borrow(), "last": last })
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
