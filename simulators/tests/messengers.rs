//! The simulated messengers: clients that nobody here wrote, where `GATEWARDEN_PEERS` names an environment
//! with DingtalkChatbot and wechatpy; and the kinds `dingtalk` and `wecom` in scenarios.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use gatewarden_simulators::{
    messenger::{DingTalkOptions, SimDingTalk, SimWeCom, Way, WeComOptions},
    scenario::{Scenario, play},
};
use tokio::{process::Command, time::timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// What the peers' script prints, a word each line; None without the peers.
async fn peer(mode: &str, url: &str) -> Option<Vec<String>> {
    let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return None;
    };
    let python = PathBuf::from(peers).join("bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/messengers.py");
    let running = Command::new(python).args([script, mode, url]).kill_on_drop(true).output();
    let output = timeout(PATIENCE, running).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    Some(told.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn dingtalkchatbot_signs_as_the_simulator_wants_it() {
    let sim = SimDingTalk::start(DingTalkOptions::default()).await.unwrap();
    let Some(told) = peer("dingtalk", &sim.url()).await else { return };
    assert_eq!(told, ["0", "0"]);
    let posted = sim.posted();
    assert_eq!((posted[0].text.as_str(), posted[0].way), ("审批待处理", Way::Robot));
    assert_eq!(posted[0].to, ["13800000000"]);
    assert_eq!((posted[1].kind.as_str(), posted[1].text.as_str()), ("markdown", "**审批**"));
    let told = peer("dingtalk-wrong", &sim.url()).await.unwrap();
    assert_eq!(told, ["310000", "310000"], "another secret");
    assert_eq!((sim.posted().len(), sim.refused()), (2, 2));
}

#[tokio::test]
async fn wechatpy_renews_its_token_and_is_told_whom_wecom_does_not_know() {
    let users = Some(vec!["LiWei".to_owned()]);
    let options = WeComOptions { users, ..WeComOptions::default() };
    let sim = SimWeCom::start(options).await.unwrap();
    let Some(told) = peer("wecom", &sim.url()).await else { return };
    assert_eq!(told, ["0 nobody", "40001"]);
    assert_eq!(sim.posted()[0].to, ["LiWei"]);
    assert_eq!((sim.tokens(), sim.posted()[0].text.as_str()), (1, "审批待处理"));
}

#[tokio::test]
async fn the_messengers_stand_in_scenarios() {
    let shipped = include_str!("../scenarios/messengers.toml");
    assert!(Scenario::parse(shipped).is_ok(), "the shipped one is right");
    let text = r#"
after_ms = 0
[[devices]]
name = "ding"
kind = "dingtalk"
users = "li.wei, wang"
[[devices]]
name = "we"
kind = "wecom"
unlicensed = "wang"
[[steps]]
at_ms = 0
device = "ding"
do = "errcode"
code = 130101
times = 1
[[steps]]
at_ms = 0
device = "ding"
do = "end-tokens"
[[steps]]
at_ms = 0
device = "we"
do = "fault"
mode = "status"
status = 502
[[steps]]
at_ms = 0
device = "we"
do = "go-away"
[[expect]]
device = "ding"
see = "posted"
is = 0
"#;
    let tell = Arc::new(|_| {});
    let playing = play(Scenario::parse(text).unwrap(), tell, CancellationToken::new());
    timeout(PATIENCE, playing).await.unwrap().unwrap();
}
