//! Imports between their beginning and their end: documents that were found right and wait to be written at once.
//!
//! Invariants: nothing that waits here is anywhere else, so what is not ended is gone with the daemon and leaves
//! nothing half done; at most [`IMPORTS_MAX`] are open with [`BYTES_MAX`] together, and of one person his share of
//! both; one that nobody touched for [`IDLE_MAX`] is forgotten; only whoever began one goes on with it. Absent: files
//! (`cli::document`), what is right (the engine).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gatewarden_documents::Mistake;
use gatewarden_engine::{
    Command, DOCUMENTS_AT_ONCE_MAX, Trial, Tried, WRITTEN_AT_ONCE_MAX, is_same,
};
use gatewarden_model::{Actor, Document, DocumentContent};
use uuid::Uuid;

use crate::{
    api::{Told, past_of},
    app::App,
    recorder::RecorderError,
};

/// Imports that are open at once.
pub(crate) const IMPORTS_MAX: usize = 8;
/// Of which as many are of one person: who begins another has his own oldest forgotten.
pub(crate) const IMPORTS_OF_ONE_MAX: usize = 2;
/// Bytes of documents that wait, of all imports together.
pub(crate) const BYTES_MAX: usize = 128 << 20;
/// Bytes of one person's documents that wait.
const BYTES_OF_ONE_MAX: usize = BYTES_MAX / 2;
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
    /// Lines that wait, or were tried, a document without lines counting as one.
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
    /// Whose those are that are worked on, and their bytes.
    working: BTreeMap<Uuid, (Actor, usize)>,
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
            open.working.remove(&self.id);
            if let Some(import) = self.import.take().filter(|_| self.is_whole) {
                open.idle.insert(self.id, (Instant::now(), import));
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
            open.idle.retain(|_, (last, _)| last.elapsed() <= IDLE_MAX);
            if open.of_one(&by).count() >= IMPORTS_OF_ONE_MAX {
                open.forget_oldest(|_, import| is_same(&import.by, &by));
            }
            if open.all().count() >= IMPORTS_MAX {
                // Whoever began it may have died.
                open.forget_oldest(|last, _| last.elapsed() > REST_MAX);
            }
            if open.all().count() >= IMPORTS_MAX || open.of_one(&by).count() >= IMPORTS_OF_ONE_MAX {
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
            open.working.insert(id, (import.by.clone(), import.bytes));
            Some(Working { id, import: Some(import), is_whole: false, of: self.clone() })
        })
    }

    /// Whether a document of so many bytes may wait beside what waits already; counts it then.
    fn fits(&self, id: Uuid, import: &mut Import, bytes: usize) -> bool {
        self.with(|open| {
            let sum = |sum: usize, (_, bytes): (&Actor, usize)| sum.saturating_add(bytes);
            let all = open.all().fold(bytes, sum);
            let own = open.of_one(&import.by).fold(bytes, sum);
            let fits = all <= BYTES_MAX && own <= BYTES_OF_ONE_MAX;
            if fits {
                import.bytes += bytes;
                open.working.insert(id, (import.by.clone(), import.bytes));
            }
            fits
        })
    }

    /// Takes away what is more than is tried in one import, or may wait: what was tried counts for those behind it, and
    /// is kept. How many documents those are.
    fn beyond(
        &self,
        (id, import): (Uuid, &mut Import),
        lines_max: usize,
        contents: &mut Vec<DocumentContent>,
    ) -> usize {
        let fits = |content: &&DocumentContent| {
            import.lines = import.lines.saturating_add(lines_of(content));
            import.lines <= lines_max && self.fits(id, import, bytes_of(content))
        };
        let fit = contents.iter().take_while(fits).count();
        contents.split_off(fit).len()
    }
}

impl Open {
    /// Whose imports are open, and the bytes of each.
    fn all(&self) -> impl Iterator<Item = (&Actor, usize)> {
        let idle = self.idle.values().map(|(_, import)| (&import.by, import.bytes));
        idle.chain(self.working.values().map(|(by, bytes)| (by, *bytes)))
    }

    fn of_one(&self, by: &Actor) -> impl Iterator<Item = (&Actor, usize)> {
        self.all().filter(move |(of, _)| is_same(of, by))
    }

