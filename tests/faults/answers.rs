//! An ERP that answers wrongly: what proves no delivery is looked up and sent again, and booked once.

use gatewarden_simulators::erp::{Fault, Mode};
use gatewarden_tests::{Settings, until};

use super::{all_is_well, at_work};

#[tokio::test(flavor = "multi_thread")]
async fn a_200_that_proves_nothing_is_no_delivery() {
    let (gateway, people) = at_work(Settings::default()).await;
    let erp = &gateway.hardware.erp;
    for (order, mode, why) in [
        (1u64, Mode::OkWithError, "tells an error"),
        (2, Mode::WrongType, "a proxy or a sign-in page"),
        (3, Mode::BadJson, "no whole JSON"),
    ] {
        let done = erp.faults().done();
        erp.faults().set(Fault { mode, times: None });
        let from = order * 10;
        people.receive(&gateway, &format!("240{order}"), from..from + 2).await;
        until("the ERP answered wrongly", || async { (erp.faults().done() > done).then_some(()) })
            .await;
        // What was booked all the same is found by looking it up, at once.
        if mode == Mode::OkWithError {
            let told = until("the lane says why it waits", || async {
                let rows = people.viewer.list("/deliveries").await;
                rows.iter().find_map(|row| row["reason"].as_str().map(str::to_owned))
            })
            .await;
            assert!(told.starts_with("http status 200: "), "{told}");
            assert_eq!(erp.received().len(), 0);
        }
        erp.faults().clear();
        people.until_delivered(&gateway).await;
        assert_eq!(erp.received().len() as u64, order, "{why}");
    }
    all_is_well(&gateway, &people).await;
}
