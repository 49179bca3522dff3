//! The drawing as SVG: cards in a column, branches and lanes beside each other. Self-contained: no script,
//! no font and no image from elsewhere. All lengths are whole pixels.

use std::{collections::BTreeMap, fmt::Write as _};

use gatewarden_model::NodeId;

use super::{Mark, Tone, heading, one_line, told};
use crate::{Node, Workflow};

const CARD_W: u32 = 270;
const LINE_H: u32 = 17;
const PAD: u32 = 10;
const GAP: u32 = 26;
const SIDE: u32 = 24;
/// Characters of a line; a wide one counts twice.
const LINE_CHARS: usize = 38;
/// Most lines of one text.
const LINES_MAX: usize = 6;

/// A card, measured.
struct Card {
    title: String,
    lines: Vec<String>,
    class: &'static str,
}

impl Card {
    fn new(title: &str, lines: &[String], class: &'static str) -> Self {
        let title = wrapped(title).into_iter().next().unwrap_or_default();
        let lines = lines.iter().flat_map(|line| wrapped(line)).collect();
        Self { title, lines, class }
    }

    fn height(&self) -> u32 {
        (1 + u32::try_from(self.lines.len()).unwrap_or(0)) * LINE_H + 2 * PAD
    }
}

struct Drawing<'a> {
    out: String,
    marks: &'a BTreeMap<NodeId, Mark>,
}

/// A workflow as SVG, with how its steps stand where that is given.
#[must_use]
pub fn svg(workflow: &Workflow, marks: &BTreeMap<NodeId, Mark>) -> String {
    let mut drawing = Drawing { out: String::new(), marks };
    let start = Card::new(&workflow.title, &heading(workflow), "end");
    let end = Card::new("approved", &[], "end");
    let (width, height) = drawing.size(&workflow.steps);
    let width = width.max(CARD_W) + 2 * SIDE;
    let total = SIDE * 2 + start.height() + GAP + height + GAP + end.height();
    let middle = width / 2;
    let mut y = drawing.card(&start, middle, SIDE);
    y = drawing.line(middle, y, y + GAP);
    y = drawing.steps(&workflow.steps, middle, y);
    y = drawing.line(middle, y, y + GAP);
    drawing.card(&end, middle, y);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{total}\" \
         viewBox=\"0 0 {width} {total}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{total}\" fill=\"#f6f7f9\"/>\n{}</svg>\n",
        escaped(&workflow.title),
        drawing.out
    )
}

const STYLE: &str = "text{font:13px sans-serif;fill:#222}.t{font-weight:bold}\
    path{fill:none;stroke:#8a94a6;stroke-width:2}rect.c{stroke-width:1.5}\
    .approve{fill:#fff;stroke:#3b6fd4}.notify{fill:#fff;stroke:#8a94a6}.branch{fill:#fff7e0;stroke:#d49a1f}\
    .parallel{fill:#eef3ff;stroke:#3b6fd4}.way{fill:#f0f1f4;stroke:#c3c8d2}.end{fill:#e6f0ea;stroke:#3d8f5f}\
    .done{fill:#e6f5ea;stroke:#3d8f5f}.waiting{fill:#fff3d6;stroke:#d49a1f}.stopped{fill:#fde8e6;stroke:#c5392f}";

