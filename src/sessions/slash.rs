//! What is said to the program and not to the model: lines that begin with a slash and a word. A path is no such line,
//! and neither is anything behind a space.

/// What such a line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slash<'a> {
    /// `/model`: which model is asked.
    Model,
    /// `/model list`: which there are.
    ModelList,
    /// `/model status`: the health of credentials.
    ModelStatus,
    /// `/model default`: back to the agent's models.
    ModelDefault,
    /// `/model REF[@profile]`: asks this model from now on.
    ModelSet(&'a str),
    /// `/new`: another session.
    New,
    /// `/usage`: what this session took.
    Usage,
    /// `/help`
    Help,
    /// `/quit`
    Quit,
    /// No such word.
    Unknown {
        /// The word.
        word: &'a str,
        /// One that was perhaps meant.
        meant: Option<&'static str>,
    },
}

/// The words, and what they do.
pub const WORDS: [(&str, &str); 9] = [
    ("/model", "which model this session asks"),
    ("/model REF[@profile]", "ask another model, or another credential, in this session"),
    ("/model default", "ask the agent's models again"),
    ("/model list", "the models there are"),
    ("/model status", "the health of credentials"),
    ("/new", "begin another session"),
    ("/usage", "what this session took"),
    ("/help", "these lines"),
    ("/quit", "leave; so does Ctrl-D"),
];

/// More distant words are not what was meant.
const FARTHEST: usize = 2;

/// Reads a line; `None` when it is for the model.
pub fn parse(line: &str) -> Option<Slash<'_>> {
    let typed = line.strip_prefix('/')?;
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    // People write `/model: opus` too.
    let word = word.strip_suffix(':').unwrap_or(word);
    if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return None;
    }
    let rest = rest.trim();
    Some(match (word, rest) {
        ("model", "") => Slash::Model,
        ("model", "list") | ("models", "") => Slash::ModelList,
        ("model", "status") => Slash::ModelStatus,
        ("model", "default") => Slash::ModelDefault,
        ("model", reference) => Slash::ModelSet(reference),
        ("new", _) => Slash::New,
        ("usage", _) => Slash::Usage,
        ("help", _) => Slash::Help,
        ("quit" | "exit", _) => Slash::Quit,
        _ => Slash::Unknown { word, meant: meant(word) },
    })
}

/// The nearest word there is.
fn meant(word: &str) -> Option<&'static str> {
    let words = WORDS.iter().map(|(word, _)| *word).filter(|word| !word.contains(' '));
    let distance = |known: &&str| strsim::damerau_levenshtein(word, known.trim_start_matches('/'));
    words.min_by_key(distance).filter(|known| distance(known) <= FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_understood() {
        for (line, meaning) in [
            ("/model", Slash::Model),
            ("/model  list ", Slash::ModelList),
            ("/models", Slash::ModelList),
            ("/model status", Slash::ModelStatus),
            ("/model default", Slash::ModelDefault),
            ("/model opus@anthropic:me@example.com", Slash::ModelSet("opus@anthropic:me@example.com")),
            ("/model: opus", Slash::ModelSet("opus")),
            ("/new", Slash::New),
            ("/usage", Slash::Usage),
            ("/help", Slash::Help),
            ("/quit", Slash::Quit),
            ("/exit", Slash::Quit),
        ] {
            assert_eq!(parse(line), Some(meaning), "{line}");
        }
        for (word, _) in WORDS {
            assert!(!matches!(parse(word), None | Some(Slash::Unknown { .. })), "{word}");
        }
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        assert_eq!(parse("/modle opus"), Some(Slash::Unknown { word: "modle", meant: Some("/model") }));
        assert_eq!(parse("/quti"), Some(Slash::Unknown { word: "quti", meant: Some("/quit") }));
        assert_eq!(parse("/frobnicate"), Some(Slash::Unknown { word: "frobnicate", meant: None }));
    }

    #[test]
    fn paths_and_what_stands_behind_a_space_are_for_the_model() {
        for line in ["", "hi", "/etc/hosts is a file", "/", "// a comment", " /model", "/42", "1/2"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
