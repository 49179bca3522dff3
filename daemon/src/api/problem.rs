//! How the API says no: one JSON shape, `{"code","message","field","recorded"}`, and the status that
//! fits.

use axum::{
    Json,
    body::Bytes,
    extract::{
        FromRequest, Request,
        rejection::{BytesRejection, JsonRejection},
    },
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gatewarden_engine::Refusal;
use gatewarden_model::SessionPhase;
use gatewarden_stock::LINES_MAX;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    auth::Known,
    json,
    origin::{is_csv, is_json},
};
use crate::recorder::RecorderError;

/// A refusal or a failure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    /// A stable code.
    code: String,
    /// What is wrong and the way out.
    message: String,
    /// The field of the request that is wrong, such as `lines[2].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The sequence of the journal's entry that records the refusal.
    recorded: Option<u64>,
}

impl Problem {
    /// A problem with this status.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), field: None, recorded: None }
    }

    /// Nobody authenticated asks.
    pub(crate) fn unauthenticated() -> Self {
        let message = "sign in, or send a token as \"Authorization: Bearer gwt_…\"";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// The same in other words.
    pub(crate) fn telling(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The request can't be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// One field of the request can't be understood.
    pub(crate) fn bad_field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::bad_request(message) }
    }

    /// The same, about a field of the request.
    pub(crate) fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The session waits for its PIN: idle, or locked.
    pub(crate) fn resting(phase: SessionPhase) -> Self {
        let phase = phase.name();
        let message = format!("the session is {phase}: enter the PIN to resume it");
        Self::new(StatusCode::UNAUTHORIZED, &format!("session-{phase}"), message)
    }

    /// It is understood and can't be done.
    pub(crate) fn unprocessable(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }
}

/// The field that a message begins with, such as `lines[2].quantity: …`.
fn field_of(message: &str) -> Option<String> {
    let (field, _) = message.split_once(": ")?;
    let word = |part: &str| {
        let (name, index) = part.split_once('[').map_or((part, None), |(n, i)| (n, Some(i)));
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let digits = |i: &str| i.strip_suffix(']').is_some_and(|n| n.parse::<u32>().is_ok());
        named && index.is_none_or(digits)
    };
    field.split('.').all(word).then(|| field.to_owned())
}

fn body_too_large() -> Problem {
    let message = format!(
        "the body has more than {} bytes: a document has at most {LINES_MAX} lines, send several",
        super::BODY_BYTES_MAX
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", message)
}

/// Refuses a body by the length that its head promises, before anybody waits for it.
pub(crate) async fn refuse_long_bodies(request: Request, next: Next) -> Response {
    let promised = request.headers().get(header::CONTENT_LENGTH);
    let bytes = promised.and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    match bytes {
        Some(bytes) if bytes > super::BODY_BYTES_MAX as u64 => body_too_large().into_response(),
        _ => next.run(request).await,
    }
}

/// What is wrong with a body of JSON, and in which field. Somebody unknown is told that it is wrong,
/// and not what would be right.
fn bad_body(no: &JsonRejection, known: bool) -> Problem {
    let text = no.body_text();
    let told = text.split_once("into the target type: ").map_or(text.as_str(), |(_, told)| told);
    wrong_body(no.status(), told.trim_end(), known)
}

fn wrong_body(status: StatusCode, told: &str, known: bool) -> Problem {
    if !known && status != StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return Problem::new(status, "bad-body", "the body is not what belongs here");
    }
    let message = format!("{told}: correct it, /openapi.json says what belongs there");
    Problem { field: field_of(told), ..Problem::new(status, "bad-body", message) }
}

/// What is wrong with a body that can't be had.
fn no_body(no: &BytesRejection) -> Problem {
    if no.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return body_too_large();
    }
    Problem::new(no.status(), "bad-body", "the body did not come whole: send it again")
}

/// A JSON body; one that can't be read, or that two parsers could read differently (`json`), is
/// refused like everything else.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let known = request.extensions().get::<Known>().is_some();
        if !is_json(request.headers()) {
            let told = "expected `Content-Type: application/json`";
            return Err(wrong_body(StatusCode::UNSUPPORTED_MEDIA_TYPE, told, known));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|no| no_body(&no))?;
        json::check(&bytes).map_err(|told| wrong_body(StatusCode::BAD_REQUEST, &told, known))?;
        match Json::<T>::from_bytes(&bytes) {
            Ok(Json(body)) => Ok(Self(body)),
            Err(no) => Err(bad_body(&no, known)),
        }
    }
}

