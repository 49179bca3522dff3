//! Both sides of the wire against Python libraries that nobody here wrote: their clients read our simulated modules,
//! our driver reads modules whose frames they built. They lie in the environment `uhf` beside that of
//! `GATEWARDEN_PEERS`; without the variable there is nothing to try.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use gatewarden_model::{Clock, Stamp};
use gatewarden_simulators::uhf::{Protocol, SimUhf, UhfOptions, UhfTag};
use gatewarden_uhf_serial::{Settings, probe};

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

fn python() -> Option<PathBuf> {
    let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return None;
    };
    let path = PathBuf::from(peers).parent().unwrap().join("uhf/bin/python");
    assert!(path.exists(), "GATEWARDEN_PEERS is set, but there is no {}", path.display());
    Some(path)
}

fn script(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn their_clients_read_every_tag_of_our_modules() {
    let Some(python) = python() else { return };
    for (profile, protocol) in [
        ("r200", Protocol::R200 { alternate: true }),
        ("uhfreader18", Protocol::Reader18 { address: 0 }),
    ] {
        let tags = (1..=7u8).map(|n| UhfTag { epc: vec![n; 12], rssi_dbm: -60 }).collect();
        let sim = SimUhf::start(UhfOptions { tags, ..UhfOptions::new(protocol) }).unwrap();
        let mut client = Command::new(&python);
        client.args([script("client.py"), profile.into()]).arg(sim.path());
        let told = client.output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        assert!(told.status.success(), "{profile}: {err}");
        let mut seen: Vec<&str> = out.lines().collect();
        seen.sort_unstable();
        let wanted: Vec<String> = (1..=7).map(|n| format!("{n:02x}").repeat(12)).collect();
        assert_eq!(seen, wanted, "{profile}");
    }
}

#[tokio::test]
async fn our_driver_reads_every_tag_of_their_modules() {
    let Some(python) = python() else { return };
    for (profile, model, power) in [("r200", "M100", 2_600), ("uhfreader18", "UHFReader18", 3_000)]
    {
        let mut module = Command::new(&python)
            .args([script("module.py"), profile.into()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut path = String::new();
        BufReader::new(module.stdout.take().unwrap()).read_line(&mut path).unwrap();
        let settings = Settings { baud: Some(115_200), ..Settings::new(path.trim()) };
        let clock = Arc::new(TestClock(Instant::now()));
        let report = probe(settings, clock, 1).await.unwrap();
        drop(module.stdin.take());
        assert!(module.wait().unwrap().success());
        assert_eq!((report.protocol, report.module.model.as_str()), (profile, model));
        assert_eq!((report.module.power_cdbm, report.notes.len()), (Some(power), 0), "{report:?}");
        let epcs: Vec<_> = report.tags.iter().map(|tag| tag.epc.clone()).collect();
        assert_eq!(epcs, ["11".repeat(12), "22".repeat(12), "33".repeat(12)], "{profile}");
    }
}
