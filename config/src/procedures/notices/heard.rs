//! Notices that reach nobody: by no channel that there is, or to nobody who is here. Warnings, since a
//! house may mean it so: `channels = []` says that, for all notices that name no channel of their own.
//!
//! Absent: whether a person has an address at a channel, which the lane records when it finds none.

use std::collections::BTreeSet;

use gatewarden_model::NoticeId;
use gatewarden_notices::{NoticeSet, Receiver};

use super::NoticeNames;
use crate::{
    People,
    fields::{Fields, Span},
    nearest::one_of,
    report::Walk,
};

/// Notices that one warning names; the others are counted.
const NAMED_MAX: usize = 6;

/// Whether somebody may be meant. Whom only the occasion names is known to nobody before.
fn is_somebody(receiver: &Receiver, names: NoticeNames<'_>) -> bool {
    let is_role = |role: &String| names.roles.is_none_or(|roles| roles.contains(role));
    // Before anybody is enrolled there is nothing to tell of that.
    let people = names.people.filter(|people: &&People| !people.is_empty());
    match receiver {
        Receiver::Role(role) => {
            let held = people.is_none_or(|all| all.values().any(|roles| roles.contains(role)));
            is_role(role) && held
        }
        Receiver::Group(role) => is_role(role),
        Receiver::Operator(who) => people.is_none_or(|all| all.contains_key(who)),
        Receiver::Field(_) | Receiver::ManagerOf(_) | Receiver::Approvers | Receiver::Named => true,
    }
}

/// Whom nobody is, where that is all of them.
fn nobody(to: &[Receiver], names: NoticeNames<'_>) -> Option<String> {
    let is_nobody = !to.is_empty() && !to.iter().any(|one| is_somebody(one, names));
    let told = || to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    is_nobody.then(told)
}

/// Warns at a list of receivers of the file that are nobody.
pub(super) fn receivers(walk: &mut Walk<'_>, at: Span, to: &[Receiver], names: NoticeNames<'_>) {
    // A role that is not there was told as a mistake.
    let Some(told) = nobody(to, NoticeNames { roles: None, ..names }) else { return };
    let message = format!("nobody is told: nobody is {told}");
    let hint = "enrol somebody with the role, or name another receiver".to_owned();
    walk.warn(at, "nobody-told", message, "a receiver who is somebody here", Some(hint));
}

/// Warns at `[procedures]` of what a set tells to nobody; what the file says itself was told at its place.
pub(crate) fn check(
    walk: &mut Walk<'_>,
    section: &Fields,
    set: &NoticeSet,
    own: &BTreeSet<NoticeId>,
    names: NoticeNames<'_>,
) {
    let at = section.place("notices");
    by_no_channel(walk, at, set, names);
    let shipped = || set.notices.iter().filter(|(id, _)| !own.contains(id));
    let mut unheard: Vec<(&NoticeId, String)> =
        shipped().filter_map(|(id, one)| Some((id, nobody(&one.to, names)?))).collect();
    let steps = shipped().flat_map(|(id, one)| one.escalate.iter().map(move |step| (id, step)));
    unheard.extend(steps.filter_map(|(id, step)| {
        Some((id, format!("{} after {} minutes", nobody(&step.to, names)?, step.after_minutes)))
    }));
    if unheard.is_empty() {
        return;
    }
    let told = listed(unheard.iter().map(|(id, to)| format!("{id} ({to})")));
    let message = format!("nobody is told of {told}: nobody is that here");
    let hint =
        "give the role to somebody, or write the notice with other receivers into the file of \
                notices"
            .to_owned();
    walk.warn(at, "nobody-told", message, "receivers who are somebody here", Some(hint));
}

fn by_no_channel(walk: &mut Walk<'_>, at: Span, set: &NoticeSet, names: NoticeNames<'_>) {
    let Some(channels) = names.channels else { return };
    let is_silent = |by: &[String]| !by.is_empty() && !by.iter().any(|one| channels.contains(one));
    let silent = set.notices.iter().filter(|(_, one)| is_silent(set.channels_of(one)));
    let silent: Vec<&NoticeId> = silent.map(|(id, _)| id).collect();
    if silent.is_empty() {
        return;
    }
    let told = listed(silent.iter().map(|id| id.as_str().to_owned()));
    let message =
        format!("nobody is told of {told}: there is no channel {}", set.channels.join(", "));
    let expected = match channels.is_empty() {
        true => "[[channels]] with a name that the notices go by".to_owned(),
        false => one_of(channels.iter().map(String::as_str)),
    };
    let hint = "name one so, or say channels = [\"…\"] at the top of the file of notices; channels = [] there \
                says that nobody is to be told"
        .to_owned();
    walk.warn(at, "no-channel", message, expected, Some(hint));
}

fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    let mut told: Vec<String> = all.take(NAMED_MAX).collect();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}
