//! The table of the schemes (TDS 2.3 table 14-1 and section 14.6): headers and what follows them.

/// One scheme.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::epc) struct PlusScheme {
    pub(in crate::epc) name: &'static str,
    pub(in crate::epc) header: u8,
    /// The key's identifiers in the order of the bits.
    pub(in crate::epc) keys: &'static [&'static str],
    /// True where a date stands before the key.
    pub(super) date: bool,
    /// True where a host name stands after the key.
    pub(super) host: bool,
}

const fn plus(name: &'static str, header: u8, keys: &'static [&'static str]) -> PlusScheme {
    PlusScheme { name, header, keys, date: false, host: false }
}

impl PlusScheme {
    const fn dated(mut self) -> Self {
        self.date = true;
        self
    }

    const fn hosted(mut self) -> Self {
        self.host = true;
        self
    }
}

const SGTIN: &[&str] = &["01", "21"];
const SSCC: &[&str] = &["00"];
const SGLN: &[&str] = &["414", "254"];
const GRAI: &[&str] = &["8003"];
const GIAI: &[&str] = &["8004"];
const GSRN: &[&str] = &["8018"];
const GSRNP: &[&str] = &["8017"];
const GDTI: &[&str] = &["253"];
const SGCN: &[&str] = &["255"];
const ITIP: &[&str] = &["8006", "21"];
const CPI: &[&str] = &["8010", "8011"];

/// Every scheme.
pub(in crate::epc) static PLUS: [PlusScheme; 24] = [
    plus("SGTIN+", 0xF7, SGTIN),
    plus("DSGTIN+", 0xFB, SGTIN).dated(),
    plus("SSCC+", 0xF9, SSCC),
    plus("SGLN+", 0xF2, SGLN),
    plus("GRAI+", 0xF1, GRAI),
    plus("GIAI+", 0xFA, GIAI),
    plus("GSRN+", 0xF4, GSRN),
    plus("GSRNP+", 0xF5, GSRNP),
    plus("GDTI+", 0xF6, GDTI),
    plus("SGCN+", 0xF8, SGCN),
    plus("ITIP+", 0xF3, ITIP),
    plus("CPI+", 0xF0, CPI),
    plus("SGTIN++", 0xFD, SGTIN).hosted(),
    plus("DSGTIN++", 0xFC, SGTIN).dated().hosted(),
    plus("SSCC++", 0xEF, SSCC).hosted(),
    plus("SGLN++", 0xE9, SGLN).hosted(),
    plus("GRAI++", 0xEB, GRAI).hosted(),
    plus("GIAI++", 0xEE, GIAI).hosted(),
    plus("GSRN++", 0xE7, GSRN).hosted(),
    plus("GSRNP++", 0xE8, GSRNP).hosted(),
    plus("GDTI++", 0xEA, GDTI).hosted(),
    plus("SGCN++", 0xEC, SGCN).hosted(),
    plus("ITIP++", 0xED, ITIP).hosted(),
    plus("CPI++", 0xE6, CPI).hosted(),
];
