//! Models: what is known of them ([`catalog`]), how they are named ([`refs`]), which one an agent uses ([`selection`]),
//! and the status report over an agent's models and credentials ([`status`]).

pub mod catalog;
pub mod refs;
pub mod selection;
pub mod status;
