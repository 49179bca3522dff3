//! `[gateway]`, `[ledger]` and `[spool]`: who this box is and where it keeps what it knows.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{
    Environment, Secret,
    fields::Fields,
    report::Walk,
    secret::SecretSource,
    shape::{Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required, text_or},
    text::offset_minutes,
    tls::{TLS, TlsSection},
    words::quote,
};

/// Where a packaged gateway keeps its state.
pub const STATE_DIR: &str = "/var/lib/gatewarden";
/// Where the API listens unless told otherwise: this machine only.
pub const LISTEN: &str = "127.0.0.1:8420";

/// Most entries a commit that may be asked for: the ledger takes 4,096 in a group, and the last
/// command of one may bring several.
const GROUP_ROWS_MAX: i64 = 3000;

/// Most host names of one gateway.
pub const NAMES_MAX: usize = 32;

/// Most credentials with keys of one ledger.
pub const KEY_CREDENTIALS_MAX: usize = 16;

/// Who this gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its name (a slug); the origin of its ledger's checkpoints.
    pub name: String,
    /// Where its state lives.
    pub state_dir: PathBuf,
    /// Where its API listens.
    pub listen: SocketAddr,
    /// The host names under which its API may be asked, beside addresses and `localhost`.
    pub names: Vec<String>,
    /// The address under which browsers reach it, where that is not `listen` with the first name.
    pub public_url: Option<String>,
    /// How its API speaks TLS; plain HTTP where absent.
    pub tls: Option<TlsSection>,
    /// Minutes east of UTC: where the day of the business begins.
    pub utc_offset_min: i32,
}

/// Where the ledger is and how it is written.
#[derive(Debug, Clone)]
pub struct LedgerSection {
    /// The database file; `ledger.db` in the state folder by default.
    pub path: PathBuf,
    /// A PostgreSQL database that several gateways share, instead of the file.
    pub url: Option<String>,
    /// The password of the role that the URL names.
    pub password: Option<Secret>,
    /// The key that signs checkpoints; `ledger.key` in the state folder by default.
    pub key: PathBuf,
    /// The systemd credentials that hold the keys instead of files; the first is that of a new ledger,
    /// else the journal says which is in force. Empty for files.
    pub key_credentials: Vec<String>,
    /// Most entries a commit.
    pub group_rows_max: u32,
    /// Room kept for a full disk, in megabytes (2^20 bytes).
    pub reserve_mb: u32,
}

/// The local buffer between devices and the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSection {
    /// The database; `spool.db` in the state folder by default.
    pub path: PathBuf,
    /// Most passes it holds; a full spool holds back its devices.
    pub passes_max: u32,
}

pub(crate) static GATEWAY: Section = Section {
    doc: "Who this gateway is.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required(
            "name",
            Shape::Text(Text::Slug),
            "The gateway's name; it signs its ledger as this.",
        ),
        text_or(
            "state_dir",
            Text::Path,
            STATE_DIR,
            "Folder of the ledger, the spool and the key. A relative path starts at this file.",
        ),
        text_or(
            "listen",
            Text::Socket,
            LISTEN,
            "Where the HTTP API listens. Beyond this machine, set [gateway.tls] or put a TLS proxy before it.",
        ),
        optional(
            "names",
            Shape::List { of: &Shape::Text(Text::Line), max: NAMES_MAX },
            "Host names under which the API may be asked, beside addresses and localhost, such as \
             gw1.example. Any other is refused, because a page could make its own name mean this box.",
        ),
        optional(
            "public_url",
            Shape::Text(Text::Url),
            "The address under which browsers reach it, such as https://gw1.example behind a TLS proxy: \
             security keys and phones answer it alone. By default that of the first of names.",
        ),
        optional("tls", Shape::Section(&TLS), "TLS on the API's port."),
        text_or(
            "utc_offset",
            Text::Offset,
            "+00:00",
            "How far the business day is from UTC, such as \"+08:00\"; it does not follow summer time.",
        ),
    ],
};

