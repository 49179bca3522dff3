//! Which count a pass belongs to, which bin, and what it found there.
//!
//! Invariants: a pass counts where the label of a bin was scanned with it, where its operator is at a bin, or
//! where the only count of the station has but one bin; goods of a task are the task's. What belongs into the bin by the
//! book and is not to be counted is left out; what does not belong there is found. Absent: who may count.

use std::collections::BTreeSet;

use gatewarden_model::{
    Bucket, COUNT_SEEN_MAX, CountSeen, Document, DocumentKind, ItemId, Location, OperatorId, Pass,
    StationId, StockStatus,
};
use gatewarden_stock::{Site, SiteStock, Stock};

use crate::{
    items::ItemMaster,
    passes::Choice,
    seen::{self, Means, Seen},
    state::{Count, CountPhase, OpenDocument, State},
    turn::{Fault, Turn},
};

/// Where a pass counts.
pub(super) struct At {
    pub(super) document: Document,
    pub(super) bin: Result<Location, Fault>,
    /// Whether the bin's label was scanned with it.
    pub(super) labelled: bool,
}

/// What was found.
pub(super) struct Sights {
    pub(super) seen: Vec<CountSeen>,
    /// Things of which nothing tells what they are.
    pub(super) unknown: u32,
}

/// The counts that are done at a station.
pub(super) fn counts_at<'s>(
    state: &'s State,
    station: &StationId,
) -> impl Iterator<Item = &'s OpenDocument> {
    state.documents_of(DocumentKind::CountOrder).filter(move |open| {
        open.count.as_ref().is_some_and(|count| {
            let here = count.order.station.as_deref() == Some(station.as_str());
            here && count.phase != CountPhase::Deciding
        })
    })
}

/// The key of what the label of a bin says.
fn label_of(bin: &Location) -> String {
    format!("text:{bin}")
}

/// The bins of a count whose labels were scanned.
fn labelled(count: &Count, pass: &Pass) -> Vec<Location> {
    let mut bins: Vec<Location> = count.bins().into_iter().collect();
    bins.retain(|bin| {
        let label = label_of(bin);
        pass.sightings.iter().any(|sighting| sighting.thing.key == label)
    });
    bins
}

impl Turn<'_> {
    /// Where a pass counts; none where it is about something else.
    pub(super) fn where_counted(&self, pass: &Pass, who: &OperatorId) -> Option<At> {
        let counts = || {
            let open = counts_at(self.state, &pass.station);
            open.filter_map(|open| Some((open.document(), open.count.as_deref()?)))
        };
        counts().next()?;
        for (document, count) in counts() {
            let mut bins = labelled(count, pass);
            if let Some(bin) = bins.pop() {
                let two =
                    "bin: the labels of several bins were scanned at once: one after the other";
                let bin = if bins.is_empty() { Ok(bin) } else { Err(("bin-unclear", two.into())) };
                return Some(At { document: document.clone(), bin, labelled: true });
            }
        }
        let (fits, completes) = match self.choose(pass) {
            Choice::Task(_, found) => {
                (!found.comparison.expected.is_empty(), found.comparison.is_complete())
            }
            _ => (false, false),
        };
        let at = counts().find_map(|(document, count)| Some((document, count.at.get(who)?)));
        if let Some((document, bin)) = at.filter(|_| !completes) {
            let (document, bin) = (document.clone(), Ok(bin.clone()));
            return Some(At { document, bin, labelled: false });
        }
        if fits {
            return None;
        }
        let mut all = counts();
        let (document, count) = all.next()?;
        let mut bins = count.bins().into_iter();
        let only = bins.next().filter(|_| bins.next().is_none() && all.next().is_none());
        let unknown = || ("bin-unknown", "bin: scan the label of the bin first".to_owned());
        Some(At { document: document.clone(), bin: only.ok_or_else(unknown), labelled: false })
    }

    /// What a pass found in a bin.
    pub(super) fn sights(
        &self,
        count: &Count,
        (bin, who): (&Location, &OperatorId),
        pass: &Pass,
    ) -> Result<Sights, Fault> {
        let things = seen::resolve(pass, &self.settings.items, self.stock);
        let labels: BTreeSet<String> = count.bins().iter().map(label_of).collect();
        let before = count.found(who, bin);
        let here = Here { stock: self.stock, count, bin };
        let mut sights = Sights { seen: vec![], unknown: 0 };
        for one in things.iter().filter(|one| !labels.contains(&one.thing.key)) {
            if !is_in_a_unit(one, &things, before) {
                here.add(one, &mut sights);
            }
        }
        match before.len().saturating_add(sights.seen.len()) <= COUNT_SEEN_MAX {
            true => Ok(sights),
            false => Err(too_many(bin)),
        }
    }

    /// What somebody typed that he found in a bin.
    pub(super) fn typed(
        &self,
        count: &Count,
        bin: &Location,
        mut seen: Vec<CountSeen>,
    ) -> Result<Sights, Fault> {
        if seen.len() > COUNT_SEEN_MAX {
            return Err(too_many(bin));
        }
        for (at, one) in seen.iter_mut().enumerate() {
            check_typed(&self.settings.items, at, one)?;
            let site = self.stock.site(&Site::new(&one.item, bin));
            if one.bucket == Bucket::default() {
                one.bucket = typed_bucket(site, at, &one.item)?;
            }
        }
        let here = Here { stock: self.stock, count, bin };
        seen.retain(|one| here.is_counted(&one.item));
        Ok(Sights { seen, unknown: 0 })
    }
}

