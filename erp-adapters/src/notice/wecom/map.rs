//! Pure: message → request; WeCom's error codes → outcome.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Answer, Message, Refused, reply::Reply, text};
use crate::Outcome;

/// Most bytes of a text, a robot's or an app's, and of an app's Markdown.
pub const TEXT_BYTES_MAX: usize = 2_048;
/// Most bytes of a robot's Markdown.
pub const ROBOT_MARKDOWN_BYTES_MAX: usize = 4_096;
/// How long the same words are taken for a repeat, in seconds; WeCom's most.
pub const DUPLICATE_S: u32 = 14_400;

/// How long to wait after too many messages: they are counted by the minute.
const THROTTLED: Duration = Duration::from_secs(60);
/// How long to wait after too many at the same time.
const CROWDED: Duration = Duration::from_secs(5);
/// How long to wait for a busy system.
const BUSY: Duration = Duration::from_secs(30);

pub(crate) const VENDOR: &str = "wecom";

/// The body for a robot. Who is named by a mobile number (11 digits) is mentioned by it, else by the user
/// id.
#[must_use]
pub fn robot(message: &Message) -> Value {
    let mobile = |name: &&String| name.len() == 11 && name.bytes().all(|b| b.is_ascii_digit());
    if message.markdown.is_none() {
        let (mobiles, ids): (Vec<&String>, Vec<&String>) =
            message.receivers.iter().partition(mobile);
        let text = json!({
            "content": text::plain(message, TEXT_BYTES_MAX),
            "mentioned_list": ids,
            "mentioned_mobile_list": mobiles,
        });
        return json!({ "msgtype": "text", "text": text });
    }
    // Markdown mentions by user id alone.
    let ids = message.receivers.iter().filter(|name| !mobile(name) && is_user_id(name));
    let names: Vec<String> = ids.map(|id| format!("<@{id}>")).collect();
    let content = text::marked(message, &names.join(" "), ROBOT_MARKDOWN_BYTES_MAX);
    json!({ "msgtype": "markdown", "markdown": { "content": content } })
}

/// The body for an app's message.
#[must_use]
pub fn app(message: &Message, agent_id: i64) -> Value {
    let (kind, content) = match message.markdown {
        Some(_) => ("markdown", text::marked(message, "", TEXT_BYTES_MAX)),
        None => ("text", text::plain(message, TEXT_BYTES_MAX)),
    };
    let mut body = json!({
        "touser": message.receivers.join("|"),
        "agentid": agent_id,
        "msgtype": kind,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": DUPLICATE_S,
    });
    body[kind] = json!({ "content": content });
    body
}

/// Whether a receiver is one person, and not several or everybody.
pub(crate) fn is_user_id(name: &str) -> bool {
    !name.contains(['|', ',', '<', '>']) && !name.starts_with('@')
}

/// Whether the token holds no longer: 40014 is one that is unknown, 42001 one that has ended.
pub(crate) fn is_stale(reply: &Reply) -> bool {
    matches!(reply.code, 40_014 | 42_001)
}

/// What a reply that is no success means.
pub(crate) fn refusal(reply: &Reply) -> Outcome {
    let never = |way_out| reply.never(VENDOR, way_out);
    match reply.code {
        -1 => reply.later(VENDOR, BUSY),
        45_009 => reply.later(VENDOR, THROTTLED),
        45_033 => reply.later(VENDOR, CROWDED),
        93_000 => never("copy the key of the robot again"),
        40_001 | 40_013 => never("check corp_id and corp_secret"),
        40_014 | 42_001 => never("a fresh token is refused too: check corp_id and corp_secret"),
        40_056 | 301_002 => never("check agent_id, and that the secret is of the same app"),
        60_020 => never("add this gateway's address to the app's trusted addresses"),
        81_013 => never("nobody can get it: mend the wecom ids, and whom the app may see"),
        _ => never("this code is not known here, see WeCom's list"),
    }
}

/// What a reply to a robot's message means. WeCom names none, so the message's own id stands.
pub(crate) fn robot_sent(reply: &Reply, message: &Message) -> Outcome {
    match reply.is_good() {
        true => Outcome::Delivered { remote_id: message.id.to_string() },
        false => refusal(reply),
    }
}

/// What a reply to an app's message means, and who does not get it.
pub(crate) fn app_sent(reply: &Reply, message: &Message) -> Answer {
    if !reply.is_good() {
        return refusal(reply).into();
    }
    // WeCom writes the names in lower case.
    let stands = |key: &str, name: &str| {
        let list = reply.body[key].as_str().unwrap_or_default();
        list.split('|').any(|one| one.eq_ignore_ascii_case(name))
    };
    let why = |name: &String| {
        let reason = if stands("invaliduser", name) {
            "no such user id, or the app may not see it"
        } else if stands("unlicenseduser", name) {
            "no licence for the interface"
        } else {
            return None;
        };
        Some(Refused { receiver: name.clone(), reason: reason.to_owned() })
    };
    let refused = message.receivers.iter().filter_map(why).collect();
    let named = reply.body["msgid"].as_str().filter(|id| !id.is_empty());
    let remote_id = named.map_or_else(|| message.id.to_string(), crate::excerpt);
    Answer::but(remote_id, &message.receivers, refused)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn reply(code: i64, body: Value) -> Reply {
        Reply { code, sub: None, message: "told".into(), body }
    }

    fn message(receivers: &[&str]) -> Message {
        Message {
            id: Uuid::from_u128(7),
            receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
            subject: "s".into(),
            text: "t".into(),
            markdown: None,
            link: None,
        }
    }

    #[test]
    fn a_code_decides() {
        for (code, expect) in [
            (-1, Some(30)),
            (45_009, Some(60)),
            (45_033, Some(5)),
            (93_000, None),
            (40_001, None),
            (42_001, None),
            (81_013, None),
            (123_456, None),
        ] {
            let after = match refusal(&reply(code, Value::Null)) {
                Outcome::Retry { after, uncertain: false, .. } => after.map(|a| a.as_secs()),
                Outcome::Rejected { reason } => {
                    assert!(reason.starts_with(&format!("wecom errcode {code}: told; ")));
                    None
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(after, expect, "{code}");
        }
    }

    #[test]
    fn who_does_not_get_it_is_told_whatever_the_case_of_letters() {
        let both = message(&["Li.Wei", "wang"]);
        let body = json!({ "invaliduser": "li.wei", "unlicenseduser": "", "msgid": "m-1" });
        let answer = app_sent(&reply(0, body), &both);
        assert_eq!(answer.outcome, Outcome::Delivered { remote_id: "m-1".into() });
        assert_eq!(answer.refused.len(), 1);
        assert_eq!(answer.refused[0].receiver, "Li.Wei");
        let body = json!({ "invaliduser": "li.wei", "unlicenseduser": "wang" });
        assert!(matches!(app_sent(&reply(0, body), &both).outcome, Outcome::Rejected { .. }));
    }

    #[test]
    fn nobody_is_everybody() {
        for name in ["@all", "a|b", "a,b", "<x>"] {
            assert!(!is_user_id(name), "{name}");
        }
        assert!(is_user_id("li.wei") && is_user_id("LiWei_1@corp"));
    }
}
