//! The ways to people: channels by name, who reads them, and how people are called there.
//!
//! A channel that is one place for all (a robot's group, a topic, a URL) is for the audience `group:ROLE` alone,
//! masked as that role sees; what is for one person goes only where nobody else reads.

use std::{collections::BTreeMap, sync::Arc};

use gatewarden_adapters::notice::Channel;
use gatewarden_config::{Config, Language};
use gatewarden_model::{Clock, OperatorId};
use gatewarden_notices::{ChannelLimits, Rate, template::Lang};

/// One channel.
pub(crate) struct Way {
    /// The client.
    pub(crate) channel: Box<dyn Channel>,
    /// Whether it is one place for all.
    pub(crate) is_one_place: bool,
    /// Most messages a minute, where the house says so; else the vendor's limit.
    pub(crate) per_minute: Option<u32>,
    /// What people are called there.
    pub(crate) addresses: BTreeMap<OperatorId, String>,
}

/// All channels.
#[derive(Default)]
pub(crate) struct Ways {
    /// By name.
    pub(crate) channels: BTreeMap<String, Way>,
    /// What people read, where it is not Chinese.
    pub(crate) languages: BTreeMap<OperatorId, Lang>,
}

/// Who is reached by which channel, apart from the clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach(Arc<BTreeMap<String, (bool, Vec<OperatorId>)>>);

impl Way {
    /// The addresses of a receiver; none where he has none here.
    pub(super) fn addresses(&self, to: &str) -> Option<Vec<String>> {
        match to.strip_prefix("operator:") {
            Some(_) if self.is_one_place => None,
            Some(who) => {
                let who = OperatorId::parse(who).ok()?;
                self.addresses.get(&who).map(|address| vec![address.clone()])
            }
            None => self.is_one_place.then(Vec::new),
        }
    }
}

impl Ways {
    /// Those of a configuration. One that can't be set up is told, and stops none of the others.
    pub(crate) fn of(config: &Config, clock: &Arc<dyn Clock>) -> Self {
        let mut ways = Self::default();
        for section in &config.channels {
            let channel = match crate::channels::channel(section, clock) {
                Ok(channel) => channel,
                Err(error) => {
                    tracing::error!(channel = %section.name, error = %format!("{error:#}"),
                        "a channel can't be set up");
                    continue;
                }
            };
            let called = config.contacts.iter().filter_map(|contact| {
                let address = section.kind.address_of(contact)?;
                Some((contact.operator.clone(), address.to_owned()))
            });
            let way = Way {
                channel,
                is_one_place: section.kind.is_one_place(),
                per_minute: section.per_minute,
                addresses: called.collect(),
            };
            ways.channels.insert(section.name.to_string(), way);
        }
        let english = config.contacts.iter().filter(|one| one.language == Language::En);
        ways.languages = english.map(|one| (one.operator.clone(), Lang::En)).collect();
        ways
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    pub(super) fn named(&self, name: &str) -> Option<&Way> {
        self.channels.get(name)
    }

    /// How often each may be used.
    pub(super) fn limits(&self) -> ChannelLimits {
        let rate = |way: &Way| {
            let vendor = way.channel.limit().map(|limit| Rate {
                count: limit.messages.max(1),
                span_us: i64::from(limit.per_s) * 1_000_000,
            });
            let own = way.per_minute.map(|count| Rate { count: count.max(1), span_us: 60_000_000 });
            own.or(vendor)
        };
        let all =
            self.channels.iter().map(|(name, way)| (name.clone(), rate(way).into_iter().collect()));
        all.collect()
    }

    /// What a receiver reads.
    pub(super) fn language(&self, to: &str) -> Lang {
        let who = to.strip_prefix("operator:").and_then(|who| OperatorId::parse(who).ok());
        who.and_then(|who| self.languages.get(&who).copied()).unwrap_or_default()
    }

    pub(super) fn reach(&self) -> Reach {
        let who = |way: &Way| (way.is_one_place, way.addresses.keys().cloned().collect());
        Reach(Arc::new(self.channels.iter().map(|(name, way)| (name.clone(), who(way))).collect()))
    }
}

impl Reach {
    /// Those of `named` by which a receiver is reached, in order.
    pub(super) fn channels(&self, named: &[String], to: &str) -> Vec<String> {
        let who = to.strip_prefix("operator:").and_then(|who| OperatorId::parse(who).ok());
        let reaches = |name: &&String| match (self.0.get(*name), &who) {
            (Some((is_one_place, known)), Some(who)) => !is_one_place && known.contains(who),
            (Some((is_one_place, _)), None) => *is_one_place,
            (None, _) => false,
        };
        named.iter().filter(reaches).cloned().collect()
    }
}
