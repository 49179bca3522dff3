//! Before reading: which module stands at the port, and setting it up.
//!
//! What was found before is asked first, and again after each few others: a module that comes back is known at once.

use std::collections::BTreeSet;

use gatewarden_model::Stamp;

use super::{ANSWER_US, Found, Output, Phase, SEEK_US, Session, TRIES, plan};
use crate::{
    Settings,
    codec::{Framer, Protocol, Said},
    settings::BAUDS,
};

/// After so many others, the module that was found before is asked again.
const OTHERS: usize = 2;

/// Whom to ask, in this order; never nobody.
pub(super) fn candidates(settings: &Settings, known: Option<Found>) -> Vec<Found> {
    let protocols = if settings.protocols.is_empty() {
        Settings::protocols_named("auto").unwrap_or_default()
    } else {
        settings.protocols.clone()
    };
    let bauds = settings.baud.map_or_else(|| BAUDS.to_vec(), |baud| vec![baud]);
    let pairs = bauds.iter().flat_map(|baud| {
        protocols.iter().map(|protocol| Found { protocol: *protocol, baud: *baud })
    });
    let others: Vec<Found> = pairs.filter(|pair| Some(*pair) != known).collect();
    let mut all = Vec::new();
    for few in others.chunks(OTHERS) {
        all.extend(known);
        all.extend(few);
    }
    if all.is_empty() {
        all.push(known.unwrap_or(Found { protocol: Protocol::Mercury, baud: BAUDS[0] }));
    }
    all
}

impl Session {
    pub(super) fn seek(&mut self, at: usize, tries: u32, now: Stamp) {
        let Some(found) = self.candidates.get(at).copied() else {
            let reason = self.nobody();
            return self.down(reason, now);
        };
        if at == 0 || self.candidates[at - 1].baud != found.baud {
            self.outputs.push_back(Output::Baud(found.baud));
        }
        self.found = found;
        self.framer = Framer::new(found.protocol);
        self.outputs.push_back(Output::Write(plan::question(found.protocol)));
        self.phase = Phase::Seek { at, tries };
        self.due_us = now.mono_us + SEEK_US;
    }

    /// Nobody answered: what was tried, and what to look at.
    fn nobody(&self) -> String {
        let names: BTreeSet<_> = self.candidates.iter().map(|c| c.protocol.name()).collect();
        let bauds: BTreeSet<_> = self.candidates.iter().map(|c| c.baud).collect();
        let bauds: Vec<_> = bauds.iter().map(ToString::to_string).collect();
        let names: Vec<_> = names.into_iter().collect();
        let (names, bauds) = (names.join(", "), bauds.join(", "));
        let way_out = match self.heard {
            0 => "nothing came at all; check power, cable, `protocol` and `baud`; a line scanner answers nobody"
                .to_owned(),
            bytes => format!(
                "{bytes} bytes came that none of them sends; check `protocol` and `baud`, or whether a line scanner \
                 hangs there"
            ),
        };
        format!("no module answers ({names} at {bauds} baud): {way_out}")
    }

    /// One protocol that is set is asked again, many are asked once each.
    pub(super) fn seek_on(&mut self, at: usize, tries: u32, now: Stamp) {
        let again = self.candidates.len() <= 2 && tries + 1 < TRIES;
        let (at, tries) = if again { (at, tries + 1) } else { (at + 1, 0) };
        self.seek(at, tries, now);
    }

    pub(super) fn hear_seeking(&mut self, said: &Said, now: Stamp) {
        match said {
            Said::Bad(_) => {}
            // It was left reading by whoever was here before; or it answers: both speak this protocol.
            Said::Tags { .. } | Said::Alive | Said::Answer { .. } | Said::Refused { .. } => {
                match plan::asks(self.found.protocol, &self.settings) {
                    Ok(asks) => self.asks = asks,
                    Err(reason) => return self.down(reason, now),
                }
                self.ask(0, 0, now);
            }
        }
    }

    pub(super) fn hear_set_up(&mut self, at: usize, said: Said, now: Stamp) {
        let Some(ask) = self.asks.get(at) else { return };
        match said {
            Said::Answer { command, data } if command == ask.command => {
                if ask.learns {
                    plan::learn(self.found.protocol, command, &mut self.module, &data);
                }
                self.ask(at + 1, 0, now);
            }
            Said::Refused { command, why }
                if command.is_none_or(|command| command == ask.command) =>
            {
                if ask.needed {
                    let what = ask.what;
                    return self.down(format!("the module refuses {what}: {why}"), now);
                }
                self.ask(at + 1, 0, now);
            }
            Said::Tags { tags, .. } if !tags.is_empty() => {
                let why =
                    "tags of a module that was left reading, before it was known which".to_owned();
                self.bad.add(now, now, why);
            }
            _ => {}
        }
    }

    pub(super) fn unanswered(&mut self, at: usize, tries: u32, now: Stamp) {
        let Some(ask) = self.asks.get(at) else { return };
        if tries + 1 < TRIES {
            return self.ask(at, tries + 1, now);
        }
        if ask.needed {
            let what = ask.what;
            return self
                .down(format!("the module does not answer: {what}; check power and cable"), now);
        }
        self.ask(at + 1, 0, now);
    }

    fn ask(&mut self, at: usize, tries: u32, now: Stamp) {
        let Some(ask) = self.asks.get(at) else {
            let module = std::mem::take(&mut self.module);
            self.outputs.push_back(Output::Up { module, found: self.found });
            self.phase = Phase::Reading { armed_us: now.mono_us, frames: 0 };
            return self.rearm(now);
        };
        self.outputs.push_back(Output::Write(ask.bytes.clone()));
        self.phase = Phase::SetUp { at, tries };
        self.due_us = now.mono_us + ANSWER_US;
    }
}
