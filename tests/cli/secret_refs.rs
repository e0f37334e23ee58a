//! Credentials kept elsewhere: in variables, in files, behind programs. They count like stored ones, are looked up when
//! they are used, and a place that gives nothing is told and never sent.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::JoinHandle;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Screen, Session, TestEnv, TestSandbox, key, snapshot, token};

/// Providers every test here has. Programs run in the directory of the config.
const CONFIG: &str = "{
  secrets: { providers: {
    keys: { source: 'file', path: '~/keys.json' },
    mounted: { source: 'file', path: '~/mounted', mode: 'singleValue' },
    vault: { source: 'exec', command: ['/bin/sh', 'vault.sh'] },
    slow: { source: 'exec', command: ['/bin/sh', 'slow.sh'], timeoutMs: 3000 },
    lineage: { source: 'exec', command: '/bin/sh', args: ['lineage.sh'], passEnv: ['VAULT_ADDR'], jsonOnly: true },
    gone: { source: 'exec', command: ['~/no-such-program'] },
  } },
}";

/// A home with these providers, asking this sandbox.
fn home(sandbox: &TestSandbox) -> TestEnv {
    let mut env = TestEnv::with_sandbox(sandbox);
    env.set("PATH", "/usr/bin:/bin");
    env.write("fased.json", CONFIG);
    env
}

/// Writes a file of secrets into the home, for its owner alone.
fn keep(env: &TestEnv, name: &str, text: &str) {
    let path = env.home().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn by_reference(source: &str, provider: &str, id: &str) -> Value {
    json!({"type": "api_key", "provider": "anthropic",
        "keyRef": {"source": source, "provider": provider, "id": id}})
}

fn store(env: &TestEnv, profiles: &Value) {
    let store = json!({"version": 1, "profiles": profiles});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
}

/// A program that counts its runs and prints the line of that number, the last one for all further runs.
fn prints(env: &TestEnv, script: &str, lines: &[String]) {
    let text = format!("{}\n", lines.join("\n"));
    env.write(&format!("{script}.lines"), &text);
    env.write(
        script,
        &format!(
            "echo run >> {script}.runs\nn=$(wc -l < {script}.runs)\nhead -n $n {script}.lines | tail -n 1\n"
        ),
    );
}

fn runs(env: &TestEnv, script: &str) -> usize {
    std::fs::read_to_string(env.state(&format!("{script}.runs"))).map_or(0, |text| text.lines().count())
}

/// The last characters of the key of the last request.
fn signed_with(sandbox: &TestSandbox) -> String {
    let request = sandbox.last_message();
    let sent = request.header("x-api-key").or(request.header("authorization")).unwrap();
    sent.rsplit('…').next().unwrap().to_owned()
}

#[test]
fn each_kind_of_place_gives_a_credential_like_any_other() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    env.set("WORK_KEY", &key("variable", "v1v1")).set("VAULT_ADDR", "http://127.0.0.1:1");
    keep(&env, "keys.json", &json!({"claude": {"work": key("pointer", "j1j1")}}).to_string());
    keep(&env, "mounted", &format!("{}\n", token("mounted", "m1m1")));
    prints(&env, "vault.sh", &[key("program", "p1p1")]);
    env.write(
        "lineage.sh",
        &format!(
            "read question\ncase $question in *'\"ids\":[\"claude/work\"]'*) ;; *) exit 9;; esac\n\
             test -n \"$VAULT_ADDR\" && test -z \"$WORK_KEY\" || exit 8\n\
             echo '{{\"protocolVersion\":1,\"values\":{{\"claude/work\":\"{}\"}}}}'",
            key("lineage", "l1l1")
        ),
    );
    let mut session = Session::default();
    for (name, place, tail) in [
        ("variable", "env:WORK_KEY", "v1v1"),
        ("pointer", "file:keys:/claude/work", "j1j1"),
        ("mounted", "file:mounted:value", "m1m1"),
        ("program", "exec:vault:claude", "p1p1"),
        ("lineage", "exec:lineage:claude/work", "l1l1"),
    ] {
        let id = format!("anthropic:{name}");
        let choice = if name == "mounted" { "token" } else { "apiKey" };
        let stored =
            env.fased(["onboard", "--secret-ref", place, "--auth-choice", choice, "--profile-id", &id]);
        session.add(stored.exits(0));
        let model = format!("anthropic/claude-sonnet-5@{id}");
        let answer = env.fased(["chat", "hi", "--json", "--model", &model]);
        let receipt = answer.exits(0).json()["receipt"].clone();
        assert_eq!(receipt["profileId"], id.as_str(), "{answer}");
        assert_eq!(receipt["billing"], if name == "mounted" { "subscription" } else { "api" }, "{answer}");
        assert_eq!(signed_with(&sandbox), tail);
    }
    session.add("# what is stored");
    let stored = env.store_json("main")["profiles"].clone();
    for (id, entry) in stored.as_object().unwrap() {
        let reference = entry.get("keyRef").or(entry.get("tokenRef")).unwrap();
        assert!(entry.get("key").is_none() && entry.get("token").is_none(), "{entry}");
        session.add(format!("{id} {} {reference}", entry["type"]));
    }
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    session.add(env.fased(["models", "auth", "list"]).exits(0));
    let status = env.fased(["models", "status", "--json"]).json();
    session.add(serde_json::to_string_pretty(&status["auth"]["oauth"]["profiles"][1]).unwrap());
    session.add(serde_json::to_string_pretty(&status["auth"]["oauth"]["profiles"][4]).unwrap());
    snapshot!("refs_each_kind", session);
}

