//! A house that takes documents, in memory; and contents of every shape.

use std::collections::BTreeMap;

use gatewarden_documents::exchange::{
    Cursor, Fault, Import, Mode, Put, Refusal, Report, Settings, Sink, import, run_id,
};
use gatewarden_model::{
    Amount, Custom, CustomName, Day, Document, DocumentContent, DocumentKind, DocumentLine,
    DocumentLink, Hash, ItemId, Location, StockStatus,
};
use proptest::{collection::vec, option, prelude::*};

/// What is in, by name; and what waits for a commit.
#[derive(Default)]
pub(crate) struct House {
    pub(crate) contents: BTreeMap<Document, DocumentContent>,
    pub(crate) staged: Option<BTreeMap<Document, DocumentContent>>,
    /// Takes no document of this item.
    pub(crate) no_item: Option<&'static str>,
    /// Stops after so many documents.
    pub(crate) stops_after: Option<usize>,
    pub(crate) puts: usize,
}

pub(crate) fn refusal(code: &'static str, field: Option<String>) -> Refusal {
    let (message, way_out) = ("it is not taken".to_owned(), "ask somebody".to_owned());
    Refusal { code: code.into(), field, message, way_out }
}

impl House {
    fn put_one(&mut self, content: DocumentContent) -> Result<Put, Fault> {
        if self.stops_after == Some(self.puts) {
            return Err(Fault::Stop(refusal("ledger-away", None)));
        }
        self.puts += 1;
        let unknown = |at: usize| refusal("unknown-item", Some(format!("lines[{at}].item")));
        let is_unknown = |line: &DocumentLine| Some(line.item.as_str()) == self.no_item;
        let places = content.lines.iter().enumerate().filter(|(_, line)| is_unknown(line));
        let refused: Vec<_> = places.map(|(at, _)| unknown(at)).collect();
        if !refused.is_empty() {
            return Err(Fault::Refused(refused));
        }
        let there = self.staged.as_ref().unwrap_or(&self.contents).get(&content.document);
        let put = match there {
            None => Put::New,
            Some(there) if there.digest() == content.digest() => Put::Same,
            Some(_) => Put::Changed,
        };
        let into = self.staged.as_mut().unwrap_or(&mut self.contents);
        into.insert(content.document.clone(), content);
        Ok(put)
    }
}

impl Sink for House {
    fn put(&mut self, contents: Vec<DocumentContent>) -> Vec<Result<Put, Fault>> {
        let mut answers = vec![];
        for content in contents {
            answers.push(self.put_one(content));
            if matches!(answers.last(), Some(Err(Fault::Stop(_)))) {
                break;
            }
        }
        answers
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.staged = Some(self.contents.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.contents = self.staged.take().unwrap();
        Ok(())
    }

    fn roll_back(&mut self) {
        self.staged = None;
    }
}

/// Imports a text from its beginning.
pub(crate) fn put_in(house: &mut House, text: &[u8], mode: Mode, settings: Settings) -> Report {
    go_on(house, text, mode, settings, None)
}

/// Imports a text from a cursor on.
pub(crate) fn go_on(
    house: &mut House,
    text: &[u8],
    mode: Mode,
    settings: Settings,
    from: Option<Cursor>,
) -> Report {
    let run = run_id(text, &settings).unwrap();
    import(text, &Import { run, settings, mode, from }, house, |_| {}).unwrap()
}

pub(crate) fn requisitions() -> Settings {
    Settings { kind: Some(DocumentKind::Requisition), ..Settings::default() }
}

// --- contents of every shape -------------------------------------------------------------------------

/// Codes as people and ERPs make them, those that look like marks and formulas included.
fn code() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "=1+1",
        "-5",
        "+86 10",
        "@x",
        "'x",
        "''",
        "'=",
        "a|b",
        "a#",
        "a##7",
        "x@@y",
        "\\",
        "a\\|b",
        "1;2,3",
        "say \"hi\"",
        "螺栓",
        "＝1",
        "sep=;",
        "#",
        "@@",
        "null",
        "a:b",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[A-Z]{1,3}-[0-9]{1,5}", "[!-~]([ -~]{0,8}[!-~])?",]
}

/// Texts with everything that a cell may hold.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ \t\r\n\",;=+@'a-c|é螺🔩-]{0,12}", code(), "\\PC{0,20}",]
}

fn day() -> impl Strategy<Value = Day> {
    (0..40_000_i64).prop_map(Day::from_number)
}

fn document() -> impl Strategy<Value = Document> {
    (prop::sample::select(DocumentKind::ALL.to_vec()), code())
        .prop_map(|(kind, number)| Document { kind, number })
}

fn link() -> impl Strategy<Value = DocumentLink> {
    (document(), option::of(any::<u32>()), option::of(any::<[u8; 32]>())).prop_map(
        |(document, line, digest)| DocumentLink { document, line, digest: digest.map(Hash) },
    )
}

fn custom() -> impl Strategy<Value = Custom> {
    let name = "[a-z][a-z0-9_.-]{0,6}".prop_map(|name| CustomName::parse(&name).unwrap());
    prop::collection::btree_map(name, text(), 0..3)
}

fn place() -> impl Strategy<Value = Location> {
    let places = ["wh1/a-01", "@supplier/ACME", "@production", "=x/1", "仓库/一"];
    prop::sample::select(places.to_vec()).prop_map(|place| Location::parse(place).unwrap())
}

fn line() -> impl Strategy<Value = DocumentLine> {
    let status = || prop::sample::select(StockStatus::ALL.to_vec());
    let what = (code(), any::<i64>(), option::of(place()), option::of(place()));
    let which = (option::of(code()), option::of(code()), status(), status());
    let rest = (option::of(any::<i32>()), option::of(day()), vec(link(), 0..3), custom());
    (what, which, rest).prop_map(|((item, quantity, from, to), (lot, owner, s1, s2), rest)| {
        let (amount, due, links, custom) = rest;
        DocumentLine {
            line: 0,
            item: ItemId::parse(&item).unwrap(),
            quantity,
            from,
            to,
            lot,
            owner,
            from_status: s1,
            to_status: s2,
            amount: amount.map(|units| Amount::from_units(i64::from(units))),
            due,
            links,
            custom,
        }
    })
}

/// Any content whose texts are those that a document may have.
pub(crate) fn content() -> impl Strategy<Value = DocumentContent> {
    let head = (document(), any::<u32>(), text(), text());
    let who = (option::of(code()), option::of(code()), option::of(code()));
    let rest =
        (option::of(day()), option::of(day()), vec(line(), 0..4), vec(link(), 0..4), custom());
    (head, who, rest).prop_map(|((document, version, title, note), who, rest)| {
        let (partner, requester, station) = who;
        let (date, due, mut lines, links, custom) = rest;
        // In any order, with gaps.
        for (at, line) in lines.iter_mut().enumerate() {
            line.line = [40, 7, 4_000_000_000, 41][at];
        }
        DocumentContent {
            document,
            version,
            title,
            partner,
            date,
            due,
            requester,
            station,
            lines,
            links,
            custom,
            note,
        }
    })
}

/// Some documents, no two of one number.
pub(crate) fn contents() -> impl Strategy<Value = Vec<DocumentContent>> {
    vec(content(), 1..5).prop_map(|mut contents| {
        let mut seen = std::collections::BTreeSet::new();
        contents.retain(|content| seen.insert(content.document.clone()));
        contents
    })
}
