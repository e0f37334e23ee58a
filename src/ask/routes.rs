//! Which credentials a question may go through: for each of its models those that may be used now, in order.

use super::{AskError, Question};
use crate::auth::ProfileId;
use crate::auth::candidates::{Candidates, Eligible};
use crate::auth::health::Billing;
use crate::auth::resolve::{Inputs, NoCredential, ProviderAuth};
use crate::failover::{Candidate, Route};
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::provider;

/// A model's credentials.
#[derive(Debug, Clone)]
pub struct Surveyed<'a> {
    /// The model with the credentials that may be used for it now, first to last; never without one.
    pub route: Route<Eligible<'a>>,
    /// Who pays when all is well: [`Options::payer`](crate::failover::Options::payer) of a run.
    pub usual_payer: Option<Billing>,
}

/// Surveys the credentials of a model's provider. With a pinned profile it is that one or none; a preferred one comes first
/// as long as it can be used as it is. Nothing is claimed, obtained or written.
///
/// # Errors
/// When there is none, with the reason.
pub fn survey<'a>(
    model: &ModelRef,
    pinned: Option<&ProfileId>,
    preferred: Option<&ProfileId>,
    inputs: &Inputs<'a>,
) -> Result<Surveyed<'a>, NoCredential> {
    let class = KnownModels::of(inputs.config).class_of(model);
    let auth = ProviderAuth::survey(model.provider(), class, inputs);
    let mut candidates = auth.candidates(pinned, inputs)?;
    if let Some(preferred) = preferred {
        candidates.prefer(preferred);
    }
    let Candidates { eligible, usual_payer } = candidates;
    let candidates = eligible.into_iter().map(Candidate::from).collect();
    let route = Route { model: model.to_string(), class: class.to_owned(), candidates };
    Ok(Surveyed { route, usual_payer })
}

/// The question's models with the credentials that may be used for each, and who pays when all is well.
pub(super) fn routes<'a>(
    question: &Question<'_>,
    inputs: &Inputs<'a>,
) -> Result<(Vec<Route<Eligible<'a>>>, Option<Billing>), AskError> {
    let mut routes = Vec::new();
    let mut nothing = None;
    let mut payer = None;
    for (place, model) in question.models.iter().enumerate() {
        let closed = || {
            let class = KnownModels::of(inputs.config).class_of(model).to_owned();
            Route { model: model.to_string(), class, candidates: Vec::new() }
        };
        if let Err(error) = provider::check_api(model.provider(), inputs.config) {
            // Whoever names such a model is told; as a fallback it is one that cannot step in.
            if place == 0 {
                return Err(AskError::Provider(error));
            }
            routes.push(closed());
            continue;
        }
        let pinned = question.pinned.filter(|id| id.provider() == model.provider());
        match survey(model, pinned, question.preferred, inputs) {
            Ok(Surveyed { route, usual_payer }) => {
                payer = payer.or(usual_payer);
                routes.push(route);
            }
            Err(why) => {
                nothing = nothing.or(Some(AskError::NoCredential { model: model.clone(), why }));
                routes.push(closed());
            }
        }
    }
    match nothing {
        Some(nothing) if routes.iter().all(|route| route.candidates.is_empty()) => Err(nothing),
        _ => Ok((routes, payer)),
    }
}
