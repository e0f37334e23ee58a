//! A secret that the gateway knows stands in no answer and no line of its log, whatever it is asked: keys and tokens of the
//! agents, keys of its clients, its own token, cookies and codes of browsers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use fased::gateway;
use serde_json::{Value, json};

use crate::inside::client_keys;
use crate::support::{TestEnv, TestGateway, TestSandbox, key, token};

/// A part of every secret here that stands nowhere else.
const CANARY: &str = "cAnArY9c1f";
/// Streams of events have no end; whoever is silent for so long has said what there is.
const SILENT: Duration = Duration::from_millis(500);

/// So many bodies go where others have gone already.
const FEW: usize = 3;

struct Watch {
    gateway: TestGateway,
    env: TestEnv,
    /// Secrets that were made by chance.
    made: Vec<String>,
    asked: usize,
}

impl Watch {
    /// Sends a request and looks through the whole answer.
    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> String {
        let host = self.gateway.url().trim_start_matches("http://");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            let length = body.len();
            request.push_str(&format!("content-type: application/json\r\ncontent-length: {length}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(SILENT)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        self.asked += 1;
        for secret in self.made.iter().map(String::as_str).chain([CANARY]) {
            assert!(!answer.contains(secret), "{method} {path} tells a secret:\n{answer}");
        }
        answer
    }
}

fn set_up(env: &TestEnv, url: &str) {
    let canary = |kind: &str| format!("{CANARY}-{kind}");
    let profile = |kind: &str, field: &str, secret: &str| {
        let mut profile = json!({ "type": kind, "provider": "anthropic" });
        profile[field] = secret.into();
        profile
    };
    let mut pair = profile("oauth", "access", &token(&canary("access"), "aaaa"));
    pair["refresh"] = format!("sk-ant-ort01-sandbox-{}-{}", canary("refresh"), "0".repeat(60)).into();
    pair["expires"] = 4_000_000_000_000_i64.into();
    let main = json!({
        "anthropic:default": profile("api_key", "key", &key(&canary("default"), "x3Qw")),
        "anthropic:plan": profile("token", "token", &token(&canary("plan"), "77aa")),
        "anthropic:me@example.com": pair,
    });
    let work = json!({
        "anthropic:default": profile("api_key", "key", &key(&canary("fault-auth"), "k2k2")),
        "anthropic:old": profile("api_key", "key", &key(&canary("fault-overloaded"), "k3k3")),
    });
    for (agent, profiles) in [("main", main), ("work", work)] {
        let store = json!({ "version": 1, "profiles": profiles });
        env.write(&format!("agents/{agent}/agent/auth-profiles.json"), &store.to_string());
    }
    let team = key(&canary("team"), "tttt");
    env.write(
        "fased.json",
        &json!({
            "agents": { "list": [{ "id": "main", "default": true }, { "id": "work" }] },
            "models": { "providers": { "team": { "baseUrl": url, "apiKey": team, "headers": { "x-team": team } } } },
            "gateway": { "allowSubscription": true },
        })
        .to_string(),
    );
}

/// What may be meant by the braces of a path.
fn filled(path: &str, secret: &str) -> Vec<String> {
    if !path.contains('{') {
        return vec![path.to_owned()];
    }
    let fill = |agent: &str, other: &str| {
        let segments = path.split('/').map(|segment| match segment {
            "{agent}" => agent.to_owned(),
            braces if braces.starts_with('{') => other.to_owned(),
            plain => plain.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    };
    vec![
        fill("main", "anthropic%3Adefault"),
        fill("work", "anthropic%3Adefault"),
        fill("main", "claude-sonnet-5"),
        fill("main", &format!("anthropic%3A{secret}")),
        fill(secret, "x"),
    ]
}

#[test]
fn no_secret_is_in_any_answer_or_line_of_the_log() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("FASED_LOG", "trace");
    set_up(&env, &sandbox.url());
    let owner = format!("gateway-token-sandbox-{CANARY}");
    env.write("gateway.token", &owner);
    let client = format!("fased-ck-sandbox-{CANARY}");
    env.write("gateway-keys.json", &client_keys(&client, &json!({})));
    let mut watch = Watch { gateway: TestGateway::start(&env), env, made: Vec::new(), asked: 0 };

    let bearer = format!("Bearer {owner}");
    let token = [("authorization", bearer.as_str())];
    // The one answer that is a secret, and the one head.
    let code = watch.ask("POST", "/api/login-codes", &token, Some("{}"));
    let code: Value = serde_json::from_str(code.split_once("\r\n\r\n").unwrap().1).unwrap();
    let code = code["code"].as_str().unwrap().to_owned();
    let entered = watch.ask("POST", "/login", &[], Some(&json!({ "code": code }).to_string()));
    let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    watch.made = vec![code, cookie.split_once('=').unwrap().1.to_owned()];

    let wrong = key(&format!("{CANARY}-wrong"), "0000");
    let secret = key(&format!("{CANARY}-typed"), "9999");
    let credentials: [&[(&str, &str)]; 6] = [
        &[],
        &[("x-api-key", &client)],
        &token,
        &[("cookie", &cookie), ("sec-fetch-site", "same-origin")],
        &[("x-api-key", &wrong)],
        &[("authorization", &format!("Bearer {wrong}")), ("cookie", &format!("{cookie}x"))],
    ];
    let known = "anthropic:default";
    let documents = [
        json!({}),
        json!({ "model": "claude-sonnet-5", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] }),
        json!({ "model": "no-such-model", "max_tokens": 9, "stream": true, "messages": [{ "role": "user", "content": "hi" }] }),
        json!({ "text": "hi" }),
        json!({ "text": "hi", "model": secret }),
        json!({ "model": secret }),
        json!({ "code": secret }),
        json!({ "undo": secret }),
        json!({ "agentId": secret }),
        json!({ "method": "api-key", "secret": secret }),
        json!({ "method": "token", "secret": secret }),
        json!({ "method": secret, "secret": secret }),
        json!({ "method": "api-key", "secret": secret, "provider": secret, "profileId": secret }),
        json!({ "method": "api-key", "secret": wrong, "profileId": known }),
        json!({ "profileId": known }),
        json!({ "profileId": secret }),
        json!({ "profileId": format!("anthropic:{secret}") }),
        json!({ "profileId": known, "name": secret }),
        json!({ "profileId": known, "direction": "down" }),
        json!({ "provider": "anthropic", "order": [secret] }),
        json!({ secret.as_str(): secret }),
    ];
    let mut bodies: Vec<String> = documents.iter().map(Value::to_string).collect();
    bodies.push(format!("{{\"key\": \"{secret}\" not json"));
    // What people say to a model is theirs to say; what they paste into a sign-in is not.
    let pasted = json!({ "text": secret }).to_string();
    // Reads first; what ends everything for a browser comes last.
    let mut routes: Vec<(&http::Method, &str)> = gateway::routes().collect();
    routes.sort_by_key(|(method, path)| (*method != http::Method::GET, *path == "/api/logout"));
    for (method, route) in routes {
        let mut is_first = true;
        for path in filled(route, &secret) {
            for headers in credentials {
                if *method == http::Method::GET {
                    watch.ask(method.as_str(), &path, headers, None);
                    continue;
                }
                let is = |secret: &str| headers.first().is_some_and(|(_, value)| *value == secret);
                let opens = is(&client) || is(&bearer) || is(&cookie);
                let count = match (is_first, opens && !is(&cookie)) {
                    (true, true) => usize::MAX,
                    _ if opens => FEW,
                    _ => 1,
                };
                let pasted = route.ends_with("/paste").then_some(&pasted);
                // New codes are secrets, and answers with them are meant.
                let bodies = bodies.iter().filter(|_| route != "/api/login-codes" || !opens);
                for body in pasted.into_iter().chain(bodies).take(count) {
                    watch.ask(method.as_str(), &path, headers, Some(body));
                }
            }
            is_first = false;
        }
        if *method != http::Method::GET {
            // What a write removed or replaced is there for the next one.
            set_up(&watch.env, &sandbox.url());
        }
    }
    assert!(watch.asked > 100, "{}", watch.asked);
    let Watch { gateway, mut made, .. } = watch;
    let (_, log) = gateway.stop();
    assert!(log.contains("/api/login-codes") && log.contains("TRACE"), "it logged nothing:\n{log}");
    made.push(CANARY.to_owned());
    for secret in &made {
        // The line alone: the whole log is long.
        let told = log.lines().find(|line| line.contains(secret));
        assert_eq!(told, None, "{secret}");
    }
}
