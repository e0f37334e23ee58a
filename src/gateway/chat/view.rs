//! A conversation as pages and scripts get it: turns with what was said, what it took, and what went another way.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::log::Event;
use crate::SCHEMA_VERSION;
use crate::anthropic::{ContentBlock, attachment};
use crate::auth::wording;
use crate::config::AgentId;
use crate::error::Failure;
use crate::models::refs::ModelRef;
use crate::sessions::cache::Warmth;
use crate::sessions::{Conversation, ModelChoice, Reply, SessionId, Spent, Totals, Turn};
use crate::text::one_line;
use crate::usage::receipt::grouped;

/// A session with all that was said in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct SessionView {
    schema_version: u32,
    pub(in crate::gateway) agent_id: AgentId,
    pub(in crate::gateway) session_id: SessionId,
    pub(in crate::gateway) title: String,
    /// The model it asks instead of the agent's.
    pub(in crate::gateway) model: Option<ModelRef>,
    /// The profile it is pinned to.
    pub(in crate::gateway) pinned_profile_id: Option<String>,
    /// What it took so far, in words; empty before the first answer.
    pub(in crate::gateway) totals: String,
    /// What is in the prompt cache, while it is there.
    pub(in crate::gateway) cache: Option<CacheView>,
    pub(in crate::gateway) turns: Vec<TurnView>,
}

/// What the last request left in the prompt cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct CacheView {
    /// When it is gone, in milliseconds since 1970.
    pub(in crate::gateway) until: i64,
    pub(in crate::gateway) tokens: u64,
    pub(in crate::gateway) words: String,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct TurnView {
    /// Its place in the conversation, from zero.
    pub(in crate::gateway) index: usize,
    /// When it was asked, in milliseconds since 1970.
    pub(in crate::gateway) asked_at: i64,
    pub(in crate::gateway) question: String,
    /// Files that went with it, by name.
    pub(in crate::gateway) attachments: Vec<String>,
    pub(in crate::gateway) state: TurnState,
    /// The answer, as far as it came.
    pub(in crate::gateway) parts: Vec<Part>,
    /// What went another way than planned, a line each.
    pub(in crate::gateway) notes: Vec<String>,
    /// The receipt in one line.
    pub(in crate::gateway) receipt: Option<String>,
    /// The whole receipt: what, and how much.
    pub(in crate::gateway) receipt_facts: Vec<(&'static str, String)>,
    /// Why there is no answer, or no whole one.
    pub(in crate::gateway) failure: Option<Value>,
}

/// How far a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::gateway) enum TurnState {
    /// The answer is coming.
    Answering,
    /// It is whole.
    Complete,
    /// It ended early.
    Interrupted,
    /// Another process is writing it, or was when it was looked at.
    Elsewhere,
    /// There is none, and the transcript does not have the question.
    Failed,
}

impl TurnState {
    /// Its name in JSON.
    pub(in crate::gateway) fn as_str(self) -> &'static str {
        match self {
            Self::Answering => "answering",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
        }
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::gateway) struct Part {
    pub(in crate::gateway) kind: PartKind,
    pub(in crate::gateway) text: String,
}

/// What a piece of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::gateway) enum PartKind {
    /// What is said.
    Text,
    /// What was thought before.
    Thinking,
}

impl SessionView {
    pub(super) fn of(
        agent_id: AgentId,
        session_id: SessionId,
        conversation: &Conversation,
        now: Timestamp,
    ) -> Self {
        let ModelChoice { model, profile } = conversation.choice().clone();
        let turns = conversation.turns().iter().enumerate();
        let totals = Totals::of(conversation);
        let is_silent = totals.answers + totals.interrupted == 0;
        Self {
            schema_version: SCHEMA_VERSION,
            agent_id,
            session_id,
            title: conversation.title(),
            model,
            pinned_profile_id: profile.map(|profile| profile.to_string()),
            totals: if is_silent { String::new() } else { totals.in_words() },
            cache: crate::sessions::cache::warmth(conversation)
                .and_then(|warmth| CacheView::of(&warmth, now)),
            turns: turns.map(|(index, turn)| TurnView::of(index, turn, Vec::new())).collect(),
        }
    }

