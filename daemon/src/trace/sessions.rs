//! What happened to a session, in words.

use gatewarden_model::{Body, SessionEvent};

/// What a `SessionChanged` tells.
pub(super) fn changed(body: &Body) -> String {
    let Body::SessionChanged { event, auth_level, auth_level_before, second, note, .. } = body
    else {
        return String::new();
    };
    let what = match event {
        SessionEvent::Scanned => "badge scanned, PIN awaited".to_owned(),
        SessionEvent::Lapsed => "no PIN came for the badge".to_owned(),
        SessionEvent::Quiet => "idle: nothing counts until the PIN is given again".to_owned(),
        SessionEvent::Resumed => "resumed with the PIN".to_owned(),
        SessionEvent::WrongPins => "locked by wrong PINs".to_owned(),
        SessionEvent::TooFast => "locked: the badge was seen too soon elsewhere".to_owned(),
        SessionEvent::SteppedUp => {
            format!("stepped up from level {auth_level_before} to {auth_level}")
        }
        SessionEvent::SteppedDown => {
            format!("fell back from level {auth_level_before} to {auth_level}")
        }
        SessionEvent::Joined => {
            let who = second.as_ref().map_or("somebody", |second| second.operator.as_str());
            format!("{who} joined as the second person")
        }
        SessionEvent::Left => "the second person left".to_owned(),
        SessionEvent::SignedIn => "signed in".to_owned(),
        SessionEvent::Abandoned | SessionEvent::TooLong => "session over".to_owned(),
        SessionEvent::SignedOut | SessionEvent::Replaced => "session ended".to_owned(),
    };
    if note.is_empty() { what } else { format!("{what}; {note}") }
}
