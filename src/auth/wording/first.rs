//! The first credential an agent gets for a provider.

use super::Fix;
use crate::auth::configured::other_api;
use crate::auth::form::ANTHROPIC;
use crate::config::{AgentId, Config};
use crate::text::shell_word;

/// What gives an agent its first credential for a provider; where none could be used, what is to be done before that.
/// `agent` is given when it is not the default one.
pub fn first_credential(provider: &str, config: &Config, agent: Option<&AgentId>) -> Fix {
    let flag = super::flag(agent);
    if other_api(provider, config).is_some() {
        return Fix {
            advice: Some("choose a model of a provider that speaks Anthropic's Messages API".to_owned()),
            commands: vec![format!("fased models list --all{flag}")],
        };
    }
    let has_address = config.provider(provider).is_some_and(|entry| entry.base_url.is_some());
    Fix::run([match provider {
        ANTHROPIC => format!("fased onboard{flag}"),
        _ if has_address => {
            format!("fased models auth login --provider {} --method api-key{flag}", shell_word(provider))
        }
        _ => endpoint_setup(provider, None, agent),
    }])
}

/// The line that sets up an Anthropic-compatible endpoint. Its address is nothing we know.
pub fn endpoint_setup(provider: &str, model: Option<&str>, agent: Option<&AgentId>) -> String {
    format!(
        "fased onboard --auth-choice custom-api-key --custom-provider-id {} --custom-base-url https://… --custom-model-id {}{}",
        shell_word(provider),
        model.map_or_else(|| "…".to_owned(), shell_word),
        super::flag(agent)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_credential_is_stored_where_it_can_be_used() {
        let config = crate::config::load::parse(
            "{ models: { providers: { team: { baseUrl: 'https://a.example' }, other: { baseUrl: 'https://b.example', api: 'openai-completions' } } } }",
        )
        .unwrap();
        let work = "work".parse().unwrap();
        let first = |provider: &str| first_credential(provider, &config, Some(&work)).commands.concat();
        assert_eq!(first("anthropic"), "fased onboard --agent work");
        assert_eq!(first("team"), "fased models auth login --provider team --method api-key --agent work");
        assert_eq!(first("other"), "fased models list --all --agent work");
        assert_eq!(
            first("nosuch"),
            "fased onboard --auth-choice custom-api-key --custom-provider-id nosuch --custom-base-url https://… --custom-model-id … --agent work"
        );
    }
}