    /// Makes room by the one of these that rests longest, if there is one.
    fn forget_oldest(&mut self, which: impl Fn(&Instant, &Import) -> bool) {
        let those = self.idle.iter().filter(|(_, (last, import))| which(last, import));
        if let Some(id) = those.min_by_key(|(_, (last, _))| *last).map(|(id, _)| *id) {
            self.idle.remove(&id);
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
        (id, import): (Uuid, &mut Import),
        mut contents: Vec<DocumentContent>,
    ) -> anyhow::Result<Vec<Put>> {
        let beyond = match import.mode {
            Mode::Trial => self.imports.beyond((id, import), TRIED_LINES_MAX, &mut contents),
            Mode::Whole => self.imports.beyond((id, import), WRITTEN_AT_ONCE_MAX, &mut contents),
            // What is written is tried by itself.
            Mode::Each => 0,
        };
        let trial = std::mem::replace(&mut import.trial, Trial::of(import.by.clone()));
        let (trial, tried) = self.try_documents(trial, contents).await?;
        import.trial = trial;
        let mut puts: Vec<Put> = match import.mode {
            Mode::Trial => tried.into_iter().map(|one| one.map(|tried| word(&tried))).collect(),
            Mode::Whole => keep(import, tried),
            Mode::Each => {
                // What is written counts by itself.
                import.trial = Trial::of(import.by.clone());
                self.write_each(&import.by, tried).await?
            }
        };
        puts.resize_with(puts.len() + beyond, || Err(vec![too_much()]));
        import.refused += puts.iter().filter(|put| put.is_err()).count() as u64;
        Ok(puts)
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

/// Keeps what is right until the end.
fn keep(import: &mut Import, tried: Vec<Result<Tried, Vec<Mistake>>>) -> Vec<Put> {
    let mut puts = vec![];
    for one in tried {
        puts.push(one.and_then(|tried| {
            let word = word(&tried);
            let Tried::Written { content, .. } = tried else { return Ok(word) };
            if import.waiting.len() >= DOCUMENTS_AT_ONCE_MAX {
                return Err(vec![too_much()]);
            }
            import.waiting.push(*content);
            Ok(word)
        }));
    }
    puts
}

fn lines_of(content: &DocumentContent) -> usize {
    content.lines.len().max(1)
}

/// How much a document takes, about.
fn bytes_of(content: &DocumentContent) -> usize {
    serde_json::to_vec(content).map_or(usize::MAX, |written| written.len())
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
        "more than {DOCUMENTS_AT_ONCE_MAX} documents, {WRITTEN_AT_ONCE_MAX} lines, {} MiB of yours, or {} MiB of \
         all wait to be written at once: import it document by document, or in parts",
        BYTES_OF_ONE_MAX >> 20,
        BYTES_MAX >> 20
    );
    Mistake { code: "import-too-large", field: "document".to_owned(), message }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]

    use gatewarden_model::{DocumentKind, OperatorId, SessionId};

    use super::*;

    fn person(name: &str, session: u128) -> Actor {
        let session = SessionId(Uuid::from_u128(session));
        Actor::Operator { id: OperatorId::parse(name).unwrap(), session: Some(session) }
    }

    fn begun(imports: &Imports, by: &Actor) -> Uuid {
        imports.begin(by.clone(), Mode::Whole).unwrap()
    }

    #[test]
    fn one_person_keeps_nobody_out_however_often_he_begins() {
        let imports = Imports::default();
        let first = begun(&imports, &person("ann", 1));
        let mut last = first;
        for session in 2..=20 {
            last = begun(&imports, &person("ann", session));
        }
        assert!(imports.take(first, &person("ann", 1)).is_none(), "her oldest is forgotten");
        assert!(imports.take(last, &person("ann", 20)).is_some());
        for name in ["ben", "cat", "dan"] {
            begun(&imports, &person(name, 1));
            begun(&imports, &person(name, 2));
        }
    }

    #[test]
    fn what_is_worked_on_counts_and_is_not_forgotten() {
        let imports = Imports::default();
        let ann = person("ann", 1);
        let (one, two) = (begun(&imports, &ann), begun(&imports, &ann));
        let working = [imports.take(one, &ann).unwrap(), imports.take(two, &ann).unwrap()];
        assert_eq!(imports.begin(ann.clone(), Mode::Whole), None);
        assert!(imports.take(one, &ann).is_none(), "by one request at a time");
        working.into_iter().for_each(Working::give_back);
        assert!(imports.take(one, &person("ben", 1)).is_none(), "it is not his");
        drop(imports.take(one, &ann).unwrap());
        assert!(imports.take(one, &ann).is_none(), "what was left half-way is forgotten");
        assert!(imports.take(two, &ann).is_some());
    }

    #[test]
    fn what_waits_is_bounded_for_each_and_for_all_and_set_free_again() {
        let imports = Imports::default();
        let of = |name: &str| {
            let by = person(name, 1);
            (begun(&imports, &by), by)
        };
        let fits = |(id, by): &(Uuid, Actor), bytes| {
            let mut working = imports.take(*id, by).unwrap();
            let fits = imports.fits(*id, working.import.as_mut().unwrap(), bytes);
            working.give_back();
            fits
        };
        let (ann, anns) = (of("ann"), of("ann"));
        assert!(fits(&ann, BYTES_OF_ONE_MAX - 1) && fits(&anns, 1));
        assert!(!fits(&ann, 1) && !fits(&anns, 1), "both are hers");
        let ben = of("ben");
        assert!(fits(&ben, BYTES_MAX - BYTES_OF_ONE_MAX));
        let cat = of("cat");
        assert!(!fits(&cat, 1), "all together");
        drop(imports.take(ann.0, &ann.1).unwrap());
        assert!(fits(&cat, BYTES_OF_ONE_MAX - 1) && !fits(&cat, 1));
    }

    #[test]
    fn what_is_tried_ends_with_lines_and_with_bytes() {
        let (imports, ann) = (Imports::default(), person("ann", 1));
        let number = String::new();
        let content = DocumentContent::new(Document { kind: DocumentKind::Item, number });
        let long = DocumentContent { note: "x".repeat(BYTES_OF_ONE_MAX / 3), ..content.clone() };
        for (content, lines_max, fit) in [(&content, 2, 2), (&content, 9, 5), (&long, 9, 2)] {
            let id = begun(&imports, &ann);
            let mut working = imports.take(id, &ann).unwrap();
            let mut contents = vec![content.clone(); 5];
            let import = working.import.as_mut().unwrap();
            let beyond = imports.beyond((id, import), lines_max, &mut contents);
            assert_eq!((beyond, contents.len()), (5 - fit, fit));
        }
    }
}
