//! One connection's conversation with a reader, as a pure state machine: bytes and time in, bytes
//! and events out. It ends with [`SessionEvent::Down`] or [`SessionEvent::Closed`], once.
//!
//! Order: greeting → (version) → capabilities → (vendor's extensions) → configuration → SET_READER_CONFIG →
//! GET_ROSPECS → adopt ours, or delete and add, (AccessSpec), enable, (start) → ENABLE_EVENTS_AND_REPORTS →
//! running, with the outputs as the station's signal wants them. Every request has a time-out; when running, the reader is dead after [`KEEPALIVES_MISSED_MAX`] silent periods.
//!
//! Invariants: no input panics; tag reports are given in every state, in order; a frame that can't
//! be read is a gap, a stream that can't be read is the end. The receive buffer holds less than one
//! frame between calls; the caller drains events and output after each call. Absent on purpose:
//! sockets, clocks, reconnecting (`task`).

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{Hash, Signal, TagRead};

use crate::{
    access::{AccessError, Outcome},
    codec::{
        CodecError, Frame, LlrpStatus, Message, MessageKind, RoSpec, TagReports, Typed,
        VERSION_1_0_1, param::decode_params, split_frame,
    },
    identity::Identity,
    plan,
    settings::Settings,
    skew::ReaderClock,
};

mod access;
mod notice;
mod reconcile;
mod steps;
mod time;

pub use reconcile::{ROSPEC_MARK, rospec_id};

use steps::Step;

/// Periods without any message after which a running reader is dead.
pub const KEEPALIVES_MISSED_MAX: u32 = 2;
/// How long the goodbye may take, in milliseconds.
pub const GOODBYE_MS_MAX: u32 = 1_500;

/// What a session tells its owner.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// The reader reads for us from now on.
    Up(Box<Identity>),
    /// Tags of one frame, in its order.
    Reads {
        /// The tags.
        tags: Vec<TagRead>,
        /// Digest of the whole frame.
        raw: Hash,
    },
    /// An input's level, at a change and once when known.
    Input {
        /// The port, from 1.
        port: u16,
        /// Its level.
        on: bool,
    },
    /// Reads may have been lost although the connection holds.
    Gap {
        /// Since when, on the caller's clock; `None` is the last good message.
        since_us: Option<u64>,
        /// What happened.
        reason: String,
    },
    /// The reader's clock is off by another second than was last told.
    Clock {
        /// Its clock less ours, in microseconds.
        skew_us: i64,
    },
    /// How a job of [`Session::access`] ended.
    Accessed(Result<Outcome, AccessError>),
    /// Something for the log.
    Note(String),
    /// The connection is of no use any more. Nothing follows.
    Down {
        /// Why, with the way out where there is one.
        reason: String,
    },
    /// The goodbye is over. Nothing follows.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Waiting { step: Step, kind: MessageKind, id: u32 },
    Running,
    Closing { id: u32 },
    Over,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    rospec: u32,
    version: u8,
    state: State,
    /// When the state was entered; the time-outs of all but `Running` count from here.
    since_us: u64,
    heard_us: u64,
    next_id: u32,
    input: Vec<u8>,
    output: VecDeque<Vec<u8>>,
    events: VecDeque<SessionEvent>,
    identity: Identity,
    carry: Carry,
    unplugged: BTreeMap<u16, u64>,
    /// The ROSpec that is wanted, known from the capabilities on.
    wanted: RoSpec,
    adopted: bool,
    /// ROSpecs that are deleted on the way up.
    doomed: VecDeque<u32>,
    clock: ReaderClock,
    /// Our wall clock less the caller's, in microseconds.
    wall_us: i64,
    /// The skew that was told last, in seconds.
    told_skew_s: i64,
    signal: Signal,
    /// Ids of requests about the outputs that were not answered yet.
    showing: VecDeque<u32>,
    jobs: access::Jobs,
    /// Whether a job of an earlier connection may have left an AccessSpec.
    forgets_jobs: bool,
}

