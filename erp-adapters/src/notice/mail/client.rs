//! Moves the mail's bytes.
//!
//! Invariant: `sent` is set before the first byte of the text leaves; whatever breaks or takes too long
//! before has told nobody anything.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gatewarden_model::Clock;
use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{ClientId, Extension, MailParameter},
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::{Settings, Tls, map, wire::Wire};
use crate::{
    BoxFuture, Outcome, Secret, SetupError, excerpt, mqtt,
    notice::{Answer, Channel, Message, Refused, check},
};

/// How long to say good-bye for.
const GOOD_BYE: Duration = Duration::from_secs(2);

pub(super) struct Mail {
    address: (String, u16),
    tls: Option<(TlsParameters, Tls)>,
    login: Option<(String, Secret)>,
    from: Mailbox,
    connect: Duration,
    total: Duration,
    clock: Arc<dyn Clock>,
}

impl Mail {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let address = mqtt::map::server(&settings.address)
            .ok_or_else(|| SetupError::MailServer { address: settings.address.clone() })?;
        let sender = || SetupError::Sender { address: settings.from.clone() };
        let email: Address = settings.from.parse().map_err(|_| sender())?;
        let tls = match settings.tls {
            Tls::None if !is_here(&address.0) => {
                return Err(SetupError::InTheClear { address: settings.address });
            }
            Tls::None => None,
            tls => Some((parameters(&address.0, settings.authorities.as_deref())?, tls)),
        };
        Ok(Self {
            address,
            tls,
            login: settings.login,
            from: Mailbox::new(settings.from_name, email),
            connect: Duration::from_millis(settings.time_outs.connect_ms),
            total: Duration::from_millis(settings.time_outs.total_ms),
            clock,
        })
    }

    async fn post(&self, message: &Message) -> Result<Answer, Outcome> {
        check(message)?;
        if message.receivers.is_empty() {
            return Err(Outcome::rejected("a mail needs a receiver: set the contact"));
        }
        let mut refused = vec![];
        let mut to = vec![];
        for name in &message.receivers {
            match name.parse::<Address>() {
                Ok(address) => to.push((name, address)),
                Err(error) => refused.push(Refused {
                    receiver: name.clone(),
                    reason: format!("no mail address: {error}"),
                }),
            }
        }
        if to.is_empty() {
            return Ok(Answer::but(String::new(), &message.receivers, refused));
        }
        let now_s = self.clock.now().wall_us.div_euclid(1_000_000);
        let addresses: Vec<Address> = to.iter().map(|(_, address)| address.clone()).collect();
        let mail = map::compose(message, &self.from, &addresses, now_s)
            .map_err(|error| Outcome::rejected(format!("the mail can't be made: {error}")))?;
        let sent = AtomicBool::new(false);
        let letter = Letter { to, mail, sent: &sent };
        match timeout(self.total, Box::pin(self.carry(&letter, &mut refused))).await {
            Ok(Ok(remote_id)) => Ok(Answer::but(remote_id, &message.receivers, refused)),
            Ok(Err(outcome)) => Err(outcome),
            Err(_) if sent.load(Ordering::Relaxed) => {
                Err(Outcome::uncertain("no answer to the mail in time"))
            }
            Err(_) => Err(Outcome::retry("the mail server did not answer in time")),
        }
    }

    /// Carries a letter to the server; the server's last words are its name there. Empty where nobody
    /// was left to get it.
    async fn carry(
        &self,
        letter: &Letter<'_>,
        refused: &mut Vec<Refused>,
    ) -> Result<String, Outcome> {
        let mut server = self.reach().await?;
        let told = self.hand_over(&mut server, letter, refused).await;
        // What was said stands, however the server takes the good-bye.
        match &told {
            Ok(_) => drop(timeout(GOOD_BYE, server.quit()).await),
            Err(_) => drop(timeout(GOOD_BYE, server.abort()).await),
        }
        told
    }

    /// Connects, and logs in where that is wanted.
    async fn reach(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let (host, port) = (self.address.0.as_str(), self.address.1);
        let hello = ClientId::default();
        let wrapped = self.tls.as_ref().filter(|(_, tls)| *tls == Tls::Wrapped);
        let mut server = match wrapped {
            // Who has the certificate is known before anything is heard.
            Some((parameters, _)) => {
                let (limit, tls) = (Some(self.connect), Some(parameters.clone()));
                AsyncSmtpConnection::connect_tokio1((host, port), limit, &hello, tls, None).await
            }
            None => {
                let wire = Box::new(Wire::new(self.dial().await?));
                AsyncSmtpConnection::connect_with_transport(wire, &hello).await
            }
        }
        .map_err(|error| map::before(&format!("no connection to {host}:{port}"), &error))?;
        if let Some((parameters, Tls::StartTls)) = &self.tls {
            server
                .starttls(parameters.clone(), &hello)
                .await
                .map_err(|error| map::before("STARTTLS", &error))?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            let ways = [Mechanism::Plain, Mechanism::Login];
            server
                .auth(&ways, &credentials)
                .await
                .map_err(|error| map::before(&format!("log-in as {user:?}"), &error))?;
        }
        Ok(server)
    }

    async fn dial(&self) -> Result<TcpStream, Outcome> {
        let (host, port) = (self.address.0.as_str(), self.address.1);
        let why = match timeout(self.connect, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "connection timed out".to_owned(),
        };
        Err(Outcome::retry(format!("no connection to {host}:{port}: {}", excerpt(&why))))
    }

    async fn hand_over(
        &self,
        server: &mut AsyncSmtpConnection,
        letter: &Letter<'_>,
        refused: &mut Vec<Refused>,
    ) -> Result<String, Outcome> {
        let parameters = self.parameters(server, letter)?;
        let from = MailFrom::new(Some(self.from.email.clone()), parameters);
        let wrong = |what: &str, error: &Error| map::before(what, error);
        server.command(from).await.map_err(|e| wrong("the server refuses the sender", &e))?;
        let mut taken = 0_usize;
        for (name, address) in &letter.to {
            match server.command(Rcpt::new(address.clone(), vec![])).await {
                Ok(_) => taken += 1,
                Err(error) if error.is_permanent() => {
                    refused.push(Refused { receiver: (*name).clone(), reason: map::told(&error) })
                }
                Err(error) => return Err(wrong(&format!("the server refuses {name}"), &error)),
            }
        }
        if taken == 0 {
            return Ok(String::new());
        }
        server.command(Data).await.map_err(|e| wrong("the server takes no text", &e))?;
        letter.sent.store(true, Ordering::Relaxed);
        let reply = server.message(&letter.mail).await.map_err(|error| map::after(&error))?;
        let words: Vec<&str> = reply.message().collect();
        Ok(excerpt(&words.join(" ")))
    }

    /// What the server must be told of the letter beforehand.
    fn parameters(
        &self,
        server: &AsyncSmtpConnection,
        letter: &Letter<'_>,
    ) -> Result<Vec<MailParameter>, Outcome> {
        let foreign = |address: &Address| !AsRef::<str>::as_ref(address).is_ascii();
        let any = foreign(&self.from.email) || letter.to.iter().any(|(_, to)| foreign(to));
        match (any, server.server_info().supports_feature(Extension::SmtpUtfEight)) {
            (false, _) => Ok(vec![]),
            (true, true) => Ok(vec![MailParameter::SmtpUtfEight]),
            (true, false) => Err(Outcome::rejected(
                "the server takes no addresses beyond ASCII (SMTPUTF8): use others",
            )),
        }
    }
}

/// A mail on its way.
struct Letter<'a> {
    /// Whom, as the message calls them and as the server does.
    to: Vec<(&'a String, Address)>,
    mail: Vec<u8>,
    sent: &'a AtomicBool,
}

impl Channel for Mail {
    fn tell<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.post(message).await.unwrap_or_else(Answer::from) })
    }
}

/// Whether what goes there stays on this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn parameters(host: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, SetupError> {
    let wrong = |error: Error| SetupError::Certificates(map::told(&error));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities {
        let certificate = Certificate::from_pem(pem).map_err(wrong)?;
        builder =
            builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build().map_err(wrong)
}
