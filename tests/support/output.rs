//! What a run of the program answered.

use std::fmt;

use serde_json::Value;

/// Exit code and streams of one run, with everything that differs from run to run already replaced.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// The command as a person would have typed it, long words shortened.
    pub(crate) line: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Asserts the exit code, showing everything when it is another.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        f.write_str(&self.stdout)?;
        if !self.stdout.is_empty() && !self.stdout.ends_with('\n') {
            f.write_str("<no newline at the end>\n")?;
        }
        if !self.stderr.is_empty() {
            write!(f, "------- stderr -------\n{}", self.stderr)?;
        }
        match self.code {
            Some(code) => writeln!(f, "[exit code: {code}]"),
            None => writeln!(f, "[ended by a signal]"),
        }
    }
}

/// Several runs, read as one.
#[derive(Debug, Default)]
pub(crate) struct Session(String);

impl Session {
    pub(crate) fn add(&mut self, part: impl fmt::Display) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(&part.to_string());
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A command line for reading: words that are long or not plain are shortened or quoted.
pub(super) fn shown(arguments: &[String]) -> String {
    let word = |text: &String| {
        let mut text = text.clone();
        if text.chars().count() > 80 {
            let head: String = text.chars().take(32).collect();
            let tail: String = text.chars().skip(text.chars().count() - 4).collect();
            text = format!("{head}…{tail}");
        }
        let plain = |c: char| c.is_alphanumeric() || "-_.:@%+=/,…".contains(c);
        if !text.is_empty() && text.chars().all(plain) { text } else { format!("{text:?}") }
    };
    let words: Vec<String> = arguments.iter().map(word).collect();
    format!("fased {}", words.join(" ")).trim_end().to_owned()
}
