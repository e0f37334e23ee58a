//! `fased demo`: works with nothing at hand and leaves nothing behind.

use rustix::process::Signal;

use crate::support::{NOW, TestEnv, snapshot};

/// A home whose temporary directory is inside of it, so that whatever is left behind is seen.
fn env() -> TestEnv {
    let mut env = TestEnv::new();
    std::fs::create_dir(env.home().join("tmp")).unwrap();
    env.set("TMPDIR", &env.home().join("tmp").display().to_string());
    env
}

fn leaves_nothing(env: &TestEnv) {
    let tree = env.tree();
    assert!(tree.lines().count() == 1 && tree.trim_end().ends_with(" tmp/"), "left behind:\n{tree}");
}

#[test]
fn the_tour_is_shown_and_leaves_nothing_behind() {
    let mut env = env();
    env.set("TZ", "UTC");
    let output = env.fased(["demo"]);
    output.exits(0);
    leaves_nothing(&env);
    let shown = format!("{}{}", output.stdout, output.stderr);
    assert!(shown.contains(" cached"), "the second answer did not come from the cache:\n{shown}");
    assert!(shown.contains("is rate limited"), "no key was at its limit:\n{shown}");
    // Times and the name of the directory are those of the run.
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"fased-demo-[A-Za-z0-9]+", "fased-demo-[NAME]");
    settings.add_filter(r"\d{4}-\d\d-\d\d", "[DATE]");
    settings.add_filter(r"\b\ds ago  claude", "[N]s ago  claude");
    settings.add_filter(r"warm for \d\w*( \d+s)? more", "warm for [TIME] more");
    settings.add_filter(r"verified \ds ago", "verified [N]s ago");
    settings.add_filter(r"left alone for \d+s", "left alone for [N]s");
    settings.add_filter(r"\b\d+(\.\d+)?(ms|s) ·", "[TIME] ·");
    settings.bind(|| snapshot!("demo", output));
}

#[test]
fn it_needs_no_environment_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let env = TestEnv::new();
    let mut command = env.command(["demo"]).to_command();
    // No home, no time that stands still; only a place to look for leftovers in.
    let output = command.env_clear().env("TMPDIR", directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    assert_eq!(env.tree(), "");
}

#[test]
fn proxies_settings_and_credentials_of_the_environment_do_not_matter() {
    let mut env = env();
    env.write("fased.json", "{ this is not a config");
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        env.set(name, "http://127.0.0.1:1");
    }
    env.set("ANTHROPIC_API_KEY", "not-a-key").set("ANTHROPIC_BASE_URL", "https://api.invalid");
    env.set("FASED_AGENT_DIR", "/nowhere").set("FASED_NOW", NOW);
    let before = env.contents();
    env.fased(["demo"]).exits(0);
    assert!(env.contents() == before, "something was changed:\n{}", env.tree());
}

#[test]
fn a_tour_that_is_cut_short_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for until in ["1/", "2/", "4/", "6/", "7/", "8/", "This is the Fased sandbox"] {
            let env = env();
            let mut running = env.command(["demo"]).start();
            running.stdout_until(until);
            running.signal(signal);
            let output = running.finish();
            // It may already be over when the signal comes; then it must have ended well.
            assert!(matches!(output.code, Some(130 | 0)), "{signal:?} at {until}: {output}");
            leaves_nothing(&env);
        }
    }
}
