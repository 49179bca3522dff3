//! What a count found, as a version of its order, and the posting that the version leads to.
//!
//! Invariants: both are functions of the counts and of the version alone, so that the judge makes them again;
//! every figure that stands is in the version, what differs with its quantity and worth, what agrees with 0.
//! Where they are more than a document holds, only those that differ. Absent: who signs it.

use std::collections::BTreeMap;

use gatewarden_model::{
    Amount, Bucket, CountLine, Custom, CustomName, DOCUMENT_LINES_MAX, DocumentContent,
    DocumentLine, Hash, Location, MovementId, MovementKind, Posting, field::CUSTOM_BYTES_MAX,
};
use gatewarden_planning::count::{CountResult, Difference, Line, Site, Verdict};

use crate::{
    documents::execute::{Part, id_of},
    state::{Count, OpenDocument, counts::Finished},
    turn::{Fault, REASON_BYTES_MAX, cut},
};

/// What the book said, in base units.
const BOOK: &str = "book";
/// What was counted, in base units.
const COUNTED: &str = "counted";
/// Whether no two counts agreed.
const DISPUTED: &str = "disputed";
/// Whether some of it was typed, and no device saw it.
const TYPED: &str = "typed";
/// Where the book has things that were found here.
const ELSEWHERE: &str = "elsewhere";
/// The handling unit that it is in.
const UNIT: &str = "handling-unit";

/// Where what is missing goes, and what is too many comes from.
pub(super) const LOSS: &str = "@loss/count";

/// The version that says what a count found.
pub(crate) fn differences(
    open: &OpenDocument,
    count: &Count,
    (lines, result): (&[Line], &CountResult),
) -> Result<DocumentContent, Fault> {
    let loss = Location::parse(LOSS).map_err(|error| ("internal", error.to_string()))?;
    let by_site: BTreeMap<&Site, &Difference> =
        result.differences.iter().map(|one| (&one.site, one)).collect();
    let all = lines.len() <= DOCUMENT_LINES_MAX;
    let told = lines.iter().filter(|line| all || by_site.contains_key(&line.site));
    let told: Vec<&Line> = told.filter(|line| !is_nothing(count, line)).collect();
    if told.len() > DOCUMENT_LINES_MAX {
        let message = format!("lines: more than {DOCUMENT_LINES_MAX} differ: count in parts");
        return Err(("count-too-large", message));
    }
    let lines = told.into_iter().zip(1_u32..).map(|(line, number)| {
        let difference = by_site.get(&line.site).copied();
        told_line(count, (line, number), difference, &loss)
    });
    Ok(DocumentContent {
        version: open.content.version.saturating_add(1),
        lines: lines.collect::<Result<_, _>>()?,
        ..(*count.order).clone()
    })
}

/// Whether there is nothing by the book, and nothing was found.
fn is_nothing(count: &Count, line: &Line) -> bool {
    let book = count.books.get(&line.site).map_or(0, |book| book.quantity);
    book == 0 && counted(line) == 0
}

fn counted(line: &Line) -> i64 {
    match &line.verdict {
        Verdict::Settled { tally, .. } => tally.quantity,
        _ => 0,
    }
}

fn told_line(
    count: &Count,
    (line, number): (&Line, u32),
    difference: Option<&Difference>,
    loss: &Location,
) -> Result<DocumentLine, Fault> {
    let Site { location, item, bucket } = &line.site;
    let (counted, book) =
        (counted(line), count.books.get(&line.site).map_or(0, |book| book.quantity));
    let more = counted.saturating_sub(book);
    let (from, to) = if more > 0 { (loss, location) } else { (location, loss) };
    let value = difference.and_then(|one| one.value);
    Ok(DocumentLine {
        line: number,
        item: item.clone(),
        quantity: more.saturating_abs(),
        from: Some(from.clone()),
        to: Some(to.clone()),
        lot: bucket.lot.clone(),
        owner: bucket.owner.clone(),
        from_status: bucket.status,
        to_status: bucket.status,
        amount: value.map(|value| Amount::from_units(value.units().saturating_abs())),
        due: None,
        links: vec![],
        custom: notes(count, line, (book, counted), difference)?,
    })
}

