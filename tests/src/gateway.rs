//! One gateway under test: a folder, a configuration, simulated hardware, and the daemon as a child
//! that may be killed and started again.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use nix::{sys::signal, unistd::Pid};
use tempfile::TempDir;

use crate::{
    Caller, Journal, binary,
    hardware::{BUZZER, GREEN, HOOK_SECRET, Hardware, RED, free_port, lit},
    wait::until,
    work::{BOLT, GLOVE},
};

/// Lines of the daemon's log that a failed test shows.
const LOG_LINES_SHOWN: usize = 60;

/// What differs between tests; the default suits most.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decides which reads the portal misses.
    pub seed: u64,
    /// A pass closes after so many milliseconds without a new thing.
    pub quiet_ms: u32,
    /// A session ends after so many idle seconds.
    pub idle_timeout_s: u32,
    /// An idle session ends after so many seconds more.
    pub idle_end_s: u32,
    /// After so many wrong PINs somebody must unlock.
    pub failures_max: u32,
    /// More keys of the table `[operators]`.
    pub operators: String,
    /// `free_attempts`, `first_delay_ms`, `delay_ms_max`.
    pub lockout: (u32, u64, u64),
    /// Where ledger and spool lie, if not in the gateway's own folder.
    pub state: Option<PathBuf>,
    /// A program and arguments that start the daemon, such as `sh -c … --`.
    pub wrapper: Vec<OsString>,
    /// Variables for the daemon.
    pub env: Vec<(String, OsString)>,
    /// Tables that stand at the end of the configuration.
    pub more: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            quiet_ms: 700,
            idle_timeout_s: 300,
            idle_end_s: 0,
            failures_max: 100,
            operators: String::new(),
            lockout: (3, 5000, 900_000),
            state: None,
            wrapper: vec![],
            env: vec![],
            more: String::new(),
        }
    }
}

/// A gateway; dropping it kills its daemon and removes its files.
#[derive(Debug)]
pub struct Gateway {
    /// What stands around it; shared, so that it can be played with while the daemon is killed.
    pub hardware: Arc<Hardware>,
    settings: Settings,
    port: u16,
    child: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    /// Badge and PIN of those who may approve beside `root`.
    approvers: Mutex<Vec<serde_json::Value>>,
    /// The cookie of the session in which `root` approves: nobody signs in anew for each of many.
    root: Mutex<Option<String>>,
    // Last: the scanners' links lie in it.
    dir: TempDir,
}

