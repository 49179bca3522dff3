//! The queue as records: what must be on disk before anything goes on, and how to go on from it.

use super::{ChannelLimits, Queue, RowState};

const ROW: &str = "row/";
const REPEAT: &str = "repeat/";
const OPEN: &str = "open/";
const CHANNEL: &str = "channel/";

pub(super) fn row_key(id: u64) -> String {
    format!("{ROW}{id:020}")
}

pub(super) fn repeat_key(key: &str) -> String {
    format!("{REPEAT}{key}")
}

pub(super) fn open_key(key: &str) -> String {
    format!("{OPEN}{key}")
}

pub(super) fn channel_key(name: &str) -> String {
    format!("{CHANNEL}{name}")
}

impl Queue {
    /// The records that changed since this was asked last: a body, or none for one that is no more.
    pub fn changes(&mut self) -> Vec<(String, Option<String>)> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().map(|key| (self.body(&key), key)).map(|(body, key)| (key, body)).collect()
    }

    fn body(&self, key: &str) -> Option<String> {
        // Texts, numbers and lists: there is JSON of each.
        if let Some(id) = key.strip_prefix(ROW) {
            let row = self.rows.get(&id.parse().ok()?)?;
            serde_json::to_string(row).ok()
        } else if let Some(key) = key.strip_prefix(REPEAT) {
            serde_json::to_string(self.repeats.get(key)?).ok()
        } else if let Some(key) = key.strip_prefix(OPEN) {
            serde_json::to_string(self.open.get(key)?).ok()
        } else {
            serde_json::to_string(self.channels.get(key.strip_prefix(CHANNEL)?)?).ok()
        }
    }

    /// A queue that goes on from records. What was being sent waits again; it may have arrived.
    pub fn load<'a>(
        limits: ChannelLimits,
        records: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, serde_json::Error> {
        let mut queue = Self::new(limits);
        for (key, body) in records {
            if key.starts_with(ROW) {
                let mut row: super::Row = serde_json::from_str(body)?;
                if row.state == RowState::Sending {
                    (row.state, row.uncertain) = (RowState::Waiting, true);
                    queue.dirty.insert(row_key(row.id));
                }
                queue.next = queue.next.max(row.id + 1);
                queue.rows.insert(row.id, row);
            } else if let Some(key) = key.strip_prefix(REPEAT) {
                queue.repeats.insert(key.to_owned(), serde_json::from_str(body)?);
            } else if let Some(key) = key.strip_prefix(OPEN) {
                queue.open.insert(key.to_owned(), serde_json::from_str(body)?);
            } else if let Some(name) = key.strip_prefix(CHANNEL) {
                queue.channels.insert(name.to_owned(), serde_json::from_str(body)?);
            }
        }
        Ok(queue)
    }
}
