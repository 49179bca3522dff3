//! Work on a tag through a reader of a station: read, write, lock, kill, and bind it to a piece afterwards.

use std::fmt;

use axum::{
    Json,
    extract::{Path, State},
};
use gatewarden_config::DeviceKind;
use gatewarden_engine::{Command, Reply};
use gatewarden_llrp::access::{Bank, LockField, Operation, Privilege};
use gatewarden_model::{
    DeviceId, Epc, ItemId, Masked, Module, StationId, TagBank, TagField, TagLock, TagOp,
    TagOutcome, Thing, no_fields, tag_access::TAG_WORDS_MAX,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
};
use crate::tag_access::{Work, carry_out};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TagVerb {
    /// Read words.
    Read,
    /// Write words and read them back.
    Write,
    /// Lock or unlock, and try it.
    Lock,
    /// Silence it for ever.
    Kill,
}

/// A tag's password: eight hex digits. It is shown nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagPassword(u32);

impl fmt::Debug for TagPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl<'de> Deserialize<'de> for TagPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hex = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u32::from_str_radix(&text, 16).ok().filter(|_| is_hex);
        // The text itself must not be told.
        value.map(Self).ok_or_else(|| D::Error::custom("a password is 8 hex digits"))
    }
}

/// Work on a tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagWork {
    /// What.
    op: TagVerb,
    /// To read or write: `epc`, `tid`, `user`; `reserved` (the passwords) only to write.
    #[schema(value_type = Option<String>)]
    bank: Option<TagBank>,
    /// The first word; 0 by default.
    #[serde(default)]
    pointer: u16,
    /// How many words to read.
    words: Option<u16>,
    /// What to write: whole words in hex.
    data: Option<String>,
    /// To lock: `kill-password`, `access-password`, `epc`, `tid`, `user`.
    #[schema(value_type = Option<String>)]
    field: Option<TagField>,
    /// `lock`, `perma-lock`, `perma-unlock` or `unlock`.
    #[schema(value_type = Option<String>)]
    lock: Option<TagLock>,
    /// The access password, or to kill the kill password: 8 hex digits.
    #[schema(value_type = Option<String>)]
    password: Option<TagPassword>,
    /// Why; needed for all but reading.
    #[serde(default)]
    reason: String,
    /// Which reader of the station, where there are several.
    #[schema(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// Which antenna; any by default.
    #[serde(default)]
    antenna: u16,
    /// What the tag is bound to once it is done, with its TID.
    commission: Option<TagPiece>,
}

/// A piece of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagPiece {
    /// The item.
    #[schema(value_type = String)]
    item: ItemId,
    /// Its lot.
    lot: Option<String>,
    /// Its serial.
    serial: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct TagWorked {
    /// The tag's key.
    tag: String,
    /// The entry that asked.
    asked: u64,
    /// `done`, `not-done` or `unknown`, with what was read or why.
    #[serde(flatten)]
    outcome: TagOutcome,
    /// What came of binding it: `bound`, or why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
}

no_fields!(TagWorked);

/// Lets a reader work on a tag.
#[utoipa::path(post, path = "/api/v1/stations/{station}/tags/{epc}/access", tag = "stations",
    request_body = TagWork,
    params(("station" = String, Path, description = "The station."),
        ("epc" = String, Path, description = "The tag's EPC in hex.")),
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn access(
    State(api): State<Api>,
    who: Who,
    Path((station, epc)): Path<(String, String)>,
    Body(input): Body<TagWork>,
) -> Result<Json<Masked<TagWorked>>, Problem> {
    let epc = Epc::from_hex(&epc).map_err(|e| Problem::bad_field("epc", format!("epc: {e}")))?;
    let epc = epc.to_bytes().to_vec();
    let (access, operation) = operation(&input)?;
    let (station, device) = match reader(&api, &station, input.device.as_ref()) {
        Ok(found) => found,
        Err(problem) => {
            // Which stations and readers there are is told only to those who may work on tags.
            who.may(&api, access.action(), Module::Tag, "work on a tag").await?;
            return Err(problem);
        }
    };
    let tag = Thing::of_epc(&epc).key;
    let after = written_epc(&input, &epc);
    let TagWork { password, reason, antenna, commission, .. } = input;
    let password = match access {
        TagOp::Kill {} => 0,
        _ => password.map_or(0, |password| password.0),
    };
    let by = who.actor();
    let command = Command::AskTagAccess {
        tag: tag.clone(),
        station,
        device: device.clone(),
        access: access.clone(),
        reason,
        by: by.clone(),
    };
    let Reply::TagAccess { asked } = act(&api, &who, command).await? else {
        return Err(Problem::bad_request("unexpected answer"));
    };
    let work = Work { tag: tag.clone(), epc, device, antenna, access, operation, password };
    let app = api.app.clone();
    // It goes on to its end and into the journal, whether or not somebody still waits for the answer.
    let done = tokio::spawn(async move {
        let outcome = carry_out(app.clone(), asked, work).await;
        let TagOutcome::Done { tid, .. } = &outcome else { return (outcome, None) };
        let Some(TagPiece { item, lot, serial }) = commission else { return (outcome, None) };
        let tag = Thing::of_epc(&after).key;
        let command = Command::Commission { tag, item, lot, serial, tid: tid.clone(), by };
        let bound = match app.recorder.command(command).await {
            Ok(Ok(_)) => "bound".to_owned(),
            Ok(Err(refusal)) => format!("refused: {}", refusal.message),
            Err(error) => format!("failed: {error}"),
        };
        (outcome, Some(bound))
    });
    let (outcome, bound) = done.await.map_err(|error| Problem::from(anyhow::Error::from(error)))?;
    Ok(Eyes::of(&api, &who).await?.json(TagWorked { tag, asked, outcome, bound }))
}

