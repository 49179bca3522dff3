//! `kind = "llrp"`: a UHF reader, see [`crate::llrp`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, SEED, Shape, Simulated, Started,
    Teller, Verb, refuse,
};
use crate::llrp::{LlrpOptions, PORTS_MAX, Profile, RATE_MAX, ReaderStatus, SimReader, TagMemory};

const PORT: Field = Field::must("port", Shape::number(1, PORTS_MAX as i64), "from 1");
const RATE: Shape = Shape::number(0, RATE_MAX as i64);

pub(super) static KIND: Kind = Kind {
    name: "llrp",
    about: "a UHF reader that speaks LLRP",
    options: &[
        BIND,
        SEED,
        Field::may("rate", RATE, "tries to read a tag, a second"),
        Field::may("miss_percent", Shape::number(0, 100), "how many of 100 tries fail"),
        Field::may("profile", Shape::OneOf(Profile::NAMES), "which reader it is like"),
        Field::may("ports", Shape::number(1, PORTS_MAX as i64), "antenna ports"),
        Field::may(
            "serial",
            Shape::number(1, 65_535),
            "the end of its MAC address, which tells it from its twins; 1 without it",
        ),
    ],
    actions: &[
        Verb::new(
            "field",
            "puts tags before the antennas",
            &[Field::must("tags", Shape::Tags, "all of them; those before are gone")],
        ),
        Verb::new("clear", "takes all tags away", &[]),
        Verb::new(
            "chip",
            "gives a tag another chip: a copy of it, with a TID of its own",
            &[
                Field::must("epc", Shape::Text, "of the tag, in hex"),
                Field::must("tid", Shape::Text, "what the chip says of itself, in hex words"),
            ],
        ),
        Verb::new("drop", "breaks the connection without a goodbye", &[]),
        Verb::new("garbage", "sends bytes that are no LLRP", &[]),
        Verb::new("truncate", "ends a report in its middle, and the connection", &[]),
        Verb::new("huge", "sends a header that claims almost 4 GiB", &[]),
        Verb::new(
            "drip",
            "sends everything in pieces: half frames, a slow line",
            &[
                Field::must("bytes", Shape::number(0, 65_535), "of a piece; 0 ends it"),
                Field::must("pause_ms", Shape::number(0, 10_000), "between two pieces"),
            ],
        ),
        Verb::new("silence", "stands still without a word", &[ON]),
        Verb::new("refuse", "turns clients away", &[ON]),
        Verb::new("rate", "changes the read rate", &[Field::must("rate", RATE, "tries a second")]),
        Verb::new("input", "sets an input: a beam, a button", &[PORT, ON]),
        Verb::new("antenna", "plugs an antenna in or out", &[PORT, ON]),
        Verb::new(
            "clock-skew",
            "makes its clock wrong",
            &[Field::must(
                "skew_us",
                Shape::number(i64::MIN, i64::MAX),
                "microseconds, negative is late",
            )],
        ),
        Verb::new("power-cycle", "power off and on: settings and held reports are lost", &[]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let default = LlrpOptions::default();
        let mut mac = default.mac;
        let serial: u16 = options.number("serial").unwrap_or(1);
        mac[6..].copy_from_slice(&serial.to_be_bytes());
        let options = LlrpOptions {
            bind: options.bind(),
            seed: options.number("seed").unwrap_or(default.seed),
            rate: options.number("rate").unwrap_or(default.rate),
            miss_percent: options.number("miss_percent").unwrap_or(default.miss_percent),
            ports: options.number("ports").unwrap_or(default.ports),
            mac,
            profile: options.text("profile").and_then(Profile::named).unwrap_or_default(),
            ..default
        };
        Ok(Arc::new(SimReader::start(options).await?) as Arc<dyn Simulated>)
    })
}

/// Words of four hex digits each, up to 31.
fn words(hex: &str) -> Option<Vec<u16>> {
    let fits = !hex.is_empty() && hex.len().is_multiple_of(4) && hex.len() <= 124;
    if !fits || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len() / 4).map(|at| u16::from_str_radix(&hex[4 * at..4 * at + 4], 16).ok()).collect()
}

impl Simulated for SimReader {
    fn at(&self) -> String {
        self.address().to_string()
    }

    fn seed(&self) -> Option<u64> {
        Some(Self::seed(self))
    }

    fn observe(&self) -> Value {
        let status = self.status().borrow().clone();
        json!({
            "connected": status.connected,
            "active": status.active,
            "rospecs": status.rospecs,
            "sessions": status.sessions,
            "refused": status.refused,
            "goodbyes": status.goodbyes,
            "tries": status.tries,
            "reads": status.reads,
            "waiting": status.waiting,
            "lost": status.lost,
            "keepalive_acks": status.keepalive_acks,
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let port = with.number("port").unwrap_or(0);
            let on = with.flag("on");
            match verb {
                "field" => self.set_field(with.tags("tags")),
                "clear" => self.clear_field(),
                "chip" => {
                    let hex = |name| with.text(name).and_then(words);
                    let (Some(epc), Some(tid)) = (hex("epc"), hex("tid")) else {
                        return Err(refuse("epc and tid are whole words in hex".to_owned()));
                    };
                    let epc: Vec<u8> = epc.iter().flat_map(|word| word.to_be_bytes()).collect();
                    let memory = self.memory(&epc);
                    self.set_memory(&epc, TagMemory { tid, ..memory });
                }
                "drop" => self.drop_connection(),
                "garbage" => self.garbage(),
                "truncate" => self.truncated_frame(),
                "huge" => self.huge_frame(),
                "drip" => {
                    let pause = Duration::from_millis(with.number("pause_ms").unwrap_or(0));
                    self.drip(with.number("bytes").unwrap_or(0), pause);
                }
                "silence" => self.silence(on),
                "refuse" => self.refuse(on),
                "rate" => self.set_rate(with.number("rate").unwrap_or(0)),
                "antenna" => self.set_antenna(port, on),
                "input" if self.set_input(port, on) => {}
                "input" => return Err(refuse(format!("no input {port}"))),
                "clock-skew" => self.set_clock_skew_us(with.number("skew_us").unwrap_or(0)),
                "power-cycle" => self.power_cycle().await?,
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("a reader can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        let seen = |status: &ReaderStatus| json!({ "connected": status.connected, "active": status.active });
        vec![tell.each(self.status(), "reader", seen)]
    }
}
