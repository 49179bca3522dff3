//! `gatewarden operator` and `gatewarden client`.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_config::Config;
use gatewarden_engine::Command;
use gatewarden_model::{Actor, Change, ChangeId, ClientId, Mitigation, OperatorId};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ConfigArg,
    control::{Control, own_recorder},
    first,
    person::{Person, as_person},
    rows,
};
use crate::{
    activation::{AskersHalf, askers_half},
    badges::Claims,
    clock::SystemClock,
    factors::Factors,
    recorder::{Answer, Recorder},
    requests::{BadgeInput, ClientInput, Enrolling, OperatorInput},
    run, secrets,
    views::people,
};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorVerb {
    /// Ask for an operator to be enrolled, or changed to this whole new state. It is in force when an
    /// administrator has approved it (`gatewarden change approve`). Prints the request's id and, where the
    /// operator sets a PIN, your half of the one-time code for it: hand it to him alone.
    Add(AddOperator),
    /// Enrol the first administrator, while nobody is enrolled, with the one-time code that the start of the
    /// daemon printed. Code and PIN are asked for on the terminal, or read as two lines from standard input.
    First(first::FirstArgs),
    /// Set your own PIN with both halves of the one-time code, in any order: whoever asked for your enrolment
    /// gave you one, whoever approved it the other. Code and PIN are asked for on the terminal, or read as
    /// two lines from standard input.
    Activate {
        #[command(flatten)]
        config: ConfigArg,
        /// Your short name.
        operator: OperatorId,
    },
    /// List operators: id, name, roles, badges (kind, `!` where a copy can be made, how the number ends),
    /// second factors, whether he has a PIN, waits for activation or is locked, since when.
    List(ConfigArg),
    /// Let an operator try again whom too many wrong PINs locked out.
    Unlock {
        #[command(flatten)]
        config: ConfigArg,
        /// Your badge; your PIN is asked for. The box's own account unlocks only where no person may.
        #[arg(long)]
        badge: Option<String>,
        /// The operator's short name.
        operator: OperatorId,
    },
    /// Remove an operator: sessions end at once, history stays.
    Remove {
        #[command(flatten)]
        config: ConfigArg,
        /// The operator's short name.
        operator: OperatorId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddOperator {
    #[command(flatten)]
    config: ConfigArg,
    /// Short name, such as li.wei.
    operator: OperatorId,
    /// Full name; the short one if it is left out.
    #[arg(long)]
    name: Option<String>,
    /// A role of the matrix; may be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// A badge's number, KIND:NUMBER such as em4100:0018226646, or KIND/FORMAT:NUMBER such as
    /// em4100/dez10:0018226646; may be given several times.
    #[arg(long = "badge", required = true)]
    badges: Vec<String>,
    /// The PIN in force counts no more: a new one is set with a one-time code.
    #[arg(long)]
    reset_pin: bool,
    /// What makes it bearable that the roles hold both sides of a conflict, and until when, as
    /// issues-and-approves=2027-01-01:weekly count by Wang; may be given several times.
    #[arg(long = "mitigation", value_parser = mitigation)]
    mitigations: Vec<Mitigation>,
    /// Why, for whoever decides.
    #[arg(long, default_value = "")]
    reason: String,
}

/// `CONFLICT=DAY:REASON`.
pub(super) fn mitigation(text: &str) -> Result<Mitigation, String> {
    let way = "write CONFLICT=DAY:REASON, as issues-and-approves=2027-01-01:weekly count by Wang";
    let parts = text.split_once('=').and_then(|(id, rest)| Some((id, rest.split_once(':')?)));
    let (conflict, (until, reason)) = parts.ok_or(way)?;
    let until =
        until.parse().map_err(|error: gatewarden_model::DayError| format!("{error}: {way}"))?;
    Ok(Mitigation { conflict: conflict.to_owned(), reason: reason.to_owned(), until })
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientVerb {
    /// Ask for a token for a machine. It is shown this once, and good when an administrator has approved
    /// it (`gatewarden change approve`).
    Add {
        #[command(flatten)]
        config: ConfigArg,
        /// The machine's name.
        client: ClientId,
        /// What it may do, such as inbound:create; may be given several times.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// SHA-256 of the only TLS certificate that it may come with, 64 hex digits.
        #[arg(long)]
        certificate: Option<String>,
        /// From when on the token is no good, such as 2027-01-01T00:00:00Z.
        #[arg(long)]
        until: Option<String>,
        /// Why, for whoever decides.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// List machines: id, scopes, since when, until when, last use.
    List(ConfigArg),
    /// Revoke a machine's token.
    Revoke {
        #[command(flatten)]
        config: ConfigArg,
        /// The machine's name.
        client: ClientId,
    },
}

fn me() -> Actor {
    Actor::Local { uid: nix::unistd::getuid().as_raw() }
}

/// Runs `gatewarden operator`.
pub(crate) async fn operator(verb: OperatorVerb) -> anyhow::Result<ExitCode> {
    match verb {
        OperatorVerb::Add(add) => add_operator(add).await?,
        OperatorVerb::First(args) => first::first(args).await?,
        OperatorVerb::Activate { config, operator } => activate(&config, operator).await?,
        OperatorVerb::List(ConfigArg { config }) => {
            let config = run::load_config_without_secrets(&config)?;
            list(&config, "/operators", rows::operator, |recorder| async move {
                let now = SystemClock::shared().now();
                Ok(recorder.query(move |engine| people::operators(engine.state(), &now)).await?)
            })
            .await?;
        }
        OperatorVerb::Unlock { config, badge: Some(badge), operator } => {
            let path = format!("/operators/{operator}/unlock");
            as_person(Person::of(config, badge), &path, None).await?;
            println!("{operator} unlocked");
        }
        OperatorVerb::Unlock { config, badge: None, operator } => {
            let config = run::load_config_without_secrets(&config.config)?;
            let path = format!("/operators/{operator}/unlock");
            if let Some(control) = Control::find(&config).await? {
                control.send(Method::POST, &path, None).await?;
            } else {
                let recorder = own_recorder(&config)?;
                let command = Command::Unlock { operator: operator.clone(), by: me() };
                finish(&recorder, recorder.command(command).await?).await?;
            }
            println!("{operator} unlocked");
        }
        OperatorVerb::Remove { config, operator } => {
            let config = run::load_config_without_secrets(&config.config)?;
            let path = format!("/operators/{operator}");
            if let Some(control) = Control::find(&config).await? {
                control.send(Method::DELETE, &path, None).await?;
            } else {
                let recorder = own_recorder(&config)?;
                let command = Command::Remove { operator: operator.clone(), by: me() };
                let credential = Some((operator.clone(), None));
                finish(&recorder, recorder.command_with(command, credential).await?).await?;
            }
            println!("{operator} removed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add_operator(add: AddOperator) -> anyhow::Result<()> {
    let config = run::load_config_without_secrets(&add.config.config)?;
    let prefix = &config.operators.badge_prefix;
    let badges: Vec<BadgeInput> = add.badges.iter().map(|badge| badge_of(badge)).collect();
    let plain =
        |badge: &&BadgeInput| !badge.is_card() && !secrets::is_badge(badge.number(), prefix);
    for number in badges.iter().filter(plain).map(BadgeInput::number) {
        eprintln!("{number} does not begin with {prefix}: a scanner will take it for goods");
    }
    let name = add.name.unwrap_or_else(|| add.operator.to_string());
    let input = OperatorInput {
        operator: add.operator.to_string(),
        name,
        roles: add.roles,
        badges,
        reset_pin: add.reset_pin,
        mitigations: add.mitigations,
        reason: add.reason,
    };
    let (Enrolling { change, claims }, reason) = (input.change()?, input.reason.clone());
    let asked = Asked { change, claims: Some(claims), reason };
    let answer = ask(&config, "/operators", json!(input), asked).await?;
    let (id, who) = (&answer.change, &add.operator);
    println!("{id}");
    eprintln!("{who} waits for an administrator: gatewarden change approve {id}");
    if let Some(AskersHalf { half, takes_two }) = answer.half {
        println!("half of the one-time code for the new PIN: {half}");
        eprintln!("{}", if takes_two { TWO_HALVES } else { ONE_HALF });
    }
    Ok(())
}

const ONE_HALF: &str = "hand it to whoever it is about; whoever approves is given the other half";
const TWO_HALVES: &str = "two administrators have to approve it, and each of them is given a half: then \
                          this one does not count";

/// What asking came to.
struct Answered {
    /// The request's id.
    change: String,
    /// A machine's token, where the daemon made it.
    token: Option<String>,
    /// The asker's half of an operator's one-time code.
    half: Option<AskersHalf>,
}

/// What is asked for, as the ledger itself takes it while no daemon runs.
struct Asked {
    change: Change,
    claims: Option<Claims>,
    reason: String,
}

/// Asks for a change: the running daemon, or the ledger itself while none runs.
async fn ask(config: &Config, path: &str, body: Value, asked: Asked) -> anyhow::Result<Answered> {
    if let Some(control) = Control::find(config).await? {
        let asked = control.send(Method::POST, path, Some(&body)).await?;
        let text = |key: &str| asked[key].as_str().map(str::to_owned);
        let takes_two = asked["takes_two"] == json!(true);
        let half = text("activation_half").map(|half| AskersHalf { half, takes_two });
        let change = text("change").unwrap_or_default();
        return Ok(Answered { change, token: text("token"), half });
    }
    let id = ChangeId(Uuid::now_v7());
    let Asked { change, claims, reason } = asked;
    let recorder = own_recorder(config)?;
    if let Some(claims) = claims
        && let Err(refused) = recorder.query(move |engine| claims.check(engine.state())).await?
    {
        recorder.shut().await;
        return Err(refused.into());
    }
    let half = match askers_half(&Factors::of(config), &recorder, (id, &change, &me())).await {
        Ok(half) => half,
        Err(error) => {
            recorder.shut().await;
            return Err(error.into());
        }
    };
    let command = Command::RequestChange { id, change, reason, by: me() };
    finish(&recorder, recorder.command(command).await?).await?;
    Ok(Answered { change: id.to_string(), token: None, half })
}

/// A badge as typed. What stands before the first colon is its kind, unless it is the first byte of a
/// UID such as `04:A1:B2:C3`.
fn badge_of(text: &str) -> BadgeInput {
    let byte = |head: &str| head.len() == 2 && head.bytes().all(|b| b.is_ascii_hexdigit());
    match text.split_once(':') {
        Some((head, number)) if !byte(head) => {
            let (kind, format) = match head.split_once('/') {
                Some((kind, format)) => (kind, Some(format.to_owned())),
                None => (head, None),
            };
            BadgeInput::Kind { number: number.to_owned(), kind: kind.to_owned(), format }
        }
        _ => BadgeInput::Number(text.to_owned()),
    }
}

async fn activate(config: &ConfigArg, operator: OperatorId) -> anyhow::Result<()> {
    let config = run::load_config_without_secrets(&config.config)?;
    let stdin = std::io::stdin();
    let code = if stdin.is_terminal() {
        read_hidden("one-time code, both halves: ")?
    } else {
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        line.trim().to_owned()
    };
    let body = json!({"operator": operator, "code": code, "pin": ask_secret("PIN")?});
    running(&config).await?.send(Method::POST, "/activate", Some(&body)).await?;
    println!("{operator} has a PIN");
    Ok(())
}

async fn running(config: &Config) -> anyhow::Result<Control> {
    let found = Control::find(config).await?;
    found.context("the daemon does not run: start it, what needs a second person is decided by it")
}

async fn finish(recorder: &Recorder, answer: Answer) -> anyhow::Result<()> {
    recorder.shut().await;
    answer.map(|_| ()).map_err(|refusal| anyhow::anyhow!(refusal.message))
}

async fn list<F: Future<Output = anyhow::Result<Value>>>(
    config: &Config,
    path: &str,
    line: impl Fn(&Value) -> String,
    look: impl FnOnce(Recorder) -> F,
) -> anyhow::Result<()> {
    let list = match Control::find(config).await? {
        Some(control) => control.send(Method::GET, path, None).await?,
        None => look(own_recorder(config)?).await?,
    };
    for row in list.as_array().into_iter().flatten() {
        println!("{}", line(row));
    }
    Ok(())
}

/// Runs `gatewarden client`.
pub(crate) async fn client(verb: ClientVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ClientVerb::Add { config, client, scopes, certificate, until, reason } => {
            let config = run::load_config_without_secrets(&config.config)?;
            let client = client.to_string();
            let input = ClientInput { client, scopes, certificate, until, reason };
            // Of no use where the daemon runs: it makes its own, and this one is forgotten.
            let own = secrets::new_token();
            let (change, reason) =
                (input.change(secrets::token_digest(&own))?, input.reason.clone());
            let asked = Asked { change, claims: None, reason };
            let answer = ask(&config, "/clients", json!(input), asked).await?;
            println!("{}", answer.token.unwrap_or(own));
            eprintln!("the token is good after: gatewarden change approve {}", answer.change);
        }
        ClientVerb::List(ConfigArg { config }) => {
            let config = run::load_config_without_secrets(&config)?;
            list(&config, "/clients", rows::client, |recorder| async move {
                let now = SystemClock::shared().now();
                Ok(recorder.query(move |engine| people::clients(engine.state(), &now)).await?)
            })
            .await?;
        }
        ClientVerb::Revoke { config, client } => {
            let config = run::load_config_without_secrets(&config.config)?;
            if let Some(control) = Control::find(&config).await? {
                control.send(Method::DELETE, &format!("/clients/{client}"), None).await?;
            } else {
                let recorder = own_recorder(&config)?;
                let command = Command::RevokeClient { client: client.clone(), by: me() };
                finish(&recorder, recorder.command(command).await?).await?;
            }
            println!("{client} revoked");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a secret: twice without echo on a terminal, else one line of standard input.
pub(super) fn ask_secret(what: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        return Ok(line.trim().to_owned());
    }
    let first = read_hidden(&format!("{what}: "))?;
    let second = read_hidden(&format!("{what} again: "))?;
    anyhow::ensure!(first == second, "the two {what}s differ");
    Ok(first)
}

pub(super) fn read_hidden(prompt: &str) -> anyhow::Result<String> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let before = tcgetattr(&stdin)?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &before)?;
    eprintln!();
    read?;
    Ok(line.trim().to_owned())
}
