//! The tidy test: the structure that ARCHITECTURE.md promises, read from `cargo metadata` and from
//! the sources themselves.
//!
//! It fails on a dependency edge that the picture does not have, on a file without a `//!` header,
//! on a clock or randomness in a pure crate or module, on a simulator outside the demo, and on
//! anything at the top level that should not be there.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Which of our crates each of them may use, tests and benches aside.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("gatewarden-model", &[][..]),
        ("gatewarden-stock", &["gatewarden-model"]),
        ("gatewarden-proof", &["gatewarden-model"]),
        ("gatewarden-verify", &["gatewarden-proof"]),
        ("gatewarden-identity", &["gatewarden-model"]),
        ("gatewarden-portal", &["gatewarden-model"]),
        ("gatewarden-rules", &["gatewarden-model"]),
        ("gatewarden-workflow", &["gatewarden-model", "gatewarden-rules"]),
        ("gatewarden-documents", &["gatewarden-model"]),
        ("gatewarden-planning", &["gatewarden-model"]),
        ("gatewarden-notices", &["gatewarden-model"]),
        (
            "gatewarden-engine",
            &[
                "gatewarden-model",
                "gatewarden-stock",
                "gatewarden-identity",
                "gatewarden-rules",
                "gatewarden-workflow",
                "gatewarden-documents",
                "gatewarden-planning",
            ],
        ),
        ("gatewarden-store", &["gatewarden-model", "gatewarden-stock", "gatewarden-proof"]),
        ("gatewarden-llrp", &["gatewarden-model"]),
        ("gatewarden-tls", &[]),
        ("gatewarden-impinj-iot", &["gatewarden-model", "gatewarden-tls"]),
        ("gatewarden-zebra-iot", &["gatewarden-model", "gatewarden-tls"]),
        ("gatewarden-scanner", &["gatewarden-model"]),
        ("gatewarden-modbus", &["gatewarden-model"]),
        ("gatewarden-hid", &["gatewarden-model"]),
        ("gatewarden-wedge", &["gatewarden-model"]),
        ("gatewarden-zpl", &["gatewarden-model"]),
        ("gatewarden-uhf-serial", &["gatewarden-model"]),
        ("gatewarden-adapters", &["gatewarden-model"]),
        (
            "gatewarden-config",
            &[
                "gatewarden-model",
                "gatewarden-rules",
                "gatewarden-workflow",
                "gatewarden-documents",
                "gatewarden-notices",
            ],
        ),
        (
            "gatewarden-simulators",
            &["gatewarden-model", "gatewarden-llrp", "gatewarden-scanner", "gatewarden-uhf-serial"],
        ),
        (
            "gatewarden",
            &[
                "gatewarden-model",
                "gatewarden-stock",
                "gatewarden-proof",
                "gatewarden-verify",
                "gatewarden-identity",
                "gatewarden-portal",
                "gatewarden-rules",
                "gatewarden-workflow",
                "gatewarden-documents",
                "gatewarden-planning",
                "gatewarden-notices",
                "gatewarden-engine",
                "gatewarden-store",
                "gatewarden-llrp",
                "gatewarden-impinj-iot",
                "gatewarden-zebra-iot",
                "gatewarden-scanner",
                "gatewarden-modbus",
                "gatewarden-hid",
                "gatewarden-wedge",
                "gatewarden-zpl",
                "gatewarden-uhf-serial",
                "gatewarden-adapters",
                "gatewarden-config",
                "gatewarden-simulators",
            ],
        ),
        ("gatewarden-tests", &["gatewarden-simulators", "gatewarden-model"]),
    ])
}

/// Crates without I/O, clocks and randomness.
const PURE: [&str; 11] = [
    "gatewarden-model",
    "gatewarden-stock",
    "gatewarden-proof",
    "gatewarden-identity",
    "gatewarden-portal",
    "gatewarden-rules",
    "gatewarden-workflow",
    "gatewarden-documents",
    "gatewarden-planning",
    "gatewarden-notices",
    "gatewarden-engine",
];

