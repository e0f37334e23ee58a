//! The link, the consent page, and the page that shows a code.

use super::*;

#[tokio::test]
async fn consent_offers_approving_denying_and_a_code_to_paste() {
    let stage = Stage::new().await;
    let (status, page) = consent(&stage, &[]).await;
    assert_eq!(status, 200);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("me@example.com") && page.contains("<li>user:inference</li>"), "{page}");
    let approve = link(&page, "approve").unwrap();
    assert!(approve.as_str().starts_with(&format!("{REDIRECT}?")), "{approve}");
    assert_eq!(parameter(&approve, "state").unwrap(), STATE);
    let code = parameter(&approve, "code").unwrap();
    assert!(page.contains(&format!("<code id=\"paste\">{code}#{STATE}</code>")), "{page}");
    let deny = link(&page, "deny").unwrap();
    assert_eq!(parameter(&deny, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&deny, "state").unwrap(), STATE);
    assert_eq!(parameter(&deny, "code"), None);
}

#[tokio::test]
async fn every_consent_has_a_code_of_its_own() {
    let stage = Stage::new().await;
    assert_ne!(code_for(&stage, &[]).await, code_for(&stage, &[]).await);
}

#[tokio::test]
async fn every_parameter_is_checked_and_the_wrong_one_named() {
    let stage = Stage::new().await;
    for (name, wrong) in [
        ("code", &["", "false"] as &[&str]),
        ("client_id", &["", "two words", "sm\u{f8}rrebr\u{f8}d"]),
        ("response_type", &["", "token"]),
        (
            "redirect_uri",
            &[
                "",
                "https://rebound.example/callback",
                "http://localhost:53692/elsewhere",
                "http://127.0.0.1:1/oauth/code/callback",
                "javascript:alert(1)",
            ],
        ),
        ("scope", &["", "user:profile,user:inference", " user:profile"]),
        ("code_challenge", &["", "short", VERIFIER.split_at(42).0]),
        ("code_challenge_method", &["", "plain", "s256"]),
        ("state", &["", "two words"]),
        ("login_hint", &["me", "me@", "a@b@c", "me @example.com", "fault-flood@example.com"]),
    ] {
        for value in wrong {
            let (status, page) = consent(&stage, &[(name, value)]).await;
            assert_eq!(status, 400, "{name}={value}");
            assert!(page.contains(&format!("<code>{name}</code>")), "{name}={value}: {page}");
            assert!(!page.contains("href"), "{name}={value}: {page}");
        }
        let (_, rest) = query(&[("login_hint", "me@example.com")])
            .split_once(&format!("{name}="))
            .map(|(start, rest)| (start.to_owned(), rest.to_owned()))
            .unwrap();
        let value = rest.split('&').next().unwrap();
        let twice = format!("/oauth/authorize?{}&{name}={value}", query(&[("login_hint", "me@example.com")]));
        let (status, page) = page(&stage, &twice).await;
        assert_eq!(status, 400, "{twice}");
        assert!(page.contains(&format!("<code>{name}</code>: it is there twice")), "{page}");
    }
}

#[tokio::test]
async fn parameters_of_others_are_let_be() {
    let stage = Stage::new().await;
    assert_eq!(consent(&stage, &[("prompt", "login")]).await.0, 200);
}

#[tokio::test]
async fn what_a_link_says_is_text_and_never_markup() {
    let stage = Stage::new().await;
    let state = "\"><b>&'";
    let (status, page) = consent(&stage, &[("client_id", "<b>bold</b>"), ("state", state)]).await;
    assert_eq!(status, 200);
    assert!(!page.contains("<b>bold") && !page.contains("\"><b>"), "{page}");
    assert_eq!(parameter(&link(&page, "approve").unwrap(), "state").unwrap(), state);
}

#[tokio::test]
async fn the_code_page_shows_what_approving_sent_there() {
    let stage = Stage::new().await;
    let redirect = format!("{}/oauth/code/callback", stage.sandbox.url());
    let (_, consented) = consent(&stage, &[("redirect_uri", &redirect)]).await;
    let approve = link(&consented, "approve").unwrap();
    assert!(approve.as_str().starts_with(&redirect));
    let (status, shown) = page(&stage, &format!("{}?{}", approve.path(), approve.query().unwrap())).await;
    assert_eq!(status, 200);
    let pasted = format!("{}#{STATE}", parameter(&approve, "code").unwrap());
    assert!(shown.contains(&format!("<code id=\"paste\">{pasted}</code>")), "{shown}");

    let deny = link(&consented, "deny").unwrap();
    let (_, shown) = page(&stage, &format!("{}?{}", deny.path(), deny.query().unwrap())).await;
    assert!(shown.contains("access_denied") && !shown.contains("paste"), "{shown}");

    for (query, name) in
        [("", "code"), ("?state=x", "code"), ("?code=x", "state"), ("?code=x&state=", "state")]
    {
        let (status, shown) = page(&stage, &format!("/oauth/code/callback{query}")).await;
        assert_eq!(status, 400);
        assert!(shown.contains(&format!("<code>{name}</code>")), "{shown}");
    }
}

#[tokio::test]
async fn an_account_that_is_denied_can_only_deny() {
    let stage = Stage::new().await;
    let (status, page) = consent(&stage, &[("login_hint", "denied@example.com")]).await;
    assert_eq!(status, 200);
    assert!(link(&page, "approve").is_none() && !page.contains("paste"), "{page}");
    assert_eq!(parameter(&link(&page, "deny").unwrap(), "error").unwrap(), "access_denied");
}

#[tokio::test]
async fn pages_are_for_looking_at_only() {
    let stage = Stage::new().await;
    for path in ["/oauth/authorize", "/oauth/code/callback"] {
        let response = stage.bare("POST", path).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, Some("GET")));
    }
    let elsewhere = stage.bare("GET", &format!("/oauth/authorize?{}", query(&[])));
    assert_eq!(error(elsewhere.header("host", "rebound.example")).await.0, 403);
}
