//! Moves WeCom's bytes.

use std::sync::Arc;

use gatewarden_model::Clock;

use super::{AppSettings, RobotSettings, map};
use crate::{
    BoxFuture, Outcome, Secret, SetupError,
    http::{Http, check_url},
    notice::{
        Answer, Channel, Limit, Message,
        app::{App, Vendor},
        check, reply,
    },
};

const ROBOT: &str = "/cgi-bin/webhook/send";
const SEND: &str = "/cgi-bin/message/send";

static VENDOR: Vendor = Vendor {
    token_path: "/cgi-bin/gettoken",
    names: ("corpid", "corpsecret"),
    is_stale: map::is_stale,
    refusal: map::refusal,
};

pub(super) struct Robot {
    url: String,
    key: Secret,
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Robot {
    pub(super) fn new(settings: RobotSettings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let url = format!("{}{ROBOT}", check_url(&settings.url)?);
        if settings.key.expose().is_empty() {
            return Err(SetupError::Empty { what: "the wecom robot's key" });
        }
        let http = Http::new(settings.time_outs)?;
        Ok(Self { url, key: settings.key, http, clock })
    }

    async fn post(&self, message: &Message) -> Result<Outcome, Outcome> {
        check(message)?;
        let request = self
            .http
            .post(&self.url)
            .query(&[("key", self.key.expose())])
            .json(&map::robot(message));
        let now_s = self.clock.now().wall_us.div_euclid(1_000_000);
        let answer = self.http.send(request, now_s).await?;
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

pub(super) struct WorkApp {
    app: App,
    agent_id: i64,
}

impl WorkApp {
    pub(super) fn new(settings: AppSettings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let AppSettings { url, corp_id, corp_secret, agent_id, time_outs } = settings;
        if corp_id.is_empty() {
            return Err(SetupError::Empty { what: "the wecom app's corp_id" });
        }
        if corp_secret.expose().is_empty() {
            return Err(SetupError::Empty { what: "the wecom app's corp_secret" });
        }
        let app = App::new(&VENDOR, &url, (corp_id, corp_secret), time_outs, clock)?;
        Ok(Self { app, agent_id })
    }

    async fn post(&self, message: &Message) -> Result<Answer, Outcome> {
        check(message)?;
        if message.receivers.is_empty() {
            return Err(Outcome::rejected("an app's message needs a receiver: set the contact"));
        }
        if let Some(name) = message.receivers.iter().find(|name| !map::is_user_id(name)) {
            return Err(Outcome::rejected(format!("{name:?} is no wecom user id")));
        }
        let reply = self.app.call(SEND, &map::app(message, self.agent_id)).await?;
        Ok(map::app_sent(&reply, message))
    }
}

impl Channel for WorkApp {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.post(message).await.unwrap_or_else(Answer::from) })
    }
}
