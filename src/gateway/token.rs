//! The gateway's token: what opens the Control UI and its API to programs of this machine's owner. It stands in the config,
//! or in a file that is made when it is first needed.

use crate::auth::reference::{BrokenReference, Look, References};
use crate::config::secret_ref::{Material, SecretRef};
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::gateway::random::{self, NoRandomness};
use crate::secret::Secret;
use crate::storage::{self, Durability, FileError};

/// Shortest token that is taken; a shorter one could be guessed.
const SHORTEST: usize = 16;
/// Random bytes of a token made here.
const BYTES: usize = 32;

/// There is no token to compare with.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Its file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The reference in the config leads nowhere.
    #[error("the token in gateway.auth.token cannot be had: {0}")]
    Reference(#[from] BrokenReference),
    /// The reference needs a program to be run.
    #[error("the token in gateway.auth.token cannot come from a program; name a file or a variable")]
    Program,
    /// It could be guessed.
    #[error("the token in {0} has fewer than 16 characters and could be guessed")]
    Short(String),
    /// None could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// The token of the config, else of the file; `None` where neither is there.
///
/// # Errors
/// See [`TokenError`].
pub fn read(config: &Config, env: &Env, paths: &Paths) -> Result<Option<Secret>, TokenError> {
    const PLACE: &str = "gateway.auth.token";
    let references = References { env, config, paths };
    let follow = |reference: &SecretRef| match references.look(reference) {
        Look::Found(secret, _) => long_enough(secret, PLACE).map(Some),
        Look::OnUse => Err(TokenError::Program),
        Look::Broken(broken) => Err(broken.into()),
    };
    match &config.gateway.auth.token {
        Some(Material::Value(text)) if !text.is_empty() => match SecretRef::in_text(text) {
            Some(variable) => follow(&variable),
            None => long_enough(text.clone(), PLACE).map(Some),
        },
        Some(Material::Reference(reference)) => follow(reference),
        Some(Material::Value(_) | Material::Missing) | None => of_file(paths),
    }
}

/// The token, made now where there is none.
///
/// # Errors
/// See [`TokenError`].
pub fn ensure(config: &Config, env: &Env, paths: &Paths) -> Result<Secret, TokenError> {
    if let Some(token) = read(config, env, paths)? {
        return Ok(token);
    }
    let token = Secret::new(random::text(BYTES)?);
    storage::create_private_dir(paths.state())?;
    storage::replace(&paths.gateway_token(), token.expose().as_bytes(), Durability::Synced)?;
    Ok(token)
}

fn of_file(paths: &Paths) -> Result<Option<Secret>, TokenError> {
    let path = paths.gateway_token();
    let Some(bytes) = storage::read_optional(&path)? else { return Ok(None) };
    let text = Secret::new(String::from_utf8_lossy(&bytes).trim());
    if text.is_empty() {
        return Ok(None);
    }
    long_enough(text, &paths.shown(&path)).map(Some)
}

fn long_enough(token: Secret, place: &str) -> Result<Secret, TokenError> {
    if token.len() < SHORTEST { Err(TokenError::Short(place.to_owned())) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        crate::config::load::parse(text).unwrap()
    }

    #[test]
    fn a_token_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let (paths, env) = (Paths::below(dir.path()), Env::default());
        assert_eq!(read(&Config::default(), &env, &paths).unwrap(), None);
        let made = ensure(&Config::default(), &env, &paths).unwrap();
        assert!(made.len() >= 40);
        assert_eq!(ensure(&Config::default(), &env, &paths).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(paths.gateway_token()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn the_config_wins_also_by_reference_and_a_short_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let env = Env::from_pairs([("GATE", "sandbox-token-of-the-environment")]);
        ensure(&Config::default(), &env, &paths).unwrap();
        let told =
            |text: &str| read(&config(text), &env, &paths).map(|token| token.unwrap().expose().to_owned());
        let text = "{gateway:{auth:{token:'sandbox-token-of-the-config'}}}";
        assert_eq!(told(text).unwrap(), "sandbox-token-of-the-config");
        let text = "{gateway:{auth:{token:{source:'env',id:'GATE'}}}}";
        assert_eq!(told(text).unwrap(), "sandbox-token-of-the-environment");
        assert!(matches!(told("{gateway:{auth:{token:'short'}}}"), Err(TokenError::Short(_))));
        assert!(matches!(
            told("{gateway:{auth:{token:{source:'env',id:'GONE'}}}}"),
            Err(TokenError::Reference(_))
        ));
    }
}
