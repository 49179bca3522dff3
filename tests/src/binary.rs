//! Finds the program under test: `GATEWARDEN_BIN`, else the one beside this test's own executable,
//! built once a process so that it is never older than its sources.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The repository's root.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("/"))
}

/// The `gatewarden` executable.
///
/// # Panics
/// Where it can't be built.
#[must_use]
pub fn gatewarden() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        env::var_os("GATEWARDEN_BIN").map_or_else(|| build("gatewarden"), PathBuf::from)
    })
}

/// The `gatewarden-verify` executable, which checks a proof without database and network.
///
/// # Panics
/// Where it can't be built.
#[must_use]
pub fn verifier() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("gatewarden-verify"))
}

/// Runs the first verifier, in Rust, and where it can run the second, in Python: what each says of a
/// proof, and whether it passed. The Python is that of the peers that `tests/run` prepares.
///
/// # Panics
/// Where a verifier can't be started, or a prepared peer lacks what it needs.
#[must_use]
pub fn verify_proof(keys: &Path, proof: &Path) -> Vec<(bool, String)> {
    let said = |command: &mut Command| {
        let output = command.output().expect("a verifier can be started");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut first = Command::new(verifier());
    let mut all = vec![said(first.arg("--keys").args([keys, proof]).env_clear())];
    let peers = env::var_os("GATEWARDEN_PEERS");
    let python = peers.as_ref().map_or("python3".into(), |at| Path::new(at).join("bin/python3"));
    let imports = Command::new(&python).args(["-c", "import cryptography"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        let script = root().join("tests/verify_proof.py");
        all.push(said(Command::new(&python).arg(script).args([keys, proof])));
    } else {
        assert!(peers.is_none(), "the peers lack `cryptography`");
        eprintln!("SKIPPED: no python3 with `cryptography`; tests/run prepares one");
    }
    all
}

/// Test executables lie in `target/PROFILE/deps`, programs one folder above.
fn build(package: &str) -> PathBuf {
    let own = env::current_exe().expect("a running test has an executable");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "-p", package, "--bin", package]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(root()).status().expect("cargo can be started");
    assert!(built.success(), "{package} could not be built");
    folder.join(package)
}
