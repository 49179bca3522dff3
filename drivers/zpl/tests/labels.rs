//! Labels as a printer got them, rendered (zplkit) and read back (zxing-cpp) by programs that nobody here wrote. They
//! need `GATEWARDEN_PEERS`, the virtual environment that `tests/run` makes, and Debian's fonts-droid-fallback and fonts-dejavu-core.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use gatewarden_model::gs1::{parse_bracketed, scan_data};
use gatewarden_zpl::{
    compose,
    template::{Font, LabelData, Templates, make_sscc},
};
use serde_json::Value;

const FONTS: [&str; 2] = [
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
];
const GS1: &str = "(01)04012345123456(17)271231(10)AB-12(21)S1234567";
const NAME: &str = "仓库 托盘 7号";

fn python() -> Option<PathBuf> {
    let Some(directory) = std::env::var_os("GATEWARDEN_PEERS") else {
        println!("skipped: GATEWARDEN_PEERS names no environment with the peers");
        return None;
    };
    let path = PathBuf::from(directory).join("bin/python");
    assert!(path.exists(), "GATEWARDEN_PEERS is set, but there is no {}", path.display());
    Some(path)
}

fn decode(python: &PathBuf, zpl: &[u8], region: [u32; 4]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/labels/decode.py");
    let mut child = Command::new(python)
        .args([script, "812", "1218"])
        .args(region.map(|n| n.to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(zpl).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a code of a format holds; the codes of one kind from top to bottom.
fn held(seen: &Value, format: &str) -> Vec<String> {
    let codes = seen["codes"].as_array().unwrap().iter();
    let found =
        codes.filter(|code| code["format"].as_str().unwrap().replace(' ', "").contains(format));
    let mut all: Vec<String> = found
        .map(|code| {
            let hex = code["bytes"].as_str().unwrap().as_bytes();
            let bytes = hex
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            format!(
                "{} {}",
                code["aim"].as_str().unwrap(),
                String::from_utf8(bytes.collect()).unwrap()
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_code_of_a_label_is_read_back_with_its_separators() {
    let Some(python) = python() else { return };
    let font = Font::parse(FONTS.map(|path| std::fs::read(path).unwrap()).to_vec()).unwrap();
    let mut templates = Templates::new(Some(font.clone()));
    templates.add("pallet", include_str!("labels/pallet.zpl").to_owned()).unwrap();
    let sscc = make_sscc("4012345", "3000000001").unwrap();
    let some = |text: &str| Some(text.to_owned());
    let data = LabelData {
        item: some("BOLT^M8~JA_"),
        name: some(NAME),
        lot: some("AB-12"),
        quantity: some("40"),
        unit: some("pcs"),
        gs1: some(GS1),
        sscc: Some(sscc.clone()),
        ..LabelData::default()
    };
    let rendered = templates.render("pallet", &data).unwrap();
    let format = compose(&rendered, "job-1", 1, None).unwrap();
    let picture = font.draw(NAME, 48).unwrap();
    let width = u32::try_from(picture.row_bytes * 8).unwrap();
    let seen = decode(&python, &format.zpl, [40, 40, width, 48]);

    let elements = scan_data(&parse_bracketed(GS1).unwrap().elements);
    let separators = elements.matches('\u{1d}').count();
    assert_eq!(separators, 1, "the lot is followed by one");
    assert_eq!(
        held(&seen, "Code128"),
        [format!("]C1 00{sscc}"), format!("]C1 {elements}")],
        "{seen}"
    );
    assert_eq!(held(&seen, "DataMatrix"), [format!("]d2 {elements}")], "{seen}");
    assert_eq!(held(&seen, "QR"), [format!("]Q1 {GS1}")], "{seen}");

    let drawn: Vec<String> = picture
        .bits
        .chunks(picture.row_bytes)
        .map(|row| row.iter().map(|byte| format!("{byte:08b}")).collect())
        .collect();
    let dots: Vec<&str> =
        seen["dots"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    assert_eq!(dots, drawn);
    assert!(drawn.iter().any(|row| row.contains('1')));
}
