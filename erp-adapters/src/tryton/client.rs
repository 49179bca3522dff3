//! Moves Tryton's bytes: the session, one call at a time, acknowledged warnings.
//!
//! Invariants: a lost session costs one new login, never a repeat of something that was done; a
//! call that writes and gets no answer is uncertain.

use std::sync::Arc;

use gatewarden_model::Clock;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::{
    Settings,
    rpc::{self, Reply},
};
use crate::{
    Outcome, SetupError,
    http::{Answer, Failure, Http, check_url},
};

/// Warnings acknowledged in one call, at most.
const WARNINGS_MAX: u32 = 4;
/// New logins in one call, at most.
const LOGINS_MAX: u32 = 1;
/// Most rows asked for at once.
const ROWS_MAX: u32 = 5_000;

/// A result, or the outcome that ends the delivery.
pub(super) type Answered<T> = Result<T, Outcome>;

/// A session, and what every call in it needs.
#[derive(Debug, Clone)]
struct Session {
    uid: i64,
    authorization: String,
    url: String,
    context: Value,
}

pub(super) struct Client {
    settings: Settings,
    base: String,
    http: Http,
    clock: Arc<dyn Clock>,
    session: Mutex<Option<Session>>,
}

impl Client {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let base = check_url(&settings.url)?;
        for (what, text) in [
            ("tryton's database", &settings.database),
            ("tryton's user", &settings.user),
            ("tryton's warehouse", &settings.warehouse),
        ] {
            if text.is_empty() {
                return Err(SetupError::Empty { what });
            }
        }
        let http = Http::new(settings.time_outs)?;
        Ok(Self { settings, base, http, clock, session: Mutex::new(None) })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The company that the session works for.
    pub(super) async fn company(&self) -> Answered<i64> {
        let session = self.session().await?;
        session.context["company"].as_i64().ok_or_else(|| {
            Outcome::retry(format!(
                "tryton user {:?} has no company: set one in tryton or in the adapter",
                self.settings.user
            ))
        })
    }

    /// The rows of a model that fit a domain.
    pub(super) async fn rows(
        &self,
        model: &str,
        domain: Value,
        fields: &[&str],
    ) -> Answered<Vec<Value>> {
        let order = json!([["id", "ASC"]]);
        let params = vec![domain, json!(0), json!(ROWS_MAX), order, json!(fields)];
        match self.call(&format!("model.{model}.search_read"), params, false).await? {
            Value::Array(rows) => Ok(rows),
            other => Err(Outcome::retry(format!("{model}: not a list of rows: {}", brief(&other)))),
        }
    }

    /// Calls a method that writes. Its warnings are acknowledged: the movement has already been
    /// decided and recorded, so nobody is there to answer them.
    pub(super) async fn write(&self, method: &str, params: Vec<Value>) -> Answered<Value> {
        self.call(method, params, true).await
    }

    async fn call(&self, method: &str, params: Vec<Value>, writes: bool) -> Answered<Value> {
        let (mut logins, mut warnings) = (0, 0);
        loop {
            let session = self.session().await?;
            let body = rpc::request(method, params.clone(), Some(&session.context));
            let answer = self.post(&session.url, Some(&session), &body).await;
            match rpc::reply(method, &answer.map_err(|f| ended(method, f, writes))?, writes) {
                Reply::Result(value) => return Ok(value),
                Reply::Failed(outcome) => return Err(outcome),
                Reply::Login if logins < LOGINS_MAX => {
                    logins += 1;
                    self.forget(&session).await;
                }
                Reply::Login => {
                    return Err(Outcome::retry(format!("{method}: tryton refuses the session")));
                }
                Reply::Warning { name, message } if writes && warnings < WARNINGS_MAX => {
                    warnings += 1;
                    warn!(method, name, message, "tryton warns; acknowledged");
                    self.acknowledge(&session, &name).await?;
                }
                Reply::Warning { message, .. } => {
                    return Err(Outcome::rejected(format!("{method}: tryton warns: {message}")));
                }
            }
        }
    }

    async fn acknowledge(&self, session: &Session, name: &str) -> Answered<()> {
        let method = "model.res.user.warning.create";
        let row = json!([{"user": session.uid, "name": name, "always": false}]);
        let body = rpc::request(method, vec![row], Some(&session.context));
        let answer = self.post(&session.url, Some(session), &body).await;
        match rpc::reply(method, &answer.map_err(|f| ended(method, f, true))?, true) {
            Reply::Result(_) => Ok(()),
            Reply::Failed(outcome) => Err(outcome),
            _ => Err(Outcome::retry("tryton's warning can't be acknowledged now")),
        }
    }

