//! Leads the conversation of a job over a wire.

use super::{
    ANSWER_MS, Answer, Ask, AskError, AsyncReadExt, AsyncWriteExt, Duration, Hash, Inbox, Outcome,
    Press, PrintJob, READ_BYTES_MAX, SAID_BYTES_MAX, SEND_TIME, Settings, Step, Task, Variable,
    Wire, io, open, timeout,
};

/// Whether another printer answered than the one that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    Yes,
    No,
}

impl Task {
    /// Prints what waits, until nothing does or the printer takes no more.
    pub(super) async fn print_all(&self, serial: Option<String>) -> Other {
        while !self.stop.is_cancelled() {
            let Some(job) = self.desk.next(&self.device).await else { return Other::No };
            let token = job.token.clone();
            let (outcome, other) = self.print(job, serial.clone()).await;
            let is_sent = !matches!(outcome, Outcome::NotSent { .. });
            match &outcome {
                Outcome::NotSent { reason } => {
                    tracing::warn!(device = %self.device, %token, %reason, "label not sent")
                }
                Outcome::Unknown { reason, .. } => {
                    tracing::error!(device = %self.device, %token, %reason, "label unknown: somebody has to look");
                }
                Outcome::Issued { .. } => {
                    tracing::info!(device = %self.device, %token, "label issued")
                }
            }
            self.desk.ended(&self.device, &token, outcome).await;
            if other == Other::Yes || !is_sent {
                return other;
            }
        }
        Other::No
    }

    fn now_ms(&self) -> u64 {
        self.clock.now().mono_us / 1_000
    }

    async fn print(&self, job: PrintJob, serial: Option<String>) -> (Outcome, Other) {
        let token = job.token.clone();
        let mut press = Press::new(job, serial.clone(), self.settings.drain_ms);
        let patience = Duration::from_millis(self.settings.time_out_ms.max(1));
        let mut line = match timeout(patience, Line::open(&self.settings)).await {
            Ok(Ok(line)) => line,
            Ok(Err(e)) => return (Outcome::NotSent { reason: e.to_string() }, Other::No),
            Err(_) => {
                let reason = format!("no connection to {}", self.settings.place);
                return (Outcome::NotSent { reason }, Other::No);
            }
        };
        let mut other = Other::No;
        loop {
            let step = press.step(self.now_ms());
            if let Step::End(mut outcome) = step {
                if let Outcome::Issued { evidence } | Outcome::Unknown { evidence, .. } =
                    outcome.as_mut()
                {
                    evidence.answers = Some(Hash::of(&line.said));
                }
                return (*outcome, other);
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => press.fail("gatewarden was stopped in the middle".to_owned()),
                seen = self.walk(&mut press, &mut line, step, &token) => {
                    if let Some(seen) = seen && serial.is_some() && serial != Some(seen) {
                        other = Other::Yes;
                    }
                }
            }
        }
    }

    /// One step; gives the serial number where that was asked for.
    async fn walk(
        &self,
        press: &mut Press,
        line: &mut Line,
        step: Step,
        token: &str,
    ) -> Option<String> {
        match step {
            Step::Ask(ask) => {
                let answer = timeout(Duration::from_millis(ANSWER_MS), line.ask(ask)).await;
                line.echoes.drain(..).for_each(|echo| press.answered(echo));
                match answer {
                    Ok(Ok(answer)) => {
                        let value = match (&answer, ask) {
                            (Answer::Value(text), Ask::Variable(Variable::UniqueId)) => {
                                Some(text.clone())
                            }
                            _ => None,
                        };
                        press.answered(answer);
                        return value;
                    }
                    Ok(Err(e)) => press.fail(e.to_string()),
                    Err(_) => {
                        press.fail(format!("no answer to {} within {ANSWER_MS} ms", ask.name()))
                    }
                }
            }
            Step::Commit if self.desk.sending(&self.device, token).await => press.committed(),
            Step::Commit => {
                press.fail("it could not be kept that the label is being sent".to_owned())
            }
            Step::Send(bytes) => match timeout(SEND_TIME, line.write(&bytes)).await {
                Ok(Ok(())) => press.sent(self.now_ms()),
                Ok(Err(e)) => press.fail(e.to_string()),
                Err(_) => press.fail("the printer did not take the whole label".to_owned()),
            },
            Step::Wait(ms) => {
                let heard = timeout(Duration::from_millis(ms), line.listen()).await;
                line.echoes.drain(..).for_each(|echo| press.answered(echo));
                if let Ok(Err(e)) = heard {
                    press.fail(e.to_string());
                }
            }
            Step::End(_) => {}
        }
        None
    }
}

/// One connection.
pub(super) struct Line {
    place: String,
    wire: Box<dyn Wire>,
    inbox: Inbox,
    /// Echoes that came and were not handed over yet; the inbox bounds them.
    pub(super) echoes: Vec<Answer>,
    /// All that the printer said.
    pub(super) said: Vec<u8>,
}

impl Line {
    pub(super) async fn open(settings: &Settings) -> Result<Self, AskError> {
        let place = settings.place.to_string();
        match open(&settings.place).await {
            Ok(wire) => {
                let (inbox, echoes, said) = (Inbox::default(), Vec::new(), Vec::new());
                Ok(Self { place, wire, inbox, echoes, said })
            }
            Err(source) => Err(AskError::Connect { place, source }),
        }
    }

    pub(super) fn other(&self, ask: Ask) -> AskError {
        AskError::Other { place: self.place.clone(), ask: ask.name() }
    }

    fn broken(&self, source: io::Error) -> AskError {
        AskError::Broken { place: self.place.clone(), source }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), AskError> {
        let written = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        written.await.map_err(|e| self.broken(e))
    }

    /// Asks and waits for the answer; echoes that come before it are kept.
    pub(super) async fn ask(&mut self, ask: Ask) -> Result<Answer, AskError> {
        self.write(&ask.bytes()).await?;
        loop {
            while let Some(answer) = self.next(Some(ask))? {
                match answer {
                    echo @ Answer::Echo { .. } => self.echoes.push(echo),
                    answer => return Ok(answer),
                }
            }
            self.read().await?;
        }
    }

    /// Waits for what comes unasked: echoes. Ends only by an error.
    async fn listen(&mut self) -> Result<(), AskError> {
        loop {
            while let Some(echo) = self.next(None)? {
                self.echoes.push(echo);
            }
            self.read().await?;
        }
    }

    fn next(&mut self, ask: Option<Ask>) -> Result<Option<Answer>, AskError> {
        let place = || self.place.clone();
        self.inbox.next(ask).map_err(|source| AskError::Answer { place: place(), source })
    }

    async fn read(&mut self) -> Result<(), AskError> {
        let mut bytes = [0; READ_BYTES_MAX];
        let count = self.wire.read(&mut bytes).await.map_err(|e| self.broken(e))?;
        let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else {
            return Err(AskError::Closed { place: self.place.clone() });
        };
        if self.said.len() + read.len() > SAID_BYTES_MAX {
            return Err(AskError::TooLong { place: self.place.clone() });
        }
        self.said.extend_from_slice(read);
        let place = self.place.clone();
        self.inbox.push(read).map_err(|source| AskError::Answer { place, source })
    }
}
