//! Which words a query may have: those that the API's description gives its path.
//!
//! A word that is not described, one that stands twice, and one that can't be read are refused with
//! one and the same answer, which names no other word: whoever guesses at fields, filters and sorts
//! learns nothing. Asked after the caller is known (`auth`), so strangers do not even learn that.
//! Absent: whether the values are right (each handler says that).

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Query, rejection::QueryRejection},
    http::{Method, StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use utoipa::openapi::{
    RefOr,
    path::{Parameter, ParameterIn},
};

use super::problem::Problem;

/// Words of one query at most.
const WORDS_MAX: usize = 32;

/// The words of each method and path.
static DESCRIBED: LazyLock<HashMap<(String, String), BTreeSet<String>>> = LazyLock::new(|| {
    let api = super::rights::described();
    let mut words = HashMap::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in super::rights::operations(item) {
            let of_query = |p: &RefOr<Parameter>| match p {
                RefOr::T(p) if p.parameter_in == ParameterIn::Query => Some(p.name.clone()),
                _ => None,
            };
            let names = operation.parameters.iter().flatten().filter_map(of_query).collect();
            words.insert((method.to_owned(), super::rights::plain(path)), names);
        }
    }
    words
});

/// For a door that is open to everybody: its query has no other words either.
pub(super) struct Described;

impl<S: Sync> FromRequestParts<S> for Described {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check(parts).map(|()| Self)
    }
}

/// What a path does not take.
pub(super) fn bad_query() -> Problem {
    let message = "the query has something that this path does not take: /openapi.json says what it \
                   takes";
    Problem::new(StatusCode::BAD_REQUEST, "bad-query", message)
}

/// Refuses a query with words that are not described.
pub(super) fn check(parts: &Parts) -> Result<(), Problem> {
    let Some(text) = parts.uri.query().filter(|text| !text.is_empty()) else { return Ok(()) };
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let key = (method.as_str().to_ascii_lowercase(), super::rights::plain(path));
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
        return Err(bad_query());
    };
    let known = DESCRIBED.get(&key);
    let mut seen = BTreeSet::new();
    let good = |word: &String| known.is_some_and(|words| words.contains(word));
    let all = pairs.iter().all(|(word, _)| good(word) && seen.insert(word));
    if all && pairs.len() <= WORDS_MAX && is_utf8(text) { Ok(()) } else { Err(bad_query()) }
}

/// Whether what is percent-encoded is UTF-8: a lenient decoder makes U+FFFD of the rest.
fn is_utf8(text: &str) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return false;
        };
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

/// A query whose words are checked already; a wrong value is told as JSON, without other words.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let got: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        match got {
            Ok(Query(query)) => Ok(Self(query)),
            Err(_) => Err(bad_query()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_utf8_is_read() {
        for good in ["", "a=b", "a=%20", "a=%C3%A4", "a+b"] {
            assert!(is_utf8(good), "{good}");
        }
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%C3", "a=%ED%A0%80", "a=%00"] {
            assert!(!is_utf8(bad), "{bad}");
        }
    }
}
