//! The answer to `~HS` (ZPL II Programming Guide, "Host Status Return"). Pure.
//!
//! Three lines, each STX … ETX CR LF, with exactly 12, 11 and 2 fields. Invariants: a missing or
//! surplus field, a flag other than 0 and 1, or a number that is none is an error that names the
//! field; nothing is guessed.

/// The command that asks for the status.
pub const HOST_STATUS: &[u8] = b"~HS";

/// The longest answer that is read, in bytes; a real one has about 80.
pub const STATUS_BYTES_MAX: usize = 512;

const STX: u8 = 0x02;
const END: &[u8] = b"\x03\r\n";

/// What the printer says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostStatus {
    /// Line 1, aaa: communication settings, as the printer encodes them.
    pub communication: u32,
    /// Line 1, b: no media.
    pub paper_out: bool,
    /// Line 1, c: paused.
    pub paused: bool,
    /// Line 1, dddd: label length in dots.
    pub label_dots: u32,
    /// Line 1, eee: formats waiting in the receive buffer.
    pub formats_in_buffer: u32,
    /// Line 1, f: the receive buffer is full.
    pub buffer_full: bool,
    /// Line 1, g: communications diagnostic mode, in which nothing is printed as meant.
    pub diagnostic: bool,
    /// Line 1, h: a format has begun and not ended.
    pub partial_format: bool,
    /// Line 1, j: the configuration in RAM was lost.
    pub corrupt_ram: bool,
    /// Line 1, k: the head is too cold.
    pub under_temperature: bool,
    /// Line 1, l: the head is too hot.
    pub over_temperature: bool,
    /// Line 2, mmm: function settings, as the printer encodes them.
    pub functions: u32,
    /// Line 2, o: the head is open.
    pub head_open: bool,
    /// Line 2, p: no ribbon.
    pub ribbon_out: bool,
    /// Line 2, q: thermal transfer; otherwise direct thermal.
    pub thermal_transfer: bool,
    /// Line 2, r: print mode (0 rewind, 1 peel, 2 tear, 3 cutter, 4 applicator, 5 delayed cut, …).
    pub print_mode: char,
    /// Line 2, s: print width mode.
    pub width_mode: u32,
    /// Line 2, t: a label waits to be taken.
    pub label_waiting: bool,
    /// Line 2, uuuuuuuu: labels remaining in the batch.
    pub labels_remaining: u32,
    /// Line 2, www: graphic images stored.
    pub graphics_stored: u32,
    /// Line 3, y: static RAM is fitted.
    pub static_ram: bool,
}

/// Why bytes are not a host status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Not three lines of STX … ETX CR LF and nothing else.
    #[error(
        "line {line} of the host status is not framed by STX and ETX CR LF; is this a ZPL II printer?"
    )]
    Framing {
        /// Which line, from 1; 4 for what follows the third.
        line: usize,
    },
    /// A line has another number of fields than the guide says.
    #[error("line {line} of the host status has {fields} fields instead of {expected}")]
    Fields {
        /// Which line, from 1.
        line: usize,
        /// How many fields it has.
        fields: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A field's text is not what it may be.
    #[error("field {name} of the host status reads {text:?}")]
    Field {
        /// The guide's letter for it.
        name: &'static str,
        /// What it reads, at most 16 characters.
        text: String,
    },
}

/// How long the answer at the beginning of these bytes is, once it is there as a whole.
#[must_use]
pub fn status_len(bytes: &[u8]) -> Option<usize> {
    let mut ends = bytes.windows(END.len()).enumerate().filter(|(_, w)| *w == END);
    ends.nth(2).map(|(at, _)| at + END.len())
}

