//! What every way of storing a credential ends in: the write, and the report of it.

use serde::Serialize;

use super::{Holder, Place};
use crate::SCHEMA_VERSION;
use crate::auth::enroll::{self, Account, Enrolled, NewCredential, Outcome};
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::{Accepted, Expected};
use crate::auth::notices::{self, Notice};
use crate::auth::oauth::token_endpoint::SignedIn;
use crate::auth::profile::{CredentialType, Expiry, Material, SecretRef};
use crate::auth::state::Verification;
use crate::auth::wording;
use crate::auth::{Credential, ProfileId};
use crate::error::Failure;
use crate::secret::SecretKind;

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub(crate) schema_version: u32,
    pub(crate) agent_id: String,
    pub(crate) profile_id: Option<ProfileId>,
    pub(crate) provider: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<CredentialType>,
    /// Whose account a sign-in was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    pub(crate) secret: Option<String>,
    /// Whether anything was written.
    pub(crate) changed: bool,
    /// Whether the credential was.
    #[serde(skip)]
    pub(crate) stored: bool,
    /// Whether only the end of its life was.
    #[serde(skip)]
    pub(crate) dated: bool,
    /// Whether it is a reference that was not followed.
    #[serde(skip)]
    pub(crate) unseen: bool,
    pub(crate) replaced: bool,
    pub(crate) previous_secret: Option<String>,
    pub(crate) verified: bool,
    /// The provider's entry in the config, where that was set up, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<Endpoint>,
    /// The model that became the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_model: Option<String>,
    pub(crate) store_path: String,
    /// The notice that was shown for it.
    pub(crate) notice: Option<&'static str>,
    pub(crate) warnings: Vec<String>,
}

/// A provider's entry in the config.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its address.
    pub base_url: String,
    /// Its model.
    pub model: String,
    /// The config.
    pub config_path: String,
    /// Whether the entry was written.
    pub changed: bool,
}

impl Report {
    /// Nothing was asked for.
    pub fn skipped(holder: &Holder<'_>) -> Self {
        Self::without_credential(holder, ANTHROPIC)
    }

    /// Nothing was stored for a provider.
    pub fn without_credential(holder: &Holder<'_>, provider: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            agent_id: holder.selected.id.to_string(),
            profile_id: None,
            provider: provider.to_owned(),
            kind: None,
            account: None,
            secret: None,
            changed: false,
            stored: false,
            dated: false,
            unseen: false,
            replaced: false,
            previous_secret: None,
            verified: false,
            endpoint: None,
            default_model: None,
            store_path: holder.store.path().display().to_string(),
            notice: None,
            warnings: Vec::new(),
        }
    }

    /// What happened, in a sentence.
    pub fn sentence(&self) -> String {
        let kind = self.kind.map_or("credential", CredentialType::described);
        let id = self.id();
        let tail = self.secret.as_deref().map_or("", shortest);
        let agent = &self.agent_id;
        match (self.stored, &self.previous_secret) {
            _ if self.kind == Some(CredentialType::OAuth) => self.sentence_of_sign_in(),
            (false, _) => {
                format!("{id} already holds this {kind} ({tail}) for agent {agent}; nothing was written.")
            }
            (true, Some(previous)) => {
                format!("Replaced {id} for agent {agent}: {previous} → {kind} {tail}.")
            }
            (true, None) if self.dated => {
                format!("Saved when {id} ({kind} {tail}) ends, for agent {agent}.")
            }
            (true, None) => format!("Saved {id} ({kind} {tail}) for agent {agent}."),
        }
    }

    /// The id it is stored under; empty when there is none.
    pub fn id(&self) -> &str {
        self.profile_id.as_ref().map_or("", ProfileId::as_str)
    }

    /// A failure after something was stored, which says so to scripts.
    pub fn in_detail(&self, failure: Failure) -> Failure {
        failure
            .detail("agentId", self.agent_id.as_str().into())
            .detail("profileId", self.id().into())
            .detail("stored", true.into())
            .detail("verified", self.verified.into())
    }

    fn sentence_of_sign_in(&self) -> String {
        let account = self.account.as_ref().map(|email| format!(" as {email}")).unwrap_or_default();
        let id = self.id();
        let verified = if self.verified { "verified" } else { "not verified" };
        let previous = self.previous_secret.as_ref();
        let previous = previous.map(|old| format!(" It took the place of {old}.")).unwrap_or_default();
        format!("Signed in{account}, saved as {id} for agent {}, {verified}.{previous}", self.agent_id)
    }

    /// Notes the entry in the config that goes with the credential.
    pub fn note_endpoint(&mut self, endpoint: Endpoint) {
        self.changed |= endpoint.changed;
        self.endpoint = Some(endpoint);
    }

    /// With a word of warning.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}

