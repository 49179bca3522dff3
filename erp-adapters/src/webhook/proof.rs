//! Pure: whether a 2xx proves that the receiver has the movement.
//!
//! A status alone proves little: proxies, sign-in pages and gateways answer 200 too, and some ERPs put
//! their errors into it. Invariants: HTML never proves anything; what is not proven is never an error
//! either, since it may have taken effect. Where nothing is told ([`Proof::default`]), nothing at all
//! (204 or an empty body) and a JSON object or list that tells no error are proof. Absent: which
//! statuses there are (`map`), schemas of any ERP.

use serde_json::Value;

use super::map::REMOTE_ID_CHARS_MAX;
use crate::http::Answer;

/// Where a receiver's name for a movement stands if nothing is told.
const RECEIPT: &str = "/remote_id";
/// How far HTML is looked for, in bytes.
const SNIFF_BYTES_MAX: usize = 1024;
/// Members of an object that tell an error unless they are empty, in any case of letters as all of them here.
const ERRORS: [&str; 5] = ["error", "errors", "fault", "faultstring", "exception"];
/// Members of an object that tell an error if they are false.
const YES: [&str; 4] = ["ok", "success", "succeeded", "accepted"];
/// Members of an object that tell an error by a word or by a status of 400 and above.
const WORDS: [&str; 5] = ["status", "statuscode", "code", "result", "outcome"];
/// Such words.
const BAD: [&str; 8] = ["error", "err", "fail", "failed", "failure", "rejected", "ko", "denied"];

/// What proves that a movement was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// What must stand in the answer. Then nothing else is looked at for errors.
    pub success: Option<Success>,
    /// Where the receiver's name for the movement stands, as a JSON pointer (RFC 6901): without it
    /// there is no proof. By default `/remote_id`, where it need not be.
    pub receipt: Option<String>,
    /// Answers of any content type count, and such as are no JSON; but never HTML.
    pub accept_any: bool,
}

/// A value of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// Where it stands, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What it must be.
    pub equals: Value,
}

impl Proof {
    /// Whether a 2xx to the POST is proof: with the receiver's name for the movement, if it told one;
    /// else why not, in words for the operator.
    pub(crate) fn taken(&self, answer: &Answer) -> Result<Option<String>, String> {
        let asked = self.success.is_some() || self.receipt.is_some();
        if answer.body.trim_ascii().is_empty() {
            return if asked { Err("it is empty".to_owned()) } else { Ok(None) };
        }
        let Some(body) = self.json(answer)? else {
            return if asked { Err("it is no JSON".to_owned()) } else { Ok(None) };
        };
        match &self.success {
            Some(success) => success.holds(&body)?,
            None => told_error(&body).map_or(Ok(()), Err)?,
        }
        match (&self.receipt, name(&body, self.receipt())) {
            (Some(pointer), None) => Err(format!("there is no receipt at {pointer:?}")),
            (_, named) => Ok(named),
        }
    }

    /// The receiver's name in a 200 to the GET, which is what proves it there.
    pub(crate) fn found(&self, answer: &Answer) -> Result<String, String> {
        let body = self.json(answer)?.ok_or("it is no JSON")?;
        match &self.success {
            // A look-up may be answered in another form, but not against it.
            Some(success) if body.pointer(&success.pointer).is_some() => success.holds(&body)?,
            Some(_) => {}
            None => told_error(&body).map_or(Ok(()), Err)?,
        }
        name(&body, self.receipt()).ok_or_else(|| format!("there is no {:?}", self.receipt()))
    }

    /// Whether a 404 to the GET says that it is not there: a proxy's page does not.
    pub(crate) fn may_deny(&self, answer: &Answer) -> bool {
        self.accept_any || !is_html(answer)
    }

    fn receipt(&self) -> &str {
        self.receipt.as_deref().unwrap_or(RECEIPT)
    }

    /// The answer's JSON; `None` where it is none and need not be.
    fn json(&self, answer: &Answer) -> Result<Option<Value>, String> {
        if is_html(answer) {
            return Err("it is a page for people; a proxy or a sign-in page answers".to_owned());
        }
        let kind = answer.content_type.as_deref().unwrap_or_default();
        if !self.accept_any && !is_json(kind) {
            let kind = if kind.is_empty() { "missing" } else { kind };
            return Err(format!("its content type is {kind}, not application/json"));
        }
        let text = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&answer.body);
        match serde_json::from_slice(text) {
            Ok(body @ (Value::Object(_) | Value::Array(_))) => Ok(Some(body)),
            Ok(_) | Err(_) if self.accept_any => Ok(None),
            Ok(_) => Err("it is no JSON object".to_owned()),
            Err(error) => Err(format!("it is no whole JSON: {error}")),
        }
    }
}

impl Success {
    fn holds(&self, body: &Value) -> Result<(), String> {
        match body.pointer(&self.pointer) {
            Some(value) if *value == self.equals => Ok(()),
            Some(Value::Object(_) | Value::Array(_)) | None => {
                Err(format!("{:?} is not {}", self.pointer, self.equals))
            }
            Some(value) => Err(format!("{:?} is {value}, not {}", self.pointer, self.equals)),
        }
    }
}

