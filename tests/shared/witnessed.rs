//! A ledger in a file and a lane of a shared one: without its witness no movement is accepted where the
//! configuration says so, with it a proof carries the quorum, and the program that checks proofs
//! accepts it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use gatewarden_tests::{BOLT, Gateway, People, Settings, epc, receipt, until, verifier};

use crate::{at_work, cluster::Cluster};

/// A running witness; killed with it.
struct Witness {
    child: Child,
    key: String,
    address: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Witness {
    fn start(gateway: &Gateway, logs: &Path, listen: &str) -> Self {
        let mut command = gateway.command();
        command.args(["witness", "--name", "hq.example/w1", "--listen", listen, "--logs"]);
        command.arg(logs).arg("--state").arg(gateway.dir().join("witness"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["witness", key, "listens", "on", address] = words[..] else { panic!("{line:?}") };
        Self { child, key: key.to_owned(), address: address.to_owned() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_stops_without_its_witness_and_proves_with_it() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (gateway, people) = at_work(&cluster, &database, "gw-one").await;
    stops_and_proves(gateway, people, "gw-one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_stops_without_its_witness_and_proves_with_it() {
    let gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    gateway.until_devices(&people.viewer, &[]).await;
    stops_and_proves(gateway, people, "gw-test").await;
}

async fn stops_and_proves(mut gateway: Gateway, people: People, name: &str) {
    let logs = gateway.dir().join("logs.keys");
    fs::write(&logs, gateway.cli_ok(&["ledger", "key"], "")).unwrap();
    let witness = Witness::start(&gateway, &logs, "127.0.0.1:0");
    let (key, address) = (witness.key.clone(), witness.address.clone());
    drop(witness);
    let witnesses = format!(
        "\n[witnesses]\nquorum = 1\ninterval_ms = 100\nunwitnessed_rows_max = 5\nbeyond = \"stop\"\n\
         list = [{{ name = \"hq\", url = \"http://{address}\", key = \"{key}\" }}]\n"
    );
    let text = fs::read_to_string(gateway.config()).unwrap();
    fs::write(gateway.config(), text + &witnesses).unwrap();
    gateway.kill();
    gateway.run().await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.open(&receipt("7001", 2)).await;

    let refusal = "no movement is accepted: ";
    gateway.hardware.show(&[epc(BOLT, 1), epc(BOLT, 2)]);
    until("the pass waits for the witness", || async { gateway.has_logged(refusal).then_some(()) })
        .await;
    gateway.hardware.reader.clear_field();
    assert!(people.movement("7001").await.is_none());
    let witness = Witness::start(&gateway, &logs, &address);
    let movement = people.moved("7001").await;
    let id = movement["id"].as_str().unwrap();

    let trusted = gateway.dir().join("trusted.keys");
    fs::write(&trusted, gateway.cli_ok(&["ledger", "key"], "")).unwrap();
    let proof = gateway.dir().join("movement.proof");
    let told = until("a proof with the quorum", || async {
        fs::write(&proof, gateway.cli_ok(&["ledger", "proof", id], "")).unwrap();
        let mut verify = Command::new(verifier());
        let done = verify.arg("--keys").arg(&trusted).arg(&proof).output().unwrap();
        let told = String::from_utf8(done.stdout).unwrap();
        done.status.success().then_some(told)
    })
    .await;
    for words in ["PASS", &format!("of the ledger {name}"), id, "2 box BOLT-M8", "quorum", "hq"] {
        assert!(told.contains(words), "{words:?} is not in {told:?}");
    }
    // The API gives the same proof.
    let text = people.viewer.get(&format!("/movements/{id}/proof")).await;
    fs::write(&proof, text.as_str().unwrap()).unwrap();
    let mut verify = Command::new(verifier());
    assert!(verify.arg("--keys").arg(&trusted).arg(&proof).status().unwrap().success(), "{text}");
    drop(witness);
    let checkpoint = gateway.cli_ok(&["ledger", "checkpoint"], "");
    assert!(checkpoint.starts_with(&format!("{name}\n")), "{checkpoint}");
    let kept = gateway.dir().join("kept.checkpoint");
    fs::write(&kept, checkpoint).unwrap();
    let kept = kept.to_str().unwrap();
    gateway.cli_ok(&["ledger", "verify", "--checkpoint", kept], "");
    // A proof without the quorum of the trusted keys is none.
    let text = fs::read_to_string(&proof).unwrap();
    let lines = text.lines().filter(|line| !line.contains("hq.example/w1"));
    fs::write(&proof, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let mut verify = Command::new(verifier());
    assert!(!verify.arg("--keys").arg(&trusted).arg(&proof).status().unwrap().success());
}
