//! `gatewarden ledger`: verify, stock (and its kin, in `stock`), trace, proof, check-proof, key. Reads
//! only (what operates on the files is in `ledger_ops`); works beside the
//! running daemon and on a copy of the files.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;
use gatewarden_engine::Judge;
use gatewarden_model::{Entry, FieldRights, Masked, MovementId};
use gatewarden_store::{
    Report,
    postgres::{self, PgAddress},
};

use super::{keys, proof, stock, which::Which};
use crate::{plain::plain, trace};

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Replay everything and compare it; names the first bad entry and what differs.
    Verify {
        #[command(flatten)]
        which: Which,
        /// A checkpoint kept elsewhere: a shorter or other history is told.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Stock that is not zero, now or on a past day, by item, lot, location, status, owner and
    /// handling unit.
    Stock(stock::StockArgs),
    /// How long stock has been in the house.
    Ageing(stock::AgeingArgs),
    /// The finance vouchers of movements.
    Vouchers(stock::VoucherArgs),
    /// The whole chain about something: who, when, what, where, document, decision, ERP.
    Trace {
        #[command(flatten)]
        which: Which,
        /// [item|tag|document|operator|movement|task|station|device|lot|client|review|entry|voucher] and which one
        /// (a lot as ITEM/LOT, an entry by its sequence, a voucher by its entry or movement); without the kind,
        /// everything of that name. A tag may be given as read, such as EPC hex or a scan.
        #[arg(required = true, num_args = 1..=2, value_name = "[KIND] SUBJECT")]
        subject: Vec<String>,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Write a self-contained proof of a movement.
    Proof {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        out: proof::Out,
        /// The movement.
        movement: MovementId,
    },
    /// Check a proof, or the text of its QR codes, with nothing but the trusted keys.
    CheckProof {
        /// The proof; `-` for standard input.
        proof: PathBuf,
        /// A file with the trusted keys, as `ledger key` prints them.
        #[arg(long)]
        key: PathBuf,
    },
    /// Print the ledger's keys and its witnesses, to be given to auditors.
    Key {
        #[command(flatten)]
        which: Which,
    },
    /// Sign what comes from now on with another key: yearly, when a key may have been seen, or when
    /// somebody who could copy it leaves. Beside the running daemon, or while none runs.
    RotateKey(keys::RotateArgs),
    /// Print a new key, to be kept as a systemd credential.
    NewKey,
    /// Prepare a PostgreSQL database for a gateway: the schema, and a lane and a role of its own.
    /// Harmless when repeated; also brings an older schema up to date.
    InitPostgres {
        /// The database, as an administrator who may make roles and schemas:
        /// postgres://ADMIN@HOST/DATABASE. A password comes from PGPASSWORD.
        #[arg(long)]
        url: String,
        /// The gateway's name, as in its configuration.
        #[arg(long)]
        gateway: String,
        /// The role it logs in as; by default gatewarden_NAME.
        #[arg(long)]
        role: Option<String>,
        /// Give the role a password: asked for on the terminal, or read as one line from standard
        /// input.
        #[arg(long)]
        set_password: bool,
        /// Give the role the password that is this file's one line, such as the one that `[ledger]
        /// password` names.
        #[arg(long, conflicts_with = "set_password")]
        password_file: Option<PathBuf>,
    },
    /// Print the newest signed checkpoint, to be kept elsewhere.
    Checkpoint {
        #[command(flatten)]
        which: Which,
    },
    #[command(flatten)]
    Operate(super::ledger_ops::OpsVerb),
}

/// Runs `gatewarden ledger`.
pub(crate) fn ledger(verb: LedgerVerb) -> anyhow::Result<ExitCode> {
    match verb {
        LedgerVerb::Verify { which, checkpoint, json } => verify(&which, checkpoint, json),
        LedgerVerb::Stock(args) => stock::stock(args),
        LedgerVerb::Ageing(args) => stock::age(args),
        LedgerVerb::Vouchers(args) => stock::list_vouchers(args),
        LedgerVerb::Trace { which, subject, json } => trace_subject(&which, &subject, json),
        LedgerVerb::Proof { which, out, movement } => {
            proof::write(&which.open()?, &which.witnesses()?, movement, &out)
        }
        LedgerVerb::CheckProof { proof, key } => proof::check(&proof, &key),
        LedgerVerb::Key { which } => {
            let (origin, key) = which.trusted()?;
            print!("{}", proof::trust_file(&which.open()?, &origin, key, &which.witnesses()?)?);
            Ok(ExitCode::SUCCESS)
        }
        LedgerVerb::RotateKey(args) => super::block_on(keys::rotate(args))?,
        LedgerVerb::NewKey => keys::print_new_key(),
        LedgerVerb::InitPostgres { url, gateway, role, set_password, password_file } => {
            let password = new_password(set_password, password_file.as_deref())?;
            init_postgres(&url, &gateway, role.as_deref(), password.as_deref())
        }
        LedgerVerb::Checkpoint { which } => {
            let newest = which.open()?.checkpoint()?.context("the ledger is empty")?;
            print!("{}", newest.note);
            Ok(ExitCode::SUCCESS)
        }
        LedgerVerb::Operate(verb) => super::ledger_ops::operate(verb),
    }
}

/// The role's new password, from the terminal, standard input or a file, never from the command line.
fn new_password(ask: bool, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read the password in {}", path.display()))?;
        return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    Ok(if ask { Some(super::people::ask_secret("password")?) } else { None })
}

fn init_postgres(
    url: &str,
    gateway: &str,
    role: Option<&str>,
    password: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let address = PgAddress::parse(url)?.with_password(std::env::var("PGPASSWORD").ok());
    let made = postgres::prepare(&address, gateway, role)?;
    println!("{gateway} has lane {} and the role {}", made.lane, made.role);
    match password {
        Some(password) => {
            postgres::set_password(&address, &made.role, password)?;
            println!("the role {} has a new password", made.role);
        }
        None if made.new_role => println!(
            "the role has no password: run this again with --set-password or --password-file, or \
             give it another way in"
        ),
        None => {}
    }
    println!("in the gateway's configuration, under [ledger], with password as a secret:");
    println!("url = \"{}\"", address.of_role(&made.role));
    Ok(ExitCode::SUCCESS)
}

fn verify(which: &Which, checkpoint: Option<PathBuf>, json: bool) -> anyhow::Result<ExitCode> {
    let (_, key) = which.trusted()?;
    let kept = checkpoint
        .map(|path| {
            std::fs::read_to_string(&path)
                .with_context(|| format!("failed to read {}", path.display()))
        })
        .transpose()?;
    // The journal tells its policies itself, so the judge trusts no configuration of today.
    let mut judge = Judge::new();
    let mut judge = move |entry: &Entry| judge.judge(entry);
    let report = which.open()?.verify_with(&key, kept.as_deref(), Some(&mut judge))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_report(&report);
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_report(report: &Report) {
    let Report { entries, movements, size, root, .. } = report;
    if report.ok {
        println!(
            "the ledger is whole: {entries} entries, {movements} movements, tree {size} {root}"
        );
        return;
    }
    println!("THE LEDGER IS NOT WHOLE: {entries} entries, {movements} movements looked at");
    for finding in &report.findings {
        println!("  {}", plain(&finding.message));
    }
    if report.more > 0 {
        println!("  and {} more", report.more);
    }
}

fn trace_subject(which: &Which, subject: &[String], json: bool) -> anyhow::Result<ExitCode> {
    let start = match subject {
        [kind, key] => trace::Start::named(kind, key)
            .with_context(|| format!("trace one of {}, {}", trace::KINDS, trace::ALSO))?,
        words => trace::Start::Of(trace::meant(None, words.first().map_or("", String::as_str))),
    };
    let entries = start.collect(&which.open()?)?;
    // The files are this account's own.
    let whole = |entry| trace::line(&Masked::new(entry, &FieldRights::all()));
    let lines: Vec<trace::Line> = entries.into_iter().map(whole).collect();
    if json {
        println!("{}", serde_json::to_string(&lines)?);
    } else if lines.is_empty() {
        println!("nothing is recorded about {}", subject.join(" "));
    }
    for line in lines.iter().filter(|_| !json) {
        let synced = if line.synced { "" } else { " (clock not synchronised)" };
        println!("#{} {}{synced}", line.seq, line.when);
        println!("    what   {}", plain(&line.what));
        println!("    who    {}", plain(&line.who));
        for (name, value) in
            [("where ", &line.place), ("on    ", &line.document), ("rule  ", &line.rule)]
        {
            if let Some(value) = value {
                println!("    {name} {}", plain(value));
            }
        }
    }
    let found = !lines.is_empty();
    Ok(if found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
