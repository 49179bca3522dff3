//! WeCom's robot and app messages against its simulator.

use gatewarden_adapters::{
    Outcome,
    notice::{Channel, Message, wecom},
};
use gatewarden_simulators::{
    erp::{Fault, Mode},
    messenger::{SimWeCom, Way, WeComOptions},
};

use super::{TIME_OUTS, delivered, keeps_secrets, marked, message, rejected, retried, until_told};
use crate::common::clock;

const SECRETS: [&str; 3] = ["robot-key", "corp-secret", "token-0000"];

async fn start(options: WeComOptions) -> SimWeCom {
    SimWeCom::start(options).await.unwrap()
}

fn robot(url: &str, key: &str) -> Box<dyn Channel> {
    let settings = wecom::RobotSettings { url: url.into(), key: key.into(), time_outs: TIME_OUTS };
    keeps_secrets(&format!("{settings:?}"), &SECRETS);
    wecom::robot(settings, clock()).unwrap()
}

fn app_with(url: &str, corp_secret: &str, agent_id: i64) -> Box<dyn Channel> {
    let settings = wecom::AppSettings {
        url: url.into(),
        corp_id: "corp-id".into(),
        corp_secret: corp_secret.into(),
        agent_id,
        time_outs: TIME_OUTS,
    };
    keeps_secrets(&format!("{settings:?}"), &SECRETS);
    wecom::app(settings, clock()).unwrap()
}

fn app(url: &str) -> Box<dyn Channel> {
    app_with(url, "corp-secret", 1_000_002)
}

#[tokio::test]
async fn a_robot_tells_its_group_and_waits_a_minute_after_twenty() {
    let sim = start(WeComOptions::default()).await;
    let channel = robot(&sim.url(), "robot-key");
    delivered(channel.tell(&message(0, &["li.wei", "13800000000"])).await);
    delivered(channel.tell(&marked(1, &["li.wei"])).await);
    let posted = sim.posted();
    assert_eq!(posted[0].to, ["li.wei", "13800000000"]);
    assert_eq!((posted[1].kind.as_str(), posted[1].way), ("markdown", Way::Robot));
    assert!(posted[1].text.contains("<@li.wei>"), "{}", posted[1].text);
    for number in 2..20 {
        delivered(channel.tell(&message(number, &[])).await);
    }
    let (why, uncertain, after) = retried(channel.tell(&message(20, &[])).await);
    assert!(why.contains("45009") && !uncertain, "{why}");
    assert_eq!(after, Some(60));
}

#[tokio::test]
async fn a_key_that_is_not_the_robot_s_is_a_rejection_and_never_shown() {
    let sim = start(WeComOptions::default()).await;
    let told = rejected(robot(&sim.url(), "another-key").tell(&message(1, &[])).await);
    assert!(told.contains("93000") && told.contains("copy the key"), "{told}");
    keeps_secrets(&told, &["another-key"]);
    sim.go_away().await;
    let (why, uncertain, _) = retried(robot(&sim.url(), "robot-key").tell(&message(1, &[])).await);
    assert!(!uncertain, "{why}");
    keeps_secrets(&why, &SECRETS);
}

#[tokio::test]
async fn long_words_are_cut_to_what_the_vendor_takes_and_the_link_is_not() {
    let sim = start(WeComOptions::default()).await;
    let channel = robot(&sim.url(), "robot-key");
    let long = Message { text: "领料".repeat(5_000), ..message(1, &[]) };
    delivered(channel.tell(&long).await);
    let long = Message { markdown: Some("**领料**".repeat(5_000)), ..message(2, &[]) };
    delivered(channel.tell(&long).await);
    delivered(app(&sim.url()).tell(&Message { receivers: vec!["li.wei".into()], ..long }).await);
    for posted in sim.posted() {
        assert!(posted.text.contains("…") && posted.text.contains("approve/AbC-_1"));
    }
}

#[tokio::test]
async fn an_app_tells_people_by_one_token_and_a_repeat_shows_once() {
    let sim = start(WeComOptions::default()).await;
    let channel = app(&sim.url());
    assert_eq!(delivered(channel.tell(&message(1, &["li.wei", "wang.fang"])).await), "m-000001");
    delivered(channel.tell(&message(2, &["li.wei"])).await);
    delivered(channel.tell(&marked(3, &["li.wei"])).await);
    for (number, mode) in [(4, Mode::TimeoutAfterCommit), (5, Mode::BadJson)] {
        sim.faults().set(Fault { mode, times: Some(1) });
        assert_eq!(until_told(&*channel, &message(number, &["li.wei"])).await, 1);
    }
    assert_eq!((sim.posted().len(), sim.repeats(), sim.tokens()), (5, 2, 1));
    sim.end_tokens();
    delivered(channel.tell(&message(6, &["li.wei"])).await);
    assert_eq!((sim.posted().len(), sim.tokens()), (6, 2));
}

#[tokio::test]
async fn who_does_not_get_it_is_told() {
    let users = ["Li.Wei", "wang.fang"].map(str::to_owned).to_vec();
    let unlicensed = vec!["wang.fang".to_owned()];
    let options = WeComOptions { users: Some(users), unlicensed, ..Default::default() };
    let sim = start(options).await;
    let channel = app(&sim.url());
    let answer = channel.tell(&message(1, &["Li.Wei", "wang.fang", "Nobody"])).await;
    assert!(matches!(answer.outcome, Outcome::Delivered { .. }), "{answer:?}");
    let refused: Vec<_> = answer.refused.iter().map(|one| one.receiver.as_str()).collect();
    assert_eq!(refused, ["wang.fang", "Nobody"]);
    assert_eq!(sim.posted()[0].to, ["Li.Wei"]);
    let told = rejected(channel.tell(&message(2, &["Nobody"])).await);
    assert!(told.contains("81013") && told.contains("mend the wecom ids"), "{told}");
}

#[tokio::test]
async fn what_an_app_cannot_send_is_rejected_and_nobody_is_everybody() {
    let sim = start(WeComOptions::default()).await;
    let channel = app(&sim.url());
    for (receivers, why) in
        [(&[][..], "needs a receiver"), (&["@all"], "no wecom user id"), (&["a|b"], "no wecom")]
    {
        let told = rejected(channel.tell(&message(1, receivers)).await);
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(sim.tokens(), 0);
    for (channel, why) in [
        (app_with(&sim.url(), "wrong-one", 1_000_002), "check corp_id and corp_secret"),
        (app_with(&sim.url(), "corp-secret", 7), "check agent_id"),
    ] {
        let told = rejected(channel.tell(&message(1, &["li.wei"])).await);
        assert!(told.contains(why), "{told}");
        keeps_secrets(&told, &["wrong-one", "token-0000"]);
    }
}
