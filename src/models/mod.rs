//! Models: what is known of them ([`catalog`], joined with the config by [`known`]), how they are named ([`refs`]), which
//! ones an agent uses ([`selection`], by the work they are for: [`roles`]) and may use ([`allowed`]), for images ([`images`]), choosing them
//! ([`choice`], [`offer`], with a word on doubtful ones: [`advice`]), and what goes with
//! requests to them ([`params`]). The reports: an agent's models and credentials ([`status`]), a list of models ([`list`]), and a line for each agent ([`agents`]).

pub mod advice;
pub mod agents;
pub mod allowed;
pub mod catalog;
pub mod choice;
pub mod choices;
pub mod images;
pub mod known;
pub mod list;
pub mod offer;
pub mod params;
pub mod refs;
pub mod roles;
pub mod selection;
pub mod status;
