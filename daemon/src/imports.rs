//! Imports between their beginning and their end: documents that were found right and wait to be written at once.
//!
//! Invariants: nothing that waits here is anywhere else, so what is not ended is gone with the daemon and leaves
//! nothing half done; at most [`IMPORTS_MAX`] are open with [`BYTES_MAX`] together; one that nobody touched for
//! [`IDLE_MAX`] is forgotten; only whoever began one goes on with it. Absent: files (`cli::document`), what is right
//! (the engine).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gatewarden_documents::Mistake;
use gatewarden_engine::{Command, DOCUMENTS_AT_ONCE_MAX, Trial, Tried, WRITTEN_AT_ONCE_MAX};
use gatewarden_model::{Actor, Document, DocumentContent};
use uuid::Uuid;

use crate::{
    api::{Told, past_of},
    app::App,
    recorder::RecorderError,
};

/// Imports that are open at once.
pub(crate) const IMPORTS_MAX: usize = 8;
/// Bytes of requests whose documents wait, of all imports together.
pub(crate) const BYTES_MAX: usize = 128 << 20;
/// Documents that are put into an import at once.
pub(crate) const AT_ONCE_MAX: usize = 1_000;
/// Lines that are tried in one import.
const TRIED_LINES_MAX: usize = 1_000_000;
/// An import that nobody touched for so long is forgotten.
const IDLE_MAX: Duration = Duration::from_secs(15 * 60);

/// One that rests for so long makes room where too many are open.
const REST_MAX: Duration = Duration::from_secs(60);

/// Entries of commands that were decided just before, in the same group.
const BEFORE_MAX: usize = 4_096;
// What is written at once is one group of the journal.
const _: () = assert!(DOCUMENTS_AT_ONCE_MAX + BEFORE_MAX <= gatewarden_store::GROUP_ENTRIES_MAX);

/// What an import does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything is tried and nothing written.
    Trial,
    /// All is written at its end, or nothing.
    Whole,
    /// Each document is written as it comes.
    Each,
}

/// An import that is open.
pub(crate) struct Import {
    pub(crate) by: Actor,
    pub(crate) mode: Mode,
    trial: Trial,
    /// What waits to be written.
    pub(crate) waiting: Vec<DocumentContent>,
    /// Lines that wait, a document without lines counting as one.
    lines: usize,
    /// Documents that were refused.
    pub(crate) refused: u64,
    /// Bytes that are counted for it.
    bytes: usize,
}

/// What became of a document.
pub(crate) type Put = Result<&'static str, Vec<Mistake>>;

#[derive(Default)]
struct Open {
    idle: BTreeMap<Uuid, (Instant, Import)>,
    /// Of all that are open, those that are worked on included.
    bytes: usize,
    working: usize,
}

/// All that are open; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Imports(Arc<Mutex<Open>>);

/// An import that is worked on. Whoever leaves it half-way has it forgotten: nobody knows what he knows of it.
pub(crate) struct Working {
    id: Uuid,
    /// There until it is ended.
    pub(crate) import: Option<Import>,
    is_whole: bool,
    of: Imports,
}

impl Working {
    /// Lets others go on with it.
    pub(crate) fn give_back(mut self) {
        self.is_whole = true;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.of.with(|open| {
            open.working = open.working.saturating_sub(1);
            match self.import.take() {
                Some(import) if self.is_whole => {
                    open.idle.insert(self.id, (Instant::now(), import));
                }
                Some(import) => open.bytes = open.bytes.saturating_sub(import.bytes),
                None => {}
            }
        });
    }
}

