//! The bytes of notices, against files written by hand: a change here is a change for every receiver.

use gatewarden_adapters::notice::{dingtalk, encode, wecom};
use serde_json::Value;

use super::{marked, message};

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn dingtalk_is_told_as_its_pages_say() {
    let plain = message(0x1234_abcd, &["li.wei", "13800000000"]);
    let marked = marked(0x1234_abcd, &["li.wei", "13800000000"]);
    let text = include_str!("../golden/notice/dingtalk-robot-text.json");
    assert_eq!(dingtalk::map::robot(&plain), golden(text));
    let markdown = include_str!("../golden/notice/dingtalk-robot-markdown.json");
    assert_eq!(dingtalk::map::robot(&marked), golden(markdown));
    let work = include_str!("../golden/notice/dingtalk-work.json");
    assert_eq!(dingtalk::map::work(&marked, 1_001), golden(work));
}

#[test]
fn wecom_is_told_as_its_pages_say() {
    let plain = message(0x1234_abcd, &["li.wei", "13800000000"]);
    let text = include_str!("../golden/notice/wecom-robot-text.json");
    assert_eq!(wecom::map::robot(&plain), golden(text));
    let markdown = include_str!("../golden/notice/wecom-robot-markdown.json");
    let marked = marked(0x1234_abcd, &["li.wei", "wang.fang"]);
    assert_eq!(wecom::map::robot(&marked), golden(markdown));
    let app = include_str!("../golden/notice/wecom-app.json");
    let plain = message(0x1234_abcd, &["li.wei", "wang.fang"]);
    assert_eq!(wecom::map::app(&plain, 1_000_002), golden(app));
}

#[test]
fn topics_and_webhooks_carry_canonical_json() {
    let bytes = encode(&marked(0x1234_abcd, &["li.wei"])).unwrap();
    let golden = include_str!("../golden/notice/message.json").trim_end();
    assert_eq!(String::from_utf8(bytes).unwrap(), golden);
}
