//! What the sandbox says: a sentence that names itself and repeats the question, always the same for the same request.
//!
//! A line of the last message may ask for something else: `[sandbox:say TEXT]` answers TEXT, and
//! `[sandbox:repeat N]` answers a word N times (at most 100,000). Beside either, `[sandbox:comment TEXT]` puts a comment
//! into the stream, as an intermediary may do to keep a connection open.

use super::request::MessageRequest;
use super::tokens;

/// Characters of the question that are repeated.
const QUOTED: usize = 200;
/// Words in one piece of a streamed answer.
const WORDS_IN_PIECE: usize = 3;
const MOST_REPEATS: usize = 100_000;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its text in the pieces in which it is streamed.
    pub(super) pieces: Vec<String>,
    /// A comment in the stream, which is no part of the answer.
    pub(super) comment: Option<String>,
    pub(super) output_tokens: u64,
    pub(super) stop_reason: &'static str,
}

impl Answer {
    pub(super) fn to(request: &MessageRequest) -> Self {
        let text = steered(&request.question).unwrap_or_else(|| default(&request.question));
        let kept = tokens::first(&text, request.max_tokens);
        let stop_reason = if kept.len() < text.len() { "max_tokens" } else { "end_turn" };
        let comment = commands(&request.question).find_map(|command| command.strip_prefix("comment "));
        Self {
            pieces: pieces(kept),
            comment: comment.map(str::to_owned),
            output_tokens: tokens::of_text(kept),
            stop_reason,
        }
    }

    /// A message that ends before it says anything.
    pub(super) fn empty() -> Self {
        Self { pieces: Vec::new(), comment: None, output_tokens: 0, stop_reason: "end_turn" }
    }
}

fn default(question: &str) -> String {
    let words: Vec<_> = question.split_whitespace().collect();
    let mut quoted: String = words.join(" ");
    if quoted.is_empty() {
        return "This is the Fased sandbox answering; no model was asked. There was no text in your message."
            .to_owned();
    }
    if let Some((end, _)) = quoted.char_indices().nth(QUOTED) {
        quoted.truncate(end);
        quoted.push('…');
    }
    format!("This is the Fased sandbox answering; no model was asked. Your question was: “{quoted}”")
}

fn steered(question: &str) -> Option<String> {
    let says = |command: &str| match command.split_once(' ')? {
        ("say", text) if !text.is_empty() => Some(text.to_owned()),
        ("repeat", times) => {
            let times = times.trim().parse::<usize>().ok()?.min(MOST_REPEATS);
            Some(vec!["word"; times].join(" "))
        }
        _ => None,
    };
    commands(question).find_map(says)
}

/// What stands between `[sandbox:` and `]` on lines of their own.
fn commands(question: &str) -> impl Iterator<Item = &str> {
    question.lines().filter_map(|line| line.trim().strip_prefix("[sandbox:")?.strip_suffix(']'))
}

/// Cuts a text at word boundaries; together the pieces are the text.
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<_> = text.split_inclusive(char::is_whitespace).collect();
    words.chunks(WORDS_IN_PIECE).map(<[_]>::concat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(question: &str, max_tokens: u64) -> Answer {
        let question = serde_json::to_string(question).unwrap();
        let body = format!(
            r#"{{"model":"m","max_tokens":{max_tokens},"messages":[{{"role":"user","content":{question}}}]}}"#
        );
        Answer::to(&MessageRequest::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn it_names_itself_and_repeats_the_question_in_several_pieces() {
        let answer = to("Why is\nthe sky blue?", 100);
        assert_eq!(
            answer.pieces.concat(),
            "This is the Fased sandbox answering; no model was asked. Your question was: “Why is the sky blue?”"
        );
        assert!(answer.pieces.len() > 3);
        assert!(answer.pieces[0].ends_with(' '));
        assert_eq!(answer.stop_reason, "end_turn");
        assert!(to(&"é".repeat(500), 1_000).pieces.concat().ends_with("é…”"));
    }

    #[test]
    fn max_tokens_cuts_the_answer() {
        let answer = to("hi", 3);
        assert_eq!(answer.pieces.concat(), "This is the ");
        assert_eq!((answer.output_tokens, answer.stop_reason), (3, "max_tokens"));
        let none = to("hi", 0);
        assert_eq!((none.pieces.len(), none.output_tokens, none.stop_reason), (0, 0, "max_tokens"));
    }

    #[test]
    fn an_answer_that_just_fits_is_whole() {
        let answer = to("[sandbox:say 12345678]", 2);
        assert_eq!((answer.pieces.concat().as_str(), answer.stop_reason), ("12345678", "end_turn"));
    }

    #[test]
    fn a_line_of_the_question_may_steer_the_answer() {
        assert_eq!(to("please\n  [sandbox:say Hello there]\nthanks", 99).pieces.concat(), "Hello there");
        let repeated = to("[sandbox:repeat 500]", 9_999);
        assert_eq!(repeated.pieces.concat().split(' ').count(), 500);
        let commented = to("[sandbox:comment still here]\n[sandbox:say Hello]", 99);
        assert_eq!(
            (commented.pieces.concat().as_str(), commented.comment.as_deref()),
            ("Hello", Some("still here"))
        );
        for unknown in ["[sandbox:repeat many]", "[sandbox:dance]", "[sandbox:say ]", "say [sandbox:say x]"] {
            assert!(to(unknown, 99).pieces.concat().starts_with("This is the Fased sandbox"), "{unknown}");
        }
    }
}
