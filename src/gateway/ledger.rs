//! Writing down what clients asked. Rows go into a queue that never holds up an answer, and from there in batches into the
//! ledger, by one thread. Trouble with the ledger costs rows at worst, never an answer: rows wait while it cannot be written,
//! and are dropped, counted, when too many do. A kill of the process loses what waited: no more than the last tenth of a
//! second while the ledger can be written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// `None` from the moment it is to end.
    rows: Mutex<Option<SyncSender<Box<Row>>>>,
    is_writable: AtomicBool,
    metrics: Arc<Metrics>,
}

impl LedgerQueue {
    /// Hands in a row. It does not wait, and does not fail: a row there is no room for is counted as lost.
    pub(super) fn record(&self, row: Row) {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = rows.as_ref().is_some_and(|rows| match rows.try_send(Box::new(row)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        });
        if !taken {
            self.metrics.lost_rows.add(1);
        }
    }

    /// Whether rows are written, as far as is known: what was spent is known from them alone, and must be.
    pub(super) fn is_writable(&self) -> bool {
        self.is_writable.load(Ordering::Acquire)
    }

    fn close(&self) {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
        let (sender, rows) = mpsc::sync_channel(QUEUE_ROWS);
        let (opened, is_opened) = oneshot::channel();
        let queue = Arc::new(LedgerQueue {
            rows: Mutex::new(Some(sender)),
            is_writable: AtomicBool::new(false),
            metrics,
        });
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
            desk.work(&rows);
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
    fn work(&mut self, rows: &Receiver<Box<Row>>) {
        while self.collect(rows) {
            self.write();
        }
        self.write();
        let lost = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        if lost > 0 {
            self.queue.metrics.lost_rows.add(lost);
            tracing::error!(rows = lost, "rows are missing in the ledger, which cannot be written");
        }
    }

    /// Waits for a batch, or for the time to try again; says whether there may be more.
    fn collect(&mut self, rows: &Receiver<Box<Row>>) -> bool {
        let is_stuck = !self.queue.is_writable();
        if !is_stuck {
            match rows.recv() {
                Ok(row) => self.waiting.push(*row),
                Err(_) => return false,
            }
        }
        let limit = if is_stuck { RETRY } else { BATCH_TIME };
        let started = self.clock.steady();
        while is_stuck || self.waiting.len() < BATCH_ROWS {
            let left = limit.saturating_sub(self.clock.steady().saturating_sub(started));
            match rows.recv_timeout(left) {
                Ok(row) if self.waiting.len() < QUEUE_ROWS => self.waiting.push(*row),
                Ok(_) => self.queue.metrics.lost_rows.add(1),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
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
