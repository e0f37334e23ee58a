use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::*;
use crate::anthropic::{
    Authorization, BetaNames, Client, ClientOptions, MessageRequest, NetworkPolicy, ResponseMeta,
    TimeoutPhase,
};
use crate::clock::ManualClock;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::secret::Secret;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-22T10:00:00Z")
}

/// A refusal as the client reads it: status, `error.type` and text.
fn api(status: u16, error_type: &str, message: &str) -> ApiError {
    let kind = match (error_type, status) {
        ("invalid_request_error", _) | ("", 400 | 422) => ApiErrorKind::InvalidRequest,
        ("authentication_error", _) | ("", 401) => ApiErrorKind::Authentication,
        ("billing_error", _) | ("", 402) => ApiErrorKind::Billing,
        ("permission_error", _) | ("", 403) => ApiErrorKind::Permission,
        ("not_found_error", _) | ("", 404) => ApiErrorKind::NotFound,
        ("conflict_error", _) | ("", 409) => ApiErrorKind::Conflict,
        ("request_too_large", _) | ("", 413) => ApiErrorKind::RequestTooLarge,
        ("rate_limit_error", _) | ("", 429) => ApiErrorKind::RateLimit,
        ("timeout_error", _) | ("", 408 | 504) => ApiErrorKind::Timeout,
        ("overloaded_error", _) | ("", 529) => ApiErrorKind::Overloaded,
        ("api_error", _) | ("", 500..=599) => ApiErrorKind::Api,
        _ => ApiErrorKind::Unknown,
    };
    let meta = ResponseMeta { status, ..ResponseMeta::default() };
    ApiError {
        status,
        kind,
        error_type: error_type.to_owned(),
        message: message.to_owned(),
        request_id: None,
        retry_after: None,
        error_code: None,
        meta,
    }
}

fn classified(error: ApiError) -> Failed {
    classify(&Error::Api(Box::new(error)), now())
}

#[test]
fn type_and_status_decide() {
    let table = [
        (400, "invalid_request_error", Reason::Format),
        (401, "authentication_error", Reason::Auth),
        (402, "billing_error", Reason::Billing),
        (403, "billing_error", Reason::Billing),
        (403, "permission_error", Reason::Permission),
        (404, "not_found_error", Reason::ModelNotFound),
        (409, "conflict_error", Reason::Format),
        (413, "request_too_large", Reason::Format),
        (429, "rate_limit_error", Reason::RateLimit),
        (500, "api_error", Reason::Timeout),
        (504, "timeout_error", Reason::Timeout),
        (529, "overloaded_error", Reason::Overloaded),
        // An error event inside of a stream.
        (200, "overloaded_error", Reason::Overloaded),
        (200, "api_error", Reason::Timeout),
        (200, "rate_limit_error", Reason::RateLimit),
        (200, "brand_new_error", Reason::Timeout),
        // Whoever answered was not the API.
        (401, "", Reason::Auth),
        (402, "", Reason::Billing),
        (403, "", Reason::Permission),
        (404, "", Reason::Format),
        (408, "", Reason::Timeout),
        (413, "", Reason::Format),
        (422, "", Reason::Format),
        (429, "", Reason::RateLimit),
        (502, "", Reason::Timeout),
        (529, "", Reason::Overloaded),
        (302, "", Reason::Format),
        (418, "", Reason::Format),
        (451, "brand_new_error", Reason::Format),
        // The type wins.
        (500, "invalid_request_error", Reason::Format),
        (400, "overloaded_error", Reason::Overloaded),
    ];
    for (status, error_type, reason) in table {
        let failed = classified(api(status, error_type, "Some words."));
        assert_eq!(failed, Failed::because(reason), "{status} {error_type}");
    }
}

#[test]
fn whole_phrases_at_the_beginning_decide_what_types_leave_open() {
    let (bad, auth, no) = ("invalid_request_error", "authentication_error", "permission_error");
    let table = [
        (401, auth, "This API key has been revoked.", Reason::AuthPermanent),
        (401, auth, "API key has been disabled", Reason::AuthPermanent),
        (401, auth, "OAuth token has been revoked. Please obtain a new token.", Reason::AuthPermanent),
        (403, no, "OAuth token has been revoked. Please obtain a new token.", Reason::AuthPermanent),
        (400, bad, "This organization has been disabled.", Reason::AuthPermanent),
        (403, no, "Your account has been deactivated, see the terms", Reason::AuthPermanent),
        (401, auth, "OAuth token has expired. Please refresh it.", Reason::Auth),
        (401, auth, "invalid x-api-key", Reason::Auth),
        (401, auth, "OAuth authentication is currently not supported.", Reason::Auth),
        (400, bad, "You have reached your specified API usage limits. No date.", Reason::SpendLimit),
        (400, bad, "You have reached your specified workspace API usage limits.", Reason::SpendLimit),
        (400, bad, "Your credit balance is too low to access the Anthropic API.", Reason::Billing),
    ];
    for (status, error_type, message, reason) in table {
        assert_eq!(classified(api(status, error_type, message)).reason, reason, "{message}");
    }
}

