//! An Anthropic-compatible endpoint of somebody else, as a provider in the config: what it may be called, where it may
//! be, and the change that puts it there. Whose credentials go to which address is decided by an entry's id, so an entry
//! that is there never gets another address here.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::anthropic::{Endpoint, Error, NetworkPolicy};
use crate::auth::ProfileId;
use crate::auth::configured::MESSAGES_API;
use crate::auth::form::ANTHROPIC;
use crate::auth::oauth::settings;
use crate::config::Config;
use crate::config::edit::{Edit, EditError, Segment};
use crate::config::schema::{Provider, ProviderModel};
use crate::models::refs::ModelRef;
use crate::secret::{Secret, SecretKind};
use crate::text::{one_line, without_credentials};

/// What a base URL may end in although the API's own path is not a part of it; people copy it from examples.
const API_PATHS: [&str; 2] = ["/v1/messages", "/v1"];

/// A provider and one of its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProvider {
    id: String,
    base_url: String,
    model: ModelRef,
}

/// There is no such provider, or it is not put into the config.
#[derive(Debug, thiserror::Error)]
pub enum CustomProviderError {
    /// Its address cannot be used.
    #[error(transparent)]
    BaseUrl(#[from] Error),
    /// Its id is none. It is not repeated: it may be a secret.
    #[error(
        "the id of a provider has small letters, digits, -, _ and ., at most 64 of them, like team-proxy"
    )]
    Id,
    /// Its id is that of Anthropic itself, whose credentials would go to its address.
    #[error(
        "the id anthropic is that of Anthropic itself, whose credentials go to no other address this way"
    )]
    Anthropics,
    /// Its model has no usable id. It is not repeated: it may be a secret.
    #[error("the id of a model is one word, as the endpoint knows it, like claude-sonnet-5")]
    Model,
    /// The entry has another address.
    #[error("Provider \"{id}\" is in the config with another address, {}.", one_line(.configured))]
    OtherAddress {
        /// The provider.
        id: String,
        /// Its address.
        configured: String,
    },
    /// The entry is of one that speaks another protocol.
    #[error("Provider \"{id}\" is in the config as one that speaks {}.", one_line(.api))]
    OtherApi {
        /// The provider.
        id: String,
        /// What it speaks.
        api: String,
    },
    /// The config cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// The entry as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    base_url: &'a str,
    api: &'static str,
    models: [ModelEntry<'a>; 1],
}

/// The TypeScript program wants a name.
#[derive(Serialize)]
struct ModelEntry<'a> {
    id: &'a str,
    name: &'a str,
}

impl CustomProvider {
    /// Checks what was given. Without an id it gets the one that follows from its address.
    ///
    /// # Errors
    /// When the address, the id or the model cannot be one.
    pub fn new(base_url: &str, model: &str, id: Option<&str>) -> Result<Self, CustomProviderError> {
        let base_url = checked_base_url(base_url)?;
        let id = match id {
            Some(text) => checked_id(text)?,
            None => id_of(&base_url),
        };
        let model = checked_model(model)?;
        let model = format!("{id}/{model}").parse().map_err(|_| CustomProviderError::Model)?;
        Ok(Self { id, base_url: written(&base_url), model })
    }

    /// Its id, in lower case.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its address, without the API's own path and without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its model.
    pub fn model(&self) -> &ModelRef {
        &self.model
    }

    /// Puts it into the config while it is edited. What is there already stays; a model that is not there is added.
    ///
    /// # Errors
    /// When an entry of that id has another address or protocol, or the config cannot be changed.
    pub fn put(&self, edit: &mut Edit) -> Result<(), CustomProviderError> {
        let model = ModelEntry { id: self.model.model(), name: self.model.model() };
        let providers = edit.get(&Segment::keys(["models", "providers"])).and_then(Value::as_object);
        let written =
            providers.and_then(|all| all.keys().find(|key| key.trim().eq_ignore_ascii_case(&self.id)));
        let Some(key) = written.cloned() else {
            let entry = Entry { base_url: &self.base_url, api: MESSAGES_API, models: [model] };
            return Ok(edit.set(&Segment::keys(["models", "providers", &self.id]), &entry)?);
        };
        let at = |name: &str| Segment::keys(["models", "providers", &key, name]);
        let text = |name: &str| edit.get(&at(name)).and_then(Value::as_str);
        self.refuse_conflict(text("baseUrl"), text("api"))?;
        if text("baseUrl").is_none() {
            edit.set(&at("baseUrl"), &self.base_url)?;
        }
        let models = edit.get(&at("models")).and_then(Value::as_array);
        let is_there = models.is_some_and(|models| models.iter().any(|it| it["id"] == self.model.model()));
        if !is_there {
            edit.append(&at("models"), &model)?;
        }
        Ok(())
    }

