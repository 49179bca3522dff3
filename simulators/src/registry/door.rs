//! `kind = "door"`: passes of [`crate::portal`] before a reader and the inputs of a module: tags come
//! and go at the reader's antennas 1 to 4 (1, 2 outside) as they would while a pallet moves, the two
//! beams break in their order, and the truth is told as an event.
//!
//! A pass is played in frames of [`FRAME_US`]: what the model says was read in a frame stands before the
//! reader during it, at the strength it was read. The losses are the model's, so the reader should lose
//! nothing itself: `rate = 2000`, `miss_percent = 0`. Absent: phase, the TID of a tag.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{
    Actor, Arguments, Field, Kind, SEED, Shape, Simulated, Started, Teller, Verb, named, refuse,
};
use crate::door::lock;
use crate::portal::{Fate, Plot, Report, Scene, SceneOptions, Way, scene};

/// How long a frame is, by the clock of the scene.
const FRAME_US: u64 = 100_000;
/// How many seeds are tried for a pass of the wanted kind.
const SEEDS_TRIED_MAX: u64 = 10_000;
/// How many passes are remembered.
const PASSES_MAX: usize = 1_000;

const PLOTS: &[&str] = &[
    "straight",
    "stops",
    "turns-back",
    "tandem",
    "crossing",
    "puts-down",
    "reversing",
    "empty",
    "elsewhere",
];

pub(super) static KIND: Kind = Kind {
    name: "door",
    about: "moving tags and beams of a portal, before a reader and a module further up",
    options: &[
        Field::must(
            "reader",
            Shape::Device(&["field", "clear"]),
            "with antennas 1, 2 outside, 3, 4 inside",
        ),
        Field::may("beams", Shape::Device(&["input"]), "whose inputs the beams are"),
        Field::may("outer", Shape::number(0, 65_535), "the input of the outer beam; 0 without it"),
        Field::may("inner", Shape::number(0, 65_535), "the input of the inner beam; 1 without it"),
        SEED,
    ],
    actions: &[
        Verb::new(
            "pass",
            "something goes through, or does not",
            &[
                Field::may("plot", Shape::OneOf(PLOTS), "what happens; drawn without it"),
                Field::may("way", Shape::OneOf(&["in", "out"]), "which way; drawn without it"),
                Field::may(
                    "strays",
                    Shape::Flag,
                    "whether tags of elsewhere are read; drawn without it",
                ),
                Field::may(
                    "clone",
                    Shape::Flag,
                    "a copy of a tag that moves stands at antenna 1 all along",
                ),
                Field::may("pieces", Shape::number(1, 60), "tags of what moves; drawn without it"),
                Field::may(
                    "speed",
                    Shape::number(1, 100),
                    "how many times faster than in life; 1 without it",
                ),
            ],
        ),
        Verb::new("stop", "breaks a pass off", &[]),
    ],
    quirks: &[],
    start,
};

struct Doorway {
    reader: Arc<dyn Simulated>,
    beams: Option<Arc<dyn Simulated>>,
    inputs: [u16; 2],
    seed: u64,
    state: Arc<Mutex<Passes>>,
    playing: Mutex<JoinSet<()>>,
    tell: Teller,
}

#[derive(Default)]
struct Passes {
    drawn: u64,
    under_way: bool,
    done: u64,
    truths: Vec<Value>,
}

fn start<'a>(options: &'a Arguments, actors: &'a [Actor], tell: Teller) -> Started<'a> {
    Box::pin(async move {
        let device = |key| options.text(key).map(|name| named(actors, name)).transpose();
        let doorway = Doorway {
            reader: device("reader")?.ok_or_else(|| refuse("a door needs a reader"))?,
            beams: device("beams")?,
            inputs: [options.number("outer").unwrap_or(0), options.number("inner").unwrap_or(1)],
            seed: options.number("seed").unwrap_or(1),
            state: Arc::default(),
            playing: Mutex::default(),
            tell,
        };
        Ok(Arc::new(doorway) as Arc<dyn Simulated>)
    })
}

impl Simulated for Doorway {
    fn at(&self) -> String {
        self.reader.at()
    }

    fn seed(&self) -> Option<u64> {
        Some(self.seed)
    }

    /// `under_way`, `done` and the truth of each pass so far.
    fn observe(&self) -> Value {
        let state = lock(&self.state);
        json!({ "under_way": state.under_way, "done": state.done, "passes": state.truths })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            match verb {
                "pass" => self.pass(with),
                "stop" => {
                    lock(&self.playing).abort_all();
                    lock(&self.state).under_way = false;
                    self.reader.act("clear", &Arguments::default()).await
                }
                other => Err(refuse(format!("a door can't {other}"))),
            }
        })
    }
}

