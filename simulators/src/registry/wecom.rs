//! `kind = "wecom"`: WeCom's robot and app messages, see [`crate::messenger::wecom`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::dingtalk::{AGENT_ID, END_TOKENS, ERRCODE, USERS, names};
use super::erp::{FAULT, NO_FAULT, fault};
use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, Shape, Simulated, Started, Teller,
    refuse,
};
use crate::messenger::{SimWeCom, WeComOptions};

pub(super) static KIND: Kind = Kind {
    name: "wecom",
    about: "WeCom: the robot of a group, and messages of an app",
    options: &[
        BIND,
        Field::may("key", Shape::Text, "the robot's key"),
        Field::may("corp_id", Shape::Text, "the company's id"),
        Field::may("corp_secret", Shape::Text, "the app's secret"),
        AGENT_ID,
        USERS,
        Field::may("unlicensed", Shape::Text, "who has no licence, \"a,b\""),
    ],
    actions: &[ERRCODE, END_TOKENS, FAULT, NO_FAULT, GO_AWAY, COME_BACK],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let usual = WeComOptions::default();
        let text = |key: &str, usual: &str| options.text(key).unwrap_or(usual).to_owned();
        let made = WeComOptions {
            bind: options.bind(),
            key: text("key", &usual.key),
            app: (text("corp_id", &usual.app.0), text("corp_secret", &usual.app.1)),
            agent_id: options.number("agent_id").unwrap_or(usual.agent_id),
            users: names(options, "users"),
            unlicensed: names(options, "unlicensed").unwrap_or_default(),
            ..usual
        };
        Ok(Arc::new(SimWeCom::start(made).await?) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimWeCom {
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
                other => return Err(refuse(format!("WeCom can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.count(), "posted", |count: &usize| json!(count))]
    }
}