    /// Whether it may be put there, before anybody is asked for a credential.
    ///
    /// # Errors
    /// When an entry of that id has another address or protocol.
    pub fn check(&self, config: &Config) -> Result<(), CustomProviderError> {
        let entry = config.provider(&self.id);
        self.refuse_conflict(
            entry.and_then(|entry| entry.base_url.as_deref()),
            entry.and_then(|entry| entry.api.as_deref()),
        )
    }

    fn refuse_conflict(&self, base_url: Option<&str>, api: Option<&str>) -> Result<(), CustomProviderError> {
        let id = || self.id.clone();
        if let Some(api) = api.filter(|api| !matches!(api.trim(), "" | MESSAGES_API)) {
            return Err(CustomProviderError::OtherApi { id: id(), api: without_credentials(api) });
        }
        match base_url.filter(|configured| !is_same(configured, &self.base_url)) {
            Some(other) => {
                Err(CustomProviderError::OtherAddress { id: id(), configured: without_secrets(other) })
            }
            None => Ok(()),
        }
    }

    /// The config as it is with this provider, for requests before it is written.
    pub fn added_to(&self, config: &Config) -> Config {
        let mut config = config.clone();
        let key = config.provider_entry(&self.id).map_or(self.id.as_str(), |(key, _)| key).to_owned();
        let entry: &mut Provider = config.models.providers.entry(key).or_default();
        entry.base_url = Some(self.base_url.clone());
        // First, because that is the one a new credential is tried with.
        let at = entry.models.iter().position(|model| model.id == self.model.model());
        let model = at.map_or_else(|| unknown_model(self.model.model()), |at| entry.models.remove(at));
        entry.models.insert(0, model);
        config
    }
}

/// A model of which nothing but the id is known.
fn unknown_model(id: &str) -> ProviderModel {
    ProviderModel {
        id: id.to_owned(),
        name: None,
        input: None,
        context_window: None,
        max_tokens: None,
        cache_minimum: None,
        class: None,
        cost: None,
    }
}

/// A base URL, by the rules every request keeps.
///
/// # Errors
/// When it is none, or requests there would not be safe.
pub fn checked_base_url(text: &str) -> Result<Url, CustomProviderError> {
    let mut url = settings::parse(text.trim())?;
    Endpoint::new(&url, NetworkPolicy::Any)?;
    let path = url.path().trim_end_matches('/').to_owned();
    let bare = API_PATHS.iter().find_map(|api| path.strip_suffix(api)).unwrap_or(&path);
    url.set_path(bare);
    Ok(url)
}

/// An id, in lower case.
///
/// # Errors
/// When it is none, or Anthropic's.
pub fn checked_id(text: &str) -> Result<String, CustomProviderError> {
    let id = text.trim().to_ascii_lowercase();
    if id == ANTHROPIC {
        return Err(CustomProviderError::Anthropics);
    }
    let is_id =
        ProfileId::new(&id, "default").is_ok() && Secret::new(text.trim()).kind() == SecretKind::Other;
    if is_id { Ok(id) } else { Err(CustomProviderError::Id) }
}

/// The id of a model as its endpoint knows it.
///
/// # Errors
/// When it is not one word, or is a credential.
pub fn checked_model(text: &str) -> Result<&str, CustomProviderError> {
    let model = text.trim();
    let is_word = !model.is_empty() && !model.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_word && Secret::new(model).kind() == SecretKind::Other {
        Ok(model)
    } else {
        Err(CustomProviderError::Model)
    }
}

/// The id that follows from an address: the TypeScript program's `custom-<host>`, with the port where it has one.
pub fn id_of(base_url: &Url) -> String {
    let host = base_url.host_str().unwrap_or_default().to_ascii_lowercase();
    let mut id = String::from("custom");
    for word in host.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        id.push('-');
        id.push_str(word);
    }
    id.truncate(48);
    let id = id.trim_end_matches('-');
    match base_url.port() {
        Some(port) => format!("{id}-{port}"),
        None => id.to_owned(),
    }
}