/// The station, and which of its readers it is.
fn reader(
    api: &Api,
    station: &str,
    named: Option<&DeviceId>,
) -> Result<(StationId, DeviceId), Problem> {
    let config = &api.app.config;
    let found = config.stations.iter().find(|one| one.name.as_str() == station);
    let station = found.ok_or_else(|| Problem::not_found("station"))?;
    let is_reader = |name: &&DeviceId| {
        let device = config.devices.iter().find(|device| device.name == **name);
        device.is_some_and(|device| matches!(device.kind, DeviceKind::Llrp(_)))
    };
    let readers: Vec<&DeviceId> = station.devices.iter().filter(is_reader).collect();
    let device = match (named, readers.as_slice()) {
        (Some(named), readers) if readers.contains(&named) => named,
        (None, [one]) => one,
        _ => {
            let names: Vec<&str> = readers.iter().map(|reader| reader.as_str()).collect();
            let message = match names.is_empty() {
                true => "device: no LLRP reader serves this station".to_owned(),
                false => format!("device: name one of {}", names.join(", ")),
            };
            return Err(Problem::bad_field("device", message));
        }
    };
    if api.app.recorder.is_refused(device) {
        let message =
            format!("device: {device} is not the approved one: see gatewarden change list");
        return Err(Problem::unprocessable("device-refused", message));
    }
    Ok((station.name.clone(), device.clone()))
}

/// What is asked for, as the journal and as the reader are told.
fn operation(input: &TagWork) -> Result<(TagOp, Operation), Problem> {
    let missing = |field: &str| {
        let how = match field {
            "password" => " (the command takes --password-file FILE, or GATEWARDEN_TAG_PASSWORD)",
            _ => "",
        };
        Problem::bad_field(field, format!("{field}: state it{how}"))
    };
    let pointer = input.pointer;
    Ok(match input.op {
        TagVerb::Read => {
            let (bank, words) = (
                input.bank.ok_or_else(|| missing("bank"))?,
                input.words.ok_or_else(|| missing("words"))?,
            );
            (
                TagOp::Read { bank, pointer, words },
                Operation::Read { bank: wire_bank(bank), pointer, words },
            )
        }
        TagVerb::Write => {
            let bank = input.bank.ok_or_else(|| missing("bank"))?;
            let data = words(input.data.as_deref().ok_or_else(|| missing("data"))?)?;
            let words = u16::try_from(data.len()).unwrap_or(u16::MAX);
            let bytes: Vec<u8> = data.iter().flat_map(|word| word.to_be_bytes()).collect();
            let told =
                (bank != TagBank::Reserved).then(|| gatewarden_model::hash::hex_upper(&bytes));
            (
                TagOp::Write { bank, pointer, words, data: told },
                Operation::Write { bank: wire_bank(bank), pointer, data },
            )
        }
        TagVerb::Lock => {
            let (field, lock) = (
                input.field.ok_or_else(|| missing("field"))?,
                input.lock.ok_or_else(|| missing("lock"))?,
            );
            let operation =
                Operation::Lock { field: wire_field(field), privilege: wire_lock(lock) };
            (TagOp::Lock { field, lock }, operation)
        }
        TagVerb::Kill => {
            let password = input.password.filter(|password| password.0 != 0);
            let password = password.ok_or_else(|| missing("password"))?.0;
            (TagOp::Kill {}, Operation::Kill { password })
        }
    })
}

/// The tag's EPC once the work is done.
fn written_epc(input: &TagWork, epc: &[u8]) -> Vec<u8> {
    let writes = input.op == TagVerb::Write && input.bank == Some(TagBank::Epc);
    let Some(Ok(data)) = input.data.as_deref().filter(|_| writes).map(words) else {
        return epc.to_vec();
    };
    let mut after = epc.to_vec();
    for (at, byte) in data.iter().flat_map(|word| word.to_be_bytes()).enumerate() {
        // The EPC begins with word 2 of its bank.
        let place = (2 * usize::from(input.pointer) + at).checked_sub(4);
        if let Some(place) = place.and_then(|place| after.get_mut(place)) {
            *place = byte;
        }
    }
    after
}

fn words(hex: &str) -> Result<Vec<u16>, Problem> {
    let wrong = || {
        let message = format!("data: 1 to {TAG_WORDS_MAX} words of 4 hex digits each");
        Problem::bad_field("data", message)
    };
    let count = hex.len() / 4;
    let fits = hex.len().is_multiple_of(4) && (1..=TAG_WORDS_MAX).contains(&count);
    if !fits || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let word = |at: usize| u16::from_str_radix(&hex[4 * at..4 * at + 4], 16).map_err(|_| wrong());
    (0..count).map(word).collect()
}

fn wire_bank(bank: TagBank) -> Bank {
    match bank {
        TagBank::Reserved => Bank::Reserved,
        TagBank::Epc => Bank::Epc,
        TagBank::Tid => Bank::Tid,
        TagBank::User => Bank::User,
    }
}

fn wire_field(field: TagField) -> LockField {
    match field {
        TagField::KillPassword => LockField::KillPassword,
        TagField::AccessPassword => LockField::AccessPassword,
        TagField::Epc => LockField::Epc,
        TagField::Tid => LockField::Tid,
        TagField::User => LockField::User,
    }
}

fn wire_lock(lock: TagLock) -> Privilege {
    match lock {
        TagLock::Lock => Privilege::Lock,
        TagLock::PermaLock => Privilege::PermaLock,
        TagLock::PermaUnlock => Privilege::PermaUnlock,
        TagLock::Unlock => Privilege::Unlock,
    }
}
