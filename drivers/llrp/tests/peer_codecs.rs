//! Our codec against those of others, pyllrp and llrpkit: every type they know, in both directions.
//!
//! One process of `peers/llrp_oracle.py` for both. Differences that are known are named here, with who is right.
//! `GATEWARDEN_PEERS` names a Python venv with `llrpkit==0.3.0 pyllrp==3.1.1`; `tests/run` makes it. Without it
//! there is no peer to test against, and the test says so.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use gatewarden_llrp::codec::{Message, MessageKind, Node, Value, decode_frame, explain};
use serde_json::{Value as Json, json};

#[path = "common/dice.rs"]
mod dice;

use dice::{Dice, Known, all_messages, all_params};

/// Fields that only we have, since both know LLRP 1.0.1 only: type, field, why (LLRP 1.1, clause 17.2).
const ONLY_OURS: &[(&str, &str, &str)] = &[
    ("C1G2LLRPCapabilities", "CanSupportBlockPermalock", "LLRP 1.1; reserved bits in 1.0.1"),
    ("C1G2LLRPCapabilities", "CanSupportTagRecommissioning", "LLRP 1.1; reserved bits in 1.0.1"),
    ("C1G2LLRPCapabilities", "CanSupportUMIMethod2", "LLRP 1.1; reserved bits in 1.0.1"),
    ("C1G2LLRPCapabilities", "CanSupportXPC", "LLRP 1.1; reserved bits in 1.0.1"),
    ("C1G2EPCMemorySelector", "EnableXPCBits", "LLRP 1.1; a reserved bit in 1.0.1"),
    ("C1G2TagInventoryStateAwareSingulationAction", "SAll", "LLRP 1.1; a reserved bit in 1.0.1"),
];

