//! The way to PostgreSQL: passwords by SCRAM-SHA-256, TLS with a certificate that is checked, and
//! refusals that say what to do and never a password.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    cluster::{ADMIN, Cluster},
    group, options, started, tls,
};
use gatewarden_store::{
    Ledger, LedgerReader, StoreError,
    postgres::{PgAddress, prepare, set_password},
};

const PASSWORD: &str = "correct horse / \"battery\" \u{fc} 'staple'";

/// A lane for `gw-1`, whose role has the password; the database.
fn lane(cluster: &Cluster) -> String {
    let database = cluster.database();
    let admin = PgAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
    let made = prepare(&admin, "gw-1", None).unwrap();
    set_password(&admin, &made.role, PASSWORD).unwrap();
    database
}

/// The database over TCP, to a host by one of its names.
fn address(cluster: &Cluster, database: &str, host: &str, more: &str, password: &str) -> PgAddress {
    let port = cluster.port();
    let url = format!("postgres://gatewarden_gw_1@{host}:{port}/{database}{more}");
    PgAddress::parse(&url).unwrap().with_password(Some(password.to_owned()))
}

/// Whether the open connections of the gateway are encrypted.
fn encrypted(cluster: &Cluster) -> String {
    let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE usename = 'gatewarden_gw_1'";
    cluster.sql(ADMIN, "postgres", sql).unwrap()
}

fn refusal(address: PgAddress) -> String {
    let address = gatewarden_store::LedgerAddress::Postgres(Box::new(address));
    let error = LedgerReader::open(&address).unwrap_err();
    assert!(matches!(error, StoreError::Away(_) | StoreError::Address { .. }), "{error:?}");
    let told = format!("{error} {error:?}");
    assert!(!told.contains("horse") && !told.contains("hunter2"), "{told}");
    told
}

fn works(address: PgAddress) -> Ledger {
    let address = gatewarden_store::LedgerAddress::Postgres(Box::new(address));
    let mut ledger = Ledger::open(&address, options()).unwrap();
    assert!(!ledger.is_away());
    let next = started(ledger.next_seq());
    ledger.append(&group(vec![next])).unwrap();
    assert!(ledger.reader().unwrap().len().unwrap() > 0);
    ledger
}

#[test]
fn a_trusted_certificate_and_the_right_password_get_in_and_nothing_else() {
    let Some((cluster, authority)) = tls::cluster() else { return };
    let database = lane(&cluster);
    let pinned = format!("?sslrootcert={}", authority.display());
    let ledger = works(address(&cluster, &database, "localhost", &pinned, PASSWORD));
    assert_eq!(encrypted(&cluster), "t");
    drop(ledger);
    let plain = works(address(&cluster, &database, "localhost", "?sslmode=disable", PASSWORD));
    assert_eq!(encrypted(&cluster), "f", "asked for, on this machine");
    drop(plain);

    let wrong = refusal(address(&cluster, &database, "localhost", &pinned, "hunter2"));
    let words = "does not let this gateway in: password authentication failed for user \
        \"gatewarden_gw_1\": see to [ledger] password, or PGPASSWORD";
    assert!(wrong.contains(words), "{wrong}");
    let none = PgAddress::parse(&format!(
        "postgres://gatewarden_gw_1@localhost:{}/{database}{pinned}",
        cluster.port()
    ));
    let none = refusal(none.unwrap());
    assert!(none.contains("password missing: it wants one: give [ledger] password"), "{none}");

    tls::authority(cluster.folder(), "stranger");
    let stranger = format!("?sslrootcert={}", cluster.folder().join("stranger.pem").display());
    let told = refusal(address(&cluster, &database, "localhost", &stranger, PASSWORD));
    let words = "UnknownIssuer: no trusted root signed the server's certificate: name its CA's \
        with sslrootcert=FILE";
    assert!(told.contains(words), "{told}");
    let told = refusal(address(&cluster, &database, "localhost", "?sslmode=verify-full", PASSWORD));
    assert!(told.contains("UnknownIssuer"), "nor did any of the system's: {told}");
    let told = refusal(address(&cluster, &database, "127.0.0.1", &pinned, PASSWORD));
    assert!(told.contains("certificate not valid for name \"127.0.0.1\""), "{told}");
    let missing = format!("?sslrootcert={}", cluster.folder().join("none.pem").display());
    let told = refusal(address(&cluster, &database, "localhost", &missing, PASSWORD));
    assert!(told.contains("sslrootcert") && told.contains("none.pem"), "{told}");
    let log = cluster.log();
    assert!(log.contains("ALTER ROLE gatewarden_gw_1 PASSWORD 'SCRAM-SHA-256$"), "{log}");
    assert!(!log.contains("horse") && !log.contains("hunter2"), "no log has a password");
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let Some(cluster) = Cluster::start_on_port(|_| vec![]) else { return };
    let database = lane(&cluster);
    let more = "?sslmode=verify-full";
    let told = refusal(address(&cluster, &database, "localhost", more, PASSWORD));
    let words =
        "server does not support TLS: turn it on there (ssl = on), or write sslmode=disable";
    assert!(told.contains(words), "{told}");
    drop(works(address(&cluster, &database, "localhost", "", PASSWORD)));
    for bad in ["", "two\nlines", "a\0b"] {
        let admin = PgAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
        let error = set_password(&admin, "gatewarden_gw_1", bad).unwrap_err().to_string();
        assert!(error.contains("can't be used: it is one line"), "{error}");
    }
    let admin = PgAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
    set_password(&admin, "gatewarden_gw_1", "another").unwrap();
    let told = refusal(address(&cluster, &database, "localhost", "", PASSWORD));
    assert!(told.contains("password authentication failed"), "{told}");
    drop(works(address(&cluster, &database, "localhost", "", "another")));
}
