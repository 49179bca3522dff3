//! `kind = "webhook"`: an ERP that takes signed webhooks, see [`crate::webhook`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::erp::{FAULT, NO_FAULT, fault};
use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::webhook::{SimReceiver, WebhookOptions};

pub(super) static KIND: Kind = Kind {
    name: "webhook",
    about: "an ERP that takes movements as signed webhooks",
    options: &[
        BIND,
        Field::must("secret", Shape::Text, "the key of the signature"),
        Field::may("skew_s_max", Shape::number(0, 86_400), "how old a timestamp may be"),
    ],
    actions: &[
        Verb::new("hang", "stores and never answers", &[ON]),
        Verb::new(
            "reject",
            "answers 422 with this reason; takes all again without one",
            &[Field::may("text", Shape::Text, "the reason")],
        ),
        FAULT,
        NO_FAULT,
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let secret = options.text("secret").unwrap_or_default().as_bytes().to_vec();
        let (bind, skew_s_max) = (options.bind(), options.number("skew_s_max"));
        let receiver = SimReceiver::start_with(WebhookOptions { bind, secret, skew_s_max }).await?;
        Ok(Arc::new(receiver) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimReceiver {
    fn at(&self) -> String {
        self.url()
    }

    fn observe(&self) -> Value {
        json!({
            "received": *self.count().borrow(),
            "repeats": self.repeats(),
            "conflicts": self.conflicts(),
            "refused": self.refused(),
            "faults": self.faults().shown(),
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            match verb {
                "hang" => self.hang_after_commit(with.flag("on")),
                "reject" => self.reject(with.text("text")),
                "fault" => self.faults().set(fault(with)?),
                "no-fault" => self.faults().clear(),
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("a webhook can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.count(), "received", |count: &usize| json!(count))]
    }
}
