//! `gatewarden tag`: lets a reader of a station read, write, lock or kill a tag, and binds tags to pieces. It talks to
//! the running daemon, and always as a person: badge by argument, PIN on the terminal or as one line of standard
//! input, then a second person's where one is named. A tag's password comes from a file or GATEWARDEN_TAG_PASSWORD,
//! never from the arguments, which others on the box can see.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::person::{Person, ask_pin, signed_in};

#[derive(Debug, Subcommand)]
pub(crate) enum TagVerb {
    /// Read words of a tag's memory.
    Read {
        #[command(flatten)]
        at: At,
        /// `epc`, `tid` or `user`.
        #[arg(long, default_value = "tid")]
        bank: String,
        /// The first word.
        #[arg(long, default_value_t = 0)]
        pointer: u16,
        /// How many words.
        #[arg(long, default_value_t = 6)]
        words: u16,
    },
    /// Write words to a tag's memory, and read them back.
    Write {
        #[command(flatten)]
        at: At,
        /// `epc`, `user`, or `reserved` for the passwords.
        #[arg(long)]
        bank: String,
        /// The first word; the EPC begins with word 2 of its bank.
        #[arg(long, default_value_t = 0)]
        pointer: u16,
        /// The words, in hex; `-` takes them from GATEWARDEN_TAG_DATA, for passwords.
        data: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lock or unlock a part of a tag's memory, and try it.
    Lock {
        #[command(flatten)]
        at: At,
        /// `kill-password`, `access-password`, `epc`, `tid` or `user`.
        field: String,
        /// `lock`, `perma-lock`, `perma-unlock` or `unlock`.
        #[arg(default_value = "lock")]
        lock: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Silence a tag for ever.
    Kill {
        #[command(flatten)]
        at: At,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Bind a tag to a piece of an item.
    Commission {
        #[command(flatten)]
        who: Person,
        /// The tag or code: its key, or as it was read.
        tag: String,
        /// The item.
        #[arg(long)]
        item: String,
        /// Its lot.
        #[arg(long)]
        lot: Option<String>,
        /// Its serial.
        #[arg(long)]
        serial: Option<String>,
        /// The TID of its chip, in hex.
        #[arg(long)]
        tid: Option<String>,
    },
    /// Release a tag from what it was bound to.
    Release {
        #[command(flatten)]
        who: Person,
        /// The tag or code: its key, or as it was read.
        tag: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Which tag, where, and who asks.
#[derive(Debug, Args)]
pub(crate) struct At {
    #[command(flatten)]
    who: Person,
    /// The badge of a second person, whose PIN is asked for after yours.
    #[arg(long)]
    second_badge: Option<String>,
    /// The station.
    #[arg(long)]
    station: String,
    /// Which reader of the station, where there are several.
    #[arg(long)]
    device: Option<String>,
    /// A file with the tag's access password (to kill: its kill password), 8 hex digits.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The tag's EPC in hex.
    epc: String,
}

/// Runs `gatewarden tag`.
pub(crate) async fn tag(verb: TagVerb) -> anyhow::Result<ExitCode> {
    match verb {
        TagVerb::Read { at, bank, pointer, words } => {
            work(at, json!({"op": "read", "bank": bank, "pointer": pointer, "words": words})).await
        }
        TagVerb::Write { at, bank, pointer, data, reason } => {
            let data = match data.as_str() {
                "-" => std::env::var("GATEWARDEN_TAG_DATA")
                    .context("GATEWARDEN_TAG_DATA has no words to write")?,
                _ => data,
            };
            let body = json!({"op": "write", "bank": bank, "pointer": pointer, "data": data,
                "reason": reason});
            work(at, body).await
        }
        TagVerb::Lock { at, field, lock, reason } => {
            work(at, json!({"op": "lock", "field": field, "lock": lock, "reason": reason})).await
        }
        TagVerb::Kill { at, reason } => work(at, json!({"op": "kill", "reason": reason})).await,
        TagVerb::Commission { who, tag, item, lot, serial, tid } => {
            let body = json!({"tag": tag, "item": item, "lot": lot, "serial": serial, "tid": tid});
            let control = signed_in(who).await?;
            let answer = control.send(Method::POST, "/api/v1/tags", Some(&body)).await;
            control.sign_out().await?;
            println!("{} bound", answer?["tag"].as_str().unwrap_or_default());
            Ok(ExitCode::SUCCESS)
        }
        TagVerb::Release { who, tag, reason } => {
            let body = json!({"tag": tag, "reason": reason});
            let control = signed_in(who).await?;
            let answer = control.send(Method::DELETE, "/api/v1/tags", Some(&body)).await;
            control.sign_out().await?;
            answer?;
            println!("{tag} released");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn work(at: At, mut body: Value) -> anyhow::Result<ExitCode> {
    let At { who, second_badge, station, device, password_file, epc } = at;
    if let Some(password) = password(password_file)? {
        body["password"] = password.into();
    }
    if let Some(device) = device {
        body["device"] = device.into();
    }
    let control = signed_in(who).await?;
    let answer = async {
        if let Some(badge) = second_badge {
            let second = json!({"badge": badge, "pin": ask_pin()?});
            control.send(Method::POST, "/session/second", Some(&second)).await?;
        }
        let path = format!("/api/v1/stations/{station}/tags/{epc}/access");
        control.send(Method::POST, &path, Some(&body)).await
    };
    let answer = answer.await;
    let ended = control.sign_out().await;
    let answer = answer?;
    ended?;
    let text = |key: &str| answer[key].as_str().map(str::to_owned);
    let mut line = text("state").unwrap_or_default();
    for key in ["tid", "words", "reason"] {
        if let Some(value) = text(key) {
            line.push_str(&format!("\t{key} {value}"));
        }
    }
    println!("{line}");
    let is_done = answer["state"] == "done";
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn password(file: Option<PathBuf>) -> anyhow::Result<Option<String>> {
    let text = match file {
        Some(file) => Some(
            std::fs::read_to_string(&file)
                .with_context(|| format!("failed to read {}", file.display()))?,
        ),
        None => std::env::var("GATEWARDEN_TAG_PASSWORD").ok(),
    };
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}
