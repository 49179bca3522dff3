//! The codec against frames of makers' documents and captures (each check sum among them comes from there), and
//! properties over any bytes.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use gatewarden_model::TagRead;
use gatewarden_uhf_serial::codec::{Cut, Framer, Protocol, Said, chafon, mercury, r200, reader18};
use proptest::prelude::*;

const R200: Protocol = Protocol::R200 { alternate: false };
const READER18: Protocol = Protocol::Reader18 { address: 0 };
const CHAFON: Protocol = Protocol::Chafon { low_first: false };
const ALL: [Protocol; 6] = [
    R200,
    Protocol::R200 { alternate: true },
    READER18,
    CHAFON,
    Protocol::Chafon { low_first: true },
    Protocol::Mercury,
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn cuts(protocol: Protocol, bytes: &[u8]) -> Vec<Cut> {
    let (mut framer, mut cuts) = (Framer::new(protocol), Vec::new());
    bytes.iter().for_each(|byte| framer.push(*byte, &mut cuts));
    framer.settle(&mut cuts);
    assert!(!framer.is_inside());
    cuts
}

fn said(protocol: Protocol, text: &str) -> Said {
    let bytes = hex(text);
    assert_eq!(cuts(protocol, &bytes), [Cut::Frame(bytes.clone())], "{text}");
    protocol.said(&bytes)
}

fn tags(said: Said) -> Vec<TagRead> {
    let Said::Tags { tags, .. } = said else { panic!("{said:?}") };
    tags
}

#[test]
fn r200_frames_of_the_manual() {
    assert_eq!(r200::frame(false, 0, r200::POLL, &[]), hex("BB 00 22 00 00 22 7E"));
    assert_eq!(
        r200::frame(false, 0, r200::POLL_MANY, &[0x22, 0x27, 0x10]),
        hex("BB 00 27 00 03 22 27 10 83 7E")
    );
    assert_eq!(r200::frame(false, 0, r200::STOP, &[]), hex("BB 00 28 00 00 28 7E"));
    assert_eq!(r200::frame(false, 0, r200::REGION, &[1]), hex("BB 00 07 00 01 01 09 7E"));
    assert_eq!(
        r200::frame(false, 0, r200::QUERY, &r200::query(0, 4)),
        hex("BB 00 0E 00 02 10 20 40 7E")
    );
    let read = tags(said(R200, "BB 02 22 00 11 C9 34 00 30751FEB705C5904E3D50D70 3A76 EF 7E"));
    assert_eq!(read[0].epc, hex("30751FEB705C5904E3D50D70"));
    assert_eq!((read[0].pc, read[0].peak_rssi_cdbm), (Some(0x3400), Some(-5_500)));
    assert_eq!(said(R200, "BB 01 FF 00 01 15 16 7E"), Said::Alive);
    assert!(matches!(said(R200, "BB 01 FF 00 01 17 18 7E"), Said::Refused { .. }));
    let mut info = gatewarden_uhf_serial::ModuleInfo::default();
    let Said::Answer { data, .. } =
        said(R200, "BB 01 03 00 10 00 4D3130302032 3664426D2056312E30 92 7E")
    else {
        panic!("no answer")
    };
    r200::learn(r200::INFO.into(), &mut info, &data);
    assert_eq!(info.model, "M100 26dBm V1.0");
    assert_eq!(r200::frame(false, 0, r200::POWER_TOLD, &[]), hex("BB 00 B7 00 00 B7 7E"));
    let Said::Answer { command, data } = said(R200, "BB 01 B7 00 02 07 D0 91 7E") else {
        panic!("no answer")
    };
    r200::learn(command, &mut info, &data);
    assert_eq!(info.power_cdbm, Some(2_000));
}

#[test]
fn a_tag_whose_own_crc_is_wrong_is_no_read() {
    // The sum of eight bits still fits: two bytes of the EPC changed places.
    let swapped = said(R200, "BB 02 22 00 11 C9 34 00 75301FEB705C5904E3D50D70 3A76 EF 7E");
    assert!(matches!(swapped, Said::Bad(_)), "{swapped:?}");
}

#[test]
fn reader18_frames_of_the_manual_and_of_captures() {
    assert_eq!(reader18::frame(0, reader18::INVENTORY, &[]), hex("04 00 01 DB 4B"));
    assert_eq!(
        tags(said(READER18, "13000103010c0000000000000000000003133f39"))[0].epc,
        hex("000000000000000000000313")
    );
    let two = "20000103020c0000000000000000000003130c0000000000000000000003149ac9";
    assert_eq!(tags(said(READER18, two))[1].epc, hex("000000000000000000000314"));
}

/// Captures of other readers of the family, published with PyPI's wabson.chafon-rfid.
#[test]
fn reader18_frames_that_others_captured() {
    let one = tags(said(READER18, "13000103010c49440000000000000a000334a5fb"));
    assert_eq!((one[0].epc.clone(), one[0].antenna), (hex("49440000000000000a000334"), 1));
    let Said::Answer { data, .. } = said(READER18, "1100210000160c034e001e0a01000000e651") else {
        panic!("no answer")
    };
    let mut info = gatewarden_uhf_serial::ModuleInfo::default();
    reader18::learn(&mut info, &data);
    assert_eq!((info.firmware.as_str(), info.power_cdbm), ("0.22", Some(3_000)));
    let wrong = hex("1500010301010c0000000000000000000003136bb1a6");
    assert!(matches!(cuts(READER18, &wrong)[..], [Cut::Lost { checksum: true, .. }]));
}

/// TransCore, T800 RFID module user guide, "Get Configuration Commands" (pages 138 to 143): a ThingMagic module.
#[test]
fn mercury_frames_of_a_makers_guide() {
    assert_eq!(mercury::frame(0x65, &[]), hex("FF 00 65 1D 6A"));
    assert_eq!(mercury::frame(0x66, &[]), hex("FF 00 66 1D 69"));
    assert_eq!(mercury::frame(0x64, &[1]), hex("FF 01 64 01 B8 BC"));
    assert_eq!(mercury::frame(mercury::POWER_TOLD, &[1]), hex("FF 01 62 01 BE BC"));
    let hops = "FF 0C 65 00 00 00 0D C3 70 00 0D F6 38 00 0E 26 12 60 B2";
    let inputs = "FF 02 66 00 00 00 01 CA B2";
    for (text, data) in [(hops, 12), (inputs, 2)] {
        assert!(
            matches!(said(Protocol::Mercury, text), Said::Answer { data: d, .. } if d.len() == data),
            "{text}"
        );
    }
    let mut info = gatewarden_uhf_serial::ModuleInfo::default();
    mercury::learn(mercury::POWER_TOLD.into(), &mut info, &hex("00 0BB8"));
    mercury::learn(mercury::ANTENNA_TOLD.into(), &mut info, &hex("05 01 01 02 00 03 01"));
    assert_eq!((info.power_cdbm, info.antennas), (Some(3_000), Some(vec![1, 3])));
}

/// The catalogue of CRC algorithms: each one's check value over "123456789".
#[test]
fn the_check_sums_are_the_catalogues() {
    use gatewarden_uhf_serial::codec::crc;
    assert_eq!(crc::gen2(b"123456789"), 0xd64e, "CRC-16/GENIBUS, which Gen2 uses");
    assert_eq!(crc::reflected(b"123456789"), 0x6f91, "CRC-16/MCRF4XX");
    // Unaugmented: with 16 zero bits behind it is the augmented sum of the same preset.
    assert_eq!(crc::mercury(b"123456789\0\0"), 0xe5cc, "CRC-16/SPI-FUJITSU");
}

#[test]
fn chafon_frames_of_the_manual() {
    assert_eq!(chafon::frame(false, 255, 0x0050, &[]), hex("CF FF 00 50 00 07 26"));
    assert_eq!(
        chafon::frame(false, 255, chafon::INVENTORY, &[0, 0, 0, 0, 5]),
        hex("CF FF 00 01 05 00 00 00 00 05 A2 18")
    );
    assert_eq!(
        said(CHAFON, "CF 01 00 50 01 00 A3 F5"),
        Said::Answer { command: 0x50, data: vec![] }
    );
    let other = hex("CF 01 00 50 01 00 F5 A3");
    assert_eq!(cuts(Protocol::Chafon { low_first: true }, &other), [Cut::Frame(other.clone())]);
    let prime = chafon::frame(false, 1, 1, &hex("00 FDA8 02 07 04 E2801160"));
    let read = tags(CHAFON.said(&prime));
    assert_eq!((read[0].peak_rssi_cdbm, read[0].antenna, read[0].pc), (Some(-6_000), 2, None));
    let gate = chafon::frame(false, 1, 1, &hex("00 3C 03 1000 04 E2801160"));
    let read = tags(CHAFON.said(&gate));
    assert_eq!(
        (read[0].peak_rssi_cdbm, read[0].antenna, read[0].pc),
        (Some(-6_000), 3, Some(0x1000))
    );
}

#[test]
fn mercury_frames_of_captures() {
    assert_eq!(mercury::frame(mercury::VERSION, &[]), hex("FF 00 03 1D 0C"));
    assert_eq!(mercury::frame(mercury::OPTION, &[1, 0x0c, 0]), hex("FF 03 9A 01 0C 00 A3 5D"));
    let version = said(Protocol::Mercury, "ff1403000007102300010000032014100701070209000000105bd1");
    let Said::Answer { data, .. } = version else { panic!("{version:?}") };
    let mut info = gatewarden_uhf_serial::ModuleInfo::default();
    mercury::learn(mercury::VERSION.into(), &mut info, &data);
    assert_eq!(info.firmware, "1.7.2.9");
    let plain = "FF28220000 10001B01FF 01 01 C4 11 0E1640 00000127 0000 05 0000 0F 0080 3000 \
                 000000000000000000001545 E94A 561D";
    let read = tags(said(Protocol::Mercury, plain));
    assert_eq!(read[0].epc, hex("000000000000000000001545"));
    assert_eq!(
        (read[0].peak_rssi_cdbm, read[0].antenna, read[0].pc),
        (Some(-6_000), 1, Some(0x3000))
    );
    // With embedded data and all metadata; its frame's check sum was not published with it.
    let data = hex(
        "10 011F 0FFF 01 01 DD 11 0D37FC 000000B3 00AE 05 0090 FF00062F8029010E0154000D5FFBFFFFDC00 \
                    80 02 00 00 0080 3400 E20000158 60E028815408029 3B72",
    );
    let read = tags(Protocol::Mercury.said(&mercury::answer(mercury::READ, 0, &data)));
    assert_eq!(read[0].epc, hex("E2000015860E028815408029"));
    assert_eq!(read[0].peak_rssi_cdbm, Some(-3_500));
}

/// A good frame of each protocol.
fn good(protocol: Protocol, epc: [u8; 12]) -> Vec<u8> {
    match protocol {
        Protocol::R200 { alternate } => r200::frame(alternate, 2, r200::POLL, &epc),
        Protocol::Reader18 { .. } => reader18::answer(0, reader18::INVENTORY, 1, &epc),
        Protocol::Chafon { low_first } => chafon::frame(low_first, 1, 1, &epc),
        Protocol::Mercury => mercury::answer(mercury::READ, 0, &epc),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_understood_or_lost_whole(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        for protocol in ALL {
            let mut count = 0;
            for cut in cuts(protocol, &bytes) {
                match cut {
                    Cut::Frame(frame) => {
                        count += frame.len();
                        let _ = protocol.said(&frame);
                    }
                    Cut::Lost { bytes, .. } => count += bytes,
                }
            }
            prop_assert_eq!(count, bytes.len(), "every byte counts once");
            let _ = protocol.said(&bytes);
        }
    }

    #[test]
    fn good_frames_survive_the_garbage_between_them(
        epcs in prop::collection::vec(any::<[u8; 12]>(), 1..5),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for protocol in ALL {
            let mut bytes = Vec::new();
            for epc in &epcs {
                bytes.extend(&noise);
                bytes.extend(good(protocol, *epc));
            }
            let found = cuts(protocol, &bytes);
            // Noise that is a frame by chance may hide one: that happens once in 65,536 lengths; R200 sums eight bits.
            for epc in &epcs {
                let sums_only = matches!(protocol, Protocol::R200 { .. });
                let is_found = found.contains(&Cut::Frame(good(protocol, *epc)));
                prop_assert!(is_found || sums_only, "{:?}", protocol);
            }
        }
    }
}

#[test]
fn a_wrong_check_sum_loses_that_frame_only() {
    for protocol in ALL {
        let (first, mut wrong, last) =
            (good(protocol, [1; 12]), good(protocol, [2; 12]), good(protocol, [3; 12]));
        wrong[8] ^= 0x40;
        let all = [first.clone(), wrong.clone(), last.clone()].concat();
        let found = cuts(protocol, &all);
        assert!(
            matches!(&found[..], [Cut::Frame(a), Cut::Lost { bytes, checksum: true, .. }, Cut::Frame(c)]
            if *a == first && *bytes == wrong.len() && *c == last),
            "{protocol:?} {found:?}"
        );
    }
}
