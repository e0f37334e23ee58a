//! `examples/`: scripts do what they say, configs are loaded and explained, the unit is the one the program prints.

use std::path::PathBuf;
use std::process::Command;

use super::source;
use super::stage::Stage;
use crate::support::{installed, key};

/// The files of a directory of examples, by name.
fn files(directory: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        source(directory).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// A stage with a key that works.
fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.prepare(&format!("fased onboard --anthropic-api-key {}", key("good", "x3Qw")));
    stage
}

fn run(stage: &mut Stage, command: &str) -> (i32, String) {
    stage.shell.run(command)
}

#[test]
fn scripts_are_without_slips() {
    installed("shellcheck", "shellcheck");
    let output = Command::new("shellcheck").args(files("examples/scripts")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn credentials_are_checked_with_the_codes_of_a_status() {
    let mut stage = stage();
    let check = "examples/scripts/check-credentials.sh";
    assert_eq!(run(&mut stage, check), (0, String::new()));
    stage.prepare("fased agents add work\nfased agents add empty");
    let token = crate::support::token("plan", "77aa");
    stage.prepare(&format!("fased onboard --agent work --token {token} --token-expires-in 1h"));
    let (code, said) = run(&mut stage, &format!("{check} work"));
    assert_eq!(code, 2, "{said}");
    assert!(
        said.starts_with("agent work: a credential ends within a day\nanthropic:default: expiring"),
        "{said}"
    );
    let (code, said) = run(&mut stage, &format!("{check} empty"));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("\n    fased onboard --agent empty\n"), "{said}");
    let (code, said) = run(&mut stage, &format!("{check} nobody"));
    assert!(code > 2 && said.contains("nobody"), "{code} {said}");
}

#[test]
fn a_key_is_rotated_only_when_the_new_one_works() {
    let mut stage = stage();
    let rotate = |key: &str| format!("printf %s {key} | examples/scripts/rotate-key.sh anthropic:default");
    let (code, said) = run(&mut stage, &rotate(&key("fault-auth", "bad1")));
    assert_eq!(
        (code, said.trim_end()),
        (4, "the API does not take the new key; anthropic:default keeps the old one")
    );
    let (code, said) = run(&mut stage, &rotate(&key("new", "k2k2")));
    assert!(code == 0 && said.contains("has the new key"), "{said}");
    let (code, said) = run(&mut stage, &rotate(&key("new", "k2k2")));
    assert!(code == 0 && said.contains("had that key already"), "{said}");
    assert_eq!(stage.env.store_json("main")["profiles"]["anthropic:default"]["key"], key("new", "k2k2"));
}

#[test]
fn a_report_tells_when_too_much_was_spent() {
    let mut stage = stage();
    stage.prepare("fased chat \"$(printf 'word %.0s' {1..9000})\"");
    let (code, said) = run(&mut stage, "examples/scripts/cost-report.sh 7 1");
    assert!(
        code == 0 && said.starts_with("anthropic/claude-sonnet-5\t$0.0") && said.contains("\ntotal\t$0.0"),
        "{said}"
    );
    let (code, said) = run(&mut stage, "examples/scripts/cost-report.sh 7 0.000001");
    assert!(code == 1 && said.ends_with("that is more than $0.000001\n"), "{said}");
}

#[test]
fn a_review_never_fails_a_build() {
    let mut stage = stage();
    stage.prepare(
        "git init -q . && git -c user.name=You -c user.email=you@example.com commit -q --allow-empty -m begin\n\
         echo new > new.txt && git add new.txt",
    );
    let review = "examples/scripts/review-diff.sh HEAD";
    let (code, said) = run(&mut stage, review);
    assert!(
        code == 0 && said.contains("sandbox answering") && said.contains("claude-sonnet-5, $0"),
        "{said}"
    );
    let asked = String::from_utf8_lossy(&stage.sandbox.last_message().body).into_owned();
    assert!(asked.contains("new.txt"), "the change was not sent");
    let refused = format!("fased onboard --anthropic-api-key {}", key("fault-auth", "bad1"));
    stage.prepare(&refused);
    let (code, said) = run(&mut stage, review);
    assert!(code == 0 && said.starts_with("the provider refused"), "{said}");
    let (code, said) = run(&mut stage, review);
    assert!(code == 0 && said.starts_with("no credential can be used"), "{said}");
}

#[test]
fn a_program_gets_a_key_for_as_long_as_it_runs() {
    let mut stage = stage();
    stage.serve("fased gateway", &[]);
    let program = "bash -c 'fased gateway keys list; curl -sf -H \"x-api-key: $ANTHROPIC_API_KEY\" -H anthropic-version:2023-06-01 \
                   \"$ANTHROPIC_BASE_URL/v1/models\" | jq -r .data[0].type; exit 7'";
    let (code, said) = run(&mut stage, &format!("examples/scripts/with-gateway-key.sh 2 {program}"));
    assert!(
        code == 7 && said.contains("\njob-") && said.contains("\nmodel\n✓ Revoked job-"),
        "{code} {said}"
    );
    let (code, said) = run(&mut stage, "fased gateway keys list");
    assert!(code == 0 && !said.contains("job-"), "{said}");
}

#[test]
fn configs_are_valid_and_explained() {
    for file in files("examples/config") {
        let mut stage = Stage::new();
        let name = file.file_name().unwrap().to_str().unwrap();
        let command = |what: &str| {
            format!("TEAM_KEY=a GATEWAY_TOKEN=b FASED_CONFIG_PATH={} fased {what}", file.display())
        };
        for what in ["config validate --strict", "models explain", "models status", "agents list"] {
            let (code, said) = stage.shell.run(&command(what));
            assert_eq!(code, 0, "{name}: fased {what}: {said}");
        }
        let (_, models) = stage.shell.run(&command("models list --plain"));
        for model in models.lines() {
            let (code, said) = stage.shell.run(&command(&format!("models explain {model}")));
            assert_eq!(code, 0, "{name}: {model}: {said}");
        }
    }
}

#[test]
fn the_unit_is_the_one_the_program_prints() {
    let mut stage = Stage::new();
    let (_, printed) = stage.shell.run("fased gateway service");
    let file = source("examples/systemd/fased-gateway.service");
    let text = std::fs::read_to_string(&file).unwrap();
    let without_remarks: String =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let here = |line: &str| {
        if line.starts_with("ExecStart=") { "ExecStart=fased gateway".to_owned() } else { line.to_owned() }
    };
    let [printed, shown] =
        [&printed, &without_remarks].map(|text| text.lines().map(here).collect::<Vec<_>>());
    assert_eq!(printed, shown);
    assert!(text.contains("\nExecStart=%h/.cargo/bin/fased gateway\n"));
    // Systemd itself has nothing to say about it, where it is there to be asked.
    let unit = stage.env.home().join("fased.service");
    std::fs::write(&unit, text.replace("%h/.cargo/bin/fased", env!("CARGO_BIN_EXE_fased"))).unwrap();
    let mut systemd = Command::new("systemd-analyze");
    systemd.args(["verify", "--man=no", "--user"]).arg(&unit).env("XDG_RUNTIME_DIR", stage.env.home());
    match systemd.output() {
        Ok(checked) => {
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success() && !said.contains("fased.service"), "{said}");
        }
        Err(error) => println!("not verified by systemd: {error}"),
    }
}

#[test]
fn settings_of_claude_code_name_a_command_that_works() {
    let mut stage = stage();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(source("examples/claude-code").join(name)).unwrap()).unwrap()
    };
    let helper = read("helper.json")["apiKeyHelper"].as_str().unwrap().to_owned();
    assert_eq!(stage.shell.run(&helper), (0, key("good", "x3Qw") + "\n"));
    let variables = read("gateway.json")["env"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(variables, ["ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"]);
    assert_eq!(files("examples/claude-code").len(), 2);
}
