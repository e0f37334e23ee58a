//! `POST /v1/oauth/token`: what the grants ask for, and what is decided about them. A request is decided when it
//! arrives; delays come after that, so a slow reply is one whose refresh token is spent already.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::OAuthError;
use super::fields::{Fields, is_client_id, is_jwt, is_scope_list, is_tagged_id, is_uuid};
use super::ledger::{CodeClaim, FamilyId, Ledger};
use super::pkce;
use crate::models::catalog::Catalog;
use crate::sandbox::auth;
use crate::sandbox::faults::{self, Behaviour, Fault, FaultCounts, FaultPlan, Place};
use crate::secret::{Fingerprint, Secret};

/// The grant of workload identity federation.
const FEDERATION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Its betas begin so, whichever of them it is.
const FEDERATION_BETAS: &str = "oidc-federation-";
/// Longest lifetime of its access tokens.
const FEDERATED_LIFETIME: Duration = Duration::from_secs(3_600);

/// What the endpoint remembers.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) counts: FaultCounts,
}

/// What was decided about a request.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    /// How long the answer takes, if the request or its credential says so.
    pub(super) delay: Option<Duration>,
}

/// How a request ends.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Tokens were minted.
    Granted(Value),
    /// Tokens were minted, and the reply does not arrive.
    Lost,
    Refused(OAuthError),
    /// Nothing was decided: the connection closes after the headers.
    Cut,
    /// Nothing was decided, and no answer ever comes.
    Hang,
    /// Nothing was decided: a page comes instead.
    Page,
}

/// One request to the endpoint.
pub(super) struct Exchange<'a> {
    pub(super) state: &'a mut State,
    pub(super) headers: &'a HeaderMap,
    pub(super) lifetime: Duration,
    pub(super) now: Timestamp,
}

