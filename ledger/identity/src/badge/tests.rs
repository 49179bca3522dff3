//! Badges of one card in all formats, and what must be refused.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;

use super::*;

fn digest(kind: BadgeKind, format: Format, text: &str) -> Hash {
    parse(kind, Some(format), text).unwrap().digest()
}

/// Whether a scan leads to this badge.
fn finds(scan: &str, badge: &Badge) -> bool {
    candidates(scan).iter().any(|c| c.digest() == badge.digest())
}

/// What Proxmark's client prints of three cards: 40 bits, DEZ 8, 10, 5.5, 3.5C, 14, 15.
const CARDS: [[&str; 7]; 4] = [
    [
        "7F000807A1",
        "00526241",
        "0000526241",
        "00008.01953",
        "008.01953",
        "00545461372833",
        "001090922799237",
    ],
    [
        "12F605F62B",
        "00390699",
        "4127585835",
        "62981.63019",
        "005.63019",
        "00081436997163",
        "000311110430676",
    ],
    [
        "001241C672",
        "04310642",
        "0306300530",
        "04673.50802",
        "065.50802",
        "00000306300530",
        "000001216504654",
    ],
    [
        "1122334455",
        "03359829",
        "0573785173",
        "08755.17493",
        "051.17493",
        "00073588229205",
        "000585269781162",
    ],
];

#[test]
fn one_card_is_one_badge_in_every_format_of_readers() {
    let formats = [
        Format::Hex10,
        Format::Dez8,
        Format::Dez10,
        Format::Dez55,
        Format::Dez35c,
        Format::Dez40,
        Format::Ik3,
    ];
    for card in CARDS {
        let badge = parse(BadgeKind::Em4100, Some(Format::Hex10), card[0]).unwrap();
        for (format, text) in formats.into_iter().zip(card) {
            assert_eq!(digest(BadgeKind::Em4100, format, text), badge.digest(), "{format} {text}");
            assert!(finds(text, &badge), "{text}");
        }
        let comma = card[4].replace('.', ",");
        for scan in [comma.clone(), comma.replace(',', ""), comma.replace(',', " / ")] {
            assert!(finds(&scan, &badge), "{scan}");
        }
        assert!(finds(&format!(" {}\r\n", card[0].to_lowercase()), &badge));
        assert!(finds(&card[0][2..], &badge), "8 hex digits");
        assert!(finds(&card[0][4..], &badge), "6 hex digits");
    }
}

#[test]
fn the_manuals_examples_agree() {
    // Nitgen's manual: 08 01 16 1D D6 is 02207638 as 3+5 digits and 0018226646 as 10 digits.
    let badge = parse(BadgeKind::Em4100, None, "0801161DD6").unwrap();
    assert_eq!(badge.canonical(), "card24:161DD6");
    for scan in ["02207638", "0018226646", "022,07638", "22/7638"] {
        assert!(finds(scan, &badge), "{scan}");
    }
    // Sintronic's: 0013961168 is 213 02000.
    let badge = parse(BadgeKind::Em4100, Some(Format::Dez10), "0013961168").unwrap();
    assert!(finds("213 02000", &badge) && finds("21302000", &badge));
    // HID H10301: FC 118, CN 1603.
    let badge = parse(BadgeKind::HidProx, None, "118-1603").unwrap();
    assert!(finds("118,01603", &badge));
}

#[test]
fn a_text_code_keeps_the_digest_it_always_had() {
    for (text, normal) in
        [("OP-1001", "OP-1001"), (" op- 1001\t", "OP-1001"), ("straße 1", "STRASSE1")]
    {
        let old = Hash::of(format!("gatewarden badge 1\n{normal}").as_bytes());
        assert_eq!(parse(BadgeKind::Printed, None, text).unwrap().digest(), old);
        assert_eq!(candidates(text)[0].digest(), old, "the code comes first");
    }
    // Numbers of cards that were enrolled as codes are still found.
    let old = Hash::of(b"gatewarden badge 1\n0018226646");
    assert_eq!(candidates("0018226646")[0].digest(), old);
}