#[test]
fn a_status_runs_no_program_and_asks_nobody() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    prints(&env, "vault.sh", &[key("program", "p1p1")]);
    store(&env, &json!({"anthropic:vault": by_reference("exec", "vault", "claude")}));
    for arguments in [
        &["models", "status"] as &[&str],
        &["models", "status", "--json"],
        &["models", "status", "--check"],
        &["models", "auth", "list"],
        &["models", "auth", "list", "--json"],
    ] {
        env.fased(arguments.iter().copied()).exits(0);
    }
    assert_eq!((runs(&env, "vault.sh"), sandbox.requests().len()), (0, 0));
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!((runs(&env, "vault.sh"), sandbox.requests().len()), (1, 1));
}

#[test]
fn what_a_place_holds_is_looked_up_at_every_use() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    store(&env, &json!({"anthropic:mounted": by_reference("file", "mounted", "value")}));
    for tail in ["aaaa", "bbbb"] {
        keep(&env, "mounted", &key("mounted", tail));
        env.fased(["chat", "hi"]).exits(0);
        assert_eq!(signed_with(&sandbox), tail);
    }
    let real = env.home().join("elsewhere");
    std::fs::rename(env.home().join("mounted"), &real).unwrap();
    std::os::unix::fs::symlink(&real, env.home().join("mounted")).unwrap();
    env.fased(["chat", "hi"]).exits(0);
}

#[test]
fn a_secret_replaced_where_it_is_starts_clean() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    store(&env, &json!({"anthropic:default": by_reference("env", "default", "WORK_KEY")}));
    for fault in ["revoked", "auth"] {
        env.set("WORK_KEY", &key(&format!("fault-{fault}"), "o1o1"));
        env.fased(["chat", "hi"]).exits(4);
        env.fased(["chat", "hi"]).exits(3);
        env.set("WORK_KEY", &key("good", "n2n2"));
        let windows =
            env.fased(["models", "auth", "cooldown", "list", "--json"]).exits(0).json()["windows"].clone();
        assert_eq!(windows, json!([]), "{fault}");
        env.fased(["models", "status", "--check"]).exits(0);
        env.fased(["chat", "hi"]).exits(0);
        assert_eq!(signed_with(&sandbox), "n2n2");
    }
}

