//! Passkeys and one-time codes against programs that we did not write: Yubico's python-fido2 as the
//! relying party of our software key, a key made of its structures and `cryptography` for our
//! verifier, and pyotp as the app.
//!
//! `GATEWARDEN_PEERS` names a Python venv with both; `tests/run` makes it. Without it there is no peer
//! to test against, and the tests say so.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use gatewarden_identity::{
    totp::{Algorithm, STEP_S, Totp, step_at},
    webauthn::{
        Assertion, Challenge, Passkey, Purpose, Registration, RelyingParty, UserHandle, challenge,
        creation_options, request_options, subject, user_handle, verify_assertion,
        verify_registration,
    },
};
use gatewarden_model::{OperatorId, Stamp};
use gatewarden_simulators::authenticator::{Attestation, Authenticator, Fault, KeyKind};
use serde_json::{Value, json};

const RP: &str = "gate.example";
const ORIGIN: &str = "https://gate.example";

/// The peer's process; it ends with the test.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    fn start() -> Option<Self> {
        let Some(venv) = std::env::var_os("GATEWARDEN_PEERS").map(PathBuf::from) else {
            eprintln!(
                "skipped: GATEWARDEN_PEERS names no venv with fido2 and pyotp (tests/run makes one)"
            );
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/identity_peer.py");
        let mut child = Command::new(venv.join("bin/python"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, input, output: BufReader::new(output) })
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.input, "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the peer died: are fido2 and pyotp in its venv?");
        serde_json::from_str(&line).unwrap()
    }

    fn must(&mut self, request: &Value) -> Value {
        let answer = self.ask(request);
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }
}

fn party() -> RelyingParty {
    RelyingParty::new(RP, "Gate", &[ORIGIN]).unwrap()
}

fn anna() -> OperatorId {
    OperatorId::parse("anna").unwrap()
}

fn handle() -> UserHandle {
    user_handle(&[8; 32], &anna())
}

fn question(purpose: Purpose) -> Challenge {
    challenge(purpose, [5; 32], subject(&["anna"]))
}

fn create_options() -> Value {
    let asked = question(Purpose::Register);
    serde_json::to_value(creation_options(&party(), asked, &anna(), "Anna Kos", &handle(), &[]))
        .unwrap()
}

fn get_options(passkey: &Passkey) -> Value {
    let asked = question(Purpose::SignIn);
    let options = request_options(&party(), asked, std::slice::from_ref(passkey));
    serde_json::to_value(options).unwrap()
}

/// Our verdicts on answers.
fn registered(answer: Value) -> Option<Passkey> {
    let answer: Registration = serde_json::from_value(answer).unwrap();
    verify_registration(&party(), &question(Purpose::Register), &answer).ok()
}

fn asserted(passkey: &Passkey, answer: Value) -> bool {
    let answer: Assertion = serde_json::from_value(answer).unwrap();
    verify_assertion(&party(), &question(Purpose::SignIn), passkey, &handle(), &answer).is_ok()
}

/// Faults that python-fido2 looks for; frames, backup flags, counters and handles it leaves to its user.
const ITS_FAULTS: [Fault; 9] = [
    Fault::WrongOrigin,
    Fault::WrongRpId,
    Fault::WrongType,
    Fault::WrongChallenge,
    Fault::NotPresent,
    Fault::NotVerified,
    Fault::OtherKey,
    Fault::TamperedData,
    Fault::TamperedClient,
];

#[test]
fn yubico_s_server_judges_our_key_as_we_do() {
    let Some(mut peer) = Peer::start() else { return };
    for kind in [KeyKind::Es256, KeyKind::Eddsa] {
        for attestation in [Attestation::None, Attestation::SelfSigned] {
            let mut key = Authenticator::new(kind, [3; 32]);
            key.attestation = attestation;
            let ask = |answer: &Value| {
                json!({"op": "verify_registration", "rp": RP, "origin": ORIGIN, "answer": answer,
                       "challenge": question(Purpose::Register)})
            };
            let answer = key.create(&create_options(), ORIGIN, None).unwrap();
            let credential = peer.must(&ask(&answer))["credential"].clone();
            let passkey = registered(answer).unwrap();
            for fault in ITS_FAULTS {
                let mut key = Authenticator::new(kind, [4; 32]);
                key.attestation = Attestation::SelfSigned;
                let answer = key.create(&create_options(), ORIGIN, Some(fault)).unwrap();
                assert_eq!(peer.ask(&ask(&answer))["ok"], false, "{fault:?}");
                assert!(registered(answer).is_none(), "{fault:?}");
            }
            let faults = ITS_FAULTS.into_iter().chain([Fault::WrongId]).map(Some);
            for fault in std::iter::once(None).chain(faults) {
                let answer = key.get(&get_options(&passkey), ORIGIN, fault).unwrap();
                let verdict = peer.ask(&json!({
                    "op": "verify_assertion", "rp": RP, "origin": ORIGIN, "answer": answer,
                    "challenge": question(Purpose::SignIn), "credential": credential,
                }));
                assert_eq!(verdict["ok"], fault.is_none(), "{fault:?} {verdict}");
                assert_eq!(asserted(&passkey, answer), fault.is_none(), "{fault:?}");
            }
        }
    }
}

