//! Many small policies parsed as one text: Cedar's parser warms up anew for every text, which is most of
//! what a policy of two lines costs.
//!
//! What comes out is what parsing each by itself gives: a text that is not exactly one policy is refused
//! with its id, whatever its neighbours are.

use cedar_policy::{Policy, PolicyId, PolicySet};

use super::{AccessError, policies::parse_error};

/// A policy still to be parsed.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) id: String,
    pub(super) text: String,
}

/// The policies of these texts, in their order, each named by its id.
pub(super) fn parse(texts: &[Text]) -> Result<Vec<Policy>, AccessError> {
    together(texts).map_or_else(|| texts.iter().map(alone).collect(), Ok)
}

/// All at once; none where it can't be told which policy is whose.
fn together(texts: &[Text]) -> Option<Vec<Policy>> {
    let all: String = texts.iter().flat_map(|one| [one.text.as_str(), "\n"]).collect();
    let set: PolicySet = all.parse().ok()?;
    if set.num_of_policies() != texts.len() || set.num_of_templates() > 0 {
        return None;
    }
    // Cedar numbers the policies of a text.
    let numbered = texts.iter().enumerate().map(|(n, one)| {
        let policy = set.policy(&PolicyId::new(format!("policy{n}")))?;
        let same = policy.to_cedar()? == one.text;
        same.then(|| policy.new_id(PolicyId::new(&one.id)))
    });
    numbered.collect()
}

fn alone(one: &Text) -> Result<Policy, AccessError> {
    let parsed = Policy::parse(Some(PolicyId::new(&one.id)), &one.text);
    parsed.map_err(|error| parse_error(&one.id, &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn text(id: &str, text: &str) -> Text {
        Text { id: id.to_owned(), text: text.to_owned() }
    }

    const YES: &str = "permit (principal, action, resource);";
    const NO: &str = "forbid (principal, action, resource)\nwhen { context has a };";

    #[test]
    fn together_they_are_what_each_is_alone() {
        let texts = [text("b", NO), text("a", YES), text("c", NO)];
        let all = together(&texts).unwrap();
        let each: Vec<Policy> = texts.iter().map(|one| alone(one).unwrap()).collect();
        assert_eq!(all, each);
        for (policy, one) in all.iter().zip(&texts) {
            assert_eq!(policy.id().to_string(), one.id);
            assert_eq!(policy.to_cedar().unwrap(), one.text);
        }
    }

    #[test]
    fn a_text_of_two_policies_or_of_none_is_refused_by_name() {
        for wrong in [format!("{YES} {NO}"), String::new(), format!("{YES} //"), "permit (".into()]
        {
            let texts = [text("first", YES), text("second", &wrong), text("third", NO)];
            match (parse(&texts), alone(&texts[1])) {
                (Ok(policies), Ok(same)) => assert_eq!(policies[1], same),
                (Err(error), Err(_)) => assert!(error.to_string().contains("second"), "{error}"),
                (got, alone) => panic!("{wrong:?}: {got:?}, alone {alone:?}"),
            }
        }
        // One lends its neighbour a policy: the number fits, the texts don't.
        let texts = [text("first", &format!("{YES} {NO}")), text("second", "")];
        assert!(parse(&texts).unwrap_err().to_string().contains("first"));
    }
}
