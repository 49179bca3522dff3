//! How a command reaches the one writer: over the control socket of the running daemon, or, if none
//! runs, by holding the ledger itself for a moment.

use std::path::Path;

use anyhow::Context as _;
use gatewarden_config::Config;
use reqwest::Method;
use serde_json::Value;

use crate::{api, clock::SystemClock, recorder::Recorder, run};

/// The daemon's API over the control socket.
pub(super) struct Control {
    client: reqwest::Client,
    /// Of a person's session; without one it is the box's account that asks.
    cookie: Option<String>,
}

impl Control {
    /// A running daemon's socket, if it answers.
    pub(super) async fn find(config: &Config) -> anyhow::Result<Option<Self>> {
        let path = api::control_socket(config);
        match tokio::net::UnixStream::connect(&path).await {
            Ok(_) => Ok(Some(Self::on(&path)?)),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                anyhow::bail!(
                    "the daemon's control socket {} is for its own user; run this as that user or root",
                    path.display()
                )
            }
            Err(_) => Ok(None),
        }
    }

    fn on(path: &Path) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().unix_socket(path).no_proxy().build()?;
        Ok(Self { client, cookie: None })
    }

    /// Signs a person in at the console; what is sent from here on is that person's.
    pub(super) async fn sign_in(&mut self, badge: &str, pin: &str) -> anyhow::Result<()> {
        let body = serde_json::json!({"badge": badge, "pin": pin});
        let request = self.client.post("http://gatewarden/session").json(&body);
        let response = request.send().await.context("the daemon did not answer")?;
        let cookie = response.headers().get(reqwest::header::SET_COOKIE);
        let cookie = cookie.and_then(|value| value.to_str().ok()?.split(';').next());
        let cookie = cookie.map(str::to_owned);
        read(response).await?;
        self.cookie = Some(cookie.context("the daemon opened no session")?);
        Ok(())
    }

    /// Ends the session of `sign_in`.
    pub(super) async fn sign_out(self) -> anyhow::Result<()> {
        self.send(Method::DELETE, "/session", None).await.map(|_| ())
    }

    /// Sends a request, and gives status and body whatever they are.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let response = self.answer(method, path, body).await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Sends a request; an answer that is not a success is an error in the daemon's words.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        read(self.answer(method, path, body).await?).await
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = self.client.request(method, format!("http://gatewarden{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(reqwest::header::COOKIE, cookie);
        }
        request.send().await.context("the daemon did not answer")
    }
}

/// An answer's body; one that is not a success is an error in the daemon's words.
async fn read(response: reqwest::Response) -> anyhow::Result<Value> {
    let ok = response.status().is_success();
    let text = response.text().await?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    if ok {
        return Ok(value);
    }
    match value.get("message").and_then(Value::as_str) {
        Some(message) => anyhow::bail!("{message}"),
        None => anyhow::bail!("{value}"),
    }
}

/// A recorder of this command's own, while no daemon runs.
pub(super) fn own_recorder(config: &Config) -> anyhow::Result<Recorder> {
    let (signals, _) = tokio::sync::mpsc::unbounded_channel();
    run::start_recorder(config, SystemClock::shared(), signals)
}
