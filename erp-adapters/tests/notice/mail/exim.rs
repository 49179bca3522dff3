//! Debian's Exim as its own user, on free ports of loopback, with its spool and its mail in a folder that
//! goes with it. It knows `li.wei` and `wang.fang` of `warden.test`; `greylisted` is refused for now.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    os::unix::{fs::MetadataExt, fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::time::{sleep, timeout};

use super::PATIENCE;

const PROGRAM: &str = "/usr/sbin/exim4";
const USER: &str = "Debian-exim";

pub(super) struct Exim {
    child: Child,
    folder: tempfile::TempDir,
    /// The port in the clear, with STARTTLS.
    pub(super) smtp: u16,
    /// The port of TLS.
    pub(super) smtps: u16,
    read: Mutex<BTreeSet<PathBuf>>,
}

/// A mail as a reader shows it.
pub(super) struct Mail {
    head: String,
    pub(super) text: String,
}

impl Exim {
    /// Starts; None where there is no Exim or nobody who may start it.
    pub(super) async fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            assert!(std::env::var_os("GATEWARDEN_PEERS").is_none(), "there is no {PROGRAM}");
            println!("skipped: no {PROGRAM}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            println!("skipped: only root can start Exim as {USER}");
            return None;
        }
        let (smtp, smtps) = (free_port(), free_port());
        let (uid, gid) = (id("-u"), id("-g"));
        fs::write(folder.path().join("exim.conf"), config(folder.path(), smtp, smtps)).unwrap();
        make_certificate(folder.path());
        for entry in fs::read_dir(folder.path()).unwrap() {
            chown(entry.unwrap().path(), Some(uid), Some(gid)).unwrap();
        }
        chown(folder.path(), Some(uid), Some(gid)).unwrap();
        let child = Command::new(PROGRAM)
            .arg("-C")
            .arg(folder.path().join("exim.conf"))
            .args(["-bdf", "-q1h"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .uid(uid)
            .gid(gid)
            .spawn()
            .unwrap();
        let exim = Self { child, folder, smtp, smtps, read: Mutex::default() };
        let up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", smtps)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, up).await.unwrap_or_else(|_| panic!("{}", exim.log()));
        Some(exim)
    }

    /// The certificate that it shows, in PEM.
    pub(super) fn certificate(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("cert.pem")).unwrap()
    }

    /// How many mails a person has.
    pub(super) fn mails(&self, person: &str) -> usize {
        self.list(person).len()
    }

    /// The next mail of a person that was not looked at; waits for it.
    pub(super) async fn next_mail(&self, person: &str) -> Mail {
        let unread = async {
            loop {
                let fresh = self.list(person).into_iter().find(|path| {
                    let mut read = self.read.lock().unwrap();
                    read.insert(path.clone())
                });
                match fresh {
                    Some(path) => return path,
                    None => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let path = timeout(PATIENCE, unread).await.unwrap_or_else(|_| panic!("{}", self.log()));
        Mail::read(&fs::read_to_string(path).unwrap())
    }

    fn list(&self, person: &str) -> Vec<PathBuf> {
        let folder = self.folder.path().join("mail").join(person).join("new");
        let entries =
            fs::read_dir(folder).map(|list| list.map(|one| one.unwrap().path()).collect());
        let mut paths: Vec<PathBuf> = entries.unwrap_or_default();
        paths.sort();
        paths
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log-main")).unwrap_or_default()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mail {
    /// Takes a mail apart as lettre writes it: encoded words in headers, base64 or quoted text.
    fn read(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (head, body) = raw.split_once("\n\n").unwrap();
        let mail =
            Self { head: head.replace("\n ", " ").replace("\n\t", " "), text: String::new() };
        let bytes = match mail.header("Content-Transfer-Encoding").as_str() {
            "base64" => STANDARD.decode(body.replace('\n', "")).unwrap(),
            "quoted-printable" => unquoted(&body.replace("=\n", ""), b'='),
            _ => body.as_bytes().to_vec(),
        };
        let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        Self { text: format!("{}\n", text.trim_end()), ..mail }
    }

    /// A header's value, decoded (RFC 2047, UTF-8 only).
    pub(super) fn header(&self, name: &str) -> String {
        let prefix = format!("{name}: ");
        let value = self.head.lines().find_map(|line| line.strip_prefix(&prefix));
        let value = value.unwrap_or_else(|| panic!("no {name} in {}", self.head));
        // Between two encoded words a space is none.
        let value = value.trim().replace("?= =?", "?==?");
        let mut out = vec![];
        let mut rest = value.as_str();
        while let Some((before, after)) = rest.split_once("=?utf-8?") {
            let (encoding, after) = after.split_once('?').unwrap();
            let (word, after) = after.split_once("?=").unwrap();
            out.extend_from_slice(before.as_bytes());
            match encoding {
                "b" | "B" => out.extend(STANDARD.decode(word).unwrap()),
                _ => out.extend(unquoted(&word.replace('_', " "), b'=')),
            }
            rest = after;
        }
        out.extend_from_slice(rest.as_bytes());
        String::from_utf8(out).unwrap()
    }
}

fn unquoted(text: &str, mark: u8) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = vec![];
    while let Some(byte) = bytes.next() {
        if byte != mark {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
        let digits = std::str::from_utf8(&digits).unwrap();
        out.push(u8::from_str_radix(digits, 16).unwrap());
    }
    out
}

/// A certificate that nobody here shows, in PEM.
pub(super) fn certificate_of_another() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    make_certificate(folder.path());
    fs::read(folder.path().join("cert.pem")).unwrap()
}

fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=mail.warden.test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn id(what: &str) -> u32 {
    let output = Command::new("id").args([what, USER]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn config(folder: &Path, smtp: u16, smtps: u16) -> String {
    format!(
        r#"
primary_hostname = mail.warden.test
spool_directory = {at}/spool
log_file_path = {at}/log-%s
pid_file_path = {at}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp} : {smtps}
tls_on_connect_ports = {smtps}
tls_advertise_hosts = *
tls_certificate = {at}/cert.pem
tls_privatekey = {at}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = rcpt
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
begin acl
rcpt:
  defer local_parts = greylisted
        message = greylisted, come back later
  deny domains = ! warden.test
       message = relaying is not permitted
  accept local_parts = li.wei : wang.fang
  deny message = no such person here
begin routers
here:
  driver = accept
  domains = warden.test
  local_parts = li.wei : wang.fang
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {at}/mail/$local_part_data
  create_directory
  user = {USER}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{warden}}}}{{eq{{$auth3}}{{secret}}}}}}}}
  server_set_id = $auth2
"#,
        at = folder.display(),
    )
}
