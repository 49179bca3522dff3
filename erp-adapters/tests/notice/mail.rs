//! Mail against Debian's Exim, read back from its Maildir; against aiosmtpd that fails as it is told; and
//! against servers that are none. Exim runs as its own user on loopback ports with a folder of its own,
//! and only root can start it so.

mod exim;

use std::{path::PathBuf, process::Stdio};

use gatewarden_adapters::{
    Outcome, SetupError, TimeOuts,
    notice::{
        Channel,
        mail::{self, Tls},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

use super::{PATIENCE, delivered, keeps_secrets, message, rejected, retried};
use crate::common::clock;
use exim::Exim;

fn settings(port: u16, tls: Tls) -> mail::Settings {
    mail::Settings {
        address: format!("127.0.0.1:{port}"),
        tls,
        authorities: None,
        login: None,
        from: "warden@warden.test".into(),
        from_name: Some("仓库门卫".into()),
        time_outs: TimeOuts { connect_ms: 2_000, total_ms: 10_000 },
    }
}

fn channel(settings: mail::Settings) -> Box<dyn Channel> {
    mail::channel(settings, clock()).unwrap()
}

fn quick(port: u16) -> Box<dyn Channel> {
    let time_outs = TimeOuts { connect_ms: 500, total_ms: 700 };
    channel(mail::Settings { time_outs, ..settings(port, Tls::None) })
}

#[tokio::test]
async fn exim_takes_mails_in_chinese_by_starttls_by_tls_and_in_the_clear() {
    let Some(exim) = Exim::start().await else { return };
    let ways = [(exim.smtp, Tls::StartTls), (exim.smtps, Tls::Wrapped), (exim.smtp, Tls::None)];
    for (number, (port, tls)) in (1..).zip(ways) {
        let login = (tls != Tls::None).then(|| ("warden".to_owned(), "secret".into()));
        let authorities = Some(exim.certificate());
        let channel = channel(mail::Settings { login, authorities, ..settings(port, tls) });
        let message = message(number, &["li.wei@warden.test", "wang.fang@warden.test"]);
        let named = delivered(channel.tell(&message).await);
        assert!(named.starts_with("OK id="), "{named}");
        for person in ["li.wei", "wang.fang"] {
            let mail = exim.next_mail(person).await;
            let id = format!("<{}@warden.test>", message.id);
            assert_eq!(mail.header("Message-ID"), id);
            assert_eq!(mail.header("Subject"), message.subject, "{tls:?}");
            assert_eq!(mail.header("From"), "仓库门卫 <warden@warden.test>");
            assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
            let link = message.link.as_deref().unwrap();
            let text = format!("{}\n\n{link}\n\n#0000000{number}\n", message.text);
            assert_eq!(mail.text, text, "{tls:?}");
        }
    }
}

#[tokio::test]
async fn a_repeat_has_the_same_message_id() {
    let Some(exim) = Exim::start().await else { return };
    let channel = channel(settings(exim.smtp, Tls::None));
    let message = message(7, &["li.wei@warden.test"]);
    for _ in 0..2 {
        delivered(channel.tell(&message).await);
    }
    let (first, second) = (exim.next_mail("li.wei").await, exim.next_mail("li.wei").await);
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert_eq!(first.text, second.text);
}

#[tokio::test]
async fn who_is_refused_for_good_is_told_and_who_is_for_now_holds_it_back() {
    let Some(exim) = Exim::start().await else { return };
    let channel = channel(settings(exim.smtp, Tls::None));
    let later = message(1, &["li.wei@warden.test", "greylisted@warden.test"]);
    let (why, uncertain, after) = retried(channel.tell(&later).await);
    assert!(why.contains("greylisted") && !uncertain, "{why}");
    assert_eq!(after, Some(300));
    let some = message(2, &["li.wei@warden.test", "nobody@warden.test"]);
    let answer = channel.tell(&some).await;
    assert!(matches!(answer.outcome, Outcome::Delivered { .. }), "{answer:?}");
    assert_eq!(answer.refused.len(), 1);
    assert_eq!(answer.refused[0].receiver, "nobody@warden.test");
    assert!(answer.refused[0].reason.contains("no such person here"), "{answer:?}");
    for (receiver, why) in [
        ("nobody@warden.test", "no such person here"),
        ("li.wei@elsewhere.test", "relaying is not permitted"),
        ("li.wei", "no mail address"),
    ] {
        let told = rejected(channel.tell(&message(3, &[receiver])).await);
        assert!(told.contains(why), "{told}");
    }
    // Only what was delivered is there: the second message.
    let mail = exim.next_mail("li.wei").await;
    assert_eq!(mail.header("Message-ID"), format!("<{}@warden.test>", some.id));
    assert_eq!(exim.mails("li.wei"), 1);
}

#[tokio::test]
async fn a_wrong_password_is_a_rejection_and_a_strange_certificate_is_no_connection() {
    let Some(exim) = Exim::start().await else { return };
    let login = Some(("warden".to_owned(), "hunter2".into()));
    let authorities = Some(exim.certificate());
    let wrong = mail::Settings { login, authorities, ..settings(exim.smtp, Tls::StartTls) };
    keeps_secrets(&format!("{wrong:?}"), &["hunter2"]);
    let one = message(1, &["li.wei@warden.test"]);
    let told = rejected(channel(wrong).tell(&one).await);
    assert!(told.contains("log-in as \"warden\"") && told.contains("535"), "{told}");
    keeps_secrets(&told, &["hunter2"]);
    for (port, tls) in [(exim.smtp, Tls::StartTls), (exim.smtps, Tls::Wrapped)] {
        let strange = Some(exim::certificate_of_another());
        let channel = channel(mail::Settings { authorities: strange, ..settings(port, tls) });
        let (why, uncertain, _) = retried(channel.tell(&one).await);
        assert!(!uncertain && why.to_lowercase().contains("cert"), "{why}");
    }
    assert_eq!(exim.mails("li.wei"), 0);
}

/// The port of the faulty server; None without the peers' environment.
async fn faulty() -> Option<(Child, u16)> {
    let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with aiosmtpd");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notice/faulty_smtp.py");
    let mut child = Command::new(PathBuf::from(peers).join("bin/python"))
        .arg(script)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    Some((child, line.expect("aiosmtpd tells its port").parse().unwrap()))
}

#[tokio::test]
async fn a_server_that_fails_is_told_by_how_far_the_mail_came() {
    let Some((_child, port)) = faulty().await else { return };
    let channel = quick(port);
    let one = |name: &str| message(1, &[&format!("{name}@x.test")]);
    assert_eq!(delivered(channel.tell(&one("li.wei")).await), "2.0.0 queued as Q-1");
    for (name, uncertain, why) in [
        ("later", false, "greylisted"),
        ("busy", false, "does not take the mail"),
        ("drop", true, "no answer to the mail"),
        ("hang", true, "no answer to the mail in time"),
    ] {
        let (told, doubt, _) = retried(channel.tell(&one(name)).await);
        assert!(told.contains(why) && doubt == uncertain, "{name}: {told}");
    }
    for (name, why) in [("nobody", "no such user"), ("full", "mailbox full")] {
        let told = rejected(channel.tell(&one(name)).await);
        assert!(told.contains(why), "{told}");
    }
    let starttls = mail::channel(settings(port, Tls::StartTls), clock()).unwrap();
    let (why, uncertain, _) = retried(starttls.tell(&one("li.wei")).await);
    assert!(why.contains("STARTTLS") && !uncertain, "in the clear nothing is sent: {why}");
}

#[tokio::test]
async fn what_is_no_mail_server_gets_no_mail() {
    for greeting in ["", "HTTP/1.1 400 Bad Request\r\n\r\n", "554 no service here\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let channel = quick(listener.local_addr().unwrap().port());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting.as_bytes()).await.unwrap();
            // Until the client gives up.
            let mut rest = vec![];
            let _ = stream.read_to_end(&mut rest).await;
            rest
        };
        let one = message(1, &["li.wei@x.test"]);
        let (answer, heard) = tokio::join!(channel.tell(&one), serve);
        assert_eq!(heard, b"", "{greeting:?}");
        match answer.outcome {
            Outcome::Retry { uncertain: false, .. } => assert_ne!(greeting.get(..3), Some("554")),
            Outcome::Rejected { reason } => assert!(reason.contains("no service here"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (why, uncertain, _) = retried(quick(port).tell(&message(1, &["a@x.test"])).await);
    assert!(why.contains("no connection to 127.0.0.1") && !uncertain, "{why}");
}

/// Answers each line that comes in its turn, and waits until the client gives up.
async fn scripted(listener: TcpListener, answers: &[&str]) {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    for answer in answers {
        write.write_all(answer.as_bytes()).await.unwrap();
        if !matches!(lines.next_line().await, Ok(Some(_))) {
            return;
        }
    }
    while matches!(lines.next_line().await, Ok(Some(_))) {}
}

#[tokio::test]
async fn what_is_slipped_in_behind_starttls_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let channel = channel(settings(port, Tls::StartTls));
    let answers = [
        "220 here\r\n",
        "250-here\r\n250 STARTTLS\r\n",
        "220 go ahead\r\n250 AUTH PLAIN\r\n250 OK\r\n",
    ];
    let one = message(1, &["li.wei@x.test"]);
    let (answer, ()) = tokio::join!(channel.tell(&one), scripted(listener, &answers));
    let (why, uncertain, _) = retried(answer);
    assert!(why.starts_with("STARTTLS: ") && !uncertain, "the handshake fails on it: {why}");
}

#[tokio::test]
async fn a_server_that_never_stops_talking_is_cut_short() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = channel(settings(listener.local_addr().unwrap().port(), Tls::None));
    let flood = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut told = 0;
        while stream.write_all(&[b'2'; 4096]).await.is_ok() {
            told += 4096;
        }
        told
    };
    let one = message(1, &["li.wei@x.test"]);
    let (answer, told) = tokio::join!(channel.tell(&one), flood);
    let (why, uncertain, _) = retried(answer);
    assert!(why.contains("more than 262144 bytes") && !uncertain, "{why}");
    assert!(told < 64 << 20, "it was cut: {told}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut mail::Settings)| {
        let mut settings = settings(25, Tls::StartTls);
        change(&mut settings);
        mail::channel(settings, clock()).map(|_| ()).unwrap_err()
    };
    assert!(matches!(refused(|s| s.address = "mail".into()), SetupError::MailServer { .. }));
    assert!(matches!(refused(|s| s.from = "warden".into()), SetupError::Sender { .. }));
    let clear = refused(|s| {
        s.tls = Tls::None;
        s.address = "mail.example:25".into();
    });
    assert!(matches!(clear, SetupError::InTheClear { .. }), "{clear}");
}
