//! What a status wants somebody to look at, each with the way to mend it.

use std::path::Path;

use serde::Serialize;

use super::{AuthReport, StatusInputs};
use crate::auth::configured::Kept;
use crate::auth::health::Billing;
use crate::auth::resolve::Judged;
use crate::auth::state::StateFinding;
use crate::auth::store::StoreFinding;
use crate::auth::wording::{self, Fix};
use crate::config::schema::{CacheRetention, Params};
use crate::models::params::Effective;
use crate::models::params::request::Warning;
use crate::models::refs::ModelRef;
use crate::text;

/// A provider of a configured model has no credential.
pub(crate) const NO_CREDENTIAL: &str = "no-credential";
/// A profile in use is not as it should be.
pub(crate) const NEEDS_ATTENTION: &str = "profile-needs-attention";
/// An explicit order leaves profiles out.
pub(crate) const LEFT_OUT: &str = "profiles-left-out";

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name.
    pub id: &'static str,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What mends it: words, and beside them its commands.
    #[serde(flatten, serialize_with = "wording::with_commands")]
    pub fix: Option<Fix>,
}

impl From<Warning> for Finding {
    fn from(Warning { id, message, fix }: Warning) -> Self {
        Self { id, message, fix }
    }
}

pub(super) fn findings(
    inputs: &StatusInputs<'_>,
    primary: &ModelRef,
    report: &AuthReport<'_>,
) -> Vec<Finding> {
    let shown = |path: &Path| inputs.paths.shown(path);
    let snapshot = inputs.auth.snapshot;
    let mut findings: Vec<Finding> = snapshot
        .findings
        .iter()
        .map(|finding| match finding {
            StoreFinding::OpenToOthers(path) => Finding {
                id: "store-open-to-others",
                message: format!("Other users can read {}; the next write makes it private.", shown(path)),
                fix: Some(Fix::run([format!("chmod 600 {}", text::shell_word(&path.display().to_string()))])),
            },
            StoreFinding::DirectoryOpenToOthers(path) => Finding {
                id: "directory-open-to-others",
                message: format!("Other users can enter {}.", shown(path)),
                fix: Some(Fix::run([format!("chmod 700 {}", text::shell_word(&path.display().to_string()))])),
            },
            StoreFinding::NewerVersion(version) => Finding {
                id: "store-newer-version",
                message: format!("The store has version {version}, written by a newer program; it is shown but never changed."),
                fix: None,
            },
            StoreFinding::Imported(path) => Finding {
                id: "store-imported",
                message: format!("Credentials are read from {} of an older program; the next change stores them here.", shown(path)),
                fix: None,
            },
            StoreFinding::UnusableSection(name) => Finding {
                id: "store-unusable-section",
                message: format!("`{name}` in {} has a form that cannot be used; it is left as it is.", shown(&inputs.store_path)),
                fix: None,
            },
        })
        .collect();
    findings.extend(snapshot.ignored.iter().map(|entry| Finding {
        id: "store-ignored-entry",
        message: format!(
            "Entry \"{}\" in {} is not a credential this program understands; it is kept and not used.",
            entry.id,
            shown(&inputs.store_path)
        ),
        fix: None,
    }));
    findings.extend(inputs.state_findings.iter().map(|StateFinding::Unreadable(path)| Finding {
        id: "state-unreadable",
        message: format!("{} cannot be read; cooldowns and last uses are not known.", shown(path)),
        fix: None,
    }));
    findings.extend(ignored_cache_settings(inputs, primary, report));
    let references = inputs.auth.references();
    let mut open_files = Vec::new();
    for provider in &report.providers {
        let Some(config_key) = &provider.config_key else { continue };
        if let Kept::Elsewhere(reference) = config_key.key.kept()
            && let Some(path) = references.file_of_reference_open_to_all(reference)
        {
            findings.push(open_secret_file(&path, inputs));
            open_files.push(path);
        }
        // While a profile is used instead, nobody waits for it.
        if let Some(fix) = wording::config_key_fix(config_key).filter(|_| provider.rows.is_empty()) {
            let (place, words) = (&config_key.key.place, wording::config_key_standing(config_key));
            findings.push(Finding {
                id: "config-key-needs-attention",
                message: format!("{place} of the config: {words}."),
                fix: Some(fix),
            });
        }
    }
    for rows in report.providers.iter().map(|provider| &provider.rows) {
        for judged in &rows.judged {
            let Judged { profile, verdict, .. } = judged;
            if let Some(path) = references.file_open_to_all(profile)
                && !open_files.contains(&path)
            {
                findings.push(open_secret_file(&path, inputs));
                open_files.push(path);
            }
            if judged.is_left_out() {
                continue;
            }
            let Some(fix) = rows.fix(judged) else { continue };
            findings.push(Finding {
                id: NEEDS_ATTENTION,
                message: format!("{}: {}.", profile.id, wording::health(verdict, rows.now)),
                fix: Some(fix),
            });
        }
        if let Some(fix) = rows.inclusion() {
            let message = match rows.left_out.as_slice() {
                [one] => format!("{one}: left out by the order."),
                many => {
                    format!("{} profiles are left out by the order: {}.", many.len(), wording::some_ids(many))
                }
            };
            findings.push(Finding { id: LEFT_OUT, message, fix: Some(fix) });
        }
    }
    // A store that is never written takes no credential.
    let is_writable = !snapshot.findings.iter().any(|it| matches!(it, StoreFinding::NewerVersion(_)));
    findings.extend(
        report.missing_providers_in_use.iter().map(|provider| Finding {
            id: NO_CREDENTIAL,
            message: format!("No credential for {provider}, which a configured model needs."),
            fix: is_writable
                .then(|| wording::first_credential(provider, inputs.auth.config, inputs.agent.named())),
        }),
    );
    findings
}

/// Cache settings of the primary model that the credential its next request uses has no use for.
fn ignored_cache_settings(
    inputs: &StatusInputs<'_>,
    primary: &ModelRef,
    report: &AuthReport<'_>,
) -> Option<Finding> {
    let provider = report.providers.iter().find(|provider| provider.provider == primary.provider())?;
    if provider.next.as_ref()?.billing() != Billing::Subscription {
        return None;
    }
    let params = Effective::of(&inputs.agent.id, primary, inputs.auth.config, &Params::default());
    let retention = params.cache_retention;
    (retention.is_set() && retention.value != CacheRetention::None).then(|| Finding {
        id: "cache-settings-ignored",
        message: format!(
            "{} is ignored: subscription credentials do not honour cache settings.",
            retention.origin
        ),
        fix: None,
    })
}

fn open_secret_file(path: &Path, inputs: &StatusInputs<'_>) -> Finding {
    let shown = inputs.paths.shown(path);
    Finding {
        id: "secret-file-open-to-others",
        message: format!("All users of this machine can read {shown}, which holds secrets."),
        fix: Some(Fix::run([format!("chmod 600 {}", text::shell_word(&path.display().to_string()))])),
    }
}
