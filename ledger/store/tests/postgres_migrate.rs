//! A database of every released version of the schema on PostgreSQL comes up to date: what was
//! recorded stays provable, and no role gains a right.
//!
//! `released/postgres_vN.sql` is a dump of the lanes of two gateways that the program of that version
//! wrote.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    cluster::{self, ADMIN},
    group,
    home::lane,
    key, options, receipt,
};
use gatewarden_store::{
    BalanceFilter, Ledger, LedgerAddress, LedgerReader, OpenOptions, SigningKey,
};

#[test]
fn a_database_of_version_1_comes_up_to_date_whole() {
    let Some(cluster) = cluster::shared() else { return };
    // The roles are the whole cluster's, and no part of a dump.
    let other = cluster.database();
    (1..=2).for_each(|n| drop(lane(cluster, &other, n)));
    let database = cluster.database();
    cluster.sql(ADMIN, &database, include_str!("released/postgres_v1.sql")).unwrap();

    let old = LedgerAddress::parse(&cluster.url("gatewarden_gw_1", &database)).unwrap();
    let error = Ledger::open(&old, options()).unwrap_err().to_string();
    let way = "has version 1 of the ledger's schema, this program needs 3: \
        run `gatewarden ledger init-postgres` as its administrator";
    assert!(error.contains(way), "{error}");

    let (one, two) = (lane(cluster, &database, 1), lane(cluster, &database, 2));
    let mut first = Ledger::open(&one, options()).unwrap();
    assert_eq!(first.next_seq(), 5);
    let reader = LedgerReader::open(&one).unwrap();
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings, report.movements), (vec![], 3));
    let stock: Vec<_> = reader
        .stock(&BalanceFilter::default())
        .unwrap()
        .into_iter()
        .map(|b| (b.item.to_string(), b.bucket.lot, b.quantity))
        .collect();
    assert_eq!(stock, [("M-100".into(), None, 36), ("M-200".into(), Some("L1".into()), 5)]);
    let hash = reader.credential(&"mueller".parse().unwrap()).unwrap();
    assert_eq!(hash.as_deref(), Some("$argon2id$a"));

    first.append(&group(vec![receipt(5, 1)])).unwrap();
    let second = SigningKey::from_bytes(&[2; 32]);
    let options = OpenOptions { key: second.clone(), origin: "gw-2".into(), ..options() };
    drop(Ledger::open(&two, options).unwrap());
    let verified = |address, key: &SigningKey| {
        LedgerReader::open(address).unwrap().verify(&key.verifying_key()).unwrap().findings
    };
    assert_eq!((verified(&one, &key()), verified(&two, &second)), (vec![], vec![]));
    assert_eq!(
        cluster.sql(ADMIN, &database, "SELECT max(version) FROM gatewarden.migration"),
        Ok("3".into())
    );
}
