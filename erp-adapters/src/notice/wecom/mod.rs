//! WeCom (企业微信): a group's robot, and the message of an app to single people.
//!
//! The robot: `POST {url}/cgi-bin/webhook/send?key=…`, not signed; 20 messages a minute, beyond them
//! errcode 45009. It knows no repeats: one after a lost answer shows twice, with the same reference. The
//! app: a token from `GET {url}/cgi-bin/gettoken`, then `POST {url}/cgi-bin/message/send` with
//! `enable_duplicate_check`, so that the same words within four hours are shown once, which takes care of
//! repeats. The answer names in `invaliduser` and `unlicenseduser` who does not get it.
//!
//! Absent: departments, tags, everybody at once (`@all`), cards with buttons.

mod client;
pub mod map;

use std::sync::Arc;

use gatewarden_model::Clock;

use super::Channel;
use crate::{Secret, SetupError, TimeOuts};

/// Where WeCom answers.
pub const URL: &str = "https://qyapi.weixin.qq.com";

/// What the robot of a group needs to know.
#[derive(Debug, Clone)]
pub struct RobotSettings {
    /// Where WeCom answers, [`URL`].
    pub url: String,
    /// The `key` in the robot's address: whoever has it can write to the group.
    pub key: Secret,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// What an app that sends messages needs to know.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// Where WeCom answers, [`URL`].
    pub url: String,
    /// The company's id.
    pub corp_id: String,
    /// The app's secret.
    pub corp_secret: Secret,
    /// The app's agent id.
    pub agent_id: i64,
    /// How long to wait.
    pub time_outs: TimeOuts,
}

/// Makes the channel to a group. Fails on a URL that can't be used or an empty key.
pub fn robot(
    settings: RobotSettings,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(client::Robot::new(settings, clock)?))
}

/// Makes the channel to single people. Fails on a URL that can't be used or an empty id.
pub fn app(settings: AppSettings, clock: Arc<dyn Clock>) -> Result<Box<dyn Channel>, SetupError> {
    Ok(Box::new(client::WorkApp::new(settings, clock)?))
}
