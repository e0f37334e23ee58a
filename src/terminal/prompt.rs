//! Questions to a person. Leaving one - Esc, Ctrl-C - is a cancellation that puts the terminal back as it was; nothing
//! asked here is ever answered by a machine.

use std::io;

use anyhow::Context as _;
use dialoguer::console::style as style_of_stderr;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Password, Select};
use zeroize::Zeroizing;

use super::signs::Signs;
use super::{Terminal, style};
use crate::error::{Exit, Failure};
use crate::secret::Secret;
use crate::text::{one_line, without_credentials};

/// One of several answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// What it stands for.
    pub value: T,
    /// What it is called.
    pub label: String,
    /// What is worth knowing before choosing it.
    pub note: String,
}

impl<T> Choice<T> {
    /// An answer with a note.
    pub fn new(value: T, label: &str, note: &str) -> Self {
        Self { value, label: label.to_owned(), note: note.to_owned() }
    }
}

impl Terminal {
    /// How questions look here.
    fn theme(&self) -> ColorfulTheme {
        let theme = ColorfulTheme::default();
        if self.signs == Signs::Unicode {
            return theme;
        }
        let plain = |sign: &str| style_of_stderr(sign.to_owned()).for_stderr();
        ColorfulTheme {
            prompt_suffix: plain(">"),
            active_item_prefix: plain(">"),
            error_prefix: plain("x"),
            ..theme
        }
    }

    /// Lets a person choose one of several answers, the first being offered.
    ///
    /// # Errors
    /// When it is left, or the terminal fails.
    pub fn ask_choice<T>(&self, question: &str, mut choices: Vec<Choice<T>>) -> Result<T, Failure> {
        let width = usize::from(dialoguer::console::Term::stderr().size().1);
        let lines = lines_of(&choices, width.saturating_sub(SELECTION));
        let lines: Vec<String> =
            lines.iter().map(|line| self.signs.of_text(line, true).into_owned()).collect();
        let theme = self.theme();
        // The mark before it and the sign behind it are dialoguer's.
        let asked = cut(question, width.saturating_sub(QUESTION));
        let chosen = ask(move || {
            Select::with_theme(&theme)
                .with_prompt(asked)
                .items(&lines)
                .default(0)
                .report(false)
                .interact_opt()
        })?;
        match chosen {
            Some(index) if index < choices.len() => {
                let choice = choices.swap_remove(index);
                self.say(&format!("{} {question} {}", style::good("✓"), style::dim(&choice.label)));
                Ok(choice.value)
            }
            _ => Err(cancelled()),
        }
    }

    /// Asks for a text, offering one where there is a usual one.
    ///
    /// # Errors
    /// When it is left, or the terminal fails.
    pub fn ask_text(&self, question: &str, usual: Option<&str>) -> Result<String, Failure> {
        let (asked, usual) = (question.to_owned(), usual.map(str::to_owned));
        let theme = self.theme();
        let typed = ask(move || {
            let input =
                Input::<String>::with_theme(&theme).with_prompt(asked).allow_empty(true).report(false);
            match usual {
                Some(usual) => input.default(usual),
                None => input,
            }
            .interact_text()
        })?;
        // A credential at the wrong prompt was seen once too often already.
        let shown = without_credentials(&one_line(&typed));
        self.say(&format!("{} {question} {}", style::good("✓"), style::dim(&shown)));
        Ok(typed)
    }

    /// Asks for a secret without showing it.
    ///
    /// # Errors
    /// When it is left, or the terminal fails.
    pub fn ask_secret(&self, question: &str) -> Result<Secret, Failure> {
        let question = question.to_owned();
        let theme = self.theme();
        let typed = ask(move || {
            Password::with_theme(&theme)
                .with_prompt(question)
                .allow_empty_password(true)
                .report(false)
                .interact()
        })?;
        Ok(Secret::new(Zeroizing::new(typed).as_str()))
    }
}

/// Columns that a menu needs beside its lines: the arrow, and one that stays free.
const SELECTION: usize = 3;
/// The same of the question above them.
const QUESTION: usize = 5;
/// A note shorter than this says nothing and is left out.
const SHORTEST_NOTE: usize = 12;

/// The lines of a menu, none longer than `width`: a line that wraps is not erased after the choice.
fn lines_of<T>(choices: &[Choice<T>], width: usize) -> Vec<String> {
    let widest = choices.iter().map(|choice| choice.label.chars().count()).max().unwrap_or(0);
    let has_room = widest + 3 + SHORTEST_NOTE <= width;
    let line = |choice: &Choice<T>| match has_room {
        true => format!("{:widest$}   {}", choice.label, choice.note),
        false => choice.label.clone(),
    };
    choices.iter().map(|choice| cut(line(choice).trim_end(), width)).collect()
}

/// The text, or as much of its beginning as fits.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", beginning.trim_end())
}

fn cancelled() -> Failure {
    Failure::cancelled("Cancelled; nothing was written.")
}

/// Runs a prompt, and makes leaving it a cancellation.
fn ask<T: Send + 'static>(
    prompt: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match watched(prompt)? {
        Some(Ok(answer)) => return Ok(answer),
        Some(Err(dialoguer::Error::IO(error))) if error.kind() != io::ErrorKind::Interrupted => {
            return Err(broken(&error));
        }
        Some(Err(_)) | None => {}
    }
    dialoguer::console::Term::stderr().show_cursor().ok();
    dialoguer::console::Term::stderr().write_line("").ok();
    Err(cancelled())
}

/// The terminal does not do what is asked of it.
pub(super) fn broken(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, "terminal", format!("Cannot use the terminal: {error}."))
}

/// Reads from the terminal beside a watch for Ctrl-C, which while a secret is typed comes as a signal: without the watch
/// it would end the process and leave the terminal without echo. `None` when the end was asked for; the terminal is as
/// it was before then.
pub(super) fn watched<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Failure> {
    let before = rustix::termios::tcgetattr(io::stdin()).ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(async {
        // Before the prompt turns echo off, so that no Ctrl-C falls between the two.
        let asked_to_end = super::asked_to_end();
        tokio::select! {
            answer = tokio::task::spawn_blocking(read) => answer.ok(),
            _ = asked_to_end => None,
        }
    });
    // After Ctrl-C the prompt still sits in its read; leaving it behind lets the process exit.
    runtime.shutdown_background();
    if let (None, Some(before)) = (&answer, before) {
        rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &before).ok();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_menu_is_longer_than_the_terminal() {
        let choices = [
            Choice::new(1, "Anthropic token (paste setup-token)", "your Claude plan; see the notice"),
            Choice::new(2, "Anthropic API key", "the supported way"),
        ];
        for width in 1..100 {
            for line in lines_of(&choices, width) {
                assert!(line.chars().count() <= width, "{line:?} at {width}");
            }
        }
        assert_eq!(lines_of(&choices, 40)[1], "Anthropic API key");
        assert_eq!(
            lines_of(&choices, 57),
            [
                "Anthropic token (paste setup-token)   your Claude plan;…",
                "Anthropic API key                     the supported way",
            ]
        );
    }
}
