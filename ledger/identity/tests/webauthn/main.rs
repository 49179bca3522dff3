//! Passkeys through the public door: a software key registers and answers, and every way of spoiling
//! an answer is refused with its own error.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_identity::webauthn::{
    Algorithm, Assertion, Base64Url, Challenge, Passkey, Purpose, Registration, RelyingParty,
    UserHandle, WebauthnError as E, challenge, creation_options, request_options, subject,
    user_handle, verify_assertion, verify_registration,
};
use gatewarden_model::{Hash, OperatorId};
use gatewarden_simulators::authenticator::{
    Attestation, Authenticator, AuthenticatorError, Fault, KeyKind,
};
use serde_json::Value;

mod forms;
mod mutations;

const ORIGIN: &str = "https://gate.example";
const KINDS: [KeyKind; 2] = [KeyKind::Es256, KeyKind::Eddsa];

fn party() -> RelyingParty {
    RelyingParty::new("gate.example", "Gate", &[ORIGIN]).unwrap()
}

fn anna() -> OperatorId {
    OperatorId::parse("anna").unwrap()
}

fn handle() -> UserHandle {
    user_handle(&[8; 32], &anna())
}

fn question(purpose: Purpose, nonce: u8) -> Challenge {
    challenge(purpose, [nonce; 32], subject(&["anna", "dock-1"]))
}

/// The answer to a registration, or what the browser says.
fn create(
    key: &mut Authenticator,
    asked: Challenge,
    known: &[Passkey],
    fault: Option<Fault>,
) -> Result<Registration, AuthenticatorError> {
    let options = creation_options(&party(), asked, &anna(), "Anna Kos", &handle(), known);
    let answer = key.create(&serde_json::to_value(options).unwrap(), ORIGIN, fault)?;
    Ok(serde_json::from_value(answer).unwrap())
}

fn register(key: &mut Authenticator, fault: Option<Fault>) -> Result<Passkey, E> {
    let asked = question(Purpose::Register, 1);
    verify_registration(&party(), &asked, &create(key, asked, &[], fault).unwrap())
}

fn get(
    key: &mut Authenticator,
    asked: Challenge,
    passkey: &Passkey,
    fault: Option<Fault>,
) -> Value {
    let options = request_options(&party(), asked, std::slice::from_ref(passkey));
    key.get(&serde_json::to_value(options).unwrap(), ORIGIN, fault).unwrap()
}

fn verify(passkey: &Passkey, asked: Challenge, answer: Value) -> Result<u32, E> {
    let answer: Assertion = serde_json::from_value(answer).unwrap();
    verify_assertion(&party(), &asked, passkey, &handle(), &answer).map(|a| a.sign_count)
}

#[test]
fn a_key_registers_and_answers() {
    for (kind, algorithm) in KINDS.into_iter().zip(Algorithm::ALL) {
        for attestation in [Attestation::None, Attestation::SelfSigned] {
            let mut key = Authenticator::new(kind, [7; 32]);
            key.attestation = attestation;
            let mut passkey = register(&mut key, None).unwrap();
            assert_eq!((passkey.algorithm, passkey.sign_count), (algorithm, 1));
            assert_eq!(passkey.transports, ["nfc", "usb"]);
            assert!(!passkey.backup_eligible && !passkey.backed_up);
            let text = serde_json::to_string(&passkey).unwrap();
            assert_eq!(serde_json::from_str::<Passkey>(&text).unwrap(), passkey);
            for count in 2..5 {
                let asked = question(Purpose::SignIn, 2);
                let answer = get(&mut key, asked, &passkey, None);
                let answer: Assertion = serde_json::from_value(answer).unwrap();
                let asserted = verify_assertion(&party(), &asked, &passkey, &handle(), &answer);
                passkey.update(&asserted.unwrap());
                assert_eq!(passkey.sign_count, count);
                let again = verify_assertion(&party(), &asked, &passkey, &handle(), &answer);
                assert_eq!(again, Err(E::Cloned { stored: count, got: count }), "a replay");
            }
        }
    }
}

#[test]
fn every_fault_of_a_registration_is_refused() {
    for kind in KINDS {
        for fault in Fault::ALL {
            let mut key = Authenticator::new(kind, [7; 32]);
            key.attestation = Attestation::SelfSigned;
            let verdict = register(&mut key, Some(fault));
            let refused = |error: E| assert_eq!(verdict, Err(error), "{fault:?}");
            match fault {
                Fault::WrongOrigin => {
                    refused(E::WrongOrigin { got: "https://evil.example".into() })
                }
                Fault::CrossOrigin => refused(E::CrossOrigin),
                Fault::WrongRpId => refused(E::WrongRpId),
                Fault::WrongType => {
                    refused(E::WrongType { got: "webauthn.get".into(), wanted: "webauthn.create" })
                }
                Fault::WrongChallenge => refused(E::WrongChallenge),
                Fault::NotPresent => refused(E::NotPresent),
                Fault::NotVerified => refused(E::NotVerified),
                Fault::BackupFlags => refused(E::BackupFlags),
                Fault::OtherKey | Fault::TamperedData | Fault::TamperedClient => {
                    refused(E::BadAttestation);
                }
                Fault::WrongId => refused(E::WrongCredential),
                // A first counter may be anything, and no user handle comes back.
                Fault::CounterBack | Fault::WrongUser => assert!(verdict.is_ok(), "{fault:?}"),
            }
        }
    }
}

