//! Descriptors written out item by item after the HID usage tables, and any bytes at all. None is a
//! captured one of a scanner.

use proptest::prelude::*;

use super::*;

/// Count, identifier, data, continued bit: the fields in one row behind report id 2.
pub(crate) const COUNTED: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x85, 0x02, 0x09, 0x12, 0xa1, 0x02, 0x15, 0x00, 0x26, 0xff,
    0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3b, 0x81, 0x02, 0x05, 0x8c, 0x95, 0x03, 0x09,
    0xfb, 0x09, 0xfc, 0x09, 0xfd, 0x81, 0x02, 0x95, 0x38, 0x09, 0xfe, 0x82, 0x02, 0x01, 0x25, 0x01,
    0x75, 0x01, 0x95, 0x01, 0x09, 0xff, 0x81, 0x02, 0x75, 0x07, 0x81, 0x03, 0xc0, 0xc0,
];

/// No report id, no count, the continued bit first, the data off the byte's edge; usages as a range.
const SHIFTED: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xff, 0x81, 0x02, 0xa4, 0x75,
    0x08, 0x95, 0x03, 0x19, 0xfb, 0x29, 0xfd, 0x81, 0x02, 0x95, 0x08, 0x0b, 0xfe, 0x00, 0x8c, 0x00,
    0x81, 0x02, 0xb4, 0x75, 0x07, 0x81, 0x03, 0xc0,
];

fn one(descriptor: &[u8]) -> Layout {
    let mut all = parse_descriptor(descriptor).expect("a scanner's");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A report of [`COUNTED`].
pub(crate) fn counted(aim: &str, data: &[u8], more: bool) -> Vec<u8> {
    let mut report = vec![0; 62];
    report[0] = 2;
    report[1] = u8::try_from(data.len()).unwrap_or(u8::MAX);
    report[2..2 + aim.len()].copy_from_slice(aim.as_bytes());
    report[5..5 + data.len()].copy_from_slice(data);
    report[61] = u8::from(more);
    report
}

#[test]
fn fields_are_found_by_usage() {
    let layout = one(COUNTED);
    assert_eq!((layout.id, layout.bits, layout.data), (Some(2), 62 * 8, Some((40, 56))));
    assert_eq!(layout.length, Some(Field { bit: 8, bits: 8 }));
    assert_eq!(layout.more, Some(Field { bit: 61 * 8, bits: 1 }));
    let part = layout.read(&counted("]d2", b"a\0b\0", true));
    let expected = Part { aim: Some("]d2".to_owned()), data: b"a\0b\0".to_vec(), more: true };
    assert_eq!(part, Ok(Some(expected)), "a count keeps NULs");
    assert_eq!(layout.read(&[3, 0]), Ok(None), "another report");
    assert!(matches!(layout.read(&[2; 61]), Err(ReportError::Short { bytes: 61, wanted: 62 })));
    let mut lies = counted("]d2", b"1", false);
    lies[1] = 57;
    assert_eq!(layout.read(&lies), Err(ReportError::Count { length: 57, room: 56 }));
}

#[test]
fn fields_may_lie_off_the_edge_of_bytes() {
    let layout = one(SHIFTED);
    assert_eq!((layout.id, layout.data, layout.length), (None, Some((25, 8)), None));
    // The bytes "]Q1401" one bit further, the continued bit first.
    let mut report = vec![0u8; 13];
    report[0] = 1;
    for (nth, byte) in b"]Q1401".iter().enumerate() {
        report[nth] |= byte << 1;
        report[nth + 1] |= byte >> 7;
    }
    let expected = Part { aim: Some("]Q1".to_owned()), data: b"401".to_vec(), more: true };
    assert_eq!(layout.read(&report), Ok(Some(expected)));
}

#[test]
fn unusable_descriptors_say_why() {
    let keyboard =
        [0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x75, 8, 0x95, 8, 0x19, 0xe0, 0x29, 0xe7, 0x81, 2];
    for (name, bytes, expected) in [
        ("nothing", &[][..], DescriptorError::NoData),
        ("a keyboard", &keyboard, DescriptorError::NoData),
        ("cut", &COUNTED[..COUNTED.len() - 17], DescriptorError::Cut { at: 43 }),
        ("long item cut", &[0xfe, 9, 0], DescriptorError::Cut { at: 0 }),
        ("pop", &[0xb4], DescriptorError::Pop { at: 0 }),
        ("id 0", &[0x85, 0], DescriptorError::ReportId { at: 0 }),
        (
            "huge",
            &[0x77, 255, 255, 255, 255, 0x97, 255, 255, 255, 255, 0x80],
            DescriptorError::Bound { at: 10 },
        ),
        ("stack", &[0xa4; 17], DescriptorError::Bound { at: 16 }),
        ("long", &[0; 5_000], DescriptorError::Long),
    ] {
        assert_eq!(parse_descriptor(bytes), Err(expected), "{name}");
    }
}

proptest! {
    #[test]
    fn no_descriptor_and_no_report_panics(
        noise in prop::collection::vec(any::<u8>(), 0..120),
        at in 0usize..60, byte: u8,
        report in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        parse_descriptor(&noise).ok();
        let mut bent = COUNTED.to_vec();
        bent[at] = byte;
        for layout in parse_descriptor(&bent).unwrap_or_default() {
            layout.read(&report).ok();
            prop_assert!(layout.bits <= REPORT_BYTES_MAX * 8);
        }
    }
}

#[test]
fn what_would_lose_part_of_a_scan_is_refused() {
    // Data, a byte of padding, data again.
    let two_runs = [
        0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x75, 0x08, 0x95, 0x04, 0x09, 0xfe, 0x81, 0x02, 0x95,
        0x01, 0x81, 0x03, 0x95, 0x04, 0x09, 0xfe, 0x81, 0x02, 0xc0,
    ];
    assert_eq!(parse_descriptor(&two_runs), Err(DescriptorError::Scattered { at: 22 }));
    // Data in words of 16 bits.
    let words =
        [0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x75, 0x10, 0x95, 0x04, 0x09, 0xfe, 0x81, 0x02, 0xc0];
    assert_eq!(parse_descriptor(&words), Err(DescriptorError::Scattered { at: 12 }));
}

/// As the scanners of Honeywell and those that took its layout tell it: count, identifier, data, two bytes of the
/// maker, and a byte full of continued bits; further reports before and behind.
const MAKER_BYTES: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x12, 0xa1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26, 0xff,
    0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3b, 0x81, 0x02, 0x95, 0x03, 0x05, 0x8c, 0x09,
    0xfb, 0x09, 0xfc, 0x09, 0xfd, 0x81, 0x02, 0x95, 0x38, 0x09, 0xfe, 0x82, 0x02, 0x01, 0x06, 0x66,
    0xff, 0x95, 0x02, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02, 0x05, 0x8c, 0x25, 0x01, 0x75, 0x01, 0x95,
    0x08, 0x09, 0xff, 0x81, 0x02, 0xc0, 0x09, 0x14, 0xa1, 0x02, 0x85, 0x04, 0x15, 0x00, 0x25, 0x01,
    0x75, 0x01, 0x95, 0x01, 0x09, 0x00, 0x91, 0x02, 0x75, 0x07, 0x91, 0x03, 0xc0, 0xc0,
];

