//! A real mail server, aiosmtpd, that puts what it takes into a Maildir; and mails as people read them.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gatewarden_tests::{free_port, until};
use tempfile::TempDir;

/// The server.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    child: Child,
    folder: TempDir,
}

/// A mail: to whom, its subject, its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Smtp {
    /// Starts it; none without the peers' environment, which it says.
    pub(crate) async fn start() -> Option<Self> {
        let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
            println!("skipped: GATEWARDEN_PEERS names no environment with aiosmtpd");
            return None;
        };
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let child = Command::new(PathBuf::from(peers).join("bin/python"))
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(folder.path().join("mail"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, child, folder };
        until("the mail server listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Some(server)
    }

    /// What it took so far, the oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let folder = self.folder.path().join("mail/new");
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut paths: Vec<_> =
            entries.map(|one| (one.metadata().unwrap().modified().unwrap(), one.path())).collect();
        paths.sort();
        paths.iter().map(|(_, path)| Mail::read(&fs::read_to_string(path).unwrap())).collect()
    }

    /// The mails to somebody that hold a text.
    pub(crate) fn to(&self, who: &str, text: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| {
            mail.to.contains(who) && (mail.subject.contains(text) || mail.text.contains(text))
        });
        mails
    }
}

impl Mail {
    fn read(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (head, body) = raw.split_once("\n\n").unwrap();
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let header = |name: &str| {
            let prefix = format!("{name}: ");
            let found = head.lines().find_map(|line| line.strip_prefix(&prefix));
            found.unwrap_or_default().to_owned()
        };
        let text = match header("Content-Transfer-Encoding").as_str() {
            "base64" => {
                String::from_utf8(STANDARD.decode(body.replace('\n', "")).unwrap()).unwrap()
            }
            _ => body.replace("=\n", ""),
        };
        Self { to: header("To"), subject: header("Subject"), text }
    }
}
