//! Channels: how a notice reaches people. DingTalk, WeCom, mail, MQTT, webhook.
//!
//! One file or folder a channel: a pure `map` (message → request, reply → outcome) and the client that
//! moves the bytes. Invariants: every answer is an [`Answer`] with the ERPs' [`Outcome`]; the message's
//! id goes out with every message, so that a repeat can be told; a success is one only where the body
//! says so; what may have arrived is uncertain, never claimed to have failed; a text is cut to what the
//! other side takes, its link never.
//!
//! Absent on purpose: who is told what and when (`gatewarden-notices`), queues and back-off (the
//! daemon), templates and masking.

mod app;
pub mod dingtalk;
mod encode;
pub mod mail;
pub mod mqtt;
mod reply;
mod text;
pub mod webhook;
pub mod wecom;

use uuid::Uuid;

use crate::{BoxFuture, Outcome};

pub use encode::{VERSION, encode};

/// Most receivers of one message.
pub const RECEIVERS_MAX: usize = 100;
/// Longest name or address of a receiver, in bytes.
pub const RECEIVER_BYTES_MAX: usize = 254;
/// Longest subject, in characters; a longer one is cut.
pub const SUBJECT_CHARS_MAX: usize = 120;
/// Longest text that is taken, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Longest link, in bytes.
pub const LINK_BYTES_MAX: usize = 1024;

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names it for good: a repeat has the same id and the same content.
    pub id: Uuid,
    /// Whom, as the channel calls them: mail addresses, user ids of DingTalk or WeCom (for a robot those
    /// to be mentioned, mobile numbers too), operators for MQTT and webhooks. May be empty where the
    /// channel itself is one place: a robot's group, a topic, a URL.
    pub receivers: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text, plain.
    pub text: String,
    /// The same in Markdown, where the sender has it; channels that show Markdown prefer it.
    pub markdown: Option<String>,
    /// Where to look or act, `https://…`.
    pub link: Option<String>,
}

/// What became of one attempt to tell everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the message. Delivered if at least one receiver gets it.
    pub outcome: Outcome,
    /// Who does not get it although others do.
    pub refused: Vec<Refused>,
}

/// A receiver that the other side refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Who.
    pub receiver: String,
    /// Why, in words for the operator.
    pub reason: String,
}

/// How fast a channel may be told something before the other side refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many messages…
    pub messages: u32,
    /// …in so many seconds.
    pub per_s: u32,
}

/// One way to people. Cheap to call again and again; keeps its own connection or token.
pub trait Channel: Send + Sync {
    /// Tells everybody in `message`. Called with the same message again after a retry or a crash; where
    /// the other side can tell repeats, nobody is told twice.
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer>;

    /// The vendor's limit, to be kept by whoever sends.
    fn limit(&self) -> Option<Limit> {
        None
    }

    /// As [`Channel::tell`] in one word, for messages to one receiver: who was refused among several
    /// stands in the remote id.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.tell(message).await.told() })
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, refused: vec![] }
    }
}

impl Answer {
    /// Delivered to everybody but `refused`; rejected where that is everybody.
    pub(crate) fn but(remote_id: String, receivers: &[String], refused: Vec<Refused>) -> Self {
        if !receivers.is_empty() && refused.len() >= receivers.len() {
            let reason = format!("nobody gets it: {}", listed(&refused));
            return Self { outcome: Outcome::rejected(reason), refused };
        }
        Self { outcome: Outcome::Delivered { remote_id }, refused }
    }

    /// The outcome with who was refused in its words.
    #[must_use]
    pub fn told(self) -> Outcome {
        match self.outcome {
            Outcome::Delivered { remote_id } if !self.refused.is_empty() => Outcome::Delivered {
                remote_id: format!("{remote_id}; not to {}", listed(&self.refused)),
            },
            outcome => outcome,
        }
    }
}

fn listed(refused: &[Refused]) -> String {
    let each: Vec<_> =
        refused.iter().map(|one| format!("{} ({})", one.receiver, one.reason)).collect();
    crate::excerpt(&each.join(", "))
}

/// Why a message can't be sent by any channel, as a rejection.
pub(crate) fn check(message: &Message) -> Result<(), Outcome> {
    let wrong = |what: String| Err(Outcome::rejected(what));
    if message.receivers.len() > RECEIVERS_MAX {
        return wrong(format!(
            "{} receivers are too many, at most {RECEIVERS_MAX}: split the message",
            message.receivers.len()
        ));
    }
    let bad = |name: &&String| {
        name.is_empty()
            || name.len() > RECEIVER_BYTES_MAX
            || name.contains(|c: char| c.is_control() || c.is_whitespace())
    };
    if let Some(name) = message.receivers.iter().find(bad) {
        return wrong(format!("{name:?} can't be a receiver: mend the contact"));
    }
    let longest = message.text.len().max(message.markdown.as_ref().map_or(0, String::len));
    if longest > TEXT_BYTES_MAX {
        return wrong(format!("{longest} bytes of text are too long, at most {TEXT_BYTES_MAX}"));
    }
    match &message.link {
        Some(link) if link.len() > LINK_BYTES_MAX || !text::is_link(link) => {
            wrong(format!("{:?} is no link: write https://…", crate::excerpt(link)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            id: Uuid::from_u128(1),
            receivers: vec!["a".into(), "b".into()],
            subject: "s".into(),
            text: "t".into(),
            markdown: None,
            link: None,
        }
    }

    #[test]
    fn what_no_channel_can_send_is_rejected_and_says_why() {
        assert_eq!(check(&message()), Ok(()));
        type Change = fn(&mut Message);
        let changes: [(Change, &str); 6] = [
            (|m| m.receivers = vec!["x".into(); 101], "101 receivers"),
            (|m| m.receivers.push(String::new()), "can't be a receiver"),
            (|m| m.receivers.push("a\r\nRCPT TO:<b>".into()), "can't be a receiver"),
            (|m| m.text = "x".repeat(TEXT_BYTES_MAX + 1), "bytes of text"),
            (|m| m.link = Some("javascript:alert(1)".into()), "is no link"),
            (|m| m.link = Some(format!("https://x/{}", "y".repeat(1024))), "is no link"),
        ];
        for (change, why) in changes {
            let mut message = message();
            change(&mut message);
            let Err(Outcome::Rejected { reason }) = check(&message) else { panic!("{why}") };
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_partial_refusal_is_told_and_a_whole_one_is_a_rejection() {
        let refused = |names: &[&str]| {
            let one = |name: &&str| Refused { receiver: (*name).into(), reason: "gone".into() };
            names.iter().map(one).collect::<Vec<_>>()
        };
        let both = message().receivers;
        let some = Answer::but("7".into(), &both, refused(&["b"]));
        let told = Outcome::Delivered { remote_id: "7; not to b (gone)".into() };
        assert_eq!(some.told(), told);
        let none = Answer::but("7".into(), &both, refused(&["a", "b"]));
        let reason = "nobody gets it: a (gone), b (gone)".to_owned();
        assert_eq!(none.outcome, Outcome::Rejected { reason });
        let group = Answer::but("7".into(), &[], vec![]);
        assert_eq!(group.told(), Outcome::Delivered { remote_id: "7".into() });
    }
}
