//! Puts together the format of one job: what a template gave, the job's header, copies and the encoding of a tag.
//! Pure.
//!
//! Invariants: exactly one `^XA` and one `^XZ`; no command that changes the printer, its prefixes or what is asked
//! for (see [`REFUSED`]); a tag is encoded with its PC bits set by the printer (`^RFW,H,,,A`), read back and echoed
//! under the job's token. The printer tries [`RFID_LABELS_MAX`] label and no other by itself: a voided tag may carry
//! the EPC already, so that a second one is a person's decision. Absent: deciding what a label shows (`template`).

/// What begins a line that `^HV` sends.
pub const ECHO_MARK: &str = "GW:";
/// What follows the token in the line that tells the TID.
pub const TID_MARK: &str = "-t";
/// The longest TID that is read, in bytes.
pub const TID_BYTES_MAX: u8 = 24;
/// What ends it.
pub const ECHO_END: &str = "]\r\n";
/// The longest format in bytes; printers take more, but a label needs less.
pub const FORMAT_BYTES_MAX: usize = 256 * 1024;
/// The most copies of one job.
pub const COPIES_MAX: u32 = 1_000;
/// Labels that a printer takes for one tag, voided ones included.
pub const RFID_LABELS_MAX: u8 = 1;
/// The longest EPC in bytes (31 words).
pub const EPC_BYTES_MAX: usize = 62;
/// The longest token in characters.
pub const TOKEN_MAX: usize = 36;

/// Commands a template may not use: they change prefixes, settings, stored objects, quantity or what is told.
pub const REFUSED: [&str; 19] = [
    "CC", "CT", "CD", "PQ", "RF", "RS", "RB", "RL", "RZ", "HV", "JU", "JM", "DF", "IS", "ID", "XF",
    "KP", "SX", "MU",
];

/// A job's label as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// The bytes.
    pub zpl: Vec<u8>,
    /// What `^HV` must echo: the EPC in upper-case hexadecimal.
    pub echo: Option<String>,
    /// How many good labels come out.
    pub copies: u32,
}

/// Why something is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Not one `^XA … ^XZ`.
    #[error("a label is one ^XA … ^XZ and nothing around it")]
    Frame,
    /// A command a template may not use.
    #[error(
        "{0} may not stand in a template: quantity, encoding and settings are not its business"
    )]
    Command(String),
    /// More than [`FORMAT_BYTES_MAX`].
    #[error("the label has {0} bytes, more than {FORMAT_BYTES_MAX}")]
    TooLong(usize),
    /// No copies, or too many.
    #[error("{0} copies, which must be 1 to {COPIES_MAX}, and 1 for a tag")]
    Copies(u32),
    /// An EPC of no length that tags have.
    #[error("an EPC of {0} bytes: whole words up to {EPC_BYTES_MAX} bytes are written")]
    Epc(usize),
    /// A TID of no length that can be read.
    #[error("{0} bytes of TID: whole words of 4 to {TID_BYTES_MAX} bytes are read")]
    Tid(u8),
    /// A token with other characters than letters, digits and hyphens.
    #[error("a job's token has 1 to {TOKEN_MAX} letters, digits and hyphens")]
    Token,
}

/// A tag to be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encode<'e> {
    /// The EPC in whole words.
    pub epc: &'e [u8],
    /// How many bytes of its TID are read; 0 for none. A tag that has fewer is voided.
    pub tid_bytes: u8,
}

/// Makes the format of a job from a rendered template.
///
/// # Errors
/// Where the template is no single label or does what it may not do, the copies or the EPC don't fit.
pub fn compose(
    rendered: &str,
    token: &str,
    copies: u32,
    tag: Option<Encode<'_>>,
) -> Result<Format, ComposeError> {
    check_label(rendered)?;
    let is_token = token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !(1..=TOKEN_MAX).contains(&token.len()) || !is_token {
        return Err(ComposeError::Token);
    }
    if !(1..=COPIES_MAX).contains(&copies) || (tag.is_some() && copies != 1) {
        return Err(ComposeError::Copies(copies));
    }
    let body = rendered.trim();
    let inside =
        body.len().checked_sub(3).and_then(|end| body.get(3..end)).ok_or(ComposeError::Frame)?;
    let encoding = tag.map(|tag| encoding(tag, token)).transpose()?.unwrap_or_default();
    let quantity = if copies == 1 { String::new() } else { format!("^PQ{copies},0,0,N") };
    let zpl = format!("^XA^FX {ECHO_MARK}{token}^FS{encoding}{inside}{quantity}^XZ");
    if zpl.len() > FORMAT_BYTES_MAX {
        return Err(ComposeError::TooLong(zpl.len()));
    }
    Ok(Format {
        zpl: zpl.into_bytes(),
        echo: tag.map(|tag| gatewarden_model::hash::hex_upper(tag.epc)),
        copies,
    })
}