/// The last characters of a masked secret; a reference whole.
fn shortest(shown: &str) -> &str {
    if shown.starts_with("ref(") { shown } else { shown.rsplit(' ').next().unwrap_or(shown) }
}

/// A key or token, or where it is kept.
pub struct Held {
    pub(crate) material: Material,
    /// Whether its `sk-ant-` form is one this version does not know.
    pub(crate) unfamiliar: bool,
    /// Whether it is a reference that was not followed.
    pub(crate) unseen: bool,
}

impl Held {
    /// A value that was judged, or what was found at the reference.
    pub(crate) fn judged(accepted: &Accepted, reference: Option<&SecretRef>) -> Self {
        let material = match reference {
            Some(reference) => Material::Reference(Box::new(reference.clone())),
            None => Material::Value(accepted.secret.clone()),
        };
        Self { material, unfamiliar: accepted.unfamiliar, unseen: false }
    }

    /// A reference that was not followed.
    pub(crate) fn unseen(reference: &SecretRef) -> Self {
        Self { material: Material::Reference(Box::new(reference.clone())), unfamiliar: false, unseen: true }
    }
}

/// A credential that is ready to be stored.
pub struct ToSave {
    /// What the store is asked to take.
    pub(crate) new: NewCredential,
    unfamiliar: bool,
    unseen: bool,
    /// The status of the API's answer, when it accepts it.
    pub(crate) verified: Option<u16>,
    /// The notice that was shown for it.
    notice: Option<&'static Notice>,
    /// The command, for the record of the verification.
    how: &'static str,
}

impl ToSave {
    /// A key or token.
    pub fn of_secret(
        expected: Expected,
        held: Held,
        place: &Place,
        notice: Option<&'static Notice>,
        how: &'static str,
    ) -> Self {
        let Held { material: value, unfamiliar, unseen } = held;
        let credential = match expected {
            Expected::ApiKey => Credential::ApiKey { key: value },
            Expected::SetupToken => Credential::Token { token: value, expires: place.expires },
        };
        let usual_name = place.usual_name.map(str::to_owned);
        let new = enrolment(credential, usual_name, place, Account::default());
        Self { new, unfamiliar, unseen, verified: None, notice, how }
    }

    /// The pair of a sign-in.
    pub(crate) fn of_sign_in(
        signed_in: &SignedIn,
        place: &Place,
        notice: Option<&'static Notice>,
        how: &'static str,
    ) -> Self {
        let pair = &signed_in.pair;
        let credential = Credential::OAuth {
            access: Material::Value(pair.access.clone()),
            refresh: Some(pair.refresh.clone()).filter(|refresh| !refresh.is_empty()),
            expires: Expiry::At(pair.expires),
        };
        // An address that is no name for a profile still names the account.
        let email = signed_in.email.clone();
        let usual_name = email.clone().filter(|email| ProfileId::new(ANTHROPIC, email).is_ok());
        let account = Account { email, issuer: None, client_id: Some(signed_in.client_id.clone()) };
        let new = enrolment(credential, usual_name, place, account);
        Self { new, unfamiliar: false, unseen: false, verified: None, notice, how }
    }

    /// Notes what the API said.
    pub fn accepted_by_the_api(&mut self, status: Option<u16>) {
        self.verified = status;
    }
}

fn enrolment(
    credential: Credential,
    usual_name: Option<String>,
    place: &Place,
    account: Account,
) -> NewCredential {
    NewCredential {
        provider: place.provider.clone(),
        credential,
        id: place.profile_id.clone(),
        usual_name,
        replace: place.replace,
        account,
    }
}

