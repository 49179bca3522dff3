//! Pure: message → request; DingTalk's error codes → outcome.
//!
//! Codes as DingTalk's list of global codes and its page on robots' codes give them, and as clients meet
//! them; of 310000 the words tell which of three safeguards refused.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::super::{
    Answer, Message, Refused,
    reply::{Reply, number},
    text,
};
use crate::Outcome;

/// Most bytes of a robot's text; DingTalk refuses more than 20,000 in all.
pub const ROBOT_BYTES_MAX: usize = 16_000;
/// Most bytes of a work notice's text; DingTalk takes 2,048 for its content.
pub const WORK_BYTES_MAX: usize = 2_000;

/// How long a robot is refused after more than its 20 messages a minute.
const THROTTLED: Duration = Duration::from_secs(600);
/// How long to wait after too many calls of an app.
const CALLS: Duration = Duration::from_secs(60);
/// How long to wait for a busy system.
const BUSY: Duration = Duration::from_secs(30);

pub(crate) const VENDOR: &str = "dingtalk";

/// The value of `sign`, not yet escaped for a URL.
#[must_use]
pub fn sign(secret: &str, timestamp_ms: i64) -> String {
    // HMAC takes a key of any length, so this arm has no error to report.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{timestamp_ms}\n{secret}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The body for a robot. Who is named by a mobile number (11 digits) is mentioned by it, else by the user
/// id.
#[must_use]
pub fn robot(message: &Message) -> Value {
    let mobile = |name: &&String| name.len() == 11 && name.bytes().all(|b| b.is_ascii_digit());
    let (mobiles, ids): (Vec<&String>, Vec<&String>) = message.receivers.iter().partition(mobile);
    let at = json!({ "atMobiles": mobiles, "atUserIds": ids, "isAtAll": false });
    if message.markdown.is_none() {
        let content = text::plain(message, ROBOT_BYTES_MAX);
        return json!({ "msgtype": "text", "text": { "content": content }, "at": at });
    }
    // In Markdown only who also stands in the text is mentioned.
    let names: Vec<String> = message.receivers.iter().map(|name| format!("@{name}")).collect();
    let text = text::marked(message, &names.join(" "), ROBOT_BYTES_MAX);
    let markdown = json!({ "title": text::subject(message), "text": text });
    json!({ "msgtype": "markdown", "markdown": markdown, "at": at })
}

/// The body for a work notice.
#[must_use]
pub fn work(message: &Message, agent_id: i64) -> Value {
    let msg = match message.markdown {
        Some(_) => {
            let text = text::marked(message, "", WORK_BYTES_MAX);
            let markdown = json!({ "title": text::subject(message), "text": text });
            json!({ "msgtype": "markdown", "markdown": markdown })
        }
        None => {
            let content = text::plain(message, WORK_BYTES_MAX);
            json!({ "msgtype": "text", "text": { "content": content } })
        }
    };
    json!({ "agent_id": agent_id, "userid_list": message.receivers.join(","), "msg": msg })
}

/// Whether a receiver would be taken for several.
pub(crate) fn is_user_id(name: &str) -> bool {
    !name.contains([',', '|'])
}

/// Whether the token holds no longer: 40001 and 40014 are one that is unknown, 42001 one that has ended;
/// the newer gateway tells them as sub codes of 88.
pub(crate) fn is_stale(reply: &Reply) -> bool {
    let stale = |code| matches!(code, 40_001 | 40_014 | 42_001);
    stale(reply.code) || reply.code == 88 && reply.sub.is_some_and(stale)
}

/// What a reply that is no success means.
pub(crate) fn refusal(reply: &Reply) -> Outcome {
    let never = |way_out| reply.never(VENDOR, way_out);
    match (reply.code, reply.sub) {
        (-1, _) => reply.later(VENDOR, BUSY),
        (130_101 | 410_100, _) => reply.later(VENDOR, THROTTLED),
        (90_002 | 90_018, _) | (88, Some(90_002 | 90_018)) => reply.later(VENDOR, CALLS),
        (310_000, _) => never(safeguard(&reply.message)),
        (300_001 | 300_005 | 400_101, _) => never("copy the access_token of the robot again"),
        (400_013, _) => never("the group is gone: make a robot in another"),
        (400_102 | 400_106, _) => never("switch the robot on in its group, or make a new one"),
        (40_001 | 40_014 | 42_001, _) | (88, Some(40_001 | 40_014 | 42_001)) => {
            never("a fresh token is refused too: check app_key and app_secret")
        }
        (40_089 | 40_096, _) => never("check app_key and app_secret"),
        (33_012, _) => never("mend the dingtalk id of the contact"),
        (60_011, _) | (88, Some(60_011)) => never("give the app the right to send notices"),
        (60_020, _) | (88, Some(60_020)) => never("add this gateway's address to the app's list"),
        _ => never("this code is not known here, see DingTalk's list"),
    }
}

/// Which of a robot's three safeguards refuses.
fn safeguard(told: &str) -> &'static str {
    let told = told.to_ascii_lowercase();
    if told.contains("keyword") {
        "the robot wants a keyword: take it away, it is signed"
    } else if told.contains("whitelist") {
        "add this gateway's address to the robot's list"
    } else {
        "check the robot's secret and this gateway's clock"
    }
}

