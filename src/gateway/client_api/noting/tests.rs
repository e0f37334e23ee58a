//! A state that another process has locked holds up nobody but the request that is about it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::super::tests::World;
use crate::clock::{Clock, SystemClock};
use crate::storage::FileLock;

/// Longest wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time in which whoever waits for a lock sleeps until it is told.
#[derive(Debug)]
struct Sleepers {
    clock: SystemClock,
    /// How many sleep, and whether they are to wake.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Sleepers {
    fn wake(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }

    /// Returns once somebody sleeps.
    fn wait_for_one(&self) {
        let state = self.state.lock().unwrap();
        let waited =
            self.changed.wait_timeout_while(state, PATIENCE, |(sleeping, _)| *sleeping == 0).unwrap();
        assert!(!waited.1.timed_out(), "nobody waits for the lock");
    }
}

impl Clock for Sleepers {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn steady(&self) -> Duration {
        self.clock.steady()
    }

    fn sleep(&self, duration: Duration) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, PATIENCE, |(_, awake)| !*awake).unwrap();
        drop(waited);
        self.clock.sleep(duration);
    }
}

/// Asks a gateway with one serving thread about its health while a note about the answer to a client waits for the lock of
/// the state.
fn serves_while_a_note_waits(name: &'static str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sleepers =
        Arc::new(Sleepers { clock: SystemClock::new(), state: Mutex::default(), changed: Condvar::new() });
    let world = Arc::new(runtime.block_on(World::with_clock(&[name], "", sleepers.clone())));
    let lock = world.paths.state().join("agents/main/agent/state.lock");
    let locked = FileLock::try_acquire(&lock).unwrap().unwrap();
    let asking = Arc::clone(&world);
    let asked = runtime.spawn(async move { asking.ask("hi", false).await.text().await });
    sleepers.wait_for_one();
    let health = health(&world.gateway.instance().url);
    sleepers.wake();
    drop(locked);
    let health = health.expect("nothing was served meanwhile");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    runtime.block_on(asked).unwrap().unwrap();
    let World { gateway, sandbox, paths, dir: _dir, .. } = Arc::into_inner(world).unwrap();
    // The end waits for the note.
    assert!(runtime.block_on(gateway.stop(PATIENCE)));
    runtime.block_on(sandbox.shutdown()).unwrap();
    let state = std::fs::read_to_string(paths.state().join("agents/main/agent/auth-state.json")).unwrap();
    assert!(state.contains(name), "{state}");
}

/// Asks for it on this thread, because a runtime whose only thread is held up would not even notice how long it takes.
fn health(url: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(url.trim_start_matches("http://"))?;
    connection.set_read_timeout(Some(PATIENCE / 2))?;
    connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_failure_is_noted_apart_from_what_is_served() {
    serves_while_a_note_waits("fault-rate-limit");
}

#[test]
fn a_success_is_noted_apart_from_what_is_served() {
    serves_while_a_note_waits("one");
}
