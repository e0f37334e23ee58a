//! Lines typed by a person in a conversation, with editing and a history that lasts. A paste of several lines is one line.

use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::Terminal;
use super::prompt::{broken, watched};
use crate::error::Failure;
use crate::text::without_credentials;

/// Most lines the history keeps.
const LONGEST_HISTORY: usize = 1000;

/// What came of asking for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// This was typed.
    Text(String),
    /// Ctrl-C; what was typed is gone.
    Interrupted,
    /// Ctrl-D.
    End,
    /// A signal that ends the process.
    Terminated,
}

/// Asks for lines.
#[derive(Debug)]
pub struct LineEditor {
    /// `None` once reading was left behind.
    editor: Option<Editor<(), FileHistory>>,
    history: PathBuf,
}

impl Terminal {
    /// An editor of lines with this history. The directory of the history must exist.
    ///
    /// # Errors
    /// When the terminal fails.
    pub fn line_editor(&self, history: PathBuf) -> Result<LineEditor, Failure> {
        let config = Config::builder()
            .max_history_size(LONGEST_HISTORY)
            .and_then(|config| config.history_ignore_dups(true))
            .map(|config| config.auto_add_history(false).bracketed_paste(true).build());
        let editor = config.and_then(|config| {
            let history = FileHistory::with_config(&config);
            Editor::with_history(config, history)
        });
        let mut editor = editor.map_err(failed)?;
        // The first conversation has none, and one that cannot be read is not worth a word.
        editor.load_history(&history).ok();
        Ok(LineEditor { editor: Some(editor), history })
    }
}

impl LineEditor {
    /// Asks for a line.
    ///
    /// # Errors
    /// When the terminal fails.
    pub fn read(&mut self, prompt: &'static str) -> Result<Line, Failure> {
        let Some(mut editor) = self.editor.take() else { return Ok(Line::End) };
        let Some((editor, line)) = watched(move || {
            let line = editor.readline(prompt);
            (editor, line)
        })?
        else {
            return Ok(Line::Terminated);
        };
        self.editor = Some(editor);
        match line {
            Ok(text) => {
                self.remember(&text);
                Ok(Line::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(failed(error)),
        }
    }

    /// Puts a line into the history, unless a credential was pasted with it.
    fn remember(&mut self, text: &str) {
        let Some(editor) = &mut self.editor else { return };
        if text.trim().is_empty() || without_credentials(text) != text {
            return;
        }
        if let Err(error) = editor.add_history_entry(text).and_then(|_| editor.append_history(&self.history))
        {
            tracing::debug!(%error, "the history was not kept");
        }
    }
}

fn failed(error: ReadlineError) -> Failure {
    match error {
        ReadlineError::Io(error) => broken(&error),
        other => broken(&std::io::Error::other(other.to_string())),
    }
}
