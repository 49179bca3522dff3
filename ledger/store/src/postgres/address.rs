//! Where a ledger on PostgreSQL is: a URL, checked before anything is dialled.
//!
//! Promises: a password never stands in the URL and is never shown; a host that is not this machine is
//! spoken to over TLS with its certificate checked, unless the URL says `sslmode=disable`. Absent: the
//! looser `sslmode`s of libpq (`allow`, `prefer`, `require` without a check), service files, several
//! hosts.

use std::{fmt, path::PathBuf, time::Duration};

use crate::StoreError;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where Debian's PostgreSQL has its socket.
const SOCKET_FOLDER: &str = "/run/postgresql";
/// The port where none is named.
const PORT: u16 = 5432;

/// A database, a role, and the way there.
#[derive(Clone, PartialEq, Eq)]
pub struct PgAddress {
    user: String,
    database: String,
    host: Host,
    port: u16,
    tls: Tls,
    password: Option<String>,
    gateway: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// The folder of a unix socket.
    Socket(PathBuf),
    /// A name or an IP address.
    Tcp(String),
}

/// Whether the connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// In the clear.
    Off,
    /// Encrypted, with the certificate checked against the system's roots, or only those in a file.
    Verified {
        /// A PEM file of trusted roots, instead of the system's.
        roots: Option<PathBuf>,
    },
}

impl PgAddress {
    /// Reads `postgres://ROLE@HOST[:PORT]/DATABASE[?sslmode=…&sslrootcert=FILE]`, or
    /// `postgres://ROLE@/DATABASE[?host=/FOLDER]` for a unix socket. `gateway=NAME` names whose lane is
    /// to be read, where the role has none.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        read(text).map_err(|why| StoreError::Address { why })
    }

    /// True where a text is meant as such an address, and not as a path.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// The same with a password, which comes from a secret.
    #[must_use]
    pub fn with_password(self, password: Option<String>) -> Self {
        Self { password, ..self }
    }

    /// The URL by which another role reaches the same database the same way.
    #[must_use]
    pub fn of_role(&self, role: &str) -> String {
        let base = Self { user: role.to_owned(), ..self.clone() }.to_string();
        let mut options = Vec::new();
        match (&self.tls, &self.host) {
            (Tls::Verified { roots }, _) => {
                options.push("sslmode=verify-full".to_owned());
                options.extend(roots.iter().map(|file| format!("sslrootcert={}", file.display())));
            }
            (Tls::Off, Host::Tcp(name)) if !is_here(name) => {
                options.push("sslmode=disable".to_owned());
            }
            (Tls::Off, _) => {}
        }
        if options.is_empty() {
            return base;
        }
        let sign = if base.contains('?') { '&' } else { '?' };
        format!("{base}{sign}{}", options.join("&"))
    }

    /// The role that connects.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The gateway whose lane is meant, where it is not the role's own.
    #[must_use]
    pub fn gateway(&self) -> Option<&str> {
        self.gateway.as_deref()
    }

    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// What the client library needs, under an application name that others see beside the session.
    pub(crate) fn config(&self, application: &str) -> postgres::Config {
        let mut config = postgres::Config::new();
        config
            .user(&self.user)
            .dbname(&self.database)
            .port(self.port)
            .application_name(application)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(Duration::from_secs(30))
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .ssl_mode(match self.tls {
                Tls::Off => postgres::config::SslMode::Disable,
                Tls::Verified { .. } => postgres::config::SslMode::Require,
            });
        match &self.host {
            Host::Socket(folder) => config.host_path(folder),
            Host::Tcp(host) => config.host(host),
        };
        if let Some(password) = &self.password {
            config.password(password);
        }
        config
    }
}

