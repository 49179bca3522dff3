//! The rules for texts: each is a pure function from a text to what is wrong with it.

use gatewarden_model::{Amount, Field, ItemId, Location, StationId};

use crate::{items, shape::Text};

/// Longest line of text, in characters.
const LINE_CHARS_MAX: usize = 128;
/// Longest prefix or suffix, in characters.
const AFFIX_CHARS_MAX: usize = 16;
/// Longest path, URL or topic, in bytes.
const LONG_BYTES_MAX: usize = 1024;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) code: &'static str,
    /// What the text is not, as in `"x" is not …`.
    pub(crate) is_not: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) hint: Option<String>,
}

/// Checks a text against its rule.
pub(crate) fn check(rule: Text, text: &str) -> Result<(), Complaint> {
    let (good, hint) = match rule {
        Text::Slug => (StationId::parse(text).is_ok(), slug_hint(text)),
        Text::Code => (ItemId::parse(text).is_ok(), trim_hint(text)),
        Text::Line => (is_line(text), trim_hint(text)),
        Text::Affix => (text.chars().count() <= AFFIX_CHARS_MAX, None),
        Text::Address(port) => (split_address(text).is_some(), address_hint(text, port)),
        Text::Socket => (text.parse::<std::net::SocketAddr>().is_ok(), socket_hint(text)),
        Text::Url => url(text),
        Text::Path => (is_path(text), None),
        Text::DevicePath => (is_path(text) && text.starts_with('/'), device_path_hint(text)),
        Text::Gtin => gtin(text),
        Text::Ratio => (items::ratio(text).is_some(), ratio_hint(text)),
        Text::Amount => (is_amount(text), None),
        Text::Warehouse => (is_place(text) && !text.contains('/'), warehouse_hint(text)),
        Text::Mac => (normal_mac(text).is_some(), None),
        Text::Currency => (is_currency(text), currency_hint(text)),
        Text::Offset => (offset_minutes(text).is_some(), offset_hint(text)),
        Text::Location => (Location::parse(text).is_ok(), None),
        Text::Place => (is_place(text), None),
        Text::Supplier => (is_supplier(text), None),
        Text::Mail => (is_mail(text), None),
        Text::Field => (text.parse::<Field>().is_ok(), None),
        Text::Topic => (is_topic(text), None),
        Text::Pointer => (is_pointer(text), pointer_hint(text)),
        Text::Condition => (is_condition(text), None),
        Text::Clock => (clock_minutes(text).is_some(), None),
    };
    if good {
        return Ok(());
    }
    let (code, is_not, expected) = words(rule);
    Err(Complaint { code, is_not, expected, hint })
}

