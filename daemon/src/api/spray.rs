//! One PIN tried on many badges: a lock-out of each operator does not see it, so failures are counted
//! by where they come from, and over all.
//!
//! Every sign-in by a typed badge that is known and not locked, and that fails, spends one of [`OF_SOURCE`] failures of its source (an
//! IPv4 address, or the /64 of an IPv6 one) and of [`OF_ALL`]; both come back slowly. A source that has
//! spent its own waits. When all are spent, sources that failed lately wait, and those that did not are
//! still let in. So guessing goes at a crawl wherever it comes from, and nobody else is kept out: a
//! badge that was scanned at the station is not counted here (it is in somebody's hand, and bounded
//! by his lock-out), nor is the control socket. Each time a source or all are spent there is an alarm,
//! and while anybody is turned away a count each minute. Time is an argument; sources are at most
//! [`SOURCES_MAX`], of which the least guilty is forgotten first.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

/// Failures of one source before it waits.
const OF_SOURCE: u32 = 20;
/// One comes back after so many microseconds.
const OF_SOURCE_EVERY_US: u64 = 30_000_000;
/// Failures of all sources before those that failed wait.
const OF_ALL: u32 = 60;
/// One comes back after so many microseconds.
const OF_ALL_EVERY_US: u64 = 10_000_000;
/// Sources that are remembered.
const SOURCES_MAX: usize = 1024;
/// Pause between two alarms of one source, in microseconds.
const ALARM_EVERY_US: u64 = 600_000_000;
/// Pause between two counts of who was turned away, in microseconds.
const COUNT_EVERY_US: u64 = 60_000_000;

/// What is to be recorded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) reason: String,
    /// How many were turned away.
    pub(super) further: u64,
}

/// All failures that still count.
#[derive(Debug, Default)]
pub(super) struct Spray {
    all: Spent,
    sources: HashMap<IpAddr, Spent>,
    turned_away: u64,
    told_us: u64,
}

/// Failures that did not come back yet.
#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    failures: u32,
    since_us: u64,
    alarmed_us: Option<u64>,
}

impl Spent {
    /// What is left of them now.
    fn at(self, now_us: u64, every_us: u64) -> Self {
        let back = now_us.saturating_sub(self.since_us) / every_us;
        let failures = self.failures.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX));
        let since_us = if failures == 0 { now_us } else { self.since_us + back * every_us };
        Self { failures, since_us, ..self }
    }

    /// Adds a failure; how many there are, where that is the one too many and was not told lately.
    fn add(&mut self, now_us: u64, every_us: u64, max: u32) -> Option<u32> {
        *self = self.at(now_us, every_us);
        self.failures = self.failures.saturating_add(1).min(max * 2);
        let lately = |at: u64| now_us.saturating_sub(at) < ALARM_EVERY_US;
        if self.failures < max || self.alarmed_us.is_some_and(lately) {
            return None;
        }
        self.alarmed_us = Some(now_us);
        Some(self.failures)
    }
}

impl Spray {
    /// Whether a sign-in from there may be tried now; else what is to be recorded of that.
    pub(super) fn admits(&mut self, from: IpAddr, now_us: u64) -> Result<(), Option<Alarm>> {
        let own = self.sources.get(&source(from)).copied().unwrap_or_default();
        let own = own.at(now_us, OF_SOURCE_EVERY_US);
        let all = self.all.at(now_us, OF_ALL_EVERY_US);
        if own.failures < OF_SOURCE && (all.failures < OF_ALL || own.failures == 0) {
            return Ok(());
        }
        self.turned_away += 1;
        if now_us.saturating_sub(self.told_us) < COUNT_EVERY_US {
            return Err(None);
        }
        self.told_us = now_us;
        let further = std::mem::take(&mut self.turned_away);
        let reason = format!(
            "alarm: sign-ins are still tried faster than people err, the last from {from}; {further} \
             were turned away"
        );
        Err(Some(Alarm { reason, further }))
    }

