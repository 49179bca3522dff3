//! The HTTP client that the adapters share.
//!
//! Invariants: no redirects, no proxy from the environment, both time-outs always set, a reply's
//! body is never read beyond [`BODY_BYTES_MAX`]. A failure says whether the request can have taken
//! effect: only one that never got a connection is known not to have.

use std::{error::Error, fmt::Write, sync::OnceLock, time::Duration};

use jiff::fmt::rfc2822;
use reqwest::{
    Client, RequestBuilder, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};

use crate::{EXCERPT_CHARS_MAX, Outcome};

/// Most bytes of a reply's body that are read.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
/// Longest wait that another system can impose.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// How long to wait for the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOuts {
    /// For a connection, in milliseconds.
    pub connect_ms: u64,
    /// For a whole request with its reply, in milliseconds.
    pub total_ms: u64,
}

impl Default for TimeOuts {
    fn default() -> Self {
        Self { connect_ms: 5_000, total_ms: 30_000 }
    }
}

/// Why an adapter can't be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The URL can't be used.
    #[error("{url:?} is not a usable url: write http://HOST:PORT/PATH or https://HOST/PATH")]
    Url {
        /// What was given.
        url: String,
    },
    /// The broker's address can't be used.
    #[error("{address:?} is not a broker's address: write HOST:PORT")]
    Address {
        /// What was given.
        address: String,
    },
    /// The mail server's address can't be used.
    #[error("{address:?} is not a mail server's address: write HOST:PORT")]
    MailServer {
        /// What was given.
        address: String,
    },
    /// The sender of mails is no address.
    #[error("{address:?} is not a sender's address: write NAME@DOMAIN")]
    Sender {
        /// What was given.
        address: String,
    },
    /// Mails would cross the network in the clear.
    #[error("mails to {address} would cross the network in the clear: use starttls or tls")]
    InTheClear {
        /// The server.
        address: String,
    },
    /// The authorities of a server can't be used.
    #[error("failed to take the certificates of the mail server's authorities: {0}")]
    Certificates(String),
    /// The topic can't be published to.
    #[error("{topic:?} is not a topic to publish to: write one such as plant/movements, no # or +")]
    Topic {
        /// What was given.
        topic: String,
    },
    /// A setting must not be empty.
    #[error("{what} is empty: set it")]
    Empty {
        /// Which setting.
        what: &'static str,
    },
    /// The TLS stack or the client can't be made.
    #[error("failed to make the http client: {0}")]
    Client(String),
}

/// The shared client.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// What `Retry-After` asks for, in seconds or as a date; at most [`RETRY_AFTER_MAX`].
    pub(crate) retry_after: Option<Duration>,
    /// What `Content-Type` says, at most [`EXCERPT_CHARS_MAX`] characters.
    pub(crate) content_type: Option<String>,
    /// The body, at most [`BODY_BYTES_MAX`].
    pub(crate) body: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The request never left.
    #[error("{0}")]
    NotSent(String),
    /// The request may have arrived and taken effect.
    #[error("{0}")]
    Unknown(String),
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(reason) => Outcome::retry(reason),
            Failure::Unknown(reason) => Outcome::uncertain(reason),
        }
    }
}

impl Http {
    /// Makes a client.
    pub(crate) fn new(time_outs: TimeOuts) -> Result<Self, SetupError> {
        install_crypto();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(time_outs.connect_ms))
            .timeout(Duration::from_millis(time_outs.total_ms))
            .user_agent(concat!("gatewarden/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(chain(&error)))?;
        Ok(Self { client })
    }

    /// A POST to be filled in.
    pub(crate) fn post(&self, url: &str) -> RequestBuilder {
        self.client.post(url)
    }

    /// A GET to be filled in.
    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.client.get(url)
    }

    /// Sends a request and reads the reply. `now_s` is the wall clock in seconds since 1970.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        now_s: i64,
    ) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(failure)?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(|text| parse_retry_after(text, now_s));
        let content_type =
            header(CONTENT_TYPE).map(|text| text.chars().take(EXCERPT_CHARS_MAX).collect());
        let status = response.status().as_u16();
        Ok(Answer { status, retry_after, content_type, body: read_body(response).await? })
    }
}

/// Refuses what is not an absolute http or https URL; returns it without a trailing slash.
pub(crate) fn check_url(url: &str) -> Result<String, SetupError> {
    let wrong = || SetupError::Url { url: url.to_owned() };
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.fragment().is_some() {
        return Err(wrong());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        let room = BODY_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

fn failure(error: reqwest::Error) -> Failure {
    let not_sent = error.is_connect() || error.is_builder();
    let timed_out = error.is_timeout();
    let cause = chain(&error.without_url());
    match (not_sent, timed_out) {
        (true, _) => Failure::NotSent(format!("no connection: {cause}")),
        (false, true) => Failure::Unknown(format!("no reply in time: {cause}")),
        (false, false) => Failure::Unknown(format!("the connection broke: {cause}")),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string can't fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    crate::excerpt(&text)
}

fn parse_retry_after(text: &str, now_s: i64) -> Option<Duration> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            u64::try_from(date.as_second().saturating_sub(now_s)).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn install_crypto() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // Fails only where a provider is installed already, and then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"; // 784111777
        for (text, expect) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("999999", Some(3600)),
            (date, Some(60)),
            ("soon", None),
            ("-1", None),
        ] {
            let expect = expect.map(Duration::from_secs);
            assert_eq!(parse_retry_after(text, 784_111_717), expect, "{text}");
        }
        assert_eq!(parse_retry_after(date, 784_111_999), Some(Duration::ZERO));
    }

    #[test]
    fn urls_are_absolute_http() {
        assert!(check_url("http://127.0.0.1:1/x/").is_ok_and(|u| u == "http://127.0.0.1:1/x"));
        for bad in ["", "erp", "ftp://x/", "file:///etc/passwd", "http://", "http://x/#y"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
