//! An independent peer: pymodbus 3.16.1 is the slave, and another pymodbus reads the lamps.
//!
//! Runs where `GATEWARDEN_PEERS` names a Python venv that has it; elsewhere it says so and passes.

use std::{path::Path, process::Stdio};

use gatewarden_modbus::Settings;
use gatewarden_model::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::bench::{Bench, STACK};

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
    let mut bench = Bench::start(Settings { poll_ms: 50, ..settings }, Signal::Off);
    bench.expect(&["connecting 1", "up"]).await;
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