#[test]
fn we_judge_a_foreign_key_as_yubico_s_server_does() {
    let Some(mut peer) = Peer::start() else { return };
    for (alg, packed, extensions) in
        [(-7, false, false), (-7, true, true), (-8, false, true), (-8, true, false)]
    {
        let create = |fault: Option<&str>| {
            json!({"op": "create", "options": create_options(), "origin": ORIGIN, "alg": alg,
                   "packed": packed || fault == Some("key"), "extensions": extensions, "fault": fault})
        };
        let answer = peer.must(&create(None))["answer"].clone();
        let judged = peer.must(&json!({"op": "verify_registration", "rp": RP, "origin": ORIGIN,
            "answer": answer, "challenge": question(Purpose::Register)}));
        let mut passkey = registered(answer).unwrap();
        assert_eq!(judged["count"], passkey.sign_count);
        let both = ["origin", "rp", "type", "challenge", "presence", "verification", "key"];
        for fault in both {
            let answer = peer.must(&create(Some(fault)))["answer"].clone();
            let verdict = peer
                .ask(&json!({"op": "verify_registration", "rp": RP, "origin": ORIGIN,
                "answer": answer, "challenge": question(Purpose::Register)}));
            assert_eq!(verdict["ok"], false, "{fault}");
            assert!(registered(answer).is_none(), "{fault}");
        }
        // It keeps no counter and judges no frame: there we are stricter. The counter stands still
        // right after it was taken over.
        let ours = ["counter", "cross-origin"];
        let all = ours.into_iter().chain(both).chain(["data"]).map(Some);
        for fault in std::iter::once(None).chain(all) {
            let ask = json!({"op": "get", "options": get_options(&passkey), "origin": ORIGIN,
                             "fault": fault});
            let answer = peer.must(&ask)["answer"].clone();
            let verdict = peer.ask(&json!({
                "op": "verify_assertion", "rp": RP, "origin": ORIGIN, "answer": answer,
                "challenge": question(Purpose::SignIn), "credential": judged["credential"],
            }));
            let stricter = fault.is_some_and(|f| ours.contains(&f));
            assert_eq!(verdict["ok"], fault.is_none() || stricter, "{fault:?} {verdict}");
            let read: Assertion = serde_json::from_value(answer).unwrap();
            let asked = question(Purpose::SignIn);
            let verdict = verify_assertion(&party(), &asked, &passkey, &handle(), &read);
            assert_eq!(verdict.is_ok(), fault.is_none(), "{fault:?}");
            if let Ok(asserted) = verdict {
                passkey.update(&asserted);
            }
        }
    }
}

#[test]
fn pyotp_shows_the_codes_that_we_take() {
    let Some(mut peer) = Peer::start() else { return };
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
        let totp = Totp::new(*b"\x00\x01\xFE\xFFgatewarden+/=?\x80\x7F", algorithm);
        let uri = totp.uri("Gate & Łódź", "anna@dock-1");
        for second in [0i64, 29, 30, 59, 1_111_111_109, 1_790_000_000, 4_102_444_800] {
            let shown = peer.must(&json!({"op": "totp", "uri": uri, "at": second}));
            let now = Stamp {
                boot: uuid::Uuid::nil(),
                mono_us: 0,
                wall_us: second * 1_000_000,
                synced: true,
            };
            let step = second.unsigned_abs() / STEP_S;
            assert_eq!(step_at(&now), Some(step));
            let code = shown["code"].as_str().unwrap();
            assert_eq!(code, totp.code(step));
            assert!(totp.verify(code, &now, None).is_ok());
            assert_eq!(shown["issuer"], "Gate & Łódź");
            assert_eq!(shown["name"], "anna@dock-1");
        }
    }
}
