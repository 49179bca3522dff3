//! What a client agrees with the reader before all else: the version of LLRP, and Impinj's extensions.

use gatewarden_llrp::codec::{
    LlrpStatus, Message, MessageKind, StatusCode, Typed, VERSION_1_0_1, definitions::PEN_IMPINJ,
};

use super::super::config::malformed;
use super::super::plan::Refusal;
use super::super::profile::Profile;
use super::{Answer, Reader};

/// IMPINJ_ENABLE_EXTENSIONS; its response is the next number.
const ENABLE_EXTENSIONS: u8 = 21;

impl Reader {
    pub(super) fn tell_versions(&mut self, id: u32) {
        let kind = MessageKind::GET_SUPPORTED_VERSION_RESPONSE;
        let mut message = Message::with_status(kind, id, &LlrpStatus::success());
        message.fields = vec![self.version, self.dialect.profile.version_max()];
        self.reply(&message);
    }

    pub(super) fn set_version(&mut self, message: &Message) -> Answer {
        let version: u8 = message.cursor().get().map_err(malformed)?;
        if !(VERSION_1_0_1..=self.dialect.profile.version_max()).contains(&version) {
            let what = format!("version {version} is not supported");
            return Err(Refusal::error(StatusCode::UNSUPPORTED_VERSION, &what));
        }
        self.version = version;
        Ok(Vec::new())
    }

    pub(super) fn enables_extensions(&self, message: &Message) -> bool {
        let asked = [&PEN_IMPINJ.to_be_bytes()[..], &[ENABLE_EXTENSIONS]].concat();
        self.dialect.profile == Profile::ImpinjR420 && message.fields.starts_with(&asked)
    }

    pub(super) fn tell_extended(&mut self, id: u32) {
        let mut status = Vec::new();
        if LlrpStatus::success().to_param().encode(&mut status).is_ok() {
            self.reply(&Message::custom(id, PEN_IMPINJ, ENABLE_EXTENSIONS + 1, &status));
        }
    }
}
