//! The task against simulated modules of several makers, over TCP and RTU: counters, watchdogs, identities, and what
//! can go wrong on the wire. The simulator has the manuals' addresses of its own, and its own frames.

use std::time::Duration;

use gatewarden_modbus::{Lamps, Line, Profile, Settings, probe::probe};
use gatewarden_model::Signal;
use gatewarden_simulators::modbus::{
    Fault, Identity, ModuleOptions, ModuleProfile, Place, SimModule,
};
use tokio::time::timeout;

use crate::bench::{Bench, STACK};

async fn module(profile: ModuleProfile) -> SimModule {
    SimModule::start(ModuleOptions { profile, ..ModuleOptions::default() }).await.unwrap()
}

/// Settings by the driver's own profile of that name; quick.
fn settings(name: &str, module: &SimModule, lamps: Lamps, inputs: &[u16]) -> Settings {
    // The words in `address` are only told for RTU; the tests' bench wants to see a local one.
    let address = module.address().map_or("127.0.0.1:rtu".to_owned(), |a| a.to_string());
    let found = Profile::named(name).unwrap().settings(&address, lamps, inputs).unwrap();
    let line = module.path().map(|path| Line { path: path.to_owned(), baud: 115_200 });
    Settings { poll_ms: 20, input_poll_ms: 5, time_out_ms: 250, line, ..found }
}

async fn shows(module: &SimModule, lit: &[usize]) {
    let mut coils = module.changes();
    let right = |coils: &Vec<bool>| coils.iter().enumerate().all(|(n, on)| *on == lit.contains(&n));
    timeout(Duration::from_secs(8), coils.wait_for(right)).await.unwrap().unwrap();
}

#[tokio::test]
async fn each_makers_outputs_are_written_and_read_back_where_they_stand() {
    for (name, profile) in ModuleProfile::NAMES {
        let module = module(profile).await;
        let mut bench = Bench::start(settings(name, &module, STACK, &[0]), Signal::Busy);
        bench.expect(&["connecting 1", "up", "input 0 off"]).await;
        shows(&module, &[1]).await;
        for (signal, lit) in [(Signal::Go, &[0][..]), (Signal::Alarm, &[2, 3]), (Signal::Go, &[0])]
        {
            bench.signals.send(signal).unwrap();
            shows(&module, lit).await;
        }
        assert!(module.set_input(0, true));
        bench.expect(&["input 0 on"]).await;
        bench.finish().await;
        shows(&module, &[]).await;
    }
}

