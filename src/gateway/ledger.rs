//! Writing down what clients asked. Rows go into a queue that never holds up an answer, and from there in batches into the
//! ledger, by one thread that is woken once a batch and not for every row. Trouble with the ledger costs rows at worst, never an answer: rows wait while it cannot be written,
//! and are dropped, counted, when too many do. A kill of the process loses what waited: no more than the last tenth of a
//! second while the ledger can be written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::keys::budget::Budget;
use super::metrics::Metrics;
use crate::clock::Clock;
use crate::config::Paths;
use crate::usage::ledger::{Ledger, LedgerError, Row};

/// How long a row waits for others, and how many are written at once.
const BATCH_TIME: Duration = Duration::from_millis(100);
const BATCH_ROWS: usize = 1_000;
/// How many rows may wait, in the queue and again beside it: a few megabytes.
const QUEUE_ROWS: usize = 8_192;
/// How often a ledger that cannot be written is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where rows are handed in.
#[derive(Debug)]
pub(super) struct LedgerQueue {
    inbox: Mutex<Inbox>,
    /// Told of the first row of a batch, of the last one there is room for, and of the end.
    changed: Condvar,
    is_writable: AtomicBool,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Inbox {
    rows: Vec<Row>,
    /// From the moment it is to end.
    is_closed: bool,
}

impl LedgerQueue {
    fn new(metrics: Arc<Metrics>) -> Self {
        let (inbox, changed) = (Mutex::default(), Condvar::new());
        Self { inbox, changed, is_writable: AtomicBool::new(false), metrics }
    }

    /// Hands in a row. It does not wait, and does not fail: a row there is no room for is counted as lost.
    pub(super) fn record(&self, row: Row) {
        let mut inbox = self.inbox();
        if inbox.is_closed || inbox.rows.len() >= QUEUE_ROWS {
            drop(inbox);
            self.metrics.lost_rows.add(1);
            return;
        }
        inbox.rows.push(row);
        let is_told = matches!(inbox.rows.len(), 1 | BATCH_ROWS);
        drop(inbox);
        if is_told {
            self.changed.notify_one();
        }
    }

    /// Whether rows are written, as far as is known: what was spent is known from them alone, and must be.
    pub(super) fn is_writable(&self) -> bool {
        self.is_writable.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.inbox().is_closed = true;
        self.changed.notify_one();
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // Rows are put in and taken out whole.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a batch, or, where the ledger cannot be written, for the time to try again; then takes all there is. Says
    /// whether there may be more.
    fn take(&self, into: &mut Vec<Row>) -> bool {
        let is_stuck = !self.is_writable();
        let mut inbox = self.inbox();
        if !is_stuck {
            let waited = self.changed.wait_while(inbox, |it| it.rows.is_empty() && !it.is_closed);
            inbox = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let limit = if is_stuck { RETRY } else { BATCH_TIME };
        let goes_on = |it: &mut Inbox| !it.is_closed && (is_stuck || it.rows.len() < BATCH_ROWS);
        let waited = self.changed.wait_timeout_while(inbox, limit, goes_on);
        let (mut inbox, _) = waited.unwrap_or_else(PoisonError::into_inner);
        into.append(&mut inbox.rows);
        !inbox.is_closed
    }
}

/// The thread that writes. Dropping this ends it, when all rows that were handed in are written; it is waited for.
#[derive(Debug)]
pub(super) struct LedgerWriter {
    queue: Arc<LedgerQueue>,
    thread: Option<JoinHandle<()>>,
}

impl LedgerWriter {
    /// Starts the thread, and waits until it has opened the ledger and counted what keys have spent, or has seen that it
    /// cannot.
    pub(super) async fn start(
        paths: Paths,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        budget: Arc<Budget>,
    ) -> std::io::Result<Self> {
        let (opened, is_opened) = oneshot::channel();
        let queue = Arc::new(LedgerQueue::new(metrics));
        let mut desk = Desk {
            paths,
            clock,
            budget,
            queue: Arc::clone(&queue),
            ledger: None,
            is_loaded: false,
            waiting: Vec::new(),
            was_told: false,
        };
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            desk.write();
            // Whoever waits for it may have given up.
            opened.send(()).ok();
            desk.work();
        })?;
        is_opened.await.ok();
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Where rows are handed in.
    pub(super) fn queue(&self) -> Arc<LedgerQueue> {
        Arc::clone(&self.queue)
    }
}

impl Drop for LedgerWriter {
    fn drop(&mut self) {
        self.queue.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of the ledger failed");
        }
    }
}

/// What the thread works with.
struct Desk {
    paths: Paths,
    clock: Arc<dyn Clock>,
    budget: Arc<Budget>,
    queue: Arc<LedgerQueue>,
    ledger: Option<Ledger>,
    /// Whether it is counted what keys had spent before.
    is_loaded: bool,
    waiting: Vec<Row>,
    /// Whether the trouble of now was told.
    was_told: bool,
}

impl Desk {
    fn work(&mut self) {
        while self.collect() {
            self.write();
        }
        self.write();
        let lost = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        if lost > 0 {
            self.queue.metrics.lost_rows.add(lost);
            tracing::error!(rows = lost, "rows are missing in the ledger, which cannot be written");
        }
    }

    /// Takes what was handed in, as far as there is room for it beside what waits; says whether there may be more.
    fn collect(&mut self) -> bool {
        let may_be_more = self.queue.take(&mut self.waiting);
        if self.waiting.len() > QUEUE_ROWS {
            let lost = self.waiting.len() - QUEUE_ROWS;
            self.waiting.truncate(QUEUE_ROWS);
            self.queue.metrics.lost_rows.add(u64::try_from(lost).unwrap_or(u64::MAX));
        }
        may_be_more
    }

    /// Writes what waits, if that is possible now.
    fn write(&mut self) {
        let written = self.try_to_write();
        self.queue.is_writable.store(written.is_ok(), Ordering::Release);
        match written {
            Ok(()) => {
                if std::mem::take(&mut self.was_told) {
                    tracing::info!("the ledger can be written again");
                }
            }
            Err(error) => {
                self.ledger = None;
                if !std::mem::replace(&mut self.was_told, true) {
                    tracing::warn!(%error, "the ledger cannot be written; its rows wait, and keys with a cap are refused");
                }
            }
        }
    }

    fn try_to_write(&mut self) -> Result<(), LedgerError> {
        let ledger = match self.ledger.take().filter(Ledger::is_in_place) {
            Some(ledger) => self.ledger.insert(ledger),
            None => {
                let ledger = Ledger::open(&self.paths, self.clock.as_ref())?;
                if !self.is_loaded {
                    // Nothing of this process is in it yet, so nothing is counted twice.
                    self.budget.load(&ledger, self.clock.now())?;
                    self.is_loaded = true;
                }
                self.ledger.insert(ledger)
            }
        };
        if self.waiting.is_empty() {
            return ledger.check_writable();
        }
        ledger.record_all(&self.waiting)?;
        self.queue.metrics.rows.add(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX));
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