/// The code of a broken rule, what the text is not, and what is expected.
pub(crate) fn words(rule: Text) -> (&'static str, &'static str, &'static str) {
    match rule {
        Text::Slug => (
            "bad-name",
            "a name",
            "1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit",
        ),
        Text::Code => (
            "bad-code",
            "an item code",
            "1 to 64 bytes of printable text without leading or trailing space",
        ),
        Text::Line => (
            "bad-text",
            "a line of text",
            "1 to 128 printable characters without leading or trailing space",
        ),
        Text::Affix => ("bad-text", "a prefix or suffix", "up to 16 characters"),
        Text::Address(_) => {
            ("bad-address", "an address", "\"host:port\" with a port of 1 to 65535")
        }
        Text::Socket => ("bad-address", "an address to listen on", "\"ip:port\""),
        Text::Url => (
            "bad-url",
            "a URL to deliver to",
            "\"https://host/path\" or \"http://…\", without user and password",
        ),
        Text::Path => ("bad-path", "a path", "a path of 1 to 1024 bytes"),
        Text::DevicePath => {
            ("bad-path", "an absolute path", "one from the root, such as \"/dev/…\"")
        }
        Text::Gtin => ("bad-gtin", "a GTIN", "8, 12, 13 or 14 digits with a right check digit"),
        Text::Ratio => (
            "bad-ratio",
            "a number of base units",
            "a whole number or a fraction, such as \"12\" or \"1/3\"",
        ),
        Text::Amount => (
            "bad-amount",
            "an amount",
            "a decimal such as \"5000\" or \"5000.01\" with at most 4 places, 0 or more",
        ),
        Text::Warehouse => {
            ("bad-warehouse", "a warehouse", "the first part of a location, such as \"wh1\"")
        }
        Text::Mac => {
            ("bad-mac", "a MAC address", "six or eight bytes such as \"00:16:25:01:02:03\"")
        }
        Text::Currency => ("bad-currency", "a currency", "an ISO 4217 code such as \"EUR\""),
        Text::Offset => ("bad-offset", "a distance from UTC", "\"+08:00\" and the like"),
        Text::Place => ("bad-location", "a place in the building", "a path such as \"wh1/dock\""),
        Text::Location => (
            "bad-location",
            "a location",
            "a path such as \"wh1/dock\", or \"@supplier/NAME\" and the like",
        ),
        Text::Supplier => ("bad-location", "a supplier", "\"@supplier/NAME\""),
        Text::Field => (
            "unknown-field",
            "a field",
            "price, cost, supplier, customer, owner, notes, custom:NAME or custom:*",
        ),
        Text::Condition => (
            "bad-condition",
            "a condition",
            "1 to 4,096 bytes such as document.amount > param.limit",
        ),
        Text::Clock => ("bad-clock", "a time of day", "HH:MM, such as \"06:30\", up to \"24:00\""),
        Text::Mail => ("bad-mail", "a mail address", "NAME@DOMAIN, such as \"li.wei@example.com\""),
        Text::Topic => (
            "bad-topic",
            "a topic to publish to",
            "1 to 1024 bytes without '+', '#' and control characters",
        ),
        Text::Pointer => ("bad-pointer", "a JSON pointer", "a path such as \"/ok\" or \"/ids/0\""),
    }
}

/// A host and a port; a host of IPv6 stands in brackets.
pub(crate) fn split_address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|p| *p > 0)?;
    let named = |host: &str| {
        (1..=253).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    let good = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => named(host),
    };
    good.then_some((host, port))
}

/// RFC 6901, the whole document aside: `~` stands before 0 or 1 only.
fn is_pointer(text: &str) -> bool {
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let short = text.len() <= LONG_BYTES_MAX && !text.contains(char::is_control);
    text.starts_with('/') && escaped && short
}

fn pointer_hint(text: &str) -> Option<String> {
    let path = text.trim_start_matches(['$', '.', '#', '/']).replace('.', "/");
    let pointer = format!("/{path}");
    (pointer != text && pointer.len() > 1 && is_pointer(&pointer))
        .then(|| format!("such as {pointer:?}"))
}

fn is_line(text: &str) -> bool {
    (1..=LINE_CHARS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

fn is_path(text: &str) -> bool {
    (1..=LONG_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_topic(text: &str) -> bool {
    is_path(text) && !text.contains(['+', '#'])
}

fn is_amount(text: &str) -> bool {
    text.parse::<Amount>().is_ok_and(|amount| amount >= Amount::ZERO)
}

fn warehouse_hint(text: &str) -> Option<String> {
    let first = text.split_once('/')?.0;
    is_place(first).then(|| format!("write {first:?}"))
}

fn is_place(text: &str) -> bool {
    Location::parse(text).is_ok_and(|location| location.is_physical())
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Minutes east of UTC; at most 14 hours (the largest in use), in steps of a minute.
pub(crate) fn offset_minutes(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |text: &str, max: i32| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|n| digits && *n <= max)
    };
    let total = two(hours, 14)? * 60 + two(minutes, 59)?;
    (total <= 14 * 60).then_some(sign * total)
}

/// A text on several lines that is not empty. What it says is told by whoever parses it, and so is its length.
fn is_condition(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Minutes since midnight of `06:30`.
pub(crate) fn clock_minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let of_day = match (digits(hours), digits(minutes)) {
        (true, true) => hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?,
        _ => return None,
    };
    (of_day <= 24 * 60 && !minutes.starts_with(['6', '7', '8', '9'])).then_some(of_day)
}

fn is_supplier(text: &str) -> bool {
    Location::parse(text).is_ok() && text.starts_with("@supplier/")
}

/// The form that mail servers take unquoted; at most 254 bytes (RFC 5321, 4.5.3.1).
fn is_mail(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let strange = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c);
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let dotted = |part: &str| !part.split('.').any(str::is_empty);
    text.len() <= 254
        && name.len() <= 64
        && !text.replacen('@', "", 1).contains(strange)
        && dotted(name)
        && domain.split('.').all(label)
}

fn url(text: &str) -> (bool, Option<String>) {
    let hint = |hint: &str| (false, Some(hint.to_owned()));
    if text.len() > LONG_BYTES_MAX || text.contains(char::is_whitespace) {
        return (false, None);
    }
    let url = match url::Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return hint("begin with \"https://\""),
        Err(error) => return (false, Some(error.to_string())),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return hint("use https or http");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return hint("secrets never stand in the TOML: leave user and password out");
    }
    (url.has_host(), None)
}

fn gtin(text: &str) -> (bool, Option<String>) {
    if !matches!(text.len(), 8 | 12 | 13 | 14) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return (false, None);
    }
    let (digits, last) = text.split_at(text.len() - 1);
    let right = items::check_digit(digits).map(|d| d.to_string()).unwrap_or_default();
    (last == right, Some(format!("the check digit of {digits} is {right}")))
}