#[tokio::test]
async fn pulses_that_no_read_can_see_are_told_and_a_counter_wraps() {
    for name in ["moxa-e1200", "adam-6050"] {
        let module = module(ModuleProfile::named(name).unwrap()).await;
        assert!(module.set_counter(3, u32::MAX - 1));
        let settings = settings(name, &module, Lamps::default(), &[3]);
        let mut bench = Bench::start(settings, Signal::Off);
        bench.expect(&["connecting 1", "up", "input 3 off"]).await;
        assert!(module.pulse(3, 3));
        for _ in 0..3 {
            bench.expect(&["input 3 on", "input 3 off"]).await;
        }
        // The counter is 1 now; a long pulse after it is one edge each, not two.
        assert!(module.set_input(3, true));
        bench.expect(&["input 3 on"]).await;
        assert!(module.set_input(3, false));
        bench.expect(&["input 3 off"]).await;
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_counter_that_went_back_and_a_restart_are_gaps() {
    let module = module(ModuleProfile::MoxaE1200).await;
    assert!(module.set_counter(0, 5_000));
    let settings = settings("moxa-e1200", &module, Lamps::default(), &[0]);
    let mut bench = Bench::start(settings, Signal::Off);
    bench.expect(&["connecting 1", "up", "input 0 off"]).await;
    assert!(module.set_counter(0, 0));
    bench.expect(&["gap the counter of input 0 went from 5000 to 0: restarted, or too fast"]).await;
    assert!(module.set_counter(0, 1_000));
    let gap = bench.next().await;
    assert!(gap.starts_with("gap the counter of input 0 went from 0 to 1000"), "{gap}");
    module.restart().await.unwrap();
    bench.expect(&["down broke", "connecting 2"]).await;
    bench.expect(&["gap the inputs could not be read", "up"]).await;
    assert!(module.pulse(0, 1));
    bench.expect(&["input 0 on", "input 0 off"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_watchdog_that_tripped_is_a_gap_and_the_lamps_are_written_anew() {
    let options = ModuleOptions {
        profile: ModuleProfile::MoxaE1200,
        watchdog_ms: 100,
        safe: vec![2],
        ..ModuleOptions::default()
    };
    let module = SimModule::start(options).await.unwrap();
    // Too seldom for this watchdog, as if the gateway had been too busy.
    let settings = Settings { poll_ms: 400, ..settings("moxa-e1200", &module, STACK, &[]) };
    let mut bench = Bench::start(settings, Signal::Go);
    bench.expect(&["connecting 1", "up"]).await;
    shows(&module, &[2]).await;
    assert!(module.tripped());
    let gap = bench.next().await;
    assert!(gap.starts_with("gap the module's watchdog had tripped"), "{gap}");
    shows(&module, &[0]).await;
    bench.finish().await;
}

#[tokio::test]
async fn when_the_gateway_dies_the_outputs_fall_to_their_safe_values() {
    let options = ModuleOptions {
        profile: ModuleProfile::Wago750,
        safe: vec![2],
        ..ModuleOptions::default()
    };
    let module = SimModule::start(options).await.unwrap();
    let settings = settings("wago-750", &module, STACK, &[0]);
    let settings = Settings { watchdog_ms: 300, ..settings };
    let mut bench = Bench::start(settings.clone(), Signal::Go);
    bench.expect(&["connecting 1", "up", "input 0 off"]).await;
    shows(&module, &[0]).await;
    bench.die().await;
    shows(&module, &[2]).await;
    assert!(module.tripped());
    // Its successor stops the watchdog, sets it and shows the latest signal.
    let mut bench = Bench::start(settings, Signal::Go);
    bench.expect(&["connecting 1", "up"]).await;
    shows(&module, &[0]).await;
    assert!(!module.tripped());
    bench.finish().await;
}

#[tokio::test]
async fn a_module_tells_who_it_is_and_a_refusal_is_no_fault() {
    let who = Identity { vendor: "Acme".into(), product: "IO-16".into(), firmware: "V1.2".into() };
    for (name, identity, told) in [
        ("generic", Some(who), "firmware V1.2, product IO-16, unit 1, vendor Acme"),
        ("generic", None, "unit 1"),
        ("moxa-e1200", None, "model E1212, unit 1"),
        ("wago-750", None, "model 750-841, unit 1"),
    ] {
        let profile = ModuleProfile::named(name).unwrap();
        for place in [Place::Tcp(gatewarden_simulators::LOOPBACK), Place::Rtu] {
            let identity = identity.clone();
            let options = ModuleOptions { profile, identity, place, ..ModuleOptions::default() };
            let module = SimModule::start(options).await.unwrap();
            let settings = Settings { identify: true, ..settings(name, &module, STACK, &[]) };
            let mut bench = Bench::start(settings, Signal::Off);
            bench.expect(&["connecting 1", "up"]).await;
            let facts = bench.facts.iter().filter(|(key, _)| *key != "address");
            let facts: Vec<String> = facts.map(|(key, value)| format!("{key} {value}")).collect();
            assert_eq!(facts.join(", "), told, "{name} {place:?}");
            bench.finish().await;
        }
    }
}

async fn survives(fault: Fault, place: Place) {
    let options = ModuleOptions { place, ..ModuleOptions::default() };
    let module = SimModule::start(options).await.unwrap();
    let mut bench = Bench::start(settings("generic", &module, STACK, &[0]), Signal::Go);
    bench.expect(&["connecting 1", "up", "input 0 off"]).await;
    module.fail(fault, Some(1));
    let down = bench.next().await;
    assert!(down.starts_with("down"), "{fault:?} {place:?}: {down}");
    bench.expect(&["connecting 2"]).await;
    let mut next = [bench.next().await, bench.next().await];
    next.sort();
    assert_eq!(next, ["gap the inputs could not be read", "up"], "{fault:?} {place:?}");
    shows(&module, &[0]).await;
    bench.finish().await;
}

/// Every fault is a `Down`, a gap and, once it is over, the latest signal again.
#[tokio::test]
async fn what_goes_wrong_on_the_wire_is_told_and_mended() {
    let mut trials = tokio::task::JoinSet::new();
    for place in [Place::Tcp(gatewarden_simulators::LOOPBACK), Place::Rtu] {
        for fault in [
            Fault::Mute,
            Fault::Drop,
            Fault::Garbage,
            Fault::Half,
            Fault::Drip(100),
            Fault::WrongUnit,
            Fault::WrongTransaction,
        ] {
            trials.spawn(survives(fault, place));
        }
    }
    while let Some(trial) = trials.join_next().await {
        trial.unwrap();
    }
}

#[tokio::test]
async fn a_slow_answer_within_its_time_is_an_answer() {
    let module = module(ModuleProfile::Generic).await;
    module.fail(Fault::Drip(2), None);
    let mut bench = Bench::start(settings("generic", &module, STACK, &[0]), Signal::Go);
    bench.expect(&["connecting 1", "up", "input 0 off"]).await;
    bench.signals.send(Signal::Stop).unwrap();
    shows(&module, &[2]).await;
    bench.finish().await;
}

#[tokio::test]
async fn counters_work_over_rtu() {
    let options = ModuleOptions {
        profile: ModuleProfile::MoxaE1200,
        place: Place::Rtu,
        ..ModuleOptions::default()
    };
    let module = SimModule::start(options).await.unwrap();
    let mut bench = Bench::start(settings("moxa-e1200", &module, STACK, &[1]), Signal::Go);
    bench.expect(&["connecting 1", "up", "input 1 off"]).await;
    assert!(module.pulse(1, 2));
    bench.expect(&["input 1 on", "input 1 off", "input 1 on", "input 1 off"]).await;
    bench.finish().await;
    shows(&module, &[]).await;
}

#[tokio::test]
async fn what_a_module_lacks_is_refused_and_the_way_out_named() {
    let module = module(ModuleProfile::Generic).await;
    let settings = settings("moxa-e1200", &module, Lamps::default(), &[0]);
    let mut bench = Bench::start(settings, Signal::Off);
    bench.expect(&["connecting 1"]).await;
    let down = bench.next().await;
    assert!(down.contains("watchdog = false") || down.contains("counters = false"), "{down}");
    bench.finish().await;
}

#[tokio::test]
async fn a_probe_tells_who_stands_there_and_which_profile_fits() {
    for (name, profile) in ModuleProfile::NAMES {
        for place in [Place::Tcp(gatewarden_simulators::LOOPBACK), Place::Rtu] {
            let options = ModuleOptions { profile, place, ..ModuleOptions::default() };
            let module = SimModule::start(options).await.unwrap();
            let url = match (module.address(), module.path()) {
                (Some(address), _) => format!("modbus://{address}?unit=1"),
                (None, path) => format!("modbus-rtu://{}?baud=115200", path.unwrap().display()),
            };
            let report = probe(&url).await.unwrap();
            assert_eq!(report.profile, name, "{place:?}: {report:?}");
            assert!(!report.identifies && module.history().is_empty());
            let model =
                report.facts.iter().find(|(key, _)| key == "model").map(|(_, v)| v.as_str());
            let expected = match name {
                "moxa-e1200" => Some("E1212"),
                "wago-750" => Some("750-841"),
                _ => None,
            };
            assert_eq!(model, expected);
        }
    }
    let who = Identity { vendor: "Acme".into(), product: "IO-16".into(), firmware: "V1.2".into() };
    let options = ModuleOptions { identity: Some(who), ..ModuleOptions::default() };
    let module = SimModule::start(options).await.unwrap();
    // A question that is not answered costs its time, and the rest is asked all the same.
    module.fail(Fault::Mute, Some(1));
    let url = format!("modbus://{}", module.address().unwrap());
    let report = probe(&url).await.unwrap();
    assert_eq!((report.profile, report.identifies, report.facts.len()), ("generic", false, 0));
    let report = probe(&url).await.unwrap();
    assert!(report.identifies && report.facts.contains(&("vendor".into(), "Acme".into())));
    let nobody = probe(&format!("{url}?unit=9")).await.unwrap_err().to_string();
    assert!(nobody.contains("unit 9 answers nothing"), "{nobody}");
    module.go_away().await;
    let closed = probe(&url).await.unwrap_err().to_string();
    assert!(closed.contains("check power, cable and address"), "{closed}");
}