/// Without the password.
impl fmt::Display for PgAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, database, host, port, .. } = self;
        match host {
            Host::Socket(folder) => {
                write!(f, "postgres://{user}@/{database}?host={}", folder.display())?;
                if *port == PORT { Ok(()) } else { write!(f, "&port={port}") }
            }
            Host::Tcp(host) if host.contains(':') => {
                write!(f, "postgres://{user}@[{host}]:{port}/{database}")
            }
            Host::Tcp(host) => write!(f, "postgres://{user}@{host}:{port}/{database}"),
        }
    }
}

impl fmt::Debug for PgAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn read(text: &str) -> Result<PgAddress, String> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    let rest = rest.ok_or("it does not begin with postgres://")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        let out = "take it out and give it as a secret (`[ledger] password`, or PGPASSWORD)";
        return Err(format!("it holds a password: {out}"));
    }
    let (user, database) = (plain(user, "role")?, plain(database, "database")?);
    for (what, name) in [("role", &user), ("database", &database)] {
        if name.is_empty() {
            return Err(format!("it names no {what}: write postgres://ROLE@HOST/DATABASE"));
        }
    }
    let mut options = Options::default();
    options.place(host)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        options.set(key, plain(value, key)?)?;
    }
    let host = match options.host {
        None => Host::Socket(SOCKET_FOLDER.into()),
        Some(folder) if folder.starts_with('/') => Host::Socket(folder.into()),
        Some(name) => Host::Tcp(name),
    };
    let tls = tls(options.mode.as_deref(), options.roots, &host)?;
    let port = options.port.unwrap_or(PORT);
    Ok(PgAddress { user, database, host, port, tls, password: None, gateway: options.gateway })
}

#[derive(Default)]
struct Options {
    host: Option<String>,
    port: Option<u16>,
    mode: Option<String>,
    roots: Option<PathBuf>,
    gateway: Option<String>,
}

impl Options {
    /// `HOST`, `HOST:PORT` or `[IPV6]:PORT`; nothing for a socket.
    fn place(&mut self, text: &str) -> Result<(), String> {
        let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if !host.is_empty() {
            self.set("host", plain(host, "host")?)?;
        }
        port.map_or(Ok(()), |port| self.set("port", port.to_owned()))
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), String> {
        match key {
            "host" if self.host.is_some() => return Err("it names two hosts".into()),
            "host" => self.host = Some(value),
            "port" => {
                let port = value.parse().map_err(|_| format!("{value:?} is not a port"))?;
                self.port = Some(port);
            }
            "sslmode" => self.mode = Some(value),
            "gateway" => self.gateway = Some(value),
            "sslrootcert" => self.roots = Some(value.into()),
            "password" => return Err("it holds a password: give it as a secret".into()),
            other => {
                let known = "host, port, sslmode, sslrootcert and gateway";
                return Err(format!("{other:?} is not known: there are {known}"));
            }
        }
        Ok(())
    }
}

