//! READER_EVENT_NOTIFICATION: what happened at the reader.

use super::typed::parameters;

parameters! {
    /// The only parameter of READER_EVENT_NOTIFICATION: when, and one or more events.
    /// RF survey, AISpec and hopping events stay in `others`.
    ReaderEvent = 246 "ReaderEventNotificationData" {} {
        /// When, if the reader has a clock.
        utc: Option<UtcTimestamp>,
        /// When, if it has none.
        uptime: Option<Uptime>,
        /// An input changed.
        gpi: Option<GpiEvent>,
        /// A ROSpec started or ended.
        rospec: Option<RoSpecEvent>,
        /// The report buffer fills.
        buffer_level: Option<ReportBufferLevelWarningEvent>,
        /// The report buffer overflowed: reads are lost.
        buffer_overflow: Option<ReportBufferOverflowErrorEvent>,
        /// Something went wrong.
        exception: Option<ReaderExceptionEvent>,
        /// An antenna was plugged or unplugged.
        antenna: Option<AntennaEvent>,
        /// How a connection attempt went.
        attempt: Option<ConnectionAttemptEvent>,
        /// The reader closes the connection.
        close: Option<ConnectionCloseEvent>,
    }

    /// Wall clock.
    UtcTimestamp = 128 "UTCTimestamp" {
        /// Microseconds since 1970.
        us: u64,
    }

    /// Time since the reader started.
    Uptime = 129 "Uptime" {
        /// Microseconds.
        us: u64,
    }

    /// An input changed.
    GpiEvent = 248 "GPIEvent" {
        /// The port, from 1.
        port: u16,
        /// Its new level.
        on: bool,
    }

    /// A ROSpec started or ended.
    RoSpecEvent = 249 "ROSpecEvent" {
        /// 0 start, 1 end, 2 preempted.
        kind: u8,
        /// The ROSpec.
        rospec: u32,
        /// Who preempted it.
        by: u32,
    }

    /// The report buffer fills.
    ReportBufferLevelWarningEvent = 250 "ReportBufferLevelWarningEvent" {
        /// Percent.
        full_pct: u8,
    }

    /// The report buffer overflowed.
    ReportBufferOverflowErrorEvent = 251 "ReportBufferOverflowErrorEvent" {}

    /// Something went wrong.
    ReaderExceptionEvent = 252 "ReaderExceptionEvent" {
        /// The reader's words.
        message: String,
    }

    /// An antenna was plugged or unplugged.
    AntennaEvent = 255 "AntennaEvent" {
        /// 0 disconnected, 1 connected.
        kind: u8,
        /// The port, from 1.
        antenna: u16,
    }

    /// How a connection attempt went.
    ConnectionAttemptEvent = 256 "ConnectionAttemptEvent" {
        /// 0 success, 1 a reader-initiated, 2 a client-initiated connection exists, 3 other
        /// failure, 4 somebody else tried to connect.
        status: u16,
    }

    /// The reader closes the connection.
    ConnectionCloseEvent = 257 "ConnectionCloseEvent" {}
}
