//! Who may let a reader work on a tag.
//!
//! Invariants: asked of a person only, with the operation's right in the module tag; what changes a tag has a reason;
//! what can't be taken back (a lock, a kill) is asked for by two people, of whom each may do it, or by one who proved
//! himself by more than a PIN. The entry that asks is flushed before the reader is told. Absent: passwords, which
//! never come here; doing it (the daemon).

use gatewarden_model::{
    Actor, Body, DeviceId, Module, StationId, TagBank, TagOp, tag_access::TAG_WORDS_MAX,
};

use crate::{
    access::Facts,
    command::Reply,
    holds::check_reason,
    sessions::levels::LEVEL_PIN,
    turn::{Answer, Asked, Fault, Turn, cut, session_of},
};

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
        if let Err((code, message)) = fits(&access, &reason, level, second.is_some()) {
            return Err(self.deny(asked, code, message, said));
        }
        let body =
            Body::TagAccessAsked { tag, station, device, access, reason, by, second, decision };
        Ok(Reply::TagAccess { asked: self.record(body) })
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
        let message = "this can't be taken back: have somebody else who may do it join this session \
                       with badge and PIN, or step up with a one-time code or a security key";
        return Err(("second-person-needed", message.to_owned()));
    }
    Ok(())
}

/// Whether two people stand there, or one who proved himself by more than a PIN.
pub(crate) fn is_sure(level: u8, two: bool) -> bool {
    two || level > LEVEL_PIN
}
