//! What a gateway must do, one value a rule. The sources are the published contract for gateways in front of Claude Code
//! (its points counted as F8.1 to F8.7) and what this program's own gateway promises beyond it (`fased`).

mod upstream;
mod visible;

use serde::Serialize;

use self::Severity::{May, Must};
use super::evidence::Evidence;
use super::verdict::Judged;

/// How much hangs on a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A gateway that breaks it fails the check.
    Must,
    /// Clients do without, or it shows by signs only; breaking it is a warning.
    May,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name; that of a rule that shows only upstream begins with `upstream.`.
    pub id: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// How much hangs on it.
    pub severity: Severity,
    /// What a gateway does that keeps it.
    pub what: &'static str,
    /// What does not work where it is broken.
    pub breaks: &'static str,
    pub(super) judge: fn(&Evidence) -> Judged,
}

impl Rule {
    /// Whether it shows only at the upstream.
    pub fn is_upstream(&self) -> bool {
        self.id.starts_with("upstream.")
    }
}

/// All rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "models.list",
        source: "F8.1",
        severity: Must,
        what: "GET /v1/models?limit=1000 lists models",
        breaks: "clients find no models to choose from",
        judge: visible::models_list,
    },
    Rule {
        id: "models.time",
        source: "F8.1",
        severity: Must,
        what: "the list comes within 3 seconds",
        breaks: "clients stop waiting and show no models",
        judge: visible::models_time,
    },
    Rule {
        id: "models.redirect",
        source: "F8.1",
        severity: Must,
        what: "the list is where it was asked for",
        breaks: "clients follow no redirect, so as not to hand the key on",
        judge: visible::models_redirect,
    },
    Rule {
        id: "key.header",
        source: "F8.1",
        severity: Must,
        what: "the key is taken in x-api-key",
        breaks: "clients with ANTHROPIC_API_KEY are refused",
        judge: visible::key_header,
    },
    Rule {
        id: "key.bearer",
        source: "F8.1",
        severity: Must,
        what: "the key is taken as Authorization: Bearer",
        breaks: "clients with ANTHROPIC_AUTH_TOKEN are refused",
        judge: visible::key_bearer,
    },
    Rule {
        id: "key.required",
        source: "fased",
        severity: May,
        what: "nobody is served without a key",
        breaks: "whoever reaches the address spends your money",
        judge: visible::key_required,
    },
    Rule {
        id: "key.refusal",
        source: "F8.4",
        severity: Must,
        what: "who has no key gets 401 in Anthropic's shape",
        breaks: "clients show an unreadable error instead of asking for a key",
        judge: visible::key_refusal,
    },
    Rule {
        id: "hello.answer",
        source: "F8.1",
        severity: May,
        what: "HEAD /api/hello gets some answer",
        breaks: "clients that greet first wait at every start",
        judge: visible::hello,
    },
    Rule {
        id: "messages.answer",
        source: "F8.1",
        severity: Must,
        what: "POST /v1/messages answers a message",
        breaks: "everything",
        judge: visible::message,
    },
    Rule {
        id: "messages.query",
        source: "F8.1",
        severity: Must,
        what: "POST /v1/messages?beta=true does so too",
        breaks: "Claude Code, which always asks with this query",
        judge: visible::message_with_query,
    },
    Rule {
        id: "count.answer",
        source: "F8.1",
        severity: Must,
        what: "count_tokens counts, or is a plain 404",
        breaks: "clients burn requests to measure their context, or think it empty",
        judge: visible::count,
    },
    Rule {
        id: "headers.open",
        source: "F8.2",
        severity: Must,
        what: "unknown headers and betas are no error",
        breaks: "every new feature of a client, until the gateway learns its name",
        judge: visible::open_headers,
    },
    Rule {
        id: "fields.open",
        source: "F8.2",
        severity: Must,
        what: "unknown fields of a body are no error of its own",
        breaks: "every new feature of a client, until the gateway learns its name",
        judge: visible::open_fields,
    },
    Rule {
        id: "version.passed",
        source: "F8.2",
        severity: May,
        what: "a version that never was is refused upstream",
        breaks: "clients get another version of the API than they speak",
        judge: visible::version,
    },
    Rule {
        id: "body.large",
        source: "F8.1",
        severity: Must,
        what: "a request of 2 MiB is passed on",
        breaks: "images, documents and long conversations (the API takes 32 MB)",
        judge: visible::large_body,
    },
    Rule {
        id: "stream.events",
        source: "F8.3",
        severity: Must,
        what: "a stream is whole and in order, with one start",
        breaks: "clients stop with an error, or show an answer that is not whole",
        judge: visible::stream_events,
    },
    Rule {
        id: "stream.flush",
        source: "F8.3",
        severity: Must,
        what: "events come one by one, not in one piece",
        breaks: "people watch nothing until all is there; clients give up after 300 s",
        judge: visible::stream_flush,
    },
    Rule {
        id: "stream.ping",
        source: "F8.3",
        severity: May,
        what: "ping events come through",
        breaks: "clients give up on a model that thinks for 300 s",
        judge: visible::stream_ping,
    },
    Rule {
        id: "stream.plain",
        source: "F8.3",
        severity: Must,
        what: "a stream is text/event-stream, uncompressed",
        breaks: "clients do not read it as a stream, or compression holds events back",
        judge: visible::stream_plain,
    },
    Rule {
        id: "errors.shape",
        source: "F8.4",
        severity: Must,
        what: "a wrong request is 400 invalid_request_error",
        breaks: "clients cannot tell a mistake of theirs from trouble, and try again",
        judge: visible::error_shape,
    },
    Rule {
        id: "errors.status",
        source: "F8.4",
        severity: Must,
        what: "an unknown model is 404 not_found_error",
        breaks: "clients try again, or do not fall back to another model",
        judge: visible::error_status,
    },
    Rule {
        id: "errors.body",
        source: "F8.4",
        severity: Must,
        what: "the body of an error is the upstream's own",
        breaks: "clients recover by the upstream's words, and do not find them",
        judge: visible::error_body,
    },
    Rule {
        id: "headers.request-id",
        source: "F8.4",
        severity: Must,
        what: "answers and errors carry request-id",
        breaks: "nobody can ask Anthropic what became of a request",
        judge: visible::request_id,
    },
    Rule {
        id: "headers.limits",
        source: "F8.4",
        severity: May,
        what: "answers carry anthropic-ratelimit-*",
        breaks: "clients cannot slow down before they are refused",
        judge: visible::rate_limits,
    },
    Rule {
        id: "system.array",
        source: "F8.5",
        severity: Must,
        what: "a system prompt of several entries is taken",
        breaks: "Claude Code, whose first entry is its own",
        judge: visible::system_array,
    },
    Rule {
        id: "system.own",
        source: "F8.5",
        severity: May,
        what: "nothing is added to the prompt",
        breaks: "the prompt cache of every client, and you pay for the additions",
        judge: visible::system_own,
    },
    Rule {
        id: "cache.markers",
        source: "F8.6",
        severity: Must,
        what: "a marked prompt is written to the cache or read",
        breaks: "every turn of a conversation is paid in full",
        judge: visible::cache_markers,
    },
    Rule {
        id: "upstream.body",
        source: "F8.2",
        severity: Must,
        what: "bodies arrive byte for byte",
        breaks: "signatures, numbers and the prompt cache, which hash what was sent",
        judge: upstream::body,
    },
    Rule {
        id: "upstream.query",
        source: "F8.1",
        severity: Must,
        what: "?beta=true arrives",
        breaks: "requests for what is only there with it",
        judge: upstream::query,
    },
    Rule {
        id: "upstream.version",
        source: "F8.2",
        severity: Must,
        what: "anthropic-version arrives byte for byte",
        breaks: "clients get another version of the API than they speak",
        judge: upstream::version,
    },
    Rule {
        id: "upstream.beta",
        source: "F8.2",
        severity: Must,
        what: "anthropic-beta arrives byte for byte",
        breaks: "features that are asked for there are refused or missing",
        judge: upstream::beta,
    },
    Rule {
        id: "upstream.headers",
        source: "F8.2",
        severity: Must,
        what: "unknown anthropic-* headers arrive",
        breaks: "every new feature of a client, until the gateway learns its name",
        judge: upstream::open_header,
    },
    Rule {
        id: "upstream.sessions",
        source: "F8.7",
        severity: May,
        what: "x-claude-code-* headers arrive",
        breaks: "whose request it was cannot be told upstream",
        judge: upstream::sessions,
    },
    Rule {
        id: "upstream.system",
        source: "F8.5",
        severity: Must,
        what: "the system array arrives as it is",
        breaks: "the prompt cache of every client, whose first entry must be first",
        judge: upstream::system,
    },
    Rule {
        id: "upstream.markers",
        source: "F8.6",
        severity: Must,
        what: "cache markers arrive where they were put",
        breaks: "every turn of a conversation is paid in full",
        judge: upstream::markers,
    },
    Rule {
        id: "upstream.count",
        source: "F8.1",
        severity: Must,
        what: "counting tokens asks no model",
        breaks: "clients count often, and each count is paid like a message",
        judge: upstream::count_tokens,
    },
    Rule {
        id: "upstream.once",
        source: "fased",
        severity: Must,
        what: "what is answered is asked once",
        breaks: "requests are paid twice",
        judge: upstream::once,
    },
    Rule {
        id: "upstream.key",
        source: "fased",
        severity: Must,
        what: "the client's key stays with the gateway",
        breaks: "whoever is upstream can use the gateway as that client",
        judge: upstream::key,
    },
    Rule {
        id: "upstream.private",
        source: "fased",
        severity: May,
        what: "referer, forwarded, x-forwarded-* stay there",
        breaks: "the upstream learns addresses of your network",
        judge: upstream::private,
    },
    Rule {
        id: "upstream.errors",
        source: "F8.4",
        severity: Must,
        what: "a 529 comes back with its body and headers",
        breaks: "clients come back too early, or not at all",
        judge: upstream::errors,
    },
    Rule {
        id: "upstream.comments",
        source: "F8.3",
        severity: Must,
        what: "pings and comment lines come through",
        breaks: "clients give up on a model that thinks for 300 s",
        judge: upstream::comments,
    },
];
