//! The disk is full, and then it is not: on a small file system of its own where the test may mount
//! one, and by a limit on the size of files everywhere.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::Command,
};

use gatewarden_tests::{BOLT, Gateway, People, Settings, epc, key, receipt, until};

use super::{all_is_well, at_work};

/// A small file system in memory; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "gatewarden-test"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        while file.write_all(&[0x5a; 4096]).is_ok() {}
        while file.write_all(b"z").is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the daemon may still be going down.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

fn limit_files(gateway: &Gateway, limits: &str) {
    let pid = gateway.pid().to_string();
    let limit = format!("--fsize={limits}");
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_acknowledges_nothing_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        println!("mounting is not allowed here: only the limit on files is tried");
        return;
    };
    let state = Some(disk.0.path().join("state"));
    let (gateway, people) = at_work(Settings { state, ..Settings::default() }).await;
    let reserve = disk.0.path().join("state/ledger.reserve");
    assert_eq!(fs::metadata(&reserve).unwrap().len(), 1 << 20, "room is kept for the end");
    let free = |gateway: &Gateway| {
        assert!(!reserve.exists(), "the reserve is given up");
        let words = "the disk is full: nothing is recorded until there is room";
        let journal = gateway.journal();
        let told = journal.of_kind("gap").filter(|gap| gap["reason"] == words).count();
        assert_eq!(told, 1, "that it stopped is recorded once, in the room of the reserve");
        disk.free();
    };
    full(gateway, people, |_| disk.fill(), free).await;
    assert!(reserve.exists(), "the reserve is held again");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_may_not_grow_acknowledge_nothing_and_lose_nothing() {
    // The limit's signal would end the program before SQLite sees the error.
    let wrapper = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(Into::into).to_vec();
    let (gateway, people) = at_work(Settings { wrapper, ..Settings::default() }).await;
    let fill = |gateway: &Gateway| limit_files(gateway, "0:unlimited");
    full(gateway, people, fill, |gateway| limit_files(gateway, "unlimited:unlimited")).await;
}

async fn full(
    mut gateway: Gateway,
    people: People,
    fill: impl Fn(&Gateway),
    free: impl Fn(&Gateway),
) {
    people.receive(&gateway, "1001", 1..4).await;
    people.until_delivered(&gateway).await;
    people.open(&receipt("1002", 3)).await;

    fill(&gateway);
    // What a write still finds room for is flushed and may be acknowledged; then comes the end.
    until("a task is not taken any more", || async {
        let answer = people.erp.post("/tasks", &receipt("filling", 1).task()).await;
        assert!([201, 503].contains(&answer.status), "{}: {}", answer.status, answer.body);
        (answer.status == 503).then_some(())
    })
    .await;
    let movements = gateway.journal().movements().count();
    gateway.hardware.show(&[epc(BOLT, 11), epc(BOLT, 12), epc(BOLT, 13)]);
    until("red light", || async { gateway.is_red().then_some(()) }).await;
    until("the log says why the pass waits", || async {
        gateway.logged(|l| l.contains("kept in the spool").then_some(()))
    })
    .await;
    assert!(gateway.has_logged("the ledger could not be written"));
    let health = gateway.anybody().get("/health").await;
    assert_eq!(health["status"], "degraded", "a daemon that can't write says that it is well");
    assert!(gateway.is_red() && gateway.is_running());
    assert_eq!(gateway.journal().movements().count(), movements);
    assert!(people.movement("1002").await.is_none());

    free(&gateway);
    let movement = people.moved("1002").await;
    let things = movement["lines"][0]["things"].as_array().unwrap();
    let things: BTreeSet<&str> = things.iter().filter_map(|thing| thing.as_str()).collect();
    let shown = [11, 12, 13].map(|serial| key(BOLT, serial));
    assert_eq!(things, shown.iter().map(String::as_str).collect());
    until("green light", || async { gateway.is_green().then_some(()) }).await;
    gateway.hardware.reader.clear_field();
    people.receive(&gateway, "1003", 21..23).await;
    until("health is ok again", || async {
        (gateway.anybody().get("/health").await["status"] == "ok").then_some(())
    })
    .await;
    all_is_well(&gateway, &people).await;
    assert!(gateway.stop().await.success());
}