#[test]
fn no_code_passes_for_a_card() {
    let badge = parse(BadgeKind::Em4100, None, "0801161DD6").unwrap();
    assert_eq!(candidates("card24:161DD6").len(), 1);
    assert!(!finds("card24:161DD6", &badge));
}

#[test]
fn a_uid_is_one_badge_in_both_byte_orders() {
    let badge = parse(BadgeKind::UidOnly, None, "04:A1:B2:C3:D4:E5:F6").unwrap();
    for scan in ["04a1b2c3d4e5f6", "F6E5D4C3B2A104", "f6-e5-d4-c3-b2-a1-04", "04 A1 B2 C3 D4 E5 F6"]
    {
        assert!(finds(scan, &badge), "{scan}");
        assert!(!finds(&scan.replace('5', "6"), &badge), "{scan}");
    }
    // 4 bytes, as hex and as decimal in both orders.
    let badge = parse(BadgeKind::MifareClassic, None, "E43AC9D2").unwrap();
    for scan in ["D2C93AE4", "3536403172", "3829058002", "0xE43AC9D2"] {
        assert!(finds(scan, &badge), "{scan}");
    }
    for long in ["0102030405060708090A", "E004010012345678"] {
        assert!(parse(BadgeKind::UidOnly, None, long).is_ok());
    }
}

#[test]
fn what_is_no_lasting_number_is_refused() {
    use BadgeError as E;
    use BadgeKind as K;
    let refused = |kind, format: Option<Format>, text: &str| parse(kind, format, text).unwrap_err();
    assert_eq!(refused(K::Printed, None, " \t"), E::Empty);
    assert_eq!(refused(K::Printed, None, &"A".repeat(513)), E::TooLong { bytes: 513 });
    assert_eq!(refused(K::Printed, None, "OP\u{200B}-1"), E::Hidden(0x200B));
    assert_eq!(refused(K::Em4100, Some(Format::Hex10), "0100000000"), E::Blank);
    assert_eq!(refused(K::UidOnly, None, "08 12 34 56"), E::RandomUid);
    assert!(parse(K::UidOnly, Some(Format::UidReversed), "08123456").is_ok());
    assert_eq!(refused(K::UidOnly, None, "8804A1B2"), E::PartialUid);
    assert_eq!(refused(K::UidOnly, Some(Format::UidReversed), "B2A10488"), E::PartialUid);
    assert_eq!(refused(K::Fido2, None, "1"), E::NoNumber);
    let form =
        |format, text: &str| matches!(refused(K::Em4100, Some(format), text), E::NotFormat { .. });
    assert!(form(Format::Dez10, "4294967296") && form(Format::Dez10, "123"));
    assert!(form(Format::Dez35c, "256,00001") && form(Format::Dez35c, "001,65536"));
    assert!(form(Format::Dez35c, "1,2,3") && form(Format::Dez8, "16777216"));
    assert!(matches!(refused(K::Em4100, Some(Format::Uid), "01020304"), E::KindFormat { .. }));
    assert!(matches!(refused(K::HidProx, None, "OP-1001"), E::Unreadable { .. }));
    // 3.5C without its comma, or DEZ 8: somebody has to say.
    let E::Ambiguous { readings } = refused(K::HidProx, None, "02207638") else { panic!() };
    assert_eq!(readings, "dez3.5c, dez8");
}

#[test]
fn rivals_are_what_a_reader_could_mistake_for_the_badge() {
    let mine = parse(BadgeKind::HidProx, Some(Format::Dez35c), "022,07638").unwrap();
    // Without its comma it reads as the DEZ 8 of another card.
    let other = parse(BadgeKind::HidProx, Some(Format::Dez8), "02207638").unwrap();
    assert!(has(&mine.rivals(), &other) && !has(&mine.rivals(), &mine));
    // A code made of digits is a rival of the card that reads the same, and the other way round.
    let code = parse(BadgeKind::Printed, None, "0018226646").unwrap();
    let card = parse(BadgeKind::Em4100, Some(Format::Dez10), "0018226646").unwrap();
    assert!(has(&code.rivals(), &card) && has(&card.rivals(), &code));
}

