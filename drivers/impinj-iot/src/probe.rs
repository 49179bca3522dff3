//! A look at a reader for the one who installs it: who it is, and whether its interface and password are right.
//!
//! A probe changes nothing: it starts no inventory. Absent: listing tags, for that would stop what runs.

use serde::Serialize;

use crate::{
    api::{Api, ApiError},
    identity::Identity,
    settings::Settings,
};

/// Why a probe failed.
pub type ProbeError = ApiError;

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// The reader's URL.
    pub url: String,
    /// Maker, model, firmware in one line.
    pub summary: String,
    /// What the reader is.
    pub reader: Identity,
    /// What it does: `running`, `armed`, `idle`.
    pub status: String,
}

/// Asks a reader who it is.
pub async fn probe(settings: &Settings) -> Result<ProbeReport, ProbeError> {
    let api = Api::new(settings)?;
    let (reader, status) = (api.identity().await?, api.status().await?);
    Ok(ProbeReport { url: settings.url.clone(), summary: reader.summary(), reader, status })
}