impl Imports {
    fn with<T>(&self, change: impl FnOnce(&mut Open) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins one; none where too many are open.
    pub(crate) fn begin(&self, by: Actor, mode: Mode) -> Option<Uuid> {
        self.with(|open| {
            let over: Vec<Uuid> = open
                .idle
                .iter()
                .filter(|(_, (last, _))| last.elapsed() > IDLE_MAX)
                .map(|(id, _)| *id)
                .collect();
            for id in over {
                open.forget(id);
            }
            if open.idle.len() + open.working >= IMPORTS_MAX {
                open.forget_oldest();
            }
            if open.idle.len() + open.working >= IMPORTS_MAX {
                return None;
            }
            let (id, trial) = (Uuid::new_v4(), Trial::of(by.clone()));
            let (waiting, lines, refused, bytes) = (vec![], 0, 0, 0);
            let import = Import { by, mode, trial, waiting, lines, refused, bytes };
            open.idle.insert(id, (Instant::now(), import));
            Some(id)
        })
    }

    /// Goes on with one of his; none where there is none, or it is worked on already.
    pub(crate) fn take(&self, id: Uuid, by: &Actor) -> Option<Working> {
        self.with(|open| {
            let own = open.idle.get(&id).is_some_and(|(_, import)| import.by == *by);
            let (_, import) = if own { open.idle.remove(&id)? } else { return None };
            open.working += 1;
            Some(Working { id, import: Some(import), is_whole: false, of: self.clone() })
        })
    }

    /// Counts bytes that are to wait; false where there is no room for them.
    fn count(&self, import: &mut Import, bytes: usize) -> bool {
        self.with(|open| {
            let fits = open.bytes.saturating_add(bytes) <= BYTES_MAX;
            if fits {
                open.bytes += bytes;
                import.bytes += bytes;
            }
            fits
        })
    }

    /// Sets free what an import that ended held.
    pub(crate) fn ended(&self, import: &Import) {
        self.with(|open| open.bytes = open.bytes.saturating_sub(import.bytes));
    }
}

impl Open {
    /// Makes room for another by the one that rests longest, if that is long: whoever began it may have died.
    fn forget_oldest(&mut self) {
        let oldest = self.idle.iter().min_by_key(|(_, (last, _))| *last);
        let rests = oldest.filter(|(_, (last, _))| last.elapsed() > REST_MAX).map(|(id, _)| *id);
        if let Some(id) = rests {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: Uuid) {
        if let Some((_, import)) = self.idle.remove(&id) {
            self.bytes = self.bytes.saturating_sub(import.bytes);
        }
    }
}

impl App {
    /// Tries documents in order, each counting as there for those behind it. Leaves no trace.
    pub(crate) async fn try_documents(
        &self,
        mut trial: Trial,
        contents: Vec<DocumentContent>,
    ) -> anyhow::Result<(Trial, Vec<Result<Tried, Vec<Mistake>>>)> {
        let look = move |engine: &gatewarden_engine::Engine| {
            let mut unknown: Vec<Document> =
                contents.iter().flat_map(|content| trial.unknown(engine, content)).collect();
            unknown.sort_unstable();
            unknown.dedup();
            (trial, contents, unknown)
        };
        let (known, contents, unknown) = self.recorder.query(look).await?;
        trial = known;
        if !unknown.is_empty() {
            let found = self.read(move |ledger| {
                let mut found = vec![];
                for document in unknown {
                    match past_of(ledger, &document)? {
                        Told::Nothing => found.push((document, None)),
                        Told::Over(past) => found.push((document, Some(past))),
                        // What is not told is refused.
                        Told::TooMuch => {}
                    }
                }
                Ok(found)
            });
            found.await?.into_iter().for_each(|(document, past)| trial.tell(document, past));
        }
        let tried = self.recorder.query(move |engine| {
            let mut one = |content| engine.try_version(&mut trial, content);
            let tried: Vec<_> = contents.into_iter().map(&mut one).collect();
            trial.forget_past();
            (trial, tried)
        });
        Ok(tried.await?)
    }

