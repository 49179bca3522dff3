//! The task against tokio-modbus's server: signals, a cut connection, a mute module, contradictions,
//! inputs, garbage, stopping.

use std::{net::SocketAddr, sync::Arc, sync::Mutex, time::Duration};

use crate::bench::{Bench, STACK};
use gatewarden_modbus::{Lamps, Settings};
use gatewarden_model::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_modbus::{
    ExceptionCode, Request, Response,
    server::{
        Service,
        tcp::{Server, accept_tcp_connection},
    },
};

/// What the module does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    /// Takes requests and answers none.
    Mute,
    /// Says that it wrote, and does not.
    Stuck,
}

struct Module {
    manner: Mutex<Manner>,
    coils: watch::Sender<[bool; 4]>,
    inputs: Mutex<[bool; 2]>,
}

impl Service for Module {
    type Request = Request<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = std::future::Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let manner = *self.manner.lock().unwrap();
        std::future::ready(match manner {
            Manner::Mute => Ok(None),
            _ => self.answer(request, manner == Manner::Stuck).map(Some),
        })
    }
}

impl Module {
    fn answer(&self, request: Request<'static>, stuck: bool) -> Result<Response, ExceptionCode> {
        let cut = |bits: &[bool], start: u16, count: u16| {
            let (start, count) = (usize::from(start), usize::from(count));
            bits.get(start..start + count)
                .map(<[bool]>::to_vec)
                .ok_or(ExceptionCode::IllegalDataAddress)
        };
        match request {
            Request::WriteSingleCoil(coil, on) => {
                cut(&[false; 4], coil, 1)?;
                if !stuck {
                    self.coils.send_modify(|coils| coils[usize::from(coil)] = on);
                }
                Ok(Response::WriteSingleCoil(coil, on))
            }
            Request::ReadCoils(start, count) => {
                cut(&*self.coils.borrow(), start, count).map(Response::ReadCoils)
            }
            Request::ReadDiscreteInputs(start, count) => {
                cut(&*self.inputs.lock().unwrap(), start, count).map(Response::ReadDiscreteInputs)
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }

    /// Waits until the lamps [green, amber, red, buzzer] are so.
    async fn shows(&self, lamps: [bool; 4]) {
        let mut coils = self.coils.subscribe();
        timeout(Duration::from_secs(8), coils.wait_for(|c| *c == lamps)).await.unwrap().unwrap();
    }
}

const OFF: [bool; 4] = [false; 4];
const AMBER: [bool; 4] = [false, true, false, false];
const GREEN: [bool; 4] = [true, false, false, false];
const RED: [bool; 4] = [false, false, true, false];
const ALARM: [bool; 4] = [false, false, true, true];

struct Plugged {
    module: Arc<Module>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Plugged {
    async fn start() -> Self {
        let module = Arc::new(Module {
            manner: Mutex::new(Manner::Good),
            coils: watch::Sender::new([true; 4]),
            inputs: Mutex::new([false; 2]),
        });
        let (address, server) = serve("127.0.0.1:0".parse().unwrap(), module.clone()).await;
        Self { module, address, server }
    }

    fn be(&self, manner: Manner) {
        *self.module.manner.lock().unwrap() = manner;
    }

    /// Ends all connections and refuses new ones.
    async fn cut(&mut self) {
        self.server.abort();
        (&mut self.server).await.unwrap_err();
    }

    async fn come_back(&mut self) {
        self.server = serve(self.address, self.module.clone()).await.1;
    }
}

async fn serve(address: SocketAddr, module: Arc<Module>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let new_service = move |_| Ok(Some(module.clone()));
        let on_connected = |stream, peer| {
            let accepted = accept_tcp_connection(stream, peer, &new_service);
            std::future::ready(accepted)
        };
        Server::new(listener).serve(&on_connected, |_| {}).await.unwrap();
    });
    (address, task)
}

fn quick(address: SocketAddr) -> Settings {
    Settings {
        poll_ms: 20,
        input_poll_ms: 5,
        time_out_ms: 200,
        ..Settings::new(address.to_string(), STACK)
    }
}

#[tokio::test]
async fn every_signal_is_shown_and_the_stop_puts_the_lamps_out() {
    let plugged = Plugged::start().await;
    let mut bench = Bench::start(quick(plugged.address), Signal::Off);
    bench.expect(&["connecting 1", "up"]).await;
    plugged.module.shows(OFF).await;
    for (signal, lamps) in
        [(Signal::Busy, AMBER), (Signal::Go, GREEN), (Signal::Stop, RED), (Signal::Alarm, ALARM)]
    {
        bench.signals.send(signal).unwrap();
        plugged.module.shows(lamps).await;
    }
    bench.stop.cancel();
    bench.expect(&["stopped"]).await;
    assert_eq!(*plugged.module.coils.borrow(), OFF);
    bench.finish().await;
}

#[tokio::test]
async fn after_a_cut_connection_the_latest_signal_is_written_anew() {
    let mut plugged = Plugged::start().await;
    let mut bench = Bench::start(quick(plugged.address), Signal::Busy);
    bench.expect(&["connecting 1", "up"]).await;
    plugged.cut().await;
    bench.expect(&["down broke"]).await;
    bench.signals.send(Signal::Go).unwrap();
    plugged.module.coils.send_replace([true; 4]);
    bench.expect(&["connecting 2", "down failed to connect"]).await;
    plugged.come_back().await;
    bench.expect(&["connecting 3", "up"]).await;
    plugged.module.shows(GREEN).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_mute_module_is_down_and_recovers() {
    let plugged = Plugged::start().await;
    let mut bench = Bench::start(quick(plugged.address), Signal::Off);
    bench.expect(&["connecting 1", "up"]).await;
    plugged.be(Manner::Mute);
    bench.signals.send(Signal::Go).unwrap();
    bench.expect(&["down no answer"]).await;
    plugged.be(Manner::Good);
    bench.expect(&["connecting 2", "up"]).await;
    plugged.module.shows(GREEN).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_green_that_is_not_lit_is_down() {
    let plugged = Plugged::start().await;
    let mut bench = Bench::start(quick(plugged.address), Signal::Off);
    bench.expect(&["connecting 1", "up"]).await;
    plugged.be(Manner::Stuck);
    bench.signals.send(Signal::Go).unwrap();
    bench.expect(&["down coil 0 is off"]).await;
    plugged.be(Manner::Good);
    bench.expect(&["connecting 2", "up"]).await;
    // Somebody else switches the red lamp on: told, then put right.
    plugged.module.coils.send_modify(|coils| coils[2] = true);
    bench.expect(&["down coil 2 is on", "connecting 3", "up"]).await;
    plugged.module.shows(GREEN).await;
    bench.finish().await;
}

#[tokio::test]
async fn a_wrong_coil_number_is_named() {
    let plugged = Plugged::start().await;
    let coils = Lamps { green: Some(77), ..Lamps::default() };
    let mut bench = Bench::start(Settings { coils, ..quick(plugged.address) }, Signal::Off);
    bench.expect(&["connecting 1", "down refused writing coil 77"]).await;
    bench.finish().await;
}

#[tokio::test]
async fn inputs_are_told_and_an_outage_is_a_gap() {
    let mut plugged = Plugged::start().await;
    let settings =
        Settings { inputs: vec![0, 1], coils: Lamps::default(), ..quick(plugged.address) };
    let mut bench = Bench::start(settings, Signal::Off);
    bench.expect(&["connecting 1", "up", "input 0 off", "input 1 off"]).await;
    plugged.module.inputs.lock().unwrap()[1] = true;
    bench.expect(&["input 1 on"]).await;
    plugged.cut().await;
    bench.expect(&["down broke"]).await;
    plugged.module.inputs.lock().unwrap()[1] = false;
    plugged.come_back().await;
    bench.expect(&["connecting 2", "gap the inputs could not be read", "up", "input 1 off"]).await;
    bench.finish().await;
}

/// Answers of every kind of nonsense, from a printed seed, never panic and never count as shown.
#[tokio::test]
async fn garbage_never_panics_and_never_confirms() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut random = 0x5eed_u64;
        let mut next = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 56) as u8
        };
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0u8; 260];
            let n = stream.read(&mut request).await.unwrap_or(0);
            if n < 8 {
                continue;
            }
            // The request's header, so that the decoder looks at the rest.
            let length = next() % 12;
            let mut answer = request[..4].to_vec();
            answer.extend([0, length, request[6], request[7]]);
            answer.extend((0..length).map(|_| next()));
            stream.write_all(&answer).await.ok();
        }
    });
    for round in 0..40 {
        let coils = if round % 2 == 0 { STACK } else { Lamps::default() };
        let inputs = if round % 2 == 0 { vec![] } else { (0..40).collect() };
        let settings = Settings { coils, inputs, ..quick(address) };
        let mut bench = Bench::start(Settings { time_out_ms: 20, ..settings }, Signal::Off);
        assert_eq!(bench.next().await, "connecting 1");
        let second = bench.next().await;
        assert!(round % 2 == 1 || second.starts_with("down"), "round {round}: {second}");
        bench.finish().await;
    }
    server.abort();
}
