//! The command line as an integrator uses it on day one, each verb on the real program.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod access;
mod bench;
mod changes;
mod check;
mod document;
mod identify;
mod import;
mod ledger;
mod notify;
mod operate;
mod probe;
mod qr;
mod rules;
mod simulated;
mod sod;
mod workflow;

use std::process::{Command, Output};

use gatewarden_tests::gatewarden;

/// Runs the program without any configuration.
fn run(arguments: &[&str]) -> Output {
    Command::new(gatewarden()).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
