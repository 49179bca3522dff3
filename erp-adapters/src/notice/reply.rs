//! Pure: the replies of DingTalk and WeCom, which tell errors in the body of an HTTP 200.
//!
//! Invariant: a reply without `errcode` proves nothing, whatever its status.

use std::time::Duration;

use serde_json::Value;

use crate::{
    Outcome, excerpt,
    http::{Answer, RETRY_AFTER_MAX},
    status,
};

/// What the vendor's program says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// `errcode`; 0 is success.
    pub(crate) code: i64,
    /// DingTalk's `sub_code` beside `errcode` 88.
    pub(crate) sub: Option<i64>,
    /// `errmsg`, and `sub_msg` where there is one, as one bounded line.
    pub(crate) message: String,
    /// All of it.
    pub(crate) body: Value,
}

/// Reads a reply; else what its absence means.
pub(crate) fn read(answer: &Answer) -> Result<Reply, Outcome> {
    if !(200..=299).contains(&answer.status) {
        return Err(status::refusal(answer));
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| status::unproven(answer, &format!("it is no whole JSON: {error}")))?;
    // The firewall before DingTalk: {"status":1111,"wait":5,"source":"x5","punish":"deny"}.
    if let (Some(wait), Some("deny")) = (body["wait"].as_u64(), body["punish"].as_str()) {
        let reason = format!("too many requests: the vendor's firewall refuses for {wait} s");
        let after = Some(Duration::from_secs(wait).min(RETRY_AFTER_MAX));
        return Err(Outcome::Retry { reason, after, uncertain: false });
    }
    let Some(code) = number(&body["errcode"]) else {
        return Err(status::unproven(answer, "there is no errcode in it"));
    };
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let message = [text("errmsg"), text("sub_msg")].join(" ");
    Ok(Reply { code, sub: number(&body["sub_code"]), message: excerpt(&message), body })
}

/// A whole number, in digits or in a text of digits.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

impl Reply {
    /// Whether it is a success.
    pub(crate) fn is_good(&self) -> bool {
        self.code == 0
    }

    /// For an operator: `dingtalk errcode 310000: sign not match`.
    pub(crate) fn told(&self, vendor: &str) -> String {
        let sub = self.sub.map(|sub| format!("/{sub}")).unwrap_or_default();
        format!("{vendor} errcode {}{sub}: {}", self.code, self.message)
    }

    /// Refused for now: nothing was sent.
    pub(crate) fn later(&self, vendor: &str, after: Duration) -> Outcome {
        Outcome::Retry { reason: self.told(vendor), after: Some(after), uncertain: false }
    }

    /// Refused, and what to do about it.
    pub(crate) fn never(&self, vendor: &str, way_out: &str) -> Outcome {
        Outcome::rejected(format!("{}; {way_out}", self.told(vendor)))
    }
}

/// The same, where the request itself would have told nobody anything.
pub(crate) fn harmless(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Retry { reason, after, .. } => Outcome::Retry { reason, after, uncertain: false },
        outcome => outcome,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let content_type = Some("application/json".to_owned());
        Answer { status, retry_after: None, content_type, body: body.into() }
    }

    #[test]
    fn a_firewall_says_how_long_it_refuses() {
        let told = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"1"}"#;
        let Err(Outcome::Retry { after, uncertain, .. }) = read(&answer(200, told)) else {
            panic!("no retry")
        };
        assert_eq!((after, uncertain), (Some(Duration::from_secs(5)), false));
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_a_success_only_with_errcode_0(
            status in 200_u16..600, body in "\\PC{0,80}|\\{\"errcode\":\"?-?[0-9]{1,20}\"?\\}",
        ) {
            match read(&answer(status, &body)) {
                Ok(reply) if reply.is_good() => {
                    let whole: Value = serde_json::from_str(&body).unwrap();
                    prop_assert!(number(&whole["errcode"]) == Some(0) && status < 300);
                }
                Ok(_) => {}
                Err(outcome) => {
                    let delivered = matches!(outcome, Outcome::Delivered { .. });
                    prop_assert!(!delivered);
                }
            }
        }
    }

    #[test]
    fn a_success_is_one_only_where_the_body_says_so() {
        let good = read(&answer(200, r#"{"errcode":0,"errmsg":"ok"}"#)).unwrap();
        assert!(good.is_good());
        let bad = read(&answer(200, r#"{"errcode":88,"sub_code":"40014","sub_msg":"x\ny"}"#));
        let bad = bad.unwrap();
        assert_eq!((bad.code, bad.sub, bad.is_good()), (88, Some(40_014), false));
        assert_eq!(bad.told("dingtalk"), "dingtalk errcode 88/40014: x y");
        for (status, body, uncertain) in [
            (200, "<html>sign in</html>", true),
            (200, r#"{"errcode":0"#, true),
            (200, r#"{"errmsg":"ok"}"#, true),
            (200, "", true),
            (500, "", true),
            (503, "", false),
            (429, "", false),
            (302, "", true),
        ] {
            let Err(Outcome::Retry { uncertain: told, .. }) = read(&answer(status, body)) else {
                panic!("{status} {body}")
            };
            assert_eq!(told, uncertain, "{status} {body}");
        }
        assert!(matches!(read(&answer(404, "")), Err(Outcome::Rejected { .. })));
    }
}
