//! The ledger of requests: whether it is one, is whole, and is nobody else's to read.

use super::repair::Repair;
use super::{Finding, Patient, Severity, named};
use crate::auth::wording::Fix;
use crate::storage::{self, Exposure};
use crate::text::capitalised;
use crate::usage::ledger::{Ledger, LedgerError};

pub(super) fn look(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    findings.extend(exposed(patient));
    if let Err(error) = Ledger::examine(patient.paths) {
        findings.push(trouble(patient, &error));
    }
}

/// The file, and what SQLite keeps beside it.
fn exposed(patient: &Patient<'_>) -> Option<Finding> {
    let ledger = patient.paths.usage();
    let files = ["db", "db-wal", "db-shm"].map(|ending| ledger.with_extension(ending));
    let open: Vec<_> =
        files.into_iter().filter(|file| storage::exposure_of(file) == Exposure::OpenToOthers).collect();
    let (shown, _) = named(patient, open.first()?);
    let words: Vec<String> = open.iter().map(|file| named(patient, file).1).collect();
    let message = format!("Other users can read {shown}, which tells who was asked what for, and when.");
    let fix = Fix::run([format!("chmod 600 {}", words.join(" "))]);
    let finding = Finding::new("ledger-open-to-others", Severity::Warning, message, fix);
    let repairs = open.into_iter().map(|path| Repair::MakePrivate { path, is_directory: false });
    Some(repairs.fold(finding, Finding::mended_by))
}

fn trouble(patient: &Patient<'_>, error: &LedgerError) -> Finding {
    let (shown, word) = named(patient, &patient.paths.usage());
    let set_aside =
        |advice: &str| Fix { advice: Some(advice.to_owned()), ..Fix::run([format!("mv {word} {word}.bad")]) };
    match error {
        LedgerError::Foreign { .. } => {
            let message = format!("{shown} is not a ledger of requests, so none is kept.");
            let fix = set_aside("move it elsewhere; the next request begins a ledger");
            Finding::new("ledger-foreign", Severity::Problem, message, fix)
        }
        LedgerError::Newer { version, known, .. } => {
            let message = format!(
                "{shown} has version {version}, and this program knows versions up to {known}: it neither reads nor writes it."
            );
            let fix = set_aside("use the program that wrote it, or begin another ledger");
            Finding::new("ledger-newer-version", Severity::Warning, message, fix)
        }
        LedgerError::Damaged { .. } => {
            let message = format!("{shown} is damaged; reports of usage may be wrong or fail.");
            let fix = set_aside("set it aside, and see what `sqlite3` can recover of it");
            Finding::new("ledger-damaged", Severity::Problem, message, fix)
        }
        other => {
            let message = format!("{}.", capitalised(&other.to_string()));
            Finding::new("ledger-unreadable", Severity::Problem, message, Fix::run([format!("ls -l {word}")]))
        }
    }
}
