//! `gatewarden replay FILE`: a recorded trace again, from the reads to the passes.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use gatewarden_model::Pass;

use crate::{
    grouping::Grouping,
    recording::{Head, Line, Replayed, VERSION, replay},
};

/// Bytes of one line at most: a pass of ten thousand things.
const LINE_BYTES_MAX: u64 = 32 << 20;

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// As `trace = "FILE"` of a station recorded it.
    file: PathBuf,
    /// Do not compare with the passes in the trace: only print what comes now.
    #[arg(long)]
    only_print: bool,
}

/// Prints each pass as one line of JSON and fails where one differs from what was recorded.
pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let (mut passes, mut differ) = (0u64, 0u64);
    for_each(&args.file, |number, recorded, now| {
        passes += 1;
        if let Some(pass) = &now {
            println!("{}", serde_json::to_string(pass)?);
        }
        if !args.only_print && now.as_ref() != Some(&recorded) {
            differ += 1;
            let recorded = serde_json::to_string(&recorded)?;
            eprintln!("{}:{number}: another pass was recorded: {recorded}", args.file.display());
        }
        Ok(())
    })?;
    eprintln!("{passes} passes, {differ} differ from the trace");
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn for_each(
    file: &Path,
    mut with: impl FnMut(usize, Pass, Option<Pass>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let name = file.display();
    let mut input = BufReader::new(File::open(file).with_context(|| name.to_string())?);
    let (mut grouping, mut text, mut number) = (None, String::new(), 0);
    loop {
        text.clear();
        let read = input.by_ref().take(LINE_BYTES_MAX).read_line(&mut text);
        if read.with_context(|| format!("{name}:{}: no text of a trace", number + 1))? == 0 {
            break;
        }
        number += 1;
        let torn = !text.ends_with('\n') && (text.len() as u64) < LINE_BYTES_MAX;
        if grouping.is_some() && torn {
            // Whatever ended the daemon there ended the line too.
            eprintln!("{name}:{number}: the last line was not written to its end; it is left out");
            break;
        }
        let place =
            || format!("{name}:{number}: not a line of a trace; a trace is what a station records");
        match &mut grouping {
            None => {
                let head: Head = serde_json::from_str(&text).with_context(place)?;
                anyhow::ensure!(
                    head.trace == VERSION,
                    "{name}: a trace of version {}; this knows {VERSION}",
                    head.trace
                );
                grouping = Some(Grouping::new(&head.rules));
            }
            Some(grouping) => {
                let line: Line = serde_json::from_str(&text).with_context(place)?;
                if let Replayed::Pass { recorded, now } = replay(grouping, line) {
                    with(number, *recorded, now.map(|pass| *pass))?;
                }
            }
        }
    }
    anyhow::ensure!(grouping.is_some(), "{name} is empty: a trace begins with the station's rules");
    Ok(())
}