#[test]
fn words_inside_of_a_message_decide_nothing() {
    let messages = [
        "messages.0.content: This API key has been revoked.",
        "prompt is too long: 429000 tokens > 200000 maximum",
        "tools.3.name: \"rate_limit\" has expired",
        "messages.1: you wrote \"Your credit balance is too low\"",
        "messages.1: You have reached your specified API usage limits",
        "You have reached your specified API usage limitsX",
        "Your credit balance is too lowly valued",
        "This API key has been revokedly used",
        "OAuth tokens has been revoked",
        "system: This organization has been disabled.",
        "max_tokens: 529 > 401, overloaded, timed out, tpm, billing, unauthorized",
        "request req_0429 with authentication forbidden: model not found",
        "temperature: 402 Payment Required",
        "",
    ];
    for message in messages {
        let failed = classified(api(400, "invalid_request_error", message));
        assert_eq!(failed, Failed::because(Reason::Format), "{message}");
        assert_eq!(classified(api(500, "api_error", message)).reason, Reason::Timeout, "{message}");
        assert_eq!(classified(api(401, "authentication_error", message)).reason, Reason::Auth, "{message}");
        assert_eq!(classified(api(429, "rate_limit_error", message)).reason, Reason::RateLimit, "{message}");
    }
    // A key that is said to be revoked is no reason to refuse a request that is merely wrong.
    let wrong = classified(api(400, "invalid_request_error", "This API key has been revoked."));
    assert_eq!(wrong.reason, Reason::Format);
}

#[test]
fn the_code_of_a_spend_limit_tells_it_from_a_rate_limit() {
    let spent = |message: &str| {
        let mut error = api(429, "rate_limit_error", message);
        error.error_code = Some(SPEND_LIMIT_CODE.to_owned());
        error.retry_after = Some(Duration::from_secs(60));
        classified(error)
    };
    for (message, until) in [
        ("Access resumes on 2026-12-01 at 00:00 UTC.", "2026-12-01T00:00:00Z"),
        ("Access resumes on December 5, 2026.", "2026-12-05T00:00:00Z"),
        ("Access resumes 2026-11-22T12:00:00Z.", "2026-11-22T12:00:00Z"),
        ("Your organization has reached its spend limit.", "2026-12-01T00:00:00Z"),
        // At most 32 days, and a day that is over is no reason for a month.
        ("Access resumes on 2027-11-01.", "2026-12-24T10:00:00Z"),
        ("Access resumes on 2026-11-22 at 00:00 UTC.", "2026-11-22T10:30:00Z"),
    ] {
        let failed = Failed { reason: Reason::SpendLimit, until: Some(at(until)), wait: None };
        assert_eq!(spent(message), failed, "{message}");
    }
}

#[test]
fn a_rate_limit_ends_when_the_provider_says() {
    let limited = |retry_after: Option<u64>, limits: &[(&str, &str)]| {
        let mut error = api(429, "rate_limit_error", "Slow down.");
        error.retry_after = retry_after.map(Duration::from_secs);
        for (name, value) in limits {
            error.meta.rate_limits.values.insert((*name).to_owned(), (*value).to_owned());
            if let Ok(reset) = value.parse() {
                error.meta.rate_limits.resets.insert((*name).to_owned(), reset);
            }
        }
        let failed = classified(error);
        assert_eq!(failed.until, failed.wait.map(|wait| now() + wait));
        failed.wait.map(|wait| wait.as_secs())
    };
    let used_up = [("tokens-remaining", "0"), ("tokens-reset", "2026-11-22T10:01:30Z")];
    let full = [("requests-remaining", "7"), ("requests-reset", "2026-11-22T10:09:00Z")];
    let over = [("tokens-remaining", "0"), ("tokens-reset", "2026-11-22T09:59:00Z")];
    let far = [("tokens-remaining", "0"), ("tokens-reset", "2027-11-22T09:59:00Z")];
    assert_eq!(limited(Some(12), &used_up), Some(12));
    assert_eq!(limited(None, &[used_up, full].concat()), Some(90));
    assert_eq!(limited(Some(0), &used_up), Some(90));
    assert_eq!(limited(None, &full), None);
    assert_eq!(limited(None, &over), None);
    assert_eq!(limited(Some(0), &[]), None);
    assert_eq!(limited(Some(u64::MAX), &[]), Some(86_400));
    assert_eq!(limited(None, &far), Some(86_400));
}