fn ratio_hint(text: &str) -> Option<String> {
    let decimal = text.split_once('.').filter(|(a, b)| {
        let digits =
            |t: &str| !t.is_empty() && t.len() < 5 && t.bytes().all(|b| b.is_ascii_digit());
        digits(a) && digits(b)
    });
    let (whole, places) = decimal?;
    let bottom = 10_u32.checked_pow(u32::try_from(places.len()).ok()?)?;
    let top: u32 = format!("{whole}{places}").parse().ok()?;
    let (top, bottom) = items::ratio(&format!("{top}/{bottom}"))?;
    Some(format!("such as \"{top}/{bottom}\""))
}

fn currency_hint(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    is_currency(&upper).then(|| format!("such as {upper:?}"))
}

fn offset_hint(text: &str) -> Option<String> {
    let hours: i32 = text.trim().trim_end_matches(":00").trim_start_matches('+').parse().ok()?;
    (-14..=14).contains(&hours).then(|| {
        let sign = if hours < 0 { '-' } else { '+' };
        format!("such as \"{sign}{:02}:00\"", hours.abs())
    })
}

fn slug_hint(text: &str) -> Option<String> {
    let slug: String = text
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-') { c } else { '-' })
        .take(64)
        .collect();
    let slug = slug.trim_start_matches(['.', '_', '-']);
    StationId::parse(slug).is_ok().then(|| format!("such as {slug:?}"))
}

fn trim_hint(text: &str) -> Option<String> {
    let spaced = text.trim() != text && !text.trim().is_empty();
    spaced.then(|| "remove the space around it".to_owned())
}

fn address_hint(text: &str, port: u16) -> Option<String> {
    let plain = !text.is_empty() && text.len() <= 64 && !text.contains([':', '/', ' ']);
    if plain {
        return Some(format!("add the port, such as \"{text}:{port}\""));
    }
    text.contains("://").then(|| "leave out the part up to \"://\"".to_owned())
}

fn socket_hint(text: &str) -> Option<String> {
    let port = text.strip_prefix("localhost:")?;
    port.parse::<u16>().ok().map(|port| format!("such as \"127.0.0.1:{port}\""))
}

fn device_path_hint(text: &str) -> Option<String> {
    let tty = text.starts_with("tty") && is_path(text);
    tty.then(|| format!("such as \"/dev/{text}\""))
}

