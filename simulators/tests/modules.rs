//! Simulated I/O modules by clients that nobody here wrote: pymodbus (`GATEWARDEN_PEERS`) and mbpoll, TCP and RTU.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::time::Duration;

use gatewarden_simulators::modbus::{Identity, ModuleOptions, ModuleProfile, Place, SimModule};
use tokio::process::Command;
use tokio::time::timeout;

const PLACES: [Place; 2] = [Place::Tcp(gatewarden_simulators::LOOPBACK), Place::Rtu];

async fn run(command: &mut Command) -> (bool, String) {
    let running = command.kill_on_drop(true).output();
    let output = timeout(Duration::from_secs(60), running).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

async fn moxa(place: Place) -> SimModule {
    let who = Identity { vendor: "Acme".into(), product: "IO-16".into(), firmware: "V1.2".into() };
    let (profile, identity) = (ModuleProfile::MoxaE1200, Some(who));
    let options = ModuleOptions { profile, place, identity, ..ModuleOptions::default() };
    let module = SimModule::start(options).await.unwrap();
    assert!(module.set_input(3, true) && module.set_counter(3, 70_000));
    module
}

fn place(module: &SimModule) -> String {
    let address = module.address().map(|address| address.to_string());
    address.unwrap_or_else(|| module.path().unwrap().display().to_string())
}

fn on(module: &SimModule) -> Vec<usize> {
    module.coils().iter().enumerate().filter(|(_, on)| **on).map(|(at, _)| at).collect()
}

#[tokio::test]
async fn pymodbus_finds_a_moxa_as_its_manual_has_it() {
    let Some(peers) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pymodbus_module.py");
    for at in PLACES {
        let module = moxa(at).await;
        let mut python = Command::new(PathBuf::from(&peers).join("bin/python"));
        assert!(run(python.args([script, &place(&module)])).await.0, "{at:?}");
        assert_eq!(on(&module), [2, 4, 6]);
    }
}

#[tokio::test]
async fn mbpoll_writes_outputs_and_reads_counters() {
    if Command::new("mbpoll").arg("-V").output().await.is_err() {
        assert!(std::env::var_os("GATEWARDEN_PEERS").is_none(), "mbpoll is not on the path");
        println!("skipped: mbpoll is not on the path");
        return;
    }
    for at in PLACES {
        let module = moxa(at).await;
        let (way, device) = match module.address() {
            Some(address) => (
                vec!["-m".to_owned(), "tcp".into(), "-p".into(), address.port().to_string()],
                "127.0.0.1".to_owned(),
            ),
            None => (
                ["-m", "rtu", "-b", "115200", "-P", "none"].map(str::to_owned).to_vec(),
                place(&module),
            ),
        };
        let poll = |arguments: &[&str], values: &[&str]| {
            let mut command = Command::new("mbpoll");
            command.args(&way).args(["-0", "-1"]).args(arguments).arg(&device).args(values);
            command
        };
        assert!(run(&mut poll(&["-t", "0", "-r", "1"], &["1", "0", "1"])).await.0, "{at:?}");
        assert_eq!(on(&module), [1, 3]);
        let counter = ["-t", "3:int", "-B", "-r", "22", "-c", "1"];
        let (_, text) = run(&mut poll(&counter, &[])).await;
        assert!(text.contains("70000"), "{at:?}: {text}");
        let (_, text) = run(&mut poll(&["-t", "1", "-r", "3", "-c", "1"], &[])).await;
        assert!(text.contains("[3]: \t1"), "{at:?}: {text}");
    }
}
