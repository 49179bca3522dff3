//! Bytes that make no sense: each is a recorded gap, an unknown thing or a quarantined pass, and
//! the next honest pallet is received.

use gatewarden_tests::{BOLT, Gateway, Settings, epc, key, receipt, until};

use super::{all_is_well, at_work, gaps, things};

async fn until_gap(gateway: &Gateway, device: &str, more_than: usize, why: &str) -> usize {
    until(&format!("a gap of {device} after {why}"), || async {
        let count = gaps(&gateway.journal(), device).count();
        (count > more_than).then_some(count)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_serial_line_is_told() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    let scanner = &gateway.hardware.counter_scanner;
    let gap = |n, why| until_gap(&gateway, "scanner-2", n, why);
    scanner.half_scan("]d20100614141812349").unwrap();
    let mut seen = gap(0, "half a scan").await;
    scanner.raw(b"\xff\xfe\xfdOP-2001\xff\r\n").unwrap();
    seen = gap(seen, "invalid UTF-8").await;
    scanner.raw(&[b'7'; 4096]).unwrap();
    scanner.raw(&[b'7'; 4096]).unwrap();
    seen = gap(seen, "a line without an end").await;
    for seed in 0..16 {
        // The line takes no more while the daemon has not read what came before.
        until("room on the line", || async { scanner.garbage(seed, 1000).ok() }).await;
    }
    gap(seen, "garbage").await;
    assert!(gateway.is_running());
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "2001", 1..4).await;
    all_is_well(&gateway, &people).await;
    assert!(gateway.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_from_a_reader_makes_it_start_again() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    let reader = &gateway.hardware.reader;
    let status = reader.status();
    type Fault = (&'static str, fn(&gatewarden_simulators::llrp::SimReader));
    let faults: [Fault; 4] = [
        ("garbage", |r| r.garbage()),
        ("a truncated frame", |r| r.truncated_frame()),
        ("a frame of 4 GiB", |r| r.huge_frame()),
        ("a cut", |r| r.drop_connection()),
    ];
    let mut seen = 0;
    for (why, fault) in faults {
        let sessions = status.borrow().sessions;
        fault(reader);
        until(&format!("a new session after {why}"), || async {
            (status.borrow().sessions > sessions).then_some(())
        })
        .await;
        seen = until_gap(&gateway, "portal-1", seen, why).await;
        gateway.until_devices(&people.viewer, &[]).await;
    }
    // A reader that hangs is noticed by its keepalives.
    reader.silence(true);
    gateway.until_devices(&people.viewer, &[("portal-1", "down")]).await;
    gateway.hardware.counter_scanner.scan("]d20100614141123452\u{1d}2177").unwrap();
    until("the counter's scanner works meanwhile", || async {
        things(&gateway.journal(), "quarantined").first().cloned()
    })
    .await;
    reader.silence(false);
    until_gap(&gateway, "portal-1", seen, "silence").await;
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "2101", 1..4).await;
    all_is_well(&gateway, &people).await;
    assert!(gateway.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_tags_are_held_as_unknown() {
    let (gateway, people) = at_work(Settings::default()).await;
    people.open(&receipt("2201", 2)).await;
    // Partition 7 does not exist; a header of nobody; one word; the longest there is.
    let mut impossible = epc(BOLT, 9);
    impossible[1] |= 0x1c;
    let strange = vec![impossible, vec![0xEE; 12], vec![0x30, 0x00], vec![0x30; 62]];
    let mut field = strange.clone();
    field.extend([epc(BOLT, 1), epc(BOLT, 2)]);
    gateway.hardware.show(&field);
    let hold = until("the pass is held", || async {
        people.viewer.list("/holds").await.into_iter().next()
    })
    .await;
    assert_eq!(hold["comparison"]["unknown"].as_array().unwrap().len(), strange.len(), "{hold}");
    assert_eq!(hold["comparison"]["expected"].as_array().unwrap().len(), 2, "{hold}");
    let keys = things(&gateway.journal(), "held");
    assert!(keys.contains(&key(BOLT, 1)), "{keys:?}");
    for tag in &strange {
        let hex: String = tag.iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(keys.contains(&format!("hex:{hex}")), "{hex} is not among {keys:?}");
    }
    until("red light", || async { gateway.is_red().then_some(()) }).await;
    gateway.hardware.reader.clear_field();
    people.receive(&gateway, "2202", 11..14).await;
    all_is_well(&gateway, &people).await;
}
