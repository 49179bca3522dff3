//! Notices as signed webhooks: the receiver of movements takes them, and checks their signature.

use gatewarden_adapters::{
    Outcome,
    notice::{Channel, encode, webhook},
    webhook::{Proof, Settings},
};
use gatewarden_simulators::webhook::SimReceiver;

use super::{TIME_OUTS, delivered, message, rejected, retried, until_told};
use crate::common::clock;

fn channel(url: String, secret: &str) -> Box<dyn Channel> {
    let (secret, proof) = (secret.into(), Proof::default());
    let settings = Settings { url, secret, look_up: false, proof, time_outs: TIME_OUTS };
    webhook::channel(settings, clock()).unwrap()
}

#[tokio::test]
async fn a_notice_is_signed_and_a_repeat_is_told_by_its_key() {
    let sim = SimReceiver::start("between us").await.unwrap();
    let channel = channel(sim.url(), "between us");
    let first = message(1, &["li.wei"]);
    assert_eq!(delivered(channel.tell(&first).await), "R-000001");
    assert_eq!(delivered(channel.tell(&first).await), "R-000001");
    let received = sim.received();
    assert_eq!(received[0].id, first.id.to_string());
    assert_eq!(received[0].body, encode(&first).unwrap());
    assert_eq!((received.len(), sim.repeats(), sim.conflicts()), (1, 1, 0));
    sim.hang_after_commit(true);
    let second = message(2, &[]);
    assert!(retried(channel.tell(&second).await).1, "it may have arrived");
    sim.hang_after_commit(false);
    assert_eq!(until_told(&*channel, &second).await, 0);
    sim.reject(Some("no more"));
    assert!(rejected(channel.tell(&message(3, &[])).await).contains("no more"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_a_secret_is_wanted() {
    let sim = SimReceiver::start("between us").await.unwrap();
    let outcome = channel(sim.url(), "another").send(&message(1, &[])).await;
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    assert_eq!((sim.received().len(), sim.refused()), (0, 1));
}
