//! Pure: a message as JSON, for channels that people read by a program of theirs.

use gatewarden_model::canonical::{self, CanonicalError};
use serde::Serialize;

use super::{Message, text};

/// The version of the JSON.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Told<'a> {
    version: u32,
    notice: String,
    receivers: &'a [String],
    subject: String,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

/// `{"link":"…","markdown":"…","notice":"<id>","receivers":[…],"subject":"…","text":"…","version":1}` in
/// the ledger's canonical JSON, so that every repeat has the same bytes; `link` and `markdown` only where
/// there are some. Fails only on a value beyond that JSON's limits.
pub fn encode(message: &Message) -> Result<Vec<u8>, CanonicalError> {
    canonical::encode(&Told {
        version: VERSION,
        notice: message.id.to_string(),
        receivers: &message.receivers,
        subject: text::subject(message),
        text: &message.text,
        markdown: message.markdown.as_deref(),
        link: message.link.as_deref(),
    })
}
