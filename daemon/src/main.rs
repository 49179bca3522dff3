//! `gatewarden`: the daemon and its command line.
//!
//! One binary for the box: `run` is the daemon, everything else looks at its files, asks it over the
//! control socket, or needs neither. What is absent here: any decision about stock (the engine) and
//! any knowledge of a protocol (the drivers and adapters).

mod api;
mod app;
mod bench;
mod cli;
mod clock;
mod demo;
mod devices;
mod dispatcher;
mod feeder;
mod intake;
mod lamps;
mod lanes;
mod logging;
mod recorder;
mod run;
mod secrets;
mod spool;
mod trace;
mod watchman;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // The one TLS provider of the process; a second call would only say that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::execute(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatewarden: {error:#}");
            ExitCode::FAILURE
        }
    }
}
