//! Every GET that the API describes, its path filled from what is there, each of its query keys tried
//! by itself. A parameter that nobody has an example for fails the test.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gatewarden_tests::Caller;
use reqwest::Method;
use serde_json::Value;

use super::world::Places;

/// One request.
pub(crate) struct Door {
    pub(crate) path: String,
}

/// All that can be asked.
pub(crate) async fn doors(viewer: &Caller, places: &Places) -> Vec<Door> {
    let api = viewer.get("/openapi.json").await;
    let mut doors = vec![];
    for (path, operations) in api["paths"].as_object().unwrap() {
        let Some(get) = operations.get("get") else { continue };
        let keys: Vec<&str> = get["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        for path in filled(path, places) {
            for key in &keys {
                let values = query(key, places).into_iter();
                let with = |value: String| Door { path: format!("{path}?{key}={value}") };
                doors.extend(values.map(with));
            }
            doors.push(Door { path });
        }
    }
    doors
}

/// A path with every choice for its parameters.
fn filled(path: &str, places: &Places) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (name, after) = rest.split_once('}').unwrap();
    if name == "kind" {
        let tail = after.split_once('}').map_or("", |(_, tail)| tail);
        let pairs = places.traced.iter();
        let path = |(kind, key): &(_, String)| format!("{before}{kind}/{}{tail}", encoded(key));
        return pairs.map(path).collect();
    }
    let choices: Vec<String> = match name {
        "station" => vec!["dock-1".into(), "counter-1".into()],
        "task" => vec![places.task.clone()],
        "movement" => places.movements.clone(),
        "id" => {
            places.movements.iter().chain([&places.open_posting, &places.void]).cloned().collect()
        }
        "sscc" => vec![places.unit.clone()],
        "item" => vec!["MILK-1L".into()],
        "lot" => vec!["L7".into()],
        "key" => vec![places.tag.clone(), places.thing.clone()],
        "operator" | "client" | "lane" | "pass" | "review" | "token" => vec!["none".into()],
        other => panic!("{path} has a parameter {other}: give an example for it in this test"),
    };
    choices
        .iter()
        .flat_map(|one| filled(&format!("{before}{}{after}", encoded(one)), places))
        .collect()
}

/// What a query key is tried with.
fn query(key: &str, places: &Places) -> Vec<String> {
    let text = |values: &[&str]| values.iter().map(|value| encoded(value)).collect();
    match key {
        "item" => text(&["BOLT-M8", "MILK-1L"]),
        "location" => text(&["wh1", "@supplier", "@customer/CUSMARK-7", "@supplier/SUPMARK-7"]),
        "days" => text(&["30"]),
        "lot" => text(&["L7"]),
        "owner" => text(&["house", "OWNMARK-7"]),
        "status" => text(&["reserved", "none"]),
        "unit" => vec![places.unit.clone(), "none".into()],
        "all" => text(&["true", "7"]),
        "on" | "from" | "to" => text(&["2000-01-01", "2999-01-01", "yesterday", "1"]),
        "view" => text(&["known", "secret"]),
        "format" => text(&["csv", "json", "pdf"]),
        "before" => text(&["1000000", "x"]),
        "limit" => text(&["1000", "-1"]),
        "kind" => text(&["purchase-order", "none"]),
        "state" => text(&["draft", "in-approval"]),
        "after" => text(&["A"]),
        "left" => text(&["BOLT-M8 x 1", "1"]),
        other => panic!("there is a query key {other}: give an example for it in this test"),
    }
}

fn encoded(text: &str) -> String {
    let mut url = reqwest::Url::parse("http://gatewarden/").unwrap();
    url.path_segments_mut().unwrap().pop_if_empty().push(text);
    url.path().trim_start_matches('/').replace('&', "%26")
}

/// A text with what a proof in it says in base64.
pub(crate) fn in_clear(text: &str) -> String {
    let encoded = text.lines().filter_map(|line| line.strip_prefix("extra "));
    let decoded = encoded.filter_map(|text| STANDARD.decode(text).ok());
    let clear = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    format!("{text}{}", clear.collect::<String>())
}

/// Asks everything; what each was told, headers and all.
pub(crate) async fn walk(caller: &Caller, doors: &[Door]) -> Vec<(String, String)> {
    let mut all = vec![];
    for door in doors {
        let answer = caller.ask(Method::GET, &door.path, None).await;
        assert!(answer.status < 500, "{}: {} {}", door.path, answer.status, answer.body);
        let text = match &answer.body {
            Value::String(text) => in_clear(text),
            other => other.to_string(),
        };
        // What somebody asked with is no news to him.
        let asked = door.path.split('?').nth(1).is_some_and(|query| query.contains("MARK"));
        let text = if asked && answer.status >= 400 { text.replace("MARK", "") } else { text };
        all.push((format!("GET {}", door.path), format!("{}{text}", answer.head)));
    }
    all
}
