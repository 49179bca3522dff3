//! Second factors: asked for by oneself, approved by another, used once, revoked at once; and postings
//! that a key confirms.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use common::{House, at, movement_id, posting, session_id};
use gatewarden_engine::{Command, Factor, FactorCheck, FactorUse, PinCheck, Reply, Settings};
use gatewarden_identity::{
    Passkey, Purpose, RelyingParty,
    webauthn::{
        Assertion, Base64Url, Registration, challenge, creation_options, request_options, subject,
        verify_registration,
    },
};
use gatewarden_model::{
    Actor, Body, Change, ChangeId, Confirmation, Hash, MovementKind, Posting, SecondFactor,
    canonical,
};
use gatewarden_simulators::authenticator::{Authenticator, Fault, KeyKind};
use serde_json::json;
use uuid::Uuid;

const PAGE: &str = "http://localhost:7070";
const MAX: u128 = 3;

/// A house in which `eva` approves and `max` has session 3.
fn house() -> House {
    let confirm_kinds = [MovementKind::Issue].into();
    let mut house = House::with(Settings {
        free_attempts: 100,
        step_up_ms: 300_000,
        confirm_kinds,
        ..common::settings()
    });
    house.enrol("eva", &["administrator"]);
    house.sign_in(990, None, "eva");
    house.sign_in(1, Some("dock-1"), "sam");
    house.sign_in(2, None, "sue");
    house.sign_in(MAX, None, "max");
    house.receive(9000, "10 BOLT-M8 20 in", "bolt*20");
    house.now = at(10);
    house
}

fn codes() -> SecondFactor {
    SecondFactor::Totp { id: Hash::of(b"codes"), step: 7 }
}

fn ask(n: u128, who: &str, factor: SecondFactor, by: Actor) -> Command {
    let change = Change::Factor { operator: who.parse().unwrap(), factor };
    Command::RequestChange { id: ChangeId(Uuid::from_u128(n)), change, reason: String::new(), by }
}

fn approve(n: u128, by: Actor) -> Command {
    let (id, reason) = (ChangeId(Uuid::from_u128(n)), String::new());
    Command::DecideChange { id, approve: true, reason, activation: None, mitigations: vec![], by }
}

fn add(house: &mut House, n: u128, who: &str, factor: SecondFactor) {
    let (own, eva) = (house.by(who), house.by("eva"));
    house.ok(ask(n, who, factor, own));
    house.ok(approve(n, eva));
}

