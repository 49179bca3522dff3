//! Reading a trust file, with the line of the first mistake.

use super::{Group, KnownWitness, LogKey, Member, Trust, TrustError};
use crate::{cosignature::WitnessKey, note::parse_verifier_key};

/// Longest trust file that is read.
pub const TRUST_BYTES_MAX: usize = 256 * 1024;

/// Most lines of a kind.
const LINES_MAX: usize = 1024;

/// The name that stands for no witness.
const NONE: &str = "none";

pub(super) fn parse(text: &str) -> Result<Trust, TrustError> {
    if text.len() > TRUST_BYTES_MAX {
        return Err(TrustError { line: 1, what: "the file is too long".into() });
    }
    let mut reading = Reading::default();
    for (index, line) in text.split('\n').enumerate() {
        reading.line(line).map_err(|what| TrustError { line: index + 1, what })?;
    }
    reading.end().map_err(|what| TrustError { line: text.lines().count().max(1), what })
}

#[derive(Default)]
struct Reading {
    trust: Trust,
    quorum_seen: bool,
    /// Members that a group has already.
    grouped: Vec<Member>,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err("it has a control character".into());
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let Some((&first, rest)) = words.split_first() else { return Ok(()) };
        match first {
            _ if first.starts_with('#') => Ok(()),
            "log" => self.log(rest),
            "witness" => self.witness(rest),
            "group" => self.group(rest),
            "quorum" => self.quorum(rest),
            vkey if vkey.contains('+') => self.log(&words),
            other => Err(format!("{other:?} is none of log, witness, group, quorum")),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), String> {
        let (vkey, mut rest) = words.split_first().ok_or("log needs a verifier key")?;
        let (origin, key) = parse_verifier_key(vkey).map_err(|e| e.to_string())?;
        let mut log = LogKey::always(&origin, key);
        if let [url, after @ ..] = rest
            && !["from", "until"].contains(url)
        {
            rest = after;
        }
        if let ["from", size, after @ ..] = rest {
            log.from = number(size)?;
            rest = after;
        }
        if let ["until", size, after @ ..] = rest {
            log.until = Some(number(size)?);
            rest = after;
        }
        if let Some(word) = rest.first() {
            return Err(format!("after the key come [URL] [from SIZE] [until SIZE], not {word:?}"));
        }
        if log.until.is_some_and(|until| until < log.from) {
            return Err("until is below from".into());
        }
        if self.trust.logs.iter().any(|known| known.key == key) {
            return Err("this key has a log line already".into());
        }
        push(&mut self.trust.logs, log)
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), String> {
        let ([name, vkey] | [name, vkey, _]) = words else {
            return Err("expected: witness NAME VKEY [URL]".into());
        };
        self.is_new(name)?;
        let key = WitnessKey::parse(vkey).map_err(|e| e.to_string())?;
        if self.trust.witnesses.iter().any(|known| known.key.key == key.key) {
            return Err("this key has a witness line already".into());
        }
        push(&mut self.trust.witnesses, KnownWitness { name: (*name).to_owned(), key })
    }

    fn group(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, least, members @ ..] = words else {
            return Err("expected: group NAME all|any|K MEMBER...".into());
        };
        self.is_new(name)?;
        let members = members.iter().map(|m| self.member(m)).collect::<Result<Vec<_>, _>>()?;
        for (at, member) in members.iter().enumerate() {
            if members[..at].contains(member) || self.grouped.contains(member) {
                let what = self.trust.name(*member);
                return Err(format!("{what} is in a group already; it may count only once"));
            }
        }
        let least = match *least {
            "all" => members.len(),
            "any" => 1,
            digits => number(digits)
                .ok()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| format!("expected all, any or a number, not {digits:?}"))?,
        };
        if least == 0 || least > members.len() {
            return Err(format!("{least} of {} members is no rule", members.len()));
        }
        self.grouped.extend(&members);
        push(&mut self.trust.groups, Group { name: (*name).to_owned(), least, members })
    }

    fn quorum(&mut self, words: &[&str]) -> Result<(), String> {
        let [name] = words else { return Err("expected: quorum NAME".into()) };
        if self.quorum_seen {
            return Err("a second quorum line".into());
        }
        self.quorum_seen = true;
        self.trust.quorum = if *name == NONE { None } else { Some(self.member(name)?) };
        Ok(())
    }

    fn member(&self, name: &str) -> Result<Member, String> {
        let witness = self.trust.witnesses.iter().position(|w| w.name == name);
        let group = || self.trust.groups.iter().position(|g| g.name == name);
        witness
            .map(Member::Witness)
            .or_else(|| group().map(Member::Group))
            .ok_or_else(|| format!("no witness or group {name:?} stands above"))
    }

    fn is_new(&self, name: &str) -> Result<(), String> {
        if name == NONE || self.member(name).is_ok() {
            return Err(format!("the name {name:?} is taken"));
        }
        Ok(())
    }

    fn end(self) -> Result<Trust, String> {
        if !self.quorum_seen && !self.trust.witnesses.is_empty() {
            return Err("no quorum line: say how many witnesses must agree, or quorum none".into());
        }
        Ok(self.trust)
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), String> {
    if list.len() >= LINES_MAX {
        return Err(format!("more than {LINES_MAX} lines of this kind"));
    }
    list.push(item);
    Ok(())
}

fn number(digits: &str) -> Result<u64, String> {
    digits
        .parse::<u64>()
        .ok()
        .filter(|n| n.to_string() == digits)
        .ok_or_else(|| format!("{digits:?} is no size"))
}
