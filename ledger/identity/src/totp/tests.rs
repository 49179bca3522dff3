//! The vectors of RFC 6238 and RFC 4226, and what must not count.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(second: i64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: 0, wall_us: second * 1_000_000, synced: true }
}

fn totp() -> Totp {
    Totp::new(*b"12345678901234567890", Algorithm::Sha1)
}

/// RFC 6238, appendix B, the last six of its eight digits.
#[test]
fn the_vectors_of_rfc_6238() {
    let sha1 = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (second, code) in sha1 {
        let step = step_at(&at(second)).unwrap();
        assert_eq!(totp().code(step), code);
        assert_eq!(totp().verify(code, &at(second), None), Ok(step));
    }
    // The appendix takes 32 bytes for SHA-256; the truncation is the same.
    let key = Hmac::<Sha256>::new_from_slice(b"12345678901234567890123456789012").unwrap();
    let sha256 = [
        (59, "119246"),
        (1_111_111_109, "084774"),
        (1_111_111_111, "062674"),
        (1_234_567_890, "819424"),
        (2_000_000_000, "698825"),
        (20_000_000_000, "737706"),
    ];
    for (second, code) in sha256 {
        let step = step_at(&at(second)).unwrap();
        let digest = mac(key.clone(), step);
        assert_eq!(format!("{:06}", truncate(&digest) % 1_000_000), code);
    }
}

/// RFC 4226, appendix D.
#[test]
fn the_vectors_of_rfc_4226() {
    let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (step, code) in (0..).zip(codes) {
        assert_eq!(totp().code(step), code);
    }
}

#[test]
fn one_step_of_skew_counts_and_no_more() {
    let now = at(1_000_000 * 30 + 15);
    for (step, right) in [(-2i64, false), (-1, true), (0, true), (1, true), (2, false)] {
        let step = 1_000_000u64.checked_add_signed(step).unwrap();
        let verdict = totp().verify(&totp().code(step), &now, None);
        assert_eq!(verdict, if right { Ok(step) } else { Err(TotpError::Wrong) });
    }
}

#[test]
fn a_code_counts_once_and_time_going_back_revives_none() {
    let totp = totp();
    let code = |step| totp.code(step);
    let time = |step: i64| at(step * 30);
    let last = totp.verify(&code(500), &time(500), None).ok();
    assert_eq!(last, Some(500));
    assert_eq!(totp.verify(&code(500), &time(500), last), Err(TotpError::Used));
    assert_eq!(totp.verify(&code(499), &time(500), last), Err(TotpError::Used));
    assert_eq!(totp.verify(&code(501), &time(500), last), Ok(501));
    // The clock is set back by an hour: the codes of then are right for then, and used.
    for step in 370..=390 {
        assert_eq!(totp.verify(&code(step as u64), &time(step), last), Err(TotpError::Used));
    }
    assert_eq!(totp.verify(&code(0), &at(-1), None), Err(TotpError::NoTime));
}

#[test]
fn what_is_no_code_is_refused() {
    for bad in ["", "28708", "2870821", "28708a", "２８７０８２", "-87082", "+87082"] {
        assert_eq!(totp().verify(bad, &at(59), None), Err(TotpError::Form), "{bad}");
    }
    assert_eq!(totp().verify(" 287082\n", &at(59), None), Ok(1));
    assert_eq!(totp().verify("287083", &at(59), None), Err(TotpError::Wrong));
}

#[test]
fn the_address_is_escaped_and_the_secret_stays_out_of_logs() {
    let uri = totp().uri("Łódź: A&B", "anna?x=1/ü");
    assert_eq!(
        uri,
        "otpauth://totp/%C5%81%C3%B3d%C5%BA%3A%20A%26B:anna%3Fx%3D1%2F%C3%BC\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%C5%81%C3%B3d%C5%BA%3A%20A%26B\
         &algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!(format!("{:?}", totp()), "Totp(Sha1)");
}

proptest! {
    /// Any walk of the clock and any tries: the steps that counted only grow, each once.
    #[test]
    fn steps_only_grow(
        secret: [u8; 20],
        tries in proptest::collection::vec((0i64..300, -3i64..4), 1..60),
    ) {
        let totp = Totp::new(secret, Algorithm::Sha256);
        let mut last = None;
        for (second, off) in tries {
            let step = u64::try_from((second / 30 + off).max(0)).unwrap();
            if let Ok(next) = totp.verify(&totp.code(step), &at(second), last) {
                prop_assert!(last.is_none_or(|l| next > l));
                last = Some(next);
            }
        }
    }
}
