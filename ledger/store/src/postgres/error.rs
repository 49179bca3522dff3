//! What PostgreSQL says, as errors of the ledger: which mean "away, try later", which mean "again,
//! now", and which mean that something is wrong.

use std::error::Error as _;

use postgres::{Error, error::SqlState};

use super::address::PgAddress;
use crate::StoreError;

/// A connection that did not come about.
pub(crate) fn away(address: &PgAddress, error: &Error) -> StoreError {
    let mut words = words(error);
    if let Some(way) = way_out(&words) {
        words = format!("{words}: {way}");
    }
    match error.code() {
        Some(code) if is_about_login(code) => {
            StoreError::Away(format!("{address} does not let this gateway in: {words}"))
        }
        _ => StoreError::Away(format!("{address}: {words}")),
    }
}

/// What to do where waiting does not help, by the words of the client library and of the server.
fn way_out(words: &str) -> Option<&'static str> {
    const WAYS: &[(&str, &str)] = &[
        ("password authentication failed", "see to [ledger] password, or PGPASSWORD"),
        ("password missing", "it wants one: give [ledger] password, or PGPASSWORD"),
        (
            "server does not support TLS",
            "turn it on there (ssl = on), or write sslmode=disable where nobody can listen",
        ),
        (
            "UnknownIssuer",
            "no trusted root signed the server's certificate: name its CA's with sslrootcert=FILE",
        ),
    ];
    WAYS.iter().find(|(known, _)| words.contains(known)).map(|(_, way)| *way)
}

/// A statement that failed.
pub(crate) fn refused(error: &Error) -> StoreError {
    let Some(code) = error.code() else { return StoreError::Away(words(error)) };
    match code.code() {
        "40001" | "40P01" | "55P03" => StoreError::Contended(words(error)),
        "53100" => StoreError::DiskFull,
        "58030" => StoreError::DiskFailed(words(error)),
        "XX001" | "XX002" => StoreError::Corrupt(words(error)),
        state if is_away(state) => StoreError::Away(words(error)),
        _ => StoreError::Postgres(words(error)),
    }
}

/// Connection exceptions, a server that stops or starts, too many connections, a time-out.
fn is_away(state: &str) -> bool {
    state.starts_with("08")
        || state.starts_with("57P")
        || matches!(state, "57014" | "53300" | "53200" | "25006" | "25P03")
}

fn is_about_login(code: &SqlState) -> bool {
    code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME
}

/// The client library puts what matters into the source.
fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        },
        None => match error.source() {
            Some(source) => source.to_string(),
            None => error.to_string(),
        },
    }
}
