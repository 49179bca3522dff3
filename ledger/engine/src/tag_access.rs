//! Who may let a reader work on a tag.
//!
//! Invariants: asked of a person only, with the operation's right in the module tag; what changes a tag has a reason;
//! what can't be taken back (a lock, a kill) is asked for by two people, of whom each may do it, or by one who proved
//! himself by more than a PIN; no tag gets the EPC of another one that stands for a piece, as far as the write tells
//! it. The entry that asks is flushed before the reader is told. Absent: passwords, which never come here; doing it
//! (the daemon).

use gatewarden_model::{
    Actor, Body, DeviceId, Module, StationId, TagBank, TagOp, Thing, tag_access::TAG_WORDS_MAX,
};
use gatewarden_stock::Wants;

use crate::{
    access::Facts,
    command::Reply,
    holds::check_reason,
    labels::writing,
    sessions::levels::LEVEL_PIN,
    turn::{Answer, Asked, Fault, Turn, cut, session_of},
};

/// The way out where one person with a PIN is not enough.
const SURELY: &str = "have somebody else who may do it join this session with badge and PIN, or step up with a \
                      one-time code or a security key";
/// The word of the EPC bank that tells the EPC's length, and the EPC's first.
const PC_WORD: usize = 1;
const EPC_WORD: usize = 2;

/// What is to be done where.
pub(crate) struct Work {
    pub(crate) tag: String,
    pub(crate) station: StationId,
    pub(crate) device: DeviceId,
    pub(crate) access: TagOp,
}

impl Turn<'_> {
    pub(crate) fn ask_tag_access(&mut self, work: Work, reason: String, by: Actor) -> Answer {
        let Work { tag, station, device, access } = work;
        let right = (Module::Tag, access.action());
        let mut asked = Asked::new(&by, right.1, right.0);
        asked.station = Some(station.clone());
        asked.document = Some(cut(&tag, 64));
        let facts = Facts { station: Some(&station), ..Facts::default() };
        let session = match &by {
            Actor::Operator { id, session } => session_of(self.state, id, *session).cloned(),
            _ => None,
        };
        let second = session.as_ref().and_then(|session| self.second_of(session, right, facts));
        let facts =
            Facts { second: second.as_ref().map(|second| second.operator.as_str()), ..facts };
        let decision = self.permit(asked.clone(), facts)?;
        let level = session.map(|session| session.auth_level);
        let said = Some(decision.clone());
        let fits = fits(&access, &reason, level, second.is_some());
        let sure = level.is_some_and(|level| is_sure(level, second.is_some()));
        if let Err((code, message)) = fits.and_then(|()| self.may_become(&tag, &access, sure)) {
            return Err(self.deny(asked, code, message, said));
        }
        let body =
            Body::TagAccessAsked { tag, station, device, access, reason, by, second, decision };
        Ok(Reply::TagAccess { asked: self.record(body) })
    }

    /// Whether a tag may come to have the EPC that is to be written: not that of another tag. Of a write of some of its
    /// words it can't be told.
    fn may_become(&self, tag: &str, access: &TagOp, sure: bool) -> Result<(), Fault> {
        let Some(key) = written_key(access).filter(|key| key != tag) else { return Ok(()) };
        if let Some(open) = writing(self.state, &key) {
            let message = format!("data: label {} writes {key} already", open.label.id);
            return Err(("tag-bound", message));
        }
        self.known(&Wants { things: [key.clone()].into(), ..Wants::default() })?;
        let Some(facts) = self.stock.thing(&key) else { return Ok(()) };
        if facts.commissioned {
            let message =
                format!("data: {key} stands for another piece already: decommission it first");
            return Err(("tag-bound", message));
        }
        match facts.place.as_ref().filter(|place| place.holds_stock() && !sure) {
            Some(place) => {
                let message = format!(
                    "data: {key} is at {place}, and this makes another tag of it: {SURELY}"
                );
                Err(("second-person-needed", message))
            }
            None => Ok(()),
        }
    }
}

/// Whether what is asked for can be done, and by whoever asks.
fn fits(access: &TagOp, reason: &str, level: Option<u8>, two: bool) -> Result<(), Fault> {
    let Some(level) = level else {
        let message = "only a person lets a reader work on a tag: sign in".to_owned();
        return Err(("not-an-operator", message));
    };
    match access {
        TagOp::Read { bank: TagBank::Reserved, .. } => {
            return Err(("tag-secret", "bank: passwords are not read".to_owned()));
        }
        TagOp::Read { words, .. } | TagOp::Write { words, .. }
            if !(1..=TAG_WORDS_MAX).contains(&usize::from(*words)) =>
        {
            return Err(("tag-words", format!("words: 1 to {TAG_WORDS_MAX} at once")));
        }
        _ => {}
    }
    if !matches!(access, TagOp::Read { .. }) {
        check_reason(reason).map_err(|message| ("reason-missing", message))?;
    }
    if access.is_final() && !is_sure(level, two) {
        return Err(("second-person-needed", format!("this can't be taken back: {SURELY}")));
    }
    Ok(())
}

/// The key that a tag has once all of its EPC was written so; none where that can't be told.
pub(crate) fn written_key(access: &TagOp) -> Option<String> {
    let TagOp::Write { bank: TagBank::Epc, pointer, data: Some(data), .. } = access else {
        return None;
    };
    let word = |at: usize| u16::from_str_radix(data.get(4 * at..4 * at + 4)?, 16).ok();
    let words: Vec<u16> = (0..data.len() / 4).map(word).collect::<Option<_>>()?;
    let pointer = usize::from(*pointer);
    let epc = words.get(EPC_WORD.checked_sub(pointer)?..)?;
    let epc = match PC_WORD.checked_sub(pointer) {
        // Its first five bits are the length in words.
        Some(at) => epc.get(..usize::from(words.get(at)? >> 11))?,
        None => epc,
    };
    let bytes: Vec<u8> = epc.iter().flat_map(|word| word.to_be_bytes()).collect();
    (!bytes.is_empty()).then(|| Thing::of_epc(&bytes).key)
}

/// Whether two people stand there, or one who proved himself by more than a PIN.
pub(crate) fn is_sure(level: u8, two: bool) -> bool {
    two || level > LEVEL_PIN
}
