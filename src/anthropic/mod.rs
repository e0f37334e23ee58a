//! The client of Anthropic's Messages API: it signs requests, sends each exactly once, and turns answers, streams and
//! failures into types. It reads no terminal, environment or clock; addresses, versions, beta names, proxies and
//! timeouts are handed in through [`ClientOptions`]. Which credential to use, retries and failover are left to callers.
//!
//! ```no_run
//! use fased::anthropic::{Answer, Authorization, BetaNames, Client, ClientOptions, MessageRequest};
//! use fased::secret::Secret;
//!
//! # async fn run() -> Result<(), fased::anthropic::Error> {
//! let base_url = url::Url::parse("https://api.anthropic.com").unwrap();
//! let client = Client::new(ClientOptions::new(base_url, "2023-06-01", "example/1.0", BetaNames::default()))?;
//! let authorization = Authorization::ApiKey(Secret::new("sk-ant-api03-..."));
//! let mut request = MessageRequest::new("claude-sonnet-5", 1024);
//! request.push_user("Say hello");
//!
//! let mut stream = client.stream_message(&authorization, &request).await?;
//! let mut answer = Answer::default();
//! while let Some(event) = stream.next().await {
//!     answer.apply(&event?);
//! }
//! assert!(!answer.text().is_empty());
//! # Ok(())
//! # }
//! ```

mod answer;
pub mod attachment;
pub mod cache;
mod client;
mod commit;
mod endpoint;
mod error;
mod event;
mod headers;
pub mod http;
mod redact;
mod relay;
mod sse;
mod stream;
mod types;
mod usage;

#[cfg(test)]
mod wire_tests;

pub use self::http::{ProxySettings, Transport, TrustSettings};
pub use answer::{Answer, AnswerHead};
pub use client::{Client, ClientOptions, Timeouts};
pub use commit::{CommitPoint, HOLD_LIMIT};
pub use endpoint::{Endpoint, NetworkPolicy};
pub use error::{ApiError, ApiErrorKind, Error, TimeoutPhase};
pub use event::{Delta, StreamEvent, frame_commits};
pub use headers::{Authorization, BetaNames, RateLimits, ResponseMeta};
pub use relay::{Relayed, RelayedAnswer, passed_on};
pub use sse::{Fields, Frame, FrameSplitter};
pub use stream::{EVENT_LIMIT, MessageStream};
pub use types::{ContentBlock, Message, MessageRequest, ModelInfo, ModelPage, Reply, Role, TextBlock};
pub use usage::{CacheCreation, Manner, Tariff, Usage, UsageUpdate, Usual};