#[test]
fn what_passes_by_itself_keeps_the_wait_it_asks_for_and_no_end() {
    for error_type in ["overloaded_error", "api_error"] {
        let mut error = api(529, error_type, "Overloaded");
        error.retry_after = Some(Duration::from_secs(7));
        let failed = classified(error);
        assert_eq!((failed.until, failed.wait), (None, Some(Duration::from_secs(7))));
    }
    let mut error = api(401, "authentication_error", "no");
    error.retry_after = Some(Duration::from_secs(7));
    assert_eq!(classified(error), Failed::because(Reason::Auth));
}

#[test]
fn failures_without_an_answer_are_the_networks_or_ours() {
    let (text, second) = (|| "x".to_owned(), Duration::from_secs(1));
    let table = [
        (Error::InvalidBaseUrl { url: text(), reason: "x" }, Reason::Local),
        (Error::InsecureBaseUrl { url: text() }, Reason::Local),
        (Error::RefusedHost { host: text() }, Reason::Local),
        (Error::SandboxCredential { host: text() }, Reason::Local),
        (Error::BadHeader { name: text(), reason: "x" }, Reason::Local),
        (Error::InvalidProxy, Reason::Local),
        (Error::Setup { reason: text() }, Reason::Local),
        (Error::Connect { host: text(), proxy: None, reason: text() }, Reason::Timeout),
        (Error::Timeout { host: text(), phase: TimeoutPhase::Connect, after: second }, Reason::Timeout),
        (Error::Cut { reason: text() }, Reason::Timeout),
        (Error::Idle { after: second }, Reason::Timeout),
        (Error::Malformed { what: text() }, Reason::Timeout),
        (Error::EventTooLarge { limit: 1 }, Reason::Format),
        (Error::BodyTooLarge { limit: 1 }, Reason::Format),
    ];
    for (error, reason) in table {
        assert_eq!(classify(&error, now()), Failed::because(reason), "{error}");
    }
}

/// The error a streamed message ends with.
async fn error_of(url: &str, fault: &str) -> Error {
    let url = Url::parse(url).unwrap();
    let mut options = ClientOptions::new(url, "2023-06-01", "fased/0.0.0", BetaNames::default());
    options.network = NetworkPolicy::LoopbackOnly;
    if matches!(fault, "hang" | "stall") {
        (options.timeouts.first_byte, options.timeouts.idle) =
            (Duration::from_millis(50), Duration::from_millis(50));
    }
    let client = Client::new(options).unwrap();
    let key = Authorization::ApiKey(Secret::new(format!("sk-ant-api03-sandbox-fault-{fault}-x3Qw")));
    let mut request = MessageRequest::new("claude-sonnet-5", 100);
    request.push_user("Hi");
    let mut stream = match client.stream_message(&key, &request).await {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    loop {
        if let Err(error) = stream.next().await.unwrap() {
            return error;
        }
    }
}

#[tokio::test]
async fn every_fault_of_the_sandbox_is_what_it_pretends_to_be() {
    let clock = Arc::new(ManualClock::at(now()));
    let sandbox = Sandbox::start(SandboxOptions::new(clock)).await.unwrap();
    let next_month = Some("2026-12-01T00:00:00Z");
    for (fault, reason, until) in [
        ("rate-limit", Reason::RateLimit, Some("2026-11-22T10:00:30Z")),
        ("rate-limit-retry-after-5", Reason::RateLimit, Some("2026-11-22T10:00:05Z")),
        ("rate-limit-retry-after-none", Reason::RateLimit, None),
        ("spend-limit", Reason::SpendLimit, next_month),
        ("usage-limit", Reason::SpendLimit, next_month),
        ("billing", Reason::Billing, None),
        ("credit", Reason::Billing, None),
        ("auth", Reason::Auth, None),
        ("revoked", Reason::AuthPermanent, None),
        ("permission", Reason::Permission, None),
        ("not-found", Reason::ModelNotFound, None),
        ("too-large", Reason::Format, None),
        ("overloaded", Reason::Overloaded, None),
        ("api-error", Reason::Timeout, None),
        ("timeout-error", Reason::Timeout, None),
        ("overloaded-in-stream", Reason::Overloaded, None),
        ("error-after-text", Reason::Timeout, None),
        ("error-after-thinking", Reason::Timeout, None),
        ("error-after-tool-use", Reason::Timeout, None),
        ("cut-before", Reason::Timeout, None),
        ("cut-inside", Reason::Timeout, None),
        ("hang", Reason::Timeout, None),
        ("stall", Reason::Timeout, None),
    ] {
        let error = error_of(&sandbox.url(), fault).await;
        let failed = classify(&error, now());
        assert_eq!((failed.reason, failed.until), (reason, until.map(at)), "{fault}: {error}");
    }
    sandbox.shutdown().await.unwrap();
}
