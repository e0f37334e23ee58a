//! What was minted and what became of it: codes, families of refresh tokens, access tokens. Pure: the time is handed
//! in. Nothing that was minted is kept, only its fingerprint, and that until the sandbox ends: a spent token must be
//! known to be one.
//!
//! * A code is spent by the first request that names it. A second one also revokes the pair the first one got.
//! * A refresh token is spent by the refresh it pays for. One that is used again revokes its whole family: nobody can
//!   tell which of the two holders was meant to have it.
//! * A refresh token in the sandbox's form that was not minted here starts a family of its own, so that a store can be
//!   written by hand.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::error::OAuthError;
use super::pkce;
use crate::sandbox::auth;
use crate::sandbox::faults::{self, Behaviour, Place};
use crate::secret::{Fingerprint, Secret, SecretKind};

/// How long a code waits for its exchange.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// What a code was minted for.
#[derive(Debug)]
pub(super) struct CodeGrant {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) challenge: String,
    pub(super) state: String,
    pub(super) email: String,
    /// What its exchange meets.
    pub(super) behaviour: Behaviour,
    /// Whether it is over from the start.
    pub(super) expired: bool,
}

/// What somebody says who wants tokens for a code.
pub(super) struct CodeClaim<'a> {
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) state: &'a str,
    pub(super) verifier: &'a str,
}

/// Names a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FamilyId(usize);

/// All tokens that came from one sign-in.
#[derive(Debug)]
pub(super) struct Family {
    client_id: String,
    pub(super) scope: String,
    /// Who signed in; of a family that was started by hand nobody knows.
    pub(super) email: Option<String>,
    /// The parts of a credential that name the organization and, if any, the workspace.
    owner: String,
    /// Value of `anthropic-organization-id`.
    pub(super) organization: String,
    /// What its refreshes meet.
    pub(super) behaviour: Behaviour,
    revoked: bool,
}

/// Why an access token is not good any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Expired,
    Revoked,
}

#[derive(Debug)]
struct Code {
    grant: CodeGrant,
    expires: Timestamp,
    used: bool,
    family: Option<FamilyId>,
}

#[derive(Debug)]
struct RefreshToken {
    family: FamilyId,
    spent: bool,
}

#[derive(Debug)]
struct AccessToken {
    /// None for workload identity federation.
    family: Option<FamilyId>,
    workspace: Option<String>,
    expires: Timestamp,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Keeps what two sandboxes mint apart.
    born: Timestamp,
    minted: u64,
    codes: HashMap<Fingerprint, Code>,
    families: Vec<Family>,
    refresh: HashMap<Fingerprint, RefreshToken>,
    access: HashMap<Fingerprint, AccessToken>,
}

impl Ledger {
    pub(super) fn new(born: Timestamp) -> Self {
        Self {
            born,
            minted: 0,
            codes: HashMap::new(),
            families: Vec::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
        }
    }

    pub(super) fn family(&self, id: FamilyId) -> &Family {
        // Families are never removed, and ids are only made where one is added.
        &self.families[id.0]
    }

    /// Under what the faults of a family are counted.
    pub(super) fn counted_as(id: FamilyId) -> Fingerprint {
        Secret::new(format!("family {}", id.0)).fingerprint()
    }

    pub(super) fn mint_code(&mut self, grant: CodeGrant, now: Timestamp) -> String {
        let code = format!("sandbox-code-{}", &self.unique()[..40]);
        let expires = if grant.expired { now } else { after(now, CODE_LIFETIME) };
        self.codes.insert(fingerprint(&code), Code { grant, expires, used: false, family: None });
        code
    }

    /// What exchanging a code meets, and under what that is counted.
    pub(super) fn met_by_code(&self, code: &str) -> (Behaviour, Fingerprint) {
        match self.codes.get(&fingerprint(code)) {
            Some(code) => (code.grant.behaviour, fingerprint(&code.grant.email)),
            None => (Behaviour::default(), fingerprint(code)),
        }
    }

    /// Spends a code for the beginning of a family.
    pub(super) fn exchange(&mut self, claim: &CodeClaim<'_>, now: Timestamp) -> Result<FamilyId, OAuthError> {
        let Some(code) = self.codes.get_mut(&fingerprint(claim.code)) else {
            return Err(OAuthError::grant("Unknown authorization code"));
        };
        if code.used {
            if let Some(family) = code.family {
                self.families[family.0].revoked = true;
            }
            return Err(OAuthError::grant("The authorization code was used before; what it gave is revoked"));
        }
        code.used = true;
        let grant = &code.grant;
        for (matches, complaint) in [
            (now < code.expires, "The authorization code has expired"),
            (claim.client_id == grant.client_id, "The authorization code was given to another client_id"),
            (claim.redirect_uri == grant.redirect_uri, "redirect_uri is not the one of the sign-in"),
            (claim.state == grant.state, "state is not the one of the sign-in"),
            (pkce::challenge(claim.verifier) == grant.challenge, "code_verifier does not fit its challenge"),
        ] {
            if !matches {
                return Err(OAuthError::grant(complaint));
            }
        }
        let organization = auth::hex(&format!("organization of {}", grant.email))[..32].to_owned();
        let id = FamilyId(self.families.len());
        self.families.push(Family {
            client_id: grant.client_id.clone(),
            scope: grant.scope.clone(),
            email: Some(grant.email.clone()),
            owner: format!("org-{organization}-"),
            organization: auth::organization_named(&organization),
            behaviour: Behaviour::default(),
            revoked: false,
        });
        code.family = Some(id);
        Ok(id)
    }

