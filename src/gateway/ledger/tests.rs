use jiff::Timestamp;

use super::*;
use crate::auth::health::Billing;
use crate::clock::ManualClock;
use crate::config::AgentId;
use crate::gateway::keys::caps::CapPeriod;
use crate::usage::ledger::{CredentialSource, Outcome, Selection, Tokens};
use crate::usage::period::Period;
use crate::usage::price::MicroDollars;

const NOW: &str = "2026-06-01T12:00:00Z";

struct Room {
    paths: Paths,
    clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
    budget: Arc<Budget>,
    _home: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            paths: Paths::below(home.path()),
            clock: Arc::new(ManualClock::at(NOW.parse().unwrap())),
            metrics: Arc::default(),
            budget: Arc::default(),
            _home: home,
        }
    }

    async fn start(&self) -> LedgerWriter {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (metrics, budget) = (Arc::clone(&self.metrics), Arc::clone(&self.budget));
        LedgerWriter::start(self.paths.clone(), clock, metrics, budget).await.unwrap()
    }

    /// The writer without its thread, and where its rows come from.
    fn desk(&self, room_for: usize) -> (Desk, Arc<LedgerQueue>, Receiver<Box<Row>>) {
        let (sender, rows) = mpsc::sync_channel(room_for);
        let queue = Arc::new(LedgerQueue {
            rows: Mutex::new(Some(sender)),
            is_writable: AtomicBool::new(false),
            metrics: Arc::clone(&self.metrics),
        });
        let desk = Desk {
            paths: self.paths.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            budget: Arc::clone(&self.budget),
            queue: Arc::clone(&queue),
            ledger: None,
            is_loaded: false,
            waiting: Vec::new(),
            was_told: false,
        };
        (desk, queue, rows)
    }

    fn written(&self) -> usize {
        count(&self.paths)
    }

    /// Puts something in the ledger's place that is none.
    fn spoil(&self) {
        crate::storage::create_private_dir(self.paths.state()).unwrap();
        let junk = b"something else that is long enough to see that it is no database at all, is it not";
        crate::storage::replace(&self.paths.usage(), junk, crate::storage::Durability::Cached).unwrap();
    }

    fn mend(&self) {
        std::fs::remove_file(self.paths.usage()).unwrap();
    }

    fn counts(&self, written: u64, lost: u64) {
        let text = self.metrics.text();
        for (result, count) in [("written", written), ("lost", lost)] {
            let line = format!("fased_ledger_rows_total{{result=\"{result}\"}} {count}");
            assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
        }
    }
}

fn count(paths: &Paths) -> usize {
    let ledger = Ledger::open_existing(paths).unwrap().unwrap();
    let period = Period { since: Timestamp::MIN, until: Timestamp::MAX };
    let mut rows = 0;
    ledger.query(&Selection { period, agent: None }, |_| rows += 1).unwrap();
    rows
}

fn row(cost: u64) -> Row {
    Row {
        at: NOW.parse().unwrap(),
        agent: AgentId::main(),
        session: None,
        source: CredentialSource::Profile,
        credential: "anthropic:default".to_owned(),
        billing: Billing::Api,
        requested_model: "claude-sonnet-5".parse().unwrap(),
        served_model: None,
        request_id: None,
        organization_id: None,
        workspace_id: None,
        tokens: Tokens::default(),
        cost: Some(MicroDollars(cost)),
        cache_savings: None,
        outcome: Outcome::Complete,
        stop_reason: None,
        error: None,
        retries: 0,
        failed_attempts: 0,
        duration: Duration::ZERO,
        first_content: None,
        client_key: Some("app".to_owned()),
        charged: None,
    }
}

#[tokio::test]
async fn a_stop_loses_no_row() {
    let room = Room::new();
    let writer = room.start().await;
    let queue = writer.queue();
    assert!(queue.is_writable());
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| (0..500).for_each(|_| queue.record(row(1))));
        }
    });
    drop(writer);
    assert_eq!(room.written(), 2_500);
    room.counts(2_500, 0);
    // Whatever still runs then is not written, and that is counted.
    queue.record(row(1));
    room.counts(2_500, 1);
}

