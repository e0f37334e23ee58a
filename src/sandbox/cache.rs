//! The prompt cache, accounted as Anthropic documents it. Pure: no HTTP, no clock, no waiting; a prompt, a time and the
//! entries of earlier requests go in, and the tokens of each billing class come out.
//!
//! The rules:
//! * An entry is written only at a breakpoint, and stands for the whole prefix that ends there.
//! * A breakpoint reads the nearest entry among at most [`LOOKBACK`] blocks, itself the first of them.
//! * A prefix shorter than the model's minimum is neither written nor read, and nothing says so.
//! * An entry lives for its time to live, counted from the *start* of the request that wrote or last read it; reading
//!   one that another breakpoint of the request covers refreshes it too.
//! * An entry can be read once the response to its request begins: a request is planned when it arrives
//!   ([`PromptCache::plan`]) and counts when it is answered ([`PromptCache::begin`]).
//! * Organizations, workspaces and models never share entries.
//! * With A the end of the longest entry read, B that of the last one hour breakpoint after A, and C that of the last
//!   breakpoint: A is read, B − A written for an hour, C − B for five minutes, and the rest is plain input.
//!
//! Where the documentation is silent: a breakpoint on a prefix that is already cached keeps the time to live of the
//! entry it found, and a breakpoint before A that has no entry writes one, for which nothing is billed.

use std::collections::HashMap;

use jiff::Timestamp;

use super::prompt::{Block, PrefixHash, Prompt, Ttl};

/// Blocks a breakpoint looks at for an entry, itself included.
pub const LOOKBACK: usize = 20;

/// Shortest prefix that is cached where the data file knows no minimum for the model.
pub const DEFAULT_MINIMUM: u64 = 1_024;

/// Whose cache it is. Nothing is shared between two different scopes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The organization that pays.
    pub organization: String,
    /// The workspace within it.
    pub workspace: String,
    /// The model's id.
    pub model: String,
}

/// The input tokens of one request by billing class; their sum is the whole prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputUsage {
    /// After the last breakpoint.
    pub uncached: u64,
    /// Written for five minutes.
    pub written_5m: u64,
    /// Written for one hour.
    pub written_1h: u64,
    /// Read.
    pub read: u64,
}

impl InputUsage {
    /// Written with either time to live.
    pub fn written(&self) -> u64 {
        self.written_5m + self.written_1h
    }

    /// All of the prompt.
    pub fn total(&self) -> u64 {
        self.uncached + self.written() + self.read
    }
}

/// What a request reads and will write, fixed when it arrived.
#[derive(Debug, Clone)]
pub struct Plan {
    usage: InputUsage,
    scope: Scope,
    started: Timestamp,
    /// Entries to write or to refresh.
    touched: Vec<(PrefixHash, Ttl)>,
}

impl Plan {
    /// What the request is billed for its input.
    pub fn usage(&self) -> InputUsage {
        self.usage
    }
}

/// All live entries.
#[derive(Debug, Default)]
pub struct PromptCache {
    entries: HashMap<Scope, HashMap<PrefixHash, Entry>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    ttl: Ttl,
    /// The first moment at which it is gone.
    expires: Timestamp,
}

impl PromptCache {
    /// A cache without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a request that starts at `started` reads, and what it will write. `minimum` is the model's shortest
    /// cacheable prefix in tokens.
    pub fn plan(&self, scope: Scope, prompt: &Prompt, minimum: u64, started: Timestamp) -> Plan {
        let blocks = prompt.blocks();
        let breakpoints = blocks.iter().enumerate().filter_map(|(n, block)| {
            block.marker.filter(|_| block.tokens_through >= minimum).map(|ttl| (n, ttl))
        });
        let mut touched = Vec::new();
        let (mut a, mut b, mut c) = (0, 0, 0);
        for (at, ttl) in breakpoints {
            let hit = self.nearest(&scope, &blocks[..=at], started);
            if let Some((found, entry)) = hit {
                a = a.max(found.tokens_through);
                touched.push((found.prefix, entry.ttl));
            }
            if hit.is_none_or(|(found, _)| found.prefix != blocks[at].prefix) {
                touched.push((blocks[at].prefix, ttl));
            }
            c = blocks[at].tokens_through;
            if ttl == Ttl::OneHour {
                b = c;
            }
        }
        let b = b.max(a);
        let usage =
            InputUsage { uncached: prompt.tokens() - c, written_5m: c - b, written_1h: b - a, read: a };
        Plan { usage, scope, started, touched }
    }

