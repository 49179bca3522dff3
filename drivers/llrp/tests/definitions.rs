//! Every row of the definition tables: what they describe can be written, explained, and written again.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use gatewarden_llrp::codec::{
    Message, MessageKind, Node, Param, Tree, decode_frame,
    definitions::{self, Def},
    explain,
    vendor::{self, ImpinjContent, SearchMode},
};
use proptest::prelude::*;

#[path = "common/dice.rs"]
mod dice;

use dice::{Dice, all_messages, all_params};

/// Bytes, message, tree, message, bytes: all the same.
fn holds(message: &Message) -> Tree {
    let bytes = message.encode().unwrap();
    let (decoded, used) = decode_frame(&bytes).unwrap().unwrap();
    assert_eq!((&decoded, used), (message, bytes.len()));
    let tree = explain(&bytes).unwrap().unwrap();
    let again = tree.to_message().unwrap();
    assert_eq!(again.encode().unwrap(), bytes, "{tree}");
    tree
}

/// A row was understood: it and all below have names, and no bytes without one.
fn named(node: &gatewarden_llrp::codec::Node) {
    // The bare CUSTOM_MESSAGE and Custom, with a random vendor, are nobody's.
    if node.custom.is_none_or(|(vendor, _)| definitions::VENDORS.contains(&vendor)) {
        assert_ne!(node.name, "Unknown", "{node}");
    }
    node.params.iter().for_each(named);
}

#[test]
fn every_message_and_parameter_round_trips() {
    let mut dice = Dice::new(7);
    for _ in 0..8 {
        for (vendor, def) in all_messages() {
            let message = dice.message(vendor, def);
            let tree = holds(&message);
            named(&tree.message);
            assert!(tree.message.custom.is_some() || tree.message.fields.len() >= visible(def));
        }
        for (vendor, def) in all_params() {
            let param = dice.param(vendor, def, 3);
            let mut message = Message::new(MessageKind::RO_ACCESS_REPORT, 1);
            message.params.push(param);
            let tree = holds(&message);
            named(&tree.message);
            let node = &tree.message.params[0];
            if def.kind != definitions::CUSTOM || vendor.is_some() {
                assert_eq!((node.name, node.fields.len()), (def.name, visible(def)), "{tree}");
            }
        }
    }
}

fn visible(def: &Def) -> usize {
    if def.kind == definitions::CUSTOM {
        return 0;
    }
    def.fields.iter().filter(|field| field.name != definitions::RESERVED).count()
}

#[test]
fn a_frame_is_told_in_names() {
    let mut message = Message::new(MessageKind::DELETE_ROSPEC_RESPONSE, 9);
    message.params.push(Param {
        kind: 287,
        fields: b"\x00\x6E\x00\x02no".to_vec(),
        params: vec![],
    });
    message.params.push(Param::custom(definitions::PEN_IMPINJ, 23, &[0, 3]));
    let tree = holds(&message);
    assert_eq!(
        tree.to_string(),
        "version 1 id 9\n\
         DELETE_ROSPEC_RESPONSE (31)\n  \
           LLRPStatus (287) StatusCode=M_UnsupportedVersion(110) ErrorDescription=\"no\"\n  \
           ImpinjInventorySearchMode (25882/23) InventorySearchMode=Single_Target_With_Suppression(3)\n"
    );
    let json = serde_json::to_value(&tree).unwrap();
    assert_eq!(json["message"]["params"][0]["fields"]["StatusCode"], "M_UnsupportedVersion");
    assert_eq!(json["message"]["params"][1]["custom"], serde_json::json!([25_882, 23]));
}

#[test]
fn what_is_set_of_a_vendor_is_what_its_rows_say() {
    let content = ImpinjContent { tid: true, phase: true, rssi: true, doppler: true };
    let told = [
        vendor::search_mode(SearchMode::TagFocus),
        vendor::fixed_frequencies(&[1, 4]),
        vendor::reduced_power(&[]),
        vendor::gpi_debounce(2, 20),
        vendor::link_monitor(3),
        vendor::impinj_content(content),
        vendor::zebra_phase(),
    ]
    .map(|param| Node::new(&param));
    told.iter().for_each(named);
    let shown: Vec<_> =
        told.iter().map(|node| node.fields.first().map(|f| f.1.to_string())).collect();
    let shown: Vec<_> = shown.iter().map(|value| value.as_deref().unwrap_or("")).collect();
    assert_eq!(
        shown,
        [
            "Single_Target_With_Suppression(3)",
            "Channel_List(2)",
            "Disabled(0)",
            "2",
            "Enabled(1)",
            "",
            "false"
        ]
    );
    assert_eq!(told[1].field("ChannelList").unwrap().to_string(), "[1, 4]");
    let parts: Vec<_> = told[5].params.iter().map(|node| node.name).collect();
    let enables = ["SerializedTID", "RFPhaseAngle", "PeakRSSI", "RFDopplerFrequency"]
        .map(|n| format!("ImpinjEnable{n}"));
    assert_eq!(parts, enables);
    assert_eq!(told[6].field("EnablePhase").unwrap().to_string(), "true");
    assert_eq!(holds(&vendor::enable_extensions(1)).message.name, "IMPINJ_ENABLE_EXTENSIONS");
}

#[test]
fn what_no_row_fits_stays_bytes() {
    // A search mode of a firmware that sends three bytes, and a type of nobody.
    for data in [&[0, 1, 2][..], &[], &[0; 40]] {
        let mut message = Message::new(MessageKind::SET_READER_CONFIG, 1).field(false);
        message.params.push(Param::custom(definitions::PEN_IMPINJ, 23, data));
        message.params.push(Param::custom(4711, 1, data));
        message.params.push(Param { kind: 999, fields: data.to_vec(), params: vec![] });
        holds(&message);
    }
}

proptest! {
    #[test]
    fn random_trees_of_the_tables_round_trip(seed: u64, which in 0usize..4096) {
        let messages = all_messages();
        let (vendor, def) = messages[which % messages.len()];
        holds(&Dice::new(seed).message(vendor, def));
    }

    #[test]
    fn random_bytes_of_a_vendor_round_trip(
        which in 0usize..4096, data in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let params = all_params();
        let (vendor, def) = params[which % params.len()];
        let mut message = Message::new(MessageKind::RO_ACCESS_REPORT, 1);
        message.params.push(Param::custom(vendor.unwrap_or(161), def.kind.into(), &data));
        holds(&message);
    }

    #[test]
    fn any_body_is_explained_or_refused(kind in 0u16..1024, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut frame = (0x400 | kind).to_be_bytes().to_vec();
        frame.extend_from_slice(&u32::try_from(body.len() + 10).unwrap().to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(&body);
        if let Ok(Some(tree)) = explain(&frame) {
            let message = decode_frame(&frame).unwrap().unwrap().0;
            prop_assert!(tree.to_string().len() < 200 * (frame.len() + 10));
            prop_assert_eq!(tree.to_message().unwrap().encode().unwrap(), message.encode().unwrap());
        }
    }
}
