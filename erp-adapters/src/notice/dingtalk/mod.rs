//! DingTalk: a group's robot, and the work notice of an app to single people.
//!
//! The robot: `POST {url}/robot/send?access_token=…&timestamp=MS&sign=…`, where `sign` is
//! base64(HMAC-SHA256(secret, `"{timestamp}\n{secret}"`)) and holds for an hour. It takes 20 messages a
//! minute and refuses all for ten minutes after more. It knows no repeats: one after a lost answer shows
//! twice, with the same reference. The work notice: a token from `GET {url}/gettoken`, then
//! `POST {url}/topapi/message/corpconversation/asyncsend_v2`, which answers a `task_id`; the same words to
//! the same person on one day are shown once, which takes care of repeats. It is sent later, so whom it
//! did not reach is asked once at `…/getsendresult`, which may not know yet.
//!
//! Absent: groups of the app's own, departments, everybody at once, cards with buttons.

mod client;
pub mod map;

use std::sync::Arc;

use gatewarden_model::Clock;

use super::Channel;
use crate::{Secret, SetupError, TimeOuts};

/// Where DingTalk answers.
pub const URL: &str = "https://oapi.dingtalk.com";

/// What the robot of a group needs to know.
#[derive(Debug, Clone)]
pub struct RobotSettings {
    /// Where DingTalk answers, [`URL`].
    pub url: String,
    /// The `access_token` in the robot's address.
    pub access_token: Secret,
    /// The key of its signature, `SEC…`.
    pub secret: Secret,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// What an app that sends work notices needs to know.
#[derive(Debug, Clone)]
pub struct WorkSettings {
    /// Where DingTalk answers, [`URL`].
    pub url: String,
    /// The app's key.
    pub app_key: String,
    /// The app's secret.
    pub app_secret: Secret,
    /// The app's agent id.
    pub agent_id: i64,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// Makes the channel to a group. Fails on a URL that can't be used or an empty secret.
pub fn robot(
    settings: RobotSettings,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(client::Robot::new(settings, clock)?))
}

/// Makes the channel to single people. Fails on a URL that can't be used or an empty key.
pub fn work(settings: WorkSettings, clock: Arc<dyn Clock>) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(client::Work::new(settings, clock)?))
}