#[test]
fn a_refused_secret_behind_a_program_is_tried_again_now_and_then() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    store(&env, &json!({"anthropic:default": by_reference("exec", "vault", "claude")}));
    prints(&env, "vault.sh", &[key("fault-revoked", "o1o1")]);
    env.fased(["chat", "hi"]).exits(4);
    prints(&env, "vault.sh", &[key("good", "n2n2")]);
    env.fased(["chat", "hi"]).exits(3);
    env.set("FASED_NOW", "2026-06-01T12:31:00Z");
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(signed_with(&sandbox), "n2n2");
    env.fased(["chat", "hi"]).exits(0);
}

#[test]
fn a_place_that_gives_nothing_is_told_and_nothing_is_sent() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    env.set("ADMIN", &format!("sk-ant-admin01-sandbox-{}", "0".repeat(60)));
    keep(&env, "keys.json", "{\n  \"claude\": sk-ant-api03-sandbox }");
    env.write("vault.sh", "echo 'permission denied for me' >&2; exit 3");
    env.write("lineage.sh", "echo 'no such secret'");
    let mut session = Session::default();
    for (source, provider, id) in [
        ("env", "default", "WORK_KEY"),
        ("env", "default", "ADMIN"),
        ("file", "keys", "/claude"),
        ("file", "mounted", "value"),
        ("exec", "vault", "claude/work"),
        ("exec", "lineage", "claude/work"),
        ("exec", "gone", "claude/work"),
        ("exec", "absent", "claude/work"),
        ("file", "vault", "/claude"),
        ("exec", "vault", "claude work"),
        ("keychain", "default", "claude"),
    ] {
        store(&env, &json!({"anthropic:ref": by_reference(source, provider, id)}));
        session.add(format!("# {source} {provider} {id}"));
        session.add(env.fased(["chat", "hi"]).exits(3));
        let document = env.fased(["chat", "hi", "--json"]);
        assert_eq!(document.exits(3).json()["error"]["code"], 3);
        let listed = env.fased(["models", "status", "--json"]);
        let status = listed.exits(0).json();
        session.add(format!("findings: {:#}", status["findings"]));
        let on_use =
            source == "exec" && ["vault", "lineage", "gone"].contains(&provider) && !id.contains(' ');
        let check = if on_use { 0 } else { 1 };
        env.fased(["models", "status", "--check"]).exits(check);
    }
    assert_eq!(sandbox.requests(), []);
    session.add("# as a document");
    store(&env, &json!({"anthropic:ref": by_reference("exec", "vault", "claude/work")}));
    session.add(env.fased(["chat", "hi", "--json"]).exits(3));
    snapshot!("refs_nothing", session);
}

#[test]
fn the_next_credential_takes_over_from_a_place_that_gives_nothing() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    env.write("vault.sh", "exit 3");
    store(
        &env,
        &json!({"anthropic:a": by_reference("exec", "vault", "claude"), "anthropic:b": by_reference("exec", "gone", "x"),
            "anthropic:c": {"type": "api_key", "provider": "anthropic", "key": key("stored", "c1c1")}}),
    );
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    assert_eq!(signed_with(&sandbox), "c1c1");
    session.add("# one that is named is not exchanged");
    session.add(env.fased(["chat", "hi", "--model", "anthropic/claude-sonnet-5@anthropic:a"]).exits(3));
    session.add("# none is left");
    store(
        &env,
        &json!({"anthropic:a": by_reference("exec", "vault", "claude"), "anthropic:b": by_reference("exec", "gone", "x")}),
    );
    session.add(env.fased(["chat", "hi"]).exits(3));
    snapshot!("refs_take_over", session);
}

