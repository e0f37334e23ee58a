//! Credentials as pages show them: a row for each with its health in words, what can be done to it, and for a provider one line
//! of verdict. All of it comes from the status; nothing is judged here.

use jiff::Timestamp;

use crate::auth::configured::ConfigCredential;
use crate::auth::health::{Billing, Stored, UnusableReason, Usable, Verdict};
use crate::auth::order::OrderSource;
use crate::auth::profile::{CredentialType, Material};
use crate::auth::resolve::{EnvCredential, EnvStanding, billing_of_env};
use crate::auth::wording::{self, Fix};
use crate::models::status::{NextReport, ProfileReport, ProviderReport};
use crate::secret::SecretKind;
use crate::text;

/// A provider with its credentials.
#[derive(Debug)]
pub(super) struct ProviderCard {
    /// Its id.
    pub(super) id: String,
    /// How people call it.
    pub(super) title: String,
    /// How its credentials are, in a sentence.
    pub(super) verdict: String,
    pub(super) tone: Tone,
    /// Stored credentials in order of use.
    pub(super) rows: Vec<Row>,
    /// Those of the config and the environment.
    pub(super) elsewhere: Vec<Elsewhere>,
    /// Where the order comes from.
    pub(super) order: &'static str,
    /// Whether the agent has an order of its own.
    pub(super) has_own_order: bool,
}

/// How something is, at a glance; its words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Fair,
    Bad,
    Quiet,
}

/// A stored credential.
#[derive(Debug)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: String,
    /// What names its parts in the page.
    pub(super) anchor: String,
    pub(super) kind: &'static str,
    pub(super) secret: String,
    pub(super) is_next: bool,
    pub(super) is_usable: bool,
    pub(super) health: Health,
    pub(super) pays: &'static str,
    pub(super) used: String,
    pub(super) verified: String,
    /// What mends it, by a button.
    pub(super) remedy: Option<Remedy>,
    /// What mends it, in words and commands.
    pub(super) fix: Option<Fix>,
    /// What would be lost with it.
    pub(super) lost: String,
    pub(super) can_rise: bool,
    pub(super) can_sink: bool,
    pub(super) can_clear: bool,
    /// How its secret is replaced; `None` where it is kept elsewhere.
    pub(super) replacement: Option<Replacement>,
}

/// How a secret is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacement {
    ApiKey,
    Token,
    SignIn,
}

/// Health in words, and around a time that runs.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) before: String,
    pub(super) left: Option<Left>,
    pub(super) after: String,
    pub(super) tone: Tone,
}

/// A time that runs out.
#[derive(Debug)]
pub(super) struct Left {
    /// In milliseconds since 1970.
    pub(super) until: i64,
    /// In words, when the page was made.
    pub(super) words: String,
}

/// A button that mends something.
#[derive(Debug)]
pub(super) struct Remedy {
    pub(super) label: &'static str,
    /// What it does, as scripts know it.
    pub(super) action: &'static str,
}

/// A credential that is not stored here.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) secret: String,
    pub(super) is_next: bool,
    pub(super) standing: String,
    pub(super) tone: Tone,
    pub(super) pays: &'static str,
}

impl Tone {
    /// Its class in the style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

impl Replacement {
    /// As scripts know it.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::ApiKey => "api-key",
            Self::Token => "token",
            Self::SignIn => "sign-in",
        }
    }
}

impl ProviderCard {
    pub(super) fn of(provider: &ProviderReport<'_>, now: Timestamp) -> Self {
        let count = provider.rows.len();
        let rows: Vec<Row> =
            provider.rows.iter().enumerate().map(|(at, row)| Row::of(&row, at, count, now)).collect();
        let mut elsewhere: Vec<Elsewhere> =
            provider.config_key.as_ref().map(Elsewhere::of_config).into_iter().collect();
        elsewhere.extend(provider.env_credential.as_ref().map(Elsewhere::of_env));
        let (verdict, tone) = verdict(&rows, &elsewhere, provider.next.as_ref());
        let is_own = provider.order_source == OrderSource::Agent.as_str();
        Self {
            title: title(&provider.provider),
            id: provider.provider.clone(),
            order: order_in_words(provider.order_source),
            has_own_order: is_own,
            verdict,
            tone,
            rows,
            elsewhere,
        }
    }

    /// Whether a request would find a credential now.
    pub(super) fn is_ready(&self) -> bool {
        self.rows.iter().any(|row| row.is_next) || self.elsewhere.iter().any(|it| it.is_next)
    }