    /// The family a refresh token may be spent for; one that was spent before revokes it. `scope` is that of a family
    /// that begins here.
    pub(super) fn open(&mut self, token: &str, client_id: &str, scope: &str) -> Result<FamilyId, OAuthError> {
        let known = self.refresh.get(&fingerprint(token)).map(|token| (token.family, token.spent));
        let (id, spent) = match known {
            Some(known) => known,
            None => (self.start(token, client_id, scope)?, false),
        };
        let family = &mut self.families[id.0];
        if spent {
            family.revoked = true;
            return Err(OAuthError::grant("The refresh token was used before; its sign-in is revoked"));
        }
        if family.revoked {
            return Err(OAuthError::grant("The refresh token has been revoked"));
        }
        if family.client_id != client_id {
            return Err(OAuthError::grant("The refresh token was given to another client_id"));
        }
        Ok(id)
    }

    fn start(&mut self, token: &str, client_id: &str, scope: &str) -> Result<FamilyId, OAuthError> {
        let secret = Secret::new(token);
        if secret.kind() != SecretKind::RefreshToken || !secret.is_sandbox() {
            return Err(OAuthError::grant("Refresh token not found or invalid"));
        }
        let behaviour = faults::of_credential(token, Place::Token).map_err(OAuthError::request)?;
        let name = auth::part(token, "-org-").map_or_else(
            || auth::hex(&format!("credential {}", secret.fingerprint()))[..32].to_owned(),
            str::to_owned,
        );
        let workspace = auth::part(token, "-workspace-").map(|name| format!("workspace-{name}-"));
        let id = FamilyId(self.families.len());
        self.families.push(Family {
            client_id: client_id.to_owned(),
            scope: scope.to_owned(),
            email: None,
            owner: format!("org-{name}-{}", workspace.unwrap_or_default()),
            organization: auth::organization_named(&name),
            behaviour,
            revoked: false,
        });
        self.refresh.insert(secret.fingerprint(), RefreshToken { family: id, spent: false });
        Ok(id)
    }

    /// The next refresh token of a family; the one that paid for it, if any, is spent.
    pub(super) fn mint_refresh(&mut self, id: FamilyId, paid_with: Option<&str>) -> String {
        if let Some(spent) = paid_with.and_then(|token| self.refresh.get_mut(&fingerprint(token))) {
            spent.spent = true;
        }
        let unique = self.unique();
        let family = self.family(id);
        let token =
            format!("sk-ant-ort01-sandbox-{}{}{}", family.owner, family.behaviour.parts(), &unique[..40]);
        self.refresh.insert(fingerprint(&token), RefreshToken { family: id, spent: false });
        token
    }

    /// An access token of a family.
    pub(super) fn mint_access(&mut self, id: FamilyId, lifetime: Duration, now: Timestamp) -> String {
        let unique = self.unique();
        let token = format!("sk-ant-oat01-sandbox-{}{unique}", self.family(id).owner);
        let expires = after(now, lifetime);
        self.access.insert(fingerprint(&token), AccessToken { family: Some(id), workspace: None, expires });
        token
    }

    /// An access token for a workload of this organization, a UUID.
    pub(super) fn mint_federated(
        &mut self,
        organization: &str,
        workspace: Option<&str>,
        lifetime: Duration,
        now: Timestamp,
    ) -> String {
        let organization = organization.replace('-', "").to_ascii_lowercase();
        let token = format!("sk-ant-oat01-sandbox-org-{organization}-{}", self.unique());
        let (workspace, expires) = (workspace.map(str::to_owned), after(now, lifetime));
        self.access.insert(fingerprint(&token), AccessToken { family: None, workspace, expires });
        token
    }

    /// Whether an access token is still good, and the workspace it was minted for, if it names one. Of tokens from
    /// elsewhere nothing is known.
    pub(super) fn judge(&self, token: &Fingerprint, now: Timestamp) -> Result<Option<&str>, Ended> {
        let Some(token) = self.access.get(token) else { return Ok(None) };
        if token.family.is_some_and(|id| self.family(id).revoked) {
            return Err(Ended::Revoked);
        }
        if token.expires <= now { Err(Ended::Expired) } else { Ok(token.workspace.as_deref()) }
    }

    /// 64 hex digits that were not there before.
    fn unique(&mut self) -> String {
        self.minted += 1;
        auth::hex(&format!("{} {}", self.born, self.minted))
    }
}

fn fingerprint(text: &str) -> Fingerprint {
    Secret::new(text).fingerprint()
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