impl Gateway {
    /// Sets everything up; the daemon does not run yet.
    ///
    /// # Panics
    /// Where the machine lacks loopback, pseudo-terminals or a temporary folder.
    pub async fn prepare(settings: Settings) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let hardware = Arc::new(Hardware::start(settings.seed, dir.path()).await);
        let port = free_port();
        let gateway = Self {
            hardware,
            settings,
            port,
            child: None,
            log: Arc::default(),
            approvers: Mutex::default(),
            root: Mutex::default(),
            dir,
        };
        fs::write(gateway.config(), gateway.config_text(port, "gw-test"))
            .expect("the configuration can be written");
        gateway
    }

    /// Sets everything up and starts the daemon.
    ///
    /// # Panics
    /// As [`Gateway::prepare`], and where the daemon does not come up.
    pub async fn start(settings: Settings) -> Self {
        let mut gateway = Self::prepare(settings).await;
        gateway.run().await;
        gateway
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir().join("gateway.toml")
    }

    /// Where ledger and spool lie.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.settings.state.clone().unwrap_or_else(|| self.dir().join("state"))
    }

    /// Makes its ledger a lane of a shared one, under another name: `admin` and `url` are those of an
    /// administrator and of the gateway's role.
    ///
    /// # Panics
    /// Where the lane can't be made, or the daemon runs already.
    pub fn join(&self, admin: &str, url: &str, name: &str) {
        assert!(self.child.is_none(), "the daemon runs already");
        let mut init = self.command();
        init.args(["ledger", "init-postgres", "--url", admin, "--gateway", name]);
        let made = init.output().expect("the program can be started");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = fs::read_to_string(self.config()).expect("the configuration can be read");
        let text = text.replacen("\"gw-test\"", &format!("\"{name}\""), 1);
        let text = text.replacen("[ledger]", &format!("[ledger]\nurl = \"{url}\""), 1);
        fs::write(self.config(), text).expect("the configuration can be written");
    }

    /// How many devices nobody has approved by the configuration.
    ///
    /// # Panics
    /// Where the configuration can't be read.
    #[must_use]
    pub fn devices(&self) -> usize {
        let text = fs::read_to_string(self.config()).expect("the configuration can be read");
        text.matches("[[devices]]").count() - text.matches("\nidentity = ").count()
    }

    /// Its ledger.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.state().join("ledger.db")
    }

    /// The whole journal as it is now.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal::read(&self.ledger())
    }

    /// The configuration's text with another address and name.
    #[must_use]
    pub fn config_text(&self, port: u16, name: &str) -> String {
        let (free_attempts, first_delay_ms, delay_ms_max) = self.settings.lockout;
        let hardware = &self.hardware;
        let text = format!(
            include_str!("gateway.toml"),
            name = name,
            state = self.state().display(),
            port = port,
            idle_timeout_s = self.settings.idle_timeout_s,
            idle_end_s = self.settings.idle_end_s,
            failures_max = self.settings.failures_max,
            operators = self.settings.operators,
            free_attempts = free_attempts,
            first_delay_ms = first_delay_ms,
            delay_ms_max = delay_ms_max,
            quiet_ms = self.settings.quiet_ms,
            bolt = BOLT,
            glove = GLOVE,
            reader = hardware.reader.address(),
            scanner = hardware.scanner.path().display(),
            lights = hardware.lights.address(),
            counter_scanner = hardware.counter_scanner.path().display(),
            counter_lights = hardware.counter_lights.address(),
            hook = hardware.erp.url(),
        );
        text + &self.settings.more
    }

    /// Changes a text of the configuration; the next start reads it.
    ///
    /// # Panics
    /// Where the text does not stand there.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.config()).expect("the configuration can be read");
        assert!(text.contains(from), "{from:?} does not stand in {text}");
        fs::write(self.config(), text.replacen(from, to, 1)).expect("it can be written");
    }

    /// A file in the gateway's folder.
    ///
    /// # Panics
    /// Where it can't be written.
    #[must_use]
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir().join(name);
        fs::write(&path, text).expect("a file can be written");
        path
    }

    /// The program with this gateway's variables, not yet started.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match self.settings.wrapper.split_first() {
            Some((program, arguments)) => {
                let mut wrapped = Command::new(program);
                wrapped.args(arguments).arg(binary::gatewarden());
                wrapped
            }
            None => Command::new(binary::gatewarden()),
        };
        command.env("TEST_HOOK_SECRET", HOOK_SECRET);
        command.envs(self.settings.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the daemon and does not wait for it.
    ///
    /// # Panics
    /// Where it runs already or can't be started.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "the daemon runs already");
        let mut command = self.command();
        command.args(["run", "--config"]).arg(self.config());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the daemon can be started");
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&self.log);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            });
        }
        self.child = Some(child);
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// # Panics
    /// Where it does not, or ends.
    pub async fn run(&mut self) {
        self.spawn();
        self.ready().await;
    }

    /// Waits until the daemon answers.
    ///
    /// # Panics
    /// Where it does not, or ends.
    pub async fn ready(&mut self) {
        let anybody = self.anybody();
        let child = &mut self.child;
        until("the daemon answers", || {
            let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "the daemon ended: {ended:?}");
            let anybody = anybody.clone();
            async move { anybody.try_ask(reqwest::Method::GET, "/health", None).await.ok() }
        })
        .await;
    }

    /// Whether the daemon runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The daemon's process.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the daemon runs").id()
    }

    /// SIGKILL: no goodbye, no clean-up.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the daemon runs");
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// SIGTERM, and its exit status.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        let pid = i32::try_from(child.id()).expect("a pid fits");
        signal::kill(Pid::from_raw(pid), signal::Signal::SIGTERM).expect("a child takes signals");
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        ended.expect("waiting does not panic").expect("a child can be waited for")
    }

    /// Remembers somebody who may approve.
    pub(crate) fn note_approver(&self, credentials: &serde_json::Value) {
        let mut all = self.approvers.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(credentials.clone());
    }

    /// Remembers the session in which `root` approves.
    pub(crate) fn note_root(&self, cookie: &str) {
        *self.root.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie.to_owned());
    }

    /// The cookie of that session, which may be over.
    pub(crate) fn root_cookie(&self) -> Option<String> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Badge and PIN of somebody who may approve beside `root`.
    pub(crate) fn an_approver(&self) -> Option<serde_json::Value> {
        self.approvers.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }

    /// Runs the program's command line with this gateway's configuration.
    ///
    /// # Panics
    /// Where it can't be started.
    pub fn cli(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = self.command();
        command.args(arguments).arg("--config").arg(self.config());
        output(&mut command, stdin)
    }

    /// As [`Gateway::cli`], for what must succeed; gives standard output.
    ///
    /// # Panics
    /// Where it fails.
    pub fn cli_ok(&self, arguments: &[&str], stdin: &str) -> String {
        let output = self.cli(arguments, stdin);
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {out}{err}", arguments.join(" "));
        out.into_owned()
    }

    /// Somebody whom the daemon does not know.
    #[must_use]
    pub fn anybody(&self) -> Caller {
        Caller::anybody(self.port)
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The box's own account, over the control socket.
    #[must_use]
    pub fn local(&self) -> Caller {
        Caller::local(&self.state().join("control.sock"))
    }

    /// Whether the log holds this text.
    #[must_use]
    pub fn has_logged(&self, text: &str) -> bool {
        self.logged(|line| line.contains(text).then_some(())).is_some()
    }

    /// What `pick` finds in the log, the newest line first.
    pub fn logged<T>(&self, pick: impl Fn(&str) -> Option<T>) -> Option<T> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().rev().find_map(|line| pick(line))
    }

    /// Whether the dock's light stack shows green only.
    #[must_use]
    pub fn is_green(&self) -> bool {
        lit(&self.hardware.lights, &[GREEN])
    }

    /// Whether it shows red only.
    #[must_use]
    pub fn is_red(&self) -> bool {
        lit(&self.hardware.lights, &[RED])
    }

    /// Whether it shows red and sounds the buzzer.
    #[must_use]
    pub fn is_alarmed(&self) -> bool {
        lit(&self.hardware.lights, &[RED, BUZZER])
    }

    /// Waits until every device is in the state that `states` says for it, up where it says none.
    ///
    /// # Panics
    /// Where that does not come to be.
    pub async fn until_devices(&self, viewer: &Caller, states: &[(&str, &str)]) {
        until(&format!("devices {states:?}, the others up"), || async {
            let right = |device: &serde_json::Value| {
                let wanted = states.iter().find(|(name, _)| device["name"] == **name);
                device["state"] == wanted.map_or("up", |(_, state)| state)
            };
            viewer.list("/devices").await.iter().all(right).then_some(())
        })
        .await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            let from = log.len().saturating_sub(LOG_LINES_SHOWN);
            log[from..].iter().for_each(|line| eprintln!("  daemon: {line}"));
        }
    }
}

/// Runs a command with this standard input.
pub(crate) fn output(command: &mut Command, stdin: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read its input is no failure.
        let _ = pipe.write_all(stdin.as_bytes());
    }
    child.wait_with_output().expect("a child can be waited for")
}
