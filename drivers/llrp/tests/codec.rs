//! The codec against frames that other people's encoders wrote, round trips, and hostile bytes.
//!
//! `tests/frames/*.hex` were written by PyPI pyllrp 3.1.1 and llrpkit 0.3.0.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use gatewarden_llrp::codec::{
    CodecError, FRAME_BYTES_MAX, GeneralDeviceCapabilities, LlrpCapabilities, LlrpStatus, Message,
    MessageKind, Param, ReaderEvent, RegulatoryCapabilities, RoSpec, StatusCode, TagReport,
    TagReports, Typed, decode_frame, encode_report, param, split_frame,
};
use proptest::prelude::*;

const CAPABILITIES: &str = include_str!("frames/capabilities.hex");
const REPORT: &str = include_str!("frames/report.hex");
const ADD_ROSPEC: &str = include_str!("frames/add_rospec.hex");
const REFUSAL: &str = include_str!("frames/refusal.hex");
const HELLO: &str = include_str!("frames/hello.hex");

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn fixture(hex: &str) -> Message {
    let bytes = bytes(hex);
    let (message, used) = decode_frame(&bytes).unwrap().unwrap();
    assert_eq!(used, bytes.len());
    assert_eq!(message.encode().unwrap(), bytes, "encoding again gives the same bytes");
    message
}

#[test]
fn capabilities_of_another_encoder() {
    let message = fixture(CAPABILITIES);
    assert_eq!(message.kind, MessageKind::GET_READER_CAPABILITIES_RESPONSE);
    let general: GeneralDeviceCapabilities = message.get().unwrap().unwrap();
    assert_eq!((general.manufacturer, general.model), (25_882, 700));
    assert_eq!(general.firmware, "llrpkit-emu 0.1");
    assert_eq!(general.gpio.unwrap().inputs, 4);
    assert!(message.get::<LlrpCapabilities>().unwrap().unwrap().holds_reports());
    let uhf = message.get::<RegulatoryCapabilities>().unwrap().unwrap().uhf.unwrap();
    assert_eq!(uhf.powers.len(), 21);
    assert_eq!((uhf.powers[20].index, uhf.powers[20].power_cdbm), (21, 3000));
    let frequencies = uhf.frequencies.unwrap();
    assert!(frequencies.hopping);
    assert_eq!(frequencies.hop_tables[0].frequencies_khz.len(), 50);
}

#[test]
fn a_rospec_of_another_encoder() {
    let message = fixture(ADD_ROSPEC);
    let rospec: RoSpec = message.get().unwrap().unwrap();
    assert_eq!((rospec.id, rospec.boundary.start.kind), (123, 1));
    let ai = &rospec.ai_specs[0];
    assert_eq!(ai.antennas, [1, 2]);
    assert_eq!(ai.stop.others[0].name(), "TagObservationTrigger");
    let antenna = &ai.inventories[0].antennas[0];
    assert_eq!(antenna.transmitter.as_ref().unwrap().power, 81);
    let singulation = antenna.commands[0].singulation.as_ref().unwrap();
    assert_eq!((singulation.session_bits, singulation.population), (2 << 6, 100));
    let report = rospec.report.as_ref().unwrap();
    assert_eq!((report.trigger, report.every_tags), (2, 7));
    assert_eq!(report.content.epc_memory[0].bits, 0x40);
    assert_eq!(Message::add_rospec(5, &rospec), message);
}

#[test]
fn a_refusal_names_the_parameter() {
    let status: LlrpStatus = fixture(REFUSAL).get().unwrap().unwrap();
    assert_eq!(
        status.to_string(),
        "M_ParameterError (100): \"no such mode\"; in ROSpec (177): P_ParameterError (200); \
         in C1G2RFControl (335): P_FieldError (201), field 0: A_OutOfRange (301)"
    );
    assert_eq!(LlrpStatus::from_param(&status.to_param()).unwrap(), status);
}

#[test]
fn the_greeting_of_a_reader() {
    let event: ReaderEvent = fixture(HELLO).get().unwrap().unwrap();
    assert_eq!(event.utc.unwrap().us, 1_700_000_000_000_000);
    assert_eq!(event.attempt.unwrap().status, 0);
}

