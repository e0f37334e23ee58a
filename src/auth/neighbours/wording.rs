//! What mends a credential that another program keeps: that program does.

use std::path::Path;

use super::{NeighbourError, Owner};
use crate::auth::profile::SecretRef;
use crate::auth::wording::Fix;
use crate::text::{one_line, shell_word};

/// What makes its owner renew it; `None` when the reference is to nothing another program keeps.
pub(in crate::auth) fn renewal(reference: &SecretRef) -> Option<Fix> {
    Some(match Owner::of(reference)? {
        Owner::ClaudeCode => {
            Fix { advice: Some("renewed by Claude Code".to_owned()), commands: vec!["claude".to_owned()] }
        }
        Owner::AnthropicProfile => {
            let name = Path::new(&reference.id).file_stem().unwrap_or_default().to_string_lossy();
            Fix {
                advice: Some("renewed by Anthropic's SDKs and CLI".to_owned()),
                commands: vec![format!("ant auth login --profile {}", shell_word(&one_line(&name)))],
            }
        }
        Owner::Federation => Fix::advise("check the federation rule and the identity token"),
    })
}

/// What mends a reference that leads nowhere.
pub(in crate::auth) fn mending(error: &NeighbourError, reference: Option<&SecretRef>) -> Fix {
    let quoted = |path: &Path| shell_word(&path.display().to_string());
    match error {
        NeighbourError::OpenToOthers { path, mode } => Fix::run([format!("chmod {mode} {}", quoted(path))]),
        NeighbourError::Symlink(path) => {
            Fix::advise(format!("move the real file to {}", one_line(&path.display().to_string())))
        }
        NeighbourError::VariableUnset(name) => Fix::advise(format!("set {name} where fased is started")),
        NeighbourError::OtherAddress { .. } => {
            Fix::advise("set ANTHROPIC_BASE_URL to the address it is for, or use another credential")
        }
        NeighbourError::Absent(_) | NeighbourError::Unreadable { .. } | NeighbourError::Unusable { .. } => {
            reference.and_then(renewal).unwrap_or_else(|| Fix::advise("mend that file"))
        }
    }
}