/// What a pure crate never depends on.
const IMPURE: [&str; 9] = [
    "tokio",
    "reqwest",
    "rusqlite",
    "rand",
    "getrandom",
    "jiff",
    "axum",
    "rumqttc",
    "tracing-subscriber",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Name and normal (not dev) dependencies of every member.
fn members() -> Vec<(String, Vec<String>)> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let normal = |d: &&Value| d["kind"].is_null() || d["kind"] == "build";
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let names =
                dependencies.iter().filter(normal).map(|d| d["name"].as_str().unwrap().into());
            (package["name"].as_str().unwrap().into(), names.collect())
        })
        .collect()
}

#[test]
fn dependencies_go_one_way() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for (name, dependencies) in members() {
        let Some(mine) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name}: add it to the picture in ARCHITECTURE.md and here"));
            continue;
        };
        let ours = dependencies.iter().filter(|d| d.starts_with("gatewarden"));
        for edge in ours.filter(|d| !mine.contains(&d.as_str())) {
            wrong.push(format!("{name} may not use {edge}"));
        }
        if PURE.contains(&name.as_str()) {
            for impure in dependencies.iter().filter(|d| IMPURE.contains(&d.as_str())) {
                wrong.push(format!("{name} is pure and may not use {impure}"));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden dependency edges:\n{}", wrong.join("\n"));
}

#[test]
fn the_customer_s_packages_are_used() {
    let used: BTreeSet<String> = members().into_iter().flat_map(|(_, d)| d).collect();
    for package in [
        "tokio",
        "tokio-serial",
        "rumqttc",
        "tokio-modbus",
        "hidapi",
        "rusqlite",
        "serde",
        "reqwest",
        "tracing",
        "systemd-journal-logger",
    ] {
        assert!(used.contains(package), "{package} is asked for by the customer and not used");
    }
}

/// Files that git knows or would add, so that build products don't count.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(PathBuf::from).filter(|p| root().join(p).is_file()).collect()
}

fn rust_files() -> Vec<(PathBuf, String)> {
    let rust = files().into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs"));
    rust.map(|p| (p.clone(), fs::read_to_string(root().join(&p)).unwrap())).collect()
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.trim_start_matches("#![no_main]").trim_start().starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "files without a //! header:\n{}", silent.join("\n"));
}