#[test]
fn every_fault_of_an_assertion_is_refused() {
    for kind in KINDS {
        for fault in Fault::ALL {
            let mut key = Authenticator::new(kind, [7; 32]);
            let passkey = register(&mut key, None).unwrap();
            let asked = question(Purpose::SignIn, 2);
            let verdict = verify(&passkey, asked, get(&mut key, asked, &passkey, Some(fault)));
            let wrong_type = E::WrongType { got: "webauthn.create".into(), wanted: "webauthn.get" };
            let error = match fault {
                Fault::WrongOrigin => E::WrongOrigin { got: "https://evil.example".into() },
                Fault::CrossOrigin => E::CrossOrigin,
                Fault::WrongRpId => E::WrongRpId,
                Fault::WrongType => wrong_type,
                Fault::WrongChallenge => E::WrongChallenge,
                Fault::NotPresent => E::NotPresent,
                Fault::NotVerified => E::NotVerified,
                Fault::BackupFlags => E::BackupFlags,
                Fault::CounterBack => E::Cloned { stored: 1, got: 1 },
                Fault::OtherKey | Fault::TamperedData | Fault::TamperedClient => E::BadSignature,
                Fault::WrongUser => E::WrongUser,
                Fault::WrongId => E::WrongCredential,
            };
            assert_eq!(verdict, Err(error), "{fault:?}");
        }
    }
}

#[test]
fn an_answer_holds_for_one_purpose_and_one_subject() {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let passkey = register(&mut key, None).unwrap();
    let movement = Hash::of(b"issue 5 of A-100 at dock 1");
    let asked = challenge(Purpose::Confirm, [3; 32], movement);
    let answer = get(&mut key, asked, &passkey, None);
    assert_eq!(verify(&passkey, asked, answer.clone()), Ok(2));
    for other in [
        challenge(Purpose::Confirm, [3; 32], Hash::of(b"issue 500 of A-100 at dock 1")),
        challenge(Purpose::Approve, [3; 32], movement),
        challenge(Purpose::SignIn, [3; 32], movement),
        challenge(Purpose::Confirm, [4; 32], movement),
    ] {
        assert_eq!(verify(&passkey, other, answer.clone()), Err(E::WrongChallenge));
    }
}

#[test]
fn keys_that_don_t_count_and_synced_phones_are_told_apart() {
    let mut phone = Authenticator::new(KeyKind::Es256, [9; 32]);
    (phone.counts, phone.synced) = (false, true);
    let passkey = register(&mut phone, None).unwrap();
    assert!(passkey.backup_eligible && passkey.backed_up && passkey.sign_count == 0);
    let asked = question(Purpose::StepUp, 5);
    for _ in 0..2 {
        assert_eq!(verify(&passkey, asked, get(&mut phone, asked, &passkey, None)), Ok(0));
    }
    // A passkey that was bound to one device can't become a synced one.
    phone.synced = false;
    let answer = get(&mut phone, asked, &passkey, None);
    assert_eq!(verify(&passkey, asked, answer), Err(E::BackupFlags));
    // A key that counted and stops has been copied or reset.
    let counted = Passkey { sign_count: 5, ..passkey };
    phone.synced = true;
    let answer = get(&mut phone, asked, &counted, None);
    assert_eq!(verify(&counted, asked, answer), Err(E::Cloned { stored: 5, got: 0 }));
}

#[test]
fn the_options_keep_a_key_from_registering_twice_and_the_browser_to_our_pages() {
    let mut key = Authenticator::new(KeyKind::Eddsa, [7; 32]);
    let passkey = register(&mut key, None).unwrap();
    let asked = question(Purpose::Register, 8);
    let again = create(&mut key, asked, std::slice::from_ref(&passkey), None);
    assert_eq!(again.unwrap_err(), AuthenticatorError::Registered);
    let options = request_options(&party(), asked, &[passkey]);
    let options = serde_json::to_value(options).unwrap();
    let foreign = key.get(&options, "https://evil.example", None);
    assert!(matches!(foreign, Err(AuthenticatorError::Security { .. })));
    assert_eq!(options["userVerification"], "required");
    let creation = creation_options(&party(), asked, &anna(), "Anna Kos", &handle(), &[]);
    let creation = serde_json::to_value(creation).unwrap();
    assert_eq!(creation["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(creation["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(creation["pubKeyCredParams"][0]["alg"], -7);
    assert_eq!(creation["pubKeyCredParams"][1]["alg"], -8);
    assert_eq!(creation["attestation"], "none");
    assert!(!creation["user"]["id"].as_str().unwrap().contains("anna"));
}
