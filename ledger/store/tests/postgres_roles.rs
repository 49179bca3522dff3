//! Roles on PostgreSQL: a gateway adds to its own lane and to nothing else; nobody changes a journal.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::cluster::{self, ADMIN, Cluster};
use gatewarden_store::postgres::{PgAddress, prepare};

/// A database with two gateways, whose lanes are 1 and 2.
fn two_gateways(cluster: &Cluster) -> String {
    let database = cluster.database();
    let admin = PgAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
    for (lane, gateway) in [(1, "gw-1"), (2, "gw-2")] {
        let made = prepare(&admin, gateway, None).unwrap();
        assert_eq!((made.lane, made.role), (lane, format!("gatewarden_gw_{lane}")));
    }
    database
}

const ENTRY: &str = "INSERT INTO gatewarden.entry (lane, seq, leaf, bytes) VALUES";
const LEAF: &str = "sha256('x')";

#[test]
fn a_gateway_adds_to_its_own_lane_only_and_changes_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    let database = two_gateways(cluster);
    let gateway = |sql: &str| cluster.sql("gatewarden_gw_1", &database, sql);
    gateway(&format!("{ENTRY} (1, 0, {LEAF}, '{{}}'), (1, 1, {LEAF}, '{{}}')")).unwrap();
    cluster.sql("gatewarden_gw_2", &database, &format!("{ENTRY} (2, 0, {LEAF}, '{{}}')")).unwrap();
    gateway("INSERT INTO gatewarden.cosignature (lane, size, name, line) VALUES (1, 1, 'w', 'x')")
        .unwrap();
    assert_eq!(
        gateway("SELECT lane, seq, position FROM gatewarden.entry ORDER BY 3").unwrap(),
        "1|0|0\n1|1|1\n2|0|2"
    );
    let refused = [
        format!("{ENTRY} (2, 1, {LEAF}, '{{}}')"),
        format!(
            "INSERT INTO gatewarden.entry (lane, seq, leaf, bytes, position) \
            VALUES (1, 2, {LEAF}, '{{}}', 99)"
        ),
        "SELECT setval('gatewarden.position', 7)".into(),
        "INSERT INTO gatewarden.lane (gateway, role) VALUES ('x', 'y')".into(),
        "INSERT INTO gatewarden.lane_key VALUES (2, 'stolen')".into(),
        "UPDATE gatewarden.lane SET role = 'gatewarden_gw_1'".into(),
        "CREATE TABLE gatewarden.mine (a int)".into(),
        "ALTER TABLE gatewarden.entry DISABLE ROW LEVEL SECURITY".into(),
        "ALTER TABLE gatewarden.entry DISABLE TRIGGER never".into(),
        "SET ROLE admin".into(),
        "SET SESSION AUTHORIZATION gatewarden_gw_2".into(),
        "INSERT INTO gatewarden.live VALUES (2, 'task', 0)".into(),
        "INSERT INTO gatewarden.credential VALUES (2, 'mueller', 'phc')".into(),
        "INSERT INTO gatewarden.cosignature (lane, size, name, line) VALUES (2, 1, 'w', 'x')"
            .into(),
        "INSERT INTO gatewarden.cosignature (lane, size, name, line, nth) \
            OVERRIDING SYSTEM VALUE VALUES (1, 1, 'w', 'x', 99)"
            .into(),
    ];
    for sql in &refused {
        let error = gateway(sql).expect_err(sql);
        let known = ["permission denied", "violates row-level security", "must be owner"];
        assert!(known.iter().any(|words| error.contains(words)), "{sql}: {error}");
    }
    let journal = ["lane_key", "entry", "node", "checkpoint", "cosignature"];
    for table in journal.into_iter().chain(["movement_index", "subject", "news"]) {
        for sql in [
            format!("UPDATE gatewarden.{table} SET lane = lane"),
            format!("DELETE FROM gatewarden.{table}"),
            format!("TRUNCATE gatewarden.{table} CASCADE"),
        ] {
            let error = gateway(&sql).expect_err(&sql);
            assert!(error.contains("permission denied"), "{sql}: {error}");
        }
    }
    for table in journal {
        for sql in [
            format!("UPDATE gatewarden.{table} SET lane = lane"),
            format!("DELETE FROM gatewarden.{table}"),
            format!("TRUNCATE gatewarden.{table}"),
        ] {
            let error = cluster.sql(ADMIN, &database, &sql).expect_err(&sql);
            assert!(error.contains("the journal is never changed"), "{sql}: {error}");
        }
    }
}

#[test]
fn pin_hashes_are_read_by_their_own_gateway_only() {
    let Some(cluster) = cluster::shared() else { return };
    let database = two_gateways(cluster);
    let sql = |role: &str, sql: &str| cluster.sql(role, &database, sql);
    sql("gatewarden_gw_1", "INSERT INTO gatewarden.credential VALUES (1, 'mueller', 'phc')")
        .unwrap();
    sql(ADMIN, "CREATE ROLE auditor LOGIN; GRANT gatewarden_auditor TO auditor").unwrap();
    let count = "SELECT count(*) FROM gatewarden.credential";
    assert_eq!(sql("gatewarden_gw_1", count).unwrap(), "1");
    assert_eq!(sql("gatewarden_gw_2", count).unwrap(), "0");
    assert!(sql("auditor", count).unwrap_err().contains("permission denied"));
    assert_eq!(sql("auditor", "SELECT count(*) FROM gatewarden.entry").unwrap(), "0");
    let write = format!("{ENTRY} (1, 0, {LEAF}, '{{}}')");
    assert!(sql("auditor", &write).unwrap_err().contains("permission denied"));
}

#[test]
fn preparing_again_changes_nothing_and_a_role_belongs_to_one_gateway() {
    let Some(cluster) = cluster::shared() else { return };
    let database = two_gateways(cluster);
    let admin = PgAddress::parse(&cluster.url(ADMIN, &database)).unwrap();
    let again = prepare(&admin, "gw-1", None).unwrap();
    assert_eq!((again.lane, again.new_role), (1, false));
    let taken = prepare(&admin, "gw-3", Some("gatewarden_gw_1")).unwrap_err().to_string();
    assert!(taken.contains("gw-1 has the role gatewarden_gw_1"), "{taken}");
    let wrong = prepare(&admin, "gw-3", Some("gw\"; DROP")).unwrap_err().to_string();
    assert!(wrong.contains("can't be a role"), "{wrong}");
    let gateway = PgAddress::parse(&cluster.url("gatewarden_gw_1", &database)).unwrap();
    let denied = prepare(&gateway, "gw-4", None).unwrap_err().to_string();
    assert!(denied.contains("permission denied"), "{denied}");
    cluster.sql(ADMIN, &database, "INSERT INTO gatewarden.migration VALUES (99)").unwrap();
    let newer = prepare(&admin, "gw-1", None).unwrap_err().to_string();
    assert!(newer.contains("version 99"), "{newer}");
}
