//! The reader as a state machine: frames and time in, frames out (LLRP 1.0.1 and 1.1). Pure: no sockets,
//! no clock; `now_us` is microseconds since 1970 and never goes back.
//!
//! Invariants: every request is answered exactly once, in order; a report made before a request was
//! answered goes before the answer; nothing is sent to a client that was not asked for or enabled.
//! Which version and whose extensions it takes is the profile's.

use gatewarden_llrp::codec::{
    AntennaEvent, CodecError, ConnectionAttemptEvent, Frame, GpiEvent, LlrpStatus, Message,
    MessageKind, Param, ReaderEvent, ReportBufferLevelWarningEvent, ReportBufferOverflowErrorEvent,
    RoSpec, RoSpecEvent, StatusCode, Typed, UtcTimestamp, VERSION_1_0_1, VERSION_1_1,
    definitions::CUSTOM,
};

mod versions;

use super::access::Access;
use super::config::{Config, Facts, event, malformed, raw};
use super::outbox::{HELD_MESSAGES_MAX, Outbox};
use super::plan::{Plan, Refusal};
use super::profile::Dialect;
use super::rounds::{Notice, Rounds, SpecError};
use super::{LlrpOptions, capabilities, report};

const AI_SPEC_EVENT: u16 = 254;
const US_PER_MS: u64 = 1000;
/// Replies that may wait before keepalives are left out: the client is not reading.
const KEEPALIVE_REPLIES_MAX: usize = 64;
const LEVEL_WARNING_PERCENT: u8 = 90;

/// How a connection attempt went (1.0.1, 13.2.6.12).
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(super) enum Attempt {
    Success = 0,
    ClientExists = 2,
    OtherReason = 3,
    AnotherTried = 4,
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) rounds: Rounds,
    pub(super) outbox: Outbox,
    /// Added to every timestamp told: a reader's clock that is wrong.
    pub(super) skew_us: i64,
    pub(super) keepalive_acks: u64,
    pub(super) access: Access,
    config: Config,
    ports: u16,
    mac: [u8; 8],
    dialect: Dialect,
    /// Of LLRP, on this connection.
    version: u8,
    inputs: Vec<bool>,
    next_id: u32,
    keepalive_due_us: Option<u64>,
    connected: bool,
    closing: bool,
    overflowed: bool,
    warned: bool,
}

type Answer = Result<Vec<Param>, Refusal>;

impl Reader {
    pub(super) fn new(options: &LlrpOptions) -> Self {
        let config = Config::factory(options.ports, options.inputs);
        let field = super::field::Field::new(options.seed, options.miss_percent, options.jitter_db);
        let mut outbox = Outbox::default();
        outbox.hold();
        Self {
            rounds: Rounds::new(field, options.rate, config.rule),
            outbox,
            skew_us: 0,
            keepalive_acks: 0,
            access: Access::default(),
            config,
            ports: options.ports,
            mac: options.mac,
            dialect: Dialect { profile: options.profile, extended: false },
            version: VERSION_1_0_1,
            inputs: vec![false; usize::from(options.inputs)],
            next_id: 0,
            keepalive_due_us: None,
            connected: false,
            closing: false,
            overflowed: false,
            warned: false,
        }
    }

    /// A client is there.
    pub(super) fn connect(&mut self, now_us: u64) {
        self.connected = true;
        self.closing = false;
        self.version = VERSION_1_0_1;
        self.dialect.extended = false;
        let bytes = self.attempt_event(Attempt::Success, now_us);
        self.outbox.reply(bytes);
        self.rearm_keepalive(now_us);
        if !self.config.hold {
            self.release(now_us);
        }
    }

    /// The client is gone; ROSpecs go on.
    pub(super) fn disconnect(&mut self) {
        self.connected = false;
        self.keepalive_due_us = None;
        self.outbox.hold();
    }

    /// True once the client has said goodbye and its answer is queued.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// The outputs' levels, the first one first.
    pub(super) fn outputs(&self) -> &[bool] {
        &self.config.outputs
    }

    /// A READER_EVENT_NOTIFICATION about a connection attempt.
    pub(super) fn attempt_event(&mut self, attempt: Attempt, now_us: u64) -> Vec<u8> {
        let attempt = ConnectionAttemptEvent { status: attempt as u16, ..Default::default() };
        let event = ReaderEvent { attempt: Some(attempt), ..Default::default() };
        self.event(event, now_us)
    }

    /// Somebody else tried to connect; the client is told.
    pub(super) fn another_tried(&mut self, now_us: u64) {
        let bytes = self.attempt_event(Attempt::AnotherTried, now_us);
        self.outbox.reply(bytes);
    }

