//! Pure: Tryton's JSON-RPC. Body exactly `id`, `method`, `params`; errors come with HTTP 200.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{Outcome, excerpt, http::Answer};

/// What one call brought.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// The result.
    Result(Value),
    /// Tryton asks for a confirmation: acknowledge it under this name and call again.
    Warning {
        /// The warning's name.
        name: String,
        /// Its words.
        message: String,
    },
    /// The session is gone: log in and call again. Nothing was done.
    Login,
    /// The call failed.
    Failed(Outcome),
}

/// A call's body; the context goes last.
pub(super) fn request(method: &str, mut params: Vec<Value>, context: Option<&Value>) -> Value {
    params.extend(context.cloned());
    json!({"id": 1, "method": method, "params": params})
}

/// The value of the `Authorization` header.
pub(super) fn authorization(user: &str, uid: i64, session: &str) -> String {
    format!("Session {}", STANDARD.encode(format!("{user}:{uid}:{session}")))
}

/// A decimal, from Tryton's own text for it.
pub(super) fn decimal(text: &str) -> Value {
    json!({"__class__": "Decimal", "decimal": text})
}

/// A whole number, though Tryton keeps quantities as floats. None for a fraction, and beyond 2⁵³,
/// where floats skip numbers.
pub(super) fn whole(value: &Value) -> Option<i64> {
    const EXACT_MAX: i64 = 1 << 53;
    let text = match value.as_f64() {
        Some(number) if number.fract() == 0.0 => format!("{number:.0}"),
        _ => return None,
    };
    text.parse().ok().filter(|n: &i64| n.abs() <= EXACT_MAX)
}

/// What an answer to `method` means. `writes`: whether the call may have changed something even
/// though it was answered with a server error.
pub(super) fn reply(method: &str, answer: &Answer, writes: bool) -> Reply {
    let body = || excerpt(&String::from_utf8_lossy(&answer.body));
    match answer.status {
        200 => match serde_json::from_slice::<Value>(&answer.body) {
            Ok(mut value) => match value.get_mut("error").map(Value::take) {
                Some(error) => error_reply(method, &error),
                None => Reply::Result(value["result"].take()),
            },
            Err(_) => Reply::Failed(Outcome::Retry {
                reason: format!("{method}: the reply is not json-rpc: {}", body()),
                after: None,
                uncertain: writes,
            }),
        },
        401 => Reply::Login,
        408 | 425 | 429 | 500..=599 => Reply::Failed(Outcome::Retry {
            reason: format!("{method}: http status {}: {}", answer.status, body()),
            after: answer.retry_after,
            uncertain: writes && answer.status >= 500,
        }),
        status => {
            let reason = format!("{method}: http status {status}: {}", body());
            Reply::Failed(Outcome::rejected(reason))
        }
    }
}

/// `["UserError",[message,description,domain]]`, `["UserWarning",[name,message,…]]`,
/// `["ConcurrencyException",message]`, `["LoginException",…]`, or `[message,trace]` for the rest.
fn error_reply(method: &str, error: &Value) -> Reply {
    let kind = error[0].as_str().unwrap_or_default();
    let word = |i: usize| error[1][i].as_str().unwrap_or_default();
    match kind {
        "UserError" => {
            let text = format!("{method}: {} {}", word(0), word(1));
            Reply::Failed(Outcome::rejected(excerpt(&text)))
        }
        "UserWarning" => Reply::Warning { name: word(0).to_owned(), message: excerpt(word(1)) },
        "LoginException" => Reply::Login,
        "ConcurrencyException" => {
            Reply::Failed(Outcome::retry(format!("{method}: changed by somebody else meanwhile")))
        }
        other => {
            let text = excerpt(&format!("{method}: tryton failed: {other}"));
            Reply::Failed(match is_passing(other) {
                true => Outcome::retry(text),
                false => Outcome::rejected(text),
            })
        }
    }
}

/// Whether an error inside the server is one of load, not of the request. It was rolled back.
fn is_passing(message: &str) -> bool {
    let message = message.to_lowercase();
    ["locked", "deadlock", "timeout", "timed out", "connection", "serialize"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Reply {
        reply(
            "m",
            &Answer { status, retry_after: None, content_type: None, body: body.into() },
            true,
        )
    }

    #[test]
    fn the_body_is_exactly_id_method_params_with_the_context_last() {
        let context = json!({"company": 1});
        let body = request("model.party.party.search", vec![json!([])], Some(&context));
        let expect = r#"{"id":1,"method":"model.party.party.search","params":[[],{"company":1}]}"#;
        assert_eq!(body, serde_json::from_str::<Value>(expect).expect("json"));
        let login = request("common.db.login", vec![json!("u"), json!({"password": "p"})], None);
        assert_eq!(login["params"], json!(["u", {"password": "p"}]));
        assert_eq!(authorization("admin", 1, "s3"), "Session YWRtaW46MTpzMw==");
    }

    #[test]
    fn errors_inside_a_200_are_told_apart() {
        let rejected = |reason: &str| Reply::Failed(Outcome::rejected(reason));
        for (body, expect) in [
            (r#"{"id":1,"result":[7]}"#, Reply::Result(json!([7]))),
            (r#"{"id":1,"result":null}"#, Reply::Result(Value::Null)),
            (r#"{"id":1,"error":["UserError",["no","why",null]]}"#, rejected("m: no why")),
            (
                r#"{"id":1,"error":["UserWarning",["done.3","no origin",""]]}"#,
                Reply::Warning { name: "done.3".into(), message: "no origin".into() },
            ),
            (r#"{"id":1,"error":["LoginException",["password","?","password"]]}"#, Reply::Login),
            (
                r#"{"id":1,"error":["database is locked",""]}"#,
                Reply::Failed(Outcome::retry("m: tryton failed: database is locked")),
            ),
            (r#"{"id":1,"error":["'x'",""]}"#, rejected("m: tryton failed: 'x'")),
        ] {
            assert_eq!(of(200, body), expect, "{body}");
        }
    }

    #[test]
    fn a_status_decides_the_rest_and_long_errors_are_cut() {
        assert_eq!(of(401, ""), Reply::Login);
        for (status, uncertain) in [(429, false), (500, true), (503, true), (504, true)] {
            let Reply::Failed(Outcome::Retry { uncertain: told, .. }) = of(status, "x") else {
                panic!("{status} is a retry")
            };
            assert_eq!(told, uncertain, "{status}");
        }
        assert!(matches!(of(403, ""), Reply::Failed(Outcome::Rejected { .. })));
        assert!(matches!(of(200, "<html>"), Reply::Failed(Outcome::Retry { .. })));
        let long = json!({"error": ["UserError", ["x".repeat(60_000), "", null]]}).to_string();
        let Reply::Failed(Outcome::Rejected { reason }) = of(200, &long) else {
            panic!("a user error is a rejection")
        };
        assert!(reason.chars().count() <= crate::EXCERPT_CHARS_MAX + 1);
    }

    #[test]
    fn quantities_are_whole_or_nothing() {
        for (value, expect) in [
            (json!(24.0), Some(24)),
            (json!(-3), Some(-3)),
            (json!(0.5), None),
            (json!(1e300), None),
            (json!(9_007_199_254_740_994_i64), None),
            (json!("1"), None),
            (Value::Null, None),
        ] {
            assert_eq!(whole(&value), expect, "{value}");
        }
    }
}
