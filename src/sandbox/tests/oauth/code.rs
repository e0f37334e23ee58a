//! The exchange of a code, and what the endpoint refuses whatever the grant.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_code_gives_a_pair_and_says_whose_it_is() {
    let stage = Stage::new().await;
    let pair = signed_in(&stage).await;
    let (access, refresh) = (text(&pair, "access_token"), text(&pair, "refresh_token"));
    assert!(access.starts_with("sk-ant-oat01-sandbox-") && access.len() >= 80, "{access}");
    assert!(refresh.starts_with("sk-ant-ort01-sandbox-"), "{refresh}");
    assert_eq!(pair["expires_in"], 28_800);
    assert_eq!(pair["scope"], "user:profile user:inference");
    assert_eq!(pair["account"]["email_address"], "me@example.com");
    assert_eq!(text(&pair["account"], "uuid").len(), 36);
    // The organization is the one the API then answers for.
    let response = ask(&stage, &access).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "anthropic-organization-id"),
        Some(text(&pair["organization"], "uuid").as_str())
    );
}

#[tokio::test]
async fn sign_ins_of_an_account_share_an_organization_and_nothing_else() {
    let stage = Stage::new().await;
    let (one, again) = (signed_in(&stage).await, signed_in(&stage).await);
    let code = code_for(&stage, &[("login_hint", "other@example.com")]).await;
    let other = granted(token(&stage, &exchange(&code))).await;
    assert_eq!(one["organization"], again["organization"]);
    assert_eq!(one["account"], again["account"]);
    assert_ne!(one["access_token"], again["access_token"]);
    assert_ne!(one["refresh_token"], again["refresh_token"]);
    assert_eq!(other["account"]["email_address"], "other@example.com");
    assert_ne!(one["organization"], other["organization"]);
    assert_ne!(one["account"]["uuid"], other["account"]["uuid"]);
}

#[tokio::test]
async fn what_a_code_was_bound_to_must_match() {
    let stage = Stage::new().await;
    for (name, other) in [
        ("client_id", "another-client"),
        ("redirect_uri", "http://127.0.0.1:53692/callback"),
        ("state", "another-state"),
        ("code_verifier", "another-verifier-that-is-long-enough-000000000"),
        ("code", "sandbox-code-0000"),
    ] {
        let code = code_for(&stage, &[]).await;
        let mut body = exchange(&code);
        body[name] = other.into();
        is_invalid_grant(token(&stage, &body)).await;
        if name != "code" {
            // It was spent by that, so nobody gets a second guess.
            is_invalid_grant(token(&stage, &exchange(&code))).await;
        }
    }
}

#[tokio::test]
async fn a_code_used_twice_revokes_the_pair_it_gave() {
    let stage = Stage::new().await;
    let code = code_for(&stage, &[]).await;
    let pair = granted(token(&stage, &exchange(&code))).await;
    is_let_in(&stage, &text(&pair, "access_token")).await;
    is_invalid_grant(token(&stage, &exchange(&code))).await;
    is_over(&stage, &text(&pair, "access_token"), "OAuth token has been revoked").await;
    is_invalid_grant(token(&stage, &refresh(&text(&pair, "refresh_token")))).await;
}

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let stage = Stage::new().await;
    let (one, other) = (code_for(&stage, &[]).await, code_for(&stage, &[]).await);
    stage.clock.advance(Duration::from_secs(599));
    granted(token(&stage, &exchange(&one))).await;
    stage.clock.advance(Duration::from_secs(1));
    let (_, code, description) = refused(token(&stage, &exchange(&other))).await;
    assert_eq!(
        (code.as_str(), description.as_str()),
        ("invalid_grant", "The authorization code has expired")
    );
}

#[tokio::test]
async fn an_expired_code_can_be_asked_for() {
    let stage = Stage::new().await;
    let code = code_for(&stage, &[("login_hint", "expired-code@example.com")]).await;
    is_invalid_grant(token(&stage, &exchange(&code))).await;
}

#[tokio::test]
async fn an_access_token_ends_with_its_lifetime_and_one_written_by_hand_never_does() {
    let clock = std::sync::Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
    let mut options = SandboxOptions::new(clock.clone());
    options.token_lifetime = Duration::from_secs(60);
    let stage = Stage::with(options, clock).await;
    let pair = signed_in(&stage).await;
    assert_eq!(pair["expires_in"], 60);
    let access = text(&pair, "access_token");
    stage.clock.advance(Duration::from_secs(59));
    is_let_in(&stage, &access).await;
    stage.clock.advance(Duration::from_secs(1));
    is_over(&stage, &access, "OAuth token has expired").await;
    is_let_in(&stage, TOKEN).await;
    // The refresh token outlives it.
    let next = granted(token(&stage, &refresh(&text(&pair, "refresh_token")))).await;
    is_let_in(&stage, &text(&next, "access_token")).await;
}

#[tokio::test]
async fn fields_that_are_missing_or_no_text_are_named() {
    let stage = Stage::new().await;
    for name in ["grant_type", "client_id", "code", "state", "redirect_uri", "code_verifier"] {
        for wrong in [None, Some(json!(7)), Some(json!("")), Some(json!(["x"]))] {
            let mut body = exchange("sandbox-code-0000");
            match wrong {
                Some(wrong) => body[name] = wrong,
                None => drop(body.as_object_mut().unwrap().remove(name)),
            }
            let (status, code, description) = refused(token(&stage, &body)).await;
            assert_eq!((status, code.as_str()), (400, "invalid_request"));
            assert!(description.starts_with(&format!("{name}: ")), "{description}");
        }
    }
    for (name, wrong) in [("code_verifier", "short"), ("client_id", "two words")] {
        let mut body = exchange("sandbox-code-0000");
        body[name] = wrong.into();
        let (status, code, description) = refused(token(&stage, &body)).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"));
        assert!(description.starts_with(name) && !description.contains(wrong), "{description}");
    }
}

#[tokio::test]
async fn only_json_objects_are_taken_and_only_known_grants() {
    let stage = Stage::new().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", WRITTEN_BY_HAND)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let post = || stage.bare("POST", "/v1/oauth/token");
    let as_form = post().header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(refused(as_form).await.0, 415);
    assert_eq!(refused(post().body("{}")).await.0, 415);
    for body in ["", "{", "[]", "\"x\""] {
        let request = post().header("content-type", "application/json").body(body);
        let (status, code, _) = refused(request).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"), "{body}");
    }
    let with_charset = post().header("content-type", "Application/JSON; charset=utf-8");
    granted(with_charset.body(refresh(WRITTEN_BY_HAND).to_string())).await;
    let (status, code, _) = refused(token(&stage, &json!({ "grant_type": "password" }))).await;
    assert_eq!((status, code.as_str()), (400, "unsupported_grant_type"));
    let response = stage.bare("GET", "/v1/oauth/token").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, Some("POST")));
}
