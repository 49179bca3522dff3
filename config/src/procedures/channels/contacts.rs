//! `[[contacts]]`: how operators are called by each channel, and which language they read.

use gatewarden_model::OperatorId;

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, optional, required},
    words::quote,
};

/// Most contacts.
pub const CONTACTS_MAX: usize = 5_000;

/// How somebody is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactSection {
    /// Who.
    pub operator: OperatorId,
    /// His mail address.
    pub mail: Option<String>,
    /// His user id at DingTalk.
    pub dingtalk: Option<String>,
    /// His user id at WeCom.
    pub wecom: Option<String>,
    /// What he reads.
    pub language: Language,
}

/// A language of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// As templates are told: `zh` or `en`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

const LANGUAGE: Choice = Choice { code: "unknown-choice", noun: "language", of: &["zh", "en"] };

pub(crate) static CONTACT: Section = Section {
    doc: "How an operator is reached.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("operator", Shape::Text(Text::Slug), "The operator's name, as enrolled."),
        optional("mail", Shape::Text(Text::Mail), "The mail address."),
        optional("dingtalk", Shape::Text(Text::Line), "The user id at DingTalk (userid)."),
        optional("wecom", Shape::Text(Text::Line), "The user id at WeCom (成员 userid)."),
        Key {
            name: "language",
            doc: "The language of notices to this person: \"zh\" or \"en\".",
            shape: Shape::Choice(LANGUAGE),
            need: Need::Default(Plain::Text("zh")),
        },
    ],
};

impl ContactSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            operator: fields.parsed("operator")?,
            mail: fields.owned("mail"),
            dingtalk: fields.owned("dingtalk"),
            wecom: fields.owned("wecom"),
            language: match fields.text("language")? {
                "en" => Language::En,
                _ => Language::Zh,
            },
        })
    }
}

/// A user id is one person's, and there is one way to each contact at least.
pub(super) fn check(walk: &mut Walk<'_>, contact: &Fields) {
    for key in ["dingtalk", "wecom"] {
        let Some(id) = contact.text(key).filter(|id| !is_user_id(id)) else { continue };
        let message = format!("{} is not the user id of one person", quote(id));
        let expected = "one id, without spaces, commas, '|' and a leading '@'";
        let hint = "a group's robot and its group need no contact".to_owned();
        walk.error(contact.place(key), "bad-user-id", message, expected, Some(hint));
    }
    if !["mail", "dingtalk", "wecom"].iter().any(|key| contact.stands(key)) {
        let message = "a contact without an address is told nothing";
        let expected = "mail, dingtalk or wecom";
        walk.warn(contact.at, "no-address", message, expected, None);
    }
}

fn is_user_id(id: &str) -> bool {
    let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '|' | '<' | '>');
    !id.contains(apart) && !id.starts_with('@')
}