#[test]
fn tag_reports_of_another_encoder() {
    let message = fixture(REPORT);
    assert_eq!(message.params.len(), 2);
    let frame = bytes(REPORT);
    let tags: Result<Vec<_>, _> =
        TagReports::new(split_frame(&frame).unwrap().unwrap().body).collect();
    let tags = tags.unwrap();
    let epc: Vec<u8> = (0..12).collect();
    assert_eq!((tags[0].epc, tags[0].epc_bits, tags[0].rospec), (&epc[..], 96, Some(1)));
    let read = tags[0].to_read();
    assert_eq!(read.epc, epc);
    assert_eq!((read.antenna, read.count, read.peak_rssi_cdbm), (2, 3, Some(-5512)));
    assert_eq!(read.first_seen_us, Some(1_700_000_000_000_001));
    assert_eq!(read.tid.unwrap(), bytes("e28011050001000200030004"));
    assert_eq!((tags[1].epc_bits, tags[1].antenna, tags[1].to_read().count), (128, None, 1));
}

#[test]
fn headers_that_cannot_be_are_refused_at_once() {
    let claim = |length: u32| {
        let mut header = vec![0x04, 61];
        header.extend_from_slice(&length.to_be_bytes());
        header.extend_from_slice(&[0; 4]);
        header
    };
    assert_eq!(decode_frame(&claim(100_000_000)), Err(CodecError::FrameLength(100_000_000)));
    assert_eq!(decode_frame(&claim(9)), Err(CodecError::FrameLength(9)));
    assert_eq!(decode_frame(&claim(11)), Ok(None));
    let longest = u32::try_from(FRAME_BYTES_MAX).unwrap();
    assert_eq!(decode_frame(&claim(longest)), Ok(None));
    assert_eq!(
        decode_frame(&claim(longest + 1)),
        Err(CodecError::FrameLength(u64::from(longest) + 1))
    );
    assert_eq!(decode_frame(b"SSH-2.0"), Err(CodecError::Version(4)));
    assert_eq!(decode_frame(&[]), Ok(None));
}

#[test]
fn lengths_and_types_that_lie_are_refused() {
    let body_error = |hex: &str| {
        let body = bytes(hex);
        param::decode_params(&body).unwrap_err()
    };
    let length = |kind, claimed, available| CodecError::ParamLength { kind, claimed, available };
    assert_eq!(body_error("00f0 0003"), length(240, 3, 4));
    assert_eq!(body_error("00f0 ffff"), length(240, 65_535, 4));
    assert_eq!(body_error("81 00"), length(1, 3, 2));
    assert_eq!(body_error("95 00"), CodecError::UnknownTv(21));
    assert_eq!(body_error("0001 0006 0000"), CodecError::TlvKind(1));
    assert_eq!(body_error("00f1 0006 ffff"), CodecError::Short("EPCData"));
    let nested = (0..40u16).rev().fold(Vec::new(), |inner, _| {
        let length = u16::try_from(inner.len() + 4).unwrap().to_be_bytes();
        [&[0x00, 0xF0], &length[..], &inner].concat()
    });
    assert_eq!(param::decode_params(&nested), Err(CodecError::Depth));
    let many = [0x86, 0].repeat(70_000);
    assert_eq!(param::decode_params(&many), Err(CodecError::Count));
}

#[test]
fn a_tag_without_its_epc_is_an_error_and_a_later_field_is_not() {
    let collect =
        |hex: &str| TagReports::new(&bytes(hex)).map(|t| t.map(|t| t.epc_bits)).collect::<Vec<_>>();
    let missing = CodecError::Missing { parent: "TagReportData", missing: "EPCData or EPC_96" };
    assert_eq!(collect("00f0 0007 810001"), [Err(missing)]);
    assert_eq!(
        collect("00f0 000c 00f1 0008 0010 abcd  00f0 000f 00f1 0008 0010 abcd 95 00 00"),
        [Ok(16), Ok(16)]
    );
}

fn any_param() -> impl Strategy<Value = Param> {
    let leaf = prop_oneof![
        any::<[u8; 12]>().prop_map(|epc| Param { kind: 13, fields: epc.to_vec(), params: vec![] }),
        any::<u16>().prop_map(|n| Param {
            kind: 1,
            fields: n.to_be_bytes().to_vec(),
            params: vec![]
        }),
        (any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(vendor, subtype, data)| Param::custom(vendor, subtype, &data)),
        (900u16..1000, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, fields)| Param { kind, fields, params: vec![] }),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop::collection::vec(inner, 0..6).prop_map(|params| Param {
            kind: 240,
            fields: vec![],
            params,
        })
    })
}

