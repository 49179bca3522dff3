//! Splits the bytes sent to a printer into what it acts upon. Pure; the buffer is bounded: a format
//! that outgrows it is dropped as a whole.

/// The longest format in bytes.
const FORMAT_BYTES_MAX: usize = 256 * 1024;
const COMMAND_LEN: usize = 3;
/// The longest line of SGD that is kept outside a format.
const LINE_BYTES_MAX: usize = 128;
const GETVAR: &str = "! U1 getvar \"";

/// One thing to act upon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// `~HS`.
    Status,
    /// `~HQES`.
    Extended,
    /// `~HI`.
    Identify,
    /// `! U1 getvar "name"`.
    Getvar(String),
    /// From `^XA` to `^XZ`, both included.
    Format(Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// Outside a format the line so far; inside, the format so far.
    buffer: Vec<u8>,
    inside: bool,
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Input> {
        bytes.iter().filter_map(|&byte| self.push_byte(byte)).collect()
    }

    /// Questions are answered inside a format too, and are no part of it.
    fn push_byte(&mut self, byte: u8) -> Option<Input> {
        self.buffer.push(byte);
        for (command, input) in
            [(&b"~HS"[..], Input::Status), (b"~HI", Input::Identify), (b"~HQES", Input::Extended)]
        {
            if self.ends_with(command) {
                self.buffer.truncate(self.buffer.len() - command.len());
                return Some(input);
            }
        }
        if self.ends_with(b"^XA") {
            self.inside = true;
            self.buffer.drain(..self.buffer.len() - COMMAND_LEN);
        } else if self.inside && self.ends_with(b"^XZ") {
            self.inside = false;
            return Some(Input::Format(std::mem::take(&mut self.buffer)));
        } else if self.inside && self.buffer.len() >= FORMAT_BYTES_MAX {
            self.inside = false;
            self.buffer.clear();
        } else if !self.inside && byte == b'\n' {
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned();
            let name = line.trim().strip_prefix(GETVAR)?.strip_suffix('"')?;
            return Some(Input::Getvar(name.to_owned()));
        } else if !self.inside && self.buffer.len() >= LINE_BYTES_MAX {
            self.buffer.remove(0);
        }
        None
    }

    fn ends_with(&self, command: &[u8]) -> bool {
        let start = self.buffer.len().saturating_sub(command.len());
        self.buffer[start..].eq_ignore_ascii_case(command)
    }
}

#[cfg(test)]
mod tests {
    use super::{FORMAT_BYTES_MAX, Input, Splitter};
    use proptest::prelude::*;

    const MIXED: &[u8] =
        b"noise~HS^XA^FDone^FS~HI^XZ\r\n^xa^FDtwo^xz~hs! U1 getvar \"a.b\"\r\n~HQES";

    fn expected() -> Vec<Input> {
        vec![
            Input::Status,
            Input::Identify,
            Input::Format(b"^XA^FDone^FS^XZ".to_vec()),
            Input::Format(b"^xa^FDtwo^xz".to_vec()),
            Input::Status,
            Input::Getvar("a.b".to_owned()),
            Input::Extended,
        ]
    }

    proptest! {
        #[test]
        fn the_way_the_bytes_are_cut_makes_no_difference(cut in 0..MIXED.len()) {
            let mut splitter = Splitter::default();
            let mut inputs = splitter.push(&MIXED[..cut]);
            inputs.extend(splitter.push(&MIXED[cut..]));
            prop_assert_eq!(inputs, expected());
        }

        #[test]
        fn noise_never_outgrows_the_buffer(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut splitter = Splitter::default();
            splitter.push(&bytes);
            prop_assert!(splitter.buffer.len() < FORMAT_BYTES_MAX);
        }
    }

    #[test]
    fn a_format_without_end_is_dropped_and_the_next_one_taken() {
        let mut splitter = Splitter::default();
        assert!(splitter.push(b"^XA").is_empty());
        assert!(splitter.push(&vec![b'a'; FORMAT_BYTES_MAX]).is_empty());
        assert_eq!(splitter.push(b"^XA^XZ"), [Input::Format(b"^XA^XZ".to_vec())]);
    }
}
