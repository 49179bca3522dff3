//! What is wrong in a file is told at once, each with row, column, code and way out.

use std::collections::BTreeMap;

use gatewarden_documents::{
    KindDefinition,
    exchange::{Mode, Report, Settings, Severity, columns_of, documents},
};
use gatewarden_model::{CustomName, DocumentKind};

use serde_json::json;

use crate::house::{House, put_in, refusal, requisitions};

fn report(text: &[u8], settings: Settings) -> Report {
    put_in(&mut House::default(), text, Mode::DryRun, settings)
}

/// `row:column code` of each mistake.
fn told(text: &[u8], settings: Settings) -> Vec<String> {
    let report = report(text, settings);
    for mistake in &report.mistakes {
        assert!(!mistake.message.is_empty() && !mistake.way_out.is_empty(), "{mistake}");
        assert!(!mistake.message.ends_with('.') && !mistake.way_out.ends_with('.'), "{mistake}");
    }
    let place = |mistake: &gatewarden_documents::exchange::Mistake| match mistake.column_number {
        Some(number) => format!("{}:{number} {}", mistake.row, mistake.code),
        None => match &mistake.column {
            Some(path) => format!("{}:{path} {}", mistake.row, mistake.code),
            None => format!("{} {}", mistake.row, mistake.code),
        },
    };
    report.mistakes.iter().map(place).collect()
}

#[test]
fn twenty_mistakes_are_told_at_once() {
    let text = "\
kind,number,version,date,due,title,link.work-order,line,item,quantity,from,to,from-status,amount,line.due
requisition,R-1,one,29.11.2026,2026-02-30,=1+1,W-7##x,1,BOLT-M8,twelve,wh1//a,@nowhere,free,\"12,5\",soon
requisition,R-1,,,,another,,1,BOLT-M8,,,,,,
requisition,R-1,,,,,,x,,99999999999999999999,,,,1.23456,
requisition,R-2,1,,,,,1,BOLT-M8,5,wh1/a,@production,,,
wish,R-3,1,,,,,1,BOLT-M8,5,,,,,
requisition,,1,,,,,1,BOLT-M8,5,,,,,
requisition,R-1,1,,,,,1,BOLT-M8,5,,,,,
";
    let found = told(text.as_bytes(), Settings::default());
    let expected = [
        "2:3 number-malformed",
        "2:4 day-malformed",
        "2:5 day-malformed",
        "2:6 formula-text",
        "2:7 number-malformed",
        "2:10 quantity-malformed",
        "2:11 place-malformed",
        "2:12 place-malformed",
        "2:13 status-unknown",
        "2:14 amount-malformed",
        "2:15 day-malformed",
        "3:6 header-differs",
        "3:10 quantity-missing",
        "3:8 line-twice",
        "4:8 number-malformed",
        "4:10 quantity-too-large",
        "4:14 amount-malformed",
        "4:9 item-missing",
        "6:1 kind-unknown",
        "7:2 number-missing",
        "8:2 document-twice",
    ];
    assert_eq!(found, expected);
    let report = report(text.as_bytes(), Settings::default());
    assert_eq!((report.documents, report.refused, report.new), (1, 4, 1));
    let severe = |m: &&gatewarden_documents::exchange::Mistake| m.severity == Severity::Warning;
    assert_eq!(report.mistakes.iter().filter(severe).count(), 1, "the formula is only told");
    let first = report.mistakes.iter().find(|m| m.code == "quantity-malformed").unwrap();
    assert_eq!(
        first.to_string(),
        "row 2, column 10 (quantity), requisition R-1: \"twelve\" is no whole number of base units \
         [quantity-malformed]: write digits only, without unit, point, comma or space, such as 1200"
    );
}

#[test]
fn a_header_is_told_as_a_whole_and_nothing_is_read_under_a_wrong_one() {
    let text = b"nmber,item,qantity,colour,item,custom.Size,link.work\nR-1,B,1,red,B,1,W\n";
    let expected = [
        "1:1 column-unknown",
        "1:3 column-unknown",
        "1:4 column-unknown",
        "1:5 column-twice",
        "1:6 custom-name-malformed",
        "1:7 kind-unknown",
        "1 column-missing",
        "1 column-missing",
        "1 column-missing",
    ];
    assert_eq!(told(text, Settings::default()), expected);
    let report = report(text, Settings::default());
    assert_eq!((report.documents, report.refused), (0, 0));
    assert!(report.mistakes[1].way_out.contains("did you mean quantity?"));
}