#[test]
fn a_refused_secret_is_asked_for_once_more_and_never_again() {
    let refused = |fault: &str, tail: &str| key(&format!("fault-{fault}-of-{tail}"), tail);
    // Lines the program prints, exit code, runs, requests.
    for (name, lines, code, expected_runs, expected_requests) in [
        ("renewed after 401", [refused("auth", "a1a1"), key("new", "n1n1")], 0, 2, 2),
        ("renewed after 403", [refused("permission", "a1a1"), key("new", "n1n1")], 0, 2, 2),
        ("refused again", [refused("auth", "a1a1"), refused("auth", "b1b1")], 4, 2, 2),
        ("still the same", [refused("auth", "a1a1"), refused("auth", "a1a1")], 4, 2, 1),
        ("limited", [refused("rate-limit", "a1a1"), key("new", "n1n1")], 4, 1, 1),
        ("accepted", [key("new", "n1n1"), key("newer", "n2n2")], 0, 1, 1),
    ] {
        let sandbox = TestSandbox::start();
        let env = home(&sandbox);
        prints(&env, "vault.sh", &lines);
        store(&env, &json!({"anthropic:vault": by_reference("exec", "vault", "claude")}));
        let output = env.fased(["chat", "hi"]);
        let counts = (output.code, runs(&env, "vault.sh"), sandbox.requests().len());
        assert_eq!(counts, (Some(code), expected_runs, expected_requests), "{name}: {output}");
        if code == 0 {
            assert_eq!(signed_with(&sandbox), "n1n1", "{name}");
        }
    }
}

#[test]
fn a_refused_secret_whose_program_fails_then_is_told_with_both() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    let refused = key("fault-auth", "a1a1");
    env.write("vault.sh", &format!("test -e ran && exit 5\n: > ran\necho {refused}"));
    store(&env, &json!({"anthropic:vault": by_reference("exec", "vault", "claude")}));
    snapshot!("refs_renewal_fails", env.fased(["chat", "hi"]).exits(3));
}

#[test]
fn a_bearer_token_behind_a_program_pays_as_what_it_is() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    prints(&env, "vault.sh", &[token("program", "t1t1")]);
    store(&env, &json!({"anthropic:vault": by_reference("exec", "vault", "claude")}));
    let receipt = env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"].clone();
    assert_eq!(receipt["billing"], "subscription");
    let request = sandbox.last_message();
    assert!(request.header("authorization").unwrap().starts_with("Bearer "));
}

/// Begins to read a pipe in the home that a script holds open; what comes back ends when every process that holds it has
/// ended.
fn watch(env: &TestEnv) -> JoinHandle<()> {
    let pipe = env.state("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::thread::spawn(move || {
        std::fs::File::open(pipe).unwrap().read_to_end(&mut Vec::new()).unwrap();
    })
}

const LEAVES_CHILDREN: &str = "exec 9>pipe\n: > begun\nsleep 1000 & (sleep 1000 & sleep 1000) & wait\n";

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
    for limit in [1000, 5000, 30_000] {
        let sandbox = TestSandbox::start();
        let env = home(&sandbox);
        env.write("fased.json", &CONFIG.replace("timeoutMs: 3000", &format!("timeoutMs: {limit}")));
        env.write("slow.sh", LEAVES_CHILDREN);
        store(&env, &json!({"anthropic:slow": by_reference("exec", "slow", "claude")}));
        let ended = watch(&env);
        let output = env.fased(["chat", "hi"]);
        output.exits(3);
        let words = format!("took longer than {}s and was stopped", limit / 1000);
        assert!(output.stderr.contains(&words), "{output}");
        assert_eq!(sandbox.requests(), []);
        // On a busy machine it may not have begun within its time.
        if env.state("begun").exists() {
            return ended.join().unwrap();
        }
    }
    panic!("it never began");
}

#[test]
fn ctrl_c_ends_a_program_with_all_it_started() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    env.write("vault.sh", LEAVES_CHILDREN);
    env.write("fased.json", &CONFIG.replace("'vault.sh'] }", "'vault.sh'], timeoutMs: 600000 }"));
    store(&env, &json!({"anthropic:vault": by_reference("exec", "vault", "claude")}));
    for arguments in [&["chat", "hi"] as &[&str], &["onboard", "--secret-ref", "exec:vault:claude"]] {
        let ended = watch(&env);
        let running = env.command(arguments.iter().copied()).start();
        while !env.state("begun").exists() {
            std::thread::yield_now();
        }
        running.signal(Signal::INT);
        running.finish().exits(130);
        ended.join().unwrap();
        std::fs::remove_file(env.state("pipe")).unwrap();
        std::fs::remove_file(env.state("begun")).unwrap();
    }
}

