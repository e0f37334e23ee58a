use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::auth::health::Billing;
use crate::clock::ManualClock;
use crate::storage::{Exposure, exposure_of};
use crate::usage::price::MicroDollars;

const NOW: &str = "2026-06-01T12:00:00Z";
const EVER: Period = Period { since: Timestamp::MIN, until: Timestamp::MAX };

struct Room {
    paths: Paths,
    clock: ManualClock,
    _home: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { paths: Paths::below(home.path()), clock: ManualClock::at(NOW.parse().unwrap()), _home: home }
    }

    fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.paths, &self.clock)
    }

    fn rows(&self, period: Period, agent: Option<&str>) -> Vec<Row> {
        let ledger = Ledger::open_existing(&self.paths).unwrap().unwrap();
        let mut rows = Vec::new();
        let selection = Selection { period, agent: agent.map(|id| id.parse().unwrap()) };
        ledger.query(&selection, |row| rows.push(row.clone())).unwrap();
        rows
    }
}

fn row(at: &str, agent: &str) -> Row {
    Row {
        at: at.parse().unwrap(),
        agent: agent.parse().unwrap(),
        session: None,
        source: CredentialSource::Profile,
        credential: "anthropic:default".to_owned(),
        billing: Billing::Api,
        requested_model: "anthropic/claude-sonnet-5".parse().unwrap(),
        served_model: Some("claude-sonnet-5".to_owned()),
        request_id: Some("req_1".to_owned()),
        organization_id: None,
        workspace_id: None,
        tokens: Tokens { input: Some(7), output: Some(0), ..Tokens::default() },
        cost: Some(MicroDollars(14)),
        cache_savings: Some(-3),
        outcome: Outcome::Complete,
        stop_reason: Some("end_turn".to_owned()),
        error: None,
        retries: 1,
        failed_attempts: 2,
        duration: Duration::from_millis(1_234),
        first_content: Some(Duration::from_millis(250)),
        client_key: None,
        charged: None,
    }
}

#[test]
fn what_is_recorded_is_read_again_and_what_is_unknown_stays_unknown() {
    let room = Room::new();
    let failed = Row {
        session: Some("s1".to_owned()),
        source: CredentialSource::Env,
        billing: Billing::Subscription,
        served_model: None,
        tokens: Tokens::default(),
        cost: None,
        cache_savings: None,
        outcome: Outcome::Failed,
        error: Some("rate_limit".to_owned()),
        first_content: None,
        ..row(NOW, "work")
    };
    let whole = row("2026-06-01T12:00:00.001Z", "main");
    let ledger = room.open().unwrap();
    ledger.record(&failed).unwrap();
    ledger.record(&whole).unwrap();
    assert_eq!(room.rows(EVER, None), [failed.clone(), whole.clone()]);
    assert_eq!(room.rows(EVER, Some("work")), std::slice::from_ref(&failed));
    // The end of a period does not belong to it.
    let period = Period { since: failed.at, until: whole.at };
    assert_eq!(room.rows(period, None), [failed]);
}

#[test]
fn its_files_are_private_from_the_first_row_on() {
    let room = Room::new();
    let ledger = room.open().unwrap();
    ledger.record(&row(NOW, "main")).unwrap();
    for name in ["usage.db", "usage.db-wal", "usage.db-shm"] {
        assert_eq!(exposure_of(&room.paths.state().join(name)), Exposure::Private, "{name}");
    }
    assert_eq!(exposure_of(room.paths.state()), Exposure::Private);
}

#[test]
fn without_a_ledger_nothing_is_made_by_reading() {
    let room = Room::new();
    assert!(Ledger::open_existing(&room.paths).unwrap().is_none());
    assert!(!room.paths.state().exists());
}

#[test]
fn one_of_a_newer_program_is_neither_read_nor_written() {
    let room = Room::new();
    drop(room.open().unwrap());
    let path = room.paths.usage();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(room.open(), Err(LedgerError::Newer { version: 99, .. })));
    assert!(matches!(Ledger::open_existing(&room.paths), Err(LedgerError::Newer { version: 99, .. })));
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_is_no_ledger_is_left_alone() {
    for content in
        ["", "not a database, and long enough to see that it is none: no header, no pages, nothing"]
    {
        let room = Room::new();
        storage::create_private_dir(room.paths.state()).unwrap();
        std::fs::File::create(room.paths.usage()).unwrap().write_all(content.as_bytes()).unwrap();
        assert!(room.open().is_err());
        assert!(Ledger::open_existing(&room.paths).is_err());
        assert_eq!(std::fs::read_to_string(room.paths.usage()).unwrap(), content);
    }
    let room = Room::new();
    storage::create_private_dir(room.paths.state()).unwrap();
    Connection::open(room.paths.usage()).unwrap().execute("CREATE TABLE other (x)", []).unwrap();
    assert!(matches!(room.open(), Err(LedgerError::Foreign { .. })));
}