fn written(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn is_same(configured: &str, base_url: &str) -> bool {
    settings::parse(configured.trim()).is_ok_and(|url| written(&url) == base_url)
}

/// An address as people may see it: one that breaks the rules may hold a secret.
fn without_secrets(text: &str) -> String {
    let url = settings::parse(text.trim()).ok();
    let safe = url.filter(|url| Endpoint::new(url, NetworkPolicy::Any).is_ok());
    safe.map_or_else(|| "which cannot be used".to_owned(), |url| written(&url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn new(url: &str, id: Option<&str>) -> CustomProvider {
        CustomProvider::new(url, "claude-x", id).unwrap()
    }

    fn after(text: &str, provider: &CustomProvider) -> Result<String, CustomProviderError> {
        let mut edit = Edit::of("fased.json".as_ref(), text)?;
        provider.put(&mut edit)?;
        Ok(edit.to_text())
    }

    #[test]
    fn an_id_follows_from_the_address() {
        for (url, id) in [
            ("https://LLM.Example.com/anthropic", "custom-llm-example-com"),
            ("http://127.0.0.1:8080", "custom-127-0-0-1-8080"),
            ("http://[::1]:9/", "custom-1-9"),
            ("https://example.com:443", "custom-example-com"),
        ] {
            assert_eq!(new(url, None).id(), id, "{url}");
        }
    }

    #[test]
    fn the_apis_own_path_is_no_part_of_an_address() {
        for (url, base) in [
            ("https://a.example", "https://a.example"),
            (" https://a.example/ ", "https://a.example"),
            ("https://a.example/v1", "https://a.example"),
            ("https://a.example/v1/", "https://a.example"),
            ("https://a.example/x/v1/messages", "https://a.example/x"),
            ("https://a.example/x/", "https://a.example/x"),
            ("https://a.example/xv1", "https://a.example/xv1"),
        ] {
            assert_eq!(new(url, None).base_url(), base, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_a_provider_is_refused_without_repeating_a_secret() {
        for (url, model, id) in [
            ("http://a.example", "m", None),
            ("https://me:hunter2@a.example", "m", None),
            ("https://a.example?key=hunter2", "m", None),
            ("hunter2", "m", None),
            ("https://a.example", "", None),
            ("https://a.example", "two hunter2", None),
            ("https://a.example", "sk-ant-api03-hunter2", None),
            ("https://a.example", "m", Some("Anthropic")),
            ("https://a.example", "m", Some("")),
            ("https://a.example", "m", Some("a/hunter2")),
            ("https://a.example", "m", Some("sk-ant-api03-hunter2")),
        ] {
            let error = CustomProvider::new(url, model, id).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_entry_is_added_once_and_a_second_model_beside_the_first() {
        let provider = new("https://a.example/x", Some("team"));
        let text = after("{\n  // mine\n  models: {},\n}\n", &provider).unwrap();
        assert!(text.contains("// mine") && text.contains("https://a.example/x"), "{text}");
        assert_eq!(after(&text, &provider).unwrap(), text);
        let second = CustomProvider::new("https://a.example/x/", "claude-y", Some("Team")).unwrap();
        let both = crate::config::load::parse(&after(&text, &second).unwrap()).unwrap();
        let ids: Vec<&str> = both.provider("team").unwrap().models.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["claude-x", "claude-y"]);
    }

    #[test]
    fn an_entry_written_in_another_case_is_the_same_one() {
        let text = "{models:{providers:{Team:{baseUrl:'https://a.example/',models:[{id:'claude-x'}]}}}}";
        assert_eq!(after(text, &new("https://a.example", Some("team"))).unwrap(), text);
    }

    #[test]
    fn an_entry_with_another_address_or_protocol_is_left_alone() {
        let provider = new("https://a.example", Some("team"));
        let entry = |fields: &str| format!("{{models:{{providers:{{team:{{{fields}}}}}}}}}");
        let other = after(&entry("baseUrl:'https://b.example'"), &provider);
        assert!(matches!(other, Err(CustomProviderError::OtherAddress { .. })), "{other:?}");
        let other = after(&entry("baseUrl:'https://a.example',api:'openai-completions'"), &provider);
        assert!(matches!(other, Err(CustomProviderError::OtherApi { .. })), "{other:?}");
        let shown = after(&entry("baseUrl:'https://a.example/v1'"), &provider).unwrap_err().to_string();
        assert!(shown.contains("https://a.example/v1"), "{shown}");
        let secret = after(&entry("baseUrl:'https://me:hunter2@b.example'"), &provider).unwrap_err();
        assert!(!secret.to_string().contains("hunter2"), "{secret}");
    }

    proptest! {
        #[test]
        fn an_id_made_from_any_host_is_an_id(host in "[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", port in 1_u16..) {
            if let Ok(url) = Url::parse(&format!("https://{host}:{port}")) {
                prop_assert!(checked_id(&id_of(&url)).is_ok(), "{}", id_of(&url));
            }
        }
    }
}
