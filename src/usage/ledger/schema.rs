//! The ledger's tables, by version. A step that was released is never changed; a later version appends one.

use rusqlite::{Connection, TransactionBehavior};

/// What makes each version out of the one before it.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        agent TEXT NOT NULL,
        session TEXT,
        source TEXT NOT NULL,
        credential TEXT NOT NULL,
        billing TEXT NOT NULL,
        provider TEXT NOT NULL,
        requested_model TEXT NOT NULL,
        served_model TEXT,
        request_id TEXT,
        organization_id TEXT,
        workspace_id TEXT,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cache_write_5m_tokens INTEGER,
        cache_write_1h_tokens INTEGER,
        cache_read_tokens INTEGER,
        cost_micro_dollars INTEGER,
        cache_savings_micro_dollars INTEGER,
        outcome TEXT NOT NULL,
        stop_reason TEXT,
        error TEXT,
        retries INTEGER NOT NULL,
        failed_attempts INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        first_content_ms INTEGER
    ) STRICT;
    CREATE INDEX requests_by_time ON requests (at_ms);
",
    // Only requests of the gateway's clients have one, so the index is small for everybody else.
    "
    ALTER TABLE requests ADD COLUMN client_key TEXT;
    ALTER TABLE requests ADD COLUMN charged_micro_dollars INTEGER;
    CREATE INDEX requests_by_client_key ON requests (client_key, at_ms) WHERE client_key IS NOT NULL;
",
];

/// The version these steps make.
pub(super) fn version_of(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// The version of a file: the number of steps that made it.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the steps that are missing, all or none.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have taken them while this one waited.
    let taken = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in steps.iter().skip(taken) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", version_of(steps))?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_takes_only_the_steps_that_are_missing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"]).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        assert_eq!(connection.query_row("SELECT x FROM a WHERE y IS NULL", [], |row| row.get(0)), Ok(7));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        assert!(migrate(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)", "nonsense"]).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(connection.query_row("SELECT count(*) FROM b", [], |_| Ok(())).is_err());
    }
}
