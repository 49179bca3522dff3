//! Moves DingTalk's bytes.

use std::sync::Arc;

use gatewarden_model::Clock;
use serde_json::json;

use super::{RobotSettings, WorkSettings, map};
use crate::{
    BoxFuture, Outcome, Secret, SetupError,
    http::{Http, check_url},
    notice::{
        Answer, Channel, Limit, Message,
        app::{App, Vendor},
        check, reply,
    },
};

const ROBOT: &str = "/robot/send";
const SEND: &str = "/topapi/message/corpconversation/asyncsend_v2";
const RESULT: &str = "/topapi/message/corpconversation/getsendresult";

static VENDOR: Vendor = Vendor {
    token_path: "/gettoken",
    names: ("appkey", "appsecret"),
    is_stale: map::is_stale,
    refusal: map::refusal,
};

pub(super) struct Robot {
    url: String,
    access_token: Secret,
    secret: Secret,
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Robot {
    pub(super) fn new(settings: RobotSettings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let url = format!("{}{ROBOT}", check_url(&settings.url)?);
        let RobotSettings { access_token, secret, time_outs, .. } = settings;
        for (secret, what) in [
            (&access_token, "the dingtalk robot's access_token"),
            (&secret, "the dingtalk robot's secret"),
        ] {
            if secret.expose().is_empty() {
                return Err(SetupError::Empty { what });
            }
        }
        Ok(Self { url, access_token, secret, http: Http::new(time_outs)?, clock })
    }

    async fn post(&self, message: &Message) -> Result<Outcome, Outcome> {
        check(message)?;
        let wall_us = self.clock.now().wall_us;
        let timestamp_ms = wall_us.div_euclid(1_000);
        let sign = map::sign(self.secret.expose(), timestamp_ms);
        let query = [
            ("access_token", self.access_token.expose()),
            ("timestamp", &timestamp_ms.to_string()),
            ("sign", &sign),
        ];
        let request = self.http.post(&self.url).query(&query).json(&map::robot(message));
        let answer = self.http.send(request, wall_us.div_euclid(1_000_000)).await?;
        Ok(map::robot_sent(&reply::read(&answer)?, message))
    }
}

impl Channel for Robot {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let told = self.post(message).await;
            told.unwrap_or_else(|outcome| outcome).into()
        })
    }

    fn limit(&self) -> Option<Limit> {
        Some(Limit { messages: 20, per_s: 60 })
    }
}

pub(super) struct Work {
    app: App,
    agent_id: i64,
}

impl Work {
    pub(super) fn new(settings: WorkSettings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let WorkSettings { url, app_key, app_secret, agent_id, time_outs } = settings;
        if app_key.is_empty() {
            return Err(SetupError::Empty { what: "the dingtalk app's app_key" });
        }
        if app_secret.expose().is_empty() {
            return Err(SetupError::Empty { what: "the dingtalk app's app_secret" });
        }
        let app = App::new(&VENDOR, &url, (app_key, app_secret), time_outs, clock)?;
        Ok(Self { app, agent_id })
    }

    async fn post(&self, message: &Message) -> Result<Answer, Outcome> {
        check(message)?;
        if message.receivers.is_empty() {
            return Err(Outcome::rejected("a work notice needs a receiver: set the contact"));
        }
        if let Some(name) = message.receivers.iter().find(|name| !map::is_user_id(name)) {
            return Err(Outcome::rejected(format!("{name:?} is no dingtalk user id")));
        }
        let reply = self.app.call(SEND, &map::work(message, self.agent_id)).await?;
        let task = map::task(&reply)?;
        // It is sent already: whatever becomes of this question, the answer stands.
        let asked = json!({ "agent_id": self.agent_id, "task_id": task });
        let result = self.app.call(RESULT, &asked).await.ok();
        Ok(map::result(task, result.as_ref(), &message.receivers))
    }
}

impl Channel for Work {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.post(message).await.unwrap_or_else(Answer::from) })
    }
}