    /// The last answer is coming, and this process writes it.
    pub(super) fn answered_by(&mut self, pid: u32) {
        if let Some(turn) = self.turns.last_mut() {
            turn.state = TurnState::Elsewhere;
            turn.notes.push(format!("being answered by another process (pid {pid})"));
        }
    }

    /// Whether nothing was said yet.
    pub(in crate::gateway) fn is_new(&self) -> bool {
        self.turns.is_empty()
    }
}

impl CacheView {
    fn of(warmth: &Warmth, now: Timestamp) -> Option<Self> {
        let tokens = warmth.tokens;
        let model = warmth.model.as_ref().map(|model| format!(" for {}", model.model())).unwrap_or_default();
        (warmth.until > now).then(|| Self {
            until: warmth.until.as_millisecond(),
            tokens,
            words: format!("{} tokens in the cache{model}", grouped(tokens)),
        })
    }
}

impl TurnView {
    /// A question nobody has answered yet.
    pub(super) fn begun(index: usize, asked_at: Timestamp, question: &[ContentBlock]) -> Self {
        let (question, attachments) = asked(question);
        Self {
            index,
            asked_at: asked_at.as_millisecond(),
            question,
            attachments,
            state: TurnState::Answering,
            parts: Vec::new(),
            notes: Vec::new(),
            receipt: None,
            receipt_facts: Vec::new(),
            failure: None,
        }
    }

    /// A turn of a transcript. What was told while it was answered, if anything was, stands in the place of what its receipt
    /// knows of that.
    pub(super) fn of(index: usize, turn: &Turn, told: Vec<String>) -> Self {
        let mut view = Self::begun(index, turn.asked_at, &turn.question);
        view.parts = turn.reply.content().iter().filter_map(part).collect();
        let (state, spent, receipt) = match &turn.reply {
            Reply::Complete { spent, receipt, .. } => (TurnState::Complete, Some(spent), Some(receipt)),
            Reply::Interrupted { spent, receipt, .. } => {
                (TurnState::Interrupted, spent.as_ref(), receipt.as_ref())
            }
        };
        view.state = state;
        view.receipt = spent.map(|spent| spent.line(state == TurnState::Interrupted));
        view.receipt_facts = receipt.map(facts).unwrap_or_default();
        view.notes = match told {
            told if told.is_empty() => receipt.map(notes).unwrap_or_default(),
            told => told,
        };
        match &turn.reply {
            Reply::Complete { stop_reason, .. } if stop_reason.as_deref() == Some("max_tokens") => {
                view.notes.push("! the answer reached the most tokens it might have, and was cut".to_owned());
            }
            Reply::Complete { stop_reason, .. } if stop_reason.as_deref() == Some("refusal") => {
                view.notes.push("! the model refused to answer".to_owned());
            }
            Reply::Complete { .. } if !view.has_text() => {
                view.notes.push("! the answer is empty".to_owned());
            }
            _ => {}
        }
        view
    }

    /// Whether both are of one question.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.asked_at == other.asked_at && self.question == other.question
    }

    fn has_text(&self) -> bool {
        self.parts.iter().any(|part| part.kind == PartKind::Text && !part.text.trim().is_empty())
    }

    /// Why there is no answer, or no whole one.
    pub(super) fn failed(&mut self, failure: &Failure) {
        let document = serde_json::to_value(failure.to_document()).unwrap_or_default();
        self.failure = document.get("error").cloned();
    }

    /// What comes of it with the next event. Pages do the same.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Begin { view } | Event::Done { view, .. } => self.clone_from(view),
            Event::Restart => self.parts.clear(),
            Event::Text { text } => self.append(PartKind::Text, text),
            Event::Thinking { text } => self.append(PartKind::Thinking, text),
            Event::Note { text } => self.notes.push(text.clone()),
        }
    }

    fn append(&mut self, kind: PartKind, text: &str) {
        match self.parts.last_mut() {
            Some(part) if part.kind == kind => part.text.push_str(text),
            _ => self.parts.push(Part { kind, text: text.to_owned() }),
        }
    }

    // For templates.

    pub(in crate::gateway) fn is_interrupted(&self) -> bool {
        self.state == TurnState::Interrupted
    }

    pub(in crate::gateway) fn failure_message(&self) -> Option<&str> {
        self.failure.as_ref()?.get("message")?.as_str()
    }
}