fn media(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(kind: &str) -> bool {
    let media = media(kind);
    media == "application/json" || media == "text/json" || media.ends_with("+json")
}

fn is_html(answer: &Answer) -> bool {
    let media = media(answer.content_type.as_deref().unwrap_or_default());
    let head = &answer.body[..answer.body.len().min(SNIFF_BYTES_MAX)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let head = head.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let begins = ["<html", "<head", "<body", "<script", "<!doctype html"];
    media == "text/html"
        || media == "application/xhtml+xml"
        || begins.iter().any(|begin| head.starts_with(begin))
        || head.starts_with('<') && head.contains("<html")
}

/// The error that an answer tells in one of the usual ways.
fn told_error(body: &Value) -> Option<String> {
    let body = body.as_object()?;
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    };
    let bad = |value: &Value| match value {
        Value::String(word) => BAD.contains(&word.trim().to_ascii_lowercase().as_str()),
        Value::Number(number) => number.as_u64().is_some_and(|code| (400..600).contains(&code)),
        _ => false,
    };
    let find = |names: &[&str], tells: &dyn Fn(&Value) -> bool| {
        let of_them = |key: &str| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        body.iter().find(|(key, value)| of_them(key) && tells(value)).map(|(key, _)| key.clone())
    };
    let named = find(&ERRORS, &|value| !empty(value))
        .or_else(|| find(&YES, &|value| *value == Value::Bool(false)))
        .or_else(|| find(&WORDS, &bad))?;
    Some(format!("{named:?} in it tells an error"))
}

fn name(body: &Value, pointer: &str) -> Option<String> {
    let text = match body.pointer(pointer)? {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    let id: String = text.chars().take(REMOTE_ID_CHARS_MAX).collect();
    (!id.trim().is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(kind: &str, body: &str) -> Answer {
        let content_type = (!kind.is_empty()).then(|| kind.to_owned());
        Answer { status: 200, retry_after: None, content_type, body: body.into() }
    }

    fn of_json(body: &str) -> Answer {
        answer("application/json; charset=utf-8", body)
    }

    #[test]
    fn without_being_told_json_without_an_error_is_proof_and_nothing_else() {
        let proof = Proof::default();
        for (body, id) in [
            ("", None),
            (" \r\n", None),
            (r#"{"remote_id":"GR-1","more":1}"#, Some("GR-1")),
            (r#"{"remote_id":17,"error":null,"errors":[],"code":0,"status":"ok"}"#, Some("17")),
            (r#"{"remote_id":""}"#, None),
            ("\u{feff}{\"status\":201}", None),
            ("[]", None),
        ] {
            let id = id.map(str::to_owned);
            assert_eq!(proof.taken(&of_json(body)), Ok(id), "{body}");
        }
        for body in [
            r#"{"error":{"code":"E100","message":"not booked"}}"#,
            r#"{"errors":["no such item"]}"#,
            r#"{"ok":false}"#,
            r#"{"Success":false,"Error":"no such item"}"#,
            r#"{"StatusCode":500}"#,
            r#"{"success":false,"remote_id":"GR-1"}"#,
            r#"{"status":"ERROR"}"#,
            r#"{"code":500}"#,
            r#"{"remote_id": "R-0"#,
            "false",
            "\"GR-1\"",
            "<html><body>Please sign in</body></html>",
        ] {
            assert!(proof.taken(&of_json(body)).is_err(), "{body}");
        }
        for kind in ["", "text/plain", "text/html", "application/xml"] {
            assert!(proof.taken(&answer(kind, "{}")).is_err(), "{kind}");
        }
        assert_eq!(proof.taken(&answer("application/problem+json", "{}")), Ok(None));
    }

    #[test]
    fn what_is_told_must_stand_there() {
        let success = |equals| Some(Success { pointer: "/head/ok".into(), equals });
        let told = Proof { success: success(json!(true)), ..Proof::default() };
        assert_eq!(told.taken(&of_json(r#"{"head":{"ok":true},"errors":1}"#)), Ok(None));
        for body in ["", "{}", r#"{"head":{"ok":false}}"#, r#"{"head":{"ok":"true"}}"#] {
            assert!(told.taken(&of_json(body)).is_err(), "{body}");
        }
        let word = Proof { success: success(json!("S")), ..Proof::default() };
        assert_eq!(word.taken(&of_json(r#"{"head":{"ok":"S"}}"#)), Ok(None));
        let number = Proof { success: success(json!(0)), ..Proof::default() };
        assert_eq!(number.taken(&of_json(r#"{"head":{"ok":0}}"#)), Ok(None));
        let receipt = Proof { receipt: Some("/id".into()), ..Proof::default() };
        assert_eq!(receipt.taken(&of_json(r#"{"id":"D-1"}"#)), Ok(Some("D-1".into())));
        for body in ["", "{}", r#"{"remote_id":"D-1"}"#, r#"{"id":null}"#, r#"{"id":" "}"#] {
            assert!(receipt.taken(&of_json(body)).is_err(), "{body}");
        }
    }

    #[test]
    fn any_content_type_may_count_but_no_page_for_people() {
        let any = Proof { accept_any: true, ..Proof::default() };
        for (kind, body) in [("text/plain", "Accepted"), ("", "ok"), ("application/xml", "<ok/>")] {
            assert_eq!(any.taken(&answer(kind, body)), Ok(None), "{kind}");
        }
        for (kind, body) in [
            ("text/html; charset=utf-8", "ok"),
            ("text/plain", "\n <!DOCTYPE HTML><title>Sign in</title>"),
            ("", "<?xml version='1.0'?><html xmlns='x'/>"),
            ("text/plain", r#"{"error":"no"}"#),
        ] {
            assert!(any.taken(&answer(kind, body)).is_err(), "{body}");
        }
        let told = Proof { receipt: Some("/id".into()), ..any };
        assert!(told.taken(&answer("text/plain", "Accepted")).is_err());
        assert_eq!(told.taken(&answer("text/plain", r#"{"id":1}"#)), Ok(Some("1".into())));
    }
}
