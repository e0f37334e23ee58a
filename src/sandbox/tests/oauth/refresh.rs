//! Refresh tokens: one use each, and a family that ends when one is used again.

use super::*;

#[tokio::test]
async fn every_refresh_gives_a_new_pair_of_the_same_sign_in() {
    let stage = Stage::new().await;
    let first = signed_in(&stage).await;
    let second = granted(token(&stage, &refresh(&text(&first, "refresh_token")))).await;
    for name in ["access_token", "refresh_token"] {
        assert_ne!(first[name], second[name]);
    }
    for name in ["scope", "account", "organization", "expires_in"] {
        assert_eq!(first[name], second[name]);
    }
    granted(token(&stage, &refresh(&text(&second, "refresh_token")))).await;
    // What an earlier access token was good for, it still is.
    is_let_in(&stage, &text(&first, "access_token")).await;
}

#[tokio::test]
async fn a_refresh_token_used_twice_revokes_its_whole_family_and_no_other() {
    let stage = Stage::new().await;
    let (first, bystander) = (signed_in(&stage).await, signed_in(&stage).await);
    let second = granted(token(&stage, &refresh(&text(&first, "refresh_token")))).await;
    is_invalid_grant(token(&stage, &refresh(&text(&first, "refresh_token")))).await;
    is_invalid_grant(token(&stage, &refresh(&text(&second, "refresh_token")))).await;
    for pair in [&first, &second] {
        is_over(&stage, &text(pair, "access_token"), "OAuth token has been revoked").await;
    }
    is_let_in(&stage, &text(&bystander, "access_token")).await;
    granted(token(&stage, &refresh(&text(&bystander, "refresh_token")))).await;
}

#[tokio::test]
async fn of_many_who_use_one_refresh_token_at_once_one_wins_and_all_lose() {
    let stage = Stage::new().await;
    let sent: Vec<_> =
        (0..8).map(|_| tokio::spawn(token(&stage, &refresh(WRITTEN_BY_HAND)).send())).collect();
    let mut replies = Vec::new();
    for one in sent {
        let response = one.await.unwrap().unwrap();
        if response.status() == 200 {
            replies.push(response.json::<Value>().await.unwrap());
        }
    }
    let [reply] = replies.as_slice() else { panic!("{} were granted", replies.len()) };
    is_over(&stage, &text(reply, "access_token"), "OAuth token has been revoked").await;
}

#[tokio::test]
async fn a_refresh_token_written_by_hand_starts_a_family() {
    let stage = Stage::new().await;
    let first = granted(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
    assert_eq!(first.get("account"), None);
    assert!(text(&first, "scope").contains("user:inference"));
    is_let_in(&stage, &text(&first, "access_token")).await;
    granted(token(&stage, &refresh(&text(&first, "refresh_token")))).await;
    is_invalid_grant(token(&stage, &refresh(WRITTEN_BY_HAND))).await;
    is_over(&stage, &text(&first, "access_token"), "OAuth token has been revoked").await;
}

#[tokio::test]
async fn organization_and_workspace_of_a_family_are_those_its_first_token_names() {
    let stage = Stage::new().await;
    let by_hand = "sk-ant-oat01-sandbox-org-acme-workspace-lab-0000-y7Rk";
    let response = ask(&stage, by_hand).send().await.unwrap();
    let ids = |response: &reqwest::Response| {
        ["anthropic-organization-id", "anthropic-workspace-id"]
            .map(|name| header(response, name).unwrap().to_owned())
    };
    let expected = ids(&response);
    let mut refresh_token = "sk-ant-ort01-sandbox-org-acme-workspace-lab-0000-x3Qw".to_owned();
    for _ in 0..2 {
        let pair = granted(token(&stage, &refresh(&refresh_token))).await;
        assert_eq!(pair["organization"]["uuid"], expected[0].as_str());
        let response = ask(&stage, &text(&pair, "access_token")).send().await.unwrap();
        assert_eq!(ids(&response), expected);
        refresh_token = text(&pair, "refresh_token");
    }
}

#[tokio::test]
async fn only_refresh_tokens_of_the_sandbox_and_of_this_client_are_taken() {
    let stage = Stage::new().await;
    for wrong in ["sk-ant-ort01-FAKE-but-not-marked-as-made-up-0000", TOKEN, KEY, "sandbox", "-sandbox-"] {
        is_invalid_grant(token(&stage, &refresh(wrong))).await;
    }
    let pair = signed_in(&stage).await;
    let mut body = refresh(&text(&pair, "refresh_token"));
    body["client_id"] = "another-client".into();
    is_invalid_grant(token(&stage, &body)).await;
    // That spent nothing: it was not its holder who asked.
    granted(token(&stage, &refresh(&text(&pair, "refresh_token")))).await;
    for name in ["client_id", "refresh_token"] {
        let mut body = refresh(WRITTEN_BY_HAND);
        body.as_object_mut().unwrap().remove(name);
        let (status, code, description) = refused(token(&stage, &body)).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"));
        assert_eq!(description, format!("{name}: Field required"));
    }
}

#[tokio::test]
async fn a_refresh_with_the_federation_beta_is_refused_and_spends_nothing() {
    let stage = Stage::new().await;
    let request = token(&stage, &refresh(WRITTEN_BY_HAND));
    let request = request.header("anthropic-beta", "oauth-2025-04-20, oidc-federation-2026-04-01");
    let (status, code, description) = refused(request).await;
    assert_eq!((status, code.as_str()), (400, "invalid_request"));
    assert!(description.contains("federation"), "{description}");
    let request = token(&stage, &refresh(WRITTEN_BY_HAND));
    granted(request.header("anthropic-beta", "oauth-2025-04-20")).await;
}