/// Writes the credential; then what the API said about it and which notice was shown for it. The credential is what
/// matters: trouble with the rest is a warning.
pub fn save(holder: &Holder<'_>, saved: &ToSave) -> Result<Report, Failure> {
    let new = &saved.new;
    let enrolled = enroll::enroll(new, holder.store, holder.config, holder.clock)?;
    let mut warnings = warnings(&enrolled, saved.unfamiliar, holder);
    warnings.extend(sent_elsewhere(new));
    warnings.extend(open_file(holder, new.credential.material()));
    if let Some(status) = saved.verified
        && let Err(failure) = record(holder, &enrolled.id, true, Some(status), saved.how)
    {
        warnings.push(format!("It cannot be recorded that the API accepts it. {}", failure.message));
    }
    if let Some(notice) = saved.notice {
        warnings.extend(record_notice(holder, notice));
    }
    let previous_secret = match &enrolled.outcome {
        Outcome::Replaced { old } => Some(old.clone()),
        Outcome::Added | Outcome::Unchanged | Outcome::Dated => None,
    };
    Ok(Report {
        kind: Some(new.credential.kind()),
        account: new.account.email.clone(),
        secret: Some(new.credential.material().shown()),
        changed: enrolled.outcome != Outcome::Unchanged,
        stored: enrolled.outcome != Outcome::Unchanged,
        dated: enrolled.outcome == Outcome::Dated,
        unseen: saved.unseen,
        replaced: previous_secret.is_some(),
        previous_secret,
        verified: saved.verified.is_some(),
        notice: saved.notice.map(|notice| notice.id),
        warnings,
        profile_id: Some(enrolled.id),
        ..Report::without_credential(holder, &new.provider)
    })
}

/// Records that a notice was shown. That this cannot be written down is no reason to fail: it is shown again.
fn record_notice(holder: &Holder<'_>, notice: &Notice) -> Option<String> {
    let error = notices::record_shown(notice, holder.paths, holder.clock).err()?;
    Some(format!("It cannot be recorded that the notice was shown: {error}."))
}

/// Records what the API said about a stored profile.
pub(crate) fn record(
    holder: &Holder<'_>,
    id: &ProfileId,
    accepted: bool,
    status: Option<u16>,
    how: &str,
) -> Result<(), Failure> {
    let (snapshot, ..) = holder.read()?;
    let Some(profile) = snapshot.profiles.get(id) else { return Ok(()) };
    let verification = Verification { accepted, at: holder.clock.now(), how: how.to_owned(), status };
    Ok(holder.state_file().update(&snapshot, holder.clock, |state| {
        state.entry(profile).verified = Some(verification);
        true
    })?)
}

/// A word about a credential of Anthropic that another provider gets: that may be meant, and may be a slip.
fn sent_elsewhere(new: &NewCredential) -> Option<String> {
    let Material::Value(secret) = new.credential.material() else { return None };
    let is_anthropics = secret.kind() != SecretKind::Other;
    (new.provider != ANTHROPIC && is_anthropics).then(|| {
        format!(
            "By its form it is {} of Anthropic; it is sent to {}.",
            secret.kind().described(),
            new.provider
        )
    })
}

/// A word about a file with secrets that everybody can read.
fn open_file(holder: &Holder<'_>, material: &Material) -> Option<String> {
    let Material::Reference(reference) = material else { return None };
    let path = holder.references().file_of_reference_open_to_all(reference)?;
    Some(format!("All users of this machine can read {}, which holds secrets.", holder.paths.shown(&path)))
}

fn warnings(enrolled: &Enrolled, unfamiliar: bool, holder: &Holder<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if unfamiliar {
        warnings.push("Its sk-ant- form is not one this version knows; it is sent as an API key.".to_owned());
    }
    if let Some(ids) = &enrolled.excluded_by {
        let ids: Vec<&ProfileId> = ids.iter().collect();
        warnings.push(format!(
            "The order of {} leaves {} out, so it is not used; to include it: {}",
            enrolled.id.provider(),
            enrolled.id,
            wording::order_with(&ids, &enrolled.id, holder.selected.named())
        ));
    }
    if let Some(trouble) = &enrolled.trouble {
        warnings.push(match enrolled.outcome {
            Outcome::Replaced { .. } => {
                format!("What was remembered of the old secret could not be cleared: {trouble}.")
            }
            Outcome::Added | Outcome::Unchanged | Outcome::Dated => {
                format!("Whether an order leaves {} out cannot be told: {trouble}.", enrolled.id)
            }
        });
    }
    warnings
}
