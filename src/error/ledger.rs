//! Failures of the ledger of requests.

use rusqlite::ErrorCode;

use super::{Exit, Failure, sentence};
use crate::text::shell_word;
use crate::usage::ledger::LedgerError;
use crate::usage::period::EmptyPeriod;

impl From<EmptyPeriod> for Failure {
    fn from(error: EmptyPeriod) -> Self {
        Self::usage(format!("{}.", sentence(&error))).hint("give a --since that is earlier than --until")
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let message = format!("{}.", sentence(&error));
        let failure = |kind| Self::new(Exit::Failed, kind, message.clone());
        match error {
            LedgerError::File(error) => error.into(),
            LedgerError::Lock(error) => error.into(),
            LedgerError::Newer { .. } => failure("ledger_version")
                .hint("it was written by a newer fased; use that one, nothing was changed"),
            LedgerError::Foreign { path } | LedgerError::Damaged { path } => {
                move_away(failure("ledger"), &path)
            }
            LedgerError::Sqlite { path, source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    failure("locked").hint("another program keeps it open for writing; end that one")
                }
                Some(ErrorCode::DiskFull) => failure("ledger").hint("free some space").command("df -h"),
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                    failure("ledger")
                        .hint("check who owns it and its mode")
                        .command(format!("ls -l {}", shell_word(&path.display().to_string())))
                }
                _ => failure("ledger"),
            },
        }
    }
}

fn move_away(failure: Failure, path: &std::path::Path) -> Failure {
    let path = path.display().to_string();
    failure.hint("move it away, and a new one is begun").command(format!(
        "mv {} {}",
        shell_word(&path),
        shell_word(&format!("{path}.bad"))
    ))
}