#[test]
fn a_file_that_everybody_can_read_is_used_and_named() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    keep(&env, "keys.json", &json!({"a": key("one", "a1a1"), "b": key("two", "b1b1")}).to_string());
    std::fs::set_permissions(env.home().join("keys.json"), PermissionsExt::from_mode(0o644)).unwrap();
    let mut session = Session::default();
    session.add(env.fased(["onboard", "--secret-ref", "file:keys:/a"]).exits(0));
    session
        .add(env.fased(["onboard", "--secret-ref", "file:keys:/b", "--profile-id", "anthropic:b"]).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    env.fased(["chat", "hi"]).exits(0);
    snapshot!("refs_open_file", session);
}

#[test]
fn a_given_key_is_stored_as_the_variable_that_holds_it() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    let one = key("one", "x3Qw");
    let mut session = Session::default();
    let reference = |env: &TestEnv| env.store_json("main")["profiles"]["anthropic:default"]["keyRef"].clone();
    let of = |arguments: &[&str], value: &str| {
        env.command(["onboard"].into_iter().chain(arguments.iter().copied()))
            .set("ANTHROPIC_API_KEY", value)
            .set("CLAUDE", &one)
            .run()
    };
    session.add("# not the same value, or none");
    let literal = ["--secret-input-mode", "ref", "--anthropic-api-key", &one];
    session.add(env.fased(["onboard"].into_iter().chain(literal)).exits(64));
    session.add(of(&literal, &key("other", "o1o1")).exits(64));
    session.add("# a variable that is not set");
    session.add(env.fased(["onboard", "--anthropic-api-key", "${UNSET_KEY}"]).exits(3));
    session.add("# plaintext means plaintext");
    session
        .add(of(&["--secret-input-mode", "plaintext", "--anthropic-api-key", "${CLAUDE}"], &one).exits(64));
    assert!(!env.store("main").exists());

    session.add("# the same value");
    session.add(of(&literal, &one).exits(0));
    assert_eq!(reference(&env), json!({"source": "env", "provider": "default", "id": "ANTHROPIC_API_KEY"}));
    session.add("# the same again");
    session.add(
        of(&["--secret-input-mode", "ref", "--anthropic-api-key", "${ANTHROPIC_API_KEY}"], &one).exits(0),
    );
    session.add("# by the environment alone");
    let alone = ["--secret-input-mode", "ref", "--auth-choice", "apiKey", "--non-interactive", "--json"];
    session.add(of(&alone, &one).exits(0));
    session.add("# another variable, without a word on the mode");
    session.add(of(&["--anthropic-api-key", "${CLAUDE}", "--verify"], &one).exits(0));
    assert_eq!(reference(&env)["id"], "CLAUDE");
    let text = std::fs::read_to_string(env.store("main")).unwrap();
    assert!(!text.contains("sandbox"), "{text}");
    snapshot!("refs_given", session);
}

