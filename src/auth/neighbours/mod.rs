//! Credentials that another program keeps: Claude Code's sign-in, a profile of Anthropic's own tools, an identity that is
//! exchanged for a token. The store holds a reference to them; they are read at every use, and never refreshed, written
//! or copied here. What can be taken over for good is in [`import`], what is handed on in [`export`].

pub mod anthropic_profile;
pub mod claude_code;
pub mod export;
pub(super) mod file;
pub mod import;
pub mod openclaw;
mod wording;

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::federation::FederationRule;
use super::profile::{Credential, Expiry, Material, Profile, SecretRef};
use super::profile_id::ProfileId;
use super::reference::References;
use crate::secret::Secret;
use crate::text::one_line;

pub use wording::fix;
pub(super) use wording::renewal;

/// What another program renews is called expiring only this shortly before its end: its tokens live for hours.
pub(super) const WARN_BEFORE: SignedDuration = SignedDuration::from_mins(10);

/// Who keeps a credential that the store only refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Claude Code: the reference's id is the path of its `.credentials.json`.
    ClaudeCode,
    /// Anthropic's SDKs and CLI: the id is the path of `configs/<name>.json`.
    AnthropicProfile,
    /// Nobody: a token is minted for an identity that the environment names.
    Federation,
}

impl Owner {
    /// The `source` of its references.
    pub fn source(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::AnthropicProfile => "anthropic-profile",
            Self::Federation => "federation",
        }
    }

    /// The owner a reference names.
    pub fn of(reference: &SecretRef) -> Option<Self> {
        [Self::ClaudeCode, Self::AnthropicProfile, Self::Federation]
            .into_iter()
            .find(|owner| owner.source() == reference.source)
    }

    /// The owner of a profile's credential, when the store only refers to it.
    pub fn of_profile(profile: &Profile) -> Option<Self> {
        Self::of(profile.credential.material().reference()?)
    }

    /// Who issued its tokens, where that is certain.
    pub fn issuer(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode => None,
            Self::AnthropicProfile | Self::Federation => Some("console"),
        }
    }

    /// A reference to what it keeps there.
    pub fn reference(self, id: impl Into<String>) -> SecretRef {
        SecretRef { source: self.source().to_owned(), provider: "default".to_owned(), id: id.into() }
    }
}

/// A profile that refers to what another program keeps.
pub fn profile(owner: Owner, id: ProfileId, place: impl Into<String>, now: Timestamp) -> Profile {
    Profile {
        id,
        credential: Credential::Token {
            token: Material::Reference(Box::new(owner.reference(place))),
            expires: Expiry::Unknown,
        },
        email: None,
        added_at: Some(now),
        issuer: owner.issuer().map(str::to_owned),
    }
}

/// What a reference to another program's credential leads to at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Live {
    /// A token that is there.
    Token(LiveToken),
    /// A token that is minted when it is needed.
    Mint(Box<FederationRule>),
}

/// A token another program keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveToken {
    /// Its value.
    pub secret: Secret,
    /// When it ends, where its owner recorded that.
    pub expires: Option<Timestamp>,
    /// The workspace its requests are for.
    pub workspace: Option<String>,
}

/// Follows a reference to another program's credential.
///
/// # Errors
/// When it leads nowhere.
pub(super) fn read(
    owner: Owner,
    reference: &SecretRef,
    references: &References<'_>,
) -> Result<Live, NeighbourError> {
    match owner {
        Owner::ClaudeCode => claude_code::read(&absolute(reference)?).map(Live::Token),
        Owner::AnthropicProfile => anthropic_profile::read(&absolute(reference)?, references),
        Owner::Federation => {
            let rule = FederationRule::from_env(references.env)?;
            rule.identity(references.env)?;
            Ok(Live::Mint(Box::new(rule)))
        }
    }
}

fn absolute(reference: &SecretRef) -> Result<PathBuf, NeighbourError> {
    let path = Path::new(&reference.id);
    match path.is_absolute() {
        true => Ok(path.to_owned()),
        false => Err(NeighbourError::unusable(path, "is not named by an absolute path")),
    }
}

/// Another program's credential cannot be used. Names the file without its directories, which the reference has; never
/// what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeighbourError {
    /// The file is not there.
    #[error("{} is not there", name(.0))]
    Absent(PathBuf),
    /// It cannot be opened.
    #[error("{} cannot be read: {reason}", name(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It is there and does not hold what it should.
    #[error("{} {problem}", name(.path))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, after its name.
        problem: &'static str,
    },
    /// Others can read a file of secrets, or change one that says where they are.
    #[error("{} is open to other users", name(.path))]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// What closes it, for `chmod`.
        mode: &'static str,
    },
    /// A file of secrets is a symbolic link.
    #[error("{} is a symbolic link", name(.0))]
    Symlink(PathBuf),
    /// A variable it needs is not set.
    #[error("variable {0} is not set")]
    VariableUnset(&'static str),
    /// It is a credential for another deployment of the API.
    #[error("it is for {theirs}, and requests go to {ours}")]
    OtherAddress {
        /// The host it is for.
        theirs: String,
        /// The host requests go to.
        ours: String,
    },
}

impl NeighbourError {
    pub(super) fn unusable(path: &Path, problem: &'static str) -> Self {
        Self::Unusable { path: path.to_owned(), problem }
    }

    /// The file it is about.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Absent(path)
            | Self::Symlink(path)
            | Self::Unreadable { path, .. }
            | Self::Unusable { path, .. }
            | Self::OpenToOthers { path, .. } => Some(path),
            Self::VariableUnset(_) | Self::OtherAddress { .. } => None,
        }
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("`{}`", one_line(&name.to_string_lossy()))
}
