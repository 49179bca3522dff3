//! Holds what was decided against what happened.

use std::collections::BTreeSet;

use super::{Fate, Report, Scene, Way};

/// What was decided about a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts as moved, that way where one was told.
    Posted(Option<Way>),
    /// Somebody has to look: the exception queue.
    Doubted,
    /// It was not here, or it did not go through.
    Left,
}

/// One decision; a tag may have several, in several passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// An index of `Scene::fates`.
    pub tag: usize,
    /// What was decided.
    pub verdict: Verdict,
}

/// Counts over scenes. All of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// That went through.
    pub moved: u64,
    /// Of them never read by anybody: the limit of every algorithm.
    pub moved_unread: u64,
    /// Of them posted.
    pub moved_posted: u64,
    /// Of them in the exception queue.
    pub moved_doubted: u64,
    /// Posted that went through, that way.
    pub directed: u64,
    /// That came into the door and went back, and were read.
    pub back: u64,
    /// Of them posted as moved: a wrong direction.
    pub back_posted: u64,
    /// Of them in the exception queue.
    pub back_doubted: u64,
    /// Never in the door, but read.
    pub strays: u64,
    /// Of them posted.
    pub strays_posted: u64,
    /// Of them in the exception queue.
    pub strays_doubted: u64,
    /// Posted a second time.
    pub twice: u64,
}

impl Figures {
    /// Posted of those that went through, in hundredths of a percent.
    #[must_use]
    pub fn recall(&self) -> u64 {
        share(self.moved_posted, self.moved)
    }

    /// Posted or in the exception queue of those that went through, in hundredths of a percent.
    #[must_use]
    pub fn found(&self) -> u64 {
        share(self.moved_posted + self.moved_doubted, self.moved)
    }

    /// Went through, of those posted, in hundredths of a percent.
    #[must_use]
    pub fn precision(&self) -> u64 {
        share(self.moved_posted, self.posted())
    }

    /// Posted the right way, of those posted that were in the door, in hundredths of a percent.
    #[must_use]
    pub fn direction(&self) -> u64 {
        share(self.directed, self.moved_posted + self.back_posted)
    }

    /// Posted that were never in the door, of those posted, in hundredths of a percent.
    #[must_use]
    pub fn stray_share(&self) -> u64 {
        10_000 - share(self.posted() - self.strays_posted, self.posted())
    }

    /// In the exception queue, of those read, in hundredths of a percent.
    #[must_use]
    pub fn doubted(&self) -> u64 {
        let read = self.moved - self.moved_unread + self.back + self.strays;
        let doubted = self.moved_doubted + self.back_doubted + self.strays_doubted;
        if doubted == 0 { 0 } else { share(doubted, read) }
    }

    /// All that was posted.
    #[must_use]
    pub fn posted(&self) -> u64 {
        self.moved_posted + self.back_posted + self.strays_posted
    }

    /// Adds what was decided in a scene.
    pub fn add(&mut self, scene: &Scene, outcomes: &[Outcome]) {
        let read: BTreeSet<usize> = scene
            .reports
            .iter()
            .filter_map(|report| match report {
                Report::Read { tag, .. } => Some(*tag),
                Report::Beam { .. } => None,
            })
            .collect();
        for (tag, fate) in scene.fates.iter().enumerate() {
            let mine = || outcomes.iter().filter(|o| o.tag == tag).map(|o| o.verdict);
            let mut posted = mine().filter_map(|v| match v {
                Verdict::Posted(way) => Some(way),
                _ => None,
            });
            let first = posted.next();
            self.twice += posted.count() as u64;
            let doubted = u64::from(first.is_none() && mine().any(|v| v == Verdict::Doubted));
            self.count(*fate, read.contains(&tag), first, doubted);
        }
    }

    fn count(&mut self, fate: Fate, read: bool, posted: Option<Option<Way>>, doubted: u64) {
        let (is_read, is_posted) = (u64::from(read), u64::from(posted.is_some()));
        match fate {
            Fate::Moved(way) => {
                self.moved += 1;
                self.moved_unread += 1 - is_read;
                self.moved_posted += is_posted;
                self.moved_doubted += doubted;
                self.directed += u64::from(posted == Some(Some(way)));
            }
            Fate::TurnedBack => {
                self.back += is_read;
                self.back_posted += is_posted;
                self.back_doubted += doubted;
            }
            Fate::Stray => {
                self.strays += is_read;
                self.strays_posted += is_posted;
                self.strays_doubted += doubted;
            }
        }
    }
}

/// Lets something decide scenes and counts how well it did.
pub fn score<'a>(
    scenes: impl IntoIterator<Item = &'a Scene>,
    mut decide: impl FnMut(&Scene) -> Vec<Outcome>,
) -> Figures {
    let mut figures = Figures::default();
    for scene in scenes {
        figures.add(scene, &decide(scene));
    }
    figures
}

/// In hundredths of a percent, rounded down; all of nothing is everything.
fn share(part: u64, whole: u64) -> u64 {
    (part * 10_000).checked_div(whole).unwrap_or(10_000)
}
