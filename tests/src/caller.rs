//! Somebody who talks to the daemon's HTTP API: nobody in particular, a machine with a token, a
//! person with a cookie, or a user of the box over the control socket.

use std::{path::Path, time::Duration};

use reqwest::{Client, ClientBuilder, Method, header};
use serde_json::Value;

/// A request that takes longer has failed.
const REQUEST_TIME: Duration = Duration::from_secs(35);

/// One caller.
#[derive(Debug, Clone)]
pub struct Caller {
    http: Client,
    base: String,
    credential: Option<(header::HeaderName, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or its text as a JSON string.
    pub body: Value,
    /// `NAME=VALUE` of the cookie that was set.
    pub cookie: Option<String>,
    /// All headers, `NAME: VALUE` a line.
    pub head: String,
}

impl Answer {
    /// True for 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Caller {
    /// Somebody without any credential, over TCP.
    ///
    /// # Panics
    /// Where no HTTP client can be made.
    #[must_use]
    pub fn anybody(port: u16) -> Self {
        let http = client(Client::builder());
        Self { http, base: format!("http://127.0.0.1:{port}"), credential: None }
    }

    /// A user of the box, over the control socket.
    ///
    /// # Panics
    /// As [`Caller::anybody`].
    #[must_use]
    pub fn local(socket: &Path) -> Self {
        let http = client(Client::builder().unix_socket(socket));
        Self { http, base: "http://gatewarden".to_owned(), credential: None }
    }

    /// The same door with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        let credential = Some((header::AUTHORIZATION, format!("Bearer {token}")));
        Self { credential, ..self.clone() }
    }

    /// The same door with a cookie.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { credential: Some((header::COOKIE, cookie.to_owned())), ..self.clone() }
    }

    /// Asks and takes whatever comes.
    ///
    /// # Errors
    /// Where the daemon does not answer.
    pub async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let text = body.map(Value::to_string);
        self.send(method, path, text.map(|text| ("application/json", text))).await
    }

    /// As [`Caller::try_ask`], with any body and its content type.
    ///
    /// # Errors
    /// Where the daemon does not answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some((name, value)) = &self.credential {
            request = request.header(name.clone(), value);
        }
        if let Some((kind, text)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(text);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.and_then(|v| v.to_str().ok()?.split(';').next().map(str::to_owned));
        let line = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
        };
        let head = response.headers().iter().map(line).collect();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, body, cookie, head })
    }

    /// Sends only the head of a POST that promises a body of so many bytes, and reads the answer.
    ///
    /// # Panics
    /// Where the daemon does not answer and hang up.
    pub async fn post_head(&self, path: &str, body_bytes: usize) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let address = self.base.trim_start_matches("http://");
        let mut line = tokio::net::TcpStream::connect(address).await.expect("the daemon listens");
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {body_bytes}\r\nconnection: close\r\n"
        );
        if let Some((name, value)) = &self.credential {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        line.write_all(head.as_bytes()).await.expect("the daemon reads");
        let mut answer = String::new();
        let read = tokio::time::timeout(REQUEST_TIME, line.read_to_string(&mut answer)).await;
        read.expect("the daemon answers").expect("the daemon's answer is text");
        answer
    }

    /// Asks a daemon that must answer.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let answer = self.try_ask(method, path, body).await;
        answer.unwrap_or_else(|error| panic!("{path} did not answer: {error}"))
    }

    /// Gets what must be there.
    ///
    /// # Panics
    /// Where it is not.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert!(answer.is_success(), "GET {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// The elements of a list that must be there.
    ///
    /// # Panics
    /// Where it is not, or is no list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path).await {
            Value::Array(list) => list,
            other => panic!("GET {path}: not a list: {other}"),
        }
    }

    /// Posts.
    ///
    /// # Panics
    /// Where the daemon does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Posts what must be taken.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn post_ok(&self, path: &str, body: &Value) -> Answer {
        let answer = self.post(path, body).await;
        assert!(answer.is_success(), "POST {path}: {} {}", answer.status, answer.body);
        answer
    }

    /// Deletes.
    ///
    /// # Panics
    /// Where the daemon does not answer.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }
}

fn client(builder: ClientBuilder) -> Client {
    // reqwest wants a TLS provider even where no TLS is spoken; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.no_proxy().timeout(REQUEST_TIME).build().expect("a client without TLS needs nothing")
}
