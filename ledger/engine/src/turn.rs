//! One turn of the engine: a command's entries and signals as they are decided, and the one door
//! through which every right is asked for.

use gatewarden_model::{
    Action, Actor, Body, Day, Decision, Entry, Field, Module, MovementKind, OperatorId, Pass,
    SessionId, Signal, Stamp, StationId, Task, TaskId,
};
use gatewarden_stock::{Stock, StockError};

use crate::{
    access::{Access, Fact, Facts, Principal, Request},
    command::{Refusal, Reply},
    documents::{past::remember, returns::note},
    engine::Settings,
    memory::Memory,
    sessions::levels::check_level,
    state::{Session, State},
};

/// Longest text from outside that an entry keeps, in bytes.
pub(crate) const REASON_BYTES_MAX: usize = 500;

/// Why something can't be done: a stable code and the words.
pub(crate) type Fault = (&'static str, String);

/// What the stock says against something.
pub(crate) fn fault(error: StockError) -> Fault {
    (error.code(), error.to_string())
}

/// What a command answers.
pub(crate) type Answer = Result<Reply, Refusal>;

/// The engine while it decides on one command.
pub(crate) struct Turn<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) access: &'a Access,
    pub(crate) state: &'a mut State,
    pub(crate) stock: &'a mut Stock,
    pub(crate) memory: &'a mut Memory,
    pub(crate) next_seq: &'a mut u64,
    /// What a sequence is shifted by for the stock: see `Engine::begin_stock`.
    pub(crate) shift: u64,
    pub(crate) now: Stamp,
    /// The policies of the configuration, which need not be in force.
    pub(crate) configured: &'a Access,
    /// Why the policies in force can't be read, if they can't.
    pub(crate) policies_fault: Option<&'a str>,
    /// The policies that are in force after this turn, where it changed them.
    pub(crate) next_access: Option<Access>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) signals: Vec<(StationId, Signal)>,
}

/// What somebody asks for, as a denial would tell it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) by: Actor,
    pub(crate) action: Action,
    pub(crate) module: Module,
    pub(crate) station: Option<StationId>,
    pub(crate) task: Option<TaskId>,
    pub(crate) document: Option<String>,
    pub(crate) pass: Option<Pass>,
    /// The kind of movement it is about.
    pub(crate) kind: Option<MovementKind>,
}

impl Asked {
    pub(crate) fn new(by: &Actor, action: Action, module: Module) -> Self {
        let by = by.clone();
        let (station, task, document, pass, kind) = (None, None, None, None, None);
        Self { by, action, module, station, task, document, pass, kind }
    }

    pub(crate) fn on_task(mut self, task: &Task) -> Self {
        self.station = Some(task.station.clone());
        self.task = Some(task.id);
        self.document = Some(cut(&task.document.number, 64));
        self.kind = Some(task.kind);
        self
    }

    pub(crate) fn on_pass(mut self, pass: &Pass) -> Self {
        self.station = Some(pass.station.clone());
        self.pass = Some(pass.clone());
        self
    }
}

