//! One connection to PostgreSQL: opened with bounded waits, its statements prepared once.
//!
//! Promises: every wait ends (connecting, a statement, a lock, a dead peer); a connection that broke
//! says so and is not used again; the calls may come from any thread, also from one that drives
//! asynchronous tasks. Absent: transactions as objects (`BEGIN` and `COMMIT` are statements like any
//! other), pools, deciding when to try again.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use postgres::{Client, NoTls, Row, Statement, types::ToSql};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::{PgAddress, Tls},
    error::{away, refused},
};
use crate::StoreError;

/// What a statement is given.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Most statements kept prepared.
const PREPARED_MAX: usize = 256;

/// How long the server lets things take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// One statement.
    pub(crate) statement: Duration,
    /// Waiting for a lock.
    pub(crate) lock: Duration,
}

impl Limits {
    /// For the recorder, whom many wait for. It asks again a few times, in all for longer than a
    /// gateway that broke off in the middle keeps its locks (`idle_in_transaction_session_timeout`).
    pub(crate) const WRITER: Self =
        Self { statement: Duration::from_secs(60), lock: Duration::from_secs(3) };
    /// For a query of the API or the command line.
    pub(crate) const READER: Self =
        Self { statement: Duration::from_secs(60), lock: Duration::from_secs(10) };
}

/// A connection.
pub(crate) struct Link {
    /// None once it broke.
    client: Option<Client>,
    prepared: HashMap<&'static str, Statement>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("open", &self.client.is_some()).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects, under an application name that others see beside the session.
    pub(crate) fn open(
        address: &PgAddress,
        application: &str,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let config = address.config(application);
        let client = outside(|| match address.tls() {
            Tls::Off => config.connect(NoTls).map_err(|error| away(address, &error)),
            Tls::Verified { roots } => config
                .connect(MakeRustlsConnect::new(tls(roots.as_deref())?))
                .map_err(|error| away(address, &error)),
        })?;
        let mut link = Self { client: Some(client), prepared: HashMap::new() };
        let Limits { statement, lock } = limits;
        link.batch(&format!(
            "SET search_path = gatewarden, pg_temp;
             SET default_transaction_isolation = 'read committed';
             SET statement_timeout = {}; SET lock_timeout = {};
             SET idle_in_transaction_session_timeout = 15000;
             SET client_connection_check_interval = 5000;
             SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5;
             SET tcp_keepalives_count = 3;",
            statement.as_millis(),
            lock.as_millis(),
        ))?;
        Ok(link)
    }

    /// The rows of a query.
    pub(crate) fn query(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.on(|client, prepared| {
            let statement = prepare(client, prepared, sql)?;
            client.query(&statement, values)
        })
    }

    /// The rows of a query that is asked once: not kept prepared.
    pub(crate) fn once(&mut self, sql: &str) -> Result<Vec<Row>, StoreError> {
        self.on(|client, _| client.query(sql, &[]))
    }

    /// The first row of a query, if there is one.
    pub(crate) fn first(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) fn execute(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<u64, StoreError> {
        self.on(|client, prepared| {
            let statement = prepare(client, prepared, sql)?;
            client.execute(&statement, values)
        })
    }

    /// Runs statements that take nothing and answer nothing.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.on(|client, _| client.batch_execute(sql))
    }

    fn on<T: Send>(
        &mut self,
        work: impl FnOnce(
            &mut Client,
            &mut HashMap<&'static str, Statement>,
        ) -> Result<T, postgres::Error>
        + Send,
    ) -> Result<T, StoreError> {
        let prepared = &mut self.prepared;
        let Some(client) = &mut self.client else {
            return Err(StoreError::Away("the connection broke".into()));
        };
        let done = outside(|| work(client, prepared).map_err(|error| refused(&error)));
        if matches!(done, Err(StoreError::Away(_))) {
            self.close();
        }
        done
    }

    fn close(&mut self) {
        self.prepared.clear();
        if let Some(client) = self.client.take() {
            outside(|| drop(client));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

fn prepare(
    client: &mut Client,
    prepared: &mut HashMap<&'static str, Statement>,
    sql: &'static str,
) -> Result<Statement, postgres::Error> {
    if let Some(statement) = prepared.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql)?;
    if prepared.len() < PREPARED_MAX {
        prepared.insert(sql, statement.clone());
    }
    Ok(statement)
}

/// Runs blocking work where blocking is allowed: the client drives a small runtime of its own, which
/// must not be entered from a thread that drives another.
fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// TLS with a certificate that is checked, against the system's roots or those of a PEM file.
fn tls(roots: Option<&std::path::Path>) -> Result<ClientConfig, StoreError> {
    let fail = |why: String| StoreError::Address { why };
    let mut store = RootCertStore::empty();
    match roots {
        Some(path) => {
            let name = path.display();
            let list = CertificateDer::pem_file_iter(path)
                .map_err(|error| fail(format!("sslrootcert {name}: {error}")))?;
            for certificate in list {
                let certificate =
                    certificate.map_err(|error| fail(format!("sslrootcert {name}: {error}")))?;
                store
                    .add(certificate)
                    .map_err(|error| fail(format!("sslrootcert {name}: {error}")))?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() {
        return Err(fail("there is no trusted root certificate: give sslrootcert=FILE".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(format!("TLS can't be set up: {error}")))?
        .with_root_certificates(store)
        .with_no_client_auth())
}
