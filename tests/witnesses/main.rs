//! A gateway with `[witnesses]` against real `gatewarden witness` processes: cosignatures arrive and
//! stand in proofs, what happens while witnesses are away or killed, and what an old backup gets.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod away;
mod history;
mod quorum;

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use gatewarden_tests::{Gateway, People, Settings, free_port, gatewarden, until};

/// A witness: its folder outlives its process.
struct Witness {
    name: &'static str,
    port: u16,
    state: PathBuf,
    logs: PathBuf,
    child: Option<Child>,
}

impl Witness {
    /// One that does not run yet and knows no log.
    fn prepare(folder: &Path, name: &'static str) -> Self {
        let at = |more: &str| folder.join(format!("{name}{more}"));
        Self { name, port: free_port(), state: at(".state"), logs: at(".keys"), child: None }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(gatewarden());
        command.args(["witness", "--name", &format!("{}.example/w", self.name), "--state"]);
        command.arg(&self.state).stderr(Stdio::null());
        command
    }

    /// Its public key, which is made at first.
    fn key(&self) -> String {
        let output = self.command().arg("--print-key").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Lets it watch the gateway's keys as they are now, and runs it.
    fn run(&mut self, gateway: &Gateway) {
        std::fs::write(&self.logs, gateway.cli_ok(&["ledger", "key"], "")).unwrap();
        let mut command = self.command();
        command
            .arg("--logs")
            .arg(&self.logs)
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("listens on"), "{}: {line}", self.name);
        self.child = Some(child);
    }

    /// kill -9.
    fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A gateway's `[witnesses]` with these keys, and what else is to stand there.
fn section(quorum: usize, more: &str, witnesses: &[&Witness]) -> String {
    let mut text = format!("\n[witnesses]\nquorum = {quorum}\ninterval_ms = 100\n{more}list = [\n");
    for witness in witnesses {
        let (name, port, key) = (witness.name, witness.port, witness.key());
        writeln!(
            text,
            "  {{ name = \"{name}\", url = \"http://127.0.0.1:{port}\", key = \"{key}\" }},"
        )
        .unwrap();
    }
    text + "]\n"
}

/// A running gateway with li.wei at the dock.
async fn gateway(more: String) -> (Gateway, People) {
    let gateway = Gateway::start(Settings { more, ..Settings::default() }).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    (gateway, people)
}

/// A gauge or counter out of `/metrics`.
async fn metric(people: &People, name: &str) -> Option<u64> {
    let text = people.viewer.get("/metrics").await;
    let found = text.as_str().unwrap().lines().find_map(|line| {
        let (left, value) = line.rsplit_once(' ')?;
        (left.split('{').next() == Some(name)).then(|| value.parse::<f64>().unwrap())
    });
    found.map(|value| value as u64)
}

/// Waits until the quorum has everything.
async fn all_witnessed(people: &People) {
    until("no entry waits for its witnesses", || async {
        let rows = metric(people, "gatewarden_ledger_unwitnessed_entries").await;
        (rows == Some(0)).then_some(())
    })
    .await;
}

/// The status that anybody sees.
async fn health(gateway: &Gateway) -> String {
    gateway.anybody().get("/health").await["status"].as_str().unwrap().to_owned()
}

async fn until_health(gateway: &Gateway, wanted: &str) {
    until(&format!("health is {wanted}"), || async {
        (health(gateway).await == wanted).then_some(())
    })
    .await;
}
