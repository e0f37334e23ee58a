//! What mends a credential that another program keeps: that program does.

use std::path::Path;

use super::{NeighbourError, Owner};
use crate::auth::profile::{Profile, SecretRef};
use crate::auth::wording::Fix;
use crate::text::{one_line, shell_word};

/// What makes its owner renew it; `None` when the reference is to nothing another program keeps.
pub(in crate::auth) fn renewal(reference: &SecretRef) -> Option<Fix> {
    Some(match Owner::of(reference)? {
        Owner::ClaudeCode => by_running("Claude Code renews it when it is used", "claude".to_owned()),
        Owner::AnthropicProfile => by_running(
            "Anthropic's SDKs and CLI renew it when they are used, and so does a new sign-in",
            sign_in(reference),
        ),
        Owner::Federation => Fix::advise(IDENTITY),
    })
}

/// What puts a credential where there is none.
fn creation(reference: &SecretRef) -> Option<Fix> {
    Some(match Owner::of(reference)? {
        Owner::ClaudeCode => by_running("sign in with Claude Code", "claude".to_owned()),
        Owner::AnthropicProfile => by_running("sign in with Anthropic's CLI", sign_in(reference)),
        Owner::Federation => Fix::advise(IDENTITY),
    })
}

const IDENTITY: &str = "check the federation rule and the identity token";

fn by_running(advice: &str, command: String) -> Fix {
    Fix { advice: Some(advice.to_owned()), commands: vec![command] }
}

fn sign_in(reference: &SecretRef) -> String {
    let name = Path::new(&reference.id).file_stem().unwrap_or_default().to_string_lossy();
    format!("ant auth login --profile {}", shell_word(&one_line(&name)))
}

/// What mends the reference of a profile that leads nowhere.
pub fn fix(error: &NeighbourError, profile: &Profile) -> Fix {
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
            let reference = profile.credential.material().reference();
            reference.and_then(creation).unwrap_or_else(|| Fix::advise("mend that file"))
        }
    }
}
