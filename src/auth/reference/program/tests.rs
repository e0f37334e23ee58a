use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use indexmap::IndexMap;

use super::*;

const KEY: &str = "sk-ant-api03-sandbox-of-a-program-0000000000-p4p4";

struct World {
    home: tempfile::TempDir,
    env: Env,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".fased")).unwrap();
        let env = Env::from_pairs([
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/u"),
            ("LANG", "C"),
            ("ANTHROPIC_API_KEY", "sk-ant-api03-sandbox-of-the-environment"),
            ("VAULT_ADDR", "http://127.0.0.1:1"),
        ]);
        Self { home, env }
    }

    fn state(&self) -> std::path::PathBuf {
        self.home.path().join(".fased")
    }

    fn call(&self, program: &SecretProgram) -> Call {
        Call::new(program, "vault", "secret/claude", &self.env, &Paths::below(self.home.path()))
    }

    async fn run(&self, script: &str) -> Result<Secret, ProgramProblem> {
        self.call(&sh(script)).run().await
    }
}

fn program(words: &[&str]) -> SecretProgram {
    SecretProgram {
        program: words[0].to_owned(),
        args: words[1..].iter().map(|&word| word.to_owned()).collect(),
        timeout: Duration::from_secs(60),
        pass_env: Vec::new(),
        env: IndexMap::new(),
        json_only: false,
    }
}

fn sh(script: &str) -> SecretProgram {
    program(&["/bin/sh", "-c", script])
}

#[tokio::test]
async fn a_bare_secret_or_an_answer_in_json_is_taken() {
    let world = World::new();
    for script in [
        format!("echo {KEY}"),
        format!("printf '\\n  {KEY}\\t\\n'"),
        format!("echo '{{\"values\":{{\"secret/claude\":\"{KEY}\"}}}}'"),
        format!(
            "echo '{{\"protocolVersion\":1,\"values\":{{\"a\":{{\"b\":1}},\"secret/claude\":\" {KEY} \"}},\"errors\":{{}}}}'"
        ),
        // It need not read what it is asked, nor close what it has.
        format!("exec 0<&-; echo noise >&2; echo {KEY}"),
    ] {
        assert_eq!(world.run(&script).await, Ok(Secret::new(KEY)), "{script}");
    }
}

#[tokio::test]
async fn it_is_asked_in_one_line_of_json() {
    let world = World::new();
    let asked = world.home.path().join("asked");
    let script = format!("cat > '{}'; echo {KEY}", asked.display());
    world.run(&script).await.unwrap();
    let text = fs::read_to_string(asked).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&text).unwrap(),
        serde_json::json!({"protocolVersion": 1, "provider": "vault", "ids": ["secret/claude"]})
    );
    assert!(text.ends_with('\n') && text.lines().count() == 1);
}

#[tokio::test]
async fn what_is_no_secret_is_told_by_its_kind() {
    let world = World::new();
    for (script, problem) in [
        ("true", ProgramProblem::Silent),
        ("echo; echo ' '", ProgramProblem::Silent),
        ("echo no such secret", ProgramProblem::NotOneWord),
        ("echo one; echo two", ProgramProblem::NotOneWord),
        ("printf '\\377\\376'", ProgramProblem::NotOneWord),
        ("echo '\"quoted\"'", ProgramProblem::NotOneWord),
        ("echo '[\"list\"]'", ProgramProblem::NotOneWord),
        ("echo '{\"value\":\"x\"}'", ProgramProblem::UnknownAnswer),
        ("echo '{\"values\":'", ProgramProblem::UnknownAnswer),
        (
            "echo '{\"protocolVersion\":2,\"values\":{\"secret/claude\":\"x\"}}'",
            ProgramProblem::UnknownAnswer,
        ),
        (
            "echo '{\"values\":{\"other\":\"x\"},\"errors\":{\"secret/claude\":{\"message\":\"m\"}}}'",
            ProgramProblem::NoValue,
        ),
        ("echo '{\"values\":{\"secret/claude\":7}}'", ProgramProblem::NoValue),
        ("echo '{\"values\":{\"secret/claude\":\"\"}}'", ProgramProblem::NoValue),
        ("exit 3", ProgramProblem::Failed { code: Some(3), said: 0 }),
        ("echo secret; printf 12345 >&2; exit 1", ProgramProblem::Failed { code: Some(1), said: 5 }),
        ("kill -9 $$", ProgramProblem::Failed { code: None, said: 0 }),
        ("head -c 65537 /dev/zero | tr '\\0' x", ProgramProblem::TooMuch),
        ("yes", ProgramProblem::TooMuch),
    ] {
        assert_eq!(world.run(script).await, Err(problem), "{script}");
    }
    let long = world.run("head -c 65536 /dev/zero | tr '\\0' x").await.unwrap();
    assert_eq!(long.len(), 65536);
    // Much on stderr neither fills a pipe nor is it kept.
    let chatty = "head -c 1000000 /dev/zero >&2; exit 4";
    assert_eq!(world.run(chatty).await, Err(ProgramProblem::Failed { code: Some(4), said: 1_000_000 }));
}

#[tokio::test]
async fn json_may_be_asked_for() {
    let world = World::new();
    let strict = |script: &str| SecretProgram { json_only: true, ..sh(script) };
    let bare = world.call(&strict(&format!("echo {KEY}"))).run().await;
    assert_eq!(bare, Err(ProgramProblem::NotJson));
    let script = format!("echo '{{\"values\":{{\"secret/claude\":\"{KEY}\"}}}}'");
    assert_eq!(world.call(&strict(&script)).run().await, Ok(Secret::new(KEY)));
}

