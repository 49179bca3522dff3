//! `gatewarden-verify --keys trusted.keys PROOF...`: passes or fails each proof.
//!
//! Exit codes: 0 every proof passed, 1 at least one failed, 2 it could not be tried (usage, files,
//! keys). Needs no database, no network and no clock; reads the files named and nothing else.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use gatewarden_proof::{Trust, proof::PROOF_BYTES_MAX};
use gatewarden_verify::{judge, read, told};

const USAGE: &str = "\
usage: gatewarden-verify --keys FILE PROOF...
  FILE    whom you trust: log, witness, group and quorum lines (`gatewarden ledger key` prints them)
  PROOF   a .tlog-proof, or the text scanned from its QR codes; - for standard input
exit: 0 every proof passed, 1 one failed, 2 it could not be tried";

const UNTRIED: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(words) => {
            let _ = writeln!(io::stderr(), "gatewarden-verify: {words}");
            ExitCode::from(UNTRIED)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    let mut out = io::stdout();
    let mut say = |text: &str| out.write_all(text.as_bytes()).map_err(|e| e.to_string());
    match arguments {
        [one] if one == "--version" => {
            say(concat!("gatewarden-verify ", env!("CARGO_PKG_VERSION"), "\n"))?;
            Ok(true)
        }
        [option, keys, proofs @ ..] if option == "--keys" && !proofs.is_empty() => {
            let trust = open(keys)?;
            let trust = Trust::parse(&trust).map_err(|error| format!("{keys}: {error}"))?;
            let texts: Result<Vec<_>, String> =
                proofs.iter().map(|name| Ok((name.clone(), open(name)?))).collect();
            let mut passed = true;
            for (name, proof) in read(&texts?) {
                let checked = proof
                    .map_err(|error| error.to_string())
                    .and_then(|proof| judge(&trust, &proof).map_err(|error| error.to_string()));
                match checked {
                    Ok(checked) => say(&told(&checked, &trust))?,
                    Err(words) => {
                        passed = false;
                        say(&format!("FAIL  {name}: {words}\n"))?;
                    }
                }
            }
            Ok(passed)
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn open(name: &str) -> Result<String, String> {
    let mut text = String::new();
    let limit = PROOF_BYTES_MAX as u64 + 1;
    let done = if name == "-" {
        io::stdin().take(limit).read_to_string(&mut text)
    } else {
        File::open(Path::new(name)).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    done.map(|_| text).map_err(|error| format!("failed to read {name}: {error}"))
}
