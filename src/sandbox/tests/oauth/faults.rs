//! What can be made to go wrong at the token endpoint, and what each failure leaves behind.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::clock::{Clock as _, SystemClock};
use crate::sandbox::faults::{Fault, Place};

/// Faults that refuse, and how.
const REFUSALS: [(&str, u16, &str); 5] = [
    ("rate-limit", 429, "rate_limit_error"),
    ("overloaded", 529, "overloaded_error"),
    ("api-error", 500, "api_error"),
    ("timeout-error", 504, "timeout_error"),
    ("invalid-grant", 400, "invalid_grant"),
];
/// Faults of which each has a test of its own here.
const OTHERS: [&str; 5] = ["cut-before", "hang", "lost-reply", "no-rotation", "token-html"];

/// How long nothing must come where nothing may come.
const SILENCE: Duration = Duration::from_millis(50);

fn faulty(stage: &Stage, fault: &str, refresh_token: &str) -> RequestBuilder {
    token(stage, &refresh(refresh_token)).header("x-sandbox-fault", fault)
}

#[test]
fn no_fault_of_the_token_endpoint_goes_untested() {
    let here = |(_, fault): &(&str, Fault)| fault.strikes_at(Place::Token);
    let known: BTreeSet<_> = Fault::ALL.into_iter().filter(here).map(|(name, _)| name).collect();
    let tested: BTreeSet<_> = REFUSALS.iter().map(|(name, ..)| *name).chain(OTHERS).collect();
    assert_eq!(known, tested);
}

#[tokio::test]
async fn refusals_come_by_header_and_by_refresh_token_and_spend_nothing() {
    let stage = Stage::new().await;
    for (name, status, code) in REFUSALS {
        let by_hand = format!("sk-ant-ort01-sandbox-fault-{name}-times-2-0000-x3Qw");
        for request in [faulty(&stage, name, WRITTEN_BY_HAND), token(&stage, &refresh(&by_hand))] {
            let found = refused(request).await;
            assert_eq!((found.0, found.1.as_str()), (status, code), "{name}");
        }
        assert_eq!(refused(token(&stage, &refresh(&by_hand))).await.0, status, "{name}");
        granted(token(&stage, &refresh(&by_hand))).await;
    }
    granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
}

#[tokio::test]
async fn every_grant_can_be_refused_by_header_and_a_code_is_then_still_good() {
    let stage = Stage::new().await;
    let code = code_for(&stage, &[]).await;
    let request = token(&stage, &exchange(&code)).header("x-sandbox-fault", "api-error");
    assert_eq!(refused(request).await.0, 500);
    granted(token(&stage, &exchange(&code))).await;
    let federation = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "e30.e30.RkFLRQ",
        "federation_rule_id": "fdrl_01FAKE",
        "organization_id": "6f1c2a34-0000-4000-8000-00123456789a",
    });
    let request = token(&stage, &federation)
        .header("anthropic-beta", "oauth-2025-04-20,oidc-federation-2026-04-01")
        .header("x-sandbox-fault", "overloaded");
    assert_eq!(refused(request).await.0, 529);
}

#[tokio::test]
async fn sign_in_asks_for_faults_by_its_login_hint() {
    let stage = Stage::new().await;
    let hint = "fault-rate-limit-times-1-retry-after-7@example.com";
    let code = code_for(&stage, &[("login_hint", hint)]).await;
    let response = token(&stage, &exchange(&code)).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (429, Some("7")));
    let pair = granted(token(&stage, &exchange(&code))).await;
    assert_eq!(pair["account"]["email_address"], hint);
    // Refreshes of the pair do not meet it.
    granted(token(&stage, &refresh(&text(&pair, "refresh_token")))).await;
}

#[tokio::test]
async fn a_family_keeps_its_faults_and_counts_as_one() {
    let stage = Stage::new().await;
    let mut refresh_token =
        "sk-ant-ort01-sandbox-org-acme-fault-overloaded-after-1-times-2-0000-x3Qw".to_owned();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let response = token(&stage, &refresh(&refresh_token)).send().await.unwrap();
        statuses.push(response.status().as_u16());
        if statuses.last() == Some(&200) {
            refresh_token = text(&response.json().await.unwrap(), "refresh_token");
        }
        assert!(refresh_token.contains("-org-acme-"), "{refresh_token}");
        assert!(refresh_token.contains("-fault-overloaded-after-1-times-2-"), "{refresh_token}");
    }
    assert_eq!(statuses, [200, 529, 529, 200, 200]);
}

