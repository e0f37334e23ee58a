//! The link a person signs in with.

use url::Url;

use super::settings::OAuthSettings;

/// The address of the page that asks for consent, for one sign-in. It holds nothing secret: whoever reads it can ask for a
/// code, and not exchange one.
pub fn link(settings: &OAuthSettings, redirect_uri: &str, challenge: &str, state: &str) -> Url {
    let mut url = settings.authorize_url.clone();
    url.query_pairs_mut()
        // The page shows the code where it cannot hand it over.
        .append_pair("code", "true")
        .append_pair("client_id", &settings.client_id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &settings.scopes.join(" "))
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("state", state);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anthropic::NetworkPolicy;
    use crate::config::Config;
    use crate::env::Env;

    #[test]
    fn the_link_says_all_that_the_page_asks_for() {
        let env = Env::from_pairs::<_, &str, &str>([]);
        let access = crate::provider::oauth(&Config::default(), &env, NetworkPolicy::Any).unwrap();
        let url = link(&access.settings, "http://localhost:53692/callback", "the-challenge", "the-state");
        assert_eq!(
            url.as_str(),
            "https://claude.ai/oauth/authorize?code=true&client_id=9d1c250a-e61b-44d9-88ed-5944d1962f5e\
             &response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A53692%2Fcallback\
             &scope=org%3Acreate_api_key+user%3Aprofile+user%3Ainference+user%3Asessions%3Aclaude_code\
             +user%3Amcp_servers+user%3Afile_upload\
             &code_challenge=the-challenge&code_challenge_method=S256&state=the-state"
        );
    }
}
