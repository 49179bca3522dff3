//! Devices that are none: whoever sits at their address sends garbage without end, a frame that never
//! ends, drips, says nothing, or hangs up at once. The daemon stays up and small, and goods pass at the
//! dock meanwhile.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use gatewarden_simulators::Seed;
use gatewarden_tests::{Gateway, People, Settings, until};

use super::gaps;

/// No connection is sent more: what is taken by then was taken without a bound.
const SENT_MAX: u64 = 256 << 20;
/// What the daemon may grow by, in KiB, with all of them at it.
const GROWTH_KIB_MAX: u64 = 96 << 10;

/// How somebody behaves who is connected to.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Bytes without sense, as fast as they are taken.
    Garbage,
    /// The begin of this family's longest message, and then zeros for ever.
    Endless,
    /// A byte now and then.
    Drips,
    /// Takes all, says nothing.
    Silent,
    /// Hangs up at once.
    HangsUp,
}

const MANNERS: [Manner; 5] =
    [Manner::Garbage, Manner::Endless, Manner::Drips, Manner::Silent, Manner::HangsUp];

/// A family: its kind, its keys with the address put in, and how a message of it begins that is longer
/// than any.
type Family = (&'static str, &'static str, &'static [u8]);

const FAMILIES: [Family; 5] = [
    ("llrp", "address = \"ADDRESS\"", b"\x04\x3d\xff\xff\xff\xff\0\0\0\x01"),
    ("label-printer", "address = \"ADDRESS\"", b"\x02030,0,0,"),
    ("io-module", "address = \"ADDRESS\"\ninputs = [0, 1]", b"\0\x01\0\0\xff\xff\x01\x02\xff"),
    (
        "impinj-iot",
        "url = \"http://ADDRESS\"\npassword = { env = \"TEST_HOOK_SECRET\" }",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\"",
    ),
    // CONNACK, and a PUBLISH of 256 MiB.
    (
        "zebra-iot",
        "address = \"ADDRESS\"\nclient_id = \"NAME\"\ntopic = \"zebra/NAME\"",
        b"\x20\x02\0\0\x30\xff\xff\xff\x7f\0\x0azebra/data",
    ),
];

/// Somebody at an address, and how many connections were made to him.
struct Nobody {
    address: String,
    taken: Arc<AtomicU64>,
}

impl Nobody {
    fn at_an_address(manner: Manner, begin: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let n = count.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || behave(stream, manner, begin, n));
            }
        });
        Self { address, taken }
    }
}

/// Ends where the other side hangs up.
fn behave(mut stream: TcpStream, manner: Manner, begin: &[u8], seed: u64) {
    let mut reader = stream.try_clone().unwrap();
    let deaf = thread::spawn(move || while reader.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {});
    let mut seed = Seed::new(seed);
    let mut block = vec![0; 16 * 1024];
    let mut sent = 0;
    match manner {
        Manner::HangsUp => {}
        Manner::Silent => return drop(deaf.join()),
        Manner::Drips => {
            while stream.write_all(b"\x04").is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
        }
        Manner::Garbage => {
            while sent < SENT_MAX {
                block.iter_mut().for_each(|byte| *byte = u8::try_from(seed.below(256)).unwrap());
                if stream.write_all(&block).is_err() {
                    break;
                }
                sent += block.len() as u64;
            }
        }
        Manner::Endless => {
            let mut still = stream.write_all(begin).is_ok();
            while still && sent < SENT_MAX {
                still = stream.write_all(&block).is_ok();
                sent += block.len() as u64;
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_are_none_starve_and_break_nobody() {
    let mut all = vec![];
    let mut more = String::new();
    for (kind, keys, begin) in FAMILIES {
        for manner in MANNERS {
            let nobody = Nobody::at_an_address(manner, begin);
            let name = format!("{kind}-{}", format!("{manner:?}").to_lowercase());
            let keys = keys.replace("ADDRESS", &nobody.address).replace("NAME", &name);
            more.push_str(&format!(
                "\n[[devices]]\nname = \"{name}\"\nkind = \"{kind}\"\n{keys}\n\
                 identity = {{ serial = \"honest\" }}\n"
            ));
            all.push((name, nobody));
        }
    }
    let names: Vec<String> = all.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    more.push_str(&format!(
        "\n[[stations]]\nname = \"yard\"\ntitle = \"The yard\"\ndevices = [{}]\n",
        names.join(", ")
    ));
    let mut gateway = Gateway::start(Settings { more, ..Settings::default() }).await;
    let before = resident_kib(gateway.pid());
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;

    let mut number = 2301;
    let mut serial = 1;
    let pending = || {
        let open = all.iter().filter(|(_, one)| one.taken.load(Ordering::Relaxed) < 2);
        open.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    loop {
        people.receive(&gateway, &number.to_string(), serial..serial + 3).await;
        (number, serial) = (number + 1, serial + 3);
        if number > 2303
            && pending().iter().all(|name| name.ends_with("silent") || name.ends_with("drips"))
        {
            break;
        }
        assert!(number < 2340, "nobody came back to {:?}", pending());
    }
    let grown = resident_kib(gateway.pid()) - before;
    println!("{} passes, grown by {grown} KiB", number - 2301);
    assert!(grown < GROWTH_KIB_MAX, "grown by {grown} KiB");
    until("each is told to be down", || async {
        let devices = people.viewer.list("/devices").await;
        let up = devices.iter().filter(|one| one["state"] == "up" || one["state"].is_null());
        let mut up = up.filter_map(|one| one["name"].as_str());
        let honest = |name: &str| !all.iter().any(|(nobody, _)| nobody == name);
        up.all(honest).then_some(())
    })
    .await;
    let journal = gateway.journal();
    for (name, _) in all.iter().filter(|(name, _)| name.ends_with("garbage")) {
        assert!(gaps(&journal, name).count() < 50, "{name} fills the journal");
    }
    people.until_delivered(&gateway).await;
    assert!(gateway.stop().await.success());
    gateway.cli_ok(&["ledger", "verify"], "");
}
