//! What an administrator does once: the schema, the two group roles, and a lane with a role for each
//! gateway. Harmless when repeated; brings an older schema to this program's version.
//!
//! Absent: removing a lane (its journal is for ever), clusters, databases, backups.

use super::{
    address::PgAddress,
    link::{Limits, Link},
};
use crate::StoreError;

/// Each brings the schema from the version of its place here to the next. Never edit one that was
/// released: add another.
const MIGRATIONS: &[&str] =
    &[include_str!("schema.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];
const GRANTS: &str = include_str!("grants.sql");

/// Longest name of a role that PostgreSQL keeps whole.
const ROLE_BYTES_MAX: usize = 63;

/// A gateway that may use the ledger from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its lane.
    pub lane: i32,
    /// The role that it logs in as.
    pub role: String,
    /// Whether the role was made now; it has no password then.
    pub new_role: bool,
}

/// The version of the schema that this program uses.
pub(crate) fn known_version() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Makes or updates the schema and gives the gateway a lane and a role. `address` is that of an
/// administrator: a role that may make roles and schemas in that database.
pub fn prepare(
    address: &PgAddress,
    gateway: &str,
    role: Option<&str>,
) -> Result<Gateway, StoreError> {
    let default = format!("gatewarden_{}", gateway.replace('-', "_"));
    let role = role.unwrap_or(&default);
    if !is_role(role) {
        let rule = "lower-case letters, digits and '_', at most 63, not beginning with a digit";
        return Err(StoreError::Postgres(format!("{role:?} can't be a role: {rule}")));
    }
    let mut link = Link::open(address, "gatewarden init", Limits::READER)?;
    link.batch("BEGIN; SELECT pg_advisory_xact_lock(1199006820);")?;
    migrate(&mut link)?;
    for group in ["gatewarden_gateway", "gatewarden_auditor"] {
        make_role(&mut link, group, "NOLOGIN")?;
    }
    link.batch(GRANTS)?;
    let new_role = make_role(&mut link, role, "LOGIN")?;
    link.batch(&format!("GRANT gatewarden_gateway TO {role}"))?;
    let lane = make_lane(&mut link, gateway, role)?;
    link.batch("COMMIT")?;
    Ok(Gateway { lane, role: role.to_owned(), new_role })
}

/// Gives a gateway's role a password. The server never sees it: what is sent is what SCRAM-SHA-256
/// compares with, so that no log of statements has it either.
pub fn set_password(address: &PgAddress, role: &str, password: &str) -> Result<(), StoreError> {
    if !is_role(role) {
        return Err(StoreError::Postgres(format!("{role:?} can't be a gateway's role")));
    }
    if password.is_empty() || password.chars().any(char::is_control) {
        let rule = "it is one line of at least one character, without control characters";
        return Err(StoreError::Postgres(format!("the password of {role} can't be used: {rule}")));
    }
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    let mut link = Link::open(address, "gatewarden init", Limits::READER)?;
    link.batch(&format!("ALTER ROLE {role} PASSWORD '{verifier}'"))
}

fn migrate(link: &mut Link) -> Result<(), StoreError> {
    let version = version(link)?;
    let known = known_version();
    if version > known {
        let found = version.into();
        return Err(StoreError::TooNew { found, known: MIGRATIONS.len() });
    }
    let done = usize::try_from(version).unwrap_or(0);
    for (sql, number) in MIGRATIONS.iter().zip(1_i32..).skip(done) {
        link.batch(sql)?;
        link.execute("INSERT INTO gatewarden.migration (version) VALUES ($1)", &[&number])?;
    }
    Ok(())
}

/// The version of the schema; 0 where there is none.
pub(crate) fn version(link: &mut Link) -> Result<i32, StoreError> {
    let there = "SELECT to_regclass('gatewarden.migration') IS NOT NULL";
    if !link.first(there, &[])?.is_some_and(|row| row.get(0)) {
        return Ok(0);
    }
    let found = link.first("SELECT coalesce(max(version), 0) FROM gatewarden.migration", &[])?;
    Ok(found.map_or(0, |row| row.get(0)))
}

/// Makes a role that is missing; whether it was.
fn make_role(link: &mut Link, role: &str, kind: &str) -> Result<bool, StoreError> {
    let there = "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)";
    if link.first(there, &[&role])?.is_some_and(|row| row.get(0)) {
        return Ok(false);
    }
    let rights = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
    // Roles are the whole cluster's: another database may be prepared at this moment.
    link.batch(&format!(
        "DO $$ BEGIN CREATE ROLE {role} {kind} {rights}; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    ))?;
    Ok(true)
}

fn make_lane(link: &mut Link, gateway: &str, role: &str) -> Result<i32, StoreError> {
    link.execute(
        "INSERT INTO gatewarden.lane (gateway, role) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&gateway, &role],
    )?;
    let sql = "SELECT lane, gateway, role FROM gatewarden.lane WHERE gateway = $1 OR role = $2";
    let rows = link.query(sql, &[&gateway, &role])?;
    match rows.as_slice() {
        [row] if row.get::<_, &str>(1) == gateway && row.get::<_, &str>(2) == role => {
            Ok(row.get(0))
        }
        rows => {
            let held = |row: &postgres::Row| {
                format!("{} has the role {}", row.get::<_, &str>(1), row.get::<_, &str>(2))
            };
            let held = rows.iter().map(held).collect::<Vec<_>>().join(", ");
            Err(StoreError::Postgres(format!("a gateway keeps its role: {held}; choose another")))
        }
    }
}

/// Whether a name needs no quoting and is kept whole.
fn is_role(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && name.len() <= ROLE_BYTES_MAX
        && !name.starts_with("pg_")
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
