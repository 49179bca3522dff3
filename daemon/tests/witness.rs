//! `gatewarden witness` as a process: it speaks the protocol over HTTP, and kill -9 at any moment
//! makes it neither forget nor sign a second history.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use gatewarden_model::Hash;
use gatewarden_proof::{
    Checkpoint, LogKey, SigningKey, WitnessKey,
    merkle::{Frontier, leaf_hash},
    witness::{Heard, Request, hear},
};

const ORIGIN: &str = "dock-1";

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

/// A running witness; killed with it.
struct Running {
    child: Child,
    url: String,
    public: WitnessKey,
    client: reqwest::Client,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(folder: &Path) -> Self {
        let logs = folder.join("logs.keys");
        fs::write(&logs, LogKey::always(ORIGIN, log_key().verifying_key()).line()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gatewarden"))
            .args(["witness", "--name", "hq.example/w1", "--listen", "127.0.0.1:0"])
            .arg("--logs")
            .arg(logs)
            .arg("--state")
            .arg(folder.join("state"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["witness", vkey, "listens", "on", address] = words[..] else { panic!("{line:?}") };
        let public = WitnessKey::parse(vkey).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child, url: format!("http://{address}"), public, client }
    }

    async fn send(&self, request: &Request) -> Option<Heard> {
        let post = self.client.post(format!("{}/add-checkpoint", self.url));
        let answer = post.body(request.to_text()).send().await.ok()?;
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let body = answer.text().await.ok()?;
        Some(hear(&self.public, &request.note, status, &kind, &body))
    }
}

/// The root of `size` leaves; of the other history from leaf 3 on if `fork`.
fn root(size: u64, fork: bool) -> Hash {
    let mut tree = Frontier::default();
    for n in 0..size {
        let other = fork && n >= 3;
        tree.push(leaf_hash(&[u8::try_from(n).unwrap(), u8::from(other)]), &mut Vec::new());
    }
    tree.root()
}

/// From `old` to `old + 1`, a power of two apart from it, so that the proof is plain.
fn step(old: u64, new: u64, fork: bool, path: Vec<Hash>) -> Request {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: new, root: root(new, fork) };
    Request { old, path, note: checkpoint.sign(&log_key()) }
}

/// The proof from a power of two to one more: the new leaf alone.
fn one_more(old: u64, fork: bool) -> Request {
    let other = fork && old >= 3;
    let leaf = leaf_hash(&[u8::try_from(old).unwrap(), u8::from(other)]);
    step(old, old + 1, fork, vec![leaf])
}

#[tokio::test]
async fn it_cosigns_a_continuation_and_tells_its_size_and_serves_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let witness = Running::start(folder.path());
    let first = step(0, 4, false, vec![]);
    assert!(matches!(witness.send(&first).await, Some(Heard::Cosigned { .. })));
    assert_eq!(witness.send(&first).await, Some(Heard::Size(4)));
    assert!(matches!(witness.send(&one_more(4, false)).await, Some(Heard::Cosigned { .. })));
    let fork = witness.send(&step(5, 5, true, vec![])).await;
    let Some(Heard::Refused(why)) = fork else { panic!("{fork:?}") };
    assert!(why.contains("another root of this size was cosigned before"), "{why}");
    let served = format!("{}/{}/checkpoint", witness.url, Hash::of(ORIGIN.as_bytes()));
    let note = witness.client.get(served).send().await.unwrap().text().await.unwrap();
    assert!(note.starts_with("dock-1\n5\n") && note.contains("\u{2014} hq.example/w1 "), "{note}");
    let stranger = format!("{}/{}/checkpoint", witness.url, Hash::of(b"dock-2"));
    assert_eq!(witness.client.get(stranger).send().await.unwrap().status(), 404);
    let bad = witness.client.post(format!("{}/add-checkpoint", witness.url)).body("old x\n\n");
    assert_eq!(bad.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn killed_at_any_moment_it_signs_one_history_only() {
    const ROUNDS: u64 = 24;
    let folder = tempfile::tempdir().unwrap();
    let mut signed: Vec<u64> = Vec::new();
    let mut public = None;
    for round in 0..ROUNDS {
        let mut witness = Running::start(folder.path());
        let same = public.get_or_insert_with(|| witness.public.clone());
        assert_eq!(*same, witness.public, "it keeps its key");
        // The other history's heads, at every size it may have, never get a signature once the
        // first beyond the fork has one.
        for size in 4..=signed.last().copied().unwrap_or(0) {
            let heard = witness.send(&step(size, size, true, vec![])).await;
            assert!(!matches!(heard, Some(Heard::Cosigned { .. })), "round {round}, size {size}");
        }
        let heard = witness.send(&step(0, 4, false, vec![])).await;
        let now = match heard {
            Some(Heard::Cosigned { .. }) => 4,
            Some(Heard::Size(size)) => size,
            other => panic!("round {round}: {other:?}"),
        };
        assert!(signed.last().is_none_or(|last| now >= *last), "round {round}: it went back");
        signed.push(now);
        // The kill falls somewhere into this request: before, between record and answer, after.
        let request = if now == 4 { one_more(4, false) } else { step(now, now, false, vec![]) };
        let pid = nix::unistd::Pid::from_raw(witness.child.id().try_into().unwrap());
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_micros(round * 120));
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL)
        });
        if let Some(Heard::Cosigned { .. }) = witness.send(&request).await {
            signed.push(if now == 4 { 5 } else { now });
        }
        killer.join().unwrap().unwrap();
        witness.child.wait().unwrap();
    }
    assert!(signed.windows(2).all(|pair| pair[0] <= pair[1]), "{signed:?}");
}
