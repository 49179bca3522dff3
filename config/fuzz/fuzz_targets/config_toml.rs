//! Any bytes as a configuration file: no panic, and a configuration or at least one error.
#![no_main]

use std::{
    io,
    path::{Path, PathBuf},
};

use gatewarden_config::{Environment, Severity, parse, render};
use libfuzzer_sys::fuzz_target;

/// Surroundings where every secret can be read, and nothing outside is touched.
struct Made;

impl Environment for Made {
    fn var(&self, _: &str) -> Option<String> {
        Some("secret".to_owned())
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(b"secret\n".to_vec())
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/credentials"))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let checked = parse(Path::new("fuzz.toml"), bytes, &Made);
    let bad = checked.mistakes.iter().any(|m| m.severity == Severity::Error);
    assert_eq!(checked.config.is_none(), bad);
    let _ = render(&checked.mistakes, &checked.source);
});