/// The token and the format of a further attempt, from 1 on: what the printer still tells of an earlier one can't be
/// taken for this. The format differs in nothing else.
#[must_use]
pub fn attempt(token: &str, zpl: &str, attempt: u32) -> (String, String) {
    if attempt == 0 {
        return (token.to_owned(), zpl.to_owned());
    }
    let again = format!("{token}-{attempt}");
    let marked = |token: &str| format!("{ECHO_MARK}{token}");
    let zpl = zpl.replace(&marked(token), &marked(&again));
    (again, zpl)
}

/// The token of a job's first attempt, which is without a hyphen.
#[must_use]
pub fn first_token(token: &str) -> &str {
    token.split_once('-').map_or(token, |(first, _)| first)
}

fn encoding(Encode { epc, tid_bytes }: Encode<'_>, token: &str) -> Result<String, ComposeError> {
    if epc.is_empty() || !epc.len().is_multiple_of(2) || epc.len() > EPC_BYTES_MAX {
        return Err(ComposeError::Epc(epc.len()));
    }
    let hex = gatewarden_model::hash::hex_upper(epc);
    let digits = hex.len();
    let tid = match tid_bytes {
        0 => String::new(),
        bytes if !(4..=TID_BYTES_MAX).contains(&bytes) || !bytes.is_multiple_of(2) => {
            return Err(ComposeError::Tid(bytes));
        }
        // Bank 2 from its first word on.
        bytes => format!(
            "^FN2^RFR,H,0,{bytes},2^FS^FH_^HV2,{},{ECHO_MARK}{token}{TID_MARK}[,]_0D_0A,L^FS",
            u16::from(bytes) * 2
        ),
    };
    Ok(format!(
        "^RS8,,,{RFID_LABELS_MAX},N^FS^RFW,H,,,A^FD{hex}^FS^FN1^RFR,H^FS\
         ^FH_^HV1,{digits},{ECHO_MARK}{token}[,]_0D_0A,L^FS{tid}"
    ))
}

/// Whether text is one label that only draws.
///
/// # Errors
/// Where it is none, by name.
pub fn check_label(text: &str) -> Result<(), ComposeError> {
    if text.len() > FORMAT_BYTES_MAX {
        return Err(ComposeError::TooLong(text.len()));
    }
    let text = text.trim();
    if text.contains('~') {
        let at = text.find('~').unwrap_or_default();
        return Err(ComposeError::Command(text[at..].chars().take(3).collect()));
    }
    let commands: Vec<String> = text.split('^').skip(1).map(command).collect();
    let ends = |name: &str| commands.iter().filter(|command| *command == name).count();
    let framed = text.to_ascii_uppercase();
    if !framed.starts_with("^XA") || !framed.ends_with("^XZ") || ends("XA") != 1 || ends("XZ") != 1
    {
        return Err(ComposeError::Frame);
    }
    match commands.iter().find(|command| REFUSED.contains(&command.as_str())) {
        Some(command) => Err(ComposeError::Command(format!("^{command}"))),
        None => Ok(()),
    }
}