    /// Reads, triggers and keepalives up to now.
    pub(super) fn tick(&mut self, now_us: u64) {
        let notices = self.rounds.tick(now_us);
        self.tell(notices);
        self.access(now_us);
        let (Some(due_us), Some(period_ms)) = (self.keepalive_due_us, self.config.keepalive_ms)
        else {
            return;
        };
        if due_us <= now_us {
            self.keepalive_due_us = Some(now_us + u64::from(period_ms) * US_PER_MS);
            if self.outbox.replies() < KEEPALIVE_REPLIES_MAX {
                let keepalive = Message::new(MessageKind::KEEPALIVE, self.id());
                self.reply(&keepalive);
            }
        }
    }

    /// Access operations on the tags that the active ROSpec sees.
    fn access(&mut self, now_us: u64) {
        let Some(rospec) = self.rounds.active() else { return };
        for param in self.access.run(rospec, &mut self.rounds.field, now_us) {
            let mut report = Message::new(MessageKind::RO_ACCESS_REPORT, self.id());
            report.params.push(param);
            self.keep(report.encode(), now_us);
        }
    }

    /// An input changes its level. False where there is no such input.
    pub(super) fn set_input(&mut self, port: u16, on: bool, now_us: u64) -> bool {
        let at = usize::from(port).wrapping_sub(1);
        let Some(level) = self.inputs.get_mut(at) else { return false };
        if std::mem::replace(level, on) != on {
            if self.config.tells(event::INPUT) {
                let gpi = Some(GpiEvent { port, on, ..Default::default() });
                self.notify(ReaderEvent { gpi, ..Default::default() }, now_us);
            }
            let notices = self.rounds.input(port, on, now_us);
            self.tell(notices);
        }
        true
    }

    /// An antenna is plugged in or out.
    pub(super) fn plug(&mut self, antenna: u16, connected: bool, now_us: u64) {
        self.tick(now_us);
        if self.rounds.field.plug(antenna, connected) && self.config.tells(event::ANTENNA) {
            let event = AntennaEvent { kind: connected.into(), antenna, ..Default::default() };
            self.notify(ReaderEvent { antenna: Some(event), ..Default::default() }, now_us);
        }
    }

    /// One frame of the client.
    pub(super) fn handle(&mut self, frame: &Frame<'_>, now_us: u64) {
        self.tick(now_us);
        let at_1_1 = [MessageKind::GET_SUPPORTED_VERSION, MessageKind::SET_PROTOCOL_VERSION];
        let asks =
            at_1_1.contains(&frame.kind) && self.dialect.profile.version_max() >= VERSION_1_1;
        if !asks && (frame.version != self.version || at_1_1.contains(&frame.kind)) {
            let what = format!("this reader speaks LLRP version {} here", self.version);
            return self.error(frame.id, StatusCode::UNSUPPORTED_VERSION, &what);
        }
        match Message::from_frame(frame) {
            Ok(message) => self.take(&message, now_us),
            Err(error) => match frame.kind.response() {
                Some(kind) => self.answer(kind, frame.id, Err(malformed(error))),
                None => self.error(frame.id, StatusCode::PARAMETER_ERROR, &error.to_string()),
            },
        }
    }

    /// Bytes that are no frame: told, and the connection is to be closed.
    pub(super) fn handle_garbage(&mut self, error: &CodecError) {
        self.error(0, StatusCode::PARAMETER_ERROR, &error.to_string());
        self.closing = true;
    }

    fn take(&mut self, message: &Message, now_us: u64) {
        match message.kind {
            MessageKind::KEEPALIVE_ACK => self.keepalive_acks += 1,
            MessageKind::ENABLE_EVENTS_AND_REPORTS => self.release(now_us),
            MessageKind::GET_REPORT => {
                let notices = self.rounds.flush();
                self.tell(notices);
            }
            MessageKind::GET_SUPPORTED_VERSION => self.tell_versions(message.id),
            kind if kind.0 == CUSTOM && self.enables_extensions(message) => {
                self.dialect.extended = true;
                self.tell_extended(message.id);
            }
            _ => match self.request(message, now_us) {
                Some((kind, answer)) => self.answer(kind, message.id, answer),
                None => {
                    let what = format!("{} is not supported", message.kind);
                    self.error(message.id, StatusCode::UNSUPPORTED_MESSAGE, &what);
                }
            },
        }
    }

