//! The local buffer is damaged: it is set aside, the daemon starts, and what the journal holds
//! still reaches the ERP exactly once.

use std::{fs, path::PathBuf};

use gatewarden_tests::{BOLT, Settings, epc, receipt, until};

use super::{all_is_well, at_work};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_spool_is_set_aside_and_nothing_is_sent_twice() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    people.receive(&gateway, "4001", 1..4).await;
    people.until_delivered(&gateway).await;
    // The ERP books the second but can't say so, and never hears of the third.
    gateway.hardware.erp.hang_after_commit(true);
    people.receive(&gateway, "4002", 11..13).await;
    until("the ERP has booked it", || async {
        (gateway.hardware.erp.received().len() == 2).then_some(())
    })
    .await;
    people.open(&receipt("4003", 1)).await;
    gateway.hardware.show(&[epc(BOLT, 21)]);
    people.moved("4003").await;
    gateway.hardware.reader.clear_field();
    gateway.kill();
    gateway.hardware.erp.hang_after_commit(false);

    let spool = gateway.state().join("spool.db");
    fs::write(&spool, vec![0x5a; 16_384]).unwrap();
    for tail in ["-wal", "-shm"] {
        // They may be there or not.
        let _ = fs::remove_file(format!("{}{tail}", spool.display()));
    }
    gateway.run().await;
    assert!(gateway.has_logged("set aside"));
    let aside: Vec<PathBuf> = fs::read_dir(gateway.state())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("spool.damaged"))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert!(fs::read(&aside[0]).unwrap().iter().all(|byte| *byte == 0x5a));
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "4004", 31..33).await;
    all_is_well(&gateway, &people).await;
    assert!(gateway.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_is_gone_begins_anew() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    people.receive(&gateway, "4101", 1..4).await;
    people.until_delivered(&gateway).await;
    assert!(gateway.stop().await.success());
    for tail in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(gateway.state().join(format!("spool.db{tail}")));
    }
    gateway.run().await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "4102", 11..13).await;
    all_is_well(&gateway, &people).await;
}
