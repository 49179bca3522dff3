//! `rebuild` and the migration of an older ledger, cut off at every write and flush: nothing is lost.

use std::{fs, path::Path};

use gatewarden_store::{Ledger, OpenOptions, StoreError, rebuild, vfs::Fault};

use crate::{
    common::{folder, options},
    plain::{PREPARED, posts_again, prepared},
    shim, whole,
};

/// What makes a ledger's tables anew, of a file with so many entries.
struct Work {
    entries: u64,
    prepare: fn(&Path),
    run: fn(&Path, Option<String>) -> Result<u64, StoreError>,
}

const REBUILD: Work = Work {
    entries: PREPARED,
    prepare: |path| {
        fs::copy(prepared(), path).unwrap();
    },
    run: |path, vfs| rebuild(path, vfs.as_deref()),
};

const MIGRATION: Work = Work {
    entries: 9,
    prepare: |path| {
        let old = rusqlite::Connection::open(path).unwrap();
        old.execute_batch(include_str!("../released/v1.sql")).unwrap();
    },
    run: |path, vfs| Ok(Ledger::open(path, OpenOptions { vfs, ..options() })?.next_seq()),
};

impl Work {
    /// Does it with a fault at the `k`-th operation; false where it was over before.
    fn cut_off(&self, k: u64, fault: Fault) -> bool {
        let (_folder, path) = folder();
        (self.prepare)(&path);
        let shim = shim();
        shim.arm(k, fault);
        let done = (self.run)(&path, Some(shim.name()));
        let reached = shim.counts().writes + shim.counts().syncs >= k;
        let fails = matches!(fault, Fault::Full | Fault::Broken);
        assert_eq!(shim.frozen(), reached && !fails);
        match done {
            Ok(entries) => assert_eq!(entries, self.entries),
            Err(error) => assert!(reached, "{fault:?} at {k}: {error:?}"),
        }
        assert_eq!(posts_again(&path), self.entries);
        shim.disarm();
        assert_eq!((self.run)(&path, None).unwrap(), self.entries);
        assert_eq!(whole(&path), self.entries);
        reached
    }

    fn cut_off_anywhere(&self) {
        let died = [Fault::Kill, Fault::PowerCut, Fault::Torn, Fault::Scattered];
        for fault in died.into_iter().chain([Fault::Full, Fault::Broken]) {
            let operations = (1..).take_while(|k| self.cut_off(*k, fault)).count();
            assert!(operations > 10, "{fault:?}: {operations} operations");
        }
    }
}

#[test]
fn a_rebuild_that_is_cut_off_at_any_operation_harms_nothing() {
    REBUILD.cut_off_anywhere();
}

#[test]
fn a_migration_that_is_cut_off_at_any_operation_harms_nothing() {
    MIGRATION.cut_off_anywhere();
}
