//! The one-time code with which an operator sets a PIN: two halves, shown to two people.
//!
//! Invariants: the first half follows from the installation's key and the request, so it stands nowhere
//! and nobody who has the journal can make it; the whole is kept as a digest under that key, so whoever
//! has one half can't try the other out against the journal but only at the door, where attempts are
//! bounded. The halves count in any order, whatever the case and what stands between the letters. Absent:
//! who is given which half (the engine), how long a code counts, randomness.

use gatewarden_model::{ChangeId, Hash};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Letters of a half: 40 bits, and 80 of the whole.
pub const HALF_LETTERS: usize = 8;
/// What a half is made of: 32 letters and digits that are hard to confuse.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Who has the first half. The second is whose approval puts the enrolment in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Whoever asked for it.
    Asker,
    /// Whoever approved it first, where it takes two.
    FirstApprover,
}

impl Holder {
    fn word(self) -> &'static str {
        match self {
            Self::Asker => "asker",
            Self::FirstApprover => "first approver",
        }
    }
}

/// The first half of the code of a request: `XXXX-XXXX`.
#[must_use]
pub fn first_half(key: &[u8; 32], change: ChangeId, holder: Holder) -> String {
    let text = format!("gatewarden activation half 1\n{}\n{change}", holder.word());
    half(&mac(key, &text))
}

/// A half of random bytes: `XXXX-XXXX`. Five bits of each of the first `HALF_LETTERS` bytes count.
#[must_use]
pub fn half(random: &[u8; 32]) -> String {
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte & 31)]);
    let letters: String = random[..HALF_LETTERS].iter().map(letter).collect();
    let (left, right) = letters.split_at(HALF_LETTERS / 2);
    format!("{left}-{right}")
}

/// The digest under which a code is kept.
#[must_use]
pub fn digest(key: &[u8; 32], first: &str, second: &str) -> Hash {
    let code = normal(first) + &normal(second);
    Hash(mac(key, &format!("gatewarden activation 2\n{code}")))
}

/// The digest of a code that somebody typed: `kept` where it is the code that is kept so, in whichever
/// order the halves stand, else another.
#[must_use]
pub fn digest_typed(key: &[u8; 32], typed: &str, kept: Option<&Hash>) -> Hash {
    let typed = normal(typed);
    let (left, right) = typed.split_at(typed.len().min(HALF_LETTERS));
    let straight = digest(key, left, right);
    // A code from before there were halves is kept without the key.
    let whole = Hash::of(format!("gatewarden activation 1\n{typed}").as_bytes());
    let others = [digest(key, right, left), whole];
    let is_kept = |one: &&Hash| kept.is_some_and(|kept| one.0.ct_eq(&kept.0).into());
    others.iter().find(is_kept).copied().unwrap_or(straight)
}

/// Letters and digits alone, in upper case.
fn normal(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

fn mac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn change(n: u128) -> ChangeId {
        ChangeId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_first_half_is_of_one_key_one_request_and_one_holder() {
        let first = first_half(&KEY, change(1), Holder::Asker);
        assert_eq!(first, first_half(&KEY, change(1), Holder::Asker));
        assert_eq!((first.len(), first.find('-')), (HALF_LETTERS + 1, Some(HALF_LETTERS / 2)));
        for other in [
            first_half(&[8; 32], change(1), Holder::Asker),
            first_half(&KEY, change(2), Holder::Asker),
            first_half(&KEY, change(1), Holder::FirstApprover),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn both_halves_count_in_any_order_and_neither_alone() {
        let (first, second) = (half(&[1; 32]), half(&[2; 32]));
        let kept = digest(&KEY, &first, &second);
        let is_kept = |typed: &str| digest_typed(&KEY, typed, Some(&kept)) == kept;
        assert!(is_kept(&format!("{first}-{second}")));
        assert!(is_kept(&format!(" {} {}\n", second.to_lowercase(), first.replace('-', ""))));
        for wrong in ["", &first, &second, &format!("{first}{first}"), &format!("{second}{second}")]
        {
            assert!(!is_kept(wrong), "{wrong}");
        }
        assert!(!is_kept(&format!("{first}-{second}-A")));
        let elsewhere = digest_typed(&[8; 32], &format!("{first}{second}"), Some(&kept));
        assert_ne!(elsewhere, kept, "another installation's key");
        assert_ne!(digest_typed(&KEY, &first, None), kept);
    }

    /// The digest of a code as it was kept before there were halves.
    #[test]
    fn a_whole_code_of_earlier_counts_still() {
        let kept = Hash::of(b"gatewarden activation 1\nAAAABBBBCCCCDDDD");
        assert_eq!(digest_typed(&KEY, "aaaa-bbbb-cccc-dddd", Some(&kept)), kept);
        assert_ne!(digest_typed(&KEY, "aaaa-bbbb-cccc-dddX", Some(&kept)), kept);
    }
}
