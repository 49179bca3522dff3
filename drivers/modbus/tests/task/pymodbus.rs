//! An independent peer: pymodbus 3.16.1 is the slave, and another pymodbus reads the lamps.
//!
//! Runs where `GATEWARDEN_PEERS` names a Python venv that has it; elsewhere it says so and passes.

use std::{path::Path, process::Stdio};

use gatewarden_modbus::{Line, Settings};
use gatewarden_model::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    bench::{Bench, STACK},
    rtu,
};

struct Peer {
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(venv: &Path, arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/task/pymodbus_peer.py");
        let mut child = Command::new(venv.join("bin/python"))
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, commands, answers }
    }

    async fn answer(&mut self) -> String {
        self.answers.next_line().await.unwrap().unwrap_or_default()
    }

    async fn tell(&mut self, command: &str) -> String {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        self.answer().await
    }
}

#[tokio::test]
async fn an_independent_slave_shows_our_signals() {
    let Some(venv) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no venv with pymodbus 3.16.1");
        return;
    };
    let mut slave = Peer::start(Path::new(&venv), &["slave"]);
    let port = slave.answer().await;
    let mut master = Peer::start(Path::new(&venv), &["master", &port]);
    let settings = Settings::new(format!("127.0.0.1:{port}"), STACK);
    let mut bench = Bench::start(Settings { poll_ms: 50, identify: true, ..settings }, Signal::Off);
    bench.expect(&["connecting 1", "up"]).await;
    told_who_it_is(&bench);
    // Green, amber, red, buzzer.
    for (signal, bits) in [
        (Signal::Off, "0000"),
        (Signal::Busy, "0100"),
        (Signal::Go, "1000"),
        (Signal::Stop, "0010"),
        (Signal::Alarm, "0011"),
        (Signal::Go, "1000"),
    ] {
        bench.signals.send(signal).unwrap();
        assert_eq!(master.tell(&format!("wait {bits}")).await, bits, "{signal:?}");
    }
    assert_eq!(master.tell("write 2 1").await, "written");
    bench.expect(&["down coil 2 is on", "connecting 2", "up"]).await;
    assert_eq!(master.tell("wait 1000").await, "1000");
    bench.stop.cancel();
    bench.expect(&["stopped"]).await;
    assert_eq!(master.tell("wait 0000").await, "0000");
    bench.finish().await;
    slave.child.kill().await.unwrap();
    master.child.kill().await.unwrap();
}

fn told_who_it_is(bench: &Bench) {
    for (key, value) in [("vendor", "Acme"), ("product", "IO-16"), ("firmware", "V1.2")] {
        assert_eq!(bench.facts.get(key).map(String::as_str), Some(value), "{key}");
    }
}

/// Over RTU the lamps are read back by ourselves: `Up` and no `Down` means that they are as they should be.
#[tokio::test]
async fn an_independent_slave_on_a_serial_line_shows_our_signals() {
    let Some(venv) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no venv with pymodbus 3.16.1 and pyserial");
        return;
    };
    let cable = rtu::Cable::new();
    let theirs = cable.ends[1].display().to_string();
    let mut slave = Peer::start(Path::new(&venv), &["line", &theirs]);
    assert_eq!(slave.answer().await, theirs);
    let line = Some(Line { path: cable.ends[0].clone(), baud: 115_200 });
    let settings = Settings { line, inputs: vec![3], ..Settings::new("127.0.0.1:rtu", STACK) };
    let settings = Settings { poll_ms: 20, time_out_ms: 2_000, identify: true, ..settings };
    let mut bench = Bench::start(settings, Signal::Go);
    // All bits of that slave are on in the beginning.
    bench.expect(&["connecting 1", "up", "input 3 on"]).await;
    told_who_it_is(&bench);
    bench.stop.cancel();
    bench.expect(&["stopped"]).await;
    bench.finish().await;
    slave.child.kill().await.unwrap();
}