/// What a reply to a robot's message means. DingTalk names none, so the message's own id stands.
pub(crate) fn robot_sent(reply: &Reply, message: &Message) -> Outcome {
    match reply.is_good() {
        true => Outcome::Delivered { remote_id: message.id.to_string() },
        false => refusal(reply),
    }
}

/// Which task a work notice became.
pub(crate) fn task(reply: &Reply) -> Result<i64, Outcome> {
    if !reply.is_good() {
        return Err(refusal(reply));
    }
    let no_task = || Outcome::uncertain("dingtalk took the notice and names no task_id");
    reply.body["task_id"].as_i64().ok_or_else(no_task)
}

/// The code of a `forbidden_list` that says "the same words again today". Every message has its own
/// reference in its words, so that is a repeat of this one, which had arrived.
const SAME_WORDS: i64 = 143_106;

/// Whom a task did not reach, as far as its result is known.
pub(crate) fn result(task: i64, reply: Option<&Reply>, receivers: &[String]) -> Answer {
    let nothing = Value::Null;
    let known = reply.filter(|reply| reply.is_good()).map(|reply| &reply.body["send_result"]);
    let known = known.unwrap_or(&nothing);
    let refused = receivers.iter().filter_map(|name| {
        let reason = unreached(known, name)?;
        Some(Refused { receiver: name.clone(), reason: reason.to_owned() })
    });
    Answer::but(task.to_string(), receivers, refused.collect())
}

/// Why a result says that somebody was not reached.
fn unreached(result: &Value, name: &str) -> Option<&'static str> {
    let list = |key: &str| result[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let stands = |key: &str| list(key).iter().any(|one| one.as_str() == Some(name));
    let repeated = list("forbidden_list").iter().any(|one| {
        one["userid"].as_str() == Some(name) && number(&one["code"]) == Some(SAME_WORDS)
    });
    if stands("invalid_user_id_list") {
        Some("no such user id")
    } else if stands("forbidden_user_id_list") && !repeated {
        Some("more notices today than dingtalk brings one person")
    } else if stands("failed_user_id_list") {
        Some("dingtalk failed to send it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: i64, sub: Option<i64>, message: &str) -> Reply {
        Reply { code, sub, message: message.into(), body: Value::Null }
    }

    #[test]
    fn the_signature_is_the_vendor_s() {
        let expect = "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM=";
        assert_eq!(sign("SECabc", 1_700_000_000_000), expect);
    }

    #[test]
    fn a_code_decides() {
        let told = |code, sub, message| match refusal(&reply(code, sub, message)) {
            Outcome::Retry { after: Some(after), uncertain: false, .. } => {
                format!("retry {}", after.as_secs())
            }
            Outcome::Rejected { reason } => format!("rejected {reason}"),
            other => panic!("{other:?}"),
        };
        for (code, sub, message, expect) in [
            (-1, None, "busy", "retry 30"),
            (130_101, None, "send too fast", "retry 600"),
            (410_100, None, "", "retry 600"),
            (88, Some(90_018), "", "retry 60"),
            (310_000, None, "keywords not in content", "rejected"),
            (310_000, None, "sign not match", "check the robot's secret"),
            (310_000, None, "ip 1.2.3.4 not in whitelist", "this gateway's address"),
            (300_005, None, "token is not exist", "copy the access_token"),
            (400_102, None, "", "switch the robot on"),
            (88, Some(60_011), "", "the right to send"),
            (42_001, None, "", "a fresh token is refused too"),
            (987_654, None, "never seen", "dingtalk errcode 987654: never seen; this code is not"),
        ] {
            let told = told(code, sub, message);
            assert!(told.contains(expect), "{code}: {told}");
        }
    }

    #[test]
    fn a_stale_token_is_told_in_two_ways() {
        for (code, sub, stale) in [
            (40_014, None, true),
            (42_001, None, true),
            (88, Some(40_014), true),
            (88, Some(60_011), false),
            (0, None, false),
            (310_000, None, false),
        ] {
            assert_eq!(is_stale(&reply(code, sub, "")), stale, "{code} {sub:?}");
        }
    }

    #[test]
    fn whom_a_task_did_not_reach_is_told_as_far_as_it_is_known() {
        let names = ["a".to_owned(), "b".to_owned()];
        let known =
            |list: Value| Reply { body: json!({ "send_result": list }), ..reply(0, None, "") };
        let some = known(json!({ "invalid_user_id_list": ["b"], "unread_user_id_list": ["a"] }));
        let answer = result(7, Some(&some), &names);
        assert_eq!(answer.outcome, Outcome::Delivered { remote_id: "7".into() });
        assert_eq!(answer.refused[0].receiver, "b");
        let all = known(json!({ "forbidden_user_id_list": ["a"], "failed_user_id_list": ["b"] }));
        assert!(matches!(result(7, Some(&all), &names).outcome, Outcome::Rejected { .. }));
        let again = json!([{ "code": "143106", "userid": "a" }, { "code": 143105, "userid": "b" }]);
        let again = json!({ "forbidden_user_id_list": ["a", "b"], "forbidden_list": again });
        let answer = result(7, Some(&known(again)), &names);
        assert_eq!(answer.refused.len(), 1, "a repeat had arrived");
        assert_eq!(answer.refused[0].receiver, "b");
        for nothing in [None, Some(reply(-1, None, "")), Some(reply(0, None, ""))] {
            assert_eq!(result(7, nothing.as_ref(), &names).refused, []);
        }
    }
}