#[tokio::test]
async fn no_shell_reads_the_words_of_a_command() {
    let world = World::new();
    let words = program(&["printf", "%s", "$HOME;`id`*"]);
    assert_eq!(world.call(&words).run().await, Ok(Secret::new("$HOME;`id`*")));
}

#[tokio::test]
async fn it_gets_a_small_environment_and_what_the_config_adds() {
    let world = World::new();
    let seen = world.home.path().join("seen");
    let mut asked = sh(&format!("env > '{}'; pwd >> '{0}'; echo {KEY}", seen.display()));
    asked.pass_env = vec!["VAULT_ADDR".into(), "UNSET".into()];
    asked.env = [("LANG".to_owned(), Secret::new("de")), ("TOKEN".to_owned(), Secret::new("t"))].into();
    world.call(&asked).run().await.unwrap();
    let text = fs::read_to_string(seen).unwrap();
    // Shells add some of their own.
    let shells = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let mut lines: Vec<&str> =
        text.lines().filter(|line| !shells.iter().any(|own| line.starts_with(own))).collect();
    let directory = fs::canonicalize(world.state()).unwrap();
    assert_eq!(Path::new(lines.pop().unwrap()), directory);
    lines.sort_unstable();
    let expected =
        ["HOME=/home/u", "LANG=de", "PATH=/usr/bin:/bin", "TOKEN=t", "VAULT_ADDR=http://127.0.0.1:1"];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_program_is_found_by_path_home_state_directory_or_absolutely() {
    let world = World::new();
    for (place, name) in [(".fased/tool", "./tool"), ("tool", "~/tool")] {
        let path = world.home.path().join(place);
        let mut file = File::create(&path).unwrap();
        writeln!(file, "#!/bin/sh\necho {KEY}").unwrap();
        drop(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        // While another test starts a program, a file that was just written may count as being written still.
        let answer = loop {
            match world.call(&program(&[name])).run().await {
                Err(ProgramProblem::NotStarted(why)) if why.contains("busy") => std::thread::yield_now(),
                answer => break answer,
            }
        };
        assert_eq!(answer, Ok(Secret::new(KEY)), "{name}");
    }
    for (name, word) in
        [("no-such-program", "no such file"), ("~/none", "no such file"), ("~/.fased", "permission")]
    {
        match world.call(&program(&[name])).run().await {
            Err(ProgramProblem::NotStarted(why)) => assert!(why.contains(word), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Begins to read a pipe that a script holds open; what comes back ends when every process that holds it has ended.
fn watch(pipe: &Path) -> std::thread::JoinHandle<()> {
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let pipe = pipe.to_owned();
    std::thread::spawn(move || {
        File::open(pipe).unwrap().read_to_end(&mut Vec::new()).unwrap();
    })
}

const LEAVES_CHILDREN: &str =
    "exec 9>\"$0/pipe\"; : > \"$0/begun\"; sleep 1000 & (sleep 1000 & sleep 1000) & wait";

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
    for seconds in [1, 5, 30] {
        let world = World::new();
        let dir = world.home.path().display().to_string();
        let ended = watch(&world.home.path().join("pipe"));
        let limit = Duration::from_secs(seconds);
        let slow = SecretProgram { timeout: limit, ..program(&["/bin/sh", "-c", LEAVES_CHILDREN, &dir]) };
        assert_eq!(world.call(&slow).run().await, Err(ProgramProblem::TimedOut(limit)));
        // On a busy machine it may not have begun within its time.
        if world.home.path().join("begun").exists() {
            return ended.join().unwrap();
        }
    }
    panic!("it never began");
}

#[tokio::test]
async fn a_request_that_is_given_up_takes_its_program_along() {
    let world = World::new();
    let dir = world.home.path().display().to_string();
    let ended = watch(&world.home.path().join("pipe"));
    let slow = world.call(&program(&["/bin/sh", "-c", LEAVES_CHILDREN, &dir]));
    let begun = world.home.path().join("begun");
    let waiting = async {
        while !begun.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = slow.run() => panic!("{answer:?}"),
        () = waiting => {}
    }
    ended.join().unwrap();
}

#[tokio::test]
async fn it_runs_once_for_all_and_again_only_for_a_rejected_value() {
    let world = World::new();
    let runs = world.home.path().join("runs");
    let script = format!("echo run >> '{0}'; echo $(wc -l < '{0}')", runs.display());
    let (programs, call) = (Programs::default(), world.call(&sh(&script)));
    let (one, other) = tokio::join!(programs.ask(&call, None), programs.ask(&call, None));
    let (first, second) = (Secret::new("1"), Secret::new("2"));
    assert_eq!((one.unwrap(), other.unwrap()), (first.clone(), first.clone()));
    assert_eq!(programs.ask(&call, Some(&first)).await, Ok(second.clone()));
    // Whoever is late with the old value gets the new one.
    assert_eq!(programs.ask(&call, Some(&first)).await, Ok(second.clone()));
    assert_eq!(programs.clone().ask(&call, None).await, Ok(second));
    let other_id = Call { id: "other".into(), ..call.clone() };
    assert_eq!(programs.ask(&other_id, None).await, Ok(Secret::new("3")));
    assert!(!format!("{programs:?}").contains("ANTHROPIC"), "{programs:?}");
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let world = World::new();
    let good = world.home.path().join("good");
    let script = format!("test -e '{}' && echo {KEY}", good.display());
    let (programs, call) = (Programs::default(), world.call(&sh(&script)));
    assert_eq!(programs.ask(&call, None).await, Err(ProgramProblem::Failed { code: Some(1), said: 0 }));
    File::create(good).unwrap();
    assert_eq!(programs.ask(&call, None).await, Ok(Secret::new(KEY)));
}
