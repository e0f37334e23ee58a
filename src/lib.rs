//! Claude access done right, as a library: credentials per agent, their health, and requests to Claude.
//!
//! The library never prints, prompts, reads the environment or asks for the time; all of that is handed in. The binary
//! `fased` is a thin layer of commands over it.

pub mod clock;
pub mod models;
pub mod sandbox;
pub mod secret;
