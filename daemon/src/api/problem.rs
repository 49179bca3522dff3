//! How the API says no: one JSON shape, `{"code","message","recorded"}`, and the status that fits.

use axum::{
    Json,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use gatewarden_engine::Refusal;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

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
    /// The sequence of the journal's entry that records the refusal.
    recorded: Option<u64>,
}

impl Problem {
    /// A problem with this status.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), recorded: None }
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

    /// The request can't be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }
}

/// A JSON body; one that can't be read is refused like everything else.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(no) => Err(Problem::new(no.status(), "bad-body", no.body_text())),
        }
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
        let status = match refusal.code {
            "sign-in" | "sign-in-refused" => StatusCode::UNAUTHORIZED,
            "locked" | "locked-out" => StatusCode::TOO_MANY_REQUESTS,
            code if code.starts_with("unknown-") => StatusCode::NOT_FOUND,
            code if code.contains("denied") => StatusCode::FORBIDDEN,
            "conflict" => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let Refusal { code, message, recorded } = refusal;
        Self { status, code: code.to_owned(), message, recorded }
    }
}

impl From<RecorderError> for Problem {
    fn from(error: RecorderError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not-written", error.to_string())
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