    /// The response's type and content; `None` where there is no such request.
    fn request(&mut self, message: &Message, now_us: u64) -> Option<(MessageKind, Answer)> {
        let kind = message.kind;
        let answer = match kind {
            MessageKind::GET_READER_CAPABILITIES => capabilities::get(
                message,
                self.dialect.profile,
                self.ports,
                self.inputs.len() as u16,
            ),
            MessageKind::SET_PROTOCOL_VERSION => self.set_version(message),
            MessageKind::GET_READER_CONFIG => self.get_config(message),
            MessageKind::SET_READER_CONFIG => self.set_config(message, now_us),
            MessageKind::CLOSE_CONNECTION => {
                self.closing = true;
                Ok(Vec::new())
            }
            MessageKind::ADD_ROSPEC => self.add_rospec(message),
            MessageKind::GET_ROSPECS => Ok(self.list_rospecs()),
            MessageKind::DELETE_ROSPEC
            | MessageKind::START_ROSPEC
            | MessageKind::STOP_ROSPEC
            | MessageKind::ENABLE_ROSPEC
            | MessageKind::DISABLE_ROSPEC => self.change_rospec(message, now_us),
            MessageKind::GET_ACCESSSPECS => Ok(self.access.list()),
            MessageKind::ADD_ACCESSSPEC => self.access.add(message).map(|()| Vec::new()),
            MessageKind::DELETE_ACCESSSPEC
            | MessageKind::ENABLE_ACCESSSPEC
            | MessageKind::DISABLE_ACCESSSPEC => self.access.change(message).map(|()| Vec::new()),
            _ => return None,
        };
        kind.response().map(|response| (response, answer))
    }

    fn get_config(&self, message: &Message) -> Answer {
        let plugged: Vec<bool> =
            (1..=self.ports).map(|port| self.rounds.field.is_plugged(port)).collect();
        self.config.get(message, &Facts { plugged: &plugged, inputs: &self.inputs, mac: self.mac })
    }

    fn set_config(&mut self, message: &Message, now_us: u64) -> Answer {
        self.config = self.config.set(message, self.dialect)?;
        self.rounds.default_rule = self.config.rule;
        self.rearm_keepalive(now_us);
        Ok(Vec::new())
    }

    fn add_rospec(&mut self, message: &Message) -> Answer {
        let missing = || Refusal::error(StatusCode::MISSING_PARAMETER, "ROSpec is missing");
        let spec = message.get::<RoSpec>().map_err(malformed)?.ok_or_else(missing)?;
        let plan = Plan::parse(spec, self.ports, self.dialect)?;
        self.rounds.add(plan).map_err(|error| refused(&error))?;
        Ok(Vec::new())
    }

    fn list_rospecs(&self) -> Vec<Param> {
        self.rounds.list().iter().map(Typed::to_param).collect()
    }

    fn change_rospec(&mut self, message: &Message, now_us: u64) -> Answer {
        let id: u32 = message.cursor().get().map_err(malformed)?;
        let notices = match message.kind {
            MessageKind::DELETE_ROSPEC => self.rounds.delete(id, now_us),
            MessageKind::START_ROSPEC => self.rounds.start(id, now_us),
            MessageKind::STOP_ROSPEC => self.rounds.stop(id, now_us),
            MessageKind::ENABLE_ROSPEC => self.rounds.enable(id, now_us),
            _ => self.rounds.disable(id, now_us),
        };
        let notices = notices.map_err(|error| refused(&error))?;
        self.tell(notices);
        Ok(Vec::new())
    }

    fn rearm_keepalive(&mut self, now_us: u64) {
        let due = |ms| now_us + u64::from(ms) * US_PER_MS;
        self.keepalive_due_us = self.config.keepalive_ms.filter(|_| self.connected).map(due);
    }

    /// What was held may go, with word of what was lost before it.
    fn release(&mut self, now_us: u64) {
        self.warned = false;
        if std::mem::take(&mut self.overflowed) {
            self.tell_overflow(now_us);
        }
        self.outbox.release();
    }

    fn tell_overflow(&mut self, now_us: u64) {
        let buffer_overflow = Some(ReportBufferOverflowErrorEvent::default());
        let bytes = self.event(ReaderEvent { buffer_overflow, ..Default::default() }, now_us);
        self.outbox.reply(bytes);
    }

