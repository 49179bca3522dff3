//! A new ledger for a test, in a file or on PostgreSQL: the same test bodies run on both.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

use gatewarden_store::{
    Ledger, LedgerAddress, LedgerReader, OpenOptions,
    postgres::{PgAddress, prepare},
};
use tempfile::TempDir;

use super::cluster::{self, ADMIN, Cluster};

/// A place for a ledger.
pub struct Home {
    /// Goes away with the ledger.
    _folder: Option<TempDir>,
    address: LedgerAddress,
}

impl Home {
    /// A file.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = LedgerAddress::Sqlite(folder.path().join("ledger.db"));
        Self { _folder: Some(folder), address }
    }

    /// A lane for `gw-1` in a new database; none where PostgreSQL is not installed.
    pub fn postgres() -> Option<Self> {
        let cluster = cluster::shared()?;
        let database = cluster.database();
        Some(Self { _folder: None, address: lane(cluster, &database, 1) })
    }

    /// Where it is.
    pub fn address(&self) -> &LedgerAddress {
        &self.address
    }

    /// The writer.
    pub fn open(&self, options: OpenOptions) -> Ledger {
        Ledger::open(&self.address, options).unwrap()
    }

    /// A reader.
    pub fn reader(&self) -> LedgerReader {
        LedgerReader::open(&self.address).unwrap()
    }
}

/// Makes a lane for the gateway `gw-N`, for its own role.
pub fn lane(cluster: &Cluster, database: &str, n: u32) -> LedgerAddress {
    let admin = PgAddress::parse(&cluster.url(ADMIN, database)).unwrap();
    let made = prepare(&admin, &format!("gw-{n}"), None).unwrap();
    LedgerAddress::parse(&cluster.url(&made.role, database)).unwrap()
}

/// Makes a test for each database out of a body that takes a `&Home`.
#[macro_export]
macro_rules! on_both {
    ($(fn $name:ident($home:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                fn body($home: &common::home::Home) $body

                #[test]
                fn sqlite() {
                    body(&common::home::Home::sqlite());
                }

                #[test]
                fn postgres() {
                    if let Some(home) = common::home::Home::postgres() {
                        body(&home);
                    }
                }
            }
        )*
    };
}
