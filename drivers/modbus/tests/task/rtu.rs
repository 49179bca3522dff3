//! Modbus RTU over a pty: several units on one line, one of them dead, one that answers garbage first.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use gatewarden_modbus::{Line, Settings};
use gatewarden_model::Signal;
use nix::{
    pty::openpty,
    sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
};

use crate::bench::{Bench, STACK};

/// The check sum of Modbus over serial line 1.02, 6.2.2, least significant byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let crc = bytes.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    });
    crc.to_le_bytes()
}

type Coils = Arc<Mutex<[[bool; 8]; 4]>>;

/// Units 1 and 3 live, all others are dead; the first answer of all is garbage.
struct Slaves {
    path: PathBuf,
    coils: Coils,
    _slave: OwnedFd,
}

fn raw_pty() -> (File, OwnedFd, PathBuf) {
    let pty = openpty(None, None).unwrap();
    let mut termios = tcgetattr(&pty.slave).unwrap();
    cfmakeraw(&mut termios);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &termios).unwrap();
    let path = nix::unistd::ttyname(&pty.slave).unwrap();
    (File::from(pty.master), pty.slave, path)
}

/// Two serial ports with a cable between them; the ends are held open so that they stay raw.
pub(crate) struct Cable {
    pub ends: [PathBuf; 2],
    _held: [OwnedFd; 2],
}

impl Cable {
    pub(crate) fn new() -> Self {
        let (one, held_one, path_one) = raw_pty();
        let (other, held_other, path_other) = raw_pty();
        for (mut from, mut to) in
            [(one.try_clone().unwrap(), other.try_clone().unwrap()), (other, one)]
        {
            // Ends when an end is closed for good.
            std::thread::spawn(move || std::io::copy(&mut from, &mut to).ok());
        }
        Self { ends: [path_one, path_other], _held: [held_one, held_other] }
    }
}

fn slaves(garbage: usize) -> Slaves {
    let (master, slave, path) = raw_pty();
    let coils = Coils::default();
    let served = coils.clone();
    std::thread::spawn(move || serve(master, &served, garbage));
    Slaves { path, coils, _slave: slave }
}

fn serve(mut line: File, coils: &Coils, mut garbage: usize) {
    // Every request of functions 1, 2 and 5 has eight bytes.
    let mut request = [0; 8];
    while line.read_exact(&mut request).is_ok() {
        assert_eq!(crc(&request[..6]), request[6..], "a frame of eight bytes");
        let unit = usize::from(request[0]);
        if ![1, 3].contains(&unit) {
            continue;
        }
        if garbage > 0 {
            garbage -= 1;
            line.write_all(&[request[0], request[1], 1, 0xFF, 0, 0]).unwrap();
            continue;
        }
        let mut coils = coils.lock().unwrap();
        let mut answer = request[..2].to_vec();
        let start = usize::from(request[3]);
        match request[1] {
            1 => {
                let count = usize::from(request[5]);
                let bits =
                    (0..count).fold(0, |bits, i| bits | u8::from(coils[unit][start + i]) << i);
                answer.extend([1, bits]);
            }
            5 => {
                coils[unit][start] = request[4] == 0xFF;
                answer.extend(&request[2..6]);
            }
            function => panic!("function {function}"),
        }
        let sum = crc(&answer);
        answer.extend(sum);
        line.write_all(&answer).unwrap();
    }
}

fn unit(slaves: &Slaves, unit: u8) -> Settings {
    let line = Some(Line { path: slaves.path.clone(), baud: 115_200 });
    // The words in `address` are only told; the tests' bench wants to see a local one.
    let settings = Settings::new("127.0.0.1:rtu", STACK);
    Settings { unit, line, time_out_ms: 150, poll_ms: 50, ..settings }
}

#[tokio::test]
async fn a_dead_unit_starves_no_other_on_its_line() {
    let slaves = slaves(0);
    let mut dead = Bench::start(unit(&slaves, 2), Signal::Off);
    let mut one = Bench::start(unit(&slaves, 1), Signal::Go);
    let mut three = Bench::start(unit(&slaves, 3), Signal::Stop);
    one.expect(&["connecting 1", "up"]).await;
    three.expect(&["connecting 1", "up"]).await;
    dead.expect(&["connecting 1", "down no answer", "connecting 2"]).await;
    let coils = *slaves.coils.lock().unwrap();
    assert!(coils[1][0] && !coils[1][2] && coils[3][2] && !coils[3][0]);
    for bench in [one, three] {
        bench.finish().await;
    }
    dead.finish().await;
    let coils = *slaves.coils.lock().unwrap();
    assert_eq!(coils, [[false; 8]; 4], "the lamps of those that live went out at the end");
}

#[tokio::test]
async fn garbage_on_the_line_is_a_down_and_then_the_latest_signal_is_shown() {
    let slaves = slaves(1);
    let mut bench = Bench::start(unit(&slaves, 1), Signal::Go);
    assert_eq!(bench.next().await, "connecting 1");
    let down = bench.next().await;
    assert!(down.starts_with("down"), "{down}");
    bench.expect(&["connecting 2", "up"]).await;
    assert!(slaves.coils.lock().unwrap()[1][0]);
    bench.finish().await;
}
