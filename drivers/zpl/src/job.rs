//! What a print job is, how it ended, and on what evidence. Pure.
//!
//! Invariants: `Issued` only where everything the printer said proves it; whatever may have been sent and is not proven
//! is `Unknown`. Absent: keeping jobs, their states and who decides about them (the caller; `LabelState` of the model),
//! the conversation with the printer (`press`).

use gatewarden_model::Hash;
use serde::{Deserialize, Serialize};

use crate::codec::HostIdentity;

/// A label to be printed: a whole format and what has to come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintJob {
    /// Its unique token, which stands in the format too (see `compose`).
    pub token: String,
    /// The format.
    pub zpl: Vec<u8>,
    /// What `^HV` must echo, for tags.
    pub echo: Option<String>,
    /// How many good labels come out.
    pub copies: u32,
}

/// What a printer tells of itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Who it is (`~HI`).
    pub identity: Option<HostIdentity>,
    /// Its serial number, where it tells one.
    pub serial: Option<String>,
    /// Labels in its life.
    pub labels: Option<u64>,
    /// Tags encoded.
    pub rfid_valid: Option<u64>,
    /// Tags voided.
    pub rfid_void: Option<u64>,
}

/// On what an outcome rests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Before the job was sent.
    pub before: Reading,
    /// After it was printed, as far as it was told.
    pub after: Reading,
    /// What `^HV` echoed.
    pub echo: Option<String>,
    /// What the tag's TID bank reads, where that was asked for.
    pub tid: Option<String>,
    /// Labels voided by this job.
    pub voided: u64,
    /// The digest of the format.
    pub format: Option<Hash>,
    /// The digest of all that the printer said, byte for byte.
    pub answers: Option<Hash>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Not a byte was sent; it is safe to try again.
    NotSent {
        /// What stands in its way.
        reason: String,
    },
    /// The printer confirmed it.
    Issued {
        /// On what that rests.
        evidence: Evidence,
    },
    /// Nobody knows.
    Unknown {
        /// What is missing.
        reason: String,
        /// What there is.
        evidence: Evidence,
    },
}

/// Whether the readings before and after prove that a job's labels came out.
///
/// # Errors
/// What is missing, in words.
pub fn prove(job: &PrintJob, evidence: &Evidence) -> Result<(), String> {
    let Evidence { before, after, .. } = evidence;
    if before.serial != after.serial || before.identity != after.identity {
        return Err("another printer answers than the one that got the label".to_owned());
    }
    let delta = |name: &str, one: Option<u64>, two: Option<u64>| match (one, two) {
        (Some(one), Some(two)) => two
            .checked_sub(one)
            .ok_or_else(|| format!("the counter {name} went back from {one} to {two}")),
        _ => Err(format!("the printer does not tell its counter {name}")),
    };
    let copies = u64::from(job.copies);
    let mut expected = copies;
    if let Some(wanted) = &job.echo {
        let voided = delta("of voided tags", before.rfid_void, after.rfid_void)?;
        let valid = delta("of encoded tags", before.rfid_valid, after.rfid_valid)?;
        match evidence.echo.as_deref() {
            Some(echo) if echo.eq_ignore_ascii_case(wanted) => {}
            Some(echo) => return Err(format!("the tag reads {echo} instead of {wanted}")),
            None => return Err(format!("the tag was not read back; {voided} voided")),
        }
        if valid != copies {
            return Err(format!("{valid} tags were encoded instead of {copies}; {voided} voided"));
        }
        expected += voided;
    }
    match delta("of labels", before.labels, after.labels)? {
        labels if labels == expected => Ok(()),
        labels => Err(format!("{labels} labels came out instead of {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(echo: Option<&str>) -> PrintJob {
        PrintJob { token: "t".into(), zpl: Vec::new(), echo: echo.map(str::to_owned), copies: 1 }
    }

    fn evidence(labels: u64, valid: u64, void: u64, echo: Option<&str>) -> Evidence {
        let reading = |labels, rfid_valid, rfid_void| Reading {
            serial: Some("S".into()),
            labels: Some(labels),
            rfid_valid: Some(rfid_valid),
            rfid_void: Some(rfid_void),
            ..Reading::default()
        };
        let (before, after) = (reading(100, 50, 3), reading(100 + labels, 50 + valid, 3 + void));
        Evidence { before, after, echo: echo.map(str::to_owned), ..Evidence::default() }
    }

    #[test]
    fn a_label_is_proven_by_its_counter_and_a_tag_by_its_echo_as_well() {
        let words =
            |echo, evidence: &Evidence| prove(&job(echo), evidence).err().unwrap_or_default();
        assert_eq!(words(None, &evidence(1, 0, 0, None)), "");
        assert_eq!(words(None, &evidence(0, 0, 0, None)), "0 labels came out instead of 1");
        assert_eq!(words(None, &evidence(2, 0, 0, None)), "2 labels came out instead of 1");
        assert_eq!(words(Some("30AB"), &evidence(1, 1, 0, Some("30ab"))), "");
        assert_eq!(words(Some("30AB"), &evidence(2, 1, 1, Some("30AB"))), "");
        assert_eq!(
            words(Some("30AB"), &evidence(1, 1, 1, Some("30AB"))),
            "1 labels came out instead of 2"
        );
        assert_eq!(
            words(Some("30AB"), &evidence(1, 0, 1, None)),
            "the tag was not read back; 1 voided"
        );
        assert_eq!(
            words(Some("30AB"), &evidence(1, 1, 0, Some("30AC"))),
            "the tag reads 30AC instead of 30AB"
        );
        let mut swapped = evidence(1, 0, 0, None);
        swapped.after.serial = Some("other".into());
        assert!(words(None, &swapped).starts_with("another printer"));
        let mut silent = evidence(1, 0, 0, None);
        silent.after.labels = None;
        assert!(words(None, &silent).contains("does not tell"));
    }
}
