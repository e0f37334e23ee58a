//! Failures of the provider: read from their bodies and classified.

use std::error::Error;

use fased::anthropic::{self, ApiError, ResponseMeta};
use fased::failover::classify;
use fased::secret::Secret;

use crate::fixtures::Fixtures;
use crate::{Line, PASS_OVER, ROUNDS, pass_over, side_by_side};

/// Failures of each round.
const TIMES: usize = 100;

pub(crate) fn lines(_: &Fixtures) -> Result<Vec<Line>, Box<dyn Error>> {
    let cases = [
        (401, "authentication_error", "invalid x-api-key"),
        (
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 40,000 tokens.",
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits. You will regain access on 2026-07-01 at 00:00 UTC.",
        ),
        (529, "overloaded_error", "Overloaded"),
    ];
    let bodies = cases.map(|(status, kind, message)| {
        let error = serde_json::json!({"type": kind, "message": message});
        let body = serde_json::json!({"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"});
        (ResponseMeta { status, ..ResponseMeta::default() }, body.to_string())
    });
    let secret = Secret::new("sk-ant-api03-sandbox-benchmark-00000000000000000000");
    let now = "2026-06-01T12:00:00Z".parse()?;
    let all = || bodies.iter().cycle().take(TIMES);
    let work = || {
        let read = all().map(|(meta, body)| ApiError::read(body.as_bytes(), meta, &secret));
        Ok(read
            .map(|error| classify(&anthropic::Error::Api(error.into()), now))
            .filter(|it| it.until.is_some())
            .count())
    };
    let reference = || all().filter(|(_, body)| pass_over(body.as_bytes())).count();
    Ok(vec![Line {
        name: format!("{TIMES} failures: read and classified"),
        figures: side_by_side::compare(ROUNDS, work, reference)?,
        compared_with: PASS_OVER,
        limit: 50.0,
    }])
}
