//! The list of stored credentials: every profile of an agent in order of use with its verdict, and the entries that
//! cannot be read. It says the same of a profile as the status does.

use std::path::PathBuf;
use std::rc::Rc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::profile::{ProfileReport, Rows, optional_millis};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::profile::EntryProblem;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::store::IgnoredEntry;
use crate::config::SelectedAgent;

/// Stored credentials of an agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing<'a> {
    schema_version: u32,
    /// The agent.
    pub agent_id: &'a str,
    /// What names it on a command line, for renderings.
    #[serde(skip)]
    pub agent_flag: String,
    agent_dir: PathBuf,
    /// The credential store.
    pub store_path: PathBuf,
    /// The one provider that was asked for.
    pub provider: Option<&'a str>,
    model_class: &'a str,
    /// By provider; one list in JSON.
    #[serde(rename = "profiles", serialize_with = "one_list")]
    pub providers: Vec<ListedProvider<'a>>,
    /// Entries that cannot be read.
    pub unreadable: Vec<UnreadableEntry<'a>>,
}

/// A provider's profiles in order of use.
#[derive(Debug)]
pub struct ListedProvider<'a> {
    /// The provider.
    pub provider: String,
    /// Its profiles.
    pub rows: Rc<Rows<'a>>,
}

/// A profile in the list: what the status says of it, and what else is recorded.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedProfile<'a> {
    #[serde(flatten)]
    report: ProfileReport<'a>,
    email: Option<&'a str>,
    #[serde(serialize_with = "optional_millis")]
    added_at: Option<Timestamp>,
    /// Whether a request would use it now.
    next: bool,
}

/// An entry that cannot be read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadableEntry<'a> {
    /// Its id, made safe to show.
    pub id: &'a str,
    /// What is wrong with it.
    pub problem: EntryProblem,
}

impl<'a> Listing<'a> {
    /// Makes the list, of one provider or of all, judged for models of a class.
    pub fn make(
        auth: &Inputs<'a>,
        agent: &'a SelectedAgent,
        provider: Option<&'a str>,
        model_class: &'a str,
        store_path: PathBuf,
    ) -> Self {
        let mut names: Vec<&str> = auth.snapshot.profiles.keys().map(ProfileId::provider).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| provider.is_none_or(|provider| provider == *name));
        let asked_for = |entry: &&IgnoredEntry| provider.is_none_or(|provider| entry.is_of(provider));
        Self {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.id.as_str(),
            agent_flag: agent.flag(),
            agent_dir: agent.dir.clone(),
            store_path,
            provider,
            model_class,
            providers: names
                .into_iter()
                .map(|name| ListedProvider {
                    provider: name.to_owned(),
                    rows: Rc::new(Rows::of(ProviderAuth::survey(name, model_class, auth), auth.now, agent)),
                })
                .collect(),
            unreadable: auth
                .snapshot
                .ignored
                .iter()
                .filter(asked_for)
                .map(|entry| UnreadableEntry { id: &entry.id, problem: entry.problem })
                .collect(),
        }
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.unreadable.is_empty()
    }
}

fn one_list<S: Serializer>(providers: &[ListedProvider<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    let reports = providers.iter().flat_map(|provider| provider.rows.iter());
    serializer.collect_seq(reports.map(|report| ListedProfile {
        email: report.profile.email.as_deref(),
        added_at: report.profile.added_at,
        next: report.is_next,
        report,
    }))
}
