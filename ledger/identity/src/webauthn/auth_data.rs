//! Authenticator data: what the key says (WebAuthn, section 6.1).
//!
//! | bytes | what                                                                         |
//! |-------|------------------------------------------------------------------------------|
//! | 32    | SHA-256 of the relying party's id                                            |
//! | 1     | flags: UP 0, UV 2, BE 3, BS 4, AT 6, ED 7                                    |
//! | 4     | signature counter, big endian                                                |
//! | …     | if AT: AAGUID (16), length of the credential id (2), the id, its COSE key    |
//! | …     | if ED: a CBOR map of extensions                                              |
//!
//! It is read to its last byte or refused. Absent: the meaning of extensions; we ask for none.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{
    CREDENTIAL_ID_BYTES_MAX, RelyingParty, WebauthnError, bounded,
    cbor::{self, Value},
};

const PART: &str = "the authenticator data";

/// Authenticator data that borrows from its bytes.
#[derive(Debug)]
pub(super) struct AuthData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<Attested<'a>>,
}

/// What a new credential brings.
#[derive(Debug)]
pub(super) struct Attested<'a> {
    pub(super) aaguid: Uuid,
    pub(super) credential_id: &'a [u8],
    pub(super) public_key: &'a [u8],
}

fn malformed(problem: &'static str) -> WebauthnError {
    WebauthnError::Malformed { part: PART, problem }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], WebauthnError> {
    let (taken, left) = rest.split_at_checked(count).ok_or(malformed("it is cut off"))?;
    *rest = left;
    Ok(taken)
}

/// A CBOR item, its bytes and what it is.
fn item<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], Value<'a>), WebauthnError> {
    let (value, left) =
        cbor::read_first(rest).map_err(|source| WebauthnError::Cbor { part: PART, source })?;
    let bytes = take(rest, rest.len() - left.len())?;
    Ok((bytes, value))
}

impl<'a> AuthData<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, WebauthnError> {
        let mut rest = bytes;
        let rp_id_hash = take(&mut rest, 32)?;
        let flags = take(&mut rest, 1)?[0];
        let sign_count = take(&mut rest, 4)?.iter().fold(0, |n, b| n << 8 | u32::from(*b));
        let attested = if flags & 0x40 == 0 { None } else { Some(Attested::parse(&mut rest)?) };
        if flags & 0x80 != 0 && item(&mut rest)?.1.pairs().is_none() {
            return Err(malformed("its extensions are no map"));
        }
        if !rest.is_empty() {
            return Err(malformed("bytes follow it"));
        }
        Ok(Self { rp_id_hash, flags, sign_count, attested })
    }

    /// Checks relying party and flags as sections 7.1 and 7.2 say.
    pub(super) fn check(&self, party: &RelyingParty) -> Result<(), WebauthnError> {
        let hash = Sha256::digest(party.id().as_bytes());
        if !bool::from(hash.as_slice().ct_eq(self.rp_id_hash)) {
            return Err(WebauthnError::WrongRpId);
        }
        self.check_flags()
    }

    /// Checks the flags alone.
    pub(super) fn check_flags(&self) -> Result<(), WebauthnError> {
        if self.flags & 0x01 == 0 {
            return Err(WebauthnError::NotPresent);
        }
        if self.flags & 0x04 == 0 {
            return Err(WebauthnError::NotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(WebauthnError::BackupFlags);
        }
        Ok(())
    }

    /// Whether the key may be copied to other devices of its owner (BE).
    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & 0x08 != 0
    }

    /// Whether it has been (BS).
    pub(super) fn backed_up(&self) -> bool {
        self.flags & 0x10 != 0
    }
}

impl<'a> Attested<'a> {
    fn parse(rest: &mut &'a [u8]) -> Result<Self, WebauthnError> {
        let aaguid = Uuid::from_slice(take(rest, 16)?).map_err(|_| malformed("no AAGUID"))?;
        let length = take(rest, 2)?.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        let credential_id = take(rest, length)?;
        bounded("the credential id", credential_id, CREDENTIAL_ID_BYTES_MAX)?;
        if credential_id.is_empty() {
            return Err(malformed("the credential id is empty"));
        }
        let (public_key, _) = item(rest)?;
        Ok(Self { aaguid, credential_id, public_key })
    }
}
