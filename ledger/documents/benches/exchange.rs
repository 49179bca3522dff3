//! How fast 100,000 lines are read and written: `cargo bench -p gatewarden-documents`.
// A benchmark may fail loudly.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, counter::ItemsCount};
use gatewarden_documents::exchange::{
    Columns, CsvExport, Fault, Import, JsonExport, Mode, Outcome, Put, Settings, Sink, documents,
    import, run_id,
};
use gatewarden_model::{DocumentContent, DocumentKind};

const LINES: u32 = 100_000;

fn main() {
    divan::main();
}

fn csv() -> String {
    let mut text =
        "number,due,requester,link.work-order,line,item,quantity,from,to,lot\n".to_owned();
    for row in 0..LINES {
        let (document, line) = (row / 20, row % 20 + 1);
        text.push_str(&format!(
            "R-{document},2026-12-01,li.wei,W-{document},{line},BOLT-M{line},{row},wh1/a,@production,L-{row}\n"
        ));
    }
    text
}

fn settings() -> Settings {
    Settings { kind: Some(DocumentKind::Requisition), ..Settings::default() }
}

fn contents() -> Vec<DocumentContent> {
    documents(csv().as_bytes(), &settings()).map(|parsed| parsed.content.unwrap()).collect()
}

struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, contents: Vec<DocumentContent>) -> Vec<Result<Put, Fault>> {
        contents.iter().map(|_| Ok(Put::New)).collect()
    }

    fn begin(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn roll_back(&mut self) {}
}

#[divan::bench(sample_count = 10)]
fn csv_in(bencher: Bencher) {
    let text = csv();
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        let run = run_id(text.as_bytes(), &settings()).unwrap();
        let whole = Import { run, settings: settings(), mode: Mode::Whole, from: None };
        let report = import(text.as_bytes(), &whole, &mut Nowhere, |_| {}).unwrap();
        assert_eq!((report.outcome, report.lines), (Outcome::Written, u64::from(LINES)));
    });
}

#[divan::bench(sample_count = 10)]
fn csv_out(bencher: Bencher) {
    let contents = contents();
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        let mut columns = Columns::new();
        contents.iter().for_each(|content| columns.observe(content));
        let mut out = CsvExport::new(Vec::new(), columns).unwrap();
        contents.iter().for_each(|content| out.put(content).unwrap());
        out.finish().unwrap()
    });
}

#[divan::bench(sample_count = 10)]
fn json_in(bencher: Bencher) {
    let mut out = JsonExport::new(Vec::new(), true);
    contents().iter().for_each(|content| out.put(content).unwrap());
    let text = out.finish().unwrap();
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        documents(text.as_slice(), &Settings::default())
            .map(|parsed| parsed.content.unwrap().lines.len())
            .sum::<usize>()
    });
}
