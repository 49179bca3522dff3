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
