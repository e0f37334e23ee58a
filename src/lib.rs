//! Claude access done right, as a library: credentials per agent, their health, and requests to Claude.
//!
//! The library never prints, prompts, reads the environment or asks for the time; all of that is handed in. The binary
//! `fased` is a thin layer of commands over it: [`cli`], [`commands`] and [`terminal`] belong to that layer, and nothing
//! else knows them.

pub mod anthropic;
pub mod ask;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod completion;
pub mod config;
pub mod converse;
pub mod credentials;
pub mod ctx;
pub mod doctor;
pub mod env;
pub mod error;
pub mod failover;
pub mod gateway;
pub mod models;
pub mod provider;
pub mod sandbox;
pub mod secret;
pub mod sessions;
pub mod storage;
pub mod terminal;
pub mod text;
pub mod usage;

/// Version of every JSON document this program prints. Fields may be added within a version; none changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;
