//! What templates promise.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use proptest::prelude::*;

use super::*;

fn one(source: &str) -> Templates {
    let mut templates = Templates::new(None);
    templates.add("t", source.to_owned()).unwrap();
    templates
}

fn named(name: &str) -> LabelData {
    LabelData { name: Some(name.to_owned()), ..LabelData::default() }
}

/// What a printer takes as the data of a field after `^FH`.
fn unescape(field: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), field.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'_' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn any_text_comes_out_as_data_and_nothing_else(text in "\\PC{0,40}|[\\^~_a\\x00-\\x1f\\x7f中>]{0,40}") {
        let rendered = one("^XA^CI28^FO9,9^FH^FD{{ name }}^FS^XZ").render("t", &named(&text)).unwrap();
        let field = rendered.strip_prefix("^XA^CI28^FO9,9^FH^FD").unwrap().strip_suffix("^FS^XZ").unwrap();
        prop_assert!(!field.contains(['^', '~']) && !field.contains(char::is_control));
        let expected: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        prop_assert_eq!(unescape(field), expected);
    }

    #[test]
    fn no_filter_lets_a_command_through(text in "[\\^~_()0-9a-z>中]{1,30}", which in 0usize..5) {
        let filter = ["qr", "code128", "gs1_128", "gs1_datamatrix", "upper"][which];
        let source = format!("^XA^FO1,1{{{{ name|{filter} }}}}^XZ");
        if let Ok(rendered) = one(&source).render("t", &named(&text)) {
            let commands = rendered.matches('^').count();
            prop_assert!(commands <= 7 && !rendered.contains('~'), "{}", rendered);
            prop_assert!(check_label(&rendered).is_ok());
        }
    }

    #[test]
    fn any_template_is_refused_or_gives_one_label(source in "(\\^XA|\\^XZ|\\{\\{|\\}\\}|name|\\||qr|%\\}|\\{%|for|x| ){0,12}") {
        let mut templates = Templates::new(None);
        if templates.add("t", source).is_ok() && let Ok(label) = templates.render("t", &named("n")) {
            prop_assert!(check_label(&label).is_ok());
        }
    }
}

#[test]
fn mistakes_are_named() {
    let words =
        |source: &str, data: &LabelData| one(source).render("t", data).unwrap_err().to_string();
    let none = LabelData::default();
    for (source, data, expected) in [
        ("^XA{{ lot }}^XZ", &none, "the label has no value for this"),
        ("^XA\n{{ lott }}^XZ", &none, "line 2"),
        ("^XA{{ name|safe }}^XZ", &named("^XZ"), "safe"),
        ("^FDx", &none, "one ^XA"),
        ("^XA{{ name|bitmap }}^XZ", &named("中"), "no font is configured"),
        ("^XA{{ name|gs1_128 }}^XZ", &named("(01)04012345123457"), "check digit"),
        (
            "^XA{% for x in range(9999) %}{{ x }}{% endfor %}{% for x in range(9999) %}{{ x }}{% endfor %}^XZ",
            &none,
            "fuel",
        ),
    ] {
        let seen = words(source, data);
        assert!(seen.contains(expected), "{source}: {seen}");
    }
    let wrong = LabelData { sscc: Some("340123450000000001".to_owned()), ..LabelData::default() };
    assert!(words("^XA^XZ", &wrong).starts_with("sscc: "));
    let wrong = LabelData { epc: Some("xx".to_owned()), ..LabelData::default() };
    assert!(words("^XA^XZ", &wrong).starts_with("epc: "));
    let unknown = one("^XA^XZ").render("u", &none).unwrap_err().to_string();
    assert_eq!(unknown, "no template \"u\"; there are: t");
}

#[test]
fn an_sscc_gets_its_check_digit() {
    let label = one("^XA^FD{{ make_sscc('4012345', '3000000001') }}^FS^XZ")
        .render("t", &LabelData::default());
    assert_eq!(label.unwrap(), "^XA^FD340123450000000017^FS^XZ");
    assert!(make_sscc("4012345", "1").is_err());
}

#[test]
fn what_a_job_may_not_do_is_told_of_the_template_with_its_line() {
    for (source, line, command) in [
        ("^XA\n^FO1,1^FDa^FS\n^PQ2^XZ", 3, "^PQ"),
        ("^XA^RFW,H^FDaa^FS^XZ", 1, "^RF"),
        ("{# a\nnote with ^PQ #}^XA{% if name %}\n~JA{% endif %}^XZ", 3, "~JA"),
        ("^xa^hv1,8^xz", 1, "^hv"),
    ] {
        let told = Templates::new(None).add("t", source.to_owned()).unwrap_err().to_string();
        let expected = format!("template t: line {line}: {command} may not stand");
        assert!(told.starts_with(&expected), "{told}");
    }
    // What joins two texts in an expression is no command.
    let label = one("^XA^FO1,1^FD{{ name ~ name }}^FS^XZ").render("t", &named("a")).unwrap();
    assert!(label.contains("^FDaa^FS"));
}