#[test]
fn a_tail_is_what_stands_on_the_badge_and_never_the_number() {
    use BadgeKind as K;
    for (kind, format, text, tail) in [
        (K::Printed, None, "OP-20013", "0013"),
        (K::Printed, None, "op - 2001", "001"),
        (K::Printed, None, "77", "7"),
        (K::Printed, None, "7", ""),
        (K::Em4100, Some(Format::Dez10), "0018226646", "6646 ,7638"),
        (K::Em4100, Some(Format::Hex10), "0801161DD6", "6646 ,7638"),
        (K::Em4100, Some(Format::Dez35c), "022,07638", ",7638"),
        (K::HidProx, Some(Format::Dez8), "01449430", ",7638"),
        (K::HidProx, Some(Format::Dez35c), "1,7", ",0007"),
        (K::UidOnly, None, "04:A1:B2:C3:D4:E5:F6", "E5F6"),
        (K::UidOnly, Some(Format::UidReversed), "F6E5D4C3B2A104", "E5F6"),
        (K::MifareClassic, Some(Format::UidDecimal), "3536403172", "3AE4 or C9D2"),
    ] {
        let badge = parse(kind, format, text).unwrap();
        assert_eq!(badge.tail(), tail, "{text}");
        assert!(badge.tail().len() <= TAIL_BYTES_MAX);
    }
    let long = parse(K::Printed, None, "\u{1F600}".repeat(20).as_str()).unwrap();
    assert!(long.tail().len() <= TAIL_BYTES_MAX);
}

#[test]
fn words_and_serde_agree_and_kinds_are_marked() {
    for kind in BadgeKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        assert_eq!(kind.word().parse(), Ok(kind));
        assert_eq!(kind.is_cloneable(), !matches!(kind, BadgeKind::Desfire | BadgeKind::Fido2));
    }
    for format in Format::ALL {
        assert_eq!(format.word().parse(), Ok(format));
    }
    assert!("rfid".parse::<BadgeKind>().is_err() && "dez".parse::<Format>().is_err());
}

#[test]
fn nothing_shown_repeats_the_number() {
    let badge = parse(BadgeKind::Printed, None, "OP-1001").unwrap();
    assert!(!format!("{badge:?}").contains("1001"));
    for (kind, text) in [(BadgeKind::HidProx, "02207638"), (BadgeKind::UidOnly, "OP-4711")] {
        assert!(!parse(kind, None, text).unwrap_err().to_string().contains(text));
    }
}

proptest! {
    /// Whatever is scanned: bounded, distinct, no panic; and every reading is found again by any
    /// text of its card, so that two enrolled badges that no scan leads to both have no rival.
    #[test]
    fn candidates_are_bounded_and_rivals_complete(scan in "(?s).{0,40}|[0-9A-Fa-f]{1,20}|[0-9,. :/-]{1,16}") {
        let all = candidates(&scan);
        prop_assert!(all.len() <= CANDIDATES_MAX);
        for (i, badge) in all.iter().enumerate() {
            prop_assert!(!has(&all[..i], badge));
            prop_assert!(badge.rivals().len() < RIVALS_MAX, "the bound must not cut");
        }
    }

    /// Any two cards: where some text of one can mean the other, enrolment sees it from both sides.
    #[test]
    fn every_text_of_a_card_finds_it(value in 1u64..0xFF_FFFF_FFFF) {
        let card = parse(BadgeKind::Em4100, Some(Format::Hex10), &format!("{value:010X}"));
        prop_assume!(card.is_ok());
        let card = card.unwrap();
        let texts = card.0.texts();
        prop_assert_eq!(texts.len(), 11);
        for text in texts {
            prop_assert!(finds(&text, &card), "{}", text);
            for other in candidates(&text) {
                prop_assert!(has(&card.rivals(), &other) || other.digest() == card.digest());
            }
        }
    }
}
