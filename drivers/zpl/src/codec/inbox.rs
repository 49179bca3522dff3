//! Tells apart what a printer sends on one connection. Pure.
//!
//! Invariants: bounded by [`INBOX_BYTES_MAX`]; an echo (`^HV`) may come before, between and after answers, but not
//! inside one; what fits nothing is an error, after which the connection is of no use any more.

use super::{
    ETX, ExtendedError, ExtendedStatus, HOST_EXTENDED, HOST_IDENTITY, HOST_STATUS, HostIdentity,
    HostStatus, IdentityError, SGD_BYTES_MAX, STATUS_BYTES_MAX, STX, StatusError, Variable, getvar,
    parse_extended, parse_host_status, parse_identity, status_len,
};
use crate::compose::{ECHO_END, ECHO_MARK};

/// Most bytes that wait to be understood.
pub const INBOX_BYTES_MAX: usize = 4096;
/// The longest line of `^HV`, in bytes: mark, token and an EPC of 496 bits in hexadecimal fit.
const ECHO_BYTES_MAX: usize = 512;

/// A question to the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `~HS`.
    Status,
    /// `~HQES`.
    Extended,
    /// `~HI`.
    Identity,
    /// An SGD variable.
    Variable(Variable),
}

impl Ask {
    /// What is sent.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Self::Status => HOST_STATUS.to_vec(),
            Self::Extended => HOST_EXTENDED.to_vec(),
            Self::Identity => HOST_IDENTITY.to_vec(),
            Self::Variable(variable) => getvar(variable),
        }
    }

    /// How it is called in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "~HS",
            Self::Extended => "~HQES",
            Self::Identity => "~HI",
            Self::Variable(variable) => variable.name(),
        }
    }
}

/// Something the printer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To `~HS`.
    Status(HostStatus),
    /// To `~HQES`.
    Extended(ExtendedStatus),
    /// To `~HI`.
    Identity(HostIdentity),
    /// To `getvar`: the text between the quotes.
    Value(String),
    /// A line of `^HV`: the job's token and the data of the field.
    Echo {
        /// The token in the job's header.
        token: String,
        /// What the field holds.
        data: String,
    },
}

/// Why bytes are no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// `~HS`.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// `~HQES`.
    #[error(transparent)]
    Extended(#[from] ExtendedError),
    /// `~HI`.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Bytes that fit no answer that is awaited.
    #[error("the printer sent {0:?}, which answers no question")]
    Stray(String),
    /// An answer without an end.
    #[error("the printer sent {0} bytes without the end of an answer")]
    TooLong(usize),
}