/// A text of documents, in JSON or as comma-separated values, of which whoever reads it tells all that is wrong.
pub(crate) struct Text {
    pub(crate) bytes: Bytes,
    pub(crate) is_csv: bool,
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let known = request.extensions().get::<Known>().is_some();
        let is_csv = is_csv(request.headers());
        if !is_csv && !is_json(request.headers()) {
            let told = "expected `Content-Type: application/json` or `text/csv`";
            return Err(wrong_body(StatusCode::UNSUPPORTED_MEDIA_TYPE, told, known));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|no| no_body(&no))?;
        Ok(Self { bytes, is_csv })
    }
}

/// As [`Body`], of a request that may have none.
pub(crate) struct MaybeBody<T>(pub(crate) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return Body::from_request(request, state).await.map(|Body(body)| Self(Some(body)));
        }
        let known = request.extensions().get::<Known>().is_some();
        let bytes = Bytes::from_request(request, state).await.map_err(|no| no_body(&no))?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let told = "expected `Content-Type: application/json`";
        Err(wrong_body(StatusCode::UNSUPPORTED_MEDIA_TYPE, told, known))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let value = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let field = field_of(&refusal.message);
        let status = match refusal.code {
            "sign-in" | "sign-in-refused" | "session-idle" | "session-locked"
            | "activation-refused" => StatusCode::UNAUTHORIZED,
            "locked" | "locked-out" | "busy" => StatusCode::TOO_MANY_REQUESTS,
            // A field of the body names what is not there; elsewhere the path does.
            code if code.starts_with("unknown-") && field.is_none() => StatusCode::NOT_FOUND,
            code if code.contains("denied") => StatusCode::FORBIDDEN,
            "same-person"
            | "not-an-operator"
            | "not-yours"
            | "not-the-reviewer"
            | "step-up-needed"
            | "second-person-needed"
            | "too-fast"
            | "confirmation-needed" => StatusCode::FORBIDDEN,
            "conflict" | "posting-differs" | "reservation-over" | "review-over"
            | "already-decided" | "last-approver" | "second-present" => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let Refusal { code, message, recorded } = refusal;
        Self { status, code: code.to_owned(), message, field, recorded }
    }
}

impl From<RecorderError> for Problem {
    fn from(error: RecorderError) -> Self {
        if let RecorderError::NoKey(_) = error {
            return Self::unprocessable("no-key", error.to_string());
        }
        let code = match error {
            RecorderError::Unwitnessed(_) => "unwitnessed",
            _ => "not-written",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string())
    }
}

impl From<crate::spool::SpoolError> for Problem {
    fn from(error: crate::spool::SpoolError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "spool", error.to_string())
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "it could not be done; see the log",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_begins_with_a_field_names_it() {
        for (message, expect) in [
            ("lines[2].quantity: is 0", Some("lines[2].quantity")),
            ("document.number: must be shorter", Some("document.number")),
            ("effective: the period is closed", Some("effective")),
            ("lines[0].things[3]: is elsewhere", Some("lines[0].things[3]")),
            ("erp may not create in outbound: no policy permits it", None),
            ("stock of BOLT at wh1/a is 3, 5 needed: 2 short", None),
            ("no colon", None),
            ("lines[x].quantity: is 0", None),
        ] {
            assert_eq!(field_of(message).as_deref(), expect, "{message}");
        }
    }

    #[test]
    fn what_a_field_names_is_no_missing_page() {
        let status = |code, message: &str| {
            let message = message.to_owned();
            Problem::from(Refusal { code, message, recorded: None }).status.as_u16()
        };
        assert_eq!(status("unknown-item", "lines[0].item: X is not configured"), 422);
        assert_eq!(status("unknown-reservation", "reservation X is not open"), 404);
        assert_eq!(status("posting-differs", "posting X has other content"), 409);
        assert_eq!(status("same-person", "whoever reserved it"), 403);
    }
}
