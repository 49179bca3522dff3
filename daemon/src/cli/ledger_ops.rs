//! The verbs of `gatewarden ledger` that operate on its files: fsck, export, import, backup, restore,
//! rebuild, compare. Each says what it did, and ends with 1 where the ledger is not whole.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_model::Actor;
use gatewarden_store::{
    KeyFiles,
    file::LedgerReader,
    ops::{self, AcceptedLoss, ExportOptions, FsckOptions, FsckReport, Repair, RestoreOptions},
};

use super::{ConfigArg, which::Which};
use crate::{clock::SystemClock, keys::Keys, run};

/// The verbs that operate on a ledger's files.
#[derive(Debug, Subcommand)]
pub(crate) enum OpsVerb {
    /// Check the ledger's file page by page, name what is damaged, and repair it.
    Fsck {
        #[command(flatten)]
        which: Which,
        /// Put what could be made whole in its place; the damaged file is set aside. Stop the daemon
        /// first.
        #[arg(long)]
        repair: bool,
        /// A backup or copy that may have what the ledger lost; may be given several times.
        #[arg(long, value_name = "FILE")]
        with: Vec<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the ledger as JSON lines, the same for the same history, bit for bit.
    Export {
        #[command(flatten)]
        which: Which,
        /// The first entry.
        #[arg(long, default_value_t = 0, value_name = "SEQ")]
        from: u64,
        /// The end, this entry not included.
        #[arg(long, value_name = "SEQ")]
        to: Option<u64>,
        /// Also the operators' PIN hashes: keep the file to yourself then.
        #[arg(long)]
        with_credentials: bool,
        /// The file to write, which must be new; standard output by default.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Make a new ledger out of an export, after everything in it is verified.
    Import {
        #[command(flatten)]
        which: Which,
        /// The export.
        file: PathBuf,
    },
    /// Copy the ledger beside the running daemon, and verify the copy.
    Backup {
        #[command(flatten)]
        which: Which,
        /// The file to write; an older backup of the same ledger is replaced.
        file: PathBuf,
    },
    /// Put a backup in the ledger's place; refuses to lose what was signed. Stop the daemon first.
    Restore(RestoreArgs),
    /// Drop the projections and make them anew from the journal. Stop the daemon first.
    Rebuild {
        #[command(flatten)]
        which: Which,
    },
    /// Tell the first entry in which two ledgers of one gateway differ.
    Compare {
        /// One ledger.
        a: PathBuf,
        /// The other.
        b: PathBuf,
    },
}

/// What `restore` takes.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The backup.
    file: PathBuf,
    /// A checkpoint kept elsewhere; may be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Accept that signed history is lost, and record why.
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    accept_loss: Option<String>,
}

/// Does what was asked.
pub(crate) fn operate(verb: OpsVerb) -> anyhow::Result<ExitCode> {
    match verb {
        OpsVerb::Fsck { which, repair, with, json } => fsck(&which, repair, with, json),
        OpsVerb::Export { which, from, to, with_credentials, out } => {
            export(&which, &ExportOptions { from, to, with_credentials }, out.as_deref())
        }
        OpsVerb::Import { which, file } => import(&which, &file),
        OpsVerb::Backup { which, file } => backup(&which, &file),
        OpsVerb::Restore(args) => restore(&args),
        OpsVerb::Rebuild { which } => rebuild(&which),
        OpsVerb::Compare { a, b } => compare(&a, &b),
    }
}

fn fsck(which: &Which, repair: bool, with: Vec<PathBuf>, json: bool) -> anyhow::Result<ExitCode> {
    let path = which.path()?;
    let (origin, key) = which.trusted_key()?;
    let report = ops::fsck(&path, &FsckOptions { key, origin, repair, with })?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_fsck(&path, &report, repair);
    }
    let whole = report.ok || matches!(report.repair, Repair::Done { .. });
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_fsck(path: &Path, report: &FsckReport, repair: bool) {
    if report.ok {
        println!("the ledger is whole: {} entries on {} pages", report.size, report.pages);
        return;
    }
    println!("THE LEDGER IS DAMAGED: {} of {} pages", report.damaged.len(), report.pages);
    for page in &report.damaged {
        println!("  page {}, {}: {}", page.page, page.what, page.why);
        for seq in &page.entries {
            println!("    entry {seq}");
        }
    }
    for finding in &report.findings {
        println!("  {}", finding.message);
    }
    for operator in &report.pins {
        println!("  the PIN hash of {operator} is lost: set a new PIN");
    }
    if report.lost.is_empty() {
        println!("no entry is lost: all {} are proven", report.size);
    } else {
        println!("lost: {}; the {} entries before are proven", report.lost_words(), report.size);
    }
    let path = path.display();
    match &report.repair {
        Repair::Done { set_aside } => {
            println!("repaired; the damaged file is {}", set_aside.display());
        }
        Repair::Incomplete { salvaged, rest } => println!(
            "not repaired, {path} is as it was. {} has the proven entries, {} those after them that \
             can be read. Run `gatewarden ledger fsck --repair --with BACKUP` with a backup that has \
             the lost ones, or `gatewarden ledger restore {} --accept-loss REASON`",
            salvaged.display(),
            rest.display(),
            salvaged.display()
        ),
        Repair::None if report.lost.is_empty() && !repair => {
            println!("stop the daemon and run `gatewarden ledger fsck --repair`");
        }
        Repair::None => println!(
            "stop the daemon and run `gatewarden ledger fsck --repair --with BACKUP` with a backup \
             that has the lost ones"
        ),
    }
}

fn export(which: &Which, options: &ExportOptions, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let ledger = open(&which.path()?)?;
    let carried = match out {
        None => ledger.export(options, &mut BufWriter::new(std::io::stdout().lock()))?,
        Some(path) => {
            use std::os::unix::fs::OpenOptionsExt as _;
            let mut new = File::options();
            let file = new.write(true).create_new(true).mode(0o600).open(path);
            let file = file.with_context(|| format!("failed to create {}", path.display()))?;
            let mut file = BufWriter::new(file);
            let carried = ledger.export(options, &mut file)?;
            file.flush()?;
            file.get_ref().sync_all()?;
            carried
        }
    };
    let ops::Carried { entries, checkpoints, credentials } = carried;
    eprintln!("exported {entries} entries, {checkpoints} checkpoints, {credentials} PIN hashes");
    Ok(ExitCode::SUCCESS)
}

fn import(which: &Which, file: &Path) -> anyhow::Result<ExitCode> {
    let read = || -> anyhow::Result<_> {
        let opened = File::open(file);
        Ok(BufReader::new(opened.with_context(|| format!("failed to read {}", file.display()))?))
    };
    let path = which.path()?;
    let (name, key) = which.trusted_key()?;
    let origin = ops::export_origin(read()?)?;
    if let Some(name) = name.filter(|name| *name != origin) {
        anyhow::bail!("{} is of the ledger {origin:?}, the key is {name:?}'s", file.display());
    }
    let (carried, committed) = ops::import(read()?, &path, &key)
        .with_context(|| format!("{} was not imported", file.display()))?;
    let ops::Carried { entries, credentials, .. } = carried;
    println!(
        "imported {entries} entries and {credentials} PIN hashes into {}: tree {} {}",
        path.display(),
        committed.size,
        committed.root
    );
    Ok(ExitCode::SUCCESS)
}

fn backup(which: &Which, file: &Path) -> anyhow::Result<ExitCode> {
    let (_, key) = which.trusted_key()?;
    let report = open(&which.path()?)?.backup(file, &key)?;
    println!("{} has {} entries, tree {}, verified", file.display(), report.size, report.root);
    Ok(ExitCode::SUCCESS)
}

fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let config = run::load_config_without_secrets(&args.config.config)?;
    let keys = Keys::of(&config);
    let mut at_hand = keys.load()?.into_iter();
    let key = at_hand.next().context("the gateway has no key")?;
    let files = keys.files();
    let checkpoints = args.checkpoint.iter().map(|path| {
        let read = std::fs::read_to_string(path);
        let note = read.with_context(|| format!("failed to read {}", path.display()))?;
        Ok((path.display().to_string(), note))
    });
    let accept_loss = args.accept_loss.clone().map(|reason| AcceptedLoss {
        reason,
        by: Actor::Local { uid: nix::unistd::getuid().as_raw() },
        at: SystemClock::shared().now(),
    });
    let options = RestoreOptions {
        key: key.clone(),
        more_keys: at_hand.collect(),
        retired_keys: files.map_or(Ok(vec![]), KeyFiles::load_retired)?,
        key_files: files.cloned(),
        origin: config.gateway.name.clone(),
        checkpoints: checkpoints.collect::<anyhow::Result<_>>()?,
        accept_loss,
    };
    let restored = ops::restore(&args.file, &config.ledger.path, &options)?;
    println!("restored {} entries from {}", restored.size, args.file.display());
    if restored.lost > 0 {
        println!("{} signed entries are lost; this is recorded", restored.lost);
    }
    if let Some(aside) = restored.set_aside {
        println!("the ledger that was there is {} now", aside.display());
    }
    if restored.key
        != gatewarden_store::verifier_key_text(&config.gateway.name, &key.verifying_key())
    {
        println!(
            "the ledger is back before a rotation and signed with {} again: rotate its key anew with \
             `gatewarden ledger rotate-key`, and give `gatewarden ledger key` to the witnesses and to \
             those who check proofs",
            restored.key
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn rebuild(which: &Which) -> anyhow::Result<ExitCode> {
    let (_, key) = which.trusted_key()?;
    let path = which.path()?;
    let report = which.open()?.verify(&key)?;
    for finding in &report.findings {
        println!("before: {}", finding.message);
    }
    if report.ok {
        println!("before: nothing differed");
    }
    let entries = gatewarden_store::rebuild(&path, None)?;
    let after = which.open()?.verify(&key)?;
    println!("rebuilt from {entries} entries");
    for finding in &after.findings {
        println!("after: {}", finding.message);
    }
    Ok(if after.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open(path: &Path) -> anyhow::Result<LedgerReader> {
    LedgerReader::open(path).with_context(|| format!("failed to open {}", path.display()))
}

fn compare(a: &Path, b: &Path) -> anyhow::Result<ExitCode> {
    let difference = ops::compare(&open(a)?, &open(b)?)?;
    println!("{}", difference.words(&a.display().to_string(), &b.display().to_string()));
    Ok(if difference.is_fork() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