    fn tell(&mut self, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            match notice {
                Notice::Started { rospec, at_us } => self.tell_rospec(0, rospec, at_us),
                Notice::Ended { rospec, at_us } => self.tell_rospec(1, rospec, at_us),
                Notice::InventoryEnded { rospec, index, at_us } => {
                    self.tell_inventory(rospec, index, at_us);
                }
                Notice::Report { rule, reads } => {
                    let at_us = reads.last().map_or(0, |read| read.seen.at_us);
                    let id = self.id();
                    let encoded = report::encode(
                        (self.version, id),
                        &rule,
                        &reads,
                        self.skew_us,
                        &self.access,
                    );
                    self.keep(encoded, at_us);
                }
            }
        }
    }

    fn tell_rospec(&mut self, kind: u8, rospec: u32, at_us: u64) {
        if self.config.tells(event::ROSPEC) {
            let event = RoSpecEvent { kind, rospec, ..Default::default() };
            self.notify(ReaderEvent { rospec: Some(event), ..Default::default() }, at_us);
        }
    }

    fn tell_inventory(&mut self, rospec: u32, index: u16, at_us: u64) {
        if self.config.tells(event::INVENTORY) {
            let mut fields = vec![0];
            fields.extend(rospec.to_be_bytes());
            fields.extend(index.to_be_bytes());
            let others = vec![raw(AI_SPEC_EVENT, &fields)];
            self.notify(ReaderEvent { others, ..Default::default() }, at_us);
        }
    }

    /// An event that is held as reports are.
    fn notify(&mut self, event: ReaderEvent, at_us: u64) {
        let bytes = self.event(event, at_us);
        self.keep(Ok(bytes), at_us);
    }

    /// Queues a report or an event; tells of the buffer filling up and overflowing.
    fn keep(&mut self, encoded: Result<Vec<u8>, CodecError>, at_us: u64) {
        let Some(bytes) = written(encoded) else { return };
        if self.outbox.report(bytes) && !std::mem::replace(&mut self.overflowed, true) {
            tracing::warn!("simulated reader: report buffer overflowed");
        }
        let level = self.outbox.kept() * 100 / HELD_MESSAGES_MAX;
        let warn = level >= usize::from(LEVEL_WARNING_PERCENT) && !self.warned;
        if warn && self.config.tells(event::BUFFER_WARNING) {
            self.warned = true;
            let full_pct = LEVEL_WARNING_PERCENT;
            let warning = ReportBufferLevelWarningEvent { full_pct, ..Default::default() };
            let event = ReaderEvent { buffer_level: Some(warning), ..Default::default() };
            self.notify(event, at_us);
        }
    }

    fn event(&mut self, mut event: ReaderEvent, at_us: u64) -> Vec<u8> {
        let us = at_us.saturating_add_signed(self.skew_us);
        event.utc = Some(UtcTimestamp { us, ..Default::default() });
        let message = Message::new(MessageKind::READER_EVENT_NOTIFICATION, self.id()).with(&event);
        let message = Message { version: self.version, ..message };
        written(message.encode()).unwrap_or_default()
    }

    fn answer(&mut self, kind: MessageKind, id: u32, answer: Answer) {
        let (status, params) = match answer {
            Ok(params) => (LlrpStatus::success(), params),
            Err(Refusal { code, what }) => (LlrpStatus::error(code, &what), Vec::new()),
        };
        let mut message = Message::with_status(kind, id, &status);
        message.params.extend(params);
        self.reply(&message);
    }

    fn error(&mut self, id: u32, code: StatusCode, what: &str) {
        let status = LlrpStatus::error(code, what);
        self.reply(&Message::with_status(MessageKind::ERROR_MESSAGE, id, &status));
    }

    fn reply(&mut self, message: &Message) {
        let about_version = [
            MessageKind::GET_SUPPORTED_VERSION_RESPONSE,
            MessageKind::SET_PROTOCOL_VERSION_RESPONSE,
        ];
        let always = about_version.contains(&message.kind);
        let version = if always { VERSION_1_1 } else { self.version };
        let message = Message { version, ..message.clone() };
        if let Some(bytes) = written(message.encode()) {
            self.outbox.reply(bytes);
        }
    }

    fn id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }
}

/// Everything sent is bounded below the frame's limit, so a failure is a mistake in here.
fn written(encoded: Result<Vec<u8>, CodecError>) -> Option<Vec<u8>> {
    encoded.inspect_err(|error| tracing::error!(%error, "simulated reader can't encode")).ok()
}

fn refused(error: &SpecError) -> Refusal {
    Refusal::error(StatusCode::FIELD_ERROR, &error.to_string())
}

#[cfg(test)]
mod tests {
    use gatewarden_llrp::codec::{Frame, MessageKind, VERSION_1_0_1};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{LlrpOptions, Reader};

    proptest! {
        #[test]
        fn every_request_is_answered_once_whatever_its_body(
            requests in vec((0u16..110, vec(any::<u8>(), 0..60)), 0..20),
        ) {
            let mut reader = Reader::new(&LlrpOptions::default());
            reader.connect(1);
            reader.outbox.take();
            for (kind, body) in &requests {
                let kind = MessageKind(*kind);
                reader.handle(&Frame { version: VERSION_1_0_1, kind, id: 7, body, bytes: body }, 2);
                let silent = [
                    MessageKind::KEEPALIVE_ACK,
                    MessageKind::ENABLE_EVENTS_AND_REPORTS,
                    MessageKind::GET_REPORT,
                ];
                let answers = reader.outbox.replies();
                // A silent message whose body is wrong is still told of.
                prop_assert!(answers == 1 || silent.contains(&kind) && answers == 0, "{kind}: {answers}");
                reader.outbox.take();
            }
        }
    }
}