impl Doorway {
    fn pass(&self, with: &Arguments) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.under_way {
            return Err(refuse("a pass is under way: wait for its end, or stop it"));
        }
        let from = self.seed.wrapping_add(state.drawn);
        let options = SceneOptions {
            beams: self.beams.is_some(),
            pieces: with.number("pieces"),
            ..SceneOptions::default()
        };
        let (tried, scene) = (0..SEEDS_TRIED_MAX)
            .map(|tried| (tried, scene(from.wrapping_add(tried), options)))
            .find(|(_, scene)| wanted(scene, with))
            .ok_or_else(|| refuse(format!("none of {SEEDS_TRIED_MAX} passes is like that")))?;
        state.drawn += tried + 1;
        state.under_way = true;
        let truth = truth(&scene);
        if state.truths.len() < PASSES_MAX {
            state.truths.push(truth.clone());
        }
        self.tell.tell("pass", &truth);
        let play = Play {
            frames: frames(&scene, with.flag("clone")),
            reader: Arc::clone(&self.reader),
            beams: self.beams.clone(),
            inputs: self.inputs,
            speed: with.number("speed").unwrap_or(1),
        };
        let (tell, passes) = (self.tell.clone(), Arc::clone(&self.state));
        let mut playing = lock(&self.playing);
        while playing.try_join_next().is_some() {}
        playing.spawn(async move {
            if let Err(error) = play.run().await {
                tell.tell("pass-broken", &json!(error.to_string()));
            }
            let mut passes = lock(&passes);
            passes.under_way = false;
            passes.done += 1;
            tell.tell("pass-over", &truth["seed"]);
        });
        Ok(())
    }
}

fn wanted(scene: &Scene, with: &Arguments) -> bool {
    let plot = with.text("plot").is_none_or(|plot| plot == spelt(scene.plot));
    let way = with.text("way").is_none_or(|way| {
        scene.fates.iter().find_map(|fate| match fate {
            Fate::Moved(moved) => Some((*moved == Way::In) == (way == "in")),
            _ => None,
        }) == Some(true)
    });
    let strays = !with.has("strays") || scene.fates.contains(&Fate::Stray) == with.flag("strays");
    plot && way && strays
}

fn spelt(plot: Plot) -> &'static str {
    match plot {
        Plot::Straight => "straight",
        Plot::Stops => "stops",
        Plot::TurnsBack => "turns-back",
        Plot::Tandem => "tandem",
        Plot::Crossing => "crossing",
        Plot::PutsDown => "puts-down",
        Plot::Reversing => "reversing",
        Plot::Empty => "empty",
        Plot::Elsewhere => "elsewhere",
    }
}

/// What really happens: the tags by their fate, `in`, `out`, `turned_back` and `strays`.
fn truth(scene: &Scene) -> Value {
    let of = |wanted: Fate| {
        let tags = scene.fates.iter().enumerate().filter(|(_, fate)| **fate == wanted);
        tags.map(|(tag, _)| Value::from(hex(&scene.epc(tag)))).collect::<Value>()
    };
    json!({
        "seed": scene.seed,
        "plot": spelt(scene.plot),
        "in": of(Fate::Moved(Way::In)),
        "out": of(Fate::Moved(Way::Out)),
        "turned_back": of(Fate::TurnedBack),
        "strays": of(Fate::Stray),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[derive(Default)]
struct Frame {
    /// The strongest read of a tag at an antenna, in dBm.
    reads: BTreeMap<(u16, usize), i16>,
    /// When, by the clock of the scene; outer or inner; broken or free.
    beams: Vec<(u64, usize, bool)>,
    field: Value,
}

fn frames(scene: &Scene, clone: bool) -> Vec<Frame> {
    let mut frames: BTreeMap<u64, Frame> = BTreeMap::new();
    for report in &scene.reports {
        let frame = frames.entry(report.at_us() / FRAME_US).or_default();
        match *report {
            Report::Read { tag, antenna, rssi_cdbm, .. } => {
                let dbm = (rssi_cdbm / 100).clamp(-128, 127);
                let best = frame.reads.entry((antenna, tag)).or_insert(dbm);
                *best = dbm.max(*best);
            }
            Report::Beam { at_us, outer, broken } => {
                frame.beams.push((at_us, usize::from(!outer), broken));
            }
        }
    }
    let moved = scene.fates.iter().position(|fate| matches!(fate, Fate::Moved(_)));
    let copy = moved.filter(|_| clone);
    let last = frames.keys().last().copied().unwrap_or(0);
    let mut all: Vec<Frame> = (0..=last).map(|at| frames.remove(&at).unwrap_or_default()).collect();
    for frame in &mut all {
        if let Some(tag) = copy {
            frame.reads.entry((1, tag)).or_insert(-52);
        }
        let tag = |(&(antenna, tag), &dbm): (&(u16, usize), &i16)| json!({ "epc": hex(&scene.epc(tag)), "antenna": antenna, "rssi_dbm": dbm });
        frame.field = frame.reads.iter().map(tag).collect();
    }
    all
}

struct Play {
    frames: Vec<Frame>,
    reader: Arc<dyn Simulated>,
    beams: Option<Arc<dyn Simulated>>,
    inputs: [u16; 2],
    speed: u64,
}

impl Play {
    async fn run(&self) -> io::Result<()> {
        let start = Instant::now();
        let at = |us: u64| start + Duration::from_micros(us / self.speed.max(1));
        for (number, frame) in (0u64..).zip(&self.frames) {
            sleep_until(at(number * FRAME_US)).await;
            self.reader.act("field", &Arguments::of(json!({ "tags": frame.field }))).await?;
            let Some(beams) = &self.beams else { continue };
            for (at_us, which, broken) in &frame.beams {
                sleep_until(at(*at_us)).await;
                let input = json!({ "port": self.inputs[*which], "on": broken });
                beams.act("input", &Arguments::of(input)).await?;
            }
        }
        sleep_until(at(self.frames.len() as u64 * FRAME_US)).await;
        self.reader.act("clear", &Arguments::default()).await
    }
}