/// Requests about the outputs that may wait for their answers; a reader that answers none is told of.
const SHOWING_MAX: usize = 16;

/// Last values of fields that a reader may leave out while they do not change. Timestamps are not
/// carried: a read without one is honest, a read with an old one is not.
#[derive(Debug, Default)]
struct Carry {
    antenna: Option<u16>,
    peak_rssi_dbm: Option<i8>,
    seen_count: Option<u16>,
}

impl Session {
    /// A session on a connection that was made at `now_us`. `rospec` (not 0) should differ from the
    /// last session's, so that late events of that one's ROSpec are not taken for ours.
    #[must_use]
    pub fn new(settings: Settings, rospec: u32, now_us: u64) -> Self {
        Self {
            settings,
            rospec: rospec.max(1),
            version: VERSION_1_0_1,
            state: State::Greeting,
            since_us: now_us,
            heard_us: now_us,
            next_id: 1,
            input: Vec::new(),
            output: VecDeque::new(),
            events: VecDeque::new(),
            identity: Identity::default(),
            carry: Carry::default(),
            unplugged: BTreeMap::new(),
            wanted: RoSpec::default(),
            adopted: false,
            doomed: VecDeque::new(),
            clock: ReaderClock::default(),
            wall_us: 0,
            told_skew_s: 0,
            signal: Signal::Off,
            showing: VecDeque::new(),
            jobs: access::Jobs::default(),
            forgets_jobs: false,
        }
    }

    /// Tells how far our wall clock is from the caller's, in microseconds, so that the reader's clock can be held
    /// against it.
    #[must_use]
    pub fn with_wall(mut self, wall_us: i64) -> Self {
        self.wall_us = wall_us;
        self
    }

    /// Has the reader forget, on the way up, an access job that an earlier connection may have left behind.
    #[must_use]
    pub fn forgetting_jobs(mut self) -> Self {
        self.forgets_jobs = true;
        self
    }

    /// The signal that the reader's outputs show from now on.
    pub fn handle_signal(&mut self, signal: Signal) {
        if std::mem::replace(&mut self.signal, signal) != signal && self.is_running() {
            self.show();
        }
    }

    /// The ROSpec that reads for us, or will.
    #[must_use]
    pub fn rospec(&self) -> u32 {
        self.rospec
    }

    fn show(&mut self) {
        let id = self.id();
        let Some(message) = plan::outputs(id, &self.settings, self.signal) else { return };
        if self.showing.len() >= SHOWING_MAX {
            return self.down("the reader answers nothing about its outputs".to_owned());
        }
        self.showing.push_back(id);
        self.send(message);
    }

    /// The next bytes to send.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.output.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// When [`Session::handle_time`] should be called at the latest; `None` when it is over.
    #[must_use]
    pub fn poll_deadline_us(&self) -> Option<u64> {
        let own = self.deadline_us()?;
        Some(self.job_deadline_us().map_or(own, |job| own.min(job)))
    }

    fn deadline_us(&self) -> Option<u64> {
        let (from, ms) = match self.state {
            State::Greeting | State::Waiting { .. } => {
                (self.since_us, u64::from(self.settings.time_out_ms))
            }
            State::Running => (self.heard_us, self.silence_ms_max()),
            State::Closing { .. } => (self.since_us, GOODBYE_MS_MAX.into()),
            State::Over => return None,
        };
        Some(from.saturating_add(ms * 1_000))
    }

    /// Whether the reader reads for us.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// When the last whole frame came, on the caller's clock.
    #[must_use]
    pub fn heard_us(&self) -> u64 {
        self.heard_us
    }

    /// Takes bytes as they came, in pieces of any size.
    pub fn handle_bytes(&mut self, now_us: u64, bytes: &[u8]) {
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(bytes);
        let mut used = 0;
        while self.state != State::Over {
            match split_frame(&input[used..]) {
                Ok(Some(frame)) => {
                    used += frame.bytes.len();
                    self.handle_frame(now_us, &frame);
                    self.heard_us = now_us;
                }
                Ok(None) => break,
                Err(error) => self.down(format!("the reader's bytes make no sense: {error}")),
            }
        }
        input.drain(..used);
        self.input = input;
    }