#[test]
fn only_utf8_is_read_and_the_rest_told_with_the_way_out() {
    let gbk = b"number,title\nR-1,\xc2\xdd\xcb\xa8\nR-2,x\n";
    let found = report(gbk, requisitions());
    assert_eq!(found.mistakes.len(), 1);
    assert_eq!((found.mistakes[0].row, found.mistakes[0].column_number), (2, Some(2)));
    assert!(found.mistakes[0].message.contains("GBK"), "{}", found.mistakes[0]);
    assert!(found.mistakes[0].way_out.contains("CSV UTF-8"));
    let later = b"number,title\nR-1,x\nR-1,\xc2\xdd\nR-2,x\n";
    assert_eq!(told(later, requisitions()), ["2:1 document-cut", "3:2 encoding-not-utf8"]);
    assert_eq!(told(b"\xff\xfen\0u\0", requisitions()), ["1 encoding-utf16"]);
    assert_eq!(told(b"n\0u\0m\0b\0", requisitions()), ["1 encoding-utf16"]);
    assert_eq!(told(b"PK\x03\x04junk", requisitions()), ["1 file-workbook"]);
    assert_eq!(told(b"", requisitions()), ["1 file-empty"]);
    assert_eq!(told(b"\xef\xbb\xbf", requisitions()), ["1 file-empty"]);
    assert_eq!(told(b"sep=|\nnumber|title\n", requisitions()), ["1 delimiter-unknown"]);
}

#[test]
fn delimiters_byte_order_marks_and_line_ends_are_found_out() {
    for text in [
        "number;item;quantity;amount\nR-1;A,B;5;12.5\nR-1;C;6;1\n",
        "\u{feff}number\titem\tquantity\tamount\r\nR-1\tA,B\t5\t12.5\r\nR-1\tC\t6\t1",
        "sep=;\r\nnumber;item;quantity;amount\r\nR-1;A,B;5;12.5\r\n\r\n;;;\r\nR-1;C;6;1\r\n",
        "Number,Item,Quantity,Amount\rR-1,\"A,B\",5,12.50\rR-1 , C , 6 ,1\r",
    ] {
        let mut house = House::default();
        let report = put_in(&mut house, text.as_bytes(), Mode::Whole, requisitions());
        assert_eq!((report.mistakes.as_slice(), report.lines), (&[][..], 2), "{text}");
        let content = house.contents.values().next().unwrap();
        assert_eq!(content.lines[0].item.as_str(), "A,B");
        assert_eq!((content.lines[0].line, content.lines[1].line), (1, 2));
        assert_eq!(content.amount().unwrap().to_string(), "13.5");
    }
}