/// A MAC address as LLRP readers tell theirs: EUI-64, capital hex with colons. One of six bytes is widened
/// as IEEE's guidelines for EUI-64 say, with FF:FE in its middle.
pub(crate) fn normal_mac(text: &str) -> Option<String> {
    let byte = |part: &str| {
        let is_hex = part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| part.to_ascii_uppercase())
    };
    let mut bytes: Vec<String> = text.split([':', '-']).map(byte).collect::<Option<_>>()?;
    if bytes.len() == 6 {
        bytes.splice(3..3, ["FF".to_owned(), "FE".to_owned()]);
    }
    (bytes.len() == 8).then(|| bytes.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_knows_right_from_wrong() {
        let cases: &[(Text, &[&str], &[&str])] = &[
            (Text::Slug, &["dock-1"], &["Dock 1", "", "-a"]),
            (Text::Line, &["Dock door 1", "é"], &["", " a", "a\nb"]),
            (
                Text::Address(502),
                &["reader.local:5084", "10.0.0.7:5084", "[::1]:502"],
                &["reader", "reader:0", "reader:70000", ":1", "a b:1", "[x]:1", "::1:502"],
            ),
            (Text::Socket, &["127.0.0.1:8420", "[::1]:0"], &["localhost:8420", "127.0.0.1"]),
            (
                Text::Url,
                &["https://erp.example/hook", "http://127.0.0.1:8000/"],
                &["erp.example/hook", "ftp://a/b", "https://u:p@a/", "https://", "http://a b/"],
            ),
            (Text::DevicePath, &["/dev/ttyACM0"], &["ttyACM0", ""]),
            (
                Text::Gtin,
                &["6291041500213", "96385074", "00614141123452"],
                &["6291041500214", "629104150021", "abc", "１２３４５６７８", ""],
            ),
            (Text::Ratio, &["12", "1/3"], &["0", "1.5", "1/0", "", "twelve"]),
            (Text::Amount, &["5000", "5000.01", "0"], &["-1", "5,000", "1.00001", "1e3", ""]),
            (Text::Warehouse, &["wh1", "north hall"], &["wh1/a", "@loss", "", " wh1"]),
            (
                Text::Mac,
                &["00:16:25:01:02:03", "00-16-25-ff-fe-01-02-03"],
                &["", "00:16:25", "00:16:25:01:02:0g", "0:16:25:01:02:03", "00:16:25:01:02:+3"],
            ),
            (Text::Currency, &["EUR", "CNY"], &["eur", "EURO", "€", ""]),
            (
                Text::Offset,
                &["+08:00", "-03:30", "+00:00", "+14:00"],
                &["8", "+8:00", "+08:60", "+15:00", "+14:30", "08:00", "+é:00", ""],
            ),
            (Text::Place, &["wh1", "wh1/a"], &["@supplier/ACME", "", "/"]),
            (Text::Field, &["price", "custom:colour", "custom:*"], &["prices", "custom:", ""]),
            (Text::Supplier, &["@supplier/ACME"], &["@supplier", "@customer/ACME", "wh1"]),
            (Text::Condition, &["a > 1", "a\n&& b"], &["", " \n"]),
            (Text::Clock, &["00:00", "06:30", "24:00"], &["6:30", "24:01", "06:60", "noon", ""]),
            (
                Text::Mail,
                &["li.wei@example.com", "a+b@x", "王芳@例子.cn"],
                &["", "li.wei", "@x", "a@", "a b@x", "a@b@c", "a..b@x", "a@x.", "<a@x>", "a@-x"],
            ),
            (Text::Topic, &["gatewarden/movements"], &["a/#", "+", ""]),
            (Text::Pointer, &["/ok", "/a~1b/0", "/"], &["", "ok", "$.ok", "/a~", "/a~2", "/\n"]),
        ];
        for (rule, good, bad) in cases {
            for text in *good {
                assert_eq!(check(*rule, text), Ok(()), "{text:?}");
            }
            for text in *bad {
                assert!(check(*rule, text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn hints_show_the_way_out() {
        let hint = |rule, text| check(rule, text).err().and_then(|c| c.hint);
        assert_eq!(hint(Text::Slug, "Dock 1").as_deref(), Some("such as \"dock-1\""));
        assert_eq!(
            hint(Text::Gtin, "6291041500214").as_deref(),
            Some("the check digit of 629104150021 is 3")
        );
        assert_eq!(hint(Text::Ratio, "0.25").as_deref(), Some("such as \"1/4\""));
        assert_eq!(hint(Text::Currency, "eur").as_deref(), Some("such as \"EUR\""));
        assert_eq!(hint(Text::Offset, "+8:00").as_deref(), Some("such as \"+08:00\""));
        assert_eq!(
            hint(Text::Address(502), "reader").as_deref(),
            Some("add the port, such as \"reader:502\"")
        );
    }
}