#[test]
fn a_reference_is_followed_before_it_is_stored() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    env.set("PLAN", &token("plan", "t1t1"))
        .set("ADMIN", &format!("sk-ant-admin01-sandbox-{}", "0".repeat(60)));
    env.write("vault.sh", "exit 3");
    let mut session = Session::default();
    for (place, code) in [
        ("env:UNSET_KEY", 3),
        ("env:ADMIN", 3),
        ("env:PLAN", 64),
        ("file:keys:/claude", 3),
        ("exec:vault:claude", 3),
        ("exec:absent:claude", 3),
        ("exec:keys:claude", 3),
        ("file:mounted:/claude", 3),
        ("keys:/claude", 64),
        ("env:lower", 64),
        ("file:Keys:/x", 64),
    ] {
        session.add(env.fased(["onboard", "--secret-ref", place]).exits(code));
    }
    session.add(env.fased(["onboard", "--secret-ref", "exec:vault:claude", "--json"]).exits(3));
    let one = key("one", "x3Qw");
    session.add(env.fased(["onboard", "--secret-ref", &one]).exits(64));
    session.add(env.fased(["onboard", "--secret-ref", "env:PLAN", "--anthropic-api-key", &one]).exits(64));
    let plaintext = ["onboard", "--secret-ref", "env:PLAN", "--secret-input-mode", "plaintext"];
    session.add(env.fased(plaintext).exits(64));
    session.add(env.fased(["onboard", "--secret-ref", "env:PLAN", "--auth-choice", "skip"]).exits(64));
    session.add(env.fased(["onboard", "--secret-input-mode", "vault"]).exits(64));
    assert!(!env.store("main").exists());
    session.add("# without following it");
    session.add(env.fased(["onboard", "--secret-ref", "exec:absent:claude", "--skip-health"]).exits(3));
    session.add(env.fased(["onboard", "--secret-ref", "exec:vault:claude", "--skip-health"]).exits(0));
    session
        .add(env.fased(["onboard", "--secret-ref", "env:PLAN", "--auth-choice", "token", "--json"]).exits(0));
    snapshot!("refs_followed", session);
}

/// Keeps the model that is offered first.
fn keeps_the_model(screen: &mut Screen) {
    screen.shows("Default model");
    screen.shows("claude-haiku-4-5");
    screen.types("\r");
}

#[test]
fn a_person_is_asked_where_a_credential_is() {
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    env.set("ANTHROPIC_API_KEY", &key("variable", "v1v1"));
    keep(&env, "keys.json", &json!({"claude": key("pointer", "j1j1")}).to_string());
    prints(&env, "vault.sh", &[key("program", "p1p1")]);
    let start = || {
        let run = env.command(["onboard", "--auth-choice", "apiKey", "--secret-input-mode", "ref"]);
        let mut screen = Screen::start(&run);
        screen.shows("Where is this API key stored?");
        screen.shows("Program of secret provider lineage");
        screen
    };
    let reference = || env.store_json("main")["profiles"]["anthropic:default"]["keyRef"].clone();
    let mut screen = start();
    screen.types("\r");
    screen.shows("Environment variable name");
    screen.types("\r");
    keeps_the_model(&mut screen);
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("Saved anthropic:default (API key ref(env:ANTHROPIC_API_KEY))"), "{seen}");
    assert_eq!(reference(), json!({"source": "env", "provider": "default", "id": "ANTHROPIC_API_KEY"}));

    std::fs::remove_file(env.store("main")).unwrap();
    let mut screen = start();
    screen.types("\u{1b}[B\r");
    screen.shows("JSON pointer");
    screen.types("/gone\r");
    screen.shows("has nothing at /gone");
    screen.shows("Where is this API key stored?");
    screen.types("\u{1b}[B\r");
    screen.shows("JSON pointer");
    screen.types("/claude\r");
    keeps_the_model(&mut screen);
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert_eq!(reference(), json!({"source": "file", "provider": "keys", "id": "/claude"}));

    std::fs::remove_file(env.store("main")).unwrap();
    let mut screen = start();
    screen.types("\u{1b}[B\u{1b}[B\u{1b}[B\r");
    screen.shows("Id the program is asked for");
    screen.types("claude\r");
    keeps_the_model(&mut screen);
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert_eq!(reference(), json!({"source": "exec", "provider": "vault", "id": "claude"}));
    assert!(!seen.contains("sandbox-"), "{seen}");
}

#[test]
fn leaving_a_question_about_the_place_writes_nothing() {
    let sandbox = TestSandbox::start();
    let env = home(&sandbox);
    let before = env.tree();
    for at in ["Where is this API key stored?", "Environment variable name"] {
        let run = env.command(["onboard", "--auth-choice", "apiKey", "--secret-input-mode", "ref"]);
        let mut screen = Screen::start(&run);
        screen.shows("Where is this API key stored?");
        if at != "Where is this API key stored?" {
            screen.types("\r");
            screen.shows(at);
        }
        screen.types("\u{3}");
        let (code, seen) = screen.ends();
        assert_eq!(code, 130, "{seen}");
    }
    assert_eq!(env.tree(), before);
}

