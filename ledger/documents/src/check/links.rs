//! The links of a document: how many of which kind, and whether what they name is there.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{DocumentKind, DocumentLink, LINKS_MAX};

use super::Look;
use crate::{
    kinds::LinkRule,
    mistake::{one_of, shown},
};

impl Look<'_> {
    pub(super) fn links(&mut self) {
        let content = self.content;
        if content.lines.len() > gatewarden_model::DOCUMENT_LINES_MAX {
            return;
        }
        self.list("links", &content.links, false);
        for (at, line) in content.lines.iter().enumerate() {
            self.list(&format!("lines[{at}].links"), &line.links, true);
        }
    }

    fn list(&mut self, field: &str, links: &[DocumentLink], by_line: bool) {
        if links.len() > LINKS_MAX {
            let message = format!("{} links: at most {LINKS_MAX}", links.len());
            return self.put("too-many-links", field, message);
        }
        let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::<DocumentKind, u32>::new());
        for (at, link) in links.iter().enumerate() {
            *counts.entry(link.document.kind).or_default() += 1;
            if !seen.insert((&link.document, link.line)) {
                let message =
                    format!("{} is named twice: name it once", shown(&link.document.number));
                self.put("link-twice", format!("{field}[{at}]"), message);
                continue;
            }
            self.link(&format!("{field}[{at}]"), link, by_line);
        }
        let rules: Vec<LinkRule> =
            self.kind.links.iter().filter(|rule| rule.by_line == by_line).cloned().collect();
        for rule in rules {
            let count = counts.get(&rule.to).copied().unwrap_or(0);
            let words = rule.to.words();
            if count < rule.min {
                let message = format!("{count} of a {words}: name at least {}", rule.min);
                self.put("link-missing", field, message);
            }
            if count > rule.max {
                let message = format!("{count} of a {words}: name at most {}", rule.max);
                self.put("too-many-links", field, message);
            }
        }
    }

    fn link(&mut self, field: &str, link: &DocumentLink, by_line: bool) {
        let words = link.document.kind.words();
        if link.document == self.content.document {
            return self.put("link-itself", field, "a document does not follow from itself");
        }
        let Some(rule) = self.kind.link_rule(link.document.kind, by_line).cloned() else {
            let here = self.kind.links.iter().filter(|rule| rule.by_line == by_line);
            let kinds = one_of(here.map(|rule| rule.to.name()));
            let place = if by_line { "line of a" } else { "" };
            let message = format!(
                "no {place} {} follows from a {words}: use {kinds}",
                self.kind.kind.words()
            );
            return self.put("link-kind", field, message.replace("  ", " "));
        };
        let number = &link.document.number;
        let Some(frame) = self.known.document(&link.document) else {
            let message = format!("no {words} {} is known: correct the number", shown(number));
            return self.put("unknown-document", field, message);
        };
        if rule.open && !frame.is_open() {
            let message = format!(
                "{words} {} is {}: it must be approved and not closed",
                shown(number),
                frame.name()
            );
            self.put("document-not-open", field, message);
        }
        if let Some(line) = link.line.filter(|line| !self.known.line(&link.document, *line)) {
            let message = format!("{words} {} has no line {line}", shown(number));
            self.put("unknown-line", format!("{field}.line"), message);
        }
        match link.digest {
            Some(digest) if !self.known.version(&link.document, &digest) => {
                let message = format!("{words} {} has no version of this digest", shown(number));
                self.put("unknown-version", format!("{field}.digest"), message);
            }
            None if rule.digest => {
                let message = format!("the version of the {words} counts here: name its digest");
                self.put("version-missing", format!("{field}.digest"), message);
            }
            _ => {}
        }
    }
}
