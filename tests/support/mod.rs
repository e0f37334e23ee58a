//! What tests of the program share: a home of their own, the program started in it, a sandbox to talk to, a terminal.

mod browser;
mod endpoint;
mod env;
mod gateway;
mod install;
mod output;
mod pty;
mod sandbox;
pub(crate) mod sdk;
mod tree;
pub(crate) mod wire;

pub(crate) use browser::{Browser, parameter};
pub(crate) use endpoint::Endpoint;
pub(crate) use env::{Fased, Running, TestEnv};
pub(crate) use gateway::TestGateway;
pub(crate) use install::installed;
pub(crate) use output::{Output, Session};
pub(crate) use pty::Screen;
pub(crate) use sandbox::{TestSandbox, open_page, token_request};
pub(crate) use tree::{commands, runnable_commands};

/// The time of day in tests that show times.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

/// An address nothing listens at; a port that was free a moment ago could be another test's by now.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// An API key the sandbox takes; `part` may ask for faults, `tail` are its last four characters.
pub(crate) fn key(part: &str, tail: &str) -> String {
    format!("sk-ant-api03-sandbox-{part}-{}-{tail}", "0".repeat(70))
}

/// A setup-token the sandbox takes.
pub(crate) fn token(part: &str, tail: &str) -> String {
    format!("sk-ant-oat01-sandbox-{part}-{}-{tail}", "0".repeat(70))
}

/// Compares with the stored snapshot of this name. `INSTA_UPDATE=always cargo test` writes snapshots anew.
macro_rules! snapshot {
    ($name:literal, $value:expr) => {{
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_snapshot_path("snapshots");
        settings.add_filter(r#""durationMs": \d+"#, r#""durationMs": [MS]"#);
        settings.add_filter(r"localhost%3A\d+", "localhost%3A[PORT]");
        settings.add_filter(r"127.0.0.1%3A\d+", "127.0.0.1%3A[PORT]");
        settings.add_filter(r"code_challenge=[\w-]{43}", "code_challenge=[CHALLENGE]");
        settings.add_filter(r"state=[\w-]{43}", "state=[STATE]");
        settings.add_filter(r"\b\d{8}-\d{6}-[0-9a-f]{8}\b", "[SESSION]");
        settings.add_filter(r"\breq_[A-Za-z0-9_]+", "[REQUEST]");
        settings.add_filter(concat!(r"\bfased ", env!("CARGO_PKG_VERSION")), "fased [VERSION]");
        settings.bind(|| insta::assert_snapshot!($name, $value));
    }};
}
pub(crate) use snapshot;
