//! What a printer understands of a format, as far as counters and tags go. Pure; bounded by the format.

/// The copies, the tag to encode and what is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    /// `^PQ`, at least 1.
    pub(super) copies: u32,
    /// The data of `^RFW,H`.
    pub(super) tag: Option<String>,
    /// The labels that may be used for one tag (`^RS`, fourth parameter; 3 by default).
    pub(super) tries: u32,
    /// `^HV` of fields that `^RFR` fills, in their order.
    pub(super) echoes: Vec<Echo>,
}

/// One `^HV` of a field that was read from the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Echo {
    /// From the TID bank; else from the EPC bank.
    pub(super) tid: bool,
    /// Bytes that the field is cut to.
    pub(super) bytes: usize,
    pub(super) header: String,
    pub(super) end: String,
}

/// Reads a format.
pub(super) fn understand(format: &[u8]) -> Label {
    let text = String::from_utf8_lossy(format);
    let mut label = Label { copies: 1, tries: 3, ..Label::default() };
    let (mut writes, mut field, mut hex) = (false, None, false);
    // Which field holds which bank; `true` is the TID.
    let mut reads: Vec<(u32, bool)> = Vec::new();
    for command in text.split('^').skip(1) {
        let Some((name, rest)) = command.split_at_checked(2) else { continue };
        match name.to_ascii_uppercase().as_str() {
            "PQ" => label.copies = first_number(rest, 0).unwrap_or(1).max(1),
            "RS" => label.tries = first_number(rest, 3).unwrap_or(3).clamp(1, 10),
            "RF" if rest.starts_with("W,H") => writes = true,
            "RF" if rest.starts_with("R,H") => {
                reads.extend(field.map(|field| (field, first_number(rest, 4) == Some(2))));
            }
            "FD" if writes => {
                label.tag = Some(rest.to_owned());
                writes = false;
            }
            "FN" => field = first_number(rest, 0),
            "FH" => hex = true,
            "HV" => {
                let parts: Vec<&str> = rest.splitn(5, ',').collect();
                if let [number, bytes, header, end, ..] = parts[..] {
                    let text = |part: &str| if hex { plain(part) } else { part.to_owned() };
                    let number: Option<u32> = number.parse().ok();
                    let read = reads.iter().find(|(field, _)| Some(*field) == number);
                    let (bytes, header, end) =
                        (bytes.parse().unwrap_or(64), text(header), text(end));
                    let echo = read.map(|&(_, tid)| Echo { tid, bytes, header, end });
                    label.echoes.extend(echo);
                }
            }
            "FS" => (field, hex, writes) = (None, false, false),
            _ => {}
        }
    }
    label
}

fn first_number(rest: &str, at: usize) -> Option<u32> {
    rest.split(',').nth(at)?.trim().parse().ok()
}

/// Field data after `^FH_`.
fn plain(part: &str) -> String {
    let mut pieces = part.split('_');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(&piece[2..]);
            }
            None => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_copies_and_echoes_are_understood() {
        let format = b"^XA^RS8,,,1,N^FS^RFW,H,,,A^FD30AB^FS^FN1^RFR,H^FS^FH_^HV1,4,GW:j[,]_0D_0A,L^FS^FDx^FS^PQ2,0,0,N^XZ";
        let echo = |tid, bytes, header: &str| Echo {
            tid,
            bytes,
            header: header.to_owned(),
            end: "]\r\n".to_owned(),
        };
        let echoes = vec![echo(false, 4, "GW:j[")];
        let expected = Label { copies: 2, tag: Some("30AB".to_owned()), tries: 1, echoes };
        assert_eq!(understand(format), expected);
        let both = b"^XA^FN1^RFR,H^FS^FH_^HV1,4,GW:j[,]_0D_0A,L^FS^FN2^RFR,H,0,12,2^FS^FH_^HV2,24,GW:j-t[,]_0D_0A,L^FS^XZ";
        let echoes = [echo(false, 4, "GW:j["), echo(true, 24, "GW:j-t[")];
        assert_eq!(understand(both).echoes, echoes);
        assert_eq!(understand(b"^XA^XZ"), Label { copies: 1, tries: 3, ..Label::default() });
    }
}
