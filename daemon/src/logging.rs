//! Where the daemon's log goes: to the journal with its fields when systemd runs it, else to
//! standard error. Log lines never carry PINs, tokens or badges.

use std::{fmt::Write as _, io::IsTerminal as _};

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

/// Sets up logging; `RUST_LOG` overrides the level. Called once, at the start of `run`.
pub(crate) fn init(default_level: &str) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{default_level},rumqttc=warn,hyper=warn")));
    let registry = tracing_subscriber::registry().with(filter);
    let journal = if connected_to_journal() { JournalLog::new().ok() } else { None };
    let done = match journal {
        Some(journal) => registry.with(JournalLayer { journal }).try_init(),
        None => {
            let ansi = std::io::stderr().is_terminal();
            let plain =
                tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(ansi);
            registry.with(plain).try_init()
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

#[derive(Default)]
struct Fields {
    message: String,
    pairs: Vec<(String, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            let _ = write!(self.message, " {}={value}", field.name());
            self.pairs.push((format!("gatewarden_{}", field.name()), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