/// What whoever signs is told beside.
fn notes(
    count: &Count,
    line: &Line,
    (book, counted): (i64, i64),
    difference: Option<&Difference>,
) -> Result<Custom, Fault> {
    let mut custom = Custom::new();
    let mut put = |name: &str, value: String| {
        let name = CustomName::parse(name).map_err(|error| ("internal", error.to_string()))?;
        custom.insert(name, cut(&value, CUSTOM_BYTES_MAX));
        Ok::<(), Fault>(())
    };
    put(BOOK, book.to_string())?;
    put(COUNTED, counted.to_string())?;
    if difference.is_some_and(|one| one.disputed) {
        put(DISPUTED, "true".to_owned())?;
    }
    let of_bin = || count.sheets.iter().filter(|sheet| sheet.bin == line.site.location);
    let typed = |seen: &&gatewarden_model::CountSeen| seen.thing.is_none();
    let of_item = |seen: &&gatewarden_model::CountSeen| seen.item == line.site.item;
    let said = |sheet: &Finished| {
        let mut of_it = sheet.seen.iter().filter(of_item).peekable();
        of_it.peek().is_none() || of_it.any(|seen| typed(&seen))
    };
    if of_bin().any(|sheet| sheet.typed && said(sheet)) {
        put(TYPED, "true".to_owned())?;
    }
    let mut elsewhere: BTreeMap<&Location, usize> = BTreeMap::new();
    let last = of_bin().next_back().into_iter().flat_map(|sheet| &sheet.seen);
    for place in last.filter(of_item).filter_map(|seen| seen.elsewhere.as_ref()) {
        *elsewhere.entry(place).or_default() += 1;
    }
    if !elsewhere.is_empty() {
        let places = elsewhere.iter().map(|(place, count)| format!("{count} of {place}"));
        put(ELSEWHERE, places.collect::<Vec<_>>().join(", "))?;
    }
    if let Some(unit) = &line.site.bucket.unit {
        put(UNIT, unit.clone())?;
    }
    Ok(custom)
}

/// The posting of a version that says what a count found; none of a version that says nothing of the kind.
pub(crate) fn posting_of(content: &DocumentContent) -> Option<Posting> {
    let counts: Vec<CountLine> = content.lines.iter().filter_map(count_line).collect();
    if counts.is_empty() {
        return None;
    }
    let digest: Hash = content.digest();
    let reason = [&content.note, &content.title].into_iter().find(|text| !text.trim().is_empty());
    Some(Posting {
        id: MovementId(id_of(&digest, MovementKind::Count, Part::Whole)),
        kind: MovementKind::Count,
        document: content.document.clone(),
        document_digest: Some(digest),
        reason: reason.map(|text| cut(text, REASON_BYTES_MAX)),
        lines: vec![],
        counts,
        effective: None,
        reverses: None,
        expires_ms: None,
        custom: content.custom.clone(),
    })
}

fn count_line(line: &DocumentLine) -> Option<CountLine> {
    let told = |name: &str| line.custom.iter().find(|(key, _)| key.as_str() == name);
    let quantity = told(COUNTED)?.1.clone();
    let location = line.from.iter().chain(&line.to).find(|place| place.is_physical())?.clone();
    let (lot, owner) = (line.lot.clone(), line.owner.clone());
    let unit = told(UNIT).map(|(_, unit)| unit.clone());
    let bucket = Bucket { lot, owner, status: line.from_status, unit };
    Some(CountLine {
        line: line.line,
        item: line.item.clone(),
        location,
        bucket,
        quantity,
        unit: None,
    })
}

/// What a version says that the book said and that was counted, by line.
pub(crate) fn figures(content: &DocumentContent) -> BTreeMap<u32, (i64, i64)> {
    let number = |line: &DocumentLine, name: &str| {
        let told = line.custom.iter().find(|(key, _)| key.as_str() == name)?;
        told.1.parse::<i64>().ok()
    };
    let all = content.lines.iter();
    all.filter_map(|line| Some((line.line, (number(line, BOOK)?, number(line, COUNTED)?))))
        .collect()
}