impl Turn<'_> {
    /// Records an entry that does nothing to stock. Returns its sequence.
    pub(crate) fn record(&mut self, body: Body) -> u64 {
        let entry = Entry::new(*self.next_seq, self.now, body);
        self.push(entry)
    }

    /// Records an entry if the stock takes it. Returns its sequence.
    pub(crate) fn record_stock(&mut self, body: Body) -> Result<u64, Fault> {
        let seq = *self.next_seq;
        let ordered = Entry::new(self.in_order(seq), self.now, body);
        self.stock.apply(&ordered).map_err(fault)?;
        Ok(self.push(Entry { seq, ..ordered }))
    }

    /// Where the stock orders the entry of a sequence.
    pub(crate) fn in_order(&self, seq: u64) -> u64 {
        seq.saturating_add(self.shift)
    }

    fn push(&mut self, entry: Entry) -> u64 {
        let seq = entry.seq;
        *self.next_seq = seq.saturating_add(1);
        note(&mut self.memory.pages, self.state, &entry.body);
        remember(self.memory, self.state, &entry.body);
        self.state.apply(&entry);
        self.entries.push(entry);
        seq
    }

    /// The day that something counts for now, and how its entry tells it: never before a day that
    /// counted already, even where the clock was set back, and never a closed one.
    pub(crate) fn today(&self) -> (Day, Option<Day>) {
        let local = Day::of(&self.now, self.settings.utc_offset_min);
        let open =
            self.stock.closed_until().map(|day| Day::from_number(i64::from(day.number()) + 1));
        let day = Some(local).max(self.stock.last_day()).max(open).unwrap_or(local);
        (day, (day != Day::of(&self.now, 0)).then_some(day))
    }

    /// Records a denial and makes the refusal that names it.
    pub(crate) fn deny(
        &mut self,
        asked: Asked,
        code: &'static str,
        reason: impl Into<String>,
        decision: Option<Decision>,
    ) -> Refusal {
        let message = cut(&reason.into(), REASON_BYTES_MAX);
        let Asked { by, action, module, station, task, document, pass, .. } = asked;
        let reason = message.clone();
        let body = Body::Denied {
            by,
            action,
            module,
            reason,
            decision,
            station,
            task,
            document,
            pass,
            further: None,
        };
        let recorded = Some(self.record(body));
        Refusal { code, message, recorded }
    }

    /// Records that strangers were turned away at a door.
    pub(crate) fn alarm(&mut self, reason: String, further: u64, station: Option<StationId>) {
        self.record(Body::Denied {
            by: Actor::Nobody,
            action: Action::Request,
            module: Module::System,
            reason: cut(&reason, REASON_BYTES_MAX),
            decision: None,
            station,
            task: None,
            document: None,
            pass: None,
            further: Some(further),
        });
    }

    /// Asks the policies; a no is recorded.
    pub(crate) fn permit(&mut self, asked: Asked, facts: Facts<'_>) -> Result<Decision, Refusal> {
        self.permit_any(asked, &[], facts)
    }

    /// Asks for the right in `asked`, then for each of `others` until one is granted. If none is,
    /// the denial tells of the first.
    pub(crate) fn permit_any(
        &mut self,
        asked: Asked,
        others: &[(Module, Action)],
        facts: Facts<'_>,
    ) -> Result<Decision, Refusal> {
        let (level, decided) = match authenticated(self.state, &asked.by, &facts) {
            Err((code, reason)) => return Err(self.deny(asked, code, reason, None)),
            Ok((principal, facts)) => {
                let first = (asked.module, asked.action);
                let decided = decide_any(self.access, principal, first, others, facts);
                (facts.auth_level, decided)
            }
        };
        self.decided(asked, level, decided)
    }

    /// What the policies decided, unless it needs a stronger session.
    fn decided(
        &mut self,
        asked: Asked,
        level: Option<u8>,
        decided: Result<Decision, Decision>,
    ) -> Result<Decision, Refusal> {
        match decided {
            Ok(decision) => match check_level(self.settings, &asked, &decision, level) {
                Ok(()) => Ok(decision),
                Err((code, reason)) => Err(self.deny(asked, code, reason, Some(decision))),
            },
            Err(denied) => {
                let reason = denial(&asked.by, &denied);
                let missed = self.missed(&asked.by, &denied);
                let refusal = self.deny(asked, "denied", reason, Some(denied));
                Err(Refusal { message: refusal.message + &missed, ..refusal })
            }
        }
    }

    /// The limit that stood in the way, for whoever was denied and not for the journal: there it follows
    /// from the facts. Of a fact that he may not see only the limit's name.
    fn missed(&self, by: &Actor, denied: &Decision) -> String {
        let Actor::Operator { id, .. } = by else { return String::new() };
        let Some(operator) = self.state.operator(id) else { return String::new() };
        if !denied.policies.is_empty() || !denied.errors.is_empty() {
            return String::new();
        }
        let principal = Principal::Operator { id: &operator.id, roles: &operator.roles };
        let misses = self.access.missed(&principal, denied);
        let Some(nearest) = misses.first() else { return String::new() };
        let rights = crate::fields::rights(self.state, self.access, by);
        let shows = |fact: Fact| match fact {
            Fact::Amount => rights.sees(&Field::Price) && rights.sees(&Field::Cost),
            Fact::Owners => rights.sees(&Field::Owner),
            _ => true,
        };
        cut(&format!("; {}", nearest.words(shows)), REASON_BYTES_MAX)
    }

    /// Asks for a right on behalf of the session that a pass is bound to, which may have ended
    /// since the pass was seen.
    pub(crate) fn permit_in(
        &mut self,
        asked: Asked,
        session: &Session,
        facts: Facts<'_>,
    ) -> Result<Decision, Refusal> {
        let Some(operator) = self.state.operator(&session.operator) else {
            let reason = format!("{} is not enrolled any more", session.operator);
            return Err(self.deny(asked, "not-authenticated", reason, None));
        };
        let principal = Principal::Operator { id: &operator.id, roles: &operator.roles };
        let right = (asked.module, asked.action);
        let decided = decide_any(self.access, principal, right, &[], facts);
        self.decided(asked, facts.auth_level, decided)
    }

    /// The answer to `Command::Ask`.
    pub(crate) fn asked(
        &mut self,
        by: &Actor,
        action: Action,
        module: Module,
        what: &str,
    ) -> Answer {
        let mut asked = Asked::new(by, action, module);
        asked.document = (!what.is_empty()).then(|| cut(what, REASON_BYTES_MAX));
        self.permit(asked, Facts::default()).map(Reply::Allowed)
    }
}