/// Reads an answer to `~HS`: its three lines and nothing else.
pub fn parse_host_status(bytes: &[u8]) -> Result<HostStatus, StatusError> {
    let (one, rest) = split_line(bytes, 1)?;
    let (two, rest) = split_line(rest, 2)?;
    let (three, rest) = split_line(rest, 3)?;
    if !rest.is_empty() {
        return Err(StatusError::Framing { line: 4 });
    }
    let [aaa, b, c, dddd, eee, f, g, h, iii, j, k, l] = fields(one, 1)?;
    // The second field of line 2 is unused; readers that skip it are off by one from there on.
    let [mmm, _n, o, p, q, r, s, t, uuuuuuuu, v, www] = fields(two, 2)?;
    let [xxxx, y] = fields(three, 3)?;
    number("iii", iii)?;
    number("v", v)?;
    number("xxxx", xxxx)?;
    Ok(HostStatus {
        communication: number("aaa", aaa)?,
        paper_out: flag("b", b)?,
        paused: flag("c", c)?,
        label_dots: number("dddd", dddd)?,
        formats_in_buffer: number("eee", eee)?,
        buffer_full: flag("f", f)?,
        diagnostic: flag("g", g)?,
        partial_format: flag("h", h)?,
        corrupt_ram: flag("j", j)?,
        under_temperature: flag("k", k)?,
        over_temperature: flag("l", l)?,
        functions: number("mmm", mmm)?,
        head_open: flag("o", o)?,
        ribbon_out: flag("p", p)?,
        thermal_transfer: flag("q", q)?,
        print_mode: mode("r", r)?,
        width_mode: number("s", s)?,
        label_waiting: flag("t", t)?,
        labels_remaining: number("uuuuuuuu", uuuuuuuu)?,
        graphics_stored: number("www", www)?,
        static_ram: flag("y", y)?,
    })
}

fn split_line(bytes: &[u8], line: usize) -> Result<(&[u8], &[u8]), StatusError> {
    let framing = StatusError::Framing { line };
    let Some(body) = bytes.strip_prefix(&[STX]) else { return Err(framing) };
    let Some(end) = body.windows(END.len()).position(|w| w == END) else { return Err(framing) };
    Ok((&body[..end], &body[end + END.len()..]))
}

fn fields<const N: usize>(body: &[u8], line: usize) -> Result<[&[u8]; N], StatusError> {
    let all: Vec<&[u8]> = body.split(|b| *b == b',').collect();
    let wrong = StatusError::Fields { line, fields: all.len(), expected: N };
    all.try_into().map_err(|_| wrong)
}

fn wrong(name: &'static str, text: &[u8]) -> StatusError {
    let text = String::from_utf8_lossy(text).chars().take(16).collect();
    StatusError::Field { name, text }
}

fn flag(name: &'static str, text: &[u8]) -> Result<bool, StatusError> {
    match text {
        b"0" => Ok(false),
        b"1" => Ok(true),
        _ => Err(wrong(name, text)),
    }
}

