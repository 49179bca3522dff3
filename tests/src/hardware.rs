//! The simulated devices of a dock and a counter, and the ERP.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use gatewarden_simulators::{
    llrp::{LlrpOptions, SimReader, SimTag},
    modbus::{LightsOptions, SimLights},
    scanner::SimScanner,
    webhook::{SimReceiver, WebhookOptions},
};

/// The signature key of the webhook, in the child's environment only.
pub(crate) const HOOK_SECRET: &str = "test-signature-key";
/// Ports below those that the system hands out to clients, so that one that is closed for a while
/// is still free afterwards.
const PORTS: std::ops::Range<u32> = 10_000..30_000;

/// Ports that are tried for one simulator.
const TRIES_MAX: u32 = 20;

/// Coils as the light stacks are wired.
pub(crate) const GREEN: usize = 0;
pub(crate) const RED: usize = 2;
pub(crate) const BUZZER: usize = 3;

/// Everything around a gateway.
#[derive(Debug)]
pub struct Hardware {
    /// The dock's portal.
    pub reader: SimReader,
    /// The dock's badge scanner.
    pub scanner: SimScanner,
    /// The dock's light stack.
    pub lights: SimLights,
    /// The counter's scanner.
    pub counter_scanner: SimScanner,
    /// The counter's light stack.
    pub counter_lights: SimLights,
    /// The ERP behind a webhook.
    pub erp: SimReceiver,
}

/// A free port on loopback.
///
/// # Panics
/// Where there is none at all.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let width = PORTS.end - PORTS.start;
    let found = (0..width).find_map(|_| {
        // Test processes run at the same time, so each begins somewhere else.
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let at = PORTS.start + (std::process::id().wrapping_mul(97) + step * 7) % width;
        let port = u16::try_from(at).ok()?;
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    });
    found.expect("one of 20,000 ports is free")
}

/// Starts something on a free port. A port that was free a moment ago may not be: a program that
/// another test starts holds a copy of the probe's socket until it is executed.
async fn on_free_port<T, F>(start: impl Fn(SocketAddr) -> F) -> T
where
    F: Future<Output = io::Result<T>>,
{
    for _ in 0..TRIES_MAX {
        match start(SocketAddr::from(([127, 0, 0, 1], free_port()))).await {
            Ok(started) => return started,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => panic!("a simulator needs loopback only: {error}"),
        }
    }
    panic!("{TRIES_MAX} ports were free and then were not");
}

impl Hardware {
    /// Starts all of it; `seed` decides which reads the portal misses.
    ///
    /// # Panics
    /// Where loopback or pseudo-terminals can't be had.
    pub async fn start(seed: u64, folder: &Path) -> Self {
        let reader = |bind| {
            SimReader::start(LlrpOptions { bind, seed, rate: 1000, ..LlrpOptions::default() })
        };
        let lights = |bind| SimLights::start(LightsOptions { bind, ..LightsOptions::default() });
        let secret = HOOK_SECRET.as_bytes();
        let hook = |bind| {
            let secret = secret.to_vec();
            SimReceiver::start_with(WebhookOptions { bind, secret, skew_s_max: None })
        };
        let scanner =
            |name| SimScanner::start_at(&folder.join(name)).expect("there are pseudo-terminals");
        Self {
            reader: on_free_port(reader).await,
            scanner: scanner("scanner-1"),
            lights: on_free_port(lights).await,
            counter_scanner: scanner("scanner-2"),
            counter_lights: on_free_port(lights).await,
            erp: on_free_port(hook).await,
        }
    }

    /// Puts tags before the portal's antennas.
    pub fn show(&self, epcs: &[Vec<u8>]) {
        let antennas = [1, 2].into_iter().cycle();
        let tag =
            |(epc, antenna): (&Vec<u8>, u16)| SimTag { epc: epc.clone(), antenna, rssi_dbm: -48 };
        self.reader.set_field(epcs.iter().zip(antennas).map(tag).collect());
    }
}

/// Whether exactly these of a stack's lamps are lit.
pub(crate) fn lit(lights: &SimLights, on: &[usize]) -> bool {
    lights.coils().iter().take(4).enumerate().all(|(i, lit)| *lit == on.contains(&i))
}
