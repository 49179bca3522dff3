//! Parts of an answer that are not of their form: too long, not canonical, no key, foreign.

use super::*;

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
