//! A wall clock that can be moved, for one daemon alone: Debian's `libfaketime` changes what its process
//! reads and leaves the monotonic clock as it is.

use std::{ffi::OsString, fs, path::Path};

use tempfile::TempDir;

const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// The clock; it goes as it should until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    library: &'static str,
    folder: TempDir,
}

impl FakeClock {
    /// One that goes right; none where the library is missing, which it says.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    #[must_use]
    pub fn new() -> Option<Self> {
        let Some(library) = LIBRARIES.into_iter().find(|path| Path::new(path).exists()) else {
            println!("apt-get install libfaketime to try this");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let clock = Self { library, folder };
        clock.set("+0");
        Some(clock)
    }

    /// The variables of a daemon that goes by it, for `Settings::env`.
    #[must_use]
    pub fn env(&self) -> Vec<(String, OsString)> {
        [
            ("LD_PRELOAD", self.library.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.folder.path().join("offset").into_os_string()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Moves it by so many seconds from the right time, as `-60`.
    ///
    /// # Panics
    /// Where that can't be written.
    pub fn set(&self, offset_s: &str) {
        let offset = self.folder.path().join("offset");
        fs::write(offset, format!("{}\n", offset_s.trim())).expect("a clock can be set");
    }
}
