//! The answer to `~HQES` (ZPL II Programming Guide, "Host Query": error and warning flags). Pure.
//!
//! `ERRORS: f gggggggg gggggggg`: a flag, then group 2 and group 1, eight hexadecimal digits each. Invariants: both
//! lines must be there; bits without a name here are shown as hexadecimal, never dropped.

/// The command that asks for errors and warnings.
pub const HOST_EXTENDED: &[u8] = b"~HQES";

const NAMES: [(u32, &str); 9] = [
    (0x01, "paper out"),
    (0x02, "ribbon out"),
    (0x04, "head open"),
    (0x08, "cutter fault"),
    (0x10, "head over temperature"),
    (0x20, "motor over temperature"),
    (0x40, "bad head element"),
    (0x80, "head not detected"),
    (0x1_0000, "paused"),
];

/// What `~HQES` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtendedStatus {
    /// Group 2 of the errors in the upper, group 1 in the lower half; 0 where the flag is 0.
    pub errors: u64,
    /// The same of the warnings.
    pub warnings: u64,
}

/// Why bytes are no answer to `~HQES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtendedError {
    /// A line is missing.
    #[error("the extended status has no line {0}")]
    Missing(&'static str),
    /// A line is not a flag and two groups of eight hexadecimal digits.
    #[error(
        "the line {0} of the extended status is not a flag and two groups of 8 hexadecimal digits"
    )]
    Line(&'static str),
}

impl ExtendedStatus {
    /// The errors in words; empty without errors.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let low = u32::try_from(self.errors & 0xffff_ffff).unwrap_or(u32::MAX);
        let known = NAMES.iter().filter(|(bit, _)| low & bit != 0);
        let mut words: Vec<String> = known.map(|(_, name)| (*name).to_owned()).collect();
        let named = NAMES.iter().fold(0u64, |all, (bit, _)| all | u64::from(*bit));
        let rest = self.errors & !named;
        if rest != 0 {
            words.push(format!("error {rest:016X}"));
        }
        words
    }
}

/// Reads what stands between STX and ETX of an answer to `~HQES`.
///
/// # Errors
/// Where a line is missing or malformed, by name.
pub fn parse_extended(body: &[u8]) -> Result<ExtendedStatus, ExtendedError> {
    let text = String::from_utf8_lossy(body);
    Ok(ExtendedStatus { errors: line(&text, "ERRORS")?, warnings: line(&text, "WARNINGS")? })
}

fn line(text: &str, name: &'static str) -> Result<u64, ExtendedError> {
    let found = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let rest = found.ok_or(ExtendedError::Missing(name))?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let wrong = ExtendedError::Line(name);
    let [flag, two, one] = words[..] else { return Err(wrong) };
    let group = |text: &str| {
        let is_hex = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten().ok_or(wrong)
    };
    let value = group(two)? << 32 | group(one)?;
    match flag {
        // The guide calls the groups void where the flag is 0.
        "0" => Ok(0),
        "1" => Ok(value),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(errors: &str) -> Result<Vec<String>, ExtendedError> {
        let text = format!(
            "\r\n  PRINTER STATUS  \r\n   ERRORS:  {errors}  \r\n   WARNINGS:   0 00000000 00000000 \r\n"
        );
        parse_extended(text.as_bytes()).map(|status| status.faults())
    }

    #[test]
    fn errors_are_told_by_name_and_unknown_bits_as_they_are() {
        for (errors, expected) in [
            ("0 00000000 00000000", vec![]),
            ("1 00000000 00000005", vec!["paper out", "head open"]),
            ("1 00000000 0001000A", vec!["ribbon out", "cutter fault", "paused"]),
            ("1 00000001 00000100", vec!["error 0000000100000100"]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(read(errors), Ok(expected), "{errors}");
        }
    }

    #[test]
    fn a_malformed_line_is_refused_by_name() {
        for errors in ["", "1 0 0", "2 00000000 00000000", "1 00000000 0000000G", "1 00000000"] {
            assert_eq!(read(errors), Err(ExtendedError::Line("ERRORS")), "{errors}");
        }
        assert_eq!(parse_extended(b"PRINTER"), Err(ExtendedError::Missing("ERRORS")));
    }
}
