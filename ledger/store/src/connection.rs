//! Opening SQLite: read-write for the writer, read-only for everybody else.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{StoreError, gather, schema};

/// How long a statement waits for a lock that another connection holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens, and makes where it is missing, the database for writing.
pub(crate) fn open_writer(path: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let gathered = gather::over(vfs);
    let connection = open(path, flags, gathered.as_deref().or(vfs))?;
    schema::configure_writer(&connection)?;
    Ok(connection)
}

/// Opens the database for reading: beside the writer, or a copy on a medium that can't be written.
pub(crate) fn open_reader(path: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let plain = open(path, flags, vfs).and_then(|connection| {
        schema::check(&connection)?;
        Ok(connection)
    });
    match plain {
        Err(StoreError::Database(error)) if may_be_immutable(path, &error) => {
            let name = format!("file:{}?immutable=1", escape(path));
            let connection = open(name.as_ref(), flags | OpenFlags::SQLITE_OPEN_URI, vfs)?;
            schema::check(&connection)?;
            Ok(connection)
        }
        other => other,
    }
}

fn open(path: &Path, flags: OpenFlags, vfs: Option<&str>) -> Result<Connection, StoreError> {
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Without write permission SQLite can't make the index of a write-ahead log; where there is no log
/// either, nobody is writing and the file can be read as it lies there.
fn may_be_immutable(path: &Path, error: &rusqlite::Error) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log_is_empty = std::fs::metadata(&log).map_or(true, |log| log.len() == 0);
    let code = error.sqlite_error_code();
    let denied = matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    denied && log_is_empty && path.exists()
}

fn escape(path: &Path) -> String {
    let path = path.to_string_lossy();
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