    async fn session(&self) -> Answered<Session> {
        let mut held = self.session.lock().await;
        if let Some(session) = &*held {
            return Ok(session.clone());
        }
        let mut session = self.log_in().await?;
        session.context = self.context(&session).await?;
        info!(url = session.url, context = %session.context, "logged in to tryton");
        *held = Some(session.clone());
        Ok(session)
    }

    async fn forget(&self, old: &Session) {
        let mut held = self.session.lock().await;
        if held.as_ref().is_some_and(|s| s.authorization == old.authorization) {
            *held = None;
        }
    }

    /// A wrong password or database is the lane's trouble, not the movement's: it waits.
    async fn log_in(&self) -> Answered<Session> {
        let method = "common.db.login";
        let Settings { database, user, password, .. } = &self.settings;
        let params = vec![json!(user), json!({"password": password.expose()})];
        let body = rpc::request(method, params, None);
        // `/{db}/rpc/` from 8.0, `/{db}/` before.
        let mut last = 0;
        for url in [format!("{}/{database}/rpc/", self.base), format!("{}/{database}/", self.base)]
        {
            let answer = self.post(&url, None, &body).await.map_err(|f| ended(method, f, false))?;
            last = answer.status;
            if matches!(last, 404 | 405) {
                continue;
            }
            return match rpc::reply(method, &answer, false) {
                Reply::Result(result) => self.opened(url, &result),
                Reply::Failed(Outcome::Rejected { reason }) => Err(Outcome::retry(reason)),
                Reply::Failed(outcome) => Err(outcome),
                _ => Err(Outcome::retry(format!(
                    "tryton refuses the login of {user:?}: check user and password"
                ))),
            };
        }
        Err(Outcome::retry(format!(
            "tryton has no database {database:?} at {} (http status {last}): check url and database",
            self.base
        )))
    }

    fn opened(&self, url: String, result: &Value) -> Answered<Session> {
        let (Some(uid), Some(token)) = (result[0].as_i64(), result[1].as_str()) else {
            return Err(Outcome::retry("tryton's login answered without a session"));
        };
        let authorization = rpc::authorization(&self.settings.user, uid, token);
        Ok(Session { uid, authorization, url, context: json!({}) })
    }

    /// The user's preferences, with the company of the settings where there is one.
    async fn context(&self, session: &Session) -> Answered<Value> {
        let mut context = self.ask(session, "model.res.user.get_preferences", json!(true)).await?;
        let Some(company) = &self.settings.company else { return Ok(context) };
        let domain = match company.parse::<i64>() {
            Ok(id) => json!([["id", "=", id]]),
            Err(_) => json!([["party.name", "=", company]]),
        };
        let found = self.ask(session, "model.company.company.search", domain).await?;
        match found.as_array().map(Vec::as_slice) {
            Some([id]) => context["company"] = id.clone(),
            _ => return Err(Outcome::retry(format!("tryton has no one company {company:?}"))),
        }
        Ok(context)
    }

    async fn ask(&self, session: &Session, method: &str, param: Value) -> Answered<Value> {
        let body = rpc::request(method, vec![param], Some(&session.context));
        let answer = self.post(&session.url, Some(session), &body).await;
        match rpc::reply(method, &answer.map_err(|f| ended(method, f, false))?, false) {
            Reply::Result(value) => Ok(value),
            Reply::Failed(Outcome::Rejected { reason }) => Err(Outcome::retry(reason)),
            Reply::Failed(outcome) => Err(outcome),
            _ => Err(Outcome::retry(format!("{method}: tryton refuses the session"))),
        }
    }

    async fn post(
        &self,
        url: &str,
        session: Option<&Session>,
        body: &Value,
    ) -> Result<Answer, Failure> {
        let mut request =
            self.http.post(url).header(CONTENT_TYPE, "application/json").body(body.to_string());
        if let Some(session) = session {
            request = request.header(AUTHORIZATION, &session.authorization);
        }
        self.http.send(request, self.clock.now().wall_us.div_euclid(1_000_000)).await
    }
}

fn ended(method: &str, failure: Failure, writes: bool) -> Outcome {
    let reason = format!("{method}: {failure}");
    match failure {
        Failure::Unknown(_) if writes => Outcome::uncertain(reason),
        _ => Outcome::retry(reason),
    }
}

fn brief(value: &Value) -> String {
    crate::excerpt(&value.to_string())
}
