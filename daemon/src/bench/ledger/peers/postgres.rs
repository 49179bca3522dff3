//! A private PostgreSQL beside ours: a table of movements whose trigger keeps the balances, posted to
//! by pgbench, every commit flushed.
//!
//! It is less than a ledger does: no proof, no sessions, no policies, no values, no trace. It gets its
//! own folder, listens on a socket in it alone, and is stopped when measured. PostgreSQL refuses to
//! run as root; then it runs as the user `postgres`.

use std::{
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};

use crate::bench::report::Report;

/// Where Debian keeps the versions.
const VERSIONS: &str = "/usr/lib/postgresql";
const START_MAX: Duration = Duration::from_secs(30);
/// Clients that post at the same time, one row a transaction each.
const CLIENTS: &str = "100";
/// Rows of the larger transaction.
const ROWS: f64 = 100.0;

const TABLES: &str = "
CREATE TABLE movement (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL, document text NOT NULL, operator text NOT NULL, tag text NOT NULL,
    item text NOT NULL, quantity bigint NOT NULL CHECK (quantity > 0),
    from_place text NOT NULL, to_place text NOT NULL
);
CREATE TABLE balance (
    item text, place text, quantity bigint NOT NULL, PRIMARY KEY (item, place)
);
CREATE FUNCTION post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO balance
        SELECT NEW.item, place, change FROM
            (VALUES (NEW.from_place, -NEW.quantity), (NEW.to_place, NEW.quantity)) AS v (place, change)
        ORDER BY place
        ON CONFLICT (item, place) DO UPDATE SET quantity = balance.quantity + excluded.quantity;
    RETURN NULL;
END $$;
CREATE TRIGGER post AFTER INSERT ON movement FOR EACH ROW EXECUTE FUNCTION post();
";

const ONE: &str = r"\set item random(1, 1000)
\set bin random(1, 200)
INSERT INTO movement (kind, document, operator, tag, item, quantity, from_place, to_place)
VALUES ('receipt', 'PO-' || :bin, 'keeper-1', '(01)00614141000012(21)' || :item, 'PART-' || :item, 1,
    '@supplier/acme', 'wh1/' || :bin);
";

const HUNDRED: &str = r"\set item random(1, 1000)
\set bin random(1, 200)
INSERT INTO movement (kind, document, operator, tag, item, quantity, from_place, to_place)
SELECT 'receipt', 'PO-' || :bin, 'keeper-1', '(01)00614141000012(21)' || n,
    'PART-' || (:item + n * 7) % 1000, 1, '@supplier/acme', 'wh1/' || (:bin + n) % 200
FROM generate_series(1, 100) AS n;
";

/// What it reached, in rows a second.
pub(super) struct Rates {
    version: String,
    one: f64,
    hundred: f64,
    clients: f64,
}

impl Rates {
    /// Tells it, beside our rates at one and at a hundred a commit.
    pub(super) fn tell(&self, report: &mut Report, ours_one: f64, ours_hundred: f64) {
        let unit = "movements/s";
        report.figure("postgres_at_1", "PostgreSQL, 1 a transaction", self.one, unit);
        report.figure("ours_to_postgres_at_1", "  ours : PostgreSQL", ours_one / self.one, "");
        report.figure("postgres_at_100", "PostgreSQL, 100 a transaction", self.hundred, unit);
        let ratio = ours_hundred / self.hundred;
        report.figure("ours_to_postgres_at_100", "  ours : PostgreSQL", ratio, "");
        let words = "PostgreSQL, 100 clients, 1 a transaction";
        report.figure("postgres_clients_per_s", words, self.clients, unit);
        let ratio = ours_hundred / self.clients;
        report.figure("ours_to_postgres_clients", "  ours, 100 a commit : it", ratio, "");
        report.note(format!(
            "{}: a table and a trigger that keeps balances; no proof, session, policy, value or trace",
            self.version
        ));
    }
}