    /// A sign-in from there failed; what is to be recorded of that.
    pub(super) fn failed(&mut self, from: IpAddr, now_us: u64) -> Option<Alarm> {
        self.forget(now_us);
        let own = self.sources.entry(source(from)).or_default();
        let own = own.add(now_us, OF_SOURCE_EVERY_US, OF_SOURCE);
        let all = self.all.add(now_us, OF_ALL_EVERY_US, OF_ALL);
        let (whose, count) = match (own, all) {
            (Some(own), _) => (format!("from {from}"), own),
            (None, Some(all)) => ("from everywhere".to_owned(), all),
            (None, None) => return None,
        };
        self.told_us = now_us;
        let further = std::mem::take(&mut self.turned_away);
        let reason = format!(
            "alarm: {count} sign-ins failed {whose} within a short time, as when one PIN is tried on many \
             badges; typed badges {whose} wait, scanned ones do not"
        );
        Some(Alarm { reason, further })
    }

    /// Makes room: who has nothing spent is forgotten, then who has least.
    fn forget(&mut self, now_us: u64) {
        if self.sources.len() < SOURCES_MAX {
            return;
        }
        self.sources.retain(|_, spent| spent.at(now_us, OF_SOURCE_EVERY_US).failures > 0);
        while self.sources.len() >= SOURCES_MAX {
            let least = self.sources.iter().min_by_key(|(_, spent)| spent.failures);
            let Some(least) = least.map(|(address, _)| *address) else { return };
            self.sources.remove(&least);
        }
    }
}

/// What counts as one source: whoever has one IPv6 address has its whole /64.
fn source(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 20, last])
    }

    #[test]
    fn a_source_that_guesses_is_slowed_and_others_are_not() {
        let mut spray = Spray::default();
        let mut alarms = vec![];
        for n in 0..OF_SOURCE {
            assert_eq!(spray.admits(v4(1), 100 * S), Ok(()), "{n}");
            alarms.extend(spray.failed(v4(1), 100 * S));
        }
        assert_eq!(alarms.len(), 1);
        assert!(alarms[0].reason.starts_with("alarm: 20 sign-ins failed from 192.168.20.1 "));
        assert_eq!(spray.admits(v4(1), 101 * S), Err(None));
        assert_eq!(spray.admits(v4(2), 101 * S), Ok(()));
        // An hour of guessing on end.
        let tried = (101..3701).filter(|s| {
            let admitted = spray.admits(v4(1), s * S).is_ok();
            if admitted {
                spray.failed(v4(1), s * S);
            }
            admitted
        });
        assert_eq!(tried.count(), 120, "one each 30 s");
        assert_eq!(spray.admits(v4(1), 40_000 * S), Ok(()), "it is forgiven");
    }

    #[test]
    fn many_sources_are_slowed_together_and_a_clean_one_is_not() {
        let mut spray = Spray::default();
        let alarms: Vec<_> = (0..60).filter_map(|n| spray.failed(v4(n), 50 * S)).collect();
        assert_eq!(alarms.len(), 1);
        assert!(alarms[0].reason.contains("60 sign-ins failed from everywhere"), "{alarms:?}");
        assert_eq!(spray.admits(v4(3), 51 * S), Err(None), "it failed lately");
        assert_eq!(spray.admits(v4(200), 51 * S), Ok(()), "it never failed");
        assert_eq!(spray.admits(v4(3), 50 * S + OF_ALL_EVERY_US), Ok(()));
    }

    #[test]
    fn whoever_is_turned_away_is_counted_once_a_minute() {
        let mut spray = Spray::default();
        for _ in 0..OF_SOURCE {
            spray.failed(v4(1), 100 * S);
        }
        let told: Vec<_> = (0..2000)
            .filter_map(|n| {
                let now_us = 100 * S + n * 60_000;
                let judged = spray.admits(v4(1), now_us);
                if judged.is_ok() {
                    assert_eq!(spray.failed(v4(1), now_us), None, "it was told just now");
                }
                judged.err().flatten()
            })
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!((900..=1001).contains(&told[0].further), "{told:?}");
    }

    #[test]
    fn sources_are_bounded_and_a_network_of_ipv6_is_one() {
        let mut spray = Spray::default();
        for n in 0..5000_u32 {
            spray.failed(IpAddr::V4(n.into()), S);
        }
        assert!(spray.sources.len() <= SOURCES_MAX);
        let a = source("2001:db8::1".parse().unwrap_or(v4(1)));
        let b = source("2001:db8::ffff:1".parse().unwrap_or(v4(2)));
        assert_eq!(a, b);
    }
}
