//! `gatewarden identify`: what identifiers say, one JSON object a line.

use std::{
    io::{BufWriter, Write as _},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use gatewarden_model::identify::{Form, identify as tell};

#[derive(Debug, Args)]
pub(crate) struct IdentifyArgs {
    /// What the lines are.
    #[arg(long = "as", value_enum, default_value = "auto")]
    form: FormArg,
    /// Identifiers; without any they are read from standard input, one a line.
    inputs: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormArg {
    Auto,
    Epc,
    Memory,
    Scan,
    Bracketed,
    DigitalLink,
}

/// Longest line that is looked at, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Runs `gatewarden identify`. Fails only if it can't read or write: a bad identifier is an answer.
pub(crate) fn identify(args: &IdentifyArgs) -> anyhow::Result<ExitCode> {
    let form = match args.form {
        FormArg::Auto => Form::Auto,
        FormArg::Epc => Form::Epc,
        FormArg::Memory => Form::Memory,
        FormArg::Scan => Form::Scan,
        FormArg::Bracketed => Form::Bracketed,
        FormArg::DigitalLink => Form::DigitalLink,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for input in &args.inputs {
        serde_json::to_writer(&mut out, &tell(input, form))?;
        out.write_all(b"\n")?;
    }
    if args.inputs.is_empty() {
        let mut stdin = std::io::stdin().lock();
        let mut line = Vec::new();
        while read_line(&mut stdin, &mut line)? {
            match std::str::from_utf8(&line) {
                Ok(text) => serde_json::to_writer(&mut out, &tell(text, form))?,
                Err(error) => serde_json::to_writer(&mut out, &not_text(&line, &error))?,
            }
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The answer to bytes that are no text: no scanner means them.
fn not_text(line: &[u8], error: &std::str::Utf8Error) -> serde_json::Value {
    let message = format!("the line is not UTF-8: {error}");
    serde_json::json!({
        "input": String::from_utf8_lossy(line), "ok": false,
        "error": {"code": "not-utf8", "message": message},
    })
}

/// One line without its end. A line beyond the bound keeps its first part and is skipped to its end.
fn read_line(from: &mut impl std::io::BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|b| *b == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_newlines_and_keep_their_bound() {
        let text =
            [b"a\r\nb\n\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 5], b"\nc".to_vec()].concat();
        let mut from = std::io::BufReader::with_capacity(7, &text[..]);
        let mut line = Vec::new();
        let mut seen = Vec::new();
        while read_line(&mut from, &mut line).is_ok_and(|more| more) {
            seen.push(line.len());
        }
        assert_eq!(seen, [1, 1, 0, LINE_BYTES_MAX, 1]);
    }
}
