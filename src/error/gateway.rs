//! Failures of the gateway and of those who ask it.

use super::{Exit, Failure, sentence};
use crate::gateway::StartError;
use crate::gateway::instance::InstanceError;
use crate::gateway::keys::file::{KeyError, KeyFileError};
use crate::gateway::owner::OwnerError;
use crate::gateway::token::TokenError;
use crate::text::shell_word;

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            StartError::Config(error) => error.into(),
            StartError::Port(_) => Self::usage(message),
            StartError::Instance(error) => error.into(),
            StartError::Token(error) => error.into(),
            StartError::Keys(error) => error.into(),
            StartError::File(error) => error.into(),
            StartError::Bind { address, source } => {
                let failure = Self::new(Exit::Failed, "bind", message);
                match source.kind() {
                    std::io::ErrorKind::AddrInUse => failure
                        .hint("another program has that port; take another one, or see who has it")
                        .command(format!(
                            "fased gateway --port {}",
                            address.port().checked_add(1).unwrap_or_default()
                        ))
                        .command(format!("ss -ltnp 'sport = :{}'", address.port())),
                    std::io::ErrorKind::PermissionDenied => failure
                        .hint("ports below 1024 are not for everybody")
                        .command("fased gateway --port 18789"),
                    _ => failure.hint("--bind takes an address of this machine").command("fased gateway"),
                }
            }
            StartError::Loop { place, .. } => {
                let failure = Self::new(Exit::Usage, "gateway_loop", message);
                match place {
                    "ANTHROPIC_BASE_URL" => failure
                        .hint("that variable is for the gateway's clients; start the gateway without it")
                        .command("env -u ANTHROPIC_BASE_URL fased gateway"),
                    place => failure
                        .hint("take it out, or name the provider's own address")
                        .command(format!("fased config unset {place}")),
                }
            }
            StartError::Random(_) | StartError::Thread(_) => Self::new(Exit::Failed, "unexpected", message),
        }
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            InstanceError::File(error) => error.into(),
            InstanceError::Running(_) => Self::new(Exit::Failed, "gateway_running", message)
                .hint("use that one, or give a second one a state directory of its own")
                .command("fased dashboard")
                .command("fased gateway status"),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            TokenError::File(error) => error.into(),
            TokenError::Reference(_) | TokenError::Program => {
                Self::new(Exit::Failed, "gateway_token", message)
                    .hint("mend it there, or take it out: a token is made then")
                    .command("fased config unset gateway.auth.token")
            }
            TokenError::Short(_) => Self::new(Exit::Failed, "gateway_token", message)
                .hint("take it out: a long one is made then")
                .command("fased config unset gateway.auth.token"),
            TokenError::Random(_) => Self::new(Exit::Failed, "unexpected", message),
        }
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            KeyFileError::File(error) => error.into(),
            KeyFileError::Lock(error) => error.into(),
            KeyFileError::Unparsable { path, .. } => {
                let path = path.display().to_string();
                Self::new(Exit::Failed, "gateway_keys", message)
                    .hint("mend it by hand, or move it away and make the keys again")
                    .command(format!("mv -n {} {}", shell_word(&path), shell_word(&format!("{path}.bad"))))
            }
            KeyFileError::Newer { .. } => Self::new(Exit::Failed, "gateway_keys", message)
                .hint("use the program that wrote it; nothing was changed"),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            KeyError::File(error) => error.into(),
            KeyError::Taken(key) => Self::new(Exit::Usage, "key_taken", message)
                .fact(format!("for agent {}, ends in {}, made {}", key.agent, key.tail, key.created_at))
                .hint("choose another name, or take that one away first")
                .command(format!("fased gateway keys revoke {}", shell_word(&key.name))),
            KeyError::Unknown { known, .. } => {
                let failure = Self::new(Exit::Usage, "unknown_key", message);
                let failure = match known.as_slice() {
                    [] => failure.fact("there are none"),
                    names => failure.fact(format!("there are: {}", names.join(", "))),
                };
                failure.hint("see what there is").command("fased gateway keys list")
            }
            KeyError::Random(_) => Self::new(Exit::Failed, "unexpected", message),
        }
    }
}

impl From<OwnerError> for Failure {
    fn from(error: OwnerError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            OwnerError::Unreachable { .. } => Self::new(Exit::Network, "gateway_unreachable", message)
                .hint("it may be starting or ending; see")
                .command("fased gateway status"),
            OwnerError::Token { .. } => Self::new(Exit::Failed, "gateway_token", message)
                .hint("the gateway was started with another environment or config; start it again"),
            OwnerError::Unexpected { .. } => Self::new(Exit::Failed, "gateway_unexpected", message)
                .hint("it may be of another version; start it again"),
        }
    }
}