    /// Looks whether something took too long.
    pub fn handle_time(&mut self, now_us: u64) {
        if self.job_deadline_us().is_some_and(|deadline| now_us >= deadline) {
            self.job_time(now_us);
        }
        if self.deadline_us().is_none_or(|deadline| now_us < deadline) {
            return;
        }
        let ms = self.settings.time_out_ms;
        let reason = match self.state {
            State::Greeting => format!(
                "no greeting within {ms} ms; check that this is an LLRP port and that no other \
                 client holds the reader"
            ),
            State::Waiting { kind, .. } => format!("no answer to {kind} within {ms} ms"),
            State::Running => format!(
                "{KEEPALIVES_MISSED_MAX} keepalives missed: nothing heard for {} ms",
                self.silence_ms_max()
            ),
            State::Closing { .. } => return self.end(SessionEvent::Closed),
            State::Over => return,
        };
        self.down(reason);
    }

    /// Says that the other side closed the connection, or that it broke.
    pub fn handle_disconnect(&mut self, reason: &str) {
        match self.state {
            State::Over => {}
            State::Closing { .. } => self.end(SessionEvent::Closed),
            _ => self.down(reason.to_owned()),
        }
    }

    /// Begins the goodbye: outputs off, our ROSpec stopped and deleted unless it is to go on, close.
    pub fn close(&mut self, now_us: u64) {
        let running = match self.state {
            State::Over | State::Closing { .. } => return,
            State::Greeting => return self.end(SessionEvent::Closed),
            State::Running => true,
            State::Waiting { .. } => false,
        };
        if running {
            let id = self.id();
            let off = plan::outputs(id, &self.settings, Signal::Off);
            off.into_iter().for_each(|message| self.send(message));
        }
        if !(running && self.settings.leave_running) {
            if running {
                self.on_rospec(MessageKind::STOP_ROSPEC, self.rospec);
            }
            self.on_rospec(MessageKind::DELETE_ROSPEC, self.rospec);
        }
        let id = self.id();
        self.send(Message::new(MessageKind::CLOSE_CONNECTION, id));
        self.enter(State::Closing { id }, now_us);
    }

    /// Two periods, and half of one because the reader's clock and the wire have their own pace.
    fn silence_ms_max(&self) -> u64 {
        let period = u64::from(plan::keepalive_ms(&self.settings));
        period * u64::from(KEEPALIVES_MISSED_MAX) + period / 2
    }

    fn handle_frame(&mut self, now_us: u64, frame: &Frame<'_>) {
        if frame.kind == MessageKind::RO_ACCESS_REPORT {
            self.handle_report(now_us, frame);
            // Only a job looks at what else a report tells; a report that it can't read is one without results.
            if self.is_accessing()
                && let Ok(message) = Message::from_frame(frame)
            {
                self.job_message(now_us, &message);
            }
            return;
        }
        if frame.kind == MessageKind::KEEPALIVE {
            return self.send(Message::new(MessageKind::KEEPALIVE_ACK, frame.id));
        }
        match Message::from_frame(frame).and_then(|message| self.handle_message(now_us, &message)) {
            Ok(()) => {}
            Err(error) if self.is_running() => {
                self.gap(format!("a {} could not be read: {error}", frame.kind));
            }
            Err(error) => self.down(format!("the reader's {} makes no sense: {error}", frame.kind)),
        }
    }