impl Exchange<'_> {
    /// Decides about a request.
    pub(super) fn decide(mut self, body: &[u8]) -> Decision {
        let refused = |error| Decision { outcome: Outcome::Refused(error), delay: None };
        let asked = match faults::of_headers(self.headers, Place::Token) {
            Ok(asked) => asked,
            Err(complaint) => return refused(OAuthError::request(complaint)),
        };
        match self.grant(body, asked) {
            Ok(decision) => decision,
            Err(error) => Decision { delay: asked.delay, ..refused(error) },
        }
    }

    fn grant(&mut self, body: &[u8], asked: Behaviour) -> Result<Decision, OAuthError> {
        let fields = Fields::read(self.headers, body)?;
        match fields.required("grant_type")? {
            "authorization_code" => self.code(&fields, asked),
            "refresh_token" => self.refresh(&fields, asked),
            FEDERATION => self.federation(&fields, asked),
            _ => Err(OAuthError::unsupported_grant(format!(
                "grant_type: expected authorization_code, refresh_token or {FEDERATION}"
            ))),
        }
    }

    fn code(&mut self, fields: &Fields, asked: Behaviour) -> Result<Decision, OAuthError> {
        let claim = CodeClaim {
            client_id: client_id(fields)?,
            code: fields.required("code")?,
            state: fields.required("state")?,
            redirect_uri: fields.required("redirect_uri")?,
            verifier: fields.required("code_verifier")?,
        };
        if !pkce::is_verifier(claim.verifier) {
            return Err(OAuthError::request("code_verifier: expected 43 to 128 unreserved characters"));
        }
        let (met, counted_as) = self.state.ledger.met_by_code(claim.code);
        Ok(self.settle(asked.or(met), &counted_as, |exchange, fault| {
            let family = exchange.state.ledger.exchange(&claim, exchange.now)?;
            Ok(exchange.pair(family, None, fault))
        }))
    }

    fn refresh(&mut self, fields: &Fields, asked: Behaviour) -> Result<Decision, OAuthError> {
        if auth::betas(self.headers).any(|beta| beta.starts_with(FEDERATION_BETAS)) {
            return Err(OAuthError::request("anthropic-beta: a refresh must not carry the federation beta"));
        }
        let client_id = client_id(fields)?;
        let token = fields.required("refresh_token")?;
        let scope = Catalog::embedded().oauth().scopes.join(" ");
        let family = self.state.ledger.open(token, client_id, &scope)?;
        let behaviour = asked.or(self.state.ledger.family(family).behaviour);
        Ok(self.settle(behaviour, &Ledger::counted_as(family), |exchange, fault| {
            Ok(exchange.pair(family, Some(token), fault))
        }))
    }

    fn federation(&mut self, fields: &Fields, asked: Behaviour) -> Result<Decision, OAuthError> {
        let known = Catalog::embedded().betas();
        for wanted in known.bearer_token.iter().chain([&known.federation]) {
            if !auth::has_beta(self.headers, wanted) {
                return Err(OAuthError::request(format!("anthropic-beta: this grant needs {wanted}")));
            }
        }
        fields.only(&[
            "grant_type",
            "assertion",
            "federation_rule_id",
            "organization_id",
            "service_account_id",
            "workspace_id",
            "scope",
        ])?;
        let rule = fields.required("federation_rule_id")?;
        let organization = fields.required("organization_id")?;
        let service_account = fields.optional("service_account_id")?;
        let workspace = fields.optional("workspace_id")?;
        for (good, complaint) in [
            (is_jwt(fields.required("assertion")?), "assertion: expected a JWT, three parts of base64url"),
            (is_tagged_id(rule, "fdrl_"), "federation_rule_id: expected an id that begins with fdrl_"),
            (is_uuid(organization), "organization_id: expected a UUID"),
            (
                service_account.is_none_or(|id| is_tagged_id(id, "svac_")),
                "service_account_id: expected an id that begins with svac_",
            ),
            (
                workspace.is_none_or(|id| is_tagged_id(id, "wrkspc_")),
                "workspace_id: expected an id that begins with wrkspc_",
            ),
        ] {
            if !good {
                return Err(OAuthError::request(complaint));
            }
        }
        if !fields.optional("scope")?.is_none_or(is_scope_list) {
            return Err(OAuthError::scope("scope: expected scopes with single spaces between them"));
        }
        let counted_as = Secret::new(rule).fingerprint();
        Ok(self.settle(asked, &counted_as, |exchange, _| {
            let lifetime = exchange.lifetime.min(FEDERATED_LIFETIME);
            let ledger = &mut exchange.state.ledger;
            let token = ledger.mint_federated(organization, workspace, lifetime, exchange.now);
            Ok(json!({
                "token_type": "Bearer",
                "access_token": token,
                "expires_in": lifetime.as_secs(),
            }))
        }))
    }

    /// Mints, unless a fault strikes that leaves nothing to mint.
    fn settle(
        &mut self,
        behaviour: Behaviour,
        counted_as: &Fingerprint,
        mint: impl FnOnce(&mut Self, Option<Fault>) -> Result<Value, OAuthError>,
    ) -> Decision {
        let plan = behaviour.fault.filter(|plan| self.state.counts.strikes(counted_as, plan));
        let fault = plan.map(|plan| plan.fault);
        let outcome = plan.and_then(|plan| self.instead(&plan)).unwrap_or_else(|| match mint(self, fault) {
            Ok(_) if fault == Some(Fault::LostReply) => Outcome::Lost,
            Ok(reply) => Outcome::Granted(reply),
            Err(error) => Outcome::Refused(error),
        });
        Decision { outcome, delay: behaviour.delay }
    }

    /// What happens instead of minting.
    fn instead(&self, plan: &FaultPlan) -> Option<Outcome> {
        match plan.fault {
            Fault::InvalidGrant => {
                Some(Outcome::Refused(OAuthError::grant("Refused because the sandbox was asked to")))
            }
            Fault::CutBefore => Some(Outcome::Cut),
            Fault::Hang => Some(Outcome::Hang),
            Fault::TokenHtml => Some(Outcome::Page),
            _ => plan.refusal(false, false, None, self.now).map(|error| Outcome::Refused(error.into())),
        }
    }

    /// The reply with a new access token of a family, and with its next refresh token unless the fault keeps the one
    /// that `paid` in use.
    fn pair(&mut self, family: FamilyId, paid: Option<&str>, fault: Option<Fault>) -> Value {
        let ledger = &mut self.state.ledger;
        let access = ledger.mint_access(family, self.lifetime, self.now);
        let refresh = (fault != Some(Fault::NoRotation)).then(|| ledger.mint_refresh(family, paid));
        let family = ledger.family(family);
        let mut reply = json!({
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": self.lifetime.as_secs(),
            "scope": family.scope,
            "organization": { "uuid": family.organization, "name": "Fased Sandbox" },
        });
        if let Some(refresh) = refresh {
            reply["refresh_token"] = refresh.into();
        }
        if let Some(email) = &family.email {
            let uuid = auth::uuid(&auth::hex(&format!("account {email}")));
            reply["account"] = json!({ "uuid": uuid, "email_address": email });
        }
        reply
    }
}

fn client_id(fields: &Fields) -> Result<&str, OAuthError> {
    let id = fields.required("client_id")?;
    if is_client_id(id) {
        Ok(id)
    } else {
        Err(OAuthError::request("client_id: expected printable characters"))
    }
}
