//! The reader's REST requests and the opening of its stream.
//!
//! Invariants: no redirects, no proxy, every request bounded in time, every body in bytes; over `https` only the
//! authorities or the pinned certificate of the settings are trusted. The password goes only into the header.

use std::{error::Error, time::Duration};

use gatewarden_tls::TlsError;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::Value;

use crate::{codec::shown, identity::Identity, settings::Settings};

/// Most bytes of an answer's body.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Why the reader could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The URL can't be used.
    #[error("{0:?} is no reader's url: write https://HOST or http://HOST:PORT")]
    Url(String),
    /// The preset would be another path, escaped or not.
    #[error("{0:?} is no preset's name")]
    Preset(String),
    /// `https` without anybody to trust.
    #[error("https needs whom to trust: the reader's authority or the digest of its certificate")]
    NoTrust,
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No answer.
    #[error("no answer to {what}: {reason}")]
    Connect {
        /// The request.
        what: String,
        /// The cause.
        reason: String,
    },
    /// Wrong user or password.
    #[error("the reader refuses the user name or the password; check both in its web interface")]
    Password,
    /// The request was refused.
    #[error("the reader refuses {what} with {status}: {body}")]
    Refused {
        /// The request.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        body: String,
    },
    /// The answer makes no sense.
    #[error(
        "the answer to {0} makes no sense; check that this is an Impinj reader with its IoT interface enabled"
    )]
    Answer(String),
    /// It does not read although it was told to.
    #[error("the reader took the start and is {0} instead of running")]
    NotRunning(String),
}

/// A reader.
#[derive(Debug)]
pub struct Api {
    client: Client,
    settings: Settings,
    base: String,
}

impl Api {
    /// Makes the client.
    pub fn new(settings: &Settings) -> Result<Self, ApiError> {
        let bad = || ApiError::Url(settings.url.clone());
        let url = url::Url::parse(&settings.url).map_err(|_| bad())?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        let is_plain = is_plain && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain || url.host().is_none() {
            return Err(bad());
        }
        if let Some(preset) = settings.preset.as_deref().filter(|p| matches!(*p, "" | "." | "..")) {
            return Err(ApiError::Preset(preset.to_owned()));
        }
        let trust = settings.trust.clone();
        let trust = match url.scheme() {
            "https" => trust.ok_or(ApiError::NoTrust)?,
            // Never used, but the client is made with TLS or not at all.
            _ => trust.unwrap_or(gatewarden_tls::Trust::Pin([0; 32])),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(trust.client_config()?)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(settings.time_out_ms))
            .build()
            .map_err(|e| TlsError::Setup(e.to_string()))?;
        let base = format!("{url}api/v1");
        Ok(Self { client, settings: settings.clone(), base })
    }

    /// GET `/system`, and the firmware of GET `/system/image`, where the reader tells that.
    pub async fn identity(&self) -> Result<Identity, ApiError> {
        let told = self.call(Method::GET, "/system", None).await?;
        let identity: Option<Identity> = serde_json::from_value(told).ok();
        let mut identity = identity
            .filter(|i| !i.serial_number.is_empty() || !i.product_model.is_empty())
            .ok_or_else(|| ApiError::Answer("GET /system".to_owned()))?;
        if identity.firmware_version.is_empty() {
            let image = match self.call(Method::GET, "/system/image", None).await {
                Err(ApiError::Refused { status: 403..=405, .. }) => Value::Null,
                other => other?,
            };
            let told = image.get("primaryFirmware").and_then(Value::as_str);
            identity.firmware_version = told.unwrap_or_default().to_owned();
        }
        Ok(identity)
    }

    /// What the reader does, by GET `/status`: `running`, `armed`, `idle`.
    pub async fn status(&self) -> Result<String, ApiError> {
        let told = self.call(Method::GET, "/status", None).await?;
        let status = told.get("status").and_then(Value::as_str).map(shown);
        status.ok_or_else(|| ApiError::Answer("GET /status".to_owned()))
    }