fn tls(mode: Option<&str>, roots: Option<PathBuf>, host: &Host) -> Result<Tls, String> {
    match (mode, host) {
        (Some("verify-full" | "require"), Host::Tcp(_)) => Ok(Tls::Verified { roots }),
        (Some("verify-full" | "require"), Host::Socket(_)) => {
            Err("a unix socket has no TLS: leave sslmode out".into())
        }
        (Some("disable"), _) => Ok(Tls::Off),
        (Some(other), _) => {
            let known = "verify-full (always checked; require means the same) or disable";
            Err(format!("sslmode {other:?} is not there: it is {known}"))
        }
        (None, Host::Tcp(name)) if roots.is_some() || !is_here(name) => Ok(Tls::Verified { roots }),
        (None, _) => Ok(Tls::Off),
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn plain(text: &str, what: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |b: Option<u8>| (b? as char).to_digit(16);
                let value = digit(rest.next()).zip(digit(rest.next())).map(|(h, l)| h * 16 + l);
                let value = value.and_then(|value| u8::try_from(value).ok());
                value.ok_or_else(|| format!("its {what} has a broken % escape"))?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("its {what} is not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(format!("its {what} has control characters"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
    use super::*;

    fn tls_of(text: &str) -> Tls {
        PgAddress::parse(text).unwrap().tls
    }

    #[test]
    fn another_machine_is_spoken_to_over_tls_unless_told() {
        let verified = Tls::Verified { roots: None };
        assert_eq!(tls_of("postgres://gw@db.example/ledger"), verified);
        assert_eq!(tls_of("postgres://gw@10.0.0.7:6432/ledger"), verified);
        assert_eq!(tls_of("postgres://gw@db.example/ledger?sslmode=require"), verified);
        assert_eq!(tls_of("postgres://gw@db.example/ledger?sslmode=disable"), Tls::Off);
        assert_eq!(tls_of("postgres://gw@localhost/ledger"), Tls::Off);
        assert_eq!(tls_of("postgres://gw@127.0.0.1/ledger"), Tls::Off);
        assert_eq!(tls_of("postgres://gw@[::1]/ledger"), Tls::Off);
        assert_eq!(tls_of("postgres://gw@localhost/ledger?sslmode=verify-full"), verified);
        let roots = Tls::Verified { roots: Some("/etc/ca.pem".into()) };
        assert_eq!(tls_of("postgres://gw@localhost/ledger?sslrootcert=/etc/ca.pem"), roots);
        assert_eq!(tls_of("postgres://gw@/ledger?host=/tmp/socket"), Tls::Off);
    }

    #[test]
    fn what_can_not_be_used_is_refused_in_words() {
        let cases = [
            ("/var/lib/ledger.db", "does not begin with postgres://"),
            ("postgres://gw:hunter2@db/ledger", "holds a password"),
            ("postgres://gw@db/ledger?password=x", "holds a password"),
            ("postgres://db/ledger", "names no role"),
            ("postgres://gw@db", "names no database"),
            ("postgres://gw@db/ledger?sslmode=prefer", "sslmode \"prefer\" is not there"),
            ("postgres://gw@/ledger?sslmode=require", "a unix socket has no TLS"),
            ("postgres://gw@db/ledger?options=-cfsync", "\"options\" is not known"),
            ("postgres://gw@db/ledger?host=/tmp", "names two hosts"),
            ("postgres://gw@/ledger?port=none", "is not a port"),
            ("postgres://g%zzw@db/ledger", "broken % escape"),
        ];
        for (text, words) in cases {
            let error = PgAddress::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn another_role_goes_the_same_way() {
        for (text, expect) in [
            (
                "postgres://admin@/ledger?host=/tmp/x&port=6432",
                "postgres://gw@/ledger?host=/tmp/x&port=6432",
            ),
            ("postgres://admin@localhost/ledger", "postgres://gw@localhost:5432/ledger"),
            ("postgres://admin@[::1]/ledger", "postgres://gw@[::1]:5432/ledger"),
            (
                "postgres://admin@db.example/ledger",
                "postgres://gw@db.example:5432/ledger?sslmode=verify-full",
            ),
            (
                "postgres://admin@10.0.0.7:6432/ledger?sslmode=disable",
                "postgres://gw@10.0.0.7:6432/ledger?sslmode=disable",
            ),
            (
                "postgres://admin@localhost/ledger?sslrootcert=/etc/ca.pem",
                "postgres://gw@localhost:5432/ledger?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            ),
        ] {
            let address = PgAddress::parse(text).unwrap();
            let other = address.of_role("gw");
            assert_eq!(other, expect);
            assert_eq!(
                PgAddress { user: "gw".into(), ..address },
                PgAddress::parse(&other).unwrap()
            );
        }
    }

    #[test]
    fn it_is_shown_without_its_password() {
        for text in [
            "postgres://gw-1@/ledger?host=/run/postgresql",
            "postgres://gw-1@/ledger?host=/tmp/x&port=6432",
            "postgres://gw-1@db.example:6432/ledger",
        ] {
            let address = PgAddress::parse(text).unwrap().with_password(Some("hidden".into()));
            assert_eq!(format!("{address} {address:?}"), format!("{text} {text}"));
        }
    }
}