/// The bytes that came and were not yet understood.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Takes bytes as they came.
    ///
    /// # Errors
    /// Where more than [`INBOX_BYTES_MAX`] would wait.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), InboxError> {
        let len = self.bytes.len() + bytes.len();
        if len > INBOX_BYTES_MAX {
            return Err(InboxError::TooLong(len));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole answer, to `awaited` where a question is open, or an echo.
    ///
    /// # Errors
    /// Where the bytes fit neither.
    pub fn next(&mut self, awaited: Option<Ask>) -> Result<Option<Answer>, InboxError> {
        let blank = self.bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n' | b' ' | 0)).count();
        self.bytes.drain(..blank);
        let Some(first) = self.bytes.first().copied() else { return Ok(None) };
        let mark = ECHO_MARK.as_bytes();
        let shared = mark.len().min(self.bytes.len());
        if self.bytes[..shared] == mark[..shared] {
            return self.echo();
        }
        match (awaited, first) {
            (Some(Ask::Status), STX) => self.status(),
            (Some(Ask::Extended), STX) => Ok(self
                .framed()?
                .map(|body| parse_extended(&body))
                .transpose()?
                .map(Answer::Extended)),
            (Some(Ask::Identity), STX) => Ok(self
                .framed()?
                .map(|body| parse_identity(&body))
                .transpose()?
                .map(Answer::Identity)),
            (Some(Ask::Variable(_)), b'"') => self.value(),
            _ => Err(self.stray()),
        }
    }

    fn stray(&self) -> InboxError {
        let shown = String::from_utf8_lossy(&self.bytes).chars().take(32).collect();
        InboxError::Stray(shown)
    }

    /// The bytes before `end`, which is taken too; at most `max` may stand before it.
    fn until(
        &mut self,
        end: &[u8],
        from: usize,
        max: usize,
    ) -> Result<Option<Vec<u8>>, InboxError> {
        let after = self.bytes.get(from..).unwrap_or_default();
        match after.windows(end.len()).position(|window| window == end) {
            Some(at) if at <= max => {
                let body = after[..at].to_vec();
                self.bytes.drain(..from + at + end.len());
                Ok(Some(body))
            }
            None if after.len() <= max => Ok(None),
            _ => Err(InboxError::TooLong(self.bytes.len())),
        }
    }

    fn framed(&mut self) -> Result<Option<Vec<u8>>, InboxError> {
        self.until(&[ETX], 1, STATUS_BYTES_MAX)
    }

    fn status(&mut self) -> Result<Option<Answer>, InboxError> {
        match status_len(&self.bytes) {
            Some(len) if len <= STATUS_BYTES_MAX => {
                let status = parse_host_status(&self.bytes[..len])?;
                self.bytes.drain(..len);
                Ok(Some(Answer::Status(status)))
            }
            None if self.bytes.len() <= STATUS_BYTES_MAX => Ok(None),
            _ => Err(InboxError::TooLong(self.bytes.len())),
        }
    }

    fn value(&mut self) -> Result<Option<Answer>, InboxError> {
        let body = self.until(b"\"", 1, SGD_BYTES_MAX)?;
        Ok(body.map(|body| Answer::Value(String::from_utf8_lossy(&body).into_owned())))
    }

    fn echo(&mut self) -> Result<Option<Answer>, InboxError> {
        let Some(body) = self.until(ECHO_END.as_bytes(), 0, ECHO_BYTES_MAX)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&body).into_owned();
        let stray = || InboxError::Stray(text.chars().take(32).collect());
        let inner = text.strip_prefix(ECHO_MARK).ok_or_else(stray)?;
        let (token, data) = inner.split_once('[').ok_or_else(stray)?;
        Ok(Some(Answer::Echo { token: token.to_owned(), data: data.to_owned() }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: &[u8] = b"\"7\"GW:ab[3034]\r\n\x02ZD421-203dpi,V1,8,1KB\x03\r\nGW:cd[]\r\n\"?\"";

    fn read(pieces: &[&[u8]]) -> Vec<Answer> {
        let labels = Ask::Variable(Variable::Labels);
        let mut awaited = vec![labels, Ask::Identity, labels].into_iter();
        let (mut inbox, mut answers, mut open) = (Inbox::default(), Vec::new(), awaited.next());
        for piece in pieces {
            inbox.push(piece).unwrap();
            while let Some(answer) = inbox.next(open).unwrap() {
                if !matches!(answer, Answer::Echo { .. }) {
                    open = awaited.next();
                }
                answers.push(answer);
            }
        }
        answers
    }

    proptest! {
        #[test]
        fn echoes_come_between_answers_however_the_bytes_are_cut(cut in 0..ALL.len()) {
            let answers = read(&[&ALL[..cut], &ALL[cut..]]);
            let echo = |token: &str, data: &str| Answer::Echo { token: token.into(), data: data.into() };
            prop_assert_eq!(answers.len(), 5);
            prop_assert_eq!(&answers[0], &Answer::Value("7".into()));
            prop_assert_eq!(&answers[1], &echo("ab", "3034"));
            prop_assert_eq!(&answers[3], &echo("cd", ""));
            prop_assert_eq!(&answers[4], &Answer::Value("?".into()));
        }

        #[test]
        fn no_bytes_panic_nor_outgrow(pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"GW:[]\x02\x03\r\n,01\"E"[..]), 0..200), 0..40), which in 0usize..4) {
            let asks = [Ask::Status, Ask::Extended, Ask::Identity, Ask::Variable(Variable::Labels)];
            let mut inbox = Inbox::default();
            for piece in pieces {
                if inbox.push(&piece).is_err() || inbox.next(Some(asks[which])).is_err() {
                    break;
                }
                prop_assert!(inbox.bytes.len() <= INBOX_BYTES_MAX);
            }
        }
    }
}