    /// Puts documents into an import; what became of each, in order.
    pub(crate) async fn put_documents(
        &self,
        import: &mut Import,
        contents: Vec<DocumentContent>,
        bytes: usize,
    ) -> anyhow::Result<Vec<Put>> {
        let trial = std::mem::replace(&mut import.trial, Trial::of(import.by.clone()));
        let (trial, tried) = self.try_documents(trial, contents).await?;
        import.trial = trial;
        let puts = match import.mode {
            Mode::Trial => tried.into_iter().map(|one| tried_only(import, one)).collect(),
            Mode::Whole => self.keep(import, tried, bytes),
            Mode::Each => {
                // What is written counts by itself.
                import.trial = Trial::of(import.by.clone());
                self.write_each(&import.by, tried).await?
            }
        };
        import.refused += puts.iter().filter(|put| put.is_err()).count() as u64;
        Ok(puts)
    }

    /// Keeps what is right until the end.
    fn keep(
        &self,
        import: &mut Import,
        tried: Vec<Result<Tried, Vec<Mistake>>>,
        bytes: usize,
    ) -> Vec<Put> {
        let fits = self.imports.count(import, bytes);
        let mut puts = vec![];
        for one in tried {
            puts.push(one.and_then(|tried| {
                let word = word(&tried);
                let Tried::Written { content, .. } = tried else { return Ok(word) };
                import.lines = import.lines.saturating_add(content.lines.len().max(1));
                let full = import.waiting.len() >= DOCUMENTS_AT_ONCE_MAX;
                if !fits || full || import.lines > WRITTEN_AT_ONCE_MAX {
                    return Err(vec![too_much()]);
                }
                import.waiting.push(*content);
                Ok(word)
            }));
        }
        puts
    }

    /// Writes what is right; one flush for many.
    async fn write_each(
        &self,
        by: &Actor,
        tried: Vec<Result<Tried, Vec<Mistake>>>,
    ) -> Result<Vec<Put>, RecorderError> {
        let writes = tried.into_iter().map(|one| async move {
            let tried = match one {
                Ok(tried) => tried,
                Err(mistakes) => return Ok::<Put, RecorderError>(Err(mistakes)),
            };
            let word = word(&tried);
            let Tried::Written { content, .. } = tried else { return Ok(Ok(word)) };
            let command = Command::WriteDocument { content: *content, by: by.clone() };
            Ok(match self.recorder.command(command).await? {
                Ok(_) => Ok(word),
                Err(no) => Err(vec![Mistake {
                    code: no.code,
                    field: "document".to_owned(),
                    message: no.message,
                }]),
            })
        });
        futures_util::future::join_all(writes).await.into_iter().collect()
    }

    /// Writes all that waits, in one turn; how many versions are new.
    pub(crate) async fn write_waiting(
        &self,
        import: &mut Import,
    ) -> Result<crate::recorder::Answer, RecorderError> {
        let contents = Arc::new(std::mem::take(&mut import.waiting));
        let command = Command::WriteDocuments { contents, by: import.by.clone() };
        self.recorder.command(command).await
    }
}

/// What a trial of a document tells.
fn tried_only(import: &mut Import, tried: Result<Tried, Vec<Mistake>>) -> Put {
    let tried = tried?;
    if let Tried::Written { content, .. } = &tried {
        import.lines = import.lines.saturating_add(content.lines.len().max(1));
    }
    if import.lines > TRIED_LINES_MAX { Err(vec![too_much()]) } else { Ok(word(&tried)) }
}

fn word(tried: &Tried) -> &'static str {
    match tried {
        Tried::Same => "same",
        Tried::Written { is_new: true, .. } => "new",
        Tried::Written { is_new: false, .. } => "changed",
    }
}

fn too_much() -> Mistake {
    let message = format!(
        "more than {DOCUMENTS_AT_ONCE_MAX} documents, {WRITTEN_AT_ONCE_MAX} lines, or {} MiB of all imports, wait \
         to be written at once: import it document by document, or in parts",
        BYTES_MAX >> 20
    );
    Mistake { code: "import-too-large", field: "document".to_owned(), message }
}
