//! Counts of what the gateway does, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use http::StatusCode;

use super::client_api::affinity::Kept;
use super::refusal::Audience;
use crate::usage::ledger::{Outcome, Row, Tokens};

/// The audiences in the order of their counters.
const AUDIENCES: [(Audience, &str); 3] =
    [(Audience::Client, "client"), (Audience::Program, "program"), (Audience::Browser, "browser")];
/// Classes of status codes, `1xx` to `5xx`.
const CLASSES: usize = 5;

/// Counters that only grow, and a few that also shrink.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    serial: AtomicU64,
    answers: [[AtomicU64; CLASSES]; 3],
    /// Answers that are being streamed now.
    pub(super) streams: Gauge,
    /// Answers the provider gave through us, by how they ended.
    pub(super) complete: Counter,
    pub(super) interrupted: Counter,
    pub(super) failed: Counter,
    /// Credentials that took over from another.
    pub(super) rotations: Counter,
    /// Requests of a conversation that went to the credential it had before, to another, or were its first.
    pub(super) affinity_hits: Counter,
    pub(super) affinity_rebinds: Counter,
    pub(super) affinity_misses: Counter,
    /// Tokens by class.
    pub(super) input_tokens: Counter,
    pub(super) output_tokens: Counter,
    pub(super) cache_read_tokens: Counter,
    pub(super) cache_write_tokens: Counter,
    /// What it cost, where that is known.
    pub(super) micro_dollars: Counter,
    /// Rows of the ledger that were written, and those that could not be.
    pub(super) rows: Counter,
    pub(super) lost_rows: Counter,
}

/// Name, help, label, and counters by the label's value.
type Family<'m> = (&'m str, &'m str, &'m str, &'m [(&'m str, &'m Counter)]);

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that are there now.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicI64);

impl Gauge {
    pub(super) fn add(&self, change: i64) {
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    /// A name for a request of this process.
    pub(super) fn next_request_id(&self, instance: &str) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        format!("req_fased_{instance}_{serial:06}")
    }

    /// Counts an answer.
    pub(super) fn answered(&self, audience: Audience, status: StatusCode) {
        let audience = AUDIENCES.iter().position(|(it, _)| *it == audience).unwrap_or_default();
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES) - 1;
        self.answers[audience][class].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what became of a conversation's preference.
    pub(super) fn affinity(&self, kept: Kept) {
        let counter = match kept {
            Kept::Hit => &self.affinity_hits,
            Kept::Miss => &self.affinity_misses,
            Kept::Rebind => &self.affinity_rebinds,
        };
        counter.add(1);
    }

    /// Counts an answer by its row.
    pub(super) fn recorded(&self, row: &Row) {
        let ended = match row.outcome {
            Outcome::Complete | Outcome::Refused => &self.complete,
            Outcome::Interrupted => &self.interrupted,
            Outcome::Failed => &self.failed,
        };
        ended.add(1);
        let Tokens { input, output, cache_write_5m, cache_write_1h, cache_read } = row.tokens;
        self.input_tokens.add(input.unwrap_or_default());
        self.output_tokens.add(output.unwrap_or_default());
        self.cache_read_tokens.add(cache_read.unwrap_or_default());
        self.cache_write_tokens.add(cache_write_5m.unwrap_or_default());
        self.cache_write_tokens.add(cache_write_1h.unwrap_or_default());
        self.micro_dollars.add(row.cost.map_or(0, |cost| cost.0));
    }

    /// All of it as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(
            "# HELP fased_answers_total Answers given, by who asked and class of status.\n\
             # TYPE fased_answers_total counter\n",
        );
        for ((_, audience), classes) in AUDIENCES.iter().zip(&self.answers) {
            for (class, count) in (1..).zip(classes) {
                let count = count.load(Ordering::Relaxed);
                // Writing to a String cannot fail, here and below.
                let _ = writeln!(
                    text,
                    "fased_answers_total{{audience=\"{audience}\",status=\"{class}xx\"}} {count}"
                );
            }
        }
        let _ = write!(
            text,
            "# HELP fased_streams Answers that are being streamed now.\n# TYPE fased_streams gauge\nfased_streams {}\n",
            self.streams.get()
        );
        let families: [Family<'_>; 6] = [
            (
                "fased_upstream_answers_total",
                "Requests sent on to the provider, by how their answer ended.",
                "outcome",
                &[("complete", &self.complete), ("interrupted", &self.interrupted), ("failed", &self.failed)],
            ),
            (
                "fased_rotations_total",
                "Credentials that took over from another.",
                "",
                &[("", &self.rotations)],
            ),
            (
                "fased_affinity_total",
                "Requests by whether they went to the credential their conversation had before.",
                "result",
                &[
                    ("hit", &self.affinity_hits),
                    ("rebind", &self.affinity_rebinds),
                    ("miss", &self.affinity_misses),
                ],
            ),
            (
                "fased_tokens_total",
                "Tokens by class.",
                "class",
                &[
                    ("input", &self.input_tokens),
                    ("output", &self.output_tokens),
                    ("cache_read", &self.cache_read_tokens),
                    ("cache_write", &self.cache_write_tokens),
                ],
            ),
            ("fased_cost_micro_dollars_total", "Cost, where it is known.", "", &[("", &self.micro_dollars)]),
            (
                "fased_ledger_rows_total",
                "Rows of the ledger, by whether they were written.",
                "result",
                &[("written", &self.rows), ("lost", &self.lost_rows)],
            ),
        ];
        for (name, help, label, counters) in families {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (value, counter) in counters {
                let labels =
                    if label.is_empty() { String::new() } else { format!("{{{label}=\"{value}\"}}") };
                let _ = writeln!(text, "{name}{labels} {}", counter.get());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_name_with_a_number() {
        let metrics = Metrics::default();
        metrics.answered(Audience::Client, StatusCode::OK);
        metrics.answered(Audience::Client, StatusCode::TOO_MANY_REQUESTS);
        metrics.streams.add(2);
        metrics.cache_read_tokens.add(41);
        let text = metrics.text();
        for line in text.lines() {
            let is_sample = line
                .rsplit_once(' ')
                .is_some_and(|(name, number)| name.starts_with("fased_") && number.parse::<u64>().is_ok());
            assert!(line.starts_with("# ") || is_sample, "{line}");
        }
        for expected in [
            "fased_answers_total{audience=\"client\",status=\"2xx\"} 1",
            "fased_answers_total{audience=\"client\",status=\"4xx\"} 1",
            "fased_streams 2",
            "fased_tokens_total{class=\"cache_read\"} 41",
            "fased_rotations_total 0",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn no_two_requests_have_one_name() {
        let metrics = Metrics::default();
        assert_eq!(metrics.next_request_id("ab"), "req_fased_ab_000000");
        assert_eq!(metrics.next_request_id("ab"), "req_fased_ab_000001");
    }
}