    fn handle_report(&mut self, now_us: u64, frame: &Frame<'_>) {
        let mut tags = Vec::new();
        let mut fault = None;
        let (mut latest, mut moments) = (None, Vec::new());
        for tag in TagReports::new(frame.body) {
            match tag {
                Ok(mut tag) => {
                    tag.antenna = keep(&mut self.carry.antenna, tag.antenna);
                    tag.peak_rssi_dbm = keep(&mut self.carry.peak_rssi_dbm, tag.peak_rssi_dbm);
                    tag.seen_count = keep(&mut self.carry.seen_count, tag.seen_count);
                    let moment = time::moment(&tag);
                    latest = latest.max(moment);
                    tags.push(self.to_read(&tag));
                    moments.push(moment);
                }
                Err(error) => fault = Some(error),
            }
        }
        if let Some(moment) = latest {
            self.observe(now_us, moment);
        }
        for (tag, moment) in tags.iter_mut().zip(moments) {
            tag.ago_us = moment.and_then(|moment| self.ago_us(now_us, moment));
        }
        if !tags.is_empty() {
            self.events.push_back(SessionEvent::Reads { tags, raw: Hash::of(frame.bytes) });
        }
        if let Some(error) = fault {
            self.gap(format!("a tag report could not be read: {error}"));
        }
    }

    fn handle_message(&mut self, now_us: u64, message: &Message) -> Result<(), CodecError> {
        if message.kind == MessageKind::READER_EVENT_NOTIFICATION {
            return self.handle_notice(now_us, message);
        }
        if self.is_running() && self.job_message(now_us, message) {
            return Ok(());
        }
        let is_error = message.kind == MessageKind::ERROR_MESSAGE;
        match self.state {
            State::Waiting { step, kind, id }
                if message.id == id
                    && (is_error
                        || Some(message.kind) == kind.response()
                        || (step == Step::Extensions && plan::is_extensions_answer(message))) =>
            {
                let status = status_of(message)?;
                self.handle_answer(now_us, step, message, &status)
            }
            State::Closing { id } if message.id == id => {
                self.end(SessionEvent::Closed);
                Ok(())
            }
            State::Closing { .. } => Ok(()),
            State::Running if self.showing.front() == Some(&message.id) => {
                self.showing.pop_front();
                let status = status_of(message)?;
                if !status.is_success() {
                    self.note(format!("the reader refused its outputs: {status}"));
                }
                Ok(())
            }
            _ if is_error => {
                let status: LlrpStatus = message.get()?.unwrap_or_default();
                self.note(format!("the reader complains: {status}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_rospec(&mut self, kind: MessageKind, rospec: u32) {
        let id = self.id();
        self.send(Message::on_rospec(kind, id, rospec));
    }

    fn send(&mut self, message: Message) {
        self.send_as(self.version, message);
    }

    fn send_as(&mut self, version: u8, message: Message) {
        let message = Message { version, ..message };
        match message.encode() {
            Ok(bytes) => self.output.push_back(bytes),
            Err(error) => self.down(format!("{} can't be written: {error}", message.kind)),
        }
    }

    fn id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1).max(1);
        id
    }

    fn enter(&mut self, state: State, now_us: u64) {
        self.state = state;
        self.since_us = now_us;
    }

    fn note(&mut self, text: String) {
        self.events.push_back(SessionEvent::Note(text));
    }

    fn gap(&mut self, reason: String) {
        self.events.push_back(SessionEvent::Gap { since_us: None, reason });
    }

    fn down(&mut self, reason: String) {
        self.end(SessionEvent::Down { reason });
    }

    fn end(&mut self, event: SessionEvent) {
        self.state = State::Over;
        self.abandon_job();
        self.events.push_back(event);
    }
}

/// The status of an answer, which stands among a custom message's data; success where there is none.
fn status_of(message: &Message) -> Result<LlrpStatus, CodecError> {
    let status = match message.get()? {
        None if message.kind == MessageKind::CUSTOM_MESSAGE => {
            let data = message.fields.get(5..).unwrap_or_default();
            let params = decode_params(data)?;
            params
                .iter()
                .find(|p| p.kind == LlrpStatus::KIND)
                .map(LlrpStatus::from_param)
                .transpose()?
        }
        status => status,
    };
    Ok(status.unwrap_or_else(LlrpStatus::success))
}

fn keep<T: Copy>(last: &mut Option<T>, new: Option<T>) -> Option<T> {
    *last = new.or(*last);
    *last
}
