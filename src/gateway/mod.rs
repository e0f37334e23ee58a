//! The gateway: what stands between Anthropic clients and the managed credentials.

pub mod check;
