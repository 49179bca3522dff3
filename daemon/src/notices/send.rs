//! Sending: one message, made for its receiver at this moment, and what its channel answered.

use std::sync::Arc;

use gatewarden_adapters::{Outcome, notice::Message};
use gatewarden_engine::Engine;
use gatewarden_model::Entry;
use gatewarden_notices::{Answer, Sending, digest::digest, template::Lang};
use gatewarden_store::LedgerReader;
use uuid::Uuid;

use super::{NoticeLane, Running, render, render::Made};

/// The namespace of message ids.
const IDS: Uuid = Uuid::from_u128(0x6761_7465_7761_7264_656e_2d6e_6f74_6963);

impl Running {
    /// Sends what is due next; false where nothing is.
    pub(super) async fn send(&mut self) -> anyhow::Result<bool> {
        let now_us = self.now_us();
        let Some(sending) = self.queue.next(now_us) else {
            self.persist().await?;
            return Ok(false);
        };
        let answer = match self.message(&sending).await? {
            Ok(message) => {
                // From here on the rows say `sending`, on disk.
                self.persist().await?;
                self.tell(&sending, &message).await
            }
            Err(reason) => Answer::Rejected { reason },
        };
        if let Answer::Retry { reason, .. } | Answer::Rejected { reason } = &answer {
            // What the other side says may quote anything; its first words are its status.
            let status: String = reason.chars().take(60).collect();
            tracing::warn!(channel = %sending.channel, %status, "a notice did not go out");
        }
        let settled = self.queue.answer(&sending, answer, self.now_us());
        self.settle(settled);
        self.persist().await?;
        self.record().await?;
        Ok(true)
    }

    async fn tell(&self, sending: &Sending, message: &Message) -> Answer {
        let Some(way) = self.lane.ways.named(&sending.channel) else {
            return Answer::Rejected { reason: format!("there is no channel {}", sending.channel) };
        };
        match way.channel.send(message).await {
            Outcome::Delivered { remote_id } => Answer::Delivered { remote_id },
            Outcome::Retry { reason, after, uncertain } => {
                let after_us =
                    after.map(|after| i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
                Answer::Retry { reason, after_us, uncertain }
            }
            Outcome::Rejected { reason } => Answer::Rejected { reason },
        }
    }

    /// The message of what is to be sent, or why there can be none.
    async fn message(&self, sending: &Sending) -> anyhow::Result<Result<Message, String>> {
        let Some(way) = self.lane.ways.named(&sending.channel) else {
            return Ok(Err(format!("there is no channel {}", sending.channel)));
        };
        let Some(receivers) = way.addresses(&sending.to) else {
            return Ok(Err(format!("{} has no address at {}", sending.to, sending.channel)));
        };
        let lang = self.lane.ways.language(&sending.to);
        let mut all = vec![];
        for id in &sending.ids {
            let Some(row) = self.queue.row(*id).cloned() else { continue };
            let entry = self.entry(row.about).await?;
            let link =
                self.links.of(&row, &entry, &self.set.1, &self.lane.origin, self.now_us()).await?;
            let (set, gateway) = (Arc::clone(&self.set.1), self.lane.gateway.clone());
            let waiting = self.queue.depth();
            let make = move |engine: &Engine| {
                render::make(engine, &set, &row, entry, lang, &gateway, link, waiting)
            };
            all.push(self.lane.recorder.query(make).await?);
        }
        Ok(message_of(sending, receivers, all, lang, &self.lane))
    }

    pub(super) async fn entry(&self, seq: u64) -> anyhow::Result<Entry> {
        let path = self.lane.ledger.clone();
        let entry = move || -> anyhow::Result<_> {
            let entry = LedgerReader::open(&path)?.entry(seq)?;
            entry.ok_or_else(|| anyhow::anyhow!("entry {seq} is not in the journal"))
        };
        tokio::task::spawn_blocking(entry).await?
    }
}

fn message_of(
    sending: &Sending,
    receivers: Vec<String>,
    mut all: Vec<Made>,
    lang: Lang,
    lane: &NoticeLane,
) -> Result<Message, String> {
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let name = format!("{}/{}/{}/{}", lane.gateway, sending.channel, sending.to, names.join(" "));
    let id = Uuid::new_v5(&IDS, name.as_bytes());
    let (filled, link) = match (all.len(), all.pop()) {
        (_, None) => return Err("its notice is no more".to_owned()),
        (1, Some(one)) => (one.filled, one.link),
        (_, Some(last)) => {
            all.push(last);
            let subjects: Vec<String> = all.into_iter().map(|one| one.filled.subject).collect();
            let inbox =
                sending.to.starts_with("operator:").then(|| format!("{}/inbox", lane.origin));
            (digest(&subjects, lang), inbox)
        }
    };
    // Only a link that any network may carry: what is not HTTPS is told, not linked.
    let link = link.filter(|link| link.starts_with("https://"));
    let (subject, text, markdown) = (filled.subject, filled.text, Some(filled.markdown));
    Ok(Message { id, receivers, subject, text, markdown, link })
}