/// The identifier's characters each an item, no count, one continued bit and padding.
const UNCOUNTED: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95,
    0x01, 0x09, 0xfb, 0x81, 0x02, 0x09, 0xfc, 0x81, 0x02, 0x09, 0xfd, 0x81, 0x02, 0x95, 0x38, 0x09,
    0xfe, 0x82, 0x02, 0x01, 0x75, 0x01, 0x95, 0x01, 0x25, 0x01, 0x09, 0xff, 0x81, 0x02, 0x75, 0x07,
    0x81, 0x03, 0xc0,
];

/// A byte of the maker stands before the count's data: everything one byte later, as the fallback knows it too.
const LATER: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95,
    0x01, 0x05, 0x01, 0x09, 0x3b, 0x81, 0x02, 0x06, 0x00, 0xff, 0x09, 0x01, 0x81, 0x02, 0x05, 0x8c,
    0x95, 0x03, 0x19, 0xfb, 0x29, 0xfd, 0x81, 0x02, 0x95, 0x37, 0x09, 0xfe, 0x82, 0x02, 0x01, 0x95,
    0x02, 0x81, 0x03, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xff, 0x81, 0x02, 0x75, 0x07, 0x95,
    0x01, 0x81, 0x03, 0xc0,
];

#[test]
fn makers_layouts_are_read_from_their_descriptors() {
    let bytes = |parts: &[(usize, &[u8])], length: usize| {
        let mut report = vec![0; length];
        for (at, part) in parts {
            report[*at..*at + part.len()].copy_from_slice(part);
        }
        report
    };
    let gs1 = b"0104012345678901\x1d21A";
    let count = [u8::try_from(gs1.len()).expect("short")];
    let part = |more| Ok(Some(Part { aim: Some("]d2".to_owned()), data: gs1.to_vec(), more }));
    let maker = one(MAKER_BYTES);
    assert_eq!((maker.bits, maker.data), (64 * 8, Some((40, 56))));
    for (flag, more) in [(0, false), (1, true), (0x80, true)] {
        let report =
            bytes(&[(0, &[2]), (1, &count), (2, b"]d2"), (5, gs1), (61, b"w"), (63, &[flag])], 64);
        assert_eq!(maker.read(&report), part(more), "{flag:02x}");
        // The same without any descriptor.
        if flag < 2 {
            assert_eq!(crate::codec::parse_report(&report), part(more), "{flag:02x}");
        }
    }
    let uncounted = one(UNCOUNTED);
    assert_eq!((uncounted.bits, uncounted.length), (61 * 8, None));
    let report = bytes(&[(0, &[2]), (1, b"]d2"), (4, gs1), (60, &[1])], 61);
    assert_eq!(uncounted.read(&report), part(true));
    let later = one(LATER);
    assert_eq!((later.bits, later.data), (64 * 8, Some((48, 55))));
    let report = bytes(&[(0, &[2]), (1, &count), (2, b"w"), (3, b"]d2"), (6, gs1)], 64);
    assert_eq!(later.read(&report), part(false));
    assert_eq!(crate::codec::parse_report(&report), part(false));
}