fn rise(house: &mut House, factor: Factor, id: Hash, counter: u64) -> Result<u8, &'static str> {
    let proof = FactorCheck { factor, check: PinCheck::Right };
    let used = Some(FactorUse { id, counter });
    let session = session_id(MAX);
    match house.handle(Command::StepUp { session, proof, used }).answer {
        Ok(Reply::Session(session)) => Ok(session.auth_level),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

fn party() -> RelyingParty {
    RelyingParty::new("localhost", "Gate", &[PAGE]).unwrap()
}

/// A key that is registered as this factor.
fn key() -> (Authenticator, Passkey, SecondFactor) {
    let mut key = Authenticator::new(KeyKind::Es256, [3; 32]);
    let asked = challenge(Purpose::Register, [1; 32], subject(&["max"]));
    let options = creation_options(&party(), asked, &"max".parse().unwrap(), "Max", &[9; 32], &[]);
    let answer = key.create(&json!(options), PAGE, None).unwrap();
    let answer: Registration = serde_json::from_value(answer).unwrap();
    let passkey = verify_registration(&party(), &asked, &answer).unwrap();
    let record = serde_json::from_value(json!(passkey)).unwrap();
    let factor =
        SecondFactor::Passkey { id: passkey.digest(), name: "blue".to_owned(), key: record };
    (key, passkey, factor)
}

fn sign(
    key: &mut Authenticator,
    passkey: &Passkey,
    digest: Hash,
    fault: Option<Fault>,
) -> Confirmation {
    let nonce = Hash::of(b"fresh");
    let asked = challenge(Purpose::Confirm, nonce.0, digest);
    let options = json!(request_options(&party(), asked, std::slice::from_ref(passkey)));
    let answer: Assertion =
        serde_json::from_value(key.get(&options, PAGE, fault).unwrap()).unwrap();
    let text = |bytes: &Base64Url| bytes.to_string();
    Confirmation {
        factor: passkey.digest(),
        nonce,
        client_data: text(&answer.response.client_data_json),
        authenticator_data: text(&answer.response.authenticator_data),
        signature: text(&answer.response.signature),
    }
}

fn issue(n: u128) -> Posting {
    posting(n, MovementKind::Issue, &["1 BOLT-M8 5 wh1/dock @production/L1"])
}

fn digest(posting: &Posting) -> Hash {
    Hash::of(&canonical::encode(posting).unwrap())
}

#[test]
fn a_factor_is_asked_for_by_its_owner_and_approved_by_another() {
    let mut house = house();
    let (max, sue, eva) = (house.by("max"), house.by("sue"), house.by("eva"));
    assert_eq!(house.refused(ask(1, "max", codes(), sue)), "not-yours");
    assert_eq!(house.refused(ask(1, "max", codes(), eva.clone())), "not-yours");
    let shell = Actor::Local { uid: 0 };
    assert_eq!(house.refused(ask(1, "max", codes(), shell)), "not-yours");
    house.ok(ask(1, "max", codes(), max.clone()));
    assert_eq!(house.refused(approve(1, max.clone())), "denied", "he is no administrator");
    assert_eq!(rise(&mut house, Factor::Totp, codes().id(), 9), Err("sign-in-refused"));
    house.ok(approve(1, eva.clone()));
    assert_eq!(house.refused(ask(2, "max", codes(), max.clone())), "factor-invalid", "twice");

    // An administrator's own is approved by another one.
    let own = SecondFactor::Totp { id: Hash::of(b"of eva"), step: 7 };
    house.ok(ask(3, "eva", own, eva.clone()));
    assert_eq!(house.refused(approve(3, eva)), "denied");
    let adam = house.by("adam");
    house.ok(approve(3, adam));
    assert_eq!(house.judged(), [""; 0]);
    assert_eq!(house.restarted().state(), house.engine.state());
}

#[test]
fn what_was_used_counts_no_more_whatever_the_clock_says() {
    let mut house = house();
    add(&mut house, 1, "max", codes());
    let (_, passkey, factor) = key();
    add(&mut house, 2, "max", factor);
    assert_eq!(rise(&mut house, Factor::Totp, codes().id(), 100), Ok(3));
    let before = house.journal.len();
    assert_eq!(rise(&mut house, Factor::Totp, codes().id(), 101), Ok(3));
    let kinds = |e: &gatewarden_model::Entry| matches!(e.body, Body::FactorUsed { .. });
    assert!(kinds(&house.journal[before]), "the count is written before the level");
    for stale in [101, 100, 0] {
        assert_eq!(rise(&mut house, Factor::Totp, codes().id(), stale), Err("sign-in-refused"));
    }
    house.engine = house.restarted();
    assert_eq!(rise(&mut house, Factor::Totp, codes().id(), 101), Err("sign-in-refused"));
    // One kind is not taken for the other, nor somebody else's for one's own.
    assert_eq!(rise(&mut house, Factor::SecurityKey, codes().id(), 200), Err("sign-in-refused"));
    assert_eq!(rise(&mut house, Factor::SecurityKey, Hash::of(b"x"), 9), Err("sign-in-refused"));
    assert_eq!(rise(&mut house, Factor::SecurityKey, passkey.digest(), 9), Ok(4));
    assert_eq!(house.judged(), [""; 0]);
}

#[test]
fn who_leaves_has_no_factor_and_a_lost_one_ends_the_sessions() {
    let mut house = house();
    add(&mut house, 1, "max", codes());
    let (_, passkey, factor) = key();
    add(&mut house, 2, "max", factor);
    let max = house.by("max");
    let remove = |factor, reason: &str, by| Command::RemoveFactor {
        operator: "max".parse().unwrap(),
        factor,
        reason: reason.to_owned(),
        by,
    };
    let (sue, eva) = (house.by("sue"), house.by("eva"));
    assert_eq!(house.refused(remove(codes().id(), "lost", sue)), "denied");
    assert_eq!(house.refused(remove(codes().id(), "", max.clone())), "reason-missing");
    house.ok(remove(codes().id(), "another phone", max));
    assert!(house.engine.state().session(session_id(MAX)).is_some());
    house.ok(remove(passkey.digest(), "lost", eva));
    assert!(house.engine.state().session(session_id(MAX)).is_none(), "it may have raised it");
    house.sign_in(MAX + 1, None, "max");
    let again = SecondFactor::Totp { id: Hash::of(b"again"), step: 7 };
    add(&mut house, 3, "max", again);
    house.ok(Command::Remove { operator: "max".parse().unwrap(), by: house.by("adam") });
    assert_eq!(house.engine.state().factors(&"max".parse().unwrap()).count(), 0);
    assert_eq!(house.restarted().state(), house.engine.state());
    assert_eq!(house.judged(), [""; 0]);
}

#[test]
fn a_key_confirms_exactly_the_posting_that_it_signed() {
    let mut house = house();
    let (mut authenticator, passkey, factor) = key();
    add(&mut house, 1, "max", factor);
    for n in [1, 2] {
        let reserve = house.reserve(issue(n), "sue");
        house.ok(reserve);
    }
    let bare = house.post(1, "max");
    assert_eq!(house.refused(bare), "confirmation-needed");
    let post = |house: &House, n, confirmation| Command::PostReservation {
        reservation: movement_id(n),
        by: house.by("max"),
        confirmation: Some(confirmation),
    };
    let other = sign(&mut authenticator, &passkey, digest(&issue(2)), None);
    let wrong = post(&house, 1, other.clone());
    assert_eq!(house.refused(wrong), "confirmation-wrong", "it is of another posting");
    let forged = sign(&mut authenticator, &passkey, digest(&issue(1)), Some(Fault::OtherKey));
    let wrong = post(&house, 1, forged);
    assert_eq!(house.refused(wrong), "confirmation-wrong", "another key signed it");
    let right = sign(&mut authenticator, &passkey, digest(&issue(1)), None);
    let posted = post(&house, 1, right);
    house.ok(posted);
    let older = post(&house, 2, other);
    assert_eq!(house.refused(older), "confirmation-wrong", "the counter went back");
    assert_eq!(house.judged(), [""; 0]);

    // Whoever changes it in the journal is found.
    let spoil = |confirmation: &mut Confirmation| confirmation.nonce = Hash::of(b"other");
    let at = house.journal.iter().position(
        |e| matches!(&e.body, Body::Moved { movement, .. } if movement.confirmation.is_some()),
    );
    if let Body::Moved { movement, .. } = &mut house.journal[at.unwrap()].body {
        movement.confirmation.iter_mut().for_each(spoil);
    }
    let found = house.judged();
    assert!(
        matches!(&found[..], [one] if one.contains("its confirmation does not hold")),
        "{found:?}"
    );
}
