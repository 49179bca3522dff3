//! Where the daemon's log goes: to the journal with its fields when systemd runs it, else to
//! standard error. Log lines never carry PINs, tokens or badges.
//!
//! One event is one line: whatever came from outside into it (names, reasons, paths) can neither
//! begin another line, nor move a terminal's cursor, nor turn the direction of writing: control
//! characters and those that change the order or the line are written as escapes. So lines have no
//! colours either.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use systemd_journal_logger::{JournalLog, connected_to_journal};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::plain::plain;

/// Sets up logging; `RUST_LOG` overrides the level. Called once, at the start of `run`.
pub(crate) fn init(default_level: &str) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{default_level},rumqttc=warn,hyper=warn")));
    let registry = tracing_subscriber::registry().with(filter);
    let journal = if connected_to_journal() { JournalLog::new().ok() } else { None };
    let done = match journal {
        Some(journal) => registry.with(JournalLayer { journal }).try_init(),
        None => {
            let lines = tracing_subscriber::fmt::layer().with_writer(|| Lines(io::stderr()));
            registry.with(lines.with_ansi(false)).try_init()
        }
    };
    if let Err(error) = done {
        eprintln!("logging is set up already: {error}");
    }
}

/// Hands tracing's events to journald, each field as a journal field `GATEWARDEN_…`.
struct JournalLayer {
    journal: JournalLog,
}

impl<S: Subscriber> Layer<S> for JournalLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        let level = match *meta.level() {
            tracing::Level::ERROR => log::Level::Error,
            tracing::Level::WARN => log::Level::Warn,
            tracing::Level::INFO => log::Level::Info,
            tracing::Level::DEBUG => log::Level::Debug,
            tracing::Level::TRACE => log::Level::Trace,
        };
        let pairs: Vec<(&str, &str)> =
            fields.pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let mut record = log::Record::builder();
        record.level(level).target(meta.target()).key_values(&pairs);
        // A journal that can't be written has nowhere to be told.
        let _ = self.journal.journal_send(&record.args(format_args!("{}", fields.message)).build());
    }
}

/// Writes each event, which comes as one piece, as one line.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = plain(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    pairs: Vec<(String, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value = plain(value);
        if field.name() == "message" {
            self.message = value;
        } else {
            let _ = write!(self.message, " {}={value}", field.name());
            self.pairs.push((format!("gatewarden_{}", field.name()), value));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn one_event_is_one_line_whatever_is_in_it() {
        let mut out = Vec::new();
        let event = "WARN bad name=a\nINFO forged\r\x1b[2J\u{9b}31m\u{202e}gnp\u{2028}x\ty\n";
        Lines(&mut out).write_all(event.as_bytes()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let wanted =
            "WARN bad name=a\\nINFO forged\\r\\u{1b}[2J\\u{9b}31m\\u{202e}gnp\\u{2028}x\\ty\n";
        assert_eq!(text, wanted);
    }
}
