//! Usage as comma-separated values (RFC 4180): a heading, then a line for each bucket, with exact integers. Names are
//! those of the JSON; what is not known is empty.

use super::summary::{Bucket, UsageReport};
use crate::config::AgentId;

const COLUMNS: [&str; 13] = [
    "requests",
    "failures",
    "interrupted",
    "subscriptionRequests",
    "unpricedRequests",
    "inputTokens",
    "outputTokens",
    "cacheWrite5mTokens",
    "cacheWrite1hTokens",
    "cacheReadTokens",
    "costMicroDollars",
    "costKnown",
    "cacheSavingsMicroDollars",
];

/// Renders a report.
pub fn text(report: &UsageReport) -> String {
    let mut text = format!("{},agentId,{}\n", report.by.as_str(), COLUMNS.join(","));
    for Bucket { key, agent_id, totals } in &report.buckets {
        let key = quoted(key.as_deref().unwrap_or_default());
        let agent = agent_id.as_ref().map_or("", AgentId::as_str);
        let cost = totals.known_cost().map(|cost| cost.0.to_string()).unwrap_or_default();
        let cells: [String; COLUMNS.len()] = [
            totals.requests.to_string(),
            totals.failures.to_string(),
            totals.interrupted.to_string(),
            totals.subscription_requests.to_string(),
            totals.unpriced_requests.to_string(),
            totals.input.to_string(),
            totals.output.to_string(),
            totals.cache_write_5m.to_string(),
            totals.cache_write_1h.to_string(),
            totals.cache_read.to_string(),
            cost,
            totals.is_cost_known().to_string(),
            totals.cache_savings.to_string(),
        ];
        text.push_str(&format!("{key},{agent},{}\n", cells.join(",")));
    }
    text
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_what_would_be_misread_is_quoted() {
        assert_eq!(quoted("anthropic:me@example.com"), "anthropic:me@example.com");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
    }
}
