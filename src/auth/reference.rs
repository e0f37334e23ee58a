//! Where a reference leads. Looking never runs a program and opens no connection, so the verdict may look; what has to be
//! run or fetched is told apart and obtained when a request needs it. Whatever is found elsewhere is one credential or
//! an error: a reference that leads nowhere is never sent in a secret's place.

mod file;
mod pointer;
mod program;
mod rules;

pub use file::FileProblem;
pub use program::{ProgramProblem, Programs};
pub use rules::SecretRefError;

use std::path::PathBuf;

use jiff::Timestamp;

use self::program::Call;
use super::form;
use super::neighbours::{self, Live, NeighbourError, Owner};
use super::profile::{Material, Profile, SecretRef};
use crate::config::secrets::{SecretFile, SecretProvider};
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::secret::{Secret, SecretKind};
use crate::storage;
use crate::text::{one_line, without_credentials};

/// The places references lead to.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// Environment variables.
    pub env: &'a Env,
    /// Configured places.
    pub config: &'a Config,
    /// Where files are.
    pub paths: &'a Paths,
}

/// What a look at a reference showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The secret, and when it ends where that is known.
    Found(Secret, Option<Timestamp>),
    /// It is known only once a program is run or a token is fetched.
    OnUse,
    /// It leads nowhere.
    Broken(BrokenReference),
}