fn fixtures() -> Vec<Vec<u8>> {
    [CAPABILITIES, REPORT, ADD_ROSPEC, REFUSAL, HELLO].map(bytes).to_vec()
}

/// All that the session ever asks of a frame.
fn read_everything(input: &[u8]) {
    if let Ok(Some(frame)) = split_frame(input) {
        let reads: Vec<_> =
            TagReports::new(frame.body).map_while(Result::ok).map(|t| t.to_read()).collect();
        assert!(reads.len() <= frame.body.len() / 4, "no tag without bytes");
    }
    let Ok(Some((message, used))) = decode_frame(input) else { return };
    assert!(used <= input.len());
    let _ = message.get::<LlrpStatus>().map(|s| s.map(|s| s.to_string()));
    let _ = message.get::<ReaderEvent>();
    let _ = message.get::<GeneralDeviceCapabilities>();
    let _ = message.get::<RegulatoryCapabilities>();
    let _ = message.get::<RoSpec>();
    let again = message.encode().unwrap();
    let (same, _) = decode_frame(&again).unwrap().unwrap();
    assert_eq!(same, message);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..600)) {
        read_everything(&input);
    }

    #[test]
    fn random_bodies_never_panic(kind in 0u16..1024, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut frame = (0x400 | kind).to_be_bytes().to_vec();
        frame.extend_from_slice(&u32::try_from(body.len() + 10).unwrap().to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(&body);
        read_everything(&frame);
    }

    #[test]
    fn cut_and_bent_frames_never_panic(
        which in 0usize..5, cut in 0usize..800,
        flips in prop::collection::vec((0usize..800, any::<u8>()), 0..6),
    ) {
        let mut frame = fixtures().swap_remove(which);
        for (at, value) in flips {
            let at = at % frame.len();
            frame[at] ^= value;
        }
        read_everything(&frame);
        frame.truncate(cut);
        read_everything(&frame);
    }

    #[test]
    fn trees_round_trip(id: u32, version in 1u8..=2, params in prop::collection::vec(any_param(), 0..5)) {
        let message = Message { version, params, ..Message::new(MessageKind::RO_ACCESS_REPORT, id) };
        let bytes = message.encode().unwrap();
        prop_assert_eq!(decode_frame(&bytes).unwrap().unwrap(), (message, bytes.len()));
    }

    #[test]
    fn tag_reports_round_trip_and_agree_with_the_tree(
        epc in prop::collection::vec(any::<u8>(), 0..62), antenna: Option<u16>, rssi: Option<i8>,
        first: Option<u64>, count: Option<u16>, pc: Option<u16>, fine: Option<i16>,
        tid in prop::option::of(prop::collection::vec(any::<u16>(), 0..12)), n in 0usize..5,
    ) {
        let tid = tid.map(|words| words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<u8>>());
        let tag = TagReport {
            epc: &epc, epc_bits: u16::try_from(epc.len() * 8).unwrap(), antenna, peak_rssi_dbm: rssi,
            first_seen_us: first, seen_count: count, pc, impinj_rssi_cdbm: fine, tid: tid.as_deref(),
            ..TagReport::default()
        };
        let frame = encode_report(1, 7, &vec![tag; n]).unwrap();
        let (message, _) = decode_frame(&frame).unwrap().unwrap();
        prop_assert_eq!(message.params.len(), n);
        prop_assert_eq!(message.encode().unwrap(), frame.clone());
        let mut seen = 0;
        for back in TagReports::new(&frame[10..]) {
            prop_assert_eq!(TagReport { raw: &[], ..back.unwrap() }, tag);
            seen += 1;
        }
        prop_assert_eq!(seen, n);
    }

    #[test]
    fn refusals_round_trip(code: u16, text in ".{0,60}", kind: u16, field: u16) {
        let mut status = LlrpStatus::error(StatusCode(code), &text);
        status.parameter = Some(gatewarden_llrp::codec::ParameterError {
            kind, code: StatusCode(code),
            field: Some(gatewarden_llrp::codec::FieldError { field, code: StatusCode(code), others: vec![] }),
            ..Default::default()
        });
        prop_assert_eq!(LlrpStatus::from_param(&status.to_param()).unwrap(), status);
    }
}
