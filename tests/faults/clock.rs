//! The wall clock is set back by a year while the daemon runs. Only its own process sees that:
//! Debian's `libfaketime` changes the wall clock it reads and leaves the monotonic one alone. Where
//! the library is missing the test says so; the decision itself is tested in the daemon's watchman.

use gatewarden_tests::{FakeClock, Settings, until};

use super::{all_is_well, at_work};

const YEAR_S: i64 = 365 * 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_by_a_year_is_a_gap_and_work_goes_on() {
    let Some(clock) = FakeClock::new() else { return };
    let env = clock.env();
    let (mut gateway, people) = at_work(Settings { env, ..Settings::default() }).await;
    people.receive(&gateway, "5001", 1..4).await;
    people.until_delivered(&gateway).await;

    // Something waits for the ERP at the moment of the step.
    gateway.hardware.erp.go_away().await;
    people.receive(&gateway, "5002", 11..13).await;
    clock.set(&format!("-{YEAR_S}"));
    let reason = until("the step is recorded", || async {
        let journal = gateway.journal();
        let mut reasons = journal.of_kind("gap").filter_map(|gap| gap["reason"].as_str());
        reasons.find(|reason| reason.contains("wall clock")).map(str::to_owned)
    })
    .await;
    assert!(reason.contains("-31536000 s") || reason.contains("-31535999 s"), "{reason}");

    // The session, the passes and the lanes run on monotonic time.
    people.receive(&gateway, "5003", 21..23).await;
    gateway.hardware.erp.come_back().await.unwrap();
    people.until_delivered(&gateway).await;
    assert!(gateway.stop().await.success());
    gateway.run().await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "5004", 31..33).await;
    all_is_well(&gateway, &people).await;
}