/// The part of a file before its tests.
fn before_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn pure_code_takes_time_and_randomness_as_arguments() {
    let pure_file = |path: &Path| {
        let text = path.to_string_lossy();
        let codec_or_session = text.starts_with("drivers/")
            && ["codec", "session"].iter().any(|part| {
                text.contains(&format!("/src/{part}/"))
                    || text.ends_with(&format!("/src/{part}.rs"))
            });
        let map = text.starts_with("erp-adapters/src/") && text.ends_with("/map.rs");
        text.starts_with("ledger/model/src")
            || text.starts_with("ledger/stock/src")
            || text.starts_with("ledger/proof/src")
            || text.starts_with("ledger/identity/src")
            || text.starts_with("ledger/portal/src")
            || text.starts_with("ledger/engine/src")
            || codec_or_session
            || map
    };
    let mut wrong = Vec::new();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| pure_file(path)) {
        for clock in ["Instant::now", "SystemTime::now", "rand::", "Uuid::new_v4", "Uuid::now_v7"] {
            if before_tests(&text).contains(clock) {
                wrong.push(format!("{}: {clock}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "clocks or randomness in pure code:\n{}", wrong.join("\n"));
}

#[test]
fn simulators_stay_in_the_demo_and_use_codecs_only() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files() {
        let name = path.to_string_lossy();
        let demo = name.starts_with("daemon/src/demo") || name.starts_with("daemon/src/bench");
        if name.starts_with("daemon/src") && !demo && text.contains("gatewarden_simulators") {
            wrong.push(format!("{name} uses the simulators"));
        }
        let session = ["gatewarden_llrp::session", "gatewarden_llrp::task", "gatewarden_llrp::run"];
        let session = session.into_iter().chain([
            "gatewarden_uhf_serial::session",
            "gatewarden_uhf_serial::run",
            "gatewarden_scanner::session",
            "gatewarden_scanner::ssi::session",
            "gatewarden_scanner::run",
        ]);
        if name.starts_with("simulators/src") && session.clone().any(|s| text.contains(s)) {
            wrong.push(format!("{name} uses a driver beyond its codec"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ledger_knows_no_floats() {
    let float = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|w| w == "f32" || w == "f64")
    };
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|(path, text)| {
            // The writer of canonical bytes names them in two methods, to refuse them.
            let writer = path.ends_with("canonical/writer.rs");
            let refuses = |line: &str| writer && line.contains("fn serialize_f");
            let ledger = path.starts_with("ledger") && path.to_string_lossy().contains("/src/");
            ledger && text.lines().any(|line| !refuses(line) && float(line))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "floats in the ledger:\n{}", wrong.join("\n"));
}

#[test]
fn the_top_level_is_as_agreed() {
    let agreed = BTreeSet::from([
        "Cargo.toml",
        "Cargo.lock",
        "daemon",
        "drivers",
        "erp-adapters",
        "config",
        "simulators",
        "systemd",
        "tests",
        "README.md",
        "ledger",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "rustfmt.toml",
        "deny.toml",
        ".cargo",
        ".ci",
        ".gitignore",
    ]);
    let found: BTreeSet<String> = files()
        .iter()
        .filter_map(|p| Some(p.components().next()?.as_os_str().to_string_lossy().into_owned()))
        .collect();
    let extra: Vec<_> = found.iter().filter(|name| !agreed.contains(name.as_str())).collect();
    let missing: Vec<_> = agreed.iter().filter(|name| !found.contains(**name)).collect();
    assert!(extra.is_empty() && missing.is_empty(), "extra {extra:?}, missing {missing:?}");
}

#[test]
fn no_path_of_a_machine_and_no_ignored_test() {
    let mut wrong = Vec::new();
    let marks = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["#[ig", "nore"].concat()];
    for path in files() {
        if path.file_name().is_some_and(|n| n == "Cargo.lock") {
            continue;
        }
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for mark in marks.iter().filter(|m| text.contains(m.as_str())) {
            wrong.push(format!("{}: {mark}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What answers with `Json` of something else than what the mask made: people, keys and the system's
/// own state, which hold no field of a document, and refusals.
const UNMASKED: [&str; 9] = [
    "changes.rs",
    "factors.rs",
    "gate.rs",
    "json.rs",
    "keys.rs",
    "people.rs",
    "problem.rs",
    "reviews.rs",
    "system.rs",
];
/// Types of the ledger that hold fields of documents, and what tells of them.
const FIELDED: [&str; 13] = [
    "Entry",
    "Movement",
    "MovementLine",
    "Posting",
    "PostingLine",
    "Task",
    "TaskState",
    "Reservation",
    "Balance",
    "Row",
    "Aged",
    "Voucher",
    "DeliveryRow",
];

/// Answers about documents, stock and the journal are `Json<Masked<…>>`, which only the mask makes; no
/// handler puts JSON together by itself, and none takes a masked value apart again.
#[test]
fn handlers_answer_what_the_mask_made() {
    let (mut wrong, mut handlers) = (vec![], 0);
    for (path, text) in rust_files() {
        let Ok(name) = path.strip_prefix("daemon/src/api") else { continue };
        let (name, text) = (name.to_string_lossy().into_owned(), before_tests(&text).to_owned());
        if UNMASKED.contains(&name.as_str()) {
            let words = || text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let found = FIELDED.iter().filter(|fielded| words().any(|word| word == **fielded));
            wrong.extend(found.map(|one| format!("{name} may not know {one}: it does not mask")));
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let typed = code.split("Json<").skip(1).any(|rest| !rest.starts_with("Masked<"));
            let made = code.contains("Json(") && name != "mask.rs";
            let apart = code.contains("into_inner") || code.contains("json!(");
            let raw = code.contains("serde_json");
            handlers += usize::from(code.contains("Json<Masked<"));
            if typed || made || apart || raw {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(
        handlers >= 20,
        "only {handlers} masked answers are found: is this test looking there?"
    );
    assert!(wrong.is_empty(), "answers that pass by the mask:\n{}", wrong.join("\n"));
}
