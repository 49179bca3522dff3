//! Splits the bytes sent to a printer into what it acts upon. Pure; the buffer is bounded: a format
//! that outgrows it is dropped as a whole.

/// The longest format in bytes.
const FORMAT_BYTES_MAX: usize = 256 * 1024;
const COMMAND_LEN: usize = 3;

/// One thing to act upon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// `~HS`.
    Status,
    /// `~HI`.
    Identify,
    /// From `^XA` to `^XZ`, both included.
    Format(Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// Outside a format the last two bytes at most; inside, the format so far.
    buffer: Vec<u8>,
    inside: bool,
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Input> {
        bytes.iter().filter_map(|&byte| self.push_byte(byte)).collect()
    }

    /// `~HS` and `~HI` are answered inside a format too, and are no part of it.
    fn push_byte(&mut self, byte: u8) -> Option<Input> {
        self.buffer.push(byte);
        let start = self.buffer.len().saturating_sub(COMMAND_LEN);
        let command = self.buffer[start..].to_ascii_uppercase();
        match command.as_slice() {
            b"~HS" => {
                self.buffer.truncate(start);
                return Some(Input::Status);
            }
            b"~HI" => {
                self.buffer.truncate(start);
                return Some(Input::Identify);
            }
            b"^XA" => {
                self.inside = true;
                self.buffer.drain(..start);
            }
            b"^XZ" if self.inside => {
                self.inside = false;
                return Some(Input::Format(std::mem::take(&mut self.buffer)));
            }
            _ if !self.inside && self.buffer.len() >= COMMAND_LEN => {
                self.buffer.remove(0);
            }
            _ if self.buffer.len() >= FORMAT_BYTES_MAX => {
                self.inside = false;
                self.buffer.clear();
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{FORMAT_BYTES_MAX, Input, Splitter};
    use proptest::prelude::*;

    const MIXED: &[u8] = b"noise~HS^XA^FDone^FS~HI^XZ\r\n^xa^FDtwo^xz~hs";

    fn expected() -> Vec<Input> {
        vec![
            Input::Status,
            Input::Identify,
            Input::Format(b"^XA^FDone^FS^XZ".to_vec()),
            Input::Format(b"^xa^FDtwo^xz".to_vec()),
            Input::Status,
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