/// Who an actor is as the policies see it: an operator needs a session that authorises (that of the
/// console where none is named), a client a token that is still good. Else a code and the words.
pub(crate) fn authenticated<'b>(
    state: &'b State,
    by: &'b Actor,
    facts: &Facts<'b>,
) -> Result<(Principal<'b>, Facts<'b>), Fault> {
    let not = |reason: String| ("not-authenticated", reason);
    let principal = match by {
        Actor::Operator { id, session } => {
            let operator = state.operator(id);
            let operator = operator.ok_or_else(|| not(format!("{id} is not enrolled")))?;
            let open = session_of(state, id, *session);
            let open =
                open.ok_or_else(|| not(format!("{id} has no open session: sign in again")))?;
            open.acts()?;
            let auth_level = Some(open.auth_level);
            let principal = Principal::Operator { id: &operator.id, roles: &operator.roles };
            return Ok((principal, Facts { auth_level, ..*facts }));
        }
        Actor::Client { id } => {
            let client = state.clients.get(id);
            let client = client.ok_or_else(|| not(format!("client {id} is revoked")))?;
            Principal::Client { id: &client.id, scopes: &client.scopes }
        }
        Actor::Local { uid } => Principal::Local { uid: Some(*uid) },
        Actor::Daemon => Principal::Local { uid: None },
        Actor::Nobody => return Err(not("nobody is authenticated: sign in first".to_owned())),
    };
    Ok((principal, *facts))
}

/// The session that an operator acts in: the one named, else his at the console, rather one that
/// authorises.
pub(crate) fn session_of<'s>(
    state: &'s State,
    id: &OperatorId,
    session: Option<SessionId>,
) -> Option<&'s Session> {
    if let Some(session) = session {
        return state.session(session).filter(|open| open.operator == *id);
    }
    let console = || state.sessions().filter(|s| s.operator == *id && s.station.is_none());
    console().find(|s| s.phase.authorises()).or_else(|| console().next())
}

/// Whether somebody may do something, without a trace: for showing and hiding, never for doing.
pub(crate) fn may(
    state: &State,
    access: &Access,
    by: &Actor,
    action: Action,
    module: Module,
) -> bool {
    authenticated(state, by, &Facts::default()).is_ok_and(|(principal, facts)| {
        access.decide(&Request { principal, action, module, facts }).allowed
    })
}

/// The first right that is granted, else the denial of `first`.
fn decide_any(
    access: &Access,
    principal: Principal<'_>,
    first: (Module, Action),
    others: &[(Module, Action)],
    facts: Facts<'_>,
) -> Result<Decision, Decision> {
    let ask = |(module, action)| access.decide(&Request { principal, action, module, facts });
    let decision = ask(first);
    if decision.allowed {
        return Ok(decision);
    }
    others.iter().map(|right| ask(*right)).find(|d| d.allowed).ok_or(decision)
}

/// A denial in words.
pub(crate) fn denial(by: &Actor, decision: &Decision) -> String {
    let who = crate::apply::actor_name(by);
    let (action, module) = (decision.action.name(), decision.module.name());
    let why = if !decision.errors.is_empty() {
        format!("an error while deciding: {}", decision.errors.join("; "))
    } else if decision.policies.is_empty() {
        "no policy permits it".to_owned()
    } else {
        format!("forbidden by {}", decision.policies.join(", "))
    };
    format!("{who} may not {action} in {module}: {why}")
}

/// A text cut to at most `bytes_max` bytes, at a character.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}
