//! Pure: message → mail (RFC 5322); reply → outcome (RFC 5321).

use std::time::{Duration, SystemTime};

use lettre::{
    Address,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::Error,
};

use super::super::{Message, text};
use crate::{Outcome, excerpt};

/// Most bytes of a mail's text.
pub const TEXT_BYTES_MAX: usize = 200_000;
/// How long to wait where a server says "not now" (RFC 5321, 4.5.4.1 asks for half an hour; lists of
/// first-time senders open after a few minutes).
const LATER: Duration = Duration::from_secs(300);

/// The mail as it is sent: UTF-8 text, encoded for servers that take 7 bits. Fails, in words for the
/// operator, on what can't be a mail.
pub fn compose(
    message: &Message,
    from: &Mailbox,
    to: &[Address],
    now_s: i64,
) -> Result<Vec<u8>, String> {
    let seconds = Duration::from_secs(u64::try_from(now_s).unwrap_or(0));
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .subject(text::subject(message))
        .date(SystemTime::UNIX_EPOCH + seconds)
        .message_id(Some(message_id(message, from)))
        .header(ContentType::TEXT_PLAIN);
    for address in to {
        mail = mail.to(Mailbox::new(None, address.clone()));
    }
    // RFC 3834: nobody's absence note comes back.
    for (name, value) in
        [("Auto-Submitted", "auto-generated"), ("X-Gatewarden-Notice", &message.id.to_string())]
    {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|e| e.to_string())?;
        mail = mail.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let link = message.link.as_ref().map(|link| format!("\n{link}\n")).unwrap_or_default();
    let words = text::cut(message.text.trim_end(), TEXT_BYTES_MAX);
    let body = format!("{words}\n{link}\n{}\n", text::reference(message.id));
    // Lines end as the standard wants them, whatever the template did.
    let body = body.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let mail = mail.body(body).map_err(|error| error.to_string())?;
    Ok(mail.formatted())
}

/// `<{notice id}@{sender's domain}>`.
#[must_use]
pub fn message_id(message: &Message, from: &Mailbox) -> String {
    format!("<{}@{}>", message.id, from.email.domain())
}

/// What an error means before the text was sent: nobody got anything.
pub(crate) fn before(what: &str, error: &Error) -> Outcome {
    let reason = format!("{what}: {}", told(error));
    if error.is_permanent() {
        return Outcome::rejected(reason);
    }
    Outcome::Retry { reason, after: error.is_transient().then_some(LATER), uncertain: false }
}

/// What an error means after the text was sent: an answer decides, its absence nothing.
pub(crate) fn after(error: &Error) -> Outcome {
    match error.status() {
        Some(_) => before("the server does not take the mail", error),
        None => Outcome::uncertain(format!("no answer to the mail: {}", told(error))),
    }
}

/// The server's words, or what broke.
pub(crate) fn told(error: &Error) -> String {
    excerpt(&error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_mail_is_utf_8_and_its_id_is_the_notice_s() {
        let message = Message {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_1234_abcd),
            receivers: vec!["li.wei@example.com".into()],
            subject: "审批 PR-1\r\nBcc: everybody@example.com".into(),
            text: "领料单待审批\n.\nline".into(),
            markdown: None,
            link: Some("https://gw/1".into()),
        };
        let from: Mailbox = "门卫 <warden@example.com>".parse().unwrap();
        let to = ["li.wei@example.com".parse().unwrap()];
        let mail = compose(&message, &from, &to, 1_700_000_000).unwrap();
        assert!(mail.is_ascii(), "servers of 7 bits take it");
        let mail = String::from_utf8(mail).unwrap();
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        for line in [
            "Message-ID: <01900000-0000-7000-8000-00001234abcd@example.com>",
            "Auto-Submitted: auto-generated",
            "To: li.wei@example.com",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.lines().any(|one| one == line), "{line} in {head}");
        }
        assert_eq!(mail, {
            let again = compose(&message, &from, &to, 1_700_000_000).unwrap();
            String::from_utf8(again).unwrap()
        });
    }
}
