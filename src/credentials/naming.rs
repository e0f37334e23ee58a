//! What is said of names that nothing stored has, or that cannot be.

use crate::auth::ProfileId;
use crate::auth::store::Snapshot;
use crate::config::SelectedAgent;
use crate::error::{Exit, Failure};
use crate::text::{one_line, without_credentials};

/// Most ids that a refusal names.
const MOST_NAMED: usize = 20;

/// What is asked for cannot be; a secret at the place of an id is not repeated.
pub fn refused(kind: &'static str, error: &impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, kind, without_credentials(&one_line(&error.to_string())))
}

/// No profile has that id; names those there are, of its provider if there are any.
pub fn not_stored(id: &ProfileId, snapshot: &Snapshot, agent: &SelectedAgent) -> Failure {
    let of_provider = snapshot.profiles.keys().filter(|other| other.provider() == id.provider());
    let mut ids: Vec<&str> = of_provider.map(ProfileId::as_str).collect();
    if ids.is_empty() {
        ids.extend(snapshot.profiles.keys().map(ProfileId::as_str));
    }
    nothing_of_that_name(id.as_str(), &ids, agent)
}

/// Nothing has that name; a secret at its place is not repeated.
pub(super) fn nothing_of_that_name(name: &str, stored: &[&str], agent: &SelectedAgent) -> Failure {
    let shown = |name: &str| without_credentials(&one_line(name)).chars().take(80).collect::<String>();
    let message = format!("No profile \"{}\" is stored for agent {}.", shown(name), agent.id);
    let failure = Failure::new(Exit::Usage, "no_such_profile", message);
    let flag = agent.flag();
    if stored.is_empty() {
        return failure.hint("nothing is stored yet").command(format!("fased onboard{flag}"));
    }
    let mut ids: Vec<String> = stored.iter().take(MOST_NAMED).map(|id| shown(id)).collect();
    if stored.len() > MOST_NAMED {
        ids.push(format!("and {} more", stored.len() - MOST_NAMED));
    }
    failure
        .fact(format!("stored: {}", ids.join(", ")))
        .hint("name one of those")
        .command(format!("fased models auth list{flag}"))
}
