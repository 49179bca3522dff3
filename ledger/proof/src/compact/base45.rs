//! Base 45 (RFC 9285): two bytes in three characters of QR's alphanumeric mode.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    let mut put = |n: u16| text.push(char::from(ALPHABET[usize::from(n % 45)]));
    for pair in bytes.chunks(2) {
        match *pair {
            [high, low] => {
                let n = u16::from_be_bytes([high, low]);
                [n, n / 45, n / (45 * 45)].into_iter().for_each(&mut put);
            }
            [one] => [u16::from(one), u16::from(one) / 45].into_iter().for_each(&mut put),
            _ => {}
        }
    }
    text
}

/// The bytes; none where the text is no base 45.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| ALPHABET.iter().position(|a| a == c).and_then(|n| u32::try_from(n).ok());
    let digits: Vec<u32> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let mut bytes = Vec::with_capacity(digits.len() / 3 * 2 + 1);
    for group in digits.chunks(3) {
        match *group {
            [a, b, c] => {
                let n = u16::try_from(a + b * 45 + c * 45 * 45).ok()?;
                bytes.extend_from_slice(&n.to_be_bytes());
            }
            [a, b] => bytes.push(u8::try_from(a + b * 45).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9285, 4.3 and 4.4.
    #[test]
    fn the_rfcs_examples() {
        for (bytes, text) in [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decode("QED8WEX0").as_deref(), Some(&b"ietf!"[..]));
        for bad in ["GGW", "::", ":::", "A", "a", "AB8C"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