#[test]
fn what_places_hold_is_shown_nowhere() {
    const CANARY: &str = "cAnArY4e7b";
    let sandbox = TestSandbox::start();
    let mut env = home(&sandbox);
    env.set("FASED_LOG", "trace");
    let secret = |name: &str, tail: &str| key(&format!("{CANARY}-{name}"), tail);
    env.set("WORK_KEY", &secret("variable", "v1v1"));
    keep(
        &env,
        "keys.json",
        &json!({"claude": secret("pointer", "j1j1"), "n": [CANARY], "two": format!("{CANARY} b")})
            .to_string(),
    );
    keep(&env, "mounted", &format!("{{ \"{CANARY}\": \"{}\" ", secret("x", "x1x1")));
    prints(&env, "vault.sh", &[secret("fault-auth", "p1p1"), secret("program", "p2p2")]);
    env.write("lineage.sh", &format!("echo {} >&2; echo {CANARY}; exit 3", secret("stderr", "e1e1")));
    env.write(
        "slow.sh",
        &format!(
            "echo '{{\"values\":{{\"other\":\"{0}\"}},\"errors\":{{\"claude\":{{\"message\":\"{0}\"}}}}}}'",
            secret("other", "o1o1")
        ),
    );
    env.write(
        "fased.json",
        &CONFIG.replace("jsonOnly: true", &format!("env: {{ VAULT_TOKEN: '{CANARY}' }}")),
    );
    store(
        &env,
        &json!({"anthropic:variable": by_reference("env", "default", "WORK_KEY"),
            "anthropic:pointer": by_reference("file", "keys", "/claude"),
            "anthropic:list": by_reference("file", "keys", "/n"),
            "anthropic:two": by_reference("file", "keys", "/two"),
            "anthropic:mounted": by_reference("file", "mounted", "value"),
            "anthropic:vault": by_reference("exec", "vault", "claude"),
            "anthropic:lineage": by_reference("exec", "lineage", "claude"),
            "anthropic:slow": by_reference("exec", "slow", "claude")}),
    );
    let kept: Vec<_> = env.contents().into_keys().collect();
    let mut outputs = Vec::new();
    for json in [None, Some("--json")] {
        let with = |words: &[&str]| env.fased(words.iter().copied().chain(json));
        outputs.push(with(&["models", "status"]));
        outputs.push(with(&["models", "auth", "list"]));
        for name in ["variable", "pointer", "list", "two", "mounted", "vault", "lineage", "slow"] {
            outputs.push(with(&[
                "chat",
                "hi",
                "--model",
                &format!("anthropic/claude-sonnet-5@anthropic:{name}"),
            ]));
        }
        for place in [
            "env:WORK_KEY",
            "file:keys:/claude",
            "file:keys:/n",
            "file:mounted:value",
            "exec:vault:claude",
            "exec:lineage:claude",
            "exec:slow:claude",
        ] {
            outputs.push(with(&["onboard", "--secret-ref", place, "--agent", "main", "--verify"]));
        }
    }
    let worked = outputs.iter().filter(|output| output.code == Some(0)).count();
    assert!(worked >= 8 && outputs.len() - worked >= 14, "{worked} of {}", outputs.len());
    for output in &outputs {
        assert!(!output.stdout.contains(CANARY) && !output.stderr.contains(CANARY), "{output}");
    }
    for (path, bytes) in env.contents() {
        let leaked = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        let is_place =
            kept.contains(&path) && path.file_name() != Some(Path::new("auth-profiles.json").as_os_str());
        assert!(is_place || !leaked, "a secret is in {}", path.display());
    }
    for request in sandbox.requests() {
        assert!(!format!("{request:?}").contains(CANARY), "{request:?}");
    }
}