    /// Whether a status is one in which tags are told, now or at a trigger.
    #[must_use]
    pub fn reads(status: &str) -> bool {
        matches!(status, "running" | "armed")
    }

    /// Starts the inventory, and looks whether it runs.
    pub async fn start(&self) -> Result<(), ApiError> {
        match &self.settings.preset {
            Some(preset) => {
                let path = format!("/profiles/inventory/presets/{}/start", escaped(preset));
                self.call(Method::POST, &path, None).await?;
            }
            None => {
                let profile = self.settings.profile();
                self.call(Method::POST, "/profiles/inventory/start", Some(profile)).await?;
            }
        }
        let status = self.status().await?;
        match Self::reads(&status) {
            true => Ok(()),
            false => Err(ApiError::NotRunning(status)),
        }
    }

    /// POST `/profiles/stop`.
    pub async fn stop(&self) -> Result<(), ApiError> {
        self.call(Method::POST, "/profiles/stop", None).await.map(|_| ())
    }

    /// GET `/data/stream`: answered, with its body still to come.
    pub async fn stream(&self) -> Result<Response, ApiError> {
        let what = "GET /data/stream";
        let request = self.request(Method::GET, "/data/stream").send();
        let limit = Duration::from_millis(self.settings.time_out_ms);
        match tokio::time::timeout(limit, request).await {
            Ok(Ok(response)) => accepted(what, response).await,
            Ok(Err(error)) => Err(connect(what, &error)),
            Err(_) => Err(ApiError::Connect { what: what.into(), reason: "time is up".into() }),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let Settings { username, password, .. } = &self.settings;
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.basic_auth(username, Some(password.expose()))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ApiError> {
        let what = format!("{method} {path}");
        let mut request =
            self.request(method, path).timeout(Duration::from_millis(self.settings.time_out_ms));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| connect(&what, &error))?;
        let bytes = body_of(&what, accepted(&what, response).await?).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| ApiError::Answer(what))
    }
}

/// One segment of a path: all but letters, digits, `-`, `_`, `.` and `~` (RFC 3986, 2.3) is percent-encoded.
fn escaped(segment: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    let byte = |b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    segment.bytes().map(byte).collect()
}

async fn accepted(what: &str, response: Response) -> Result<Response, ApiError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(ApiError::Password);
    }
    let body = body_of(what, response).await.unwrap_or_default();
    let body = shown(&String::from_utf8_lossy(&body));
    Err(ApiError::Refused { what: what.to_owned(), status: status.as_u16(), body })
}

async fn body_of(what: &str, mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| connect(what, &error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(ApiError::Answer(what.to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn connect(what: &str, error: &reqwest::Error) -> ApiError {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    ApiError::Connect { what: what.to_owned(), reason: shown(&cause.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewarden_tls::Secret;

    fn settings(url: &str, preset: Option<&str>) -> Settings {
        let usual = Settings::new(url.to_owned(), "root".to_owned(), Secret::new("x"));
        Settings { preset: preset.map(str::to_owned), ..usual }
    }

    #[test]
    fn a_url_says_where_and_nothing_more() {
        for url in ["http://h?a", "http://h/#a", "http://h/a", "http://u@h", "ftp://h", "h"] {
            assert!(matches!(Api::new(&settings(url, None)), Err(ApiError::Url(_))), "{url}");
        }
        let made = Api::new(&settings("http://h:8080/", None)).map(|api| api.base);
        assert_eq!(made, Ok("http://h:8080/api/v1".to_owned()));
    }

    #[test]
    fn a_preset_stays_one_segment_of_the_path() {
        assert_eq!(escaped("dock_1-A"), "dock_1-A");
        assert_eq!(escaped("../a b?#%é"), "..%2Fa%20b%3F%23%25%C3%A9");
        for preset in ["", ".", ".."] {
            let made = Api::new(&settings("http://h", Some(preset)));
            assert!(matches!(made, Err(ApiError::Preset(_))), "{preset}");
        }
    }
}
