//! What must not be lost, tried hard: writers that are killed or many, disks that are full, upstreams that fail, secrets
//! that must not show, a directory of the TypeScript program. `docs/reliability.md` says what is promised.
//!
//! `cargo test` runs a short form. The long form is the same with larger numbers, which the environment gives and
//! `.ci/long` sets: `FASED_KILLS`, `FASED_WRITERS`, `FASED_HERD`, `FASED_HERD_ROUNDS`, `FASED_FAULT_ROUNDS`.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests end when something is not as expected, and set up files by hand"
)]

#[path = "../support/figures.rs"]
mod figures;
#[expect(dead_code, unused_imports, unused_macros, reason = "other test programs use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod commands;
mod disk;
mod faults;
mod herd;
mod home;
mod kills;
mod leaks;
mod sound;
mod typescript;
mod writers;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}
