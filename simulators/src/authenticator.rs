//! A FIDO2 key and the browser before it, in software: registrations and assertions of WebAuthn as
//! JSON, for ES256 and EdDSA.
//!
//! It takes the options that a service gives to `navigator.credentials.create` and `.get`, and gives
//! what `PublicKeyCredential.toJSON()` would. Everything follows from the secret it is made with. Each
//! [`Fault`] spoils one answer in one way, as an attacker or a broken key would. Absent: reading or
//! verifying answers, so that nothing is shared with the code that does; resident keys of several
//! users; PINs and touch, which are taken as given.

mod browser;
mod cbor;
mod fault;
mod secret;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use browser::{
    check_page, client_data, coded, decoded, ids, registration, spoil_client, spoil_id, text,
};
use secret::Secret;

pub use fault::Fault;

/// Most credentials that a key holds.
pub const CREDENTIALS_MAX: usize = 25;
/// Bytes of a credential id.
const ID_BYTES: usize = 32;

/// Why the browser or the key gives no answer; each is a `DOMException` of section 5.1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticatorError {
    /// The options lack a member or have one of another form.
    #[error("TypeError: the options have no usable {0}")]
    Options(&'static str),
    /// The relying party's id does not belong to the page.
    #[error("SecurityError: {rp} is no id for a page of {origin}")]
    Security {
        /// The id.
        rp: String,
        /// The page's origin.
        origin: String,
    },
    /// The key holds one of the excluded credentials.
    #[error("InvalidStateError: the key is registered already")]
    Registered,
    /// The key has no credential that is asked for, no algorithm in common, or no room.
    #[error("NotAllowedError: the key has no answer")]
    NotAllowed,
}

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256, COSE -7.
    Es256,
    /// EdDSA on Ed25519, COSE -8.
    Eddsa,
}

/// How a registration is attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attestation {
    /// Not at all.
    #[default]
    None,
    /// "packed" self-attestation, signed by the new credential itself.
    SelfSigned,
}

struct Credential {
    rp: String,
    id: Vec<u8>,
    user: Vec<u8>,
    secret: Secret,
}

/// A key with the browser before it.
pub struct Authenticator {
    kind: KeyKind,
    seed: [u8; 32],
    /// How registrations are attested.
    pub attestation: Attestation,
    /// Whether the signatures are counted; phones often don't.
    pub counts: bool,
    /// Whether credentials are copied to other devices of the owner, as phones do.
    pub synced: bool,
    counter: u32,
    credentials: Vec<Credential>,
}

impl Authenticator {
    /// A key that makes credentials of one kind; `seed` is all its randomness.
    #[must_use]
    pub fn new(kind: KeyKind, seed: [u8; 32]) -> Self {
        let (attestation, credentials) = (Attestation::None, Vec::new());
        Self { kind, seed, attestation, counts: true, synced: false, counter: 0, credentials }
    }

    /// Answers `create` on a page of `origin`: takes PublicKeyCredentialCreationOptionsJSON, gives
    /// RegistrationResponseJSON.
    pub fn create(
        &mut self,
        options: &Value,
        origin: &str,
        fault: Option<Fault>,
    ) -> Result<Value, AuthenticatorError> {
        let rp = text(options, "/rp/id", "rp.id")?;
        check_page(rp, origin)?;
        let excluded = ids(options, "/excludeCredentials");
        if self.credentials.iter().any(|c| c.rp == rp && excluded.contains(&c.id)) {
            return Err(AuthenticatorError::Registered);
        }
        let wanted = options.pointer("/pubKeyCredParams").and_then(Value::as_array);
        let taken = wanted.into_iter().flatten().any(|p| p["alg"] == self.alg());
        if !taken || self.credentials.len() >= CREDENTIALS_MAX {
            return Err(AuthenticatorError::NotAllowed);
        }
        let user = decoded(text(options, "/user/id", "user.id")?, "user.id")?;
        let credential = self.credential(rp, user)?;
        let client = client_data("webauthn.create", options, origin, fault)?;
        let data = [self.head(rp, 0x40, fault), self.attested(&credential, fault)].concat();
        let object = self.attest(&credential, &data, &client, fault);
        let answer = registration(&credential.id, spoil_client(client, fault), object);
        self.credentials.push(credential);
        Ok(answer)
    }