fn too_many(bin: &Location) -> Fault {
    let message = format!("seen: more than {COUNT_SEEN_MAX} in {bin}: count it in parts");
    ("count-too-large", message)
}

fn check_typed(items: &ItemMaster, at: usize, one: &CountSeen) -> Result<(), Fault> {
    if one.thing.is_some() || one.elsewhere.is_some() {
        let message =
            format!("seen[{at}].thing: only devices tell things: state item and quantity");
        return Err(("thing-typed", message));
    }
    if one.quantity < 0 {
        let message = format!("seen[{at}].quantity: {}: state 0 or more", one.quantity);
        return Err(("quantity-impossible", message));
    }
    if items.by_code(&one.item).is_none() {
        return Err(("unknown-item", format!("seen[{at}].item: there is no item {}", one.item)));
    }
    Ok(())
}

/// The bucket that is meant where none was typed: the only one there is.
fn typed_bucket(site: Option<&SiteStock>, at: usize, item: &ItemId) -> Result<Bucket, Fault> {
    let none = Bucket::default();
    let mut there = candidates(site, |_| true);
    match there.len() {
        0 => Ok(none),
        1 => Ok(there.remove(0).clone()),
        _ => {
            let message = format!(
                "seen[{at}].bucket: {item} is told apart here: state lot, owner, status or handling unit"
            );
            Err(("bucket-unclear", message))
        }
    }
}

fn candidates(site: Option<&SiteStock>, fits: impl Fn(&Bucket) -> bool) -> Vec<&Bucket> {
    let all = site.into_iter().flat_map(|site| &site.buckets);
    let counts = |(bucket, n): &(&Bucket, &i64)| bucket.status != StockStatus::Reserved && **n > 0;
    all.filter(counts).map(|(bucket, _)| bucket).filter(|bucket| fits(bucket)).collect()
}

/// Whether a thing is in a handling unit that was seen itself, and so is counted with it.
fn is_in_a_unit(one: &Seen<'_>, things: &[Seen<'_>], before: &[CountSeen]) -> bool {
    let (Some(unit), Means::Pieces { .. }) = (one.unit, &one.means) else { return false };
    let now =
        things.iter().any(|other| matches!(other.means, Means::Unit { sscc, .. } if sscc == unit));
    let key = format!("(00){unit} ");
    let is_unit = |seen: &CountSeen| seen.thing.as_ref().is_some_and(|it| it.starts_with(&key));
    now || before.iter().any(is_unit)
}

/// A bin that is counted.
struct Here<'h> {
    stock: &'h Stock,
    count: &'h Count,
    bin: &'h Location,
}

impl Here<'_> {
    /// Whether an item is counted here: the order names it, or the book has none of it here.
    fn is_counted(&self, item: &ItemId) -> bool {
        let mut lines = self.count.order.lines.iter();
        let named = lines.any(|line| line.item == *item && line.from.as_ref() == Some(self.bin));
        let here = || self.stock.site(&Site::new(item, self.bin));
        named || here().is_none_or(|here| here.buckets.values().all(|n| *n == 0))
    }

    fn add(&self, one: &Seen<'_>, sights: &mut Sights) {
        let elsewhere = |place: Option<&Location>| {
            place.filter(|place| *place != self.bin && place.holds_stock()).cloned()
        };
        match &one.means {
            Means::Pieces { item, each, lot, once } => {
                if !self.is_counted(item) {
                    return;
                }
                let unit = one.unit.filter(|_| one.place == Some(self.bin));
                sights.seen.push(CountSeen {
                    thing: once.then(|| one.thing.key.clone()),
                    item: (*item).clone(),
                    bucket: self.bucket(item, *lot, unit),
                    quantity: each.saturating_mul(one.times),
                    elsewhere: elsewhere(one.place),
                });
            }
            Means::Unit { contents, .. } => {
                for (nth, content) in contents.iter().enumerate() {
                    if !self.is_counted(&content.site.item) {
                        continue;
                    }
                    sights.seen.push(CountSeen {
                        thing: Some(format!("{} {}", one.thing.key, nth + 1)),
                        item: content.site.item.clone(),
                        bucket: content.bucket.clone(),
                        quantity: content.quantity,
                        elsewhere: elsewhere(Some(&content.site.location)),
                    });
                }
            }
            Means::Nothing => sights.unknown = sights.unknown.saturating_add(1),
        }
    }

    /// The bucket that something is counted in: that of the book which its lot and handling unit fit.
    fn bucket(&self, item: &ItemId, lot: Option<&str>, unit: Option<&str>) -> Bucket {
        let site = self.stock.site(&Site::new(item, self.bin));
        let fits = |bucket: &Bucket| {
            bucket.unit.as_deref() == unit && (lot.is_none() || bucket.lot.as_deref() == lot)
        };
        let there = candidates(site, fits);
        let plain = Bucket { lot: lot.map(str::to_owned), ..Bucket::default() };
        let plainest = there.iter().find(|bucket| {
            let own = bucket.owner.is_none() && bucket.status == StockStatus::Available;
            own && bucket.lot == plain.lot
        });
        match (there.as_slice(), plainest) {
            ([only], _) => (*only).clone(),
            (_, Some(bucket)) => (**bucket).clone(),
            _ => plain,
        }
    }
}
