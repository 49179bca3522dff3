//! Which of a reader's outputs a signal lights. Pure.
//!
//! Invariant: what must be off stands before what must be on, so that no green lingers beside a red.

use gatewarden_model::Signal;

use crate::{codec::GpoWriteData, settings::Lamps};

impl Lamps {
    /// The outputs in use.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        [self.green, self.amber, self.red, self.buzzer].into_iter().flatten()
    }

    /// All outputs as a signal wants them.
    pub(crate) fn levels(&self, signal: Signal) -> Vec<GpoWriteData> {
        let lit = |lamp: Option<u16>, on: bool| lamp.map(|port| (port, on));
        let red = matches!(signal, Signal::Stop | Signal::Alarm);
        let mut levels: Vec<(u16, bool)> = [
            lit(self.green, signal == Signal::Go),
            lit(self.amber, signal == Signal::Busy),
            lit(self.red, red),
            lit(self.buzzer, signal == Signal::Alarm),
        ]
        .into_iter()
        .flatten()
        .collect();
        levels.sort_by_key(|(_, on)| *on);
        let data = |(port, on)| GpoWriteData { port, on, others: vec![] };
        levels.into_iter().map(data).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_lights_its_lamps_and_darkens_the_others_first() {
        let lamps = Lamps { green: Some(1), amber: Some(2), red: Some(3), buzzer: Some(4) };
        let told = |signal| {
            lamps.levels(signal).iter().map(|data| (data.port, data.on)).collect::<Vec<_>>()
        };
        assert_eq!(told(Signal::Off), [(1, false), (2, false), (3, false), (4, false)]);
        assert_eq!(told(Signal::Go), [(2, false), (3, false), (4, false), (1, true)]);
        assert_eq!(told(Signal::Busy), [(1, false), (3, false), (4, false), (2, true)]);
        assert_eq!(told(Signal::Stop), [(1, false), (2, false), (4, false), (3, true)]);
        assert_eq!(told(Signal::Alarm), [(1, false), (2, false), (3, true), (4, true)]);
        let bare = Lamps { green: Some(1), ..Lamps::default() };
        assert_eq!(bare.levels(Signal::Alarm).len(), 1);
    }
}