#[test]
fn what_is_too_much_is_counted_and_the_rest_is_read() {
    let mut text = format!("number,note,item,quantity\nR-1,{},B,1\n", "n".repeat(10 << 20));
    text.push_str("R-2,x,B,1\nR-3,\"x\"y,B,1\nR-4,x,B,1,more\n");
    (0..1_100).for_each(|_| text.push_str("R-5,,B,1\n"));
    text.push_str("R-6,\"open");
    let expected = [
        "2:2 text-too-long",
        "2:2 cell-too-long",
        "4:2 quote-stray",
        "5:5 cell-without-column",
        "1006:1 lines-too-many",
        "1106:2 quote-unclosed",
    ];
    let found: Vec<_> = told(text.as_bytes(), requisitions());
    let found: Vec<_> = found.iter().filter(|told| !told.ends_with("document-cut")).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_list_is_bounded_and_the_rest_counted() {
    let mut text = "number,item,quantity\n".to_owned();
    (0..3_000).for_each(|n| text.push_str(&format!("R-{n},B,x\n")));
    let report = report(text.as_bytes(), requisitions());
    assert_eq!((report.mistakes.len(), report.more, report.refused), (1_000, 2_000, 3_000));
}

#[test]
fn what_the_house_refuses_is_told_at_its_cell() {
    let text = "kind,nr,Teil,quantity\nrequisition,R-1,BOLT,1\nrequisition,R-1,GOLD,2\n";
    let names = [("nr", "number"), ("Teil", "item")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let settings = Settings { names: BTreeMap::from(names), ..Settings::default() };
    let mut house = House { no_item: Some("GOLD"), ..House::default() };
    let report = put_in(&mut house, text.as_bytes(), Mode::Each, settings);
    let [mistake] = report.mistakes.as_slice() else { panic!("{:?}", report.mistakes) };
    assert_eq!((mistake.row, mistake.column_number), (3, Some(3)));
    assert_eq!((mistake.column.as_deref(), &*mistake.code), (Some("Teil"), "unknown-item"));
    assert!(house.contents.is_empty() && report.refused == 1);
}

#[test]
fn master_data_is_a_table_with_its_own_column_names() {
    let text = "code,name,class,unit\nBOLT-M8,Hexagon bolt M8 x 40,C,pcs\n";
    let fields = ["class", "unit"].map(|name| CustomName::parse(name).unwrap());
    let settings = Settings {
        kind: Some(DocumentKind::Item),
        fields: fields.into_iter().collect(),
        ..Settings::default()
    };
    let mut house = House::default();
    let report = put_in(&mut house, text.as_bytes(), Mode::Whole, settings);
    assert_eq!((report.new, report.mistakes.len()), (1, 0));
    let (document, content) = house.contents.first_key_value().unwrap();
    assert_eq!((document.kind, document.number.as_str()), (DocumentKind::Item, "BOLT-M8"));
    assert_eq!(content.title, "Hexagon bolt M8 x 40");
    let class = CustomName::parse("class").unwrap();
    assert_eq!(content.custom[&class], "C");
}

#[test]
fn json_mistakes_are_told_at_once_by_their_path() {
    let text = r#"[
 {"document": {"kind": "requisition", "number": "R-1", "year": 1}, "version": "1", "titel": "x",
  "date": "29.11.2026", "custom": {"Colour": "red", "size": 3},
  "links": [{"document": {"kind": "wish", "number": "W"}}, {"line": 1}],
  "lines": [{"line": 1, "item": " B", "quantity": 1.5, "amount": 3},
            {"line": 1, "quantity": "2", "from_status": "free", "lineno": 7}, 5]},
 {"document": {"kind": "requisition", "number": "R-2"}, "version": 1, "title": "a", "title": "b"},
 {"document": {"kind": "requisition", "number": "R-3"}, "version": },
 {"document": {"kind": "requisition", "number": "R-4"}, "version": 1},
 {"document": {"kind": "requisition", "number": "R-4"}, "version": 1},
 {"version": 1} {}
"#;
    let report = report(text.as_bytes(), Settings::default());
    let place = |mistake: &gatewarden_documents::exchange::Mistake| match &mistake.column {
        Some(path) => format!("{}:{path} {}", mistake.row, mistake.code),
        None => format!("{} {}", mistake.row, mistake.code),
    };
    let mut found: Vec<_> = report.mistakes.iter().map(place).collect();
    found.sort();
    let mut expected = [
        "1:custom.Colour custom-name-malformed",
        "1:custom.size type-wrong",
        "1:date day-malformed",
        "1:document.year key-unknown",
        "1:lines[0].amount type-wrong",
        "1:lines[0].item item-malformed",
        "1:lines[0].quantity quantity-malformed",
        "1:lines[1].from_status status-unknown",
        "1:lines[1].item item-missing",
        "1:lines[1].lineno key-unknown",
        "1:lines[1].quantity type-wrong",
        "1:lines[1].quantity quantity-missing",
        "1:lines[2] type-wrong",
        "1:links[0].document.kind kind-unknown",
        "1:links[1].document key-missing",
        "1:titel key-unknown",
        "1:version type-wrong",
        "2:title key-twice",
        "3 json-malformed",
        "5:document.number document-twice",
        "6:document key-missing",
        "7 json-malformed",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    // Each where an editor finds it: what is missing, where what lacks it begins.
    let at = |wanted: &str| {
        let found = report.mistakes.iter().find(|one| place(one).ends_with(wanted)).unwrap();
        (found.line, found.column_number.unwrap())
    };
    for (wanted, expected) in [
        ("version type-wrong", (2, 79)),
        ("date day-malformed", (3, 11)),
        ("lines[0].quantity quantity-malformed", (5, 51)),
        ("lines[1].item item-missing", (6, 13)),
        ("lines[2] type-wrong", (6, 79)),
        ("title key-twice", (7, 94)),
        ("3 json-malformed", (8, 68)),
    ] {
        assert_eq!(at(wanted), expected, "{wanted}");
    }
    let shown = report.mistakes.iter().find(|one| one.code == "quantity-malformed").unwrap();
    assert!(
        shown
            .to_string()
            .starts_with("row 1, line 5, column 51 (lines[0].quantity), requisition R-1: "),
        "{shown}"
    );
}

#[test]
fn a_broken_line_of_json_lines_costs_only_itself() {
    let document =
        |n: u32| format!(r#"{{"document":{{"kind":"requisition","number":"R-{n}"}},"version":1}}"#);
    let text =
        format!("{}\n{{\"document\":\n\n{}\nnonsense\n{}\n", document(1), document(2), document(3));
    let report = report(text.as_bytes(), Settings::default());
    let lines: Vec<_> = report.mistakes.iter().map(|m| (m.line, &*m.code)).collect();
    assert_eq!(lines, [(2, "json-malformed"), (5, "json-malformed")]);
    assert_eq!((report.documents, report.refused), (3, 2));
    let pretty = format!(
        "{{\n\"document\": {{\"kind\": \"requisition\",\n \"number\": \"R\"}}, \"version\": 1}} {}",
        document(2)
    );
    assert_eq!(self::report(pretty.as_bytes(), Settings::default()).documents, 2);
}

#[test]
fn a_note_of_five_megabytes_in_json_is_refused_by_name() {
    for part in ["\\u00e9é\\n", "\\u4e2d", "\\ud83d\\uDD29", "x\\ud83d\\udd29\\\"", "螺", "\\\\"]
    {
        let note = part.repeat((5 << 20) / part.len());
        let text = format!(
            r#"{{"document":{{"kind":"requisition","number":"R-1"}},"version":1,"note":"{note}"}}
{{"document":{{"kind":"requisition","number":"R-2"}},"version":1}}"#
        );
        let report = report(text.as_bytes(), Settings::default());
        let found: Vec<_> =
            report.mistakes.iter().map(|m| (m.column.as_deref(), &*m.code)).collect();
        assert_eq!(found, [(Some("note"), "text-too-long")], "{part}");
        assert_eq!(report.documents, 1);
    }
}

#[test]
fn a_mistake_names_the_column_that_the_file_lacks() {
    let text = b"number,due,link.work-order,item,quantity\nR-1,2026-12-01,W-7,BOLT-M8,5\n";
    let parsed = documents(&text[..], &requisitions()).next().unwrap();
    let told = |field: &str| parsed.mistake(&refusal("field-missing", Some(field.to_owned())));
    let of_line = told("lines[0].due");
    assert!(of_line.message.ends_with("(the file has no column line.due)"), "{of_line}");
    assert!(told("lines[0].from_status").message.ends_with("no column from-status)"));
    assert!(told("custom.unit").message.ends_with("no column custom.unit)"));
    for there in ["due", "lines[0].item", "document.number", "links", "lines"] {
        assert_eq!(told(there).message, "it is not taken", "{there}");
    }
}

#[test]
fn the_columns_of_a_kind_are_those_that_an_import_reads() {
    let kind: KindDefinition = serde_json::from_value(json!({
        "kind": "purchase-request", "title": "Purchase request", "numbering": "PR-{seq:4}",
        "rights": {"view": "item:view", "create": "item:create", "modify": "item:modify",
            "approve": "item:approve", "execute": "item:modify"},
        "execution": "none", "needs": ["requester"], "lines": {"max": 9, "needs": ["due"]},
        "links": [{"to": "work-order", "min": 1, "max": 2}, {"to": "sales-order", "max": 1, "by_line": true},
            {"to": "bom", "max": 1, "digest": true}],
    }))
    .unwrap();
    let columns = columns_of(&kind, &[]);
    let needed: Vec<&str> = columns.iter().filter(|c| c.needed).map(|c| c.name.as_str()).collect();
    let expected =
        ["kind", "number", "requester", "link.work-order", "item", "quantity", "line.due"];
    assert_eq!(needed, expected);
    let form =
        |name: &str| columns.iter().find(|one| one.name == name).unwrap().form.clone().unwrap();
    assert_eq!(form("line.link.sales-order"), "NUMBER or NUMBER##LINE");
    assert!(form("link.work-order").contains('|') && form("link.bom").contains("@@DIGEST"));
    let header: Vec<&str> = columns.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(told(header.join(",").as_bytes(), Settings::default()), [""; 0], "each is known");
    let mut no_lines = kind;
    no_lines.lines.max = 0;
    assert!(columns_of(&no_lines, &[]).iter().all(|one| !one.line));
}