/// Why a reference leads nowhere. Names places, never what is at them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenReference {
    /// The variable is not set.
    #[error("variable {} is not set", one_line(.0))]
    VariableUnset(String),
    /// What another program keeps cannot be used.
    #[error(transparent)]
    Neighbour(#[from] NeighbourError),
    /// A kind of place this version does not know.
    #[error("its {} reference cannot be read", one_line(.0))]
    UnknownSource(String),
    /// The config has no place of this name.
    #[error("secret provider {} is not in the config", shown(.provider))]
    NoProvider {
        /// The kind of place.
        source_kind: String,
        /// Its name.
        provider: String,
    },
    /// The place of this name is of another kind.
    #[error("secret provider {} has source {configured} in the config, not {}", shown(.provider), shown(.asked))]
    OtherSource {
        /// Its name.
        provider: String,
        /// What the config says.
        configured: &'static str,
        /// What the reference says.
        asked: String,
    },
    /// An id that cannot be one at such a place.
    #[error("its id is not {0}")]
    BadId(&'static str),
    /// The file does not give it.
    #[error("file {file} {problem}")]
    File {
        /// The name of the place.
        provider: String,
        /// The file, as people write it.
        file: String,
        /// Why.
        problem: FileProblem,
    },
    /// The program does not give it.
    #[error("asked for {}, the program of secret provider {provider} {problem}", shown(.id))]
    Program {
        /// The name of the place.
        provider: String,
        /// What was asked for.
        id: String,
        /// Why.
        problem: ProgramProblem,
    },
    /// What is there is empty, has spaces in it or is quoted.
    #[error("{0} holds no credential, which would be one word")]
    NoCredential(String),
    /// What is there is of a kind that cannot send messages.
    #[error("{place} holds {}, which cannot send messages", .kind.described())]
    CannotSend {
        /// Where.
        place: String,
        /// What it is.
        kind: SecretKind,
    },
}

/// A name from a store or a config, made safe to show: it may be a credential at a wrong place.
fn shown(text: &str) -> String {
    without_credentials(&one_line(text))
}

/// One credential: a word of plain characters. JSON, quoted texts and messages about failures are none.
fn bare(text: &str) -> Option<Secret> {
    let text = text.trim();
    let is_bare = text.bytes().all(|b| b.is_ascii_graphic()) && !text.starts_with(['{', '[', '"', '\'']);
    (is_bare && !text.is_empty()).then(|| Secret::new(text))
}

impl References<'_> {
    /// Looks where a reference leads.
    pub fn look(&self, reference: &SecretRef) -> Look {
        let found = |secret| Look::Found(secret, None);
        let looked = match reference.source.as_str() {
            "env" => self.variable(reference).map(found),
            "file" => self.in_file(reference).map(found),
            "exec" => self.program(reference).map(|_| Look::OnUse),
            other => match Owner::of(reference).map(|owner| neighbours::read(owner, reference, self)) {
                Some(Ok(Live::Token(token))) => Ok(Look::Found(token.secret, token.expires)),
                Some(Ok(Live::Mint(_))) => Ok(Look::OnUse),
                Some(Err(error)) => Err(error.into()),
                None => Err(BrokenReference::UnknownSource(other.to_owned())),
            },
        };
        looked.unwrap_or_else(Look::Broken)
    }

    /// Whether the config has the place and the id can be one there; nothing is read or run.
    ///
    /// # Errors
    /// When it does not, or cannot.
    pub fn check_place(&self, reference: &SecretRef) -> Result<(), BrokenReference> {
        match reference.source.as_str() {
            "env" => self.variable_name(reference).map(|_| ()),
            "file" => rules::check_file_id(self.file(reference)?.mode, &reference.id).map(|_| ()),
            "exec" => self.program(reference).map(|_| ()),
            other => match Owner::of(reference) {
                Some(_) => Ok(()),
                None => Err(BrokenReference::UnknownSource(other.to_owned())),
            },
        }
    }

    /// The secret a reference leads to, running the program where there is one. `rejected` is a value that is known not to
    /// be accepted: a program that gave it is run once more.
    ///
    /// # Errors
    /// When it leads nowhere, or to something that cannot send messages.
    pub async fn resolve(
        &self,
        reference: &SecretRef,
        programs: &Programs,
        rejected: Option<&Secret>,
    ) -> Result<Secret, BrokenReference> {
        let secret = match self.look(reference) {
            Look::Found(secret, _) => secret,
            Look::Broken(broken) => return Err(broken),
            Look::OnUse => {
                let answer = programs.ask(&self.program(reference)?, rejected).await;
                answer.map_err(|problem| BrokenReference::Program {
                    provider: reference.provider.clone(),
                    id: reference.id.clone(),
                    problem,
                })?
            }
        };
        match secret.kind() {
            kind if form::is_useless(kind) => {
                Err(BrokenReference::CannotSend { place: self.place(reference), kind })
            }
            _ => Ok(secret),
        }
    }

    /// The file a profile's secret is in, when every user of this machine can read it.
    pub fn file_open_to_all(&self, profile: &Profile) -> Option<PathBuf> {
        match profile.credential.material() {
            Material::Reference(reference) => self.file_of_reference_open_to_all(reference),
            Material::Value(_) | Material::Missing => None,
        }
    }

    /// The same of a reference.
    pub fn file_of_reference_open_to_all(&self, reference: &SecretRef) -> Option<PathBuf> {
        if reference.source != "file" {
            return None;
        }
        let path = self.paths.expand(&self.file(reference).ok()?.path);
        storage::is_open_to_all(&path).then_some(path)
    }

    fn variable_name<'r>(&self, reference: &'r SecretRef) -> Result<&'r str, BrokenReference> {
        if reference.provider != "default" {
            self.provider(reference)?;
        }
        rules::check_variable(&reference.id)?;
        Ok(&reference.id)
    }

    fn variable(&self, reference: &SecretRef) -> Result<Secret, BrokenReference> {
        let name = self.variable_name(reference)?;
        let unset = || BrokenReference::VariableUnset(name.to_owned());
        let value = self.env.get(name).filter(|value| !value.trim().is_empty()).ok_or_else(unset)?;
        bare(value).ok_or_else(|| BrokenReference::NoCredential(self.place(reference)))
    }

    fn in_file(&self, reference: &SecretRef) -> Result<Secret, BrokenReference> {
        let file = self.file(reference)?;
        let pointer = rules::check_file_id(file.mode, &reference.id)?;
        let path = self.paths.expand(&file.path);
        let text =
            file::read(&path, pointer.as_ref(), &reference.id).map_err(|problem| BrokenReference::File {
                provider: reference.provider.clone(),
                file: one_line(&self.paths.shown(&path)),
                problem,
            })?;
        bare(&text).ok_or_else(|| BrokenReference::NoCredential(self.place(reference)))
    }

    fn program(&self, reference: &SecretRef) -> Result<Call, BrokenReference> {
        let program = match self.provider(reference)? {
            SecretProvider::Exec(program) => program,
            other => return Err(other_source(reference, other)),
        };
        rules::check_program_id(&reference.id)?;
        Ok(Call::new(program, &reference.provider, &reference.id, self.env, self.paths))
    }

    fn file(&self, reference: &SecretRef) -> Result<&SecretFile, BrokenReference> {
        match self.provider(reference)? {
            SecretProvider::File(file) => Ok(file),
            other => Err(other_source(reference, other)),
        }
    }

    fn provider(&self, reference: &SecretRef) -> Result<&SecretProvider, BrokenReference> {
        let provider = self.config.secrets.providers.get(&reference.provider);
        let provider = provider.ok_or_else(|| BrokenReference::NoProvider {
            source_kind: reference.source.clone(),
            provider: reference.provider.clone(),
        })?;
        match provider.source() == reference.source {
            true => Ok(provider),
            false => Err(other_source(reference, provider)),
        }
    }

    /// Where it is, in words.
    fn place(&self, reference: &SecretRef) -> String {
        match (reference.source.as_str(), self.file(reference)) {
            ("env", _) => format!("variable {}", shown(&reference.id)),
            ("file", Ok(file)) => {
                format!("file {}", one_line(&self.paths.shown(&self.paths.expand(&file.path))))
            }
            _ => format!("the answer of secret provider {}", shown(&reference.provider)),
        }
    }
}

fn other_source(reference: &SecretRef, provider: &SecretProvider) -> BrokenReference {
    BrokenReference::OtherSource {
        provider: reference.provider.clone(),
        configured: provider.source(),
        asked: reference.source.clone(),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
