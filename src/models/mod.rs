//! Models: what is known of them ([`catalog`]), how they are named ([`refs`]), which one an agent uses ([`selection`]),
//! choosing it ([`default_model`], [`offer`]), by the work ([`task`]) and for images ([`images`]), what goes with requests to it ([`params`]), the status report over an agent's models
//! and credentials ([`status`]), and a line of it for each agent ([`agents`]).

pub mod agents;
pub mod catalog;
pub mod default_model;
pub mod images;
pub mod offer;
pub mod params;
pub mod refs;
pub mod selection;
pub mod status;
pub mod task;
