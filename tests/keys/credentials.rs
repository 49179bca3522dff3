//! Keys as systemd credentials: the unit's folder, which the daemon can't write.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use gatewarden_tests::{Gateway, Settings, gatewarden};

use super::{err, key_files, rotations, whole};

#[tokio::test(flavor = "multi_thread")]
async fn the_next_key_is_another_credential() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ledger-key-1", "ledger-key-2"] {
        let made = Command::new(gatewarden()).args(["ledger", "new-key"]).output().unwrap();
        assert!(made.status.success() && made.stdout.starts_with(b"gatewarden-ed25519-seed-v1 "));
        let path = folder.path().join(name);
        fs::write(&path, made.stdout).unwrap();
        // What systemd's access list looks like.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    }
    let env = vec![("CREDENTIALS_DIRECTORY".to_owned(), folder.path().into())];
    let mut gateway = Gateway::prepare(Settings { env, ..Settings::default() }).await;
    let one = "reserve_mb = 1\nkey_credentials = [\"ledger-key-1\"]\n";
    gateway.reconfigure("reserve_mb = 1\n", one);
    gateway.run().await;
    whole(&gateway);
    let rotate = |more: &[&str]| {
        gateway.cli(&[&["ledger", "rotate-key", "--reason", "yearly"], more].concat(), "")
    };
    assert!(err(&rotate(&[])).contains("say which of ledger-key-1 comes next"));
    let unknown = err(&rotate(&["--credential", "ledger-key-2"]));
    let words = "the daemon knows the credentials ledger-key-1, not \"ledger-key-2\": give it to the \
                 unit with LoadCredential=, name it in [ledger] key_credentials, restart the daemon";
    assert!(unknown.contains(words), "{unknown}");
    let same = err(&rotate(&["--credential", "ledger-key-1"]));
    assert!(same.contains("the new key must be another one than the old"), "{same}");

    gateway.kill();
    gateway.reconfigure("[\"ledger-key-1\"]", "[\"ledger-key-1\", \"ledger-key-2\"]");
    gateway.run().await;
    let arguments = ["ledger", "rotate-key", "--reason", "yearly", "--credential", "ledger-key-2"];
    let said = gateway.cli_ok(&arguments, "");
    assert!(said.contains("take its credential out of key_credentials"), "{said}");
    assert_eq!(rotations(&gateway).len(), 1);
    whole(&gateway);
    gateway.kill();
    gateway.run().await;
    gateway.kill();

    gateway.reconfigure("\"ledger-key-1\", ", "");
    fs::remove_file(folder.path().join("ledger-key-1")).unwrap();
    gateway.run().await;
    whole(&gateway);
    assert_eq!(key_files(&gateway), Vec::<String>::new(), "no key lies in the state folder");
    let checked = gateway.cli(&["check"], "");
    assert!(checked.status.success(), "{}", err(&checked));
}
