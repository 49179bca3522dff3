//! `gatewarden`: the daemon and its command line.
//!
//! One binary for the box: `run` is the daemon, everything else looks at its files, asks it over the
//! control socket, or needs neither. What is absent here: any decision about stock (the engine) and
//! any knowledge of a protocol (the drivers and adapters).

mod activation;
mod api;
mod app;
mod badges;
mod bench;
mod channels;
mod cli;
mod clock;
mod demo;
mod devices;
mod dispatcher;
mod factors;
mod feeder;
mod grouping;
mod imports;
mod intake;
mod keys;
mod labels;
mod lamps;
mod lanes;
mod logging;
mod notices;
mod plain;
mod policies;
mod presence;
mod recorder;
mod recording;
mod requests;
mod rivals;
mod rule_watch;
mod run;
mod secrets;
mod shapes;
mod spool;
mod tag_access;
mod trace;
mod views;
mod watch;
mod watchman;
mod witness;
mod witnesses;

use std::process::ExitCode;

use clap::Parser as _;

/// `gatewarden ledger trace … | head`: whoever reads may have enough. Rust's printing panics then.
fn leave_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let words = info.payload_as_str().unwrap_or_default();
        if words.starts_with("failed printing to stdout") {
            std::process::exit(EXIT_SIGPIPE);
        }
        usual(info);
    }));
}

/// What a shell shows for a program that SIGPIPE ended.
const EXIT_SIGPIPE: i32 = 141;

fn main() -> ExitCode {
    // The one TLS provider of the process; a second call would only say that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    leave_quietly_when_nobody_reads();
    match cli::execute(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatewarden: {error:#}");
            ExitCode::FAILURE
        }
    }
}
