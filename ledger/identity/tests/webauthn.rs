//! Passkeys through the public door: a software key registers and answers, and every way of spoiling
//! an answer is refused with its own error.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_identity::webauthn::{
    Algorithm, Assertion, Base64Url, Challenge, Passkey, Purpose, Registration, RelyingParty,
    WebauthnError as E, challenge, creation_options, request_options, subject, user_handle,
    verify_assertion, verify_registration,
};
use gatewarden_model::{Hash, OperatorId};
use gatewarden_simulators::authenticator::{
    Attestation, Authenticator, AuthenticatorError, Fault, KeyKind,
};
use proptest::prelude::*;
use serde_json::Value;

const ORIGIN: &str = "https://gate.example";
const KINDS: [KeyKind; 2] = [KeyKind::Es256, KeyKind::Eddsa];

fn party() -> RelyingParty {
    RelyingParty::new("gate.example", "Gate", &[ORIGIN]).unwrap()
}

fn anna() -> OperatorId {
    OperatorId::parse("anna").unwrap()
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
    let options = creation_options(&party(), asked, &anna(), "Anna Kos", known);
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
    let handle = user_handle(&anna());
    verify_assertion(&party(), &asked, passkey, &handle, &answer).map(|a| a.sign_count)
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
                let handle = user_handle(&anna());
                let asserted = verify_assertion(&party(), &asked, &passkey, &handle, &answer);
                passkey.update(&asserted.unwrap());
                assert_eq!(passkey.sign_count, count);
                let again = verify_assertion(&party(), &asked, &passkey, &handle, &answer);
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
    let creation = creation_options(&party(), asked, &anna(), "Anna Kos", &[]);
    let creation = serde_json::to_value(creation).unwrap();
    assert_eq!(creation["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(creation["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(creation["pubKeyCredParams"][0]["alg"], -7);
    assert_eq!(creation["pubKeyCredParams"][1]["alg"], -8);
    assert_eq!(creation["attestation"], "none");
    assert!(!creation["user"]["id"].as_str().unwrap().contains("anna"));
}

#[test]
fn parts_over_their_bounds_are_refused_before_they_are_read() {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let asked = question(Purpose::Register, 1);
    let answer = create(&mut key, asked, &[], None).unwrap();
    let too_large = |verdict: Result<Passkey, E>| matches!(verdict, Err(E::TooLarge { .. }));
    let mut big = answer.clone();
    big.response.client_data_json.0.resize(5000, b' ');
    assert!(too_large(verify_registration(&party(), &asked, &big)));
    let mut big = answer;
    big.response.attestation_object.0.resize(20_000, 0);
    assert!(too_large(verify_registration(&party(), &asked, &big)));
    let long = format!("\"{}\"", "A".repeat(40_000));
    assert!(serde_json::from_str::<Base64Url>(&long).is_err());
    assert!(serde_json::from_str::<Base64Url>("\"A+/=\"").is_err());
}

#[test]
fn client_data_is_read_as_the_standard_says() {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let asked = question(Purpose::Register, 1);
    let answer = create(&mut key, asked, &[], None).unwrap();
    let plain = String::from_utf8(answer.response.client_data_json.0.clone()).unwrap();
    let with = |json: String| {
        let mut answer = answer.clone();
        answer.response.client_data_json.0 = json.into_bytes();
        verify_registration(&party(), &asked, &answer)
    };
    // Attestation "none" signs nothing, so clientDataJSON alone is judged here.
    let end = |member: &str| format!("{},{member}}}", &plain[..plain.len() - 1]);
    assert!(with(plain.clone()).is_ok());
    assert!(with(format!("\u{FEFF}{plain}")).is_ok());
    assert!(with(end(r#""other":{"deep":[1]}"#)).is_ok());
    assert!(with(plain.replace("https:", "https\\u003a")).is_ok());
    assert_eq!(with(end(r#""topOrigin":"https://evil.example""#)), Err(E::CrossOrigin));
    for twice in [r#""origin":"https://gate.example""#, r#""type":"webauthn.create""#] {
        assert!(matches!(with(end(twice)), Err(E::Malformed { .. })), "{twice}");
    }
    for origin in
        ["https://gate.example/", "http://gate.example", "https://gate.example:444", "null", ""]
    {
        let json = plain.replace(ORIGIN, origin);
        assert_eq!(with(json), Err(E::WrongOrigin { got: origin.into() }));
    }
    let hostile = plain.replace(ORIGIN, "https://evil\\u001b[2J\\n");
    assert!(!with(hostile).unwrap_err().to_string().chars().any(char::is_control));
    for broken in ["", "{}", "[]", "null", "{\"type\":1}", &"[".repeat(4000)] {
        assert!(matches!(with(broken.into()), Err(E::Malformed { .. })), "{broken:.20}");
    }
}

/// An attestation object around authenticator data with this key, everything else right.
fn with_key(cose: &[u8], tail: &[u8], flags: u8) -> Result<Passkey, E> {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let asked = question(Purpose::Register, 1);
    let mut answer = create(&mut key, asked, &[], None).unwrap();
    let object = &answer.response.attestation_object.0;
    // fmt, attStmt, then authData with a length of one byte.
    let at = object.windows(8).position(|w| w == b"authData").unwrap() + 8;
    let head = &object[at + 2..at + 2 + 37 + 18 + 32];
    let mut data = [head, cose, tail].concat();
    data[32] |= flags;
    let length = u8::try_from(data.len()).unwrap();
    let changed = [&object[..at], &[0x58, length], data.as_slice()].concat();
    answer.response.attestation_object.0 = changed;
    verify_registration(&party(), &asked, &answer)
}

fn hex(text: &str) -> Vec<u8> {
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
    text.replace(' ', "").as_bytes().chunks(2).map(pair).collect()
}

#[test]
fn keys_that_are_none_are_refused() {
    // The base point of P-256.
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let ec = |x: &str, y: &str| hex(&format!("a5 01 02 03 26 20 01 21 5820 {x} 22 5820 {y}"));
    let okp = |x: &str| hex(&format!("a4 01 01 03 27 20 06 21 5820 {x}"));
    assert!(with_key(&ec(x, y), &[], 0).is_ok());
    // Extensions are a map, and are passed over; nothing may follow.
    assert!(with_key(&ec(x, y), &hex("a1 6b 6372656450726f74656374 02"), 0x80).is_ok());
    for tail in ["01", "a1 01", "a0 00", ""] {
        assert!(with_key(&ec(x, y), &hex(tail), 0x80).is_err(), "{tail}");
    }
    assert!(with_key(&ec(x, y), &[0], 0).is_err());
    assert_eq!(with_key(&ec(x, x), &[], 0), Err(E::BadKey), "not on the curve");
    assert_eq!(with_key(&okp(&format!("01{}", "00".repeat(31))), &[], 0), Err(E::BadKey), "weak");
    assert_eq!(with_key(&okp(&"00".repeat(32)), &[], 0), Err(E::BadKey), "order 4");
    // RS256, no algorithm, EdDSA on a P-256 point, a compressed point, an extra parameter.
    let rsa = hex("a2 01 03 03 390100");
    assert_eq!(with_key(&rsa, &[], 0), Err(E::UnknownAlgorithm { got: -257 }));
    let (full, plus) =
        (ec(x, y), hex(&format!("a6 01 02 02 41 00 03 26 20 01 21 5820 {x} 22 5820 {y}")));
    let mixed = hex(&format!("a5 01 02 03 27 20 01 21 5820 {x} 22 5820 {y}"));
    let compressed = hex(&format!("a5 01 02 03 26 20 01 21 5820 {x} 22 f5"));
    for bad in [hex("a1 01 02"), mixed, compressed, plus, full[..70].to_vec(), hex("01")] {
        assert!(with_key(&bad, &[], 0).is_err());
    }
}

#[test]
fn other_forms_of_attestation_are_refused_by_name() {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let asked = question(Purpose::Register, 1);
    let answer = create(&mut key, asked, &[], None).unwrap();
    let changed = |from: &[u8], to: &[u8]| {
        let mut answer = answer.clone();
        let object = &answer.response.attestation_object.0;
        let at = object.windows(from.len()).position(|w| w == from).unwrap();
        answer.response.attestation_object.0 =
            [&object[..at], to, &object[at + from.len()..]].concat();
        verify_registration(&party(), &asked, &answer)
    };
    let refused = |format: &str| Err(E::UnknownAttestation { format: format.into() });
    assert_eq!(changed(b"\x64none", b"\x63tpm"), refused("tpm"));
    // Packed with certificates: we asked for none, and don't take it unread.
    let x5c = b"\x66packed\x67attStmt\xA1\x63x5c\x80";
    assert_eq!(changed(b"\x64none\x67attStmt\xA0", x5c), refused("packed"));
    assert_eq!(changed(b"\x64none", b"\x66packed"), Err(E::BadAttestation), "no signature");
    let filled = changed(b"attStmt\xA0", b"attStmt\xA1\x61a\x00");
    assert!(matches!(filled, Err(E::Malformed { .. })));
}

/// A registration and an assertion with all their bytes, to be spoilt.
fn answers() -> (Challenge, Registration, Challenge, Passkey, Assertion) {
    let mut key = Authenticator::new(KeyKind::Eddsa, [7; 32]);
    key.attestation = Attestation::SelfSigned;
    let (first, second) = (question(Purpose::Register, 1), question(Purpose::SignIn, 2));
    let registration = create(&mut key, first, &[], None).unwrap();
    let passkey = verify_registration(&party(), &first, &registration).unwrap();
    let assertion = serde_json::from_value(get(&mut key, second, &passkey, None)).unwrap();
    (first, registration, second, passkey, assertion)
}

#[test]
fn every_single_bit_counts() {
    let (first, registration, second, passkey, assertion) = answers();
    let handle = user_handle(&anna());
    let parts = |a: &Assertion| {
        [
            a.response.authenticator_data.0.len(),
            a.response.signature.0.len(),
            a.response.client_data_json.0.len(),
        ]
    };
    for (part, bytes) in parts(&assertion).into_iter().enumerate() {
        for bit in 0..bytes * 8 {
            let mut spoilt = assertion.clone();
            let response = &mut spoilt.response;
            let all = [
                &mut response.authenticator_data,
                &mut response.signature,
                &mut response.client_data_json,
            ];
            for (_, bytes) in all.into_iter().enumerate().filter(|(i, _)| *i == part) {
                bytes.0[bit / 8] ^= 1 << (bit % 8);
            }
            let verdict = verify_assertion(&party(), &second, &passkey, &handle, &spoilt);
            assert!(verdict.is_err(), "part {part}, bit {bit}");
        }
    }
    for bit in 0..registration.response.attestation_object.0.len() * 8 {
        let mut spoilt = registration.clone();
        spoilt.response.attestation_object.0[bit / 8] ^= 1 << (bit % 8);
        let verdict = verify_registration(&party(), &first, &spoilt);
        assert!(verdict.is_err(), "attestation, bit {bit}");
    }
}

fn cut_and_insert(bytes: &mut Vec<u8>, at: usize, cut: usize, put: &[u8]) {
    let at = at % (bytes.len() + 1);
    let end = (at + cut).min(bytes.len());
    bytes.splice(at..end, put.iter().copied());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Cut, lengthened and overwritten answers: never a panic, and accepted only if unchanged.
    #[test]
    fn mutated_answers_are_refused(
        at: usize, cut in 0usize..40, put in proptest::collection::vec(any::<u8>(), 0..40), part in 0u8..4,
    ) {
        let (first, mut registration, second, passkey, mut assertion) = answers();
        let (before, response) = (assertion.clone(), &mut assertion.response);
        let object = registration.response.attestation_object.clone();
        match part {
            0 => cut_and_insert(&mut registration.response.attestation_object.0, at, cut, &put),
            1 => cut_and_insert(&mut response.authenticator_data.0, at, cut, &put),
            2 => cut_and_insert(&mut response.signature.0, at, cut, &put),
            _ => cut_and_insert(&mut response.client_data_json.0, at, cut, &put),
        }
        let registered = verify_registration(&party(), &first, &registration).is_ok();
        prop_assert_eq!(registered, registration.response.attestation_object == object);
        let verdict = verify_assertion(&party(), &second, &passkey, &user_handle(&anna()), &assertion);
        let same = assertion.response.authenticator_data == before.response.authenticator_data
            && assertion.response.signature == before.response.signature
            && assertion.response.client_data_json == before.response.client_data_json;
        prop_assert_eq!(verdict.is_ok(), same);
    }

    /// Any bytes everywhere, in answers and in what is stored.
    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (first, mut registration, second, mut passkey, mut assertion) = answers();
        registration.response.attestation_object.0 = bytes.clone();
        prop_assert!(verify_registration(&party(), &first, &registration).is_err());
        let handle = user_handle(&anna());
        passkey.public_key.0 = bytes.clone();
        prop_assert!(verify_assertion(&party(), &second, &passkey, &handle, &assertion).is_err());
        assertion.response.authenticator_data.0 = bytes;
        prop_assert!(verify_assertion(&party(), &second, &passkey, &handle, &assertion).is_err());
    }
}