    /// One of which there is nothing yet.
    pub(super) fn empty(provider: &str) -> Self {
        Self {
            title: title(provider),
            id: provider.to_owned(),
            verdict: "No credential yet.".to_owned(),
            tone: Tone::Fair,
            rows: Vec::new(),
            elsewhere: Vec::new(),
            order: "",
            has_own_order: false,
        }
    }
}

fn title(provider: &str) -> String {
    if provider == "anthropic" { "Anthropic".to_owned() } else { provider.to_owned() }
}

fn order_in_words(source: &str) -> &'static str {
    match source {
        "agent" => "Order of use: this agent's own.",
        "config" => "Order of use: auth.order in the config.",
        "config-profiles" => "Order of use: auth.profiles in the config, then the others.",
        _ => "Order of use: by type, then the longest unused.",
    }
}

/// One line about all of a provider's credentials.
fn verdict(rows: &[Row], elsewhere: &[Elsewhere], next: Option<&NextReport>) -> (String, Tone) {
    let usable = rows.iter().filter(|row| row.is_usable).count();
    let counted = match (usable, rows.len()) {
        (_, 0) => "Nothing is stored".to_owned(),
        (1, 1) => "1 credential, usable".to_owned(),
        (0, 1) => "1 credential, not usable now".to_owned(),
        (usable, all) => format!("{usable} of {all} credentials usable"),
    };
    match next {
        Some(next) => {
            let tone = if usable == rows.len() { Tone::Good } else { Tone::Fair };
            (format!("{counted}; next: {}", next.name()), tone)
        }
        None if rows.is_empty() && elsewhere.is_empty() => ("No credential yet.".to_owned(), Tone::Fair),
        None => (format!("{counted}; requests fail until one is."), Tone::Bad),
    }
}

impl Row {
    fn of(row: &ProfileReport<'_>, at: usize, count: usize, now: Timestamp) -> Self {
        let (profile, verdict) = (row.profile, &row.verdict);
        let ago = |at: Timestamp| format!("{} ago", text::duration(now.duration_since(at)));
        let material = profile.credential.material();
        let kind = profile.credential.kind();
        let replacement = match (material, kind) {
            (Material::Reference(_), _) => None,
            (_, CredentialType::ApiKey) => Some(Replacement::ApiKey),
            (_, CredentialType::Token) => Some(Replacement::Token),
            (_, CredentialType::OAuth) => Some(Replacement::SignIn),
        };
        let refused = verdict.verified.as_ref().is_some_and(|verified| !verified.accepted);
        let remedy =
            remedy(&verdict.usable, replacement, refused || verdict.refresh_refused || row.fix.is_some());
        let email = profile.email.as_ref().filter(|email| profile.id.name() != email.as_str());
        let email = email.map(|email| format!(", {}", text::one_line(email))).unwrap_or_default();
        Self {
            anchor: anchor(profile.id.provider(), at),
            lost: format!("{} {}{email}; {}", kind.described(), row.secret, wording::pays(verdict.billing)),
            id: profile.id.to_string(),
            kind: kind.described(),
            secret: row.secret.clone(),
            is_next: row.is_next,
            is_usable: verdict.usable.is_yes(),
            health: Health::of(row, now),
            pays: pays(verdict.billing),
            used: row.last_used().map_or_else(|| "never used".to_owned(), |at| format!("used {}", ago(at))),
            verified: match &verdict.verified {
                None => "never verified".to_owned(),
                Some(verified) if verified.accepted => format!("verified {}", ago(verified.at)),
                Some(verified) => format!("rejected {}", ago(verified.at)),
            },
            fix: row.fix.clone().filter(|_| remedy.is_none()),
            remedy,
            can_rise: at > 0,
            can_sink: at + 1 < count,
            can_clear: has_window(&verdict.usable),
            replacement,
        }
    }
}

/// A name for a row within its page.
fn anchor(provider: &str, at: usize) -> String {
    let safe: String = provider.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{safe}-{}", at + 1)
}

fn has_window(usable: &Usable) -> bool {
    let Usable::No(unusable) = usable else { return false };
    matches!(unusable.reason, UnusableReason::Cooldown(_) | UnusableReason::Disabled(_))
}

/// Who pays, in a word.
fn pays(billing: Billing) -> &'static str {
    match billing {
        Billing::Api => "api",
        Billing::Subscription => "subscription",
        Billing::Unknown => "payer unknown",
    }
}

