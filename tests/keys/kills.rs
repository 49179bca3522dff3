//! kill -9 in a rotation: at moments that nobody chose, and at each step of it, as its files are then.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    process::{Command, Stdio},
    time::Duration,
};

use gatewarden_tests::{Gateway, Settings, gatewarden};

use super::{id, key_files, rotations, whole};

/// Kills, spread over the time that a rotation takes.
const ROUNDS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_start_goes_on_with_the_journals_key() {
    let mut gateway = Gateway::start(Settings::default()).await;
    for round in 0..ROUNDS {
        let mut command: Command = gateway.command();
        command.args(["ledger", "rotate-key", "--reason", "a drill", "--config"]);
        command.arg(gateway.config()).stdin(Stdio::null());
        let mut rotating = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The kill itself must not wait for an event: it falls where it falls.
        std::thread::sleep(Duration::from_millis(15 + round * 9));
        gateway.kill();
        rotating.wait().unwrap();
        gateway.run().await;
        let done = rotations(&gateway);
        let expected: Vec<String> = std::iter::once("ledger.key".to_owned())
            .chain(
                done.iter()
                    .map(|r| format!("ledger.key.retired-{}", id(r["old"].as_str().unwrap()))),
            )
            .collect();
        let mut found = key_files(&gateway);
        found.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(found, expected, "round {round}: no key is lost, none is left over");
        whole(&gateway);
    }
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "the last one"], "");
    assert!(!rotations(&gateway).is_empty());
    whole(&gateway);
}

/// A private file with a new key, as a rotation that was cut off leaves one.
fn leave_next(gateway: &Gateway) {
    let made = Command::new(gatewarden()).args(["ledger", "new-key"]).output().unwrap();
    assert!(made.status.success());
    let path = gateway.state().join("ledger.key.next");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path).unwrap();
    std::io::Write::write_all(&mut file, &made.stdout).unwrap();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_step_the_files_are_brought_in_order() {
    let mut gateway = Gateway::start(Settings::default()).await;
    let state = gateway.state();
    let at = |name: &str| state.join(name);
    let (key, next) = (at("ledger.key"), at("ledger.key.next"));
    let before = fs::read(&key).unwrap();

    // Cut off after the new key was written: the journal does not name it.
    gateway.kill();
    leave_next(&gateway);
    gateway.run().await;
    assert_eq!((key_files(&gateway), fs::read(&key).unwrap()), (vec!["ledger.key".into()], before));
    whole(&gateway);
    // In a run that did not see it come, an unknown one is nobody's to remove.
    leave_next(&gateway);
    let refused = gateway.cli(&["ledger", "rotate-key", "--reason", "again"], "");
    let words = format!(
        "gatewarden: the key is not rotated: a rotation was cut off and left {}: restart the daemon, \
         which goes on with the key that the journal names, then rotate again\n",
        next.display()
    );
    assert_eq!(super::err(&refused), words);
    fs::remove_file(&next).unwrap();

    // Cut off after the entry was flushed, before any file moved; then after each move.
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "a drill"], "");
    let old = rotations(&gateway)[0]["old"].as_str().unwrap().to_owned();
    let retired = at(&format!("ledger.key.retired-{}", id(&old)));
    let (new_key, old_key) = (fs::read(&key).unwrap(), fs::read(&retired).unwrap());
    for moved in 0..2 {
        gateway.kill();
        fs::rename(&key, &next).unwrap();
        fs::hard_link(&retired, &key).unwrap();
        if moved == 0 {
            fs::remove_file(&retired).unwrap();
        }
        whole(&gateway);
        gateway.run().await;
        assert_eq!(fs::read(&key).unwrap(), new_key, "after {moved} moves");
        assert_eq!(fs::read(&retired).unwrap(), old_key);
        assert!(!next.exists());
        whole(&gateway);
    }
}