pub(crate) static LEDGER: Section = Section {
    doc: "The ledger: kept for ever, never rewritten.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "path",
            Shape::Text(Text::Path),
            "The ledger's database. By default ledger.db in the state folder.",
        ),
        optional(
            "url",
            Shape::Text(Text::Line),
            "A PostgreSQL database shared by several gateways, instead of a file: \
             postgres://ROLE@HOST/DATABASE. Without a password; see there.",
        ),
        optional("password", Shape::Secret, "The password of the role in url."),
        optional(
            "key",
            Shape::Text(Text::Path),
            "The key that signs checkpoints. By default ledger.key in the state folder.",
        ),
        optional(
            "key_credentials",
            Shape::List { of: &Shape::Text(Text::Slug), max: KEY_CREDENTIALS_MAX },
            "The systemd credentials that hold the key, instead of a file: the one in force, and while \
             it is rotated the next one.",
        ),
        integer_or(
            "group_rows_max",
            1,
            GROUP_ROWS_MAX,
            1000,
            "Most entries written in one commit.",
        ),
        integer_or(
            "reserve_mb",
            0,
            1024,
            8,
            "Megabytes kept free for a full disk, so that it can still be recorded.",
        ),
    ],
};

pub(crate) static SPOOL: Section = Section {
    doc: "The local buffer between the devices and the ledger.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "path",
            Shape::Text(Text::Path),
            "The spool's database. By default spool.db in the state folder.",
        ),
        integer_or(
            "passes_max",
            100,
            10_000_000,
            10_000,
            "Most passes held; when it is full the devices wait, nothing is dropped.",
        ),
    ],
};

impl Gateway {
    /// `base` is the folder of the configuration file.
    pub(crate) fn build(fields: &Fields, base: &Path, env: &dyn Environment) -> Option<Self> {
        Some(Self {
            name: fields.owned("name")?,
            state_dir: base.join(fields.text("state_dir")?),
            listen: fields.parsed("listen")?,
            public_url: fields.owned("public_url"),
            names: fields.texts("names").map(|(name, _)| name.to_ascii_lowercase()).collect(),
            tls: match fields.table("tls").filter(|tls| crate::tls::is_on(tls)) {
                Some(tls) => Some(TlsSection::build(tls, base, env)?),
                None => None,
            },
            utc_offset_min: offset_minutes(fields.text("utc_offset")?)?,
        })
    }
}

impl LedgerSection {
    pub(crate) fn build(fields: &Fields, base: &Path, state_dir: &Path) -> Option<Self> {
        let path = |key: &str, name| place(fields.text(key), base, state_dir, name);
        Some(Self {
            path: path("path", "ledger.db"),
            url: fields.owned("url"),
            password: fields.secret("password"),
            key: path("key", "ledger.key"),
            key_credentials: fields.texts("key_credentials").map(|(t, _)| t.to_owned()).collect(),
            group_rows_max: fields.integer("group_rows_max")?,
            reserve_mb: fields.integer("reserve_mb")?,
        })
    }
}

/// The keys are in files or in credentials, not in both, and each credential can be read.
pub(crate) fn check_keys(walk: &mut Walk<'_>, root: &Fields) {
    let Some(ledger) = root.table("ledger") else { return };
    let mut seen = Vec::new();
    for (name, at) in ledger.texts("key_credentials") {
        let source = SecretSource::Credential(name);
        if seen.contains(&name) {
            let message = format!("credential {} is named twice", quote(name));
            walk.error(at, "duplicate-name", message, "each credential once", None);
        } else if let Err(error) = source.resolve(walk.base, walk.env) {
            let expected = "a credential that can be read";
            walk.error(at, "unreadable-secret", error.message, expected, Some(error.hint));
        }
        seen.push(name);
    }
    if ledger.text("key").is_some() && !seen.is_empty() {
        let message = "the ledger's key is named as a file and as a credential";
        let at = ledger.place("key_credentials");
        walk.error(at, "two-keys", message, "either key or key_credentials", None);
    }
}

impl SpoolSection {
    pub(crate) fn build(fields: &Fields, base: &Path, state_dir: &Path) -> Option<Self> {
        let path = place(fields.text("path"), base, state_dir, "spool.db");
        Some(Self { path, passes_max: fields.integer("passes_max")? })
    }
}

fn place(given: Option<&str>, base: &Path, state_dir: &Path, name: &str) -> PathBuf {
    given.map_or_else(|| state_dir.join(name), |path| base.join(path))
}
