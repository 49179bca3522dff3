//! Pure: settings → address; acknowledgement → outcome.

use rumqttc::v5::mqttbytes::v5::PubAckReason;

use crate::{Outcome, SetupError};

/// Most bytes of a message's payload.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// Longest topic, in bytes.
pub const TOPIC_BYTES_MAX: usize = 1_024;

/// The broker's `HOST:PORT`, where an IPv6 host stands in brackets.
pub(crate) fn address(text: &str) -> Result<(String, u16), SetupError> {
    server(text).ok_or_else(|| SetupError::Address { address: text.to_owned() })
}

/// Splits the `HOST:PORT` of any server.
pub(crate) fn server(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let port = port.parse().ok().filter(|p| *p > 0)?;
    match bare.unwrap_or(host) {
        "" => None,
        host if bare.is_none() && host.contains([':', '/', ' ']) => None,
        host => Some((host.to_owned(), port)),
    }
}

/// Refuses a topic that can't be published to.
pub(crate) fn check_topic(topic: &str) -> Result<(), SetupError> {
    let wrong = topic.is_empty()
        || topic.len() > TOPIC_BYTES_MAX
        || topic.starts_with('$')
        || topic.contains(['#', '+', '\0']);
    if wrong { Err(SetupError::Topic { topic: topic.to_owned() }) } else { Ok(()) }
}

/// What the broker's PUBACK means (MQTT 5.0, 3.4.2.1).
pub(crate) fn outcome(reason: PubAckReason, topic: &str, id: String) -> Outcome {
    match reason {
        PubAckReason::Success => Outcome::Delivered { remote_id: id },
        PubAckReason::NoMatchingSubscribers => {
            Outcome::retry(format!("nobody subscribes to {topic:?}: the broker kept nothing"))
        }
        PubAckReason::NotAuthorized => {
            Outcome::retry(format!("the broker does not let this client publish to {topic:?}"))
        }
        PubAckReason::PayloadFormatInvalid => {
            Outcome::rejected("the broker refuses the payload's format")
        }
        other => Outcome::retry(format!("the broker refuses the message: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port() {
        for (text, host, port) in
            [("mq:1883", "mq", 1883), ("10.0.0.1:1", "10.0.0.1", 1), ("[::1]:1883", "::1", 1883)]
        {
            assert!(address(text).is_ok_and(|a| a == (host.to_owned(), port)), "{text}");
        }
        for bad in ["", "mq", ":1", "mq:0", "mq:70000", "::1:1883", "mqtt://mq:1883", "[]:1"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn topics_have_no_wildcards() {
        assert!(check_topic("plant/gatewarden/movements").is_ok());
        for bad in ["", "a/#", "+/a", "$SYS/x", "a\0", &"x".repeat(1_025)] {
            assert!(check_topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_kept_message_is_delivered() {
        let kind = |reason| match outcome(reason, "t", "id".into()) {
            Outcome::Delivered { remote_id } => remote_id,
            Outcome::Retry { uncertain, .. } => format!("retry {uncertain}"),
            Outcome::Rejected { .. } => "rejected".into(),
        };
        for (reason, expect) in [
            (PubAckReason::Success, "id"),
            (PubAckReason::NoMatchingSubscribers, "retry false"),
            (PubAckReason::NotAuthorized, "retry false"),
            (PubAckReason::QuotaExceeded, "retry false"),
            (PubAckReason::PayloadFormatInvalid, "rejected"),
        ] {
            assert_eq!(kind(reason), expect, "{reason:?}");
        }
    }
}