/// The button that mends it. What can be used may be at its end or refused all the same.
fn remedy(usable: &Usable, replacement: Option<Replacement>, is_ailing: bool) -> Option<Remedy> {
    let replace = || {
        Some(match replacement? {
            Replacement::SignIn => Remedy { label: "Sign in again", action: "replace" },
            Replacement::ApiKey | Replacement::Token => Remedy { label: "Replace secret", action: "replace" },
        })
    };
    let Usable::No(unusable) = usable else { return if is_ailing { replace() } else { None } };
    match &unusable.reason {
        UnusableReason::Excluded => Some(Remedy { label: "Use it, too", action: "up" }),
        UnusableReason::Cooldown(_) => Some(Remedy { label: "Clear cooldown", action: "clear" }),
        UnusableReason::Disabled(why) if why == "auth_permanent" => replace(),
        UnusableReason::Disabled(_) => Some(Remedy { label: "Try again now", action: "clear" }),
        UnusableReason::Missing
        | UnusableReason::CannotSend(_)
        | UnusableReason::Expired
        | UnusableReason::SignInAgain { .. } => replace(),
        UnusableReason::BrokenReference(_) => None,
    }
}

impl Health {
    fn of(row: &ProfileReport<'_>, now: Timestamp) -> Self {
        let verdict = &row.verdict;
        // When it was verified has a place of its own in a row.
        let accepted = verdict.verified.as_ref().is_some_and(|verified| verified.accepted);
        let told = Verdict { verified: verdict.verified.clone().filter(|_| !accepted), ..verdict.clone() };
        let words = text::capitalised(&wording::health(&told, now));
        let tone = match (&verdict.usable, verdict.stored) {
            (Usable::No(_), _) if has_window(&verdict.usable) => Tone::Fair,
            (Usable::No(_), _) => Tone::Bad,
            (Usable::Yes, Stored::Expiring) => Tone::Fair,
            (Usable::Yes, _) if verdict.verified.is_some() && !accepted => Tone::Fair,
            (Usable::Yes, _) => Tone::Good,
        };
        let until = match &verdict.usable {
            Usable::No(unusable) => unusable.until.filter(|until| *until > now),
            Usable::Yes => None,
        };
        let left = until.map(|until| (until, text::wait(until.duration_since(now))));
        let split = left.and_then(|(until, left)| {
            let (before, after) = words.split_once(&left)?;
            Some((before.to_owned(), Left { until: until.as_millisecond(), words: left }, after.to_owned()))
        });
        match split {
            Some((before, left, after)) => Self { before, left: Some(left), after, tone },
            None => Self { before: words, left: None, after: String::new(), tone },
        }
    }
}

impl Elsewhere {
    fn of_config(key: &ConfigCredential<'_>) -> Self {
        use crate::auth::configured::ConfigStanding;
        let tone = match key.standing {
            ConfigStanding::Used => Tone::Good,
            ConfigStanding::Idle | ConfigStanding::InReserve => Tone::Quiet,
            _ => Tone::Fair,
        };
        Self {
            name: "config apiKey".to_owned(),
            kind: "API key",
            secret: key.key.shown(),
            is_next: key.standing == ConfigStanding::Used,
            standing: text::capitalised(&wording::config_key_standing(key)),
            tone,
            pays: pays(key.billing),
        }
    }

