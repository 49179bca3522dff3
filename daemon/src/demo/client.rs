//! How the demo's people and machines talk to the daemon: its HTTP API, nothing else.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

/// One caller: a machine with a token, or a person with a cookie.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    http: reqwest::Client,
    base: String,
    credential: Option<(header::HeaderName, String)>,
}

/// An answer that is not a success, in the daemon's words.
#[derive(Debug, thiserror::Error)]
#[error("{status}: {message}")]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) recorded: Option<u64>,
}

impl Caller {
    /// Somebody without any credential.
    pub(super) fn anybody(base: &str) -> anyhow::Result<Self> {
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { http, base: base.to_owned(), credential: None })
    }

    /// A machine.
    pub(super) fn with_token(&self, token: &str) -> Self {
        let credential = Some((header::AUTHORIZATION, format!("Bearer {token}")));
        Self { credential, ..self.clone() }
    }

    /// Signs a person in at `path` and keeps the cookie.
    pub(super) async fn sign_in(&self, path: &str, body: Value) -> anyhow::Result<Self> {
        let response = self.http.post(format!("{}{path}", self.base)).json(&body).send().await?;
        let status = response.status();
        let cookie = response
            .headers()
            .get(header::SET_COOKIE)
            .and_then(|v| v.to_str().ok()?.split(';').next().map(str::to_owned));
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "sign-in at {path} said {status}: {text}");
        let cookie = cookie.context("the daemon set no cookie")?;
        Ok(Self { credential: Some((header::COOKIE, cookie)), ..self.clone() })
    }

    /// Asks; whatever is not a success is `Refused`.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Result<Value, Refused>> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some((name, value)) = &self.credential {
            request = request.header(name.clone(), value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| format!("{path} did not answer"))?;
        let status = response.status();
        let text = response.text().await?;
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(Ok(value));
        }
        let message = value["message"].as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(Err(Refused { status, message, recorded: value["recorded"].as_u64() }))
    }

    /// Gets what must be there.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await?.with_context(|| format!("GET {path}"))
    }

    /// Posts what must be taken.
    pub(super) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await?.with_context(|| format!("POST {path}"))
    }
}
