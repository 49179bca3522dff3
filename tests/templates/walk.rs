//! Whoever begins: types each printed command as it stands, gives the codes and PINs that it asks for, and
//! puts the id in the place of ID. Only the port is another, so that tests can run beside each other.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use gatewarden_tests::{Caller, free_port, gatewarden, until};
use serde_json::json;

use super::{init, text};

/// Everybody's.
const PIN: &str = "8264";

/// What was started and stays.
struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Whether a line of its output holds this; gives what comes after.
    fn told(&self, what: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().find_map(|line| Some(line.split_once(what)?.1.to_owned()))
    }
}

/// A shell that finds the program by its name, as it is installed.
fn shell(line: &str) -> Command {
    let folder = gatewarden().parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", format!("{folder}:{path}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn started(line: &str) -> Running {
    // Without the shell between: what ends is the program.
    let mut child = shell(&format!("exec {line} 2>&1")).spawn().unwrap();
    let lines = Arc::new(Mutex::new(vec![]));
    let (out, kept) = (child.stdout.take().unwrap(), Arc::clone(&lines));
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    Running { child, lines }
}

/// Runs a command and answers what it asks; gives what it printed.
fn typed(line: &str, answers: &[&str]) -> String {
    let mut child = shell(line).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let _ = pipe.write_all(format!("{}\n", answers.join("\n")).as_bytes());
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{line}\n{out}{err}");
    out
}

/// What is known while typing.
#[derive(Default)]
struct Typist {
    gateway: Option<Running>,
    simulators: Option<Running>,
    id: String,
    halves: VecDeque<String>,
    signed_in: bool,
}

/// The half of a code that a command printed.
fn half(out: &str) -> Option<String> {
    let mut lines = out.lines();
    lines.find_map(|line| Some(line.split_once("for the new PIN: ")?.1.to_owned()))
}

impl Typist {
    async fn types(&mut self, line: &str, door: &Caller, item: &str) {
        let line = line.replace(" ID ", &format!(" {} ", self.id));
        let is = |what: &str| line.starts_with(&format!("gatewarden {what}"));
        if is("run") {
            self.gateway = Some(started(&line));
            until("the gateway answers", || async {
                door.try_ask(reqwest::Method::GET, "/health", None).await.ok()
            })
            .await;
        } else if is("demo devices") {
            self.simulators = Some(started(&line));
        } else if is("operator first") {
            let gateway = self.gateway.as_ref().unwrap();
            let code =
                until("the code is printed", || async { gateway.told("enrolment code: ") }).await;
            typed(&line, &[&code, PIN]);
        } else if is("operator add") {
            let out = typed(&line, &[]);
            self.id = out.lines().next().unwrap().to_owned();
            self.halves = half(&out).into_iter().collect();
        } else if is("change approve --devices") {
            // Before one looks, all have asked; as many as the configuration has.
            typed(&line, &[PIN]);
        } else if is("change approve") {
            self.halves.extend(half(&typed(&line, &[PIN])));
        } else if is("operator activate") {
            // Where two approved, the asker's half does not count.
            let two = self.halves.split_off(self.halves.len() - 2);
            typed(&line, &[&format!("{}-{}", two[0], two[1]), PIN]);
        } else if is("change list") {
            let all = fs::read_to_string(line.rsplit(' ').next().unwrap())
                .unwrap()
                .matches("[[devices]]")
                .count();
            let listed = || async { (typed(&line, &[]).lines().count() == all).then_some(()) };
            until("the list shows all devices", listed).await;
        } else if is("demo act") {
            assert!(self.signed_in, "somebody signs in first");
            typed(&line, &[]);
        } else if is("ledger trace document") {
            let told = until("the delivery is received", || async {
                let told = typed(&line, &[]);
                told.contains(&format!("received 6 pcs of {item}")).then_some(told)
            })
            .await;
            assert!(told.contains("li.wei (auth level 2)"), "{told}");
            assert!(told.contains("wu.manager"), "who signed: {told}");
        } else if is("ledger stock") {
            let told = typed(&line, &[]);
            let row = told.lines().find(|row| row.starts_with(item) && row.contains("wh1/dock"));
            assert!(row.unwrap().contains("1200"), "{told}");
        } else if is("ledger verify") {
            assert!(typed(&line, &[]).contains("the ledger is whole"));
        } else if is("check") {
            assert!(typed(&line, &[]).ends_with("no mistakes\n"));
        } else {
            typed(&line, &[PIN]);
        }
    }

    /// What a person does at the page of a station.
    async fn signs_in(&mut self, url: &str, door: &Caller) {
        let path = url.split_once(":8420").unwrap().1;
        let page = door.get(path).await;
        assert!(page.as_str().unwrap().contains("<form"), "{url} is a page");
        let session = path.replace("/page", "/session");
        door.post_ok(&session, &json!({"badge": "OP-1004", "pin": PIN})).await;
        self.signed_in = true;
    }
}

/// Follows what `init` prints from the first line to the last.
pub(crate) async fn followed(template: &str, item: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("plant");
    let written = init(&["--template", template, "--name", "gw-test"], Some(&dir));
    assert!(written.status.success(), "{}", text(&written.stderr));
    let printed = text(&written.stdout);
    assert!(!printed.contains("cargo"), "whoever has the program alone can follow");
    let port = free_port();
    listen(&dir.join("gateway.toml"), port);
    let (door, mut typist) = (Caller::anybody(port), Typist::default());
    let mut count = 0;
    for line in printed.lines().filter_map(|line| line.strip_prefix("       ")) {
        count += 1;
        match line.starts_with("http://") {
            true => typist.signs_in(line, &door).await,
            false => typist.types(line, &door, item).await,
        }
    }
    assert!(count > 25, "{printed}");
    assert!(dir.join("simulators.toml.passes").exists(), "the next pallet is another one");
}

fn listen(config: &Path, port: u16) {
    let text = fs::read_to_string(config).unwrap();
    assert!(text.contains("127.0.0.1:8420"));
    fs::write(config, text.replace("127.0.0.1:8420", &format!("127.0.0.1:{port}"))).unwrap();
}