struct Oracle {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Oracle {
    fn start() -> Option<Self> {
        let Some(venv) = std::env::var_os("GATEWARDEN_PEERS").map(PathBuf::from) else {
            eprintln!(
                "skipped: GATEWARDEN_PEERS names no venv with pyllrp and llrpkit (tests/run makes one)"
            );
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/llrp_oracle.py");
        let mut child = Command::new(venv.join("bin/python"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, to, from })
    }

    fn ask(&mut self, question: &Json) -> Json {
        writeln!(self.to, "{question}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The types of `peer`: messages, parameters.
    fn known(&mut self, peer: &str) -> [Known; 2] {
        let answer = self.ask(&json!({"peer": peer, "op": "known"}));
        ["messages", "params"].map(|which| {
            let rows: Vec<(u16, Option<u32>, Option<u16>)> =
                serde_json::from_value(answer[which].clone()).unwrap();
            rows.into_iter().map(|(kind, vendor, sub)| (vendor, sub.unwrap_or(kind))).collect()
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// A name as all of us would write it: C1G2_PC, c1g2pc and C1G2PC are one.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}

/// A value as JSON, and its name if it has one.
fn value(value: &Value) -> (Json, Option<&'static str>) {
    match value {
        Value::Number(number) => (json!(number), None),
        Value::Signed(number) => (json!(number), None),
        Value::Flag(flag) => (json!(u8::from(*flag)), None),
        Value::Named(number, name) => (json!(number), Some(*name)),
        Value::Text(text) => (json!(text), None),
        Value::Bytes(bytes) | Value::Bits(_, bytes) => (json!(hex(bytes)), None),
        Value::List(list) => (json!(list), None),
    }
}

/// A list of bytes is one of numbers to some, to others hexadecimal digits.
fn same(ours: &Json, theirs: &Json) -> bool {
    ours == theirs
        || match (ours.as_array(), theirs.as_str()) {
            (Some(list), Some(text)) => {
                let bytes: Option<Vec<u8>> =
                    list.iter().map(|item| item.as_u64()?.try_into().ok()).collect();
                bytes.is_some_and(|bytes| hex(&bytes) == text)
            }
            _ => false,
        }
}

/// What differs between our tree and a peer's.
fn differences(peer: &str, node: &Node, tree: &Json, found: &mut Vec<String>) {
    let at = format!("{peer}: {}", node.name);
    if plain(node.name) != plain(tree[0].as_str().unwrap()) {
        found.push(format!("{at} is {} there", tree[0]));
        return;
    }
    let mine = node.fields.iter().filter(|(name, _)| {
        *name != "Reserved"
            && !ONLY_OURS.iter().any(|(of, field, _)| (of, field) == (&node.name, name))
    });
    let mine: Vec<_> = mine.collect();
    let theirs = tree[1].as_array().unwrap();
    if mine.len() != theirs.len() {
        found.push(format!("{at}: {:?} is {} there", node.fields, tree[1]));
        return;
    }
    for ((name, ours), theirs) in mine.into_iter().zip(theirs) {
        let (number, label) = value(ours);
        let other = theirs[0].as_str().unwrap();
        if plain(name) != plain(other) {
            found.push(format!("{at}.{name} is called {other}"));
        }
        if !same(&number, &theirs[1]) {
            found.push(format!("{at}.{name} = {number} is {} there", theirs[1]));
        }
        if let (Some(label), Some(other)) = (label, theirs[2].as_str())
            && plain(label) != plain(other)
        {
            found.push(format!("{at}.{name} = {label} is called {other}"));
        }
    }
    let below = tree[2].as_array().unwrap();
    if node.params.len() != below.len() {
        let ours: Vec<_> = node.params.iter().map(|node| node.name).collect();
        let theirs: Vec<_> = below.iter().map(|tree| tree[0].to_string()).collect();
        found.push(format!("{at} has {ours:?}, there {theirs:?}"));
        return;
    }
    let (mut mine, mut below): (Vec<_>, Vec<_>) =
        (node.params.iter().collect(), below.iter().collect());
    if peer == "llrpkit" {
        // It sorts what it reads into slots by type, so their order among one another is not to be had from it.
        mine.sort_by_key(|node| plain(node.name));
        below.sort_by_key(|tree| tree[0].as_str().map(plain));
    }
    mine.iter().zip(below).for_each(|(node, tree)| differences(peer, node, tree, found));
}

/// One message of each type that the peer knows, and one report with each parameter.
fn ours([messages, params]: &[Known; 2], seed: u64) -> Vec<Message> {
    let mut dice = Dice::for_peer(seed, params.clone());
    let mut all = Vec::new();
    for (vendor, def) in all_messages() {
        if messages.contains(&(vendor, def.kind)) {
            all.push(dice.message(vendor, def));
        }
    }
    for (vendor, def) in all_params() {
        if params.contains(&(vendor, def.kind)) {
            let mut message = Message::new(MessageKind::RO_ACCESS_REPORT, 7);
            message.params.push(dice.param(vendor, def, 3));
            all.push(message);
        }
    }
    all
}

fn they_read_what_we_write(oracle: &mut Oracle, peer: &str) -> Vec<String> {
    let known = oracle.known(peer);
    let mut found = Vec::new();
    for seed in 0..2 {
        let all = ours(&known, seed);
        assert!(all.len() > 150, "{} types of {peer}", all.len());
        for message in all {
            let bytes = message.encode().unwrap();
            let tree = explain(&bytes).unwrap().unwrap();
            let answer = oracle.ask(&json!({"peer": peer, "op": "decode", "hex": hex(&bytes)}));
            match answer.get("tree") {
                Some(theirs) => differences(peer, &tree.message, theirs, &mut found),
                None => found.push(format!("{peer} cannot read {tree}: {answer}")),
            }
        }
    }
    found
}

fn we_read_what_they_write(oracle: &mut Oracle, peer: &str) -> Vec<String> {
    let mut found = Vec::new();
    for seed in 1..3 {
        let answer = oracle.ask(&json!({"peer": peer, "op": "make", "seed": seed}));
        let made = answer["made"].as_array().unwrap_or_else(|| panic!("{peer}: {answer}"));
        assert!(made.len() > 150, "{} types of {peer}", made.len());
        for one in made {
            let bytes = unhex(one["hex"].as_str().unwrap());
            let (message, used) = decode_frame(&bytes).unwrap().unwrap();
            assert_eq!(used, bytes.len());
            let tree = explain(&bytes).unwrap().unwrap();
            differences(peer, &tree.message, &one["tree"], &mut found);
            assert_eq!(hex(&message.encode().unwrap()), hex(&bytes), "{peer}: {tree}");
            assert_eq!(tree.to_message().unwrap(), message, "{peer}: {tree}");
        }
    }
    found
}

#[test]
fn codecs_of_others_agree_with_ours() {
    let Some(mut oracle) = Oracle::start() else { return };
    let mut found = Vec::new();
    for peer in ["pyllrp", "llrpkit"] {
        found.extend(they_read_what_we_write(&mut oracle, peer));
        found.extend(we_read_what_they_write(&mut oracle, peer));
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}
