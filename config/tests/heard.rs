//! Notices that would reach nobody are told while there is time: by no channel, or to nobody who is here.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, io, path::Path, path::PathBuf};

use gatewarden_config::{Checked, Environment, Mistake, People, Severity, parse};

/// A folder with a file of notices, and the people of a house.
struct House {
    notices: &'static str,
    people: Option<People>,
}

impl Environment for House {
    fn var(&self, _: &str) -> Option<String> {
        Some("secret".to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.ends_with("notices.toml") {
            true => Ok(self.notices.as_bytes().to_vec()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        None
    }

    fn people(&self) -> Option<&People> {
        self.people.as_ref()
    }
}

const PLANT: &str = "[gateway]\nname = \"gw\"\n[access]\ntemplate = \"make-to-order\"\n";
const MAIL: &str = "[[channels]]\nname = \"mail\"\nkind = \"mail\"\naddress = \"127.0.0.1:25\"\ntls = \"none\"\n\
                    from = \"gw@example.com\"\n";
const SECTION: &str = "[procedures]\nnotices = \"notices.toml\"\n";

fn checked(text: &str, house: &House) -> Checked {
    let checked = parse(Path::new("gateway.toml"), text.as_bytes(), house);
    assert!(checked.config.is_some(), "{:?}", checked.mistakes);
    assert!(checked.mistakes.iter().all(|one| one.severity == Severity::Warning));
    checked
}

/// File, line, column and code of each warning.
fn told(checked: &Checked) -> Vec<(&str, u32, u32, &str)> {
    fn place(one: &Mistake) -> (&str, u32, u32, &'static str) {
        (one.file.to_str().unwrap(), one.line, one.column, one.code)
    }
    checked.mistakes.iter().map(place).collect()
}

#[test]
fn notices_that_go_by_no_channel_are_told_unless_the_file_says_so() {
    let nothing = House { notices: "", people: None };
    let text = format!("{PLANT}[procedures]\n");
    let none = checked(&text, &nothing);
    assert_eq!(told(&none), [("gateway.toml", 5, 1, "no-channel")]);
    let one = &none.mistakes[0];
    assert!(one.message.contains("approval-waiting, "), "{}", one.message);
    assert!(
        one.message.ends_with("there is no channel work-notice, wecom, mail"),
        "{}",
        one.message
    );
    assert!(one.hint.as_deref().unwrap().contains("channels = []"));

    let named = format!("{PLANT}{SECTION}");
    assert_eq!(told(&checked(&named, &nothing)), [("gateway.toml", 6, 11, "no-channel")]);
    let stated = House { notices: "channels = []\n", people: None };
    assert_eq!(told(&checked(&named, &stated)), []);
    assert_eq!(told(&checked(&format!("{PLANT}{SECTION}{MAIL}"), &nothing)), []);
}

#[test]
fn notices_to_nobody_are_told_with_whom_they_mean() {
    let text = format!("{PLANT}{SECTION}{MAIL}");
    let roles = |all: &[(&str, &str)]| {
        let one = |(who, role): &(&str, &str)| (who.parse().unwrap(), [(*role).to_owned()].into());
        Some(all.iter().map(one).collect::<BTreeMap<_, _>>())
    };
    // Before anybody is enrolled there is nothing to tell.
    let empty = House { notices: "", people: roles(&[]) };
    assert_eq!(told(&checked(&text, &empty)), []);

    let notices = "[[notices]]\nid = \"held-here\"\ntitle = \"A pass is held\"\non = \"held\"\n\
                   to = [\"role:inspector\", \"operator:zoe\"]\ntemplate = \"@held\"\n\
                   escalate = [{ after_minutes = 5, to = [\"role:planner\"] }]\n";
    let people = roles(&[("li.wei", "storekeeper"), ("ada", "administrator")]);
    let house = House { notices, people };
    let few = checked(&text, &house);
    assert_eq!(
        told(&few),
        [
            ("gateway.toml", 6, 11, "nobody-told"),
            ("notices.toml", 5, 6, "nobody-told"),
            ("notices.toml", 7, 39, "nobody-told"),
        ],
        "{:?}",
        few.mistakes
    );
    let shipped = &few.mistakes[0].message;
    assert!(shipped.contains("pass-held (role:warehouse-supervisor)"), "{shipped}");
    assert!(shipped.contains("more"), "it is bounded: {shipped}");
    assert!(!shipped.contains("issue-task (role:storekeeper)"), "{shipped}");
    assert!(few.mistakes[1].message.contains("role:inspector, operator:zoe"));
}
