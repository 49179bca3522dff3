//! Rules between elements: pairs that are forbidden, companions that are missing.

use super::{Element, Gs1Error, Warning, ai::row};

/// Checks the elements of one carrier together. A missing companion is only a warning, because it
/// may stand in another barcode on the same thing.
pub(crate) fn check_together(elements: &[Element]) -> Result<Vec<Warning>, Gs1Error> {
    let mut warnings = Vec::new();
    for (i, element) in elements.iter().enumerate() {
        let Some(row) = row(element.ai) else { continue };
        if let Some(twin) = elements[..i].iter().find(|e| e.ai == element.ai) {
            if twin.value != element.value {
                return Err(Gs1Error::Repeated(element.ai));
            }
            continue;
        }
        let others = if row.excludes.is_empty() { &[] } else { elements };
        for other in others.iter().filter(|e| e.ai != element.ai) {
            if row.excludes.split(',').any(|pattern| other.ai.fits(pattern)) {
                return Err(Gs1Error::ForbiddenPair(element.ai, other.ai));
            }
        }
        for need in row.needs.iter().filter(|need| !is_met(need, elements)) {
            let message = format!("({}) stands without its companion: {need}", element.ai);
            warnings.push(Warning { code: "missing-companion", message });
        }
    }
    check_signature(elements)?;
    Ok(warnings)
}

fn is_met(need: &str, elements: &[Element]) -> bool {
    let has = |pattern: &str| elements.iter().any(|e| e.ai.fits(pattern));
    need.split(',').any(|group| group.split('+').all(has))
}

/// A digital signature belongs to one thing, so its key must carry a serial.
fn check_signature(elements: &[Element]) -> Result<(), Gs1Error> {
    if !elements.iter().any(|e| e.ai.is("8030")) {
        return Ok(());
    }
    let bare = |e: &&Element| match e.ai.as_str() {
        "253" | "255" => e.value.len() <= 13,
        "8003" => e.value.len() <= 14,
        _ => false,
    };
    match elements.iter().find(bare) {
        Some(element) => Err(Gs1Error::Unserialised(element.ai)),
        None => Ok(()),
    }
}
