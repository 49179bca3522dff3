//! `kind = "erp"`: an ERP behind plain HTTP, see [`crate::erp`]; and the faults of all ERPs.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::erp::{Fault, MODES, Mode, SimErp};

pub(super) const FAULT: Verb = Verb::new(
    "fault",
    "fails the next requests in this way",
    &[
        Field::must("mode", Shape::OneOf(MODES), "what goes wrong"),
        Field::may("times", Shape::number(1, 1_000_000), "how often; until no-fault without it"),
        Field::may("status", Shape::number(500, 599), "for status; 503 without it"),
        Field::may("after_s", Shape::number(0, 86_400), "for throttle: Retry-After; 1 without it"),
        Field::may("ms", Shape::number(0, 600_000), "for slow: how late; 1000 without it"),
    ],
);
pub(super) const NO_FAULT: Verb = Verb::new("no-fault", "answers as it should again", &[]);

pub(super) static KIND: Kind = Kind {
    name: "erp",
    about: "an ERP behind plain HTTP that applies each Idempotency-Key once",
    options: &[BIND, Field::may("token", Shape::Text, "the bearer token it wants")],
    actions: &[FAULT, NO_FAULT, GO_AWAY, COME_BACK],
    quirks: &[],
    start,
};

/// The fault that arguments ask for.
pub(super) fn fault(with: &Arguments) -> io::Result<Fault> {
    let mode = match with.text("mode").unwrap_or_default() {
        "timeout-after-commit" => Mode::TimeoutAfterCommit,
        "timeout-before-commit" => Mode::TimeoutBeforeCommit,
        "reset-after-commit" => Mode::ResetAfterCommit,
        "reset" => Mode::Reset,
        "status" => Mode::Status(with.number("status").unwrap_or(503)),
        "status-after-commit" => Mode::StatusAfterCommit,
        "throttle" => Mode::Throttle(with.number("after_s").unwrap_or(1)),
        "bad-json" => Mode::BadJson,
        "ok-with-error" => Mode::OkWithError,
        "wrong-type" => Mode::WrongType,
        "slow" => Mode::Slow(with.number("ms").unwrap_or(1000)),
        other => return Err(refuse(format!("no fault {other}"))),
    };
    Ok(Fault { mode, times: with.number("times") })
}

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let erp = SimErp::start(options.bind(), options.text("token")).await?;
        Ok(Arc::new(erp) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimErp {
    fn at(&self) -> String {
        self.url()
    }

    fn observe(&self) -> Value {
        json!({
            "applied": *self.count().borrow(),
            "repeats": self.repeats(),
            "conflicts": self.conflicts(),
            "faults": self.faults().shown(),
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            match verb {
                "fault" => self.faults().set(fault(with)?),
                "no-fault" => self.faults().clear(),
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("an ERP can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.count(), "applied", |count: &usize| json!(count))]
    }
}
