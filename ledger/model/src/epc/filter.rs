//! What filter values mean (TDS 2.3 section 10): a hint for readers, never part of the identity.

/// The meaning of a filter value in a scheme such as `sgtin-96` or `SGTIN+`. None where the
/// standard reserves the value.
#[must_use]
pub fn filter_meaning(scheme: &str, filter: u8) -> Option<&'static str> {
    let family = scheme.split(['-', '+']).next().unwrap_or_default();
    match (family.to_ascii_lowercase().as_str(), filter) {
        ("usdod", 0) => Some("pallet"),
        ("usdod", 1) => Some("case"),
        ("usdod", 2) => Some("unit pack"),
        ("gid" | "usdod", _) => None,
        (_, 0) => Some("all others"),
        ("sgtin" | "dsgtin", 1) => Some("point of sale item"),
        ("sgtin" | "dsgtin" | "sscc", 2) => Some("full case for transport"),
        ("sgtin" | "dsgtin", 4) => Some("inner pack for handling"),
        ("sgtin" | "dsgtin" | "sscc", 6) => Some("unit load"),
        ("sgtin" | "dsgtin", 7) => Some("unit or component inside a product"),
        ("gdti", 1) => Some("travel document"),
        ("adi", 1) => Some("item"),
        ("adi", 2) => Some("carton"),
        ("adi", 6) => Some("pallet"),
        _ => None,
    }
}
