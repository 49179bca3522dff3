//! The change of the ledger's key as a person does it: beside the daemon and without it, killed at any
//! moment, with keys in files and in systemd credentials; and what a thief of the old key gets.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod credentials;
mod kills;
mod rights;
mod story;
mod thief;

use std::{fs, path::PathBuf, process::Output};

use gatewarden_tests::{Gateway, People, Settings};
use serde_json::Value;

/// A gateway where li.wei is signed in at the dock and has received 1001.
async fn made() -> (Gateway, People) {
    let gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..4).await;
    (gateway, people)
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The files whose names begin with `ledger.key`.
fn key_files(gateway: &Gateway) -> Vec<String> {
    let list = fs::read_dir(gateway.state()).unwrap();
    let mut names: Vec<String> = list
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("ledger.key"))
        .collect();
    names.sort_unstable();
    names
}

/// The rotations in the journal.
fn rotations(gateway: &Gateway) -> Vec<Value> {
    gateway.journal().of_kind("key-rotated").cloned().collect()
}

/// The id of a verifier key, eight digits.
fn id(key: &str) -> &str {
    key.split('+').nth(1).unwrap()
}

/// Writes the keys that others trust.
fn trusted(gateway: &Gateway) -> PathBuf {
    gateway.file("trusted.keys", &gateway.cli_ok(&["ledger", "key"], ""))
}

fn whole(gateway: &Gateway) {
    let said = gateway.cli_ok(&["ledger", "verify"], "");
    assert!(said.starts_with("the ledger is whole: "), "{said}");
}
