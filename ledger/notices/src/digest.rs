//! A digest: one message about several notices, where each alone would be too many or too soon.
//!
//! Its words are the program's, because they say nothing of the notices but their subjects, each of which was
//! made for the receiver already.

use crate::template::{Filled, Lang, MARKDOWN_BYTES_MAX, TEXT_BYTES_MAX};

/// Most notices of one digest.
pub const DIGEST_MAX: usize = 25;

/// One message about several notices, by their subjects in order.
#[must_use]
pub fn digest(subjects: &[String], lang: Lang) -> Filled {
    let count = subjects.len();
    let subject = match lang {
        Lang::Zh => format!("{count} 条通知汇总"),
        Lang::En => format!("{count} notices"),
    };
    let list = |max: usize| {
        let mut text = subject.clone();
        let mut left = subjects.len();
        for (at, one) in subjects.iter().enumerate() {
            let row = format!("\n{}. {one}", at + 1);
            // Room for the line that says how many are not shown.
            if text.len() + row.len() + 60 > max {
                break;
            }
            text.push_str(&row);
            left -= 1;
        }
        if left > 0 {
            text.push_str(&match lang {
                Lang::Zh => format!("\n另有 {left} 条，见 /inbox"),
                Lang::En => format!("\nand {left} more, see /inbox"),
            });
        }
        text
    };
    Filled {
        text: list(TEXT_BYTES_MAX),
        markdown: list(MARKDOWN_BYTES_MAX),
        subject: subject.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_fits_and_says_what_it_leaves_out() {
        let few = digest(&["a".into(), "b".into()], Lang::En);
        assert_eq!((&*few.subject, &*few.text), ("2 notices", "2 notices\n1. a\n2. b"));
        let many: Vec<String> = (0..DIGEST_MAX).map(|_| "领料单待审批".repeat(9)).collect();
        let long = digest(&many, Lang::Zh);
        assert!(long.text.len() <= TEXT_BYTES_MAX && long.markdown.len() <= MARKDOWN_BYTES_MAX);
        assert!(long.text.contains("另有"), "{}", long.text);
    }
}
