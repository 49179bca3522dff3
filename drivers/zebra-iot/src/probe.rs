//! A look at a reader for the one who installs it: who it is, whether it reads, which tags it tells meanwhile.
//!
//! A probe changes nothing: it starts no inventory, and the broker keeps nothing for it afterwards. Its name at the
//! broker must be its own, or the broker ends the connection of whoever has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::{
    codec::{self, Answer, shown},
    identity::Identity,
    link::{Incoming, Link},
    settings::{Channel, Settings},
};

/// Most tags of a report.
pub const TAGS_MAX: usize = 1_000;

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The broker can't be used.
    #[error("{0}; check the broker's address, and the user if it wants one")]
    Broker(String),
    /// No reader answers.
    #[error(
        "the broker is there, but nobody answers to {command} below {topic}: check the topics that are set on the \
         reader, and that its IoT Connector is connected"
    )]
    Silent {
        /// The command.
        command: &'static str,
        /// Where it was published.
        topic: String,
    },
    /// The reader refuses.
    #[error("the reader refuses {command}: {why}")]
    Refused {
        /// The command.
        command: &'static str,
        /// What it says.
        why: String,
    },
}

/// A tag that was told meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeTag {
    /// The EPC in hexadecimal.
    pub epc: String,
    /// How often it was read.
    pub count: u64,
    /// By which antennas, as far as they are told.
    pub antennas: BTreeSet<u16>,
    /// The strongest, in hundredths of a dBm.
    pub peak_rssi_cdbm: Option<i16>,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// `host:port` of the broker.
    pub broker: String,
    /// Maker, model, firmware in one line.
    pub summary: String,
    /// What the reader is.
    pub reader: Identity,
    /// Whether its radio is active, where it says so.
    pub reading: Option<bool>,
    /// How long it was listened to.
    pub seconds: u32,
    /// How many reads there were meanwhile.
    pub reads: u64,
    /// Of which tags, at most [`TAGS_MAX`].
    pub tags: Vec<ProbeTag>,
    /// Messages that could not be read.
    pub unreadable: u64,
}

struct Look {
    link: Link,
    settings: Settings,
    reads: u64,
    unreadable: u64,
    tags: BTreeMap<Vec<u8>, ProbeTag>,
}

/// Asks a reader who it is, and listens for so many seconds.
pub async fn probe(settings: &Settings, seconds: u32) -> Result<ProbeReport, ProbeError> {
    let settings = settings.clone();
    let link = Link::open(&settings).await.map_err(ProbeError::Broker)?;
    let mut look = Look { link, settings, reads: 0, unreadable: 0, tags: BTreeMap::new() };
    look.subscribed().await?;
    let version = look.ask("get_version").await?;
    let status = look.ask("get_status").await?;
    let until = Instant::now() + Duration::from_secs(seconds.into());
    while look.next(until).await?.is_some() {}
    let reader = Identity::from_payload(&version.payload);
    let Look { settings, reads, unreadable, tags, .. } = look;
    Ok(ProbeReport {
        broker: format!("{}:{}", settings.host, settings.port),
        summary: reader.summary(),
        reader,
        reading: codec::reading(&status.payload),
        seconds,
        reads,
        tags: tags.into_values().collect(),
        unreadable,
    })
}

impl Look {
    fn limit(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.settings.time_out_ms)
    }

    async fn subscribed(&mut self) -> Result<(), ProbeError> {
        let limit = self.limit();
        loop {
            match timeout_at(limit, self.link.next()).await {
                Ok(Ok(Incoming::Subscribed)) => return Ok(()),
                Ok(Ok(_)) => {}
                Ok(Err(reason)) => return Err(ProbeError::Broker(reason)),
                Err(_) => {
                    return Err(ProbeError::Broker("the broker does not answer in time".into()));
                }
            }
        }
    }

    async fn ask(&mut self, command: &'static str) -> Result<Answer, ProbeError> {
        let id = format!("{}-{command}", self.settings.client_id);
        let channel = Channel::ManagementCommand;
        let payload = codec::command(command, &id, &json!({}));
        self.link.publish(channel, payload).map_err(ProbeError::Broker)?;
        let limit = self.limit();
        while let Some(answers) = self.next(limit).await? {
            match answers.into_iter().find(|answer| answer.id == id) {
                Some(answer) if answer.ok => return Ok(answer),
                Some(answer) => {
                    let why = shown(&answer.payload.to_string());
                    return Err(ProbeError::Refused { command, why });
                }
                None => {}
            }
        }
        let topic = self.settings.topics.of(channel).to_owned();
        Err(ProbeError::Silent { command, topic })
    }

    /// The answers in the next message, of which there may be none; `None` when time is up.
    async fn next(&mut self, until: Instant) -> Result<Option<Vec<Answer>>, ProbeError> {
        let Ok(next) = timeout_at(until, self.link.next()).await else { return Ok(None) };
        let Incoming::Message(channel, payload) = next.map_err(ProbeError::Broker)? else {
            return Ok(Some(Vec::new()));
        };
        let Ok(objects) = codec::split(&payload) else {
            self.unreadable += 1;
            return Ok(Some(Vec::new()));
        };
        if channel == Channel::ManagementAnswer {
            return Ok(Some(objects.iter().filter_map(|o| codec::answer(o).ok()).collect()));
        }
        for object in objects.iter().filter(|_| channel == Channel::Data) {
            match codec::tags(object) {
                Ok(tags) => tags.into_iter().for_each(|tag| self.count(tag.read)),
                Err(_) => self.unreadable += 1,
            }
        }
        Ok(Some(Vec::new()))
    }

    fn count(&mut self, read: gatewarden_model::TagRead) {
        self.reads += u64::from(read.count);
        if self.tags.len() >= TAGS_MAX && !self.tags.contains_key(&read.epc) {
            return;
        }
        let epc: String = read.epc.iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = self.tags.entry(read.epc).or_insert_with(|| ProbeTag {
            epc,
            count: 0,
            antennas: BTreeSet::new(),
            peak_rssi_cdbm: None,
        });
        tag.count += u64::from(read.count);
        tag.antennas.extend(Some(read.antenna).filter(|port| *port != 0));
        tag.peak_rssi_cdbm = tag.peak_rssi_cdbm.max(read.peak_rssi_cdbm);
    }
}
