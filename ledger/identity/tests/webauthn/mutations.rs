//! Answers with bits turned, bytes cut and put in: refused, and never a panic.

use proptest::prelude::*;

use super::*;

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
            let verdict = verify_assertion(&party(), &second, &passkey, &handle(), &spoilt);
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
        let verdict = verify_assertion(&party(), &second, &passkey, &handle(), &assertion);
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
        passkey.public_key.0 = bytes.clone();
        prop_assert!(verify_assertion(&party(), &second, &passkey, &handle(), &assertion).is_err());
        assertion.response.authenticator_data.0 = bytes;
        prop_assert!(verify_assertion(&party(), &second, &passkey, &handle(), &assertion).is_err());
    }
}