/// A decimal number of one to eight digits.
fn number(name: &'static str, text: &[u8]) -> Result<u32, StatusError> {
    if text.is_empty() || text.len() > 8 || !text.iter().all(u8::is_ascii_digit) {
        return Err(wrong(name, text));
    }
    Ok(text.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')))
}

fn mode(name: &'static str, text: &[u8]) -> Result<char, StatusError> {
    match text {
        [one] if one.is_ascii_alphanumeric() => Ok(char::from(*one)),
        _ => Err(wrong(name, text)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(one: &str, two: &str, three: &str) -> Vec<u8> {
        format!("\x02{one}\x03\r\n\x02{two}\x03\r\n\x02{three}\x03\r\n").into_bytes()
    }

    const ONE: &str = "030,0,0,1245,000,0,0,0,000,0,0,0";
    const TWO: &str = "001,0,0,0,1,2,6,0,00000000,1,000";
    const THREE: &str = "1234,0";

    fn ready() -> HostStatus {
        HostStatus {
            communication: 30,
            label_dots: 1_245,
            functions: 1,
            thermal_transfer: true,
            print_mode: '2',
            width_mode: 6,
            ..HostStatus::default()
        }
    }

    #[test]
    fn every_field_stands_in_its_place() {
        let parse = |one: &str, two: &str, three: &str| parse_host_status(&answer(one, two, three));
        assert_eq!(parse(ONE, TWO, THREE), Ok(ready()));
        for (at, expected) in [
            (1, HostStatus { paper_out: true, ..ready() }),
            (2, HostStatus { paused: true, ..ready() }),
            (5, HostStatus { buffer_full: true, ..ready() }),
            (6, HostStatus { diagnostic: true, ..ready() }),
            (7, HostStatus { partial_format: true, ..ready() }),
            (9, HostStatus { corrupt_ram: true, ..ready() }),
            (10, HostStatus { under_temperature: true, ..ready() }),
            (11, HostStatus { over_temperature: true, ..ready() }),
        ] {
            assert_eq!(parse(&with(ONE, at, "1"), TWO, THREE), Ok(expected), "line 1, field {at}");
        }
        for (at, text, expected) in [
            (1, "1", ready()),
            (2, "1", HostStatus { head_open: true, ..ready() }),
            (3, "1", HostStatus { ribbon_out: true, ..ready() }),
            (4, "0", HostStatus { thermal_transfer: false, ..ready() }),
            (5, "9", HostStatus { print_mode: '9', ..ready() }),
            (7, "1", HostStatus { label_waiting: true, ..ready() }),
            (8, "00000042", HostStatus { labels_remaining: 42, ..ready() }),
            (10, "007", HostStatus { graphics_stored: 7, ..ready() }),
        ] {
            assert_eq!(parse(ONE, &with(TWO, at, text), THREE), Ok(expected), "line 2, field {at}");
        }
        assert_eq!(parse(ONE, TWO, "0000,1"), Ok(HostStatus { static_ram: true, ..ready() }));
    }

    fn with(line: &str, at: usize, text: &str) -> String {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields[at] = text;
        fields.join(",")
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        let whole = answer(ONE, TWO, THREE);
        let field = |name, text: &str| StatusError::Field { name, text: text.to_owned() };
        for (bytes, expected) in [
            (Vec::new(), StatusError::Framing { line: 1 }),
            (b"HTTP/1.1 400\r\n".to_vec(), StatusError::Framing { line: 1 }),
            (whole[..whole.len() - 1].to_vec(), StatusError::Framing { line: 3 }),
            ([&whole[..], b"x"].concat(), StatusError::Framing { line: 4 }),
            (answer("0,0", TWO, THREE), StatusError::Fields { line: 1, fields: 2, expected: 12 }),
            (
                answer(ONE, &TWO[4..], THREE),
                StatusError::Fields { line: 2, fields: 10, expected: 11 },
            ),
            (answer(ONE, TWO, ""), StatusError::Fields { line: 3, fields: 1, expected: 2 }),
            (answer(&with(ONE, 1, "2"), TWO, THREE), field("b", "2")),
            (answer(&with(ONE, 3, "+12"), TWO, THREE), field("dddd", "+12")),
            (answer(ONE, &with(TWO, 2, ""), THREE), field("o", "")),
            (answer(ONE, &with(TWO, 8, "123456789"), THREE), field("uuuuuuuu", "123456789")),
            (answer(ONE, &with(TWO, 5, "22"), THREE), field("r", "22")),
        ] {
            assert_eq!(parse_host_status(&bytes), Err(expected), "{bytes:?}");
        }
    }

    #[test]
    fn the_answer_s_length_is_known_at_its_last_byte() {
        let whole = answer(ONE, TWO, THREE);
        for cut in 0..whole.len() {
            assert_eq!(status_len(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(status_len(&[&whole[..], b"next"].concat()), Some(whole.len()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(&b"\x02\x03\r\n,01a\xff"[..]), 0..120)) {
            let len = status_len(&bytes);
            prop_assert!(len.is_none_or(|n| n <= bytes.len()));
            parse_host_status(&bytes).ok();
        }

        #[test]
        fn one_broken_byte_never_turns_a_fault_into_ready(at in 0usize..80, byte: u8) {
            let mut bytes = answer(&with(ONE, 1, "1"), TWO, THREE);
            prop_assume!(at < bytes.len() && at != 5);
            bytes[at] = byte;
            prop_assert!(parse_host_status(&bytes).is_ok_and(|s| s.paper_out) || parse_host_status(&bytes).is_err());
        }
    }
}
