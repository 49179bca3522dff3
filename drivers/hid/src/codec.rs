//! One input report to one part of a scan where the device's descriptor is of no use. Pure.
//!
//! The layout that scanners of several makers share: `[0]` report id 2, `[1]` length of the data, `[2..5]`
//! AIM identifier (or zeros), `[5..61]` data, `[61]` the maker's symbology letter, `[62]` reserved, `[63]`
//! bit 0: more reports follow. Some put everything from the AIM identifier on one byte later.
//! Invariants: the length lies within the data field and only zeros stand behind it, else the
//! report is an error; reports with another id are none of ours. Absent: joining (`session`).

/// Bytes of an input report, its id included.
pub const REPORT_BYTES: usize = 64;

/// The id of the report that carries scanned data.
pub const SCAN_REPORT_ID: u8 = 2;

/// Where the data field ends, in both layouts.
const DATA_END: usize = 61;

/// One report's part of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The AIM identifier such as `]C1`, if the scanner sent one.
    pub aim: Option<String>,
    /// The data, possibly none.
    pub data: Vec<u8>,
    /// More reports of the same scan follow.
    pub more: bool,
}

/// Why a report makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Not 64 bytes.
    #[error("a report of {bytes} bytes instead of {REPORT_BYTES}; is the scanner in HID POS mode?")]
    Length {
        /// How many bytes came.
        bytes: usize,
    },
    /// Neither layout's place holds an AIM identifier, nor zeros.
    #[error("a report without an AIM identifier in its place")]
    Aim,
    /// Fewer bytes than the descriptor tells.
    #[error("a report of {bytes} bytes; the scanner's own descriptor tells {wanted}")]
    Short {
        /// How many bytes came.
        bytes: usize,
        /// How many the descriptor tells.
        wanted: usize,
    },
    /// The byte count goes beyond the data field.
    #[error("a report that counts {length} bytes of data in room for {room}")]
    Count {
        /// The count.
        length: u32,
        /// The bytes of the data field.
        room: usize,
    },
    /// The length does not fit the data field, or bytes stand behind the data.
    #[error("a report whose length byte {length} does not fit its data")]
    Data {
        /// The length byte.
        length: u8,
    },
}

/// Reads one input report; `None` for reports that carry no scan.
pub fn parse_report(report: &[u8]) -> Result<Option<Part>, ReportError> {
    if report.first().is_some_and(|id| *id != SCAN_REPORT_ID) {
        return Ok(None);
    }
    if report.len() != REPORT_BYTES {
        return Err(ReportError::Length { bytes: report.len() });
    }
    let more = report[63] & 1 == 1;
    if let Some(aim) = aim_at(report, 2) {
        let data = data_at(report, 5, report[1])?;
        return Ok(Some(Part { aim: Some(aim), data, more }));
    }
    if let Some(aim) = aim_at(report, 3) {
        // Whether the length shifts too is not told: whichever fits the data is it.
        let data = data_at(report, 6, report[2]).or_else(|_| data_at(report, 6, report[1]))?;
        return Ok(Some(Part { aim: Some(aim), data, more }));
    }
    if report[2..5] == [0; 3] {
        let data = data_at(report, 5, report[1])?;
        return Ok(Some(Part { aim: None, data, more }));
    }
    Err(ReportError::Aim)
}

fn aim_at(report: &[u8], at: usize) -> Option<String> {
    let bytes = report.get(at..at + 3)?;
    is_aim(bytes).then(|| bytes.iter().copied().map(char::from).collect())
}

/// Whether these bytes are an AIM identifier (ISO/IEC 15424): `]`, a letter, a modifier.
pub(crate) fn is_aim(bytes: &[u8]) -> bool {
    matches!(bytes, [b']', letter, modifier]
        if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric())
}

fn data_at(report: &[u8], from: usize, length: u8) -> Result<Vec<u8>, ReportError> {
    let field = &report[from..DATA_END];
    match field.split_at_checked(length.into()) {
        Some((data, rest)) if rest.iter().all(|b| *b == 0) => Ok(data.to_vec()),
        _ => Err(ReportError::Data { length }),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A report in the common layout.
    pub(crate) fn report(aim: &str, data: &[u8], more: bool) -> Vec<u8> {
        let mut report = vec![0; REPORT_BYTES];
        report[0] = SCAN_REPORT_ID;
        report[1] = u8::try_from(data.len()).unwrap_or(u8::MAX);
        report[2..2 + aim.len()].copy_from_slice(aim.as_bytes());
        report[5..5 + data.len()].copy_from_slice(data);
        report[61] = b's';
        report[63] = u8::from(more);
        report
    }

    fn part(aim: Option<&str>, data: &[u8], more: bool) -> Result<Option<Part>, ReportError> {
        Ok(Some(Part { aim: aim.map(str::to_owned), data: data.to_vec(), more }))
    }

    fn with(mut report: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
        for (at, byte) in changes {
            report[*at] = *byte;
        }
        report
    }

    #[test]
    fn reports_are_read_in_either_layout_or_refused() {
        let full = [b'x'; 56];
        let gs1 = b"0104012345678901\x1d21A";
        let shifted = [&[2, 9, 0][..], b"]E0401234567", &[0; 49]].concat();
        for (name, bytes, expected) in [
            ("plain", report("]C1", gs1, false), part(Some("]C1"), gs1, false)),
            ("first of two", report("]Q0", &full, true), part(Some("]Q0"), &full, true)),
            ("no AIM id", report("", b"123", false), part(None, b"123", false)),
            ("nothing", report("]Q0", b"", false), part(Some("]Q0"), b"", false)),
            ("shifted", shifted.clone(), part(Some("]E0"), b"401234567", false)),
            (
                "shifted length",
                with(shifted, &[(1, 0), (2, 9)]),
                part(Some("]E0"), b"401234567", false),
            ),
            (
                "reserved byte",
                with(report("]C0", b"1", false), &[(62, 9)]),
                part(Some("]C0"), b"1", false),
            ),
            ("a command's answer", with(report("]C0", b"1", false), &[(0, 0xfd)]), Ok(None)),
            (
                "short",
                report("]C0", b"1", false)[..63].to_vec(),
                Err(ReportError::Length { bytes: 63 }),
            ),
            ("empty", Vec::new(), Err(ReportError::Length { bytes: 0 })),
            (
                "length lies low",
                with(report("]C0", b"12", false), &[(1, 1)]),
                Err(ReportError::Data { length: 1 }),
            ),
            (
                "length beyond",
                with(report("]C0", &full, false), &[(1, 57)]),
                Err(ReportError::Data { length: 57 }),
            ),
            ("no AIM place", with(report("]C0", b"1", false), &[(2, b'x')]), Err(ReportError::Aim)),
        ] {
            assert_eq!(parse_report(&bytes), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_report_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), tail in any::<[u8; 64]>(), length: u8) {
            parse_report(&bytes).ok();
            let mut report = tail;
            report[..5].copy_from_slice(&[2, length, b']', b'C', b'1']);
            parse_report(&report).ok();
        }
    }
}
