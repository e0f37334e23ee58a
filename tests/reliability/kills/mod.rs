//! Writers that are killed at random moments. After each kill every file is whole, what was committed is there, what was
//! not is there whole or not at all, and the next writer finds its way.

mod chat;
mod config;
mod doctor;
mod gateway;
pub(crate) mod refresh;
mod store;

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Fased, Output, TestEnv};
use crate::{Dice, figures, sound};

/// Kills of each kind of writer.
const KILLS: u64 = 40;
/// Rounds in one home: what is made first is killed as well as what grows.
const ROUNDS_IN_A_HOME: u64 = 50;

fn kills() -> u64 {
    figures::number("FASED_KILLS", KILLS)
}

/// Something that writes, again and again.
trait Writer {
    /// What is written, for the table.
    const NAME: &'static str;
    /// What may be lost of it.
    const LOST: &'static str = "nothing lost";

    /// Begins in a home of its own.
    fn begin() -> Self;

    /// The home.
    fn env(&self) -> &TestEnv;

    /// The run that may be killed.
    fn run(&mut self, round: u64) -> Fased<'_>;

    /// How long a whole run takes.
    fn whole(&mut self) -> Duration {
        let started = Instant::now();
        self.run(ROUNDS_IN_A_HOME).run();
        started.elapsed()
    }

    /// Asserts what must be there after it. `output` is of a run that came to its end.
    fn check(&mut self, round: u64, output: Option<&Output>);

    /// Asserts what must hold when nobody is killed any more.
    fn end(&mut self);
}

/// Kills a writer until there were enough kills.
fn campaign<W: Writer>() {
    let (mut killed, mut finished, mut left) = (0, 0, 0);
    let mut dice = Dice(42);
    let first = W::begin().whole().as_micros();
    let first = u64::try_from(first).unwrap();
    let mut longest = first;
    while killed < kills() {
        let mut writer = W::begin();
        for round in 0..ROUNDS_IN_A_HOME {
            if killed == kills() {
                break;
            }
            let running = writer.run(round).start();
            // The wait is what is being tested: it decides where in the write the kill falls. Its longest is how long a
            // whole run takes here, kept up as that changes, so that kills fall on all of it.
            std::thread::sleep(Duration::from_micros(dice.below(longest)));
            running.signal(Signal::KILL);
            let output = running.finish();
            let ended = output.code.is_some();
            if ended {
                finished += 1;
                longest = (longest * 9 / 10).max(500);
            } else {
                killed += 1;
                longest = (longest * 26 / 25).min(4 * first);
            }
            let leftovers = sound::check(&writer.env().state(""));
            assert!(leftovers <= 1, "one write left {leftovers} files:\n{}", writer.env().tree());
            left += leftovers;
            writer.check(round, ended.then_some(&output));
        }
        writer.end();
        assert_eq!(sound::check(&writer.env().state("")), 0, "{}", writer.env().tree());
    }
    let came_of_it =
        format!("{}; {finished} ended before their kill, {left} kills left a temporary file", W::LOST);
    figures::add(W::NAME, format!("{killed} kills"), came_of_it);
}

#[test]
fn a_killed_writer_of_the_store_leaves_the_old_or_the_new_one() {
    campaign::<store::Storing>();
}

#[test]
fn a_killed_rename_leaves_the_credential_under_one_of_its_names() {
    campaign::<store::Renaming>();
}

#[test]
fn a_killed_edit_of_the_config_leaves_the_old_or_the_new_one() {
    campaign::<config::Setting>();
}

#[test]
fn a_killed_addition_of_an_agent_leaves_no_agent_without_its_credentials() {
    campaign::<config::AddingAgents>();
}

#[test]
fn a_killed_addition_of_a_clients_key_leaves_all_others() {
    campaign::<gateway::AddingKeys>();
}

#[test]
fn a_killed_question_leaves_its_session_and_the_ledger_whole() {
    campaign::<chat::Asking>();
}

#[test]
fn a_killed_refresh_loses_at_most_a_reply_that_was_under_way_and_says_so() {
    campaign::<refresh::Refreshing>();
}

#[test]
fn a_killed_doctor_leaves_what_it_mended_and_what_it_did_not_whole() {
    campaign::<doctor::Mending>();
}

#[test]
fn a_gateway_that_is_killed_as_it_starts_hinders_no_other() {
    campaign::<gateway::Starting>();
}