impl Drawing<'_> {
    fn of(&self, node: &Node) -> Card {
        let title = format!("{} · {}", node.title(), node.name());
        match node {
            Node::Approve(approve) => {
                let mark = self.marks.get(&approve.name);
                let class = match mark.map(|mark| mark.tone) {
                    None => "approve",
                    Some(Tone::Done) => "done",
                    Some(Tone::Waiting) => "waiting",
                    Some(Tone::Stopped) => "stopped",
                };
                let mut lines = told(approve);
                lines.extend(mark.into_iter().flat_map(|mark| mark.lines.clone()));
                Card::new(&title, &lines, class)
            }
            Node::Notify(notify) => {
                let whom: Vec<String> = notify.whom.iter().map(crate::Who::words).collect();
                Card::new(&title, &[format!("told: {}", whom.join(", "))], "notify")
            }
            Node::Branch(_) => {
                Card::new(&title, &["the first that holds, from the left".to_owned()], "branch")
            }
            Node::Parallel(_) => Card::new(&title, &["all at once".to_owned()], "parallel"),
        }
    }

    /// The ways below a step, each with the card that heads it.
    fn ways(node: &Node) -> Vec<(Card, &[Node])> {
        match node {
            Node::Approve(_) | Node::Notify(_) => vec![],
            Node::Branch(branch) => {
                let cases = branch.cases.iter().enumerate().map(|(index, case)| {
                    let title = format!("{}. {}", index + 1, case.title);
                    (
                        Card::new(&title, &[format!("if {}", one_line(&case.when))], "way"),
                        &case.steps[..],
                    )
                });
                let otherwise = (Card::new("otherwise", &[], "way"), &branch.otherwise[..]);
                cases.chain([otherwise]).collect()
            }
            Node::Parallel(all) => {
                let lanes = all.lanes.iter();
                lanes.map(|lane| (Card::new(&lane.title, &[], "way"), &lane.steps[..])).collect()
            }
        }
    }

    fn size(&self, steps: &[Node]) -> (u32, u32) {
        let sizes = steps.iter().map(|node| self.node_size(node));
        let (width, height) = sizes.fold((0, 0), |(w, h), (nw, nh)| (w.max(nw), h + nh + GAP));
        (width, height.saturating_sub(GAP))
    }

    fn node_size(&self, node: &Node) -> (u32, u32) {
        let (mut width, mut below) = (0, 0);
        for (card, steps) in Self::ways(node) {
            let (w, h) = self.size(steps);
            width += w.max(CARD_W) + GAP;
            below = below.max(card.height() + if steps.is_empty() { 0 } else { GAP + h });
        }
        let below = if below == 0 { 0 } else { below + 2 * GAP };
        (width.saturating_sub(GAP).max(CARD_W), self.of(node).height() + below)
    }

    /// Draws a sequence around `middle`, and answers where it ends.
    fn steps(&mut self, steps: &[Node], middle: u32, mut y: u32) -> u32 {
        for (index, node) in steps.iter().enumerate() {
            if index > 0 {
                y = self.line(middle, y, y + GAP);
            }
            y = self.node(node, middle, y);
        }
        y
    }

    fn node(&mut self, node: &Node, middle: u32, y: u32) -> u32 {
        let (width, height) = self.node_size(node);
        let end = y + height;
        let card = self.of(node);
        let below = self.card(&card, middle, y);
        let ways = Self::ways(node);
        let mut left = middle.saturating_sub(width / 2);
        for (card, steps) in ways {
            let (w, _) = self.size(steps);
            let w = w.max(CARD_W);
            let x = left + w / 2;
            left += w + GAP;
            let half = below + GAP / 2;
            let _ =
                writeln!(self.out, "<path d=\"M{middle} {below}V{half}H{x}V{}\"/>", below + GAP);
            let mut at = self.card(&card, x, below + GAP);
            if !steps.is_empty() {
                at = self.line(x, at, at + GAP);
                at = self.steps(steps, x, at);
            }
            let join = end - GAP / 2;
            let _ = writeln!(self.out, "<path d=\"M{x} {at}V{join}H{middle}V{end}\"/>");
        }
        end
    }

    fn line(&mut self, x: u32, from: u32, to: u32) -> u32 {
        let _ = writeln!(self.out, "<path d=\"M{x} {from}V{to}\"/>");
        to
    }

    /// Draws a card with its top at `y`, and answers where it ends.
    fn card(&mut self, card: &Card, middle: u32, y: u32) -> u32 {
        let (x, height) = (middle.saturating_sub(CARD_W / 2), card.height());
        let _ = writeln!(
            self.out,
            "<rect class=\"c {}\" x=\"{x}\" y=\"{y}\" width=\"{CARD_W}\" height=\"{height}\" rx=\"6\"/>",
            card.class
        );
        let x = x + PAD;
        let mut line_y = y + PAD + 13;
        let title = escaped(&card.title);
        let _ = writeln!(self.out, "<text class=\"t\" x=\"{x}\" y=\"{line_y}\">{title}</text>");
        for line in &card.lines {
            line_y += LINE_H;
            let _ = writeln!(self.out, "<text x=\"{x}\" y=\"{line_y}\">{}</text>", escaped(line));
        }
        y + height
    }
}

/// How many columns a character takes: East Asian ones take two.
fn columns(c: char) -> usize {
    if ('\u{1100}'..='\u{115f}').contains(&c) || ('\u{2e80}'..='\u{ffdc}').contains(&c) {
        2
    } else {
        1
    }
}

/// Lines of at most `LINE_CHARS` columns, broken at spaces where there are any; cut after `LINES_MAX`.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut width, mut space) = (0, None);
    for c in text.chars() {
        if width + columns(c) > LINE_CHARS {
            let at = lines.len() - 1;
            let rest = match space.take() {
                Some(space) => lines[at].split_off(space),
                None => String::new(),
            };
            lines.push(rest.trim_start().to_owned());
            width = lines[at + 1].chars().map(columns).sum();
        }
        let line = lines.len() - 1;
        if c == ' ' {
            space = Some(lines[line].len());
        }
        lines[line].push(c);
        width += columns(c);
    }
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

/// Text for SVG; what XML can't hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
