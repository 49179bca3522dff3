//! `kind = "uhf-reader"`: a UHF module on a pseudo-terminal, see [`crate::uhf`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, Field, Kind, ON, SEED, Shape, Simulated, Started, Teller, Verb, refuse,
};
use crate::uhf::{PROFILE_NAMES, PROFILES, SimUhf, UhfOptions, UhfTag};

/// How many bytes of noise stand before a frame.
const GARBAGE_BYTES: usize = 64;
/// Most frames in a row with a wrong check sum.
const WRONG_SUMS_MAX: i64 = 1_000;

pub(super) static KIND: Kind = Kind {
    name: "uhf-reader",
    about: "a UHF module on a pseudo-terminal",
    options: &[
        Field::may("path", Shape::Text, "the link to it; in a directory of its own without it"),
        Field::may("profile", Shape::OneOf(PROFILE_NAMES), "which module it is; r200 without it"),
        SEED,
        Field::may(
            "miss_percent",
            Shape::number(0, 100),
            "in how many of 100 rounds a tag is missed",
        ),
        Field::may("round_ms", Shape::number(1, 10_000), "milliseconds between two rounds"),
    ],
    actions: &[
        Verb::new(
            "field",
            "puts tags before the antenna",
            &[Field::must("tags", Shape::Tags, "all of them; those before are gone")],
        ),
        Verb::new("clear", "takes all tags away", &[]),
        Verb::new("garbage", "sends 64 bytes of noise before the next frame", &[]),
        Verb::new(
            "wrong-sums",
            "spoils the check sums of the next frames",
            &[Field::must("frames", Shape::number(0, WRONG_SUMS_MAX), "how many")],
        ),
        Verb::new(
            "truncate",
            "ends the next frame in its middle, and the cable is pulled there",
            &[],
        ),
        Verb::new("drip", "sends everything byte by byte", &[ON]),
        Verb::new("silence", "stands still without a word", &[ON]),
        Verb::new("unplug", "pulls the cable; the module loses its power", &[]),
        Verb::new("replug", "plugs it in again at the same path", &[]),
    ],
    quirks: PROFILE_NAMES,
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let wanted = options.text("profile").unwrap_or("r200");
        let found = PROFILES.into_iter().find(|(name, _)| *name == wanted);
        let (_, protocol) = found.ok_or_else(|| refuse(format!("no profile {wanted}")))?;
        let default = UhfOptions::new(protocol);
        let told = UhfOptions {
            seed: options.number("seed").unwrap_or(default.seed),
            miss_percent: options.number("miss_percent").unwrap_or(default.miss_percent),
            round_ms: options.number("round_ms").unwrap_or(default.round_ms),
            ..default
        };
        let module = match options.text("path") {
            Some(path) => SimUhf::start_at(told, Path::new(path))?,
            None => SimUhf::start(told)?,
        };
        Ok(Arc::new(module) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimUhf {
    fn at(&self) -> String {
        self.path().display().to_string()
    }

    fn observe(&self) -> Value {
        json!({ "plugged": self.is_plugged(), "commands": self.commands() })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        let on = with.flag("on");
        match verb {
            "field" => {
                let tag =
                    |tag: crate::llrp::SimTag| UhfTag { epc: tag.epc, rssi_dbm: tag.rssi_dbm };
                self.set_tags(with.tags("tags").into_iter().map(tag).collect());
            }
            "clear" => self.set_tags(Vec::new()),
            "garbage" => SimUhf::garbage(self, 1, GARBAGE_BYTES),
            "wrong-sums" => self.wrong_sums(with.number("frames").unwrap_or(0)),
            "truncate" => self.unplug_in_a_frame(),
            "drip" => SimUhf::drip(self, on),
            "silence" => self.mute(on),
            "unplug" => self.unplug(),
            "replug" => return Box::pin(std::future::ready(SimUhf::replug(self))),
            other => {
                let refused = Err(refuse(format!("a module can't {other}")));
                return Box::pin(std::future::ready(refused));
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
