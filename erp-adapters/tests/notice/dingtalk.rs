//! DingTalk's robot and work notices against its simulator.

use gatewarden_adapters::{
    Outcome,
    notice::{Channel, Limit, dingtalk},
};
use gatewarden_simulators::{
    erp::{Fault, Mode},
    messenger::{DingTalkOptions, SimDingTalk, Way},
};

use super::{TIME_OUTS, delivered, keeps_secrets, marked, message, rejected, retried, until_told};
use crate::common::clock;

const SECRETS: [&str; 4] = ["robot-token", "SECtest", "app-secret", "token-0000"];

async fn start(options: DingTalkOptions) -> SimDingTalk {
    // The tests' clock stands still.
    SimDingTalk::start(DingTalkOptions { skew_s_max: None, ..options }).await.unwrap()
}

fn robot_with(url: &str, access_token: &str, secret: &str) -> Box<dyn Channel> {
    let settings = dingtalk::RobotSettings {
        url: url.into(),
        access_token: access_token.into(),
        secret: secret.into(),
        time_outs: TIME_OUTS,
    };
    keeps_secrets(&format!("{settings:?}"), &SECRETS);
    dingtalk::robot(settings, clock()).unwrap()
}

fn robot(url: &str) -> Box<dyn Channel> {
    robot_with(url, "robot-token", "SECtest")
}

fn work_with(url: &str, app_secret: &str) -> Box<dyn Channel> {
    let settings = dingtalk::WorkSettings {
        url: url.into(),
        app_key: "app-key".into(),
        app_secret: app_secret.into(),
        agent_id: 1_001,
        time_outs: TIME_OUTS,
    };
    keeps_secrets(&format!("{settings:?}"), &SECRETS);
    dingtalk::work(settings, clock()).unwrap()
}

fn work(url: &str) -> Box<dyn Channel> {
    work_with(url, "app-secret")
}

#[tokio::test]
async fn a_robot_tells_its_group_and_mentions_people() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = robot(&sim.url());
    let plain = message(1, &["li.wei", "13800000000"]);
    assert_eq!(delivered(channel.tell(&plain).await), plain.id.to_string());
    delivered(channel.tell(&marked(2, &["li.wei"])).await);
    let posted = sim.posted();
    assert_eq!(posted[0].to, ["li.wei", "13800000000"]);
    assert!(posted[0].text.starts_with("审批：采购申请 PR-2026-0007\n王芳"), "{}", posted[0].text);
    assert!(posted[0].text.ends_with("\nhttps://gw.example/approve/AbC-_1\n#00000001"));
    assert_eq!((posted[1].kind.as_str(), posted[1].way), ("markdown", Way::Robot));
    assert!(posted[1].text.contains("@li.wei"), "else nobody is mentioned");
    assert_eq!(channel.limit(), Some(Limit { messages: 20, per_s: 60 }));
}

#[tokio::test]
async fn a_robot_that_is_not_ours_or_told_wrong_is_a_rejection_that_says_what_to_do() {
    let sim = start(DingTalkOptions::default()).await;
    for (channel, why) in [
        (robot_with(&sim.url(), "another", "SECtest"), "copy the access_token"),
        (robot_with(&sim.url(), "robot-token", "another"), "the robot's secret"),
    ] {
        let told = rejected(channel.tell(&message(1, &[])).await);
        assert!(told.contains(why), "{told}");
        keeps_secrets(&told, &["another", "SECtest", "robot-token"]);
    }
    // A signature holds for an hour, and the tests' clock shows 2023.
    let strict = SimDingTalk::start(DingTalkOptions::default()).await.unwrap();
    let told = rejected(robot(&strict.url()).tell(&message(1, &[])).await);
    assert!(told.contains("310000") && told.contains("clock"), "{told}");
    sim.answer(999_999, Some(1));
    let told = rejected(robot(&sim.url()).tell(&message(1, &[])).await);
    assert!(told.contains("dingtalk errcode 999999: as ordered"), "{told}");
    assert_eq!(sim.posted(), []);
}

#[tokio::test]
async fn more_than_twenty_a_minute_wait_ten_minutes() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = robot(&sim.url());
    for number in 0..20 {
        delivered(channel.tell(&message(number, &[])).await);
    }
    let (why, uncertain, after) = retried(channel.tell(&message(20, &[])).await);
    assert!(why.contains("130101") && !uncertain, "{why}");
    assert_eq!(after, Some(600));
    assert_eq!(sim.posted().len(), 20);
}

