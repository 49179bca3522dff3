//! What the engine remembers for rules: what happened, what was said, and which entries rules fired for.
//!
//! Invariants: it is a function of the entries and of the settings of the rules in force, so that one that was read
//! from the journal by somebody else may take the place of the engine's own; bounded. Where it does not begin with
//! the journal, what would be wrong for it is not told (`History`). Absent: reading the journal (the caller).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Body, Entry, PassId};
use gatewarden_rules::{History, HistorySettings, Memory as Said};

use crate::engine::Engine;

/// Firings that are remembered by their cause.
const FIRED_MAX: usize = 100_000;

/// What is remembered for rules.
#[derive(Debug, Clone, Default)]
pub struct RuleMemory {
    /// What happened lately, as rules ask for it.
    pub(crate) history: History,
    /// What rules said lately.
    pub(crate) said: Said,
    /// Which rule fired for which entry lately, by the entry.
    fired: BTreeSet<(u64, String)>,
    /// The entry that was taken last, and one more.
    next: u64,
}

impl RuleMemory {
    /// An empty one that will be told of everything, from the first entry on.
    #[must_use]
    pub fn whole(settings: HistorySettings) -> Self {
        Self { history: History::new(settings), ..Self::default() }
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        self.history.take(entry);
        if let Body::RuleFired { firing, .. } = &entry.body {
            self.said.take(firing, entry.at.wall_us);
            if let Some(cause) = firing.cause {
                self.fired.insert((cause, firing.rule.clone()));
                if self.fired.len() > FIRED_MAX {
                    self.fired.pop_first();
                }
            }
        }
        self.next = self.next.max(entry.seq.saturating_add(1));
    }

    /// The entry that it is to be told of next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether a rule fired for an entry lately.
    pub(crate) fn has_fired(&self, rule: &str, cause: u64) -> bool {
        let since = self.fired.range((cause, String::new())..);
        since.take_while(|(of, _)| *of == cause).any(|(_, known)| known == rule)
    }
}

impl Engine {
    /// Rules remember what those in force ask for: what happened before is read from the journal (`recall`).
    pub(crate) fn renew_history(&mut self, now_us: i64) {
        let settings = self.history_settings();
        if let Some(settings) = settings.filter(|new| new != self.memory().rules.history.settings())
        {
            self.forget_history(settings, Some(now_us));
        }
    }

    fn history_settings(&self) -> Option<HistorySettings> {
        let known = self.state().procedures_in_force();
        known.map(|known| known.rules.definitions().history.clone())
    }

    fn forget_history(&mut self, settings: HistorySettings, since_us: Option<i64>) {
        let since = since_us.unwrap_or(i64::MIN);
        let quarantined: BTreeMap<PassId, i64> =
            self.state().quarantine().map(|one| (one.pass.id, one.at.wall_us)).collect();
        let rules = &mut self.memory_mut().rules;
        rules.history = History::since(settings, since);
        if since_us.is_some() {
            for (pass, at_us) in quarantined {
                rules.history.take_quarantined(pass, at_us);
            }
        }
    }

    /// How far back rules remember at least, in microseconds; 0 where there are none.
    #[must_use]
    pub fn remembers_us(&self) -> i64 {
        self.history_settings().map_or(0, |settings| History::new(settings).span_us())
    }

    /// Begins to remember anew, before `recall`: from a microsecond on, or from the journal's first entry.
    pub fn begin_recall(&mut self, since_us: Option<i64>) {
        if let Some(settings) = self.history_settings() {
            self.forget_history(settings, since_us);
        }
    }

    /// Takes over what happened before this run, for rules: every entry since then, in order.
    pub fn recall(&mut self, entry: &Entry) {
        self.memory_mut().rules.take(entry);
    }

    /// What the whole journal must be read for; none where rules remember all that they ask for at a moment.
    #[must_use]
    pub fn unremembered(&self, now_us: i64) -> Option<HistorySettings> {
        let known = self.state().procedures_in_force()?;
        let (wants, history) = (known.rules.wants(), self.history());
        let windows = wants.windows() && !history.has_windows(now_us);
        let needs = !history.is_whole() && (wants.whole_journal() || windows);
        needs.then(|| known.rules.definitions().history.clone())
    }

    /// Takes over what was read of the journal, and the entries since; false, and nothing taken over, where the rules
    /// in force ask for something else meanwhile.
    pub fn remember(&mut self, mut read: RuleMemory, since: &[Entry]) -> bool {
        if self.history_settings().as_ref() != Some(read.history.settings()) {
            return false;
        }
        let from = since.partition_point(|entry| entry.seq < read.next);
        since[from..].iter().for_each(|entry| read.take(entry));
        self.memory_mut().rules = read;
        true
    }

    /// What rules remember, for whoever asks them from outside.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.memory().rules.history
    }
}