#[tokio::test]
async fn what_keys_have_spent_is_known_from_the_start() {
    let room = Room::new();
    let ledger = Ledger::open(&room.paths, room.clock.as_ref()).unwrap();
    let before = Row { at: "2026-05-31T00:00:00Z".parse().unwrap(), ..row(1_000) };
    let estimated = Row { cost: None, charged: Some(MicroDollars(30)), ..row(0) };
    let of_nobody = Row { client_key: None, ..row(7) };
    ledger.record_all(&[row(5), before, estimated, of_nobody]).unwrap();
    let _writer = room.start().await;
    let (spent, reserved) = room.budget.of("app");
    let of = |period| spent.of(period, NOW.parse().unwrap());
    assert_eq!((of(CapPeriod::Day), reserved), (MicroDollars(35), MicroDollars(0)));
    assert_eq!(of(CapPeriod::Month), MicroDollars(35));
}

#[test]
fn many_rows_are_written_a_thousand_at_a_time() {
    let room = Room::new();
    let (mut desk, queue, rows) = room.desk(QUEUE_ROWS);
    desk.write();
    (0..1_500).for_each(|_| queue.record(row(1)));
    queue.close();
    assert!(desk.collect(&rows));
    assert_eq!(desk.waiting.len(), BATCH_ROWS);
    desk.write();
    room.counts(1_000, 0);
    assert!(!desk.collect(&rows));
    assert_eq!(desk.waiting.len(), 500);
}

#[test]
fn rows_wait_while_the_ledger_cannot_be_written_and_are_there_when_it_can() {
    let room = Room::new();
    room.spoil();
    let (mut desk, queue, rows) = room.desk(QUEUE_ROWS);
    desk.write();
    assert!(!queue.is_writable());
    queue.record(row(5));
    queue.record(row(6));
    desk.collect(&rows);
    desk.write();
    assert!(!queue.is_writable());
    room.counts(0, 0);
    room.mend();
    desk.write();
    assert!(queue.is_writable());
    assert_eq!(room.written(), 2);
    room.counts(2, 0);
    // What was counted while it went on is not counted again.
    assert_eq!(room.budget.of("app").0, crate::gateway::keys::budget::Spent::default());
}

#[test]
fn a_ledger_of_a_newer_program_is_not_written_and_what_waits_at_the_end_is_counted_as_lost() {
    let room = Room::new();
    drop(Ledger::open(&room.paths, room.clock.as_ref()).unwrap());
    let newer = rusqlite::Connection::open(room.paths.usage()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    let (mut desk, queue, rows) = room.desk(QUEUE_ROWS);
    queue.record(row(1));
    queue.close();
    desk.work(&rows);
    assert!(!queue.is_writable());
    room.counts(0, 1);
}

#[test]
fn a_ledger_that_was_moved_away_is_begun_anew() {
    let room = Room::new();
    let (mut desk, _queue, _rows) = room.desk(1);
    desk.waiting.push(row(1));
    desk.write();
    let aside = tempfile::tempdir().unwrap();
    let elsewhere = Paths::below(aside.path());
    crate::storage::create_private_dir(elsewhere.state()).unwrap();
    for name in ["usage.db", "usage.db-wal", "usage.db-shm"] {
        std::fs::rename(room.paths.state().join(name), elsewhere.state().join(name)).unwrap();
    }
    desk.waiting.extend([row(1), row(1)]);
    desk.write();
    assert_eq!((room.written(), count(&elsewhere)), (2, 1));
}

#[test]
fn a_full_queue_costs_rows_and_no_time() {
    let room = Room::new();
    let (_desk, queue, _rows) = room.desk(2);
    (0..5).for_each(|_| queue.record(row(1)));
    room.counts(0, 3);
}

#[test]
fn no_more_rows_wait_than_there_is_room_for() {
    let room = Room::new();
    room.spoil();
    let (mut desk, queue, rows) = room.desk(2 * QUEUE_ROWS);
    (0..QUEUE_ROWS + 10).for_each(|_| queue.record(row(1)));
    queue.close();
    desk.collect(&rows);
    assert_eq!(desk.waiting.len(), QUEUE_ROWS);
    room.counts(0, 10);
}
