//! `kind = "dingtalk"`: DingTalk's robot and work notices, see [`crate::messenger::dingtalk`]; and what
//! the messengers have in common.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::erp::{FAULT, NO_FAULT, fault};
use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::messenger::{DingTalkOptions, SimDingTalk};

pub(super) const ERRCODE: Verb = Verb::new(
    "errcode",
    "answers the next messages with this code; they reach nobody",
    &[
        Field::must("code", Shape::number(-1, 10_000_000), "the vendor's errcode"),
        Field::may("times", Shape::number(1, 1_000_000), "how often; for ever without it"),
    ],
);
pub(super) const END_TOKENS: Verb =
    Verb::new("end-tokens", "no token that was handed out holds any longer", &[]);
pub(super) const AGENT_ID: Field =
    Field::may("agent_id", Shape::number(1, i64::MAX), "the app's agent id");
pub(super) const USERS: Field =
    Field::may("users", Shape::Text, "who there is, \"a,b\"; everybody without it");

pub(super) static KIND: Kind = Kind {
    name: "dingtalk",
    about: "DingTalk: the robot of a group, and work notices",
    options: &[
        BIND,
        Field::may("access_token", Shape::Text, "the robot's access token"),
        Field::may("secret", Shape::Text, "the key of the robot's signature"),
        Field::may("app_key", Shape::Text, "the app's key"),
        Field::may("app_secret", Shape::Text, "the app's secret"),
        AGENT_ID,
        USERS,
    ],
    actions: &[ERRCODE, END_TOKENS, FAULT, NO_FAULT, GO_AWAY, COME_BACK],
    quirks: &[],
    start,
};

/// Names with commas between them.
pub(super) fn names(options: &Arguments, key: &str) -> Option<Vec<String>> {
    let names = options.text(key)?.split(',').map(|name| name.trim().to_owned());
    Some(names.filter(|name| !name.is_empty()).collect())
}

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let usual = DingTalkOptions::default();
        let text = |key: &str, usual: &str| options.text(key).unwrap_or(usual).to_owned();
        let made = DingTalkOptions {
            bind: options.bind(),
            access_token: text("access_token", &usual.access_token),
            secret: text("secret", &usual.secret),
            app: (text("app_key", &usual.app.0), text("app_secret", &usual.app.1)),
            agent_id: options.number("agent_id").unwrap_or(usual.agent_id),
            users: names(options, "users"),
            ..usual
        };
        Ok(Arc::new(SimDingTalk::start(made).await?) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimDingTalk {
    fn at(&self) -> String {
        self.url()
    }

    fn observe(&self) -> Value {
        let mut shown = self.shown();
        shown["faults"] = self.faults().shown();
        shown
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            match verb {
                "errcode" => {
                    self.answer(with.number("code").unwrap_or(-1), with.number("times"));
                }
                "end-tokens" => self.end_tokens(),
                "fault" => self.faults().set(fault(with)?),
                "no-fault" => self.faults().clear(),
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("DingTalk can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.count(), "posted", |count: &usize| json!(count))]
    }
}
