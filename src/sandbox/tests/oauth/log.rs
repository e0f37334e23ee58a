//! What the log says of sign-ins and tokens, and what it must not say.

use super::*;

#[tokio::test]
async fn the_log_counts_grants_by_outcome() {
    let stage = Stage::new().await;
    let pair = signed_in(&stage).await;
    let first = refresh(&text(&pair, "refresh_token"));
    granted(token(&stage, &first)).await;
    is_invalid_grant(token(&stage, &first)).await;
    let found: Vec<_> = stage
        .sandbox
        .requests()
        .into_iter()
        .map(|request| (request.grant_type(), request.status, request.outcome))
        .collect();
    let refreshed = || Some("refresh_token".to_owned());
    assert_eq!(
        found,
        [
            (None, Some(200), None),
            (Some("authorization_code".to_owned()), Some(200), Some("granted")),
            (refreshed(), Some(200), Some("granted")),
            (refreshed(), Some(400), Some("invalid_grant")),
        ]
    );
}

#[tokio::test]
async fn no_secret_of_a_sign_in_is_logged() {
    let stage = Stage::new().await;
    let code = code_for(&stage, &[]).await;
    page(&stage, &format!("/oauth/code/callback?code={code}&state={STATE}")).await;
    let pair = granted(token(&stage, &exchange(&code))).await;
    let next = granted(token(&stage, &refresh(&text(&pair, "refresh_token")))).await;
    is_let_in(&stage, &text(&next, "access_token")).await;
    let assertion = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJGQUtFIn0.RkFLRQ";
    let mut wrong = refresh(WRITTEN_BY_HAND);
    wrong["assertion"] = assertion.into();
    wrong["extra"] = json!({ "code": code });
    granted(token(&stage, &wrong)).await;
    // As a form, to a wrong address, as a query.
    let form = format!("refresh_token={WRITTEN_BY_HAND}&code_verifier={VERIFIER}");
    for path in ["/v1/oauth/token", "/oauth/token"] {
        stage.bare("POST", path).body(form.clone()).send().await.unwrap();
        stage.bare("POST", &format!("{path}?{form}")).json(&exchange(&code)).send().await.unwrap();
    }
    let shown = stage.bare("GET", "/sandbox/requests").send().await.unwrap().text().await.unwrap();
    let logged = format!("{:?}", stage.sandbox.requests());
    let mut secrets = vec![code, VERIFIER.to_owned(), STATE.to_owned(), assertion.to_owned()];
    secrets.push(WRITTEN_BY_HAND.to_owned());
    for reply in [&pair, &next] {
        secrets.extend([text(reply, "access_token"), text(reply, "refresh_token")]);
    }
    for secret in secrets {
        // All but the last four characters, which the masked form may show.
        let hidden = &secret[..secret.len() - 4];
        assert!(!shown.contains(hidden) && !logged.contains(hidden), "{hidden} is in {shown}");
    }
    assert!(shown.contains("user%3Ainference") || shown.contains("user:inference"), "{shown}");
    let log: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(log["requests"][2]["body"]["grant_type"], "authorization_code");
    assert_eq!(log["requests"][2]["body"]["redirect_uri"], REDIRECT);
    assert_eq!(log["requests"][2]["outcome"], "granted");
}
