//! Long conversations through the path every question of `fased chat` takes, on a clock that the prompt cache shares.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::shown::Shown;
use super::{models, turn};
use crate::anthropic::{ContentBlock, Usage};
use crate::cli::ChatArgs;
use crate::clock::{Clock as _, ManualClock};
use crate::commands::agent::Agent;
use crate::commands::sandbox::KEY;
use crate::ctx::Ctx;
use crate::env::Env;
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use crate::sessions::SessionsDir;
use crate::storage::{self, Durability};
use crate::terminal::Terminal;

const TURNS: usize = 50;

/// A sandbox and a home, and one clock for both.
struct Room {
    home: tempfile::TempDir,
    clock: Arc<ManualClock>,
    sandbox: Arc<RunningSandbox>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Room {
    /// `retention` as it would stand in the config.
    fn new(retention: &str) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let mut options = SandboxOptions::new(clock.clone());
        options.kept_requests = 2 * TURNS;
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                report.send(Arc::new(Sandbox::start(options).await.unwrap())).unwrap();
                stopped.await.ok();
            });
        });
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join(".fased");
        std::fs::create_dir_all(state.join("agents/main/agent")).unwrap();
        let config = format!(
            "{{ agents: {{ list: [{{ id: 'main', params: {{ cacheRetention: '{retention}' }} }}] }} }}"
        );
        let write = |path: &str, text: &str| {
            storage::replace(&state.join(path), text.as_bytes(), Durability::Cached).unwrap();
        };
        write("fased.json", &config);
        let profile = json!({"type": "api_key", "provider": "anthropic", "key": KEY});
        let store = json!({"version": 1, "profiles": {"anthropic:default": profile}});
        write("agents/main/agent/auth-profiles.json", &store.to_string());
        let sandbox = started.recv().unwrap();
        Self { home, clock, sandbox, stop: Some(stop), thread: Some(thread) }
    }

    /// Asks question after question, waiting in between, and gives what each took. A question has so many blocks.
    fn talk(&self, wait: impl Fn(usize) -> Duration, blocks: impl Fn(usize) -> usize) -> Vec<Usage> {
        let env = [
            ("FASED_HOME", self.home.path().display().to_string()),
            ("FASED_NETWORK", "loopback".to_owned()),
            ("ANTHROPIC_BASE_URL", self.sandbox.url()),
        ];
        let env = Env::from_pairs(env.map(|(name, value)| (name.to_owned(), value)));
        let terminal = Terminal::of_this_process(&env);
        let mut ctx = Ctx::new(env, Some(self.home.path().to_owned()), terminal).unwrap();
        ctx.clock = self.clock.clone();
        let agent = Agent::select(&ctx, None).unwrap();
        let system = "Answer shortly, name the source, and say so when something is not known.\n".repeat(100);
        let args = ChatArgs { json: true, system: Some(system), ..ChatArgs::default() };
        let mut session = SessionsDir::of(&agent.selected.id, &ctx.paths).create(self.clock.now());
        models::apply_flags(&ctx, &args, None, &mut session);
        let mut shown = Shown::new(args.json);
        (0..TURNS)
            .map(|number| {
                self.clock.advance(wait(number));
                let block = |block| ContentBlock::text(format!("Point {block} of question {number}."));
                let mut question: Vec<ContentBlock> = (1..blocks(number)).map(block).collect();
                question.push(ContentBlock::text(format!("{number}?\n[sandbox:repeat 20]")));
                let answered =
                    turn::ask(&ctx, &agent, &turn::manner(&args), &mut shown, &mut session, question);
                Usage::from(answered.unwrap_or_else(|failure| panic!("{}", failure.message)).receipt.usage)
            })
            .collect()
    }

    fn markers(&self) -> usize {
        let asked = self.sandbox.requests();
        let bodies = asked.iter().filter_map(|request| request.json());
        bodies.map(|body| body.to_string().matches("cache_control").count()).sum()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}

/// Share of all input that was read from the cache, in percent.
fn read_percent(turns: &[Usage]) -> u64 {
    let sum = |count: fn(&Usage) -> u64| turns.iter().map(count).sum::<u64>();
    sum(|usage| usage.cache_read) * 100 / sum(Usage::total_input)
}

/// Every turn reads all that the turn before read and wrote.
fn check_nothing_is_lost(turns: &[Usage]) {
    for (number, pair) in turns.windows(2).enumerate() {
        let left = pair[0].total_input() - pair[0].input;
        assert!(left > 0 && pair[1].cache_read >= left, "turn {}: {pair:?}", number + 2);
    }
}

#[test]
fn fifty_turns_are_read_from_the_cache_of_five_minutes() {
    let turns = Room::new("short").talk(|turn| Duration::from_secs(turn as u64 * 37 % 300), |_| 1);

    assert!(read_percent(&turns) >= 95, "{}%", read_percent(&turns));
    assert!(turns.iter().all(|usage| usage.cache_write_1h == 0));
    check_nothing_is_lost(&turns);
}

#[test]
fn fifty_turns_are_read_from_the_cache_of_an_hour() {
    let turns = Room::new("long").talk(|turn| Duration::from_secs(turn as u64 * 611 % 3_600), |_| 1);

    assert!(read_percent(&turns) >= 95, "{}%", read_percent(&turns));
    assert!(turns.iter().all(|usage| usage.cache_write_5m == 0));
    check_nothing_is_lost(&turns);
}

#[test]
fn fifty_turns_of_many_blocks_stay_within_reach() {
    let room = Room::new("short");
    let turns = room.talk(|_| Duration::from_secs(60), |turn| [1, 16, 40, 18][turn % 4]);
    check_nothing_is_lost(&turns);
}

#[test]
fn without_retention_no_request_of_fifty_has_a_marker() {
    let room = Room::new("none");
    let turns = room.talk(|_| Duration::from_secs(1), |turn| [1, 18][turn % 2]);
    assert_eq!((room.markers(), read_percent(&turns), turns.len()), (0, 0, TURNS));
    let marked = Room::new("short");
    marked.talk(|_| Duration::from_secs(1), |_| 1);
    assert_eq!(marked.markers(), 2 * TURNS, "the last system block and the last block of the user");
}
