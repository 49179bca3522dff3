//! The simulated devices of a dock and a counter, and the ERP.

use std::{
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

fn bind() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

impl Hardware {
    /// Starts all of it; `seed` decides which reads the portal misses.
    ///
    /// # Panics
    /// Where loopback or pseudo-terminals can't be had.
    pub async fn start(seed: u64, folder: &Path) -> Self {
        let reader = LlrpOptions { bind: bind(), seed, rate: 1000, ..LlrpOptions::default() };
        let lights = || LightsOptions { bind: bind(), ..LightsOptions::default() };
        let hook = WebhookOptions {
            bind: bind(),
            secret: HOOK_SECRET.as_bytes().to_vec(),
            skew_s_max: None,
        };
        let why = "simulators need loopback and pseudo-terminals only";
        Self {
            reader: SimReader::start(reader).await.expect(why),
            scanner: SimScanner::start_at(&folder.join("scanner-1")).expect(why),
            lights: SimLights::start(lights()).await.expect(why),
            counter_scanner: SimScanner::start_at(&folder.join("scanner-2")).expect(why),
            counter_lights: SimLights::start(lights()).await.expect(why),
            erp: SimReceiver::start_with(hook).await.expect(why),
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
