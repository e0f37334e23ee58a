//! A spinner while something is waited for, on a terminal's stderr only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

const TICK: Duration = Duration::from_millis(100);

/// A spinner that disappears when dropped.
#[derive(Debug)]
#[must_use = "the spinner disappears when this is dropped"]
pub struct Spinner(ProgressBar);

impl Terminal {
    /// Shows what is being waited for, as long as the result lives.
    pub fn spinner(&self, what: &str) -> Spinner {
        let target =
            if self.is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(what.to_owned());
        if self.is_watched() {
            bar.enable_steady_tick(TICK);
        }
        Spinner(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
