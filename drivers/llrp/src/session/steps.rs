//! The way up: which request follows which answer, and what a refusal means.

use super::{Session, SessionEvent, State};
use crate::{
    codec::{
        CodecError, LlrpStatus, Message, MessageKind, StatusCode, VERSION_1_1,
        report::VENDOR_IMPINJ,
    },
    identity::Identity,
    plan::{self, tid},
    settings::{Protocol, Start},
};

/// The requests of the way up, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    SupportedVersion,
    SetVersion,
    Capabilities,
    Extensions,
    Config,
    SetConfig,
    GetRoSpecs,
    DeleteRoSpec(u32),
    AddRoSpec,
    DeleteAccess,
    AddAccess,
    EnableAccess,
    EnableRoSpec,
    StartRoSpec,
}

impl Session {
    pub(super) fn handle_answer(
        &mut self,
        now_us: u64,
        step: Step,
        message: &Message,
        status: &LlrpStatus,
    ) -> Result<(), CodecError> {
        let is_error = message.kind == MessageKind::ERROR_MESSAGE;
        if is_error || !status.is_success() {
            self.handle_refusal(now_us, step, status);
            return Ok(());
        }
        match step {
            Step::SupportedVersion if !offers_1_1(message) => {
                self.ask(now_us, Step::Capabilities);
                return Ok(());
            }
            Step::Capabilities => self.identity = Identity::from_capabilities(message)?,
            Step::Config => {
                self.identity.add_config(message)?;
                for input in &self.identity.input_states {
                    let port = input.port;
                    let level = input.on.filter(|_| input.enabled);
                    self.events.extend(level.map(|on| SessionEvent::Input { port, on }));
                }
            }
            Step::SetVersion => self.version = VERSION_1_1,
            Step::GetRoSpecs => {
                let found = self.listed(message);
                self.reconcile(found);
            }
            _ => {}
        }
        self.after(now_us, step);
        Ok(())
    }

    /// Some readers refuse what they need not: go on where that does no harm.
    fn handle_refusal(&mut self, now_us: u64, step: Step, status: &LlrpStatus) {
        let State::Waiting { kind, .. } = self.state else { return };
        let reason = format!("the reader refused {kind}: {status}");
        match step {
            Step::SupportedVersion | Step::SetVersion => {
                self.note(format!("{reason}; speaking LLRP 1.0.1"));
                self.ask(now_us, Step::Capabilities);
            }
            Step::Config | Step::DeleteRoSpec(_) => {
                self.note(reason);
                self.after(now_us, step);
            }
            // Without an AccessSpec of ours there is nothing to delete.
            Step::DeleteAccess => self.after(now_us, step),
            Step::GetRoSpecs => {
                self.note(reason);
                self.reconcile(None);
                self.after(now_us, step);
            }
            Step::AddAccess | Step::EnableAccess => {
                self.down(format!("{reason}; it can't read the TID of each tag: set tid = false"));
            }
            Step::Extensions => {
                self.down(format!(
                    "{reason}; take search_mode and tid out, or update its firmware"
                ));
            }
            _ => {
                let hint = match status.code {
                    StatusCode::DEVICE_ERROR => "; restart the reader if it stays so",
                    _ => "",
                };
                self.down(format!("{reason}{hint}"));
            }
        }
    }

    /// Goes on to what follows `step`.
    fn after(&mut self, now_us: u64, step: Step) {
        let by_access = self.settings.tid && self.identity.manufacturer != VENDOR_IMPINJ;
        let next = match step {
            Step::SupportedVersion => Step::SetVersion,
            Step::SetVersion => Step::Capabilities,
            Step::Capabilities if plan::wants_extensions(&self.settings, &self.identity) => {
                Step::Extensions
            }
            Step::Capabilities | Step::Extensions => Step::Config,
            Step::Config => Step::SetConfig,
            Step::SetConfig => Step::GetRoSpecs,
            Step::GetRoSpecs | Step::DeleteRoSpec(_) => match self.doomed.pop_front() {
                Some(id) => Step::DeleteRoSpec(id),
                None if self.adopted => return self.run(now_us),
                None => Step::AddRoSpec,
            },
            Step::AddRoSpec if by_access => Step::DeleteAccess,
            Step::DeleteAccess => Step::AddAccess,
            Step::AddAccess => Step::EnableAccess,
            Step::AddRoSpec | Step::EnableAccess => Step::EnableRoSpec,
            Step::EnableRoSpec if self.settings.start == Start::ByClient => Step::StartRoSpec,
            Step::EnableRoSpec | Step::StartRoSpec => return self.run(now_us),
        };
        self.ask(now_us, next);
    }

    fn ask(&mut self, now_us: u64, step: Step) {
        let id = self.id();
        let message = match step {
            Step::SupportedVersion => Message::new(MessageKind::GET_SUPPORTED_VERSION, id),
            Step::SetVersion => {
                Message::new(MessageKind::SET_PROTOCOL_VERSION, id).field(VERSION_1_1)
            }
            Step::Capabilities => Message::get_reader_capabilities(id, 0),
            Step::Extensions => plan::enable_extensions(id),
            Step::Config => Message::get_reader_config(id, 0),
            Step::SetConfig => plan::config(id, &self.settings, &self.identity),
            // Before anything on the reader is touched, it is known whether ours will do.
            Step::GetRoSpecs => match plan::rospec(self.rospec, &self.settings, &self.identity) {
                Ok(rospec) => {
                    self.wanted = rospec;
                    self.forget_jobs();
                    Message::new(MessageKind::GET_ROSPECS, id)
                }
                Err(error) => return self.down(error.to_string()),
            },
            Step::DeleteRoSpec(rospec) => {
                Message::on_rospec(MessageKind::DELETE_ROSPEC, id, rospec)
            }
            Step::AddRoSpec => Message::add_rospec(id, &self.wanted),
            Step::DeleteAccess => tid::on(MessageKind::DELETE_ACCESSSPEC, id),
            Step::AddAccess => tid::add(id, self.rospec),
            Step::EnableAccess => tid::on(MessageKind::ENABLE_ACCESSSPEC, id),
            Step::EnableRoSpec => Message::on_rospec(MessageKind::ENABLE_ROSPEC, id, self.rospec),
            Step::StartRoSpec => Message::on_rospec(MessageKind::START_ROSPEC, id, self.rospec),
        };
        let kind = message.kind;
        self.enter(State::Waiting { step, kind, id }, now_us);
        // Version questions are asked in 1.1, or a reader of 1.1 would not know why.
        let version = matches!(step, Step::SupportedVersion | Step::SetVersion);
        self.send_as(if version { VERSION_1_1 } else { self.version }, message);
    }

    fn run(&mut self, now_us: u64) {
        let id = self.id();
        self.send(Message::new(MessageKind::ENABLE_EVENTS_AND_REPORTS, id));
        self.enter(State::Running, now_us);
        self.identity.version = if self.version == VERSION_1_1 { "1.1" } else { "1.0.1" };
        self.identity.clock_us = self.skew_us();
        self.events.push_back(SessionEvent::Up(Box::new(self.identity.clone())));
        self.show();
    }

    pub(super) fn greeted(&mut self, now_us: u64) {
        self.ask(
            now_us,
            match self.settings.protocol {
                Protocol::V1_0_1 => Step::Capabilities,
                Protocol::V1_1 => Step::SupportedVersion,
            },
        );
    }
}

/// Whether GET_SUPPORTED_VERSION_RESPONSE (current, supported) tells of 1.1.
fn offers_1_1(message: &Message) -> bool {
    message.fields.get(1).is_some_and(|supported| *supported >= VERSION_1_1)
}
