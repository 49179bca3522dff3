//! A throw-away PostgreSQL cluster for tests: made in a temporary folder, reached by a unix socket,
//! run as an unprivileged user, and gone when the test process ends, however it ends.
//!
//! Where PostgreSQL 15 or newer is not installed the tests that need it say so and are skipped, unless
//! `GATEWARDEN_PG=required`, as `tests/run` has it: then they fail. `GATEWARDEN_PG_BIN` names its
//! folder of programs where it is not at Debian's place.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

use std::{
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// The administrator of a test's cluster.
pub const ADMIN: &str = "admin";

/// A cluster.
pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    settings: Vec<String>,
    server: std::sync::Mutex<Option<Child>>,
    /// Its end of file ends the cluster.
    _guard: Child,
}

/// One cluster for all tests of a process; none where PostgreSQL is not installed.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(Cluster::start_new).as_ref()
}

/// The folder of PostgreSQL's programs; none, told loudly, where there are none.
fn programs() -> Option<PathBuf> {
    let given = std::env::var_os("GATEWARDEN_PG_BIN").map(PathBuf::from);
    let debian = (15..=30).rev().map(|n| PathBuf::from(format!("/usr/lib/postgresql/{n}/bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = given
        .into_iter()
        .chain(debian)
        .chain(path)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    if found.is_none() {
        let required = std::env::var_os("GATEWARDEN_PG").is_some_and(|value| value == "required");
        let words = "PostgreSQL 15 or newer is not installed (apt-get install postgresql)";
        assert!(!required, "{words}, and GATEWARDEN_PG=required");
        eprintln!("SKIPPED: {words}: what this test promises was NOT tested");
    }
    found
}

/// PostgreSQL does not run as root: another account's numbers where this process is root.
fn unprivileged() -> Option<(u32, u32)> {
    let me = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m));
    if me.unwrap() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let numbers = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2).map(|number| number.parse().unwrap());
        Some((parts.next()?, parts.next()?))
    };
    Some(numbers("postgres").or_else(|| numbers("nobody")).unwrap())
}

impl Cluster {
    /// Makes and starts a cluster of its own, for a test that breaks it.
    pub fn start_new() -> Option<Self> {
        let cluster = Self::make(5432, vec!["listen_addresses=".into()])?;
        cluster.start();
        Some(cluster)
    }

    /// Makes a cluster that also listens on a port of loopback, where roles need their passwords, and
    /// writes all statements into its log. With `tls` in words of its own settings.
    pub fn start_on_port(tls: impl FnOnce(&Self) -> Vec<String>) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let settings = ["listen_addresses=127.0.0.1", "log_statement=all"].map(str::to_owned);
        let mut cluster = Self::make(port, settings.into())?;
        cluster.settings.extend(tls(&cluster));
        let rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(cluster.folder.join("data/pg_hba.conf"), rules).unwrap();
        drop(free);
        cluster.start();
        Some(cluster)
    }

    /// The port of its socket, and of loopback where it listens there.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a file of the cluster its server's alone.
    pub fn own(&self, file: &Path) {
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        if let Some((uid, gid)) = self.user {
            chown(file, Some(uid), Some(gid)).unwrap();
        }
    }

    fn make(port: u16, settings: Vec<String>) -> Option<Self> {
        let bin = programs()?;
        let user = unprivileged();
        let folder = tempfile::Builder::new().prefix("gw-pg").tempdir().unwrap().keep();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let end = format!(
            "trap '' INT TERM; cat >/dev/null; cd '{0}'; pid=$(head -n1 data/postmaster.pid); \
             [ \"$(cat /proc/$pid/comm)\" = postgres ] && kill -QUIT $pid; \
             while [ -d /proc/$pid ]; do sleep 0.05; done; cd /; rm -rf '{0}'",
            folder.display()
        );
        let guard = Command::new("sh")
            .args(["-c", &end])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = None.into();
        let cluster = Self { folder, bin, user, port, settings, server, _guard: guard };
        let made = cluster
            .program("initdb")
            .args(["-A", "trust", "-U", ADMIN, "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(cluster.folder.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        Some(cluster)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(&self.folder).stdin(Stdio::null()).env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts the server, after `new` or a kill, and waits until it answers.
    pub fn start(&self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.arg("-p").arg(self.port.to_string());
        for setting in ["max_connections=60", "shared_buffers=64MB", "jit=off"] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        let mut server =
            command.stdout(log.try_clone().unwrap()).stderr(log).process_group(0).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while !self.ready() {
            assert!(server.try_wait().unwrap().is_none(), "postgres ended:\n{}", self.log());
            assert!(Instant::now() < until, "postgres does not answer:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        *self.server.lock().unwrap() = Some(server);
    }

    fn ready(&self) -> bool {
        let mut command = self.program("pg_isready");
        command.arg("-q").arg("-h").arg(&self.folder).args(["-U", ADMIN, "-d", "postgres"]);
        command.arg("-p").arg(self.port.to_string());
        command.status().unwrap().success()
    }

    /// What the server wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Kills the server with all its processes, as the kernel does when memory is out.
    pub fn kill(&self) {
        let mut server = self.server.lock().unwrap().take().unwrap();
        let group = format!("-{}", server.id());
        // The backends are in the postmaster's session but in groups of their own: they follow it.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        server.wait().unwrap();
        let socket = self.folder.join(format!(".s.PGSQL.{}", self.port));
        let _ = std::fs::remove_file(&socket);
        let _ = std::fs::remove_file(socket.with_extension(format!("{}.lock", self.port)));
        self.wait_for_orphans(server.id());
        let _ = std::fs::remove_file(self.folder.join("data/postmaster.pid"));
    }

    /// Until no process of a dead postmaster holds its shared memory.
    fn wait_for_orphans(&self, _postmaster: u32) {
        let data = self.folder.join("data");
        let until = Instant::now() + Duration::from_secs(30);
        let mine = |name: &std::ffi::OsStr| {
            let proc = Path::new("/proc").join(name);
            std::fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == data)
        };
        while std::fs::read_dir("/proc").unwrap().flatten().any(|entry| mine(&entry.file_name())) {
            assert!(Instant::now() < until, "orphans of the killed server stay");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of one of its databases for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        let url = format!("postgres://{role}@/{database}?host={}", self.folder.display());
        if self.port == 5432 { url } else { format!("{url}&port={}", self.port) }
    }

    /// Runs SQL as a role, as `psql` does; the output without decoration, or the error.
    pub fn sql(&self, role: &str, database: &str, sql: &str) -> Result<String, String> {
        let mut command = self.program("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h"]).arg(&self.folder);
        command.arg("-p").arg(self.port.to_string());
        let output = command.args(["-U", role, "-d", database, "-c", sql]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// A new empty database.
    pub fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.sql(ADMIN, "postgres", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }
}
