//! Profiles of Anthropic's own SDKs and CLI: `configs/<name>.json` says what a profile is, `credentials/<name>.json`
//! holds its token. What the official programs refuse is refused here, too.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{Live, LiveToken, NeighbourError, file};
use crate::auth::federation::{FederationRule, IdentitySource};
use crate::auth::reference::References;
use crate::env::Env;
use crate::secret::Secret;

/// The profile that is meant when nothing names one.
const DEFAULT: &str = "default";
/// What a profile that names no address is for, and we when nothing is configured: both are Anthropic's own API.
const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

/// A profile's name, fit to be part of a path: not empty, no space around it, no dot before it, no separator in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileName(String);

/// A text is no profile name. The text is not repeated: it may be a secret at the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a profile name: no space around it, no dot before it, no separator or control character in it")]
pub struct ProfileNameError;

impl ProfileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = ProfileNameError;

    fn from_str(text: &str) -> Result<Self, ProfileNameError> {
        let well_formed = !text.is_empty()
            && text.len() <= 200
            && text.trim() == text
            && !text.starts_with('.')
            && !text.contains(['/', '\\'])
            && !text.chars().any(char::is_control);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(ProfileNameError) }
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The directory of the official programs' profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory(PathBuf);

impl Directory {
    /// This directory.
    pub fn at(path: &Path) -> Self {
        Self(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// `ANTHROPIC_CONFIG_DIR`, else where the official programs look on this system.
    pub fn of(env: &Env, home: Option<&Path>) -> Option<Self> {
        let usual = || match cfg!(windows) {
            true => Some(env.path("APPDATA")?.join("Anthropic")),
            false => Some(home?.join(".config").join("anthropic")),
        };
        env.path("ANTHROPIC_CONFIG_DIR").or_else(usual).map(|path| Self::at(&path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `configs/<name>.json`.
    pub fn config(&self, name: &ProfileName) -> PathBuf {
        self.0.join("configs").join(format!("{name}.json"))
    }

    /// `credentials/<name>.json`.
    pub fn credentials(&self, name: &ProfileName) -> PathBuf {
        self.0.join("credentials").join(format!("{name}.json"))
    }

    /// The profile that is active: `ANTHROPIC_PROFILE`, else what `active_config` says, else `default`.
    ///
    /// # Errors
    /// When what names it is no name.
    pub fn active(&self, env: &Env) -> Result<ProfileName, ProfileNameError> {
        if let Some(name) = env.get("ANTHROPIC_PROFILE") {
            return name.parse();
        }
        let pointer = file::text(&self.0.join("active_config")).unwrap_or_default();
        let pointer = pointer.trim();
        if pointer.is_empty() { DEFAULT.parse() } else { pointer.parse() }
    }
}

/// `configs/<name>.json`, as far as it matters here.
#[derive(Deserialize)]
struct ConfigFile {
    authentication: Authentication,
    organization_id: Option<String>,
    workspace_id: Option<String>,
    base_url: Option<String>,
}

#[derive(Deserialize)]
struct Authentication {
    #[serde(rename = "type")]
    kind: String,
    credentials_path: Option<String>,
    federation_rule_id: Option<String>,
    service_account_id: Option<String>,
    identity_token: Option<IdentityToken>,
}

#[derive(Deserialize)]
struct IdentityToken {
    source: String,
    path: Option<String>,
}

/// `credentials/<name>.json`. The refresh token in it is not ours and is never looked at.
#[derive(Deserialize)]
struct CredentialsFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    access_token: Option<Secret>,
    /// Seconds since 1970.
    expires_at: Option<i64>,
}

/// Follows a profile by the path of its config.
pub(super) fn read(config_path: &Path, references: &References<'_>) -> Result<Live, NeighbourError> {
    file::must_be_ours(config_path)?;
    let config: ConfigFile = file::json(config_path)?;
    let set = |value: Option<String>, variable: &str| {
        let value = value.filter(|value| !value.is_empty());
        value.or_else(|| references.env.get(variable).map(str::to_owned))
    };
    let unusable = |problem| NeighbourError::unusable(config_path, problem);
    must_be_for_our_api(config.base_url.as_deref(), references)?;
    let workspace = set(config.workspace_id, "ANTHROPIC_WORKSPACE_ID");
    let authentication = config.authentication;
    match authentication.kind.as_str() {
        "user_oauth" => {
            let path = match authentication.credentials_path.filter(|path| !path.is_empty()) {
                Some(path) => references
                    .paths
                    .expand_absolute(&path)
                    .ok_or_else(|| unusable("names a credentials_path that is not absolute"))?,
                None => usual_credentials(config_path).ok_or_else(|| unusable("is at no usual place"))?,
            };
            read_credentials(&path).map(|token| Live::Token(LiveToken { workspace, ..token }))
        }
        "oidc_federation" => {
            let identity = match authentication.identity_token {
                Some(token) if token.source != "file" => {
                    return Err(unusable("names an identity_token that is not in a file"));
                }
                Some(token) => IdentitySource::File(
                    references
                        .paths
                        .expand_absolute(&token.path.unwrap_or_default())
                        .ok_or_else(|| unusable("names an identity_token whose path is not absolute"))?,
                ),
                None => IdentitySource::File(
                    references
                        .env
                        .path("ANTHROPIC_IDENTITY_TOKEN_FILE")
                        .ok_or_else(|| unusable("names no identity_token"))?,
                ),
            };
            let rule = FederationRule {
                rule_id: set(authentication.federation_rule_id, "ANTHROPIC_FEDERATION_RULE_ID")
                    .ok_or_else(|| unusable("names no federation_rule_id"))?,
                organization_id: set(config.organization_id, "ANTHROPIC_ORGANIZATION_ID")
                    .ok_or_else(|| unusable("names no organization_id"))?,
                service_account_id: set(authentication.service_account_id, "ANTHROPIC_SERVICE_ACCOUNT_ID"),
                workspace_id: workspace,
                identity,
            };
            rule.identity(references.env)?;
            Ok(Live::Mint(Box::new(rule)))
        }
        _ => Err(unusable("has an authentication.type that is not known")),
    }
}

/// `../credentials/<name>.json`, seen from `configs/<name>.json`.
fn usual_credentials(config_path: &Path) -> Option<PathBuf> {
    Some(config_path.parent()?.parent()?.join("credentials").join(config_path.file_name()?))
}

fn read_credentials(path: &Path) -> Result<LiveToken, NeighbourError> {
    file::must_be_private(path)?;
    let credentials: CredentialsFile = file::json(path)?;
    if credentials.kind.is_some_and(|kind| kind != "oauth_token") {
        return Err(NeighbourError::unusable(path, "has a type that is not oauth_token"));
    }
    let secret = credentials.access_token.filter(|token| !token.is_empty());
    Ok(LiveToken {
        secret: secret.ok_or_else(|| NeighbourError::unusable(path, "holds no access token"))?,
        expires: credentials.expires_at.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        workspace: None,
    })
}

/// A token is good for the deployment that issued it; no other one may see it.
fn must_be_for_our_api(theirs: Option<&str>, references: &References<'_>) -> Result<(), NeighbourError> {
    let Some(theirs) = theirs.filter(|url| !url.is_empty()) else { return Ok(()) };
    let configured = references.config.provider("anthropic").and_then(|p| p.base_url.as_deref());
    let ours = configured.or_else(|| references.env.get("ANTHROPIC_BASE_URL")).unwrap_or(DEFAULT_BASE_URL);
    let same = theirs.trim_end_matches('/').eq_ignore_ascii_case(ours.trim_end_matches('/'));
    match same {
        true => Ok(()),
        false => Err(NeighbourError::OtherAddress { theirs: host(theirs), ours: host(ours) }),
    }
}

/// The host of an address, without anything that may be a password.
fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    match (host, parsed.as_ref().and_then(Url::port)) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "another address".to_owned(),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Paths};
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;

    struct World(tempfile::TempDir);

    impl World {
        fn new() -> Self {
            let world = Self(tempfile::tempdir().unwrap());
            world.write("credentials/work.json", 0o600, r#"{"access_token":"a","expires_at":1700000000}"#);
            world
        }

        fn write(&self, path: &str, mode: u32, text: &str) -> PathBuf {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            path
        }

        fn read(&self, config: &str, env: &[(&str, &str)]) -> Result<Live, NeighbourError> {
            let path = self.write("configs/work.json", 0o644, config);
            let (env, config) = (Env::from_pairs(env.iter().copied()), Config::default());
            let paths = Paths::below(self.0.path());
            read(&path, &References { env: &env, config: &config, paths: &paths })
        }
    }

    const USER: &str = r#"{"version":"1.0","authentication":{"type":"user_oauth","client_id":"c"}}"#;

    #[test]
    fn a_users_token_is_read_with_its_end_in_seconds() {
        let expires = Some(Timestamp::from_second(1_700_000_000).unwrap());
        let token = LiveToken { secret: Secret::new("a"), expires, workspace: None };
        assert_eq!(World::new().read(USER, &[]), Ok(Live::Token(token)));
        let with_workspace = USER.replace("\"version\"", "\"workspace_id\":\"wrkspc_1\",\"version\"");
        let Ok(Live::Token(token)) = World::new().read(&with_workspace, &[]) else { panic!() };
        assert_eq!(token.workspace.as_deref(), Some("wrkspc_1"));
    }

    #[test]
    fn credentials_may_be_elsewhere_but_not_at_a_relative_place() {
        let world = World::new();
        world.write("else/where.json", 0o600, r#"{"type":"oauth_token","access_token":"b"}"#);
        let config =
            |path: &str| USER.replace("\"client_id\"", &format!("\"credentials_path\":\"{path}\",\"x\""));
        let Ok(Live::Token(token)) = world.read(&config("~/else/where.json"), &[]) else { panic!() };
        assert_eq!((token.secret, token.expires), (Secret::new("b"), None));
        let error = world.read(&config("else/where.json"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "`work.json` names a credentials_path that is not absolute");
    }

    #[test]
    fn what_the_official_programs_refuse_is_refused() {
        let world = World::new();
        let credentials =
            |mode, text: &str| world.write("credentials/work.json", mode, text).display().to_string();
        let error = || world.read(USER, &[]).unwrap_err().to_string();
        credentials(0o640, r#"{"access_token":"a"}"#);
        assert_eq!(error(), "`work.json` is open to other users");
        credentials(0o600, r#"{"access_token":""}"#);
        assert_eq!(error(), "`work.json` holds no access token");
        credentials(0o600, r#"{"access_token":"a","type":"private_key"}"#);
        assert_eq!(error(), "`work.json` has a type that is not oauth_token");
        credentials(0o600, r#"{"access_token":"a","expires_at":"soon"}"#);
        assert_eq!(error(), "`work.json` has a form that is not understood");
        let path = world.0.path().join("credentials/work.json");
        std::fs::rename(&path, world.0.path().join("real.json")).unwrap();
        assert_eq!(error(), "`work.json` is not there");
        std::os::unix::fs::symlink(world.0.path().join("real.json"), &path).unwrap();
        assert_eq!(error(), "`work.json` is a symbolic link");
        let config = world.write("configs/loose.json", 0o666, USER);
        let (env, paths) = (Env::default(), Paths::below(world.0.path()));
        let references = References { env: &env, config: &Config::default(), paths: &paths };
        assert!(matches!(read(&config, &references), Err(NeighbourError::OpenToOthers { mode: "go-w", .. })));
    }

    #[test]
    fn a_token_of_another_deployment_is_not_sent_to_ours() {
        let elsewhere = USER.replace("\"version\"", "\"base_url\":\"https://eu.example.com/\",\"version\"");
        let error = World::new().read(&elsewhere, &[]).unwrap_err();
        assert_eq!(error.to_string(), "it is for eu.example.com, and requests go to api.anthropic.com");
        let ours = [("ANTHROPIC_BASE_URL", "https://EU.example.com")];
        assert!(World::new().read(&elsewhere, &ours).is_ok());
    }

    #[test]
    fn a_federation_profile_is_a_rule_that_the_environment_completes() {
        let world = World::new();
        let jwt = world.write("jwt", 0o600, "a.b.c\n").display().to_string();
        let config = format!(
            r#"{{"authentication":{{"type":"oidc_federation","federation_rule_id":"fdrl_1","identity_token":
            {{"source":"file","path":"{jwt}"}}}},"organization_id":"","workspace_id":"wrkspc_1"}}"#
        );
        assert_eq!(world.read(&config, &[]).unwrap_err().to_string(), "`work.json` names no organization_id");
        let env = [("ANTHROPIC_ORGANIZATION_ID", "org"), ("ANTHROPIC_FEDERATION_RULE_ID", "not this one")];
        let rule = FederationRule {
            rule_id: "fdrl_1".into(),
            organization_id: "org".into(),
            service_account_id: None,
            workspace_id: Some("wrkspc_1".into()),
            identity: IdentitySource::File(jwt.clone().into()),
        };
        assert_eq!(world.read(&config, &env), Ok(Live::Mint(Box::new(rule))));
        assert_eq!(
            world.read(&config.replace("\"file\"", "\"url\""), &env).unwrap_err().to_string(),
            "`work.json` names an identity_token that is not in a file"
        );
        std::fs::remove_file(&jwt).unwrap();
        assert_eq!(world.read(&config, &env).unwrap_err().to_string(), "`jwt` is not there");
    }

    #[test]
    fn names_that_could_leave_the_directory_are_refused() {
        for good in ["default", "work", "me@example.com", "a b", "a.b"] {
            assert_eq!(good.parse::<ProfileName>().unwrap().as_str(), good);
        }
        for bad in ["", " a", "a ", ".a", "..", "a/b", "a\\b", "a\0b", "a\nb"] {
            assert!(bad.parse::<ProfileName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_active_profile_is_named_by_variable_or_pointer() {
        let world = World::new();
        let directory = Directory::at(world.0.path());
        let active = |env: &[(&str, &str)]| {
            directory.active(&Env::from_pairs(env.iter().copied())).map(|name| name.to_string())
        };
        assert_eq!(active(&[]).unwrap(), "default");
        world.write("active_config", 0o644, " work\n");
        assert_eq!(active(&[]).unwrap(), "work");
        assert_eq!(active(&[("ANTHROPIC_PROFILE", "other")]).unwrap(), "other");
        world.write("active_config", 0o644, "../work");
        assert!(active(&[]).is_err());
    }
}
