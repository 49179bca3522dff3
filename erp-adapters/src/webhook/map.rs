//! Pure: body → signature; status and body → outcome.

use gatewarden_model::Hash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Proof;
use crate::{Outcome, http::Answer, status};

/// Longest name of the other side's that is kept, in characters.
pub const REMOTE_ID_CHARS_MAX: usize = 200;

/// The value of `X-Gatewarden-Signature`.
#[must_use]
pub fn signature(secret: &str, timestamp_s: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length, so this arm has no error to report.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{timestamp_s}.").as_bytes());
    mac.update(body);
    format!("v1={}", Hash(mac.finalize().into_bytes().into()))
}

/// What a reply to the POST of `id` means.
pub(crate) fn outcome(answer: &Answer, id: &str, proof: &Proof) -> Outcome {
    match answer.status {
        200..=299 => match proof.taken(answer) {
            Ok(named) => Outcome::Delivered { remote_id: named.unwrap_or_else(|| id.to_owned()) },
            Err(why) => status::unproven(answer, &why),
        },
        _ => status::refusal(answer),
    }
}

/// What a reply to the GET means.
pub(crate) fn found(answer: &Answer, proof: &Proof) -> Result<Option<String>, String> {
    match answer.status {
        200 => proof.found(answer).map(Some).map_err(|why| {
            format!("look-up answered 200, which proves nothing, {why}: {}", answer.text())
        }),
        404 if proof.may_deny(answer) => Ok(None),
        status => Err(format!("look-up answered http status {status}: {}", answer.text())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let content_type = Some("application/json".to_owned());
        Answer {
            status,
            retry_after: Some(Duration::from_secs(3)),
            content_type,
            body: body.into(),
        }
    }

    #[test]
    fn the_signature_is_hmac_sha256_over_timestamp_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expect = "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature("secret", 1_700_000_000, br#"{"a":1}"#), expect);
    }

    #[test]
    fn a_status_decides() {
        let id = "00000000-0000-0000-0000-000000000007";
        let kind = |status| match outcome(&answer(status, "{}"), id, &Proof::default()) {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Retry { uncertain: false, after: Some(_), .. } => "retry",
            Outcome::Retry { uncertain: true, .. } => "uncertain",
            Outcome::Retry { .. } => "retry at once",
            Outcome::Rejected { .. } => "rejected",
        };
        for (expect, statuses) in [
            ("delivered", &[200, 201, 202, 204][..]),
            ("retry", &[408, 425, 429, 503]),
            ("uncertain", &[302, 303, 307, 500, 502, 504, 599]),
            ("rejected", &[301, 308, 400, 401, 403, 404, 409, 410, 422, 418]),
        ] {
            for status in statuses {
                assert_eq!(kind(*status), expect, "{status}");
            }
        }
    }

    #[test]
    fn the_receiver_may_name_it_else_the_movement_does() {
        let id = "00000000-0000-0000-0000-000000000007";
        for (body, expect) in [
            (r#"{"remote_id":"GR-1","more":1}"#, "GR-1".to_owned()),
            (r#"{"remote_id":""}"#, id.to_owned()),
            ("", id.to_owned()),
        ] {
            let delivered = Outcome::Delivered { remote_id: expect };
            assert_eq!(outcome(&answer(200, body), id, &Proof::default()), delivered, "{body}");
        }
    }

    #[test]
    fn what_proves_nothing_is_uncertain_and_says_why() {
        let id = "00000000-0000-0000-0000-000000000007";
        for (body, why) in [
            (r#"{"error":"not booked"}"#, "\"error\" in it tells an error"),
            (r#"{"remote_id":"R-0"#, "no whole JSON"),
            ("\u{0}<html>", "no whole JSON"),
            ("<html>", "a proxy"),
        ] {
            let Outcome::Retry { reason, uncertain: true, .. } =
                outcome(&answer(200, body), id, &Proof::default())
            else {
                panic!("{body}")
            };
            assert!(reason.starts_with("http status 200: ") && reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_look_up_knows_there_not_there_and_cannot_tell() {
        let proof = Proof::default();
        let there = found(&answer(200, r#"{"remote_id":"GR-1"}"#), &proof);
        assert_eq!(there, Ok(Some("GR-1".to_owned())));
        assert_eq!(found(&answer(404, ""), &proof), Ok(None));
        for (status, body) in [(200, "{}"), (404, "<html>"), (500, "x"), (401, ""), (302, "")] {
            assert!(found(&answer(status, body), &proof).is_err(), "{status} {body}");
        }
    }
}
