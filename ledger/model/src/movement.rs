//! Movements: what moved, with everything that made it count.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Bucket, Counted, Day, Decision, DeviceId, Document, Hash, ItemId, Location, MovementId,
    MovementKind, OperatorId, PassId, Revaluation, Second, SessionId, Stamp, StationId,
    StockStatus, TaskId, VoucherLine, item::is_default,
};

/// A quantity of items from one location to another, with everything that made it count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Its id, that of the pass.
    pub id: MovementId,
    /// Its kind.
    pub kind: MovementKind,
    /// On which document.
    pub document: Document,
    /// The digest of the document's version that was signed, where the document was approved here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_digest: Option<Hash>,
    /// Who received it, by the badge that was read beside it, where the task asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_by: Option<OperatorId>,
    /// For which task; none for a posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Where it was seen, or the station of the session that posted it; none for a posting from the
    /// console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationId>,
    /// By which devices.
    pub devices: Vec<DeviceId>,
    /// In which pass; none for a posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<PassId>,
    /// In which session.
    pub session: SessionId,
    /// By whom.
    pub operator: OperatorId,
    /// How strongly the session was authenticated: 1 badge, 2 badge and PIN, 3 with a one-time
    /// code, 4 with a security key that verified its user.
    pub auth_level: u8,
    /// The second person who was present, where there was one who may move it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// Why it was allowed.
    pub decision: Decision,
    /// The sequence of the entry that approved the document here, if it was approved here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_seq: Option<u64>,
    /// Who approved the document, as the ERP or an operator here said.
    pub approved_by: String,
    /// The sequence of the entry that decided on a discrepancy, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_seq: Option<u64>,
    /// What moved; empty only where a count found no difference.
    pub lines: Vec<MovementLine>,
    /// The digest of the canonical bytes of what it rests on: the pass, or the posting.
    pub evidence: Hash,
    /// The reservation whose stock it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MovementId>,
    /// The day it counts for, where that is not the UTC day of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Day>,
    /// Counted before entries that were there already: it changes the past, `revalues` says how.
    #[serde(default, skip_serializing_if = "is_default")]
    pub back_dated: bool,
    /// The movement that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<MovementId>,
    /// What a count found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Counted>,
    /// What it changes in the value of earlier lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revalues: Vec<Revaluation>,
    /// Its finance voucher; debits and credits are equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voucher: Vec<VoucherLine>,
    /// The signature of its operator's own key over `evidence`; none where nobody asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// An assertion (WebAuthn, section 6.3.3) by which an operator's key confirmed exactly one posting: its
/// challenge covers `nonce` and the digest of what was posted, so that whoever has the journal can verify
/// that this person's key signed this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The passkey, as the journal names it.
    pub factor: Hash,
    /// The fresh number that the challenge covers.
    pub nonce: Hash,
    /// What the browser said; base64url.
    pub client_data: String,
    /// What the key said; base64url.
    pub authenticator_data: String,
    /// The key's signature over both; base64url.
    pub signature: String,
}

impl Movement {
    /// The day it counts for; `at` is its entry's stamp.
    #[must_use]
    pub fn day(&self, at: &Stamp) -> Day {
        self.effective.unwrap_or_else(|| Day::of(at, 0))
    }
}

/// One item's part of a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Its lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Base units, more than zero.
    pub quantity: i64,
    /// The base unit's name.
    pub unit: String,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
    /// The keys of the things that were seen.
    pub things: Vec<String>,
    /// The quantity as it was stated, where that was not in base units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// Who owns it, where that is not the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The status it had.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// The status it has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// The handling unit (SSCC) it was taken out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_unit: Option<String>,
    /// The handling unit (SSCC) it was put into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_unit: Option<String>,
    /// The lot's last day, where this line is the first to tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Day>,
    /// The value that moved with it; none for what has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

impl MovementLine {
    /// A line of loose, available stock of the house, without lot, things and value.
    #[must_use]
    pub fn new(
        line: u32,
        item: ItemId,
        quantity: i64,
        unit: String,
        from: Location,
        to: Location,
    ) -> Self {
        let (from_status, to_status) = (StockStatus::Available, StockStatus::Available);
        Self {
            line,
            item,
            lot: None,
            quantity,
            unit,
            from,
            to,
            things: vec![],
            stated: None,
            owner: None,
            from_status,
            to_status,
            from_unit: None,
            to_unit: None,
            expires: None,
            value: None,
        }
    }

    /// The bucket it is taken from.
    #[must_use]
    pub fn from_bucket(&self) -> Bucket {
        let (lot, owner, unit) = (self.lot.clone(), self.owner.clone(), self.from_unit.clone());
        Bucket { lot, owner, status: self.from_status, unit }
    }

    /// The bucket it is put into.
    #[must_use]
    pub fn to_bucket(&self) -> Bucket {
        let (lot, owner, unit) = (self.lot.clone(), self.owner.clone(), self.to_unit.clone());
        Bucket { lot, owner, status: self.to_status, unit }
    }
}