    /// The response to a planned request begins: what it wrote can be read from now on.
    pub fn begin(&mut self, plan: Plan) {
        let Plan { scope, started, touched, .. } = plan;
        for entries in self.entries.values_mut() {
            entries.retain(|_, entry| entry.expires > started);
        }
        let entries = self.entries.entry(scope).or_default();
        for (prefix, ttl) in touched {
            // Time saturates instead of failing.
            let expires = started.checked_add(ttl.duration()).unwrap_or(Timestamp::MAX);
            let entry = entries.entry(prefix).or_insert(Entry { ttl, expires });
            // Another request may have touched it meanwhile; the longer life counts.
            if expires > entry.expires {
                *entry = Entry { ttl, expires };
            }
        }
    }

    /// The nearest entry a breakpoint on the last of `blocks` finds.
    fn nearest<'a>(&self, scope: &Scope, blocks: &'a [Block], now: Timestamp) -> Option<(&'a Block, Entry)> {
        let entries = self.entries.get(scope)?;
        blocks.iter().rev().take(LOOKBACK).find_map(|block| {
            let entry = entries.get(&block.prefix)?;
            (entry.expires > now).then_some((block, *entry))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::strategy::Strategy;

    use super::*;
    use crate::clock::{Clock, ManualClock};

    const MINIMUM: u64 = 1_000;

    /// A cache with a clock; `ask` plans and begins at once, as requests one after the other do.
    struct Room {
        cache: PromptCache,
        clock: ManualClock,
    }

    impl Room {
        fn new() -> Self {
            let start = "2026-01-01T00:00:00Z".parse().unwrap();
            Self { cache: PromptCache::new(), clock: ManualClock::at(start) }
        }

        fn plan(&self, prompt: &Prompt) -> Plan {
            self.cache.plan(scope("org", "ws", "model"), prompt, MINIMUM, self.clock.now())
        }

        /// Read, written for an hour, written for five minutes, plain.
        fn ask(&mut self, prompt: &Prompt) -> [u64; 4] {
            let plan = self.plan(prompt);
            let usage = plan.usage();
            assert_eq!(usage.total(), prompt.tokens());
            self.cache.begin(plan);
            figures(usage)
        }

        fn wait(&self, seconds: u64) {
            self.clock.advance(Duration::from_secs(seconds));
        }
    }

    fn figures(usage: InputUsage) -> [u64; 4] {
        [usage.read, usage.written_1h, usage.written_5m, usage.uncached]
    }

    fn scope(organization: &str, workspace: &str, model: &str) -> Scope {
        Scope { organization: organization.into(), workspace: workspace.into(), model: model.into() }
    }

    /// A prompt of system blocks, each `NAME:TOKENS` with `*` for a five minute marker and `**` for one of an hour.
    fn prompt(blocks: &str) -> Prompt {
        let block = |block: &str| {
            let marker = match block.bytes().filter(|byte| *byte == b'*').count() {
                0 => "",
                1 => r#","cache_control":{"type":"ephemeral"}"#,
                _ => r#","cache_control":{"type":"ephemeral","ttl":"1h"}"#,
            };
            let (name, tokens) = block.trim_end_matches('*').split_once(':').unwrap();
            let text = format!("{name:.<width$}", width = tokens.parse::<usize>().unwrap() * 4);
            format!(r#"{{"type":"text","text":"{text}"{marker}}}"#)
        };
        let blocks: Vec<_> = blocks.split_whitespace().map(block).collect();
        let body = format!(r#"{{"system":[{}]}}"#, blocks.join(","));
        Prompt::of(&serde_json::from_str(&body).unwrap()).unwrap()
    }

    /// Blocks `from..=to` of 100 tokens each, the ones in `marked` with a marker.
    fn row(from: usize, to: usize, marked: &[usize]) -> Prompt {
        let mark = |n| if marked.contains(&n) { "*" } else { "" };
        let blocks: Vec<_> = (from..=to).map(|n| format!("{n}:100{}", mark(n))).collect();
        prompt(&blocks.join(" "))
    }

    #[test]
    fn without_breakpoints_nothing_is_cached() {
        let mut room = Room::new();
        for _ in 0..2 {
            assert_eq!(room.ask(&prompt("a:2000 b:10")), [0, 0, 0, 2_010]);
        }
    }

    #[test]
    fn a_breakpoint_writes_its_prefix_and_the_next_request_reads_it() {
        let mut room = Room::new();
        assert_eq!(room.ask(&prompt("a:2000* b:10")), [0, 0, 2_000, 10]);
        assert_eq!(room.ask(&prompt("a:2000* b:10")), [2_000, 0, 0, 10]);
        assert_eq!(room.ask(&prompt("a:2000* other:30")), [2_000, 0, 0, 30]);
    }

    #[test]
    fn a_changed_block_makes_every_prefix_behind_it_another_one() {
        let mut room = Room::new();
        room.ask(&prompt("a:2000 b:10*"));
        assert_eq!(room.ask(&prompt("z:2000 b:10*")), [0, 0, 2_010, 0]);
    }

    #[test]
    fn writes_happen_only_at_breakpoints() {
        let mut room = Room::new();
        room.ask(&prompt("a:2000 time1:10*"));
        // The stable block in front was never written by itself.
        assert_eq!(room.ask(&prompt("a:2000 time2:10*")), [0, 0, 2_010, 0]);
    }

    #[test]
    fn a_growing_conversation_reads_what_the_last_turn_wrote() {
        let mut room = Room::new();
        assert_eq!(room.ask(&prompt("s:1000 q1:10*")), [0, 0, 1_010, 0]);
        assert_eq!(room.ask(&prompt("s:1000 q1:10 a1:20 q2:10*")), [1_010, 0, 30, 0]);
        assert_eq!(room.ask(&prompt("s:1000 q1:10 a1:20 q2:10 a2:20 q3:10*")), [1_040, 0, 30, 0]);
    }

    #[test]
    fn the_documented_example_of_the_lookback_window_holds() {
        let mut room = Room::new();
        assert_eq!(room.ask(&row(1, 10, &[10])), [0, 0, 1_000, 0]);
        assert_eq!(room.ask(&row(1, 15, &[15])), [1_000, 0, 500, 0]);
        // Blocks 35 to 16 are looked at; the entry at 15 is one too far.
        assert_eq!(figures(room.plan(&row(1, 35, &[35])).usage()), [0, 0, 3_500, 0]);
        assert_eq!(figures(room.plan(&row(1, 34, &[34])).usage()), [1_500, 0, 1_900, 0]);
        // A second breakpoint has a window of its own.
        assert_eq!(room.ask(&row(1, 35, &[15, 35])), [1_500, 0, 2_000, 0]);
    }

    #[test]
    fn a_prefix_below_the_minimum_is_silently_neither_written_nor_read() {
        let mut room = Room::new();
        for _ in 0..2 {
            assert_eq!(room.ask(&prompt("a:999* b:10")), [0, 0, 0, 1_009]);
        }
        assert_eq!(room.ask(&prompt("a:1000* b:10")), [0, 0, 1_000, 10]);
        // A short breakpoint in front does not spoil a long one behind it.
        assert_eq!(room.ask(&prompt("c:999* d:10* e:1")), [0, 0, 1_009, 1]);
        assert_eq!(room.ask(&prompt("c:999* x:10* e:1")), [0, 0, 1_009, 1]);
    }

    #[test]
    fn an_entry_is_gone_when_its_time_to_live_is_over() {
        for (marked, seconds, read) in
            [("a:2000*", 299, 2_000), ("a:2000*", 300, 0), ("a:2000**", 3_599, 2_000), ("a:2000**", 3_600, 0)]
        {
            let mut room = Room::new();
            room.ask(&prompt(marked));
            room.wait(seconds);
            assert_eq!(room.ask(&prompt(marked))[0], read, "{marked} after {seconds} s");
        }
    }

    #[test]
    fn reading_refreshes_an_entry() {
        let mut room = Room::new();
        room.ask(&prompt("a:2000*"));
        for _ in 0..5 {
            room.wait(299);
            assert_eq!(room.ask(&prompt("a:2000*")), [2_000, 0, 0, 0]);
        }
        room.wait(300);
        assert_eq!(room.ask(&prompt("a:2000*")), [0, 0, 2_000, 0]);
    }

    #[test]
    fn reading_a_longer_entry_refreshes_the_shorter_one_that_another_breakpoint_covers() {
        let mut room = Room::new();
        room.ask(&prompt("s:1000* q1:10*"));
        room.wait(200);
        assert_eq!(room.ask(&prompt("s:1000* q1:10*")), [1_010, 0, 0, 0]);
        room.wait(200);
        assert_eq!(room.ask(&prompt("s:1000* other:10*")), [1_000, 0, 10, 0]);
    }

    #[test]
    fn time_to_live_counts_from_the_start_of_the_request_and_not_from_its_response() {
        let mut room = Room::new();
        let plan = room.plan(&prompt("a:2000*"));
        room.wait(240);
        room.cache.begin(plan);
        room.wait(59);
        assert_eq!(figures(room.plan(&prompt("a:2000*")).usage())[0], 2_000);
        room.wait(1);
        assert_eq!(figures(room.plan(&prompt("a:2000*")).usage())[0], 0);
    }

    #[test]
    fn an_entry_can_be_read_only_once_the_first_response_begins() {
        let mut room = Room::new();
        let prompt = prompt("a:2000*");
        let (first, second) = (room.plan(&prompt), room.plan(&prompt));
        assert_eq!(figures(first.usage()), [0, 0, 2_000, 0]);
        assert_eq!(figures(second.usage()), [0, 0, 2_000, 0]);
        room.cache.begin(first);
        assert_eq!(figures(room.plan(&prompt).usage()), [2_000, 0, 0, 0]);
        room.cache.begin(second);
        assert_eq!(room.ask(&prompt), [2_000, 0, 0, 0]);
    }

    #[test]
    fn a_request_that_is_never_answered_writes_nothing() {
        let mut room = Room::new();
        drop(room.plan(&prompt("a:2000*")));
        assert_eq!(room.ask(&prompt("a:2000*"))[0], 0);
    }

    #[test]
    fn mixed_times_to_live_are_billed_by_their_positions() {
        let mut room = Room::new();
        // Nothing cached: A = 0, B after b, C after c.
        assert_eq!(room.ask(&prompt("a:1000** b:500** c:200* d:7")), [0, 1_500, 200, 7]);
        // All cached.
        assert_eq!(room.ask(&prompt("a:1000** b:500** c:200* d:7")), [1_700, 0, 0, 7]);
        // A after a, B after the new block.
        assert_eq!(room.ask(&prompt("a:1000** x:500** c:200* d:7")), [1_000, 500, 200, 7]);
        // A after b: nothing is written for an hour.
        assert_eq!(room.ask(&prompt("a:1000** b:500** y:200* d:7")), [1_500, 0, 200, 7]);
    }

    #[test]
    fn the_hour_outlives_the_five_minutes_behind_it() {
        let mut room = Room::new();
        room.ask(&prompt("a:1000** b:500*"));
        room.wait(300);
        assert_eq!(room.ask(&prompt("a:1000** b:500*")), [1_000, 0, 500, 0]);
    }

    #[test]
    fn a_breakpoint_on_a_cached_prefix_keeps_the_time_to_live_it_found() {
        let mut room = Room::new();
        room.ask(&prompt("a:2000*"));
        assert_eq!(room.ask(&prompt("a:2000**")), [2_000, 0, 0, 0]);
        room.wait(300);
        assert_eq!(room.ask(&prompt("a:2000**")), [0, 2_000, 0, 0]);
    }

    #[test]
    fn a_breakpoint_before_the_hit_is_written_for_nothing() {
        let mut room = Room::new();
        room.ask(&prompt("a:1000 b:500*"));
        assert_eq!(room.ask(&prompt("a:1000* b:500*")), [1_500, 0, 0, 0]);
        assert_eq!(room.ask(&prompt("a:1000* z:500*")), [1_000, 0, 500, 0]);
    }

    #[test]
    fn organizations_workspaces_and_models_do_not_share() {
        let mut cache = PromptCache::new();
        let (prompt, now) = (prompt("a:2000*"), Timestamp::UNIX_EPOCH);
        let home = scope("org", "ws", "model");
        cache.begin(cache.plan(home.clone(), &prompt, MINIMUM, now));
        let read = |scope| cache.plan(scope, &prompt, MINIMUM, now).usage().read;
        assert_eq!(read(home), 2_000);
        for other in [scope("o2", "ws", "model"), scope("org", "w2", "model"), scope("org", "ws", "m2")] {
            assert_eq!(read(other.clone()), 0, "{other:?}");
        }
    }

    #[test]
    fn entries_that_are_over_are_forgotten() {
        let mut room = Room::new();
        for n in 0..50 {
            room.ask(&prompt(&format!("a{n}:2000*")));
            room.wait(60);
        }
        let kept: usize = room.cache.entries.values().map(HashMap::len).sum();
        assert_eq!(kept, 5);
    }

    #[test]
    fn the_end_of_time_is_no_accident() {
        let mut cache = PromptCache::new();
        let prompt = prompt("a:2000**");
        cache.begin(cache.plan(scope("o", "w", "m"), &prompt, MINIMUM, Timestamp::MAX));
        assert_eq!(cache.plan(scope("o", "w", "m"), &prompt, MINIMUM, Timestamp::MAX).usage().read, 0);
    }

    /// Up to thirty blocks of three kinds and 0 to 600 tokens, up to four of them marked, the hours first.
    fn any_prompt() -> impl Strategy<Value = String> {
        let blocks = proptest::collection::vec(("[a-c]", 0..4_u64), 1..30);
        (blocks, proptest::collection::vec(0..30_usize, 0..=4), 0..=4_usize).prop_map(
            |(blocks, marked, hours)| {
                let (mut seen, mut row) = (0, Vec::new());
                for (n, (name, size)) in blocks.iter().enumerate() {
                    let marker = match (marked.contains(&n), seen < hours) {
                        (false, _) => "",
                        (true, false) => "*",
                        (true, true) => "**",
                    };
                    seen += usize::from(!marker.is_empty());
                    row.push(format!("{name}:{}{marker}", 1 + size * 200));
                }
                row.join(" ")
            },
        )
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

        #[test]
        fn every_token_is_billed_once_and_what_was_asked_is_cached(
            asked in proptest::collection::vec((any_prompt(), 0..400_u64), 1..8)
        ) {
            let mut room = Room::new();
            for (blocks, seconds) in asked {
                let prompt = prompt(&blocks);
                // That the classes add up to the prompt is checked inside.
                let [read, hour, five, plain] = room.ask(&prompt);
                proptest::prop_assert_eq!(room.ask(&prompt), [read + hour + five, 0, 0, plain]);
                room.wait(seconds);
            }
        }
    }
}