/// Starts it in `dir`, posts for `time` each way, stops it. None where it is not installed.
pub(super) fn measure(dir: &Path, time: Duration) -> anyhow::Result<Option<Rates>> {
    let Some(bin) = newest() else { return Ok(None) };
    let server = Server::start(bin, &dir.join("postgres"))?;
    server.run("psql", &["-q", "-v", "ON_ERROR_STOP=1", "-c", TABLES, "bench"])?;
    let rates = Rates {
        version: server.tell("postgres", &["--version"])?,
        one: server.pgbench("one.sql", ONE, "1", time)?,
        hundred: server.pgbench("hundred.sql", HUNDRED, "1", time)? * ROWS,
        clients: server.pgbench("one.sql", ONE, CLIENTS, time)?,
    };
    Ok(Some(rates))
}

/// The programs of the newest version.
fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.filter_map(Result::ok);
    let numbered = versions.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let bin = entry.path().join("bin");
        let whole = ["initdb", "postgres", "pgbench", "psql"];
        whole.iter().all(|program| bin.join(program).exists()).then_some((number, bin))
    });
    numbered.max().map(|(_, bin)| bin)
}

struct Server {
    bin: PathBuf,
    dir: PathBuf,
    /// As whom it runs where we are root.
    user: Option<User>,
    child: Option<Child>,
}

impl Server {
    fn start(bin: PathBuf, dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(dir)?;
        let user = unprivileged()?;
        if let Some(user) = &user {
            chown(dir, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            open_way(dir)?;
        }
        let mut server = Self { bin, dir: dir.to_owned(), user, child: None };
        let data = server.path("data");
        server.run(
            "initdb",
            &["-D", &data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale"],
        )?;
        let socket = format!("unix_socket_directories={}", dir.display());
        let log = std::fs::File::create(dir.join("log"))?;
        let child = server
            .command("postgres")
            .args(["-D", &data, "-c", "listen_addresses=", "-c", &socket])
            .args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=120"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("failed to start postgres")?;
        server.child = Some(child);
        server.wait_ready()?;
        server.run("psql", &["-q", "-c", "CREATE DATABASE bench", "postgres"])?;
        Ok(server)
    }

    fn wait_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self.command("pg_isready").stdout(Stdio::null()).status()?.success() {
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            let log = || std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            anyhow::ensure!(
                ended.is_none() && began.elapsed() < START_MAX,
                "postgres did not start:\n{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Transactions a second of a script.
    fn pgbench(
        &self,
        name: &str,
        script: &str,
        clients: &str,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let file = self.dir.join(name);
        std::fs::write(&file, script)?;
        let (file, seconds) = (self.path(name), time.as_secs().max(1).to_string());
        let arguments =
            ["-n", "-M", "prepared", "-f", &file, "-c", clients, "-j", "1", "-T", &seconds];
        let told = self.tell("pgbench", &[&arguments[..], &["bench"]].concat())?;
        transactions(&told).with_context(|| format!("pgbench told no rate:\n{told}"))
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.dir).stdin(Stdio::null());
        command.env("PGHOST", &self.dir).env("PGUSER", "bench").env("LC_ALL", "C");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = self.command(program).args(arguments).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{program} failed:\n{told}");
        Ok(output)
    }

    fn tell(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.run(program, arguments)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // SIGINT is PostgreSQL's fast shutdown. If it is gone already, there is nothing to stop.
        if let Ok(pid) = i32::try_from(child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
        let _ = child.wait();
    }
}

/// The user to run as where we are root; none where we are not.
fn unprivileged() -> anyhow::Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let find = |name| User::from_name(name).ok().flatten();
    let user = find("postgres").or_else(|| find("nobody"));
    user.map(Some).context("there is no user postgres or nobody to run PostgreSQL as")
}

/// Lets others through to `dir`: a temporary folder above it is closed to them.
fn open_way(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(above) = dir.parent() {
        let mut permissions = std::fs::metadata(above)?.permissions();
        permissions.set_mode(permissions.mode() | 0o011);
        std::fs::set_permissions(above, permissions)?;
    }
    Ok(())
}

/// The rate in what pgbench prints.
fn transactions(told: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_taken_out_of_what_pgbench_prints() {
        let told = "latency average = 4.985 ms\ninitial connection time = 2.1 ms\n\
            tps = 200.601895 (without initial connection time)\n";
        assert_eq!(transactions(told), Some(200.601895));
        assert_eq!(transactions("nothing"), None);
    }
}