#[test]
fn a_leftover_of_a_killed_creation_is_replaced() {
    let room = Room::new();
    storage::create_private_dir(room.paths.state()).unwrap();
    let leftover = room.paths.state().join("usage.db.tmp");
    std::fs::File::create(&leftover).unwrap().write_all(b"half a ledger").unwrap();
    room.open().unwrap().record(&row(NOW, "main")).unwrap();
    assert_eq!(room.rows(EVER, None).len(), 1);
    assert!(!leftover.exists());
}

#[test]
fn rows_beside_a_ledger_that_was_removed_do_not_come_back() {
    let room = Room::new();
    room.open().unwrap().record(&row(NOW, "main")).unwrap();
    assert!(room.paths.state().join("usage.db-wal").exists());
    std::fs::remove_file(room.paths.usage()).unwrap();
    room.open().unwrap().record(&row(NOW, "work")).unwrap();
    assert_eq!(room.rows(EVER, None), [row(NOW, "work")]);
}

#[test]
fn what_lies_beside_the_ledger_does_not_grow_with_it() {
    let room = Room::new();
    for _ in 0..200 {
        room.open().unwrap().record(&row(NOW, "main")).unwrap();
    }
    let beside = std::fs::metadata(room.paths.state().join("usage.db-wal")).unwrap().len();
    assert!(beside < 2 * CHECKPOINT_BYTES, "{beside} bytes");
    assert_eq!(room.rows(EVER, None).len(), 200);
}

#[test]
fn after_a_checkpoint_that_failed_a_row_waits_for_other_writers_all_the_same() {
    let room = Room::new();
    let ledger = room.open().unwrap();
    ledger.record(&row(NOW, "main")).unwrap();
    let patience = || {
        let limit = ledger.connection.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, u32>(0));
        Duration::from_millis(limit.unwrap().into())
    };
    assert_eq!(patience(), BUSY_LIMIT);
    let beside = std::fs::File::options().append(true).open(room.paths.usage().with_extension("db-wal"));
    beside.unwrap().set_len(CHECKPOINT_BYTES).unwrap();
    // Within a statement of its own that reads, a connection cannot move rows.
    let mut reading = ledger.connection.prepare("SELECT agent FROM requests").unwrap();
    let mut found = reading.query([]).unwrap();
    found.next().unwrap();
    ledger.checkpoint();
    assert_eq!(patience(), BUSY_LIMIT);
}

#[test]
fn rows_of_a_batch_are_written_all_or_none() {
    let room = Room::new();
    let ledger = room.open().unwrap();
    ledger.record_all(&[row(NOW, "main"), row(NOW, "work")]).unwrap();
    // A column that takes no second row like the first.
    ledger.connection.execute("CREATE UNIQUE INDEX once ON requests (at_ms, agent)", []).unwrap();
    let next = row("2026-06-01T12:00:01Z", "main");
    ledger.record_all(&[next.clone(), row(NOW, "main")]).unwrap_err();
    assert_eq!(room.rows(EVER, None).len(), 2);
    ledger.record_all(std::slice::from_ref(&next)).unwrap();
    assert_eq!(room.rows(EVER, None).len(), 3);
}

#[test]
fn whether_it_can_be_written_is_known_without_a_row() {
    let room = Room::new();
    let ledger = room.open().unwrap();
    ledger.check_writable().unwrap();
    // As with a file nobody may write.
    ledger.connection.pragma_update(None, "query_only", true).unwrap();
    ledger.check_writable().unwrap_err();
    ledger.record(&row(NOW, "main")).unwrap_err();
    assert_eq!(room.rows(EVER, None), []);
}