/// The words of a question, and the names of files that go with it.
fn asked(question: &[ContentBlock]) -> (String, Vec<String>) {
    let mut words = Vec::new();
    let mut attachments = Vec::new();
    for block in question {
        match block {
            ContentBlock::Text(block) => words.push(block.text.as_str()),
            image if attachment::is_image(image) => attachments.push("an image".to_owned()),
            ContentBlock::Raw(value) => {
                let title = value.get("title").and_then(Value::as_str).unwrap_or("a file");
                attachments.push(one_line(title));
            }
        }
    }
    (words.join("\n\n"), attachments)
}

fn part(block: &ContentBlock) -> Option<Part> {
    if let Some(text) = block.as_text() {
        return Some(Part { kind: PartKind::Text, text: text.to_owned() });
    }
    let ContentBlock::Raw(value) = block else { return None };
    let text = match value.get("type")?.as_str()? {
        "thinking" => value.get("thinking")?.as_str()?,
        _ => return None,
    };
    (!text.is_empty()).then(|| Part { kind: PartKind::Thinking, text: text.to_owned() })
}

/// Tries that failed before an answer, by its receipt.
fn notes(receipt: &Value) -> Vec<String> {
    let failed = receipt.get("failedAttempts").and_then(Value::as_array).into_iter().flatten();
    let note = |tried: &Value| {
        let text = |name: &str| tried.get(name).and_then(Value::as_str);
        let (credential, model) = (one_line(text("credential")?), one_line(text("model")?));
        Some(format!("→ {credential} gave no answer of {model}: {}", wording::reason(text("reason")?)))
    };
    failed.filter_map(note).collect()
}

/// A receipt as a list.
fn facts(receipt: &Value) -> Vec<(&'static str, String)> {
    let spent = Spent::of(receipt);
    let text = |name: &str| receipt.get(name).and_then(Value::as_str).map(one_line);
    let count = |name: &str| {
        let count = receipt.get("usage").and_then(|usage| usage.get(name)).and_then(Value::as_u64);
        count.filter(|count| *count > 0).map(grouped)
    };
    let asked = text("requestedModel");
    let served = text("model");
    let is_other =
        asked.as_deref().is_some_and(|asked| asked.split_once('/').map(|it| it.1) != served.as_deref());
    let retries = receipt.get("retries").and_then(Value::as_u64).filter(|count| *count > 0);
    let rows = [
        ("Model", served),
        ("Asked for", asked.filter(|_| is_other)),
        ("Credential", text("profileId").or_else(|| text("source"))),
        ("Pays", spent.billing.map(|billing| wording::pays(billing).to_owned())),
        ("Cost", spent.cost_micro_dollars.map(|cost| cost.to_string())),
        ("Input", count("inputTokens")),
        ("Read from cache", count("cacheReadTokens")),
        ("Written to cache, 5 minutes", count("cacheWrite5mTokens")),
        ("Written to cache, 1 hour", count("cacheWrite1hTokens")),
        ("Output", count("outputTokens")),
        ("Time", spent.duration_ms.map(|ms| format!("{}.{:03} s", ms / 1000, ms % 1000))),
        ("Organization", text("organizationId")),
        ("Workspace", text("workspaceId")),
        ("Request", text("requestId")),
        ("Tried again", retries.map(|count| count.to_string())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
