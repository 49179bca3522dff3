//! The configurations to begin with, as `gatewarden init` writes them: each passes `check`, and whoever
//! types what it prints next, line by line, ends with a delivery that is received and a ledger that is
//! whole. What is there is never written over.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod walk;

use std::{fs, path::Path, process::Output};

use gatewarden_tests::gatewarden;

fn init(arguments: &[&str], dir: Option<&Path>) -> Output {
    let mut command = std::process::Command::new(gatewarden());
    command.arg("init").args(arguments).args(dir);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn make_to_order_runs_step_by_step_as_it_is_printed() {
    walk::followed("make-to-order", "MOTOR-4KW").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn make_to_stock_runs_step_by_step_as_it_is_printed() {
    walk::followed("make-to-stock", "BOARD-18").await;
}

#[test]
fn what_is_there_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("simulators.toml");
    fs::write(&own, "mine").unwrap();
    let refused = init(&["--template", "make-to-stock"], Some(dir.path()));
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("simulators.toml"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
    assert!(!dir.path().join("gateway.toml").exists(), "nothing else is written either");

    // Into a folder that is not there yet, with a space in its name.
    let new = dir.path().join("my gate/1");
    assert!(init(&["--template", "make-to-stock"], Some(&new)).status.success());
    let written = fs::read_to_string(new.join("gateway.toml")).unwrap();
    assert!(written.contains(&format!("path = \"{}/scanner-counter\"", new.display())));
    assert_eq!(init(&["--template", "make-to-stock"], Some(&new)).status.code(), Some(1));
}

#[test]
fn what_there_is_is_listed_and_what_there_is_not_is_told() {
    let listed = text(&init(&["--list"], None).stdout);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, ["make-to-order", "make-to-stock"]);
    let dir = tempfile::tempdir().unwrap();
    let unknown = init(&["--template", "make-to-measure"], Some(&dir.path().join("x")));
    assert!(text(&unknown.stderr).contains("use make-to-order or make-to-stock"));
    let name =
        init(&["--template", "make-to-stock", "--name", "No Slug"], Some(&dir.path().join("x")));
    assert!(text(&name.stderr).contains("--name"), "{}", text(&name.stderr));
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
}