#[tokio::test]
async fn what_broke_after_the_robot_took_it_is_uncertain_and_shows_the_same_reference() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = robot(&sim.url());
    let modes = [
        (Mode::TimeoutAfterCommit, true),
        (Mode::BadJson, true),
        (Mode::WrongType, true),
        (Mode::ResetAfterCommit, true),
        (Mode::OkWithError, false),
        (Mode::Status(502), false),
    ];
    for (number, (mode, shows_twice)) in (0..).zip(modes) {
        let before = sim.posted().len();
        sim.faults().set(Fault { mode, times: Some(1) });
        let message = message(number, &[]);
        assert_eq!(until_told(&*channel, &message).await, 1, "{mode:?}");
        let posted = sim.posted().split_off(before);
        assert_eq!(posted.len(), 1 + usize::from(shows_twice), "{mode:?}");
        assert!(posted.iter().all(|one| one.text == posted[0].text), "{mode:?}");
    }
    sim.faults().set(Fault { mode: Mode::Throttle(7), times: Some(1) });
    let (_, uncertain, after) = retried(channel.tell(&message(9, &[])).await);
    assert_eq!((uncertain, after), (false, Some(7)));
    sim.go_away().await;
    let (why, uncertain, _) = retried(channel.tell(&message(9, &[])).await);
    assert!(!uncertain, "{why}");
    keeps_secrets(&why, &SECRETS);
    sim.come_back().await.unwrap();
    delivered(channel.tell(&message(9, &[])).await);
}

#[tokio::test]
async fn a_work_notice_reaches_people_by_one_token_and_a_repeat_shows_once() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = work(&sim.url());
    let first = message(1, &["li.wei", "wang.fang"]);
    assert_eq!(delivered(channel.tell(&first).await), "1");
    assert_eq!(delivered(channel.tell(&marked(2, &["li.wei"])).await), "2");
    // The same words about something else are no repeat.
    delivered(channel.tell(&message(3, &["li.wei"])).await);
    assert_eq!((sim.posted().len(), sim.repeats(), sim.tokens()), (3, 0, 1));
    // Its answer was lost: it is sent again, and shows once.
    sim.faults().set(Fault { mode: Mode::TimeoutAfterCommit, times: Some(1) });
    assert_eq!(until_told(&*channel, &message(4, &["li.wei"])).await, 1);
    assert_eq!((sim.posted().len(), sim.repeats(), sim.tokens()), (4, 1, 1));
    assert_eq!(sim.posted()[0].to, ["li.wei", "wang.fang"]);
}

#[tokio::test]
async fn a_token_that_ended_is_renewed_once() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = work(&sim.url());
    delivered(channel.tell(&message(1, &["li.wei"])).await);
    sim.end_tokens();
    delivered(channel.tell(&message(2, &["li.wei"])).await);
    assert_eq!((sim.posted().len(), sim.tokens()), (2, 2));
    // One that is refused although it is fresh.
    sim.answer(40_014, Some(2));
    let told = rejected(channel.tell(&message(3, &["li.wei"])).await);
    assert!(told.contains("check app_key and app_secret"), "{told}");
    keeps_secrets(&told, &SECRETS);
    assert_eq!(sim.tokens(), 3);
    delivered(channel.tell(&message(3, &["li.wei"])).await);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_asked_for_each_time() {
    let sim = start(DingTalkOptions { token_s: 200, ..Default::default() }).await;
    let channel = work(&sim.url());
    for number in 1..=2 {
        delivered(channel.tell(&message(number, &["li.wei"])).await);
    }
    assert!(sim.tokens() >= 2, "{}", sim.tokens());
}

#[tokio::test]
async fn whom_dingtalk_does_not_know_is_told() {
    let users = Some(vec!["li.wei".to_owned()]);
    let sim = start(DingTalkOptions { users, ..Default::default() }).await;
    let channel = work(&sim.url());
    let answer = channel.tell(&message(1, &["li.wei", "nobody"])).await;
    assert!(matches!(answer.outcome, Outcome::Delivered { .. }), "{answer:?}");
    assert_eq!(answer.refused[0].receiver, "nobody");
    let told = rejected(channel.tell(&message(2, &["nobody"])).await);
    assert!(told.contains("nobody (no such user id)"), "{told}");
    let one = channel.send(&message(3, &["li.wei", "nobody"])).await;
    let Outcome::Delivered { remote_id } = one else { panic!("{one:?}") };
    assert!(remote_id.contains("not to nobody"), "{remote_id}");
}

#[tokio::test]
async fn what_a_work_notice_cannot_be_is_rejected_before_anything_is_sent() {
    let sim = start(DingTalkOptions::default()).await;
    let channel = work(&sim.url());
    for (receivers, why) in [(&[][..], "needs a receiver"), (&["a,b"], "no dingtalk user id")] {
        let told = rejected(channel.tell(&message(1, receivers)).await);
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(sim.tokens(), 0);
    let told = rejected(work_with(&sim.url(), "wrong").tell(&message(1, &["li.wei"])).await);
    assert!(told.contains("40089") && told.contains("app_secret"), "{told}");
    keeps_secrets(&told, &["wrong"]);
    sim.answer(-1, Some(1));
    let (_, uncertain, after) = retried(channel.tell(&message(1, &["li.wei"])).await);
    assert_eq!((uncertain, after), (false, Some(30)));
}
