//! Whom keys answer: the relying party, its id and the addresses of its pages.
//!
//! What always holds: every origin is https (or http on localhost) and the id is its host or a parent
//! domain of it (WebAuthn, section 5.1.3, step 8). An IP address can't be an id, so a service that is
//! reached by one has no passkeys. Absent: the list of public suffixes; browsers check it.

use url::{Host, Url};

/// Most addresses of a service.
pub const ORIGINS_MAX: usize = 8;

/// Why an id and its addresses don't go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelyingPartyError {
    /// Not a domain name in lower case.
    #[error(
        "{0:?} is no id for passkeys: use the host name of the service, in lower case, without \
             port (an IP address won't do)"
    )]
    Id(String),
    /// No address, or too many.
    #[error(
        "passkeys need 1 to {ORIGINS_MAX} addresses of the service, such as https://gate.example"
    )]
    Count,
    /// Not an origin with a domain name.
    #[error(
        "{0:?} is no address for passkeys: write scheme, host and port only, https unless the \
             host is localhost"
    )]
    Origin(String),
    /// The id is not the host or a parent of it.
    #[error(
        "the id {id:?} is neither the host of {origin} nor a parent domain of it: browsers would \
             refuse it"
    )]
    Foreign {
        /// The id.
        id: String,
        /// The address.
        origin: String,
    },
}

/// The service that keys are registered for. It exists only with origins that fit its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<String>,
}

impl RelyingParty {
    /// A relying party of an id (a host name such as `gate.example`), a name that people read and the
    /// origins of its pages.
    pub fn new(id: &str, name: &str, origins: &[&str]) -> Result<Self, RelyingPartyError> {
        let domain = matches!(Host::parse(id), Ok(Host::Domain(host)) if host == id);
        if !domain || id.ends_with('.') {
            return Err(RelyingPartyError::Id(id.into()));
        }
        if !(1..=ORIGINS_MAX).contains(&origins.len()) {
            return Err(RelyingPartyError::Count);
        }
        let origins = origins.iter().map(|o| check_origin(id, o)).collect::<Result<_, _>>()?;
        Ok(Self { id: id.into(), name: name.into(), origins })
    }

    /// The id, which the key hashes into what it signs.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a page of this origin is ours.
    #[must_use]
    pub fn owns(&self, origin: &str) -> bool {
        self.origins.iter().any(|o| o == origin)
    }
}

fn check_origin(id: &str, text: &str) -> Result<String, RelyingPartyError> {
    let refused = || RelyingPartyError::Origin(text.into());
    let url = Url::parse(text).map_err(|_| refused())?;
    let origin = url.origin().ascii_serialization();
    let Some(Host::Domain(host)) = url.host() else { return Err(refused()) };
    let local = host == "localhost" || host.ends_with(".localhost");
    let safe = url.scheme() == "https" || (url.scheme() == "http" && local);
    // Nothing but the origin: no user, path, query or fragment.
    if !safe || url.as_str().strip_suffix('/') != Some(origin.as_str()) {
        return Err(refused());
    }
    let parent = host.strip_suffix(id).is_some_and(|left| left.ends_with('.') && id.contains('.'));
    if host == id || parent {
        return Ok(origin);
    }
    Err(RelyingPartyError::Foreign { id: id.into(), origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_host_or_a_parent() {
        for (id, origin) in [
            ("gate.example", "https://gate.example"),
            ("gate.example", "https://gate.example:8443"),
            ("gate.example", "https://dock.gate.example/"),
            ("gate.example", "https://GATE.example:443"),
            ("localhost", "http://localhost:7070"),
            ("gatebox", "https://gatebox"),
        ] {
            assert!(RelyingParty::new(id, "Gate", &[origin]).is_ok(), "{id} {origin}");
        }
        for (id, origin) in [
            ("gate.example", "http://gate.example"),
            ("gate.example", "https://evilgate.example"),
            ("gate.example", "https://gate.example.evil.test"),
            ("gate.example", "https://example"),
            ("example", "https://gate.example"),
            ("gate.example", "https://gate.example/path"),
            ("gate.example", "https://user@gate.example"),
            ("gate.example", "https://gate.example/?q"),
            ("gate.example", "gate.example"),
            ("127.0.0.1", "https://127.0.0.1"),
            ("[::1]", "https://[::1]"),
            ("Gate.example", "https://gate.example"),
            ("gate.example.", "https://gate.example."),
            ("", "https://gate.example"),
        ] {
            assert!(RelyingParty::new(id, "Gate", &[origin]).is_err(), "{id} {origin}");
        }
        assert_eq!(RelyingParty::new("a.test", "", &[]), Err(RelyingPartyError::Count));
    }
}