    /// Answers `get` on a page of `origin`: takes PublicKeyCredentialRequestOptionsJSON, gives
    /// AuthenticationResponseJSON.
    pub fn get(
        &mut self,
        options: &Value,
        origin: &str,
        fault: Option<Fault>,
    ) -> Result<Value, AuthenticatorError> {
        let rp = text(options, "/rpId", "rpId")?;
        check_page(rp, origin)?;
        let allowed = ids(options, "/allowCredentials");
        let fits = |c: &Credential| c.rp == rp && (allowed.is_empty() || allowed.contains(&c.id));
        let at = self.credentials.iter().position(fits).ok_or(AuthenticatorError::NotAllowed)?;
        let client = client_data("webauthn.get", options, origin, fault)?;
        let mut data = self.head(rp, 0, fault);
        let credential = &self.credentials[at];
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.signer(credential, fault)?.sign(&signed);
        if fault == Some(Fault::TamperedData) {
            data[34] ^= 1;
        }
        let mut user = credential.user.clone();
        if fault == Some(Fault::WrongUser) {
            user.reverse();
            user.push(1);
        }
        let id = coded(&spoil_id(credential.id.clone(), fault));
        Ok(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": coded(&spoil_client(client, fault)),
                "authenticatorData": coded(&data),
                "signature": coded(&signature),
                "userHandle": coded(&user),
            },
        }))
    }

    fn alg(&self) -> i64 {
        match self.kind {
            KeyKind::Es256 => -7,
            KeyKind::Eddsa => -8,
        }
    }

    /// 32 bytes that follow from the seed and a label.
    fn derive(&self, label: &str) -> [u8; 32] {
        let number = self.credentials.len().to_be_bytes();
        Sha256::digest([&self.seed[..], &number, label.as_bytes()].concat()).into()
    }

    fn credential(&self, rp: &str, user: Vec<u8>) -> Result<Credential, AuthenticatorError> {
        let id = self.derive("id")[..ID_BYTES].to_vec();
        let secret = Secret::new(self.kind, &self.derive("key"));
        let secret = secret.ok_or(AuthenticatorError::NotAllowed)?;
        Ok(Credential { rp: rp.into(), id, user, secret })
    }

    /// The first 37 bytes of authenticator data, and a step of the counter.
    fn head(&mut self, rp: &str, flags: u8, fault: Option<Fault>) -> Vec<u8> {
        let rp = if fault == Some(Fault::WrongRpId) { "evil.example" } else { rp };
        let mut flags = flags | 0x05 | if self.synced { 0x18 } else { 0 };
        match fault {
            Some(Fault::NotPresent) => flags &= !0x01,
            Some(Fault::NotVerified) => flags &= !0x04,
            Some(Fault::BackupFlags) => flags = flags & !0x08 | 0x10,
            _ => {}
        }
        if self.counts && fault != Some(Fault::CounterBack) {
            self.counter = self.counter.wrapping_add(1);
        }
        [&Sha256::digest(rp)[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn attested(&self, credential: &Credential, fault: Option<Fault>) -> Vec<u8> {
        let id = spoil_id(credential.id.clone(), fault);
        let length = u16::try_from(id.len()).unwrap_or(0).to_be_bytes();
        [&[0; 16][..], &length, &id, &credential.secret.cose()].concat()
    }

    /// The attestation object (section 6.5.4).
    fn attest(
        &self,
        credential: &Credential,
        data: &[u8],
        client: &[u8],
        fault: Option<Fault>,
    ) -> Vec<u8> {
        let signed = [data, &Sha256::digest(client)].concat();
        let mut data = data.to_vec();
        if fault == Some(Fault::TamperedData) {
            data[34] ^= 1;
        }
        let signer = self.signer(credential, fault);
        let (format, statement) = match (self.attestation, signer) {
            (Attestation::SelfSigned, Ok(signer)) => {
                let alg = ("alg", cbor::int(self.alg()));
                ("packed", cbor::text_map([alg, ("sig", cbor::bytes(&signer.sign(&signed)))]))
            }
            _ => ("none", cbor::text_map([])),
        };
        cbor::text_map([
            ("fmt", cbor::text(format)),
            ("attStmt", statement),
            ("authData", cbor::bytes(&data)),
        ])
    }

    /// The credential's own key, or that of somebody else.
    fn signer(
        &self,
        credential: &Credential,
        fault: Option<Fault>,
    ) -> Result<Secret, AuthenticatorError> {
        if fault == Some(Fault::OtherKey) {
            let other = Secret::new(self.kind, &self.derive("other"));
            return other.ok_or(AuthenticatorError::NotAllowed);
        }
        Ok(credential.secret.clone())
    }
}
