//! Imports and what dies beside them: the daemon or the command, before, while and after it is written. All or nothing
//! stays all or nothing; document by document, the next run goes on, and nothing is there twice.

use std::{
    collections::BTreeMap,
    process::{Child, Output, Stdio},
    time::{Duration, Instant},
};

use gatewarden_tests::{Gateway, Journal, until};
use serde_json::Value;

use super::{document::gateway, err, out};

/// Documents of one file, each of two lines. A hundred thousand lines take a debug build minutes: they are measured
/// by hand.
const DOCUMENTS: usize = 600;
const PIN: &str = "8264\n";

/// A file of purchase requests whose numbers begin so.
fn requests(prefix: &str) -> String {
    let row = |n: usize| {
        format!(
            "{prefix}-{n},pia.planner,BOLT-M8,100,2099-01-15\n{prefix}-{n},pia.planner,GLOVE-L,{},2099-01-16\n",
            n % 40 + 1
        )
    };
    let rows: String = (0..DOCUMENTS).map(row).collect();
    format!("number,requester,item,quantity,line.due\n{rows}")
}

/// The versions of such documents that are in the journal, by number.
fn written(gateway: &Gateway, prefix: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for body in Journal::read(&gateway.ledger()).of_kind("document-written") {
        let number = body["content"]["document"]["number"].as_str().unwrap();
        if number.starts_with(prefix) {
            *found.entry(number.to_owned()).or_default() += 1;
        }
    }
    found
}

/// Begins an import and gives it its PIN.
fn begin(gateway: &Gateway, prefix: &str, more: &[&str]) -> Child {
    let file = gateway.file(&format!("{prefix}.csv"), &requests(prefix)).display().to_string();
    let arguments =
        ["document", "import", &file, "--kind", "purchase-request", "--badge", "OP-2001"];
    let mut command = gateway.command();
    command.args([&arguments, more].concat()).arg("--config").arg(gateway.config());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), PIN.as_bytes()).unwrap();
    child
}

fn end(child: Child) -> (bool, String, String) {
    let output: Output = child.wait_with_output().unwrap();
    (output.status.success(), out(&output), err(&output))
}

async fn until_written(gateway: &Gateway, prefix: &str, least: usize) {
    until("documents are written", || async {
        (written(gateway, prefix).len() >= least).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_stays_so_whenever_the_daemon_dies() {
    let mut gateway = gateway().await;
    // Moments of its life: while it is tried, and about when it is written.
    for (n, ms) in [150, 600, 1_200, 2_000].into_iter().enumerate() {
        let prefix = format!("WA{n}");
        let child = begin(&gateway, &prefix, &[]);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        gateway.kill();
        let (good, printed, told) = end(child);
        let there = written(&gateway, &prefix).len();
        assert!(there == 0 || there == DOCUMENTS, "{there} of {DOCUMENTS}: {printed}{told}");
        assert!(!good || there == DOCUMENTS, "{printed}{told}");
        gateway.run().await;
    }
    // Whoever goes away himself leaves nothing either, and the same again is whole.
    let mut child = begin(&gateway, "WB", &[]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let (good, printed, told) = end(begin(&gateway, "WB", &[]));
    assert!(good && printed.contains("written: 600 documents, 1200 lines"), "{printed}{told}");
    let there = written(&gateway, "WB");
    assert!(there.len() == DOCUMENTS && there.values().all(|versions| *versions == 1));
    // One wrong document, far behind, and nothing is in.
    let text = requests("WC").replace("WC-590,pia.planner,BOLT-M8", "WC-590,pia.planner,NUT-M99");
    let file = gateway.file("WC.csv", &text).display().to_string();
    let arguments = ["document", "import", &file, "--kind", "purchase-request", "--json"];
    let output = gateway.cli(&[&arguments[..], &["--badge", "OP-2001"]].concat(), PIN);
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&report["outcome"], &report["refused"]), (&"nothing-written".into(), &1.into()));
    assert_eq!(report["mistakes"][0]["line"], 1_182, "{report}");
    assert_eq!(written(&gateway, "WC").len(), 0);
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn document_by_document_goes_on_where_it_stopped() {
    let mut gateway = gateway().await;
    let child = begin(&gateway, "EA", &["--each"]);
    until_written(&gateway, "EA", 1).await;
    gateway.kill();
    let (good, printed, told) = end(child);
    assert!(!good && printed.contains("stopped"), "{printed}{told}");
    assert!(told.contains("--resume"), "it says how to go on: {told}");
    let there = written(&gateway, "EA").len();
    assert!(there < DOCUMENTS, "it was killed half-way");
    gateway.run().await;
    // The command dies, too.
    let mut child = begin(&gateway, "EA", &["--each", "--resume"]);
    until_written(&gateway, "EA", there + 1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let (good, printed, told) = end(begin(&gateway, "EA", &["--each", "--resume"]));
    assert!(good && printed.contains("0 refused"), "{printed}{told}");
    let there = written(&gateway, "EA");
    assert_eq!(there.len(), DOCUMENTS);
    assert!(there.values().all(|versions| *versions == 1), "nothing is there twice");
    assert!(!gateway.dir().join("EA.csv.progress").exists());
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// Lines of the long file; `GATEWARDEN_IMPORT_LINES` asks for another number.
const LINES: usize = 4_000;
/// Lines of each document in it.
const LINES_EACH: usize = 10;
/// What a daemon may take for an import of 100,000 lines, in KiB.
const PEAK_KIB_MAX: u64 = 1 << 20;

/// The most memory that the daemon had, in KiB.
fn peak_kib(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_is_tried_written_whole_and_found_there() {
    let gateway = gateway().await;
    let asked = std::env::var("GATEWARDEN_IMPORT_LINES").ok();
    let lines = asked.map_or(LINES, |lines| lines.parse().unwrap());
    let row = |n: usize| {
        let (document, line) = (n / LINES_EACH, n % LINES_EACH + 1);
        format!("LF-{document},pia.planner,BOLT-M8,{line},2099-01-15\n")
    };
    let rows: String = (0..lines).map(row).collect();
    let text = format!("number,requester,item,quantity,line.due\n{rows}");
    let file = gateway.file("long.csv", &text).display().to_string();
    let before = peak_kib(&gateway);
    for (more, told) in [
        (&["--dry-run"][..], "tried, nothing was written"),
        (&[], "written"),
        (&["--each"], "written"),
    ] {
        let arguments =
            ["document", "import", &file, "--kind", "purchase-request", "--badge", "OP-2001"];
        let started = Instant::now();
        let printed = gateway.cli_ok(&[&arguments, more].concat(), PIN);
        let took = started.elapsed();
        println!(
            "{more:?}: {took:.1?}, peak {} KiB (before {before}): {printed}",
            peak_kib(&gateway)
        );
        let documents = lines.div_ceil(LINES_EACH);
        let expected = format!("{told}: {documents} documents, {lines} lines");
        assert!(printed.contains(&expected), "{printed}");
        assert!(printed.contains(if more == ["--each"] { "0 new" } else { "0 changed" }));
    }
    assert!(peak_kib(&gateway) < PEAK_KIB_MAX, "{} KiB", peak_kib(&gateway));
    gateway.cli_ok(&["ledger", "verify"], "");
}
