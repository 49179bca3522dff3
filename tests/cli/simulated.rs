//! `demo devices`: simulated devices that are ended leave nothing behind, however they are ended.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use gatewarden_tests::gatewarden;
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

#[test]
fn what_a_service_manager_ends_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("simulators.toml"), folder.path().join("scanner"));
    let text = format!("[[devices]]\nname = \"s\"\nkind = \"scanner\"\npath = {link:?}\n");
    fs::write(&file, text).unwrap();
    for ended in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGTERM] {
        let mut command = Command::new(gatewarden());
        command.args(["demo", "devices"]).arg(&file).stderr(Stdio::piped());
        let mut devices = command.stdout(Stdio::null()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(devices.stderr.take().unwrap()).read_line(&mut told).unwrap();
        assert!(told.contains("1 simulated devices"), "{told}");
        assert!(fs::symlink_metadata(&link).is_ok(), "the scanner is plugged in");
        signal::kill(Pid::from_raw(devices.id().try_into().unwrap()), ended).unwrap();
        assert!(devices.wait().unwrap().success());
        assert!(fs::symlink_metadata(&link).is_err(), "{ended} leaves no link");
    }
}
