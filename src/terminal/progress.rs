//! A spinner while something is waited for, on a terminal's stderr only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;
use super::signs::Signs;

const TICK: Duration = Duration::from_millis(100);

/// A spinner that disappears when dropped.
#[derive(Debug)]
#[must_use = "the spinner disappears when this is dropped"]
pub struct Spinner(ProgressBar);

impl Terminal {
    /// Shows what is being waited for, as long as the result lives.
    pub fn spinner(&self, what: &str) -> Spinner {
        // A terminal that cannot go back in a line would show every turn of it.
        let turns = self.is_watched() && !self.is_dumb;
        let target = if turns { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::default_spinner();
        bar.set_style(if self.signs == Signs::Ascii { style.tick_chars("|/-\\ ") } else { style });
        bar.set_message(self.signs.of_text(what, true).into_owned());
        if turns {
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