    fn of_env(env: &EnvCredential) -> Self {
        let tone = match env.standing {
            EnvStanding::Used => Tone::Good,
            EnvStanding::HeldBack | EnvStanding::PayerHeldBack | EnvStanding::Refused => Tone::Fair,
            _ => Tone::Quiet,
        };
        Self {
            name: format!("env {}", env.variable),
            kind: if env.secret.kind() == SecretKind::BearerToken { "token" } else { "API key" },
            secret: env.secret.masked(),
            is_next: env.standing == EnvStanding::Used,
            standing: text::capitalised(&wording::env_standing(env)),
            tone,
            pays: pays(billing_of_env(&env.secret)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::resolve::Inputs;
    use crate::auth::state::StateFile;
    use crate::auth::store::AuthStore;
    use crate::config::{Config, Paths, SelectedAgent};
    use crate::env::Env;
    use crate::models::status::{StatusInputs, StatusReport};
    use crate::storage::{Durability, create_private_dir, replace};

    const NOW: &str = "2026-06-01T12:00:00Z";

    /// The card of Anthropic for a store, a state and a config.
    fn card(store: &str, state: &str, config: &str) -> ProviderCard {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let config: Config = crate::config::load::parse(config).unwrap();
        let agent = SelectedAgent::choose(None, &config, &paths).unwrap();
        create_private_dir(&agent.dir).unwrap();
        let files = AuthStore::of(&agent, &paths);
        replace(&files.path(), format!("{{\"version\":1,{store}}}").as_bytes(), Durability::Cached).unwrap();
        let file = StateFile::in_dir(&agent.dir);
        replace(&file.path(), state.as_bytes(), Durability::Cached).unwrap();
        let snapshot = files.read().unwrap();
        let (state, _) = file.read(&snapshot);
        let (env, now) = (Env::default(), NOW.parse().unwrap());
        let auth =
            Inputs { snapshot: &snapshot, state: &state, config: &config, env: &env, paths: &paths, now };
        let report = StatusReport::make(&StatusInputs {
            auth,
            agent: &agent,
            paths: &paths,
            store_path: files.path(),
            model: None,
            state_findings: Vec::new(),
            probes: None,
        });
        ProviderCard::of(&report.unwrap().auth.providers[0], now)
    }

    const STORE: &str = r#""profiles":{
        "anthropic:a":{"type":"api_key","provider":"anthropic","key":"sk-ant-api03-sandbox-0000000000000000-aaaa"},
        "anthropic:b":{"type":"api_key","provider":"anthropic","key":"sk-ant-api03-sandbox-0000000000000000-bbbb"},
        "anthropic:old":{"type":"token","provider":"anthropic","token":"sk-ant-oat01-sandbox-0000000000000000-77aa","expires":1000}}"#;

    fn cooling() -> String {
        let now: Timestamp = NOW.parse().unwrap();
        let until = now.as_millisecond() + 47_000;
        format!(
            r#"{{"version":1,"profiles":{{"anthropic:b":{{"lastUsed":{},"cooldowns":[{{"reason":"rate_limit","until":{until}}}]}}}}}}"#,
            now.as_millisecond() - 120_000
        )
    }

    #[test]
    fn rows_stand_in_the_order_of_use_and_one_line_tells_how_they_are() {
        let card = card(STORE, &cooling(), "{}");
        assert_eq!(card.verdict, "1 of 3 credentials usable; next: anthropic:a");
        assert_eq!(card.tone, Tone::Fair);
        let ids: Vec<&str> = card.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["anthropic:a", "anthropic:b", "anthropic:old"]);
        let next: Vec<bool> = card.rows.iter().map(|row| row.is_next).collect();
        assert_eq!(next, [true, false, false]);
        assert_eq!(
            (card.rows[0].can_rise, card.rows[0].can_sink, card.rows[2].can_sink),
            (false, true, false)
        );
    }

    #[test]
    fn a_cooldown_is_told_around_the_time_that_runs_and_cleared_by_a_button() {
        let card = card(STORE, &cooling(), "{}");
        let row = &card.rows[1];
        let left = row.health.left.as_ref().unwrap();
        assert_eq!((row.health.before.as_str(), left.words.as_str()), ("Cooling down ", "47s"));
        assert_eq!((row.health.after.as_str(), row.used.as_str()), (" (rate limited)", "used 2m ago"));
        assert_eq!(row.remedy.as_ref().map(|remedy| remedy.action), Some("clear"));
        assert!(row.can_clear && !row.is_usable);
    }

    #[test]
    fn what_ended_is_replaced_by_what_it_was() {
        let card = card(STORE, "{}", "{}");
        let old = &card.rows[2];
        assert_eq!(old.health.tone, Tone::Bad);
        assert_eq!(old.remedy.as_ref().map(|remedy| remedy.label), Some("Replace secret"));
        assert_eq!(old.replacement, Some(Replacement::Token));
        assert_eq!(old.lost, "token sk-ant-oat01 …77aa; paid by a Claude plan");
    }

    #[test]
    fn one_that_the_order_leaves_out_comes_in_by_a_button() {
        let card = card(STORE, "{}", "{auth:{order:{anthropic:['anthropic:b']}}}");
        assert_eq!(card.order, "Order of use: auth.order in the config.");
        let out = card.rows.iter().find(|row| row.id == "anthropic:a").unwrap();
        assert_eq!(out.remedy.as_ref().map(|remedy| remedy.action), Some("up"));
    }

    #[test]
    fn without_any_usable_one_requests_fail_and_that_is_said() {
        let store = r#""profiles":{"anthropic:old":{"type":"token","provider":"anthropic","token":"sk-ant-oat01-sandbox-0000000000000000-77aa","expires":1000}}"#;
        let card = card(store, "{}", "{}");
        assert_eq!(card.verdict, "1 credential, not usable now; requests fail until one is.");
        assert_eq!((card.tone, card.is_ready()), (Tone::Bad, false));
    }
}
