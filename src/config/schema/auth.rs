//! `auth`: which credentials are used, in what order, and how long a failed one is left alone.

use std::fmt;

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// `auth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Auth {
    /// Profiles in order of preference; the TypeScript program writes it, we only read it.
    pub profiles: IndexMap<String, ProfileMetadata>,
    /// Explicit order by provider.
    pub order: IndexMap<String, Vec<String>>,
    /// What a key in the environment is used for.
    pub env: EnvPolicy,
    /// What happens when rotation would change who pays.
    pub cross_billing: CrossBilling,
    /// How long a profile is left alone after a failure.
    pub cooldowns: Cooldowns,
}

/// An entry of `auth.profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct ProfileMetadata {
    /// Whose credential it is.
    pub provider: String,
}

/// `auth.env`: when a credential in the environment is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvPolicy {
    /// Not at all.
    Never,
    /// Only while the agent stores no profile for the provider, whatever its health.
    #[default]
    Fallback,
    /// Also when every stored profile is unusable.
    Overflow,
    /// Before the stored profiles.
    Prefer,
}

impl fmt::Display for EnvPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::Fallback => "fallback",
            Self::Overflow => "overflow",
            Self::Prefer => "prefer",
        })
    }
}

/// `auth.crossBilling`: what happens when rotation would move from a plan to the API account, or back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CrossBilling {
    /// It moves, and says who pays now.
    #[default]
    Notice,
    /// It does not move.
    Stop,
    /// It moves without a word.
    Allow,
}

impl fmt::Display for CrossBilling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Stop => "stop",
            Self::Allow => "allow",
        })
    }
}

/// `auth.cooldowns`. How long a profile is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Cooldowns {
    /// The first window after a billing failure; each further one is twice as long.
    pub billing_backoff_hours: Option<Hours>,
    /// The same by provider.
    pub billing_backoff_hours_by_provider: IndexMap<String, Hours>,
    /// The longest such window.
    pub billing_max_hours: Option<Hours>,
    /// Failures that are older than this are forgotten.
    pub failure_window_hours: Option<Hours>,
}

/// A length of time, written as a positive number of hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct Hours(#[schemars(with = "f64", range(min = 0.0))] SignedDuration);

impl Hours {
    /// As a length of time.
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<f64> for Hours {
    type Error = &'static str;

    fn try_from(hours: f64) -> Result<Self, Self::Error> {
        let positive = SignedDuration::try_from_secs_f64(hours * 3600.0).ok().filter(|it| it.is_positive());
        positive.map(Self).ok_or("hours must be a number greater than zero")
    }
}
