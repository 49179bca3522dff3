//! 100,000 lines go through without being held.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use gatewarden_documents::exchange::{Fault, Import, Mode, Outcome, Put, Sink, import, run_id};
use gatewarden_model::DocumentContent;

use crate::house::requisitions;

const DOCUMENTS: u32 = 5_000;
const LINES: u32 = 20;

/// Writes its text only when it is asked for it, and counts how many rows it was asked for.
struct Endless {
    row: u32,
    ready: Vec<u8>,
    asked: Rc<Cell<u32>>,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && self.row <= DOCUMENTS * LINES {
            let (document, line) = (self.row.saturating_sub(1) / LINES, self.row % LINES);
            self.ready = match self.row {
                0 => b"number,title,item,quantity,from,to\n".to_vec(),
                _ => format!(
                    "R-{document},for line {document},BOLT-M{line},{line},wh1/a,@production\n"
                )
                .into_bytes(),
            };
            self.row += 1;
            self.asked.set(self.row);
        }
        let read = self.ready.len().min(out.len());
        out[..read].copy_from_slice(&self.ready[..read]);
        self.ready.drain(..read);
        Ok(read)
    }
}

/// Keeps nothing, and looks how far the file was read ahead.
struct Passing {
    asked: Rc<Cell<u32>>,
    lines: u32,
    ahead_max: u32,
}

impl Sink for Passing {
    fn put(&mut self, contents: Vec<DocumentContent>) -> Vec<Result<Put, Fault>> {
        let lines: usize = contents.iter().map(|content| content.lines.len()).sum();
        self.ahead_max = self.ahead_max.max(self.asked.get().saturating_sub(self.lines));
        self.lines += u32::try_from(lines).unwrap();
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

#[test]
fn a_hundred_thousand_lines_are_never_held() {
    let asked = Rc::new(Cell::new(0));
    let file = || Endless { row: 0, ready: Vec::new(), asked: Rc::clone(&asked) };
    let run = run_id(file(), &requisitions()).unwrap();
    let mut sink = Passing { asked: Rc::clone(&asked), lines: 0, ahead_max: 0 };
    let whole = Import { run, settings: requisitions(), mode: Mode::Whole, from: None };
    let report = import(file(), &whole, &mut sink, |_| {}).unwrap();
    assert_eq!((report.outcome, report.documents), (Outcome::Written, u64::from(DOCUMENTS)));
    assert_eq!((report.lines, sink.lines), (100_000, 100_000));
    // 64 KiB of rows of 50 bytes, and a handful of documents.
    assert!(sink.ahead_max < 3_600, "{} rows ahead", sink.ahead_max);
}