#[test]
fn a_ledger_knows_when_it_was_moved_away() {
    let room = Room::new();
    let ledger = room.open().unwrap();
    ledger.record(&row(NOW, "main")).unwrap();
    assert!(ledger.is_in_place());
    let aside = room.paths.state().join("aside.db");
    std::fs::rename(room.paths.usage(), &aside).unwrap();
    assert!(!ledger.is_in_place());
    let other = room.open().unwrap();
    assert!(other.is_in_place() && !ledger.is_in_place());
}

#[test]
fn charges_and_last_uses_of_client_keys_are_told() {
    let room = Room::new();
    let of = |at: &str, key: Option<&str>, charged: Option<u64>| Row {
        client_key: key.map(str::to_owned),
        charged: charged.map(MicroDollars),
        ..row(at, "main")
    };
    let ledger = room.open().unwrap();
    let unpriced = Row { cost: None, ..of("2026-06-01T09:00:00Z", Some("app"), None) };
    let rows = [
        of("2026-05-31T23:00:00Z", Some("app"), None),
        of("2026-06-01T00:00:00Z", Some("app"), None),
        of("2026-06-01T08:00:00Z", Some("app"), Some(90)),
        unpriced,
        of("2026-06-01T08:00:00Z", Some("other"), None),
        of("2026-06-01T10:00:00Z", None, None),
    ];
    ledger.record_all(&rows).unwrap();
    let mut charges = Vec::new();
    let since = "2026-06-01T00:00:00Z".parse().unwrap();
    ledger.charges(since, |charge| charges.push((charge.key, charge.amount.0))).unwrap();
    charges.sort();
    let app = |amount| ("app".to_owned(), amount);
    assert_eq!(charges, [app(0), app(14), app(90), ("other".to_owned(), 14)]);
    let uses = ledger.last_uses().unwrap();
    assert_eq!((uses["app"].to_string(), uses.len()), ("2026-06-01T09:00:00Z".to_owned(), 2));
}

#[test]
fn one_of_the_first_version_is_brought_up_to_date_by_reading_and_by_writing() {
    for reads in [true, false] {
        let room = Room::new();
        storage::create_private_dir(room.paths.state()).unwrap();
        let mut first = Connection::open(room.paths.usage()).unwrap();
        first.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        schema::migrate(&mut first, &schema::STEPS[..1]).unwrap();
        const OLD: &str = "
            INSERT INTO requests (at_ms, agent, source, credential, billing, provider, requested_model, outcome,
                retries, failed_attempts, duration_ms)
            VALUES (1780315200000, 'main', 'env', 'ANTHROPIC_API_KEY', 'api', 'anthropic', 'm', 'complete', 0, 0, 9)";
        first.execute(OLD, []).unwrap();
        drop(first);
        if !reads {
            room.open().unwrap().record(&row(NOW, "work")).unwrap();
        }
        let rows = room.rows(EVER, Some("main"));
        assert_eq!((rows.len(), rows[0].client_key.as_deref(), rows[0].charged), (1, None, None));
        let version = schema::version(&room.open().unwrap().connection).unwrap();
        assert_eq!(version, schema::version_of(schema::STEPS));
    }
}

#[test]
fn many_writers_at_once_lose_no_row() {
    const WRITERS: usize = 8;
    const ROWS: usize = 25;
    let room = Room::new();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..ROWS {
                    // As processes do it: open, write, close. The real clock is needed to wait for each other.
                    let ledger = Ledger::open(&room.paths, &crate::clock::SystemClock::new()).unwrap();
                    ledger.record(&row(NOW, "main")).unwrap();
                }
            });
        }
    });
    assert_eq!(room.rows(EVER, None).len(), WRITERS * ROWS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_row_is_read_as_it_was_written(
        session in proptest::option::of(".*"),
        credential in ".*",
        tokens in proptest::array::uniform5(proptest::option::of(0..=i64::MAX.unsigned_abs())),
        cost in proptest::option::of(0..=i64::MAX.unsigned_abs()),
        cache_savings in proptest::option::of(any::<i64>()),
        millis in 0..10_000_000_000_u64,
    ) {
        let [input, output, cache_write_5m, cache_write_1h, cache_read] = tokens;
        let row = Row {
            session,
            credential,
            tokens: Tokens { input, output, cache_write_5m, cache_write_1h, cache_read },
            cost: cost.map(MicroDollars),
            cache_savings,
            duration: Duration::from_millis(millis),
            ..row(NOW, "main")
        };
        let room = Room::new();
        room.open().unwrap().record(&row).unwrap();
        prop_assert_eq!(room.rows(EVER, None), [row]);
    }
}