/// The first command that a template may not use, with its line. What stands in `{{ … }}`, `{% … %}` and `{# … #}` is no
/// ZPL.
pub(crate) fn refused_in_template(source: &str) -> Option<(usize, ComposeError)> {
    let mut rest = source;
    let mut line = 1;
    while let Some(at) = rest.find(['{', '^', '~']) {
        line += rest[..at].matches('\n').count();
        rest = &rest[at..];
        let block = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
        if let Some((_, end)) = block.iter().find(|(begin, _)| rest.starts_with(begin)) {
            let after = rest.find(end)? + end.len();
            line += rest[..after].matches('\n').count();
            rest = &rest[after..];
            continue;
        }
        let is_refused = match rest.strip_prefix('^') {
            Some(text) => REFUSED.contains(&command(text).as_str()),
            None => rest.starts_with('~'),
        };
        if is_refused {
            return Some((line, ComposeError::Command(rest.chars().take(3).collect())));
        }
        rest = &rest[1..];
    }
    None
}

fn command(text: &str) -> String {
    text.chars().take(2).collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_written_read_back_and_echoed_under_the_job_s_token() {
        let epc = [0x30, 0x34, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0x1A, 0x85];
        let tag = |tid_bytes| Some(Encode { epc: &epc, tid_bytes });
        let format = compose("^XA^FO9,9^FDx^FS^XZ\n", "j-1", 1, tag(0)).unwrap();
        let expected = "^XA^FX GW:j-1^FS^RS8,,,1,N^FS^RFW,H,,,A^FD3034257BF7194E4000001A85^FS^FN1^RFR,H^FS\
            ^FH_^HV1,24,GW:j-1[,]_0D_0A,L^FS^FO9,9^FDx^FS^XZ";
        assert_eq!(String::from_utf8(format.zpl).unwrap(), expected);
        assert_eq!(format.echo.as_deref(), Some("3034257BF7194E4000001A85"));
        let format = compose("^XA^FO9,9^FDx^FS^XZ", "j-1", 1, tag(12)).unwrap();
        let tid = "L^FS^FN2^RFR,H,0,12,2^FS^FH_^HV2,24,GW:j-1-t[,]_0D_0A,L^FS^FO9,9";
        assert!(String::from_utf8(format.zpl).unwrap().contains(tid));
        for bytes in [2, 13, 26] {
            assert_eq!(compose("^XA^XZ", "j", 1, tag(bytes)), Err(ComposeError::Tid(bytes)));
        }
    }

    #[test]
    fn a_further_attempt_is_echoed_under_another_token() {
        let tag = Some(Encode { epc: &[0x30, 0x34], tid_bytes: 12 });
        let label = |token| compose("^XA^FO9,9^FDj1^FS^XZ", token, 1, tag).unwrap().zpl;
        let first = String::from_utf8(label("j1")).unwrap();
        let (token, again) = attempt("j1", &first, 2);
        assert_eq!((token.as_str(), again.into_bytes()), ("j1-2", label("j1-2")));
        assert_eq!(attempt("j1", &first, 0), ("j1".to_owned(), first));
        assert_eq!((first_token("j1-2"), first_token("j1")), ("j1", "j1"));
    }

    fn plain_tag(epc: &[u8]) -> Option<Encode<'_>> {
        Some(Encode { epc, tid_bytes: 0 })
    }

    #[test]
    fn what_is_no_plain_label_is_refused() {
        let refused = |text: &str| ComposeError::Command(text.to_owned());
        for (text, expected) in [
            ("^FDx^FS", ComposeError::Frame),
            ("^XA^XZ^XA^XZ", ComposeError::Frame),
            ("^XA^FDx^FS", ComposeError::Frame),
            ("^XA^PQ500^XZ", refused("^PQ")),
            ("^XA^rfw,h^XZ", refused("^RF")),
            ("^XA^CC#^XZ", refused("^CC")),
            ("^XA~JA^XZ", refused("~JA")),
        ] {
            assert_eq!(compose(text, "j", 1, None), Err(expected), "{text}");
        }
        assert_eq!(compose("^XA^XZ", "j", 2, plain_tag(&[1, 2])), Err(ComposeError::Copies(2)));
        assert_eq!(compose("^XA^XZ", "j", 0, None), Err(ComposeError::Copies(0)));
        assert_eq!(compose("^XA^XZ", "j", 1, plain_tag(&[1])), Err(ComposeError::Epc(1)));
        assert_eq!(compose("^XA^XZ", "j[", 1, None), Err(ComposeError::Token));
    }
}