#[tokio::test]
async fn a_lost_reply_has_spent_the_refresh_token_and_is_no_byte_long() {
    let stage = Stage::new().await;
    let by_hand = "sk-ant-ort01-sandbox-fault-lost-reply-times-1-0000-x3Qw";
    let body = refresh(by_hand).to_string();
    let mut connection = TcpStream::connect(stage.sandbox.address()).await.unwrap();
    let head = format!(
        "POST /v1/oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    connection.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply, b"");
    is_invalid_grant(token(&stage, &refresh(by_hand))).await;
    let lost = &stage.sandbox.requests()[0];
    assert_eq!((lost.status, lost.outcome), (None, Some("granted")));
}

#[tokio::test]
async fn a_lost_reply_is_an_error_to_a_client_and_its_code_is_gone() {
    let stage = Stage::new().await;
    let code = code_for(&stage, &[]).await;
    let request = token(&stage, &exchange(&code)).header("x-sandbox-fault", "lost-reply");
    request.send().await.unwrap_err();
    is_invalid_grant(token(&stage, &exchange(&code))).await;
}

#[tokio::test]
async fn without_rotation_the_refresh_token_stays_good() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        let reply = granted(faulty(&stage, "no-rotation", WRITTEN_BY_HAND)).await;
        assert_eq!(reply.get("refresh_token"), None);
        is_let_in(&stage, &text(&reply, "access_token")).await;
    }
    granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
}

#[tokio::test]
async fn a_page_in_place_of_a_document_spends_nothing() {
    let stage = Stage::new().await;
    let response = faulty(&stage, "token-html", WRITTEN_BY_HAND).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), Some("text/html; charset=utf-8"));
    assert!(response.text().await.unwrap().starts_with("<!doctype html>"));
    granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
}

#[tokio::test]
async fn a_cut_before_comes_after_the_headers_and_spends_nothing() {
    let stage = Stage::new().await;
    let mut response = faulty(&stage, "cut-before", WRITTEN_BY_HAND).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.is_err());
    granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
}

#[tokio::test]
async fn a_hanging_refresh_spends_nothing_and_ends_with_the_sandbox() {
    let stage = Stage::new().await;
    let mut waiting = tokio::spawn(faulty(&stage, "hang", WRITTEN_BY_HAND).send());
    stage.arrived(1).await;
    assert!(tokio::time::timeout(SILENCE, &mut waiting).await.is_err());
    granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
    stage.sandbox.shutdown().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn a_slow_refresh_has_spent_its_token_while_it_waits() {
    let stage = Stage::new().await;
    let by_hand = "sk-ant-ort01-sandbox-delay-600000ms-0000-x3Qw";
    let waiting = tokio::spawn(token(&stage, &refresh(by_hand)).send());
    let decided = async {
        stage.arrived(1).await;
        let again = token(&stage, &refresh(by_hand)).header("x-sandbox-delay-ms", "0");
        is_invalid_grant(again).await;
    };
    decided.await;
    waiting.abort();
}

#[tokio::test]
async fn a_reply_comes_no_earlier_than_its_delay() {
    let (stage, clock) = (Stage::new().await, SystemClock::new());
    let mut refresh_token = "sk-ant-ort01-sandbox-delay-40ms-0000-x3Qw".to_owned();
    for _ in 0..2 {
        let start = clock.steady();
        let pair = granted(token(&stage, &refresh(&refresh_token))).await;
        assert!(clock.steady() - start >= Duration::from_millis(40));
        refresh_token = text(&pair, "refresh_token");
    }
}

#[tokio::test]
async fn faults_of_the_api_that_mean_nothing_here_are_refused() {
    let stage = Stage::new().await;
    let by_hand = "sk-ant-ort01-sandbox-fault-stall-0000-x3Qw";
    for request in [faulty(&stage, "stall", WRITTEN_BY_HAND), token(&stage, &refresh(by_hand))] {
        let (status, code, description) = refused(request).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"));
        assert!(description.contains("known here are rate-limit, "), "{description}");
    }
}
