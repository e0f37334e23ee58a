//! Every page is played from its first block to its last, in one home.

use std::collections::BTreeSet;

use regex::Regex;

use super::markdown::{Block, Command};
use super::played::{COMMANDS, PAGES, Page, Treatment};
use super::stage::Stage;
use super::{UPDATE, source, update_is_asked};

#[test]
fn readme() {
    play("README.md");
}

#[test]
fn credentials() {
    play("docs/credentials.md");
}

#[test]
fn configuration() {
    play("docs/configuration.md");
}

#[test]
fn chat() {
    play("docs/chat.md");
}

#[test]
fn failover() {
    play("docs/failover.md");
}

#[test]
fn caching_and_cost() {
    play("docs/caching-and-cost.md");
}

#[test]
fn gateway() {
    play("docs/gateway.md");
}

#[test]
fn gateway_contract() {
    play("docs/gateway-contract.md");
}

#[test]
fn security() {
    play("docs/security.md");
}

#[test]
fn install() {
    play("docs/install.md");
}

#[test]
fn set_ups_of_other_programs() {
    play("examples/README.md");
}

#[test]
fn pages_for_contributors() {
    for page in ["CONTRIBUTING.md", "docs/architecture.md", "docs/performance.md", "docs/reliability.md"] {
        if source(page).exists() {
            play(page);
        }
    }
}

#[test]
fn every_page_is_played() {
    let known: BTreeSet<&str> = PAGES.iter().map(|page| page.path).collect();
    for directory in ["", "docs", "examples"] {
        for entry in source(directory).read_dir().unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                assert!(known.contains(path.as_str()), "{path} is not played; it belongs into PAGES");
            }
        }
    }
}

#[test]
fn every_exception_still_stands_in_its_page() {
    for (path, command, _) in COMMANDS {
        let stands = std::fs::read_to_string(source(path)).is_ok_and(|document| {
            Block::all_of(&document).iter().flat_map(commands).any(|found| found.plain() == *command)
        });
        assert!(stands, "{path} has no command {command:?} any more; its exception can go");
    }
}

/// A link to a file of this repository leads to one, and a link to a heading to a heading.
#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    for page in PAGES.iter().filter(|page| source(page.path).exists()) {
        let document = std::fs::read_to_string(source(page.path)).unwrap();
        for found in link.captures_iter(&document).map(|found| found[1].to_owned()) {
            if found.starts_with("https://") {
                continue;
            }
            let (file, heading) = found.split_once('#').unwrap_or((&found, ""));
            let target = if file.is_empty() {
                source(page.path)
            } else {
                source(page.path).with_file_name("").join(file)
            };
            assert!(target.exists(), "{}: {found} leads nowhere", page.path);
            if !heading.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let there = text.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
                assert!(there.map(anchor).any(|it| it == heading), "{}: {found} names no heading", page.path);
            }
        }
    }
}

/// The name GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

fn commands(block: &Block) -> Vec<Command> {
    match block.language.as_str() {
        "sh" => block.commands(),
        "console" => block.session(),
        _ => Vec::new(),
    }
}

/// Runs all commands of a page, loads all its configs, and compares what it shows.
fn play(path: &str) {
    let page = PAGES.iter().find(|page| page.path == path).unwrap();
    let document = std::fs::read_to_string(source(path)).unwrap();
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let mut stage = Stage::new();
    stage.prepare(&page.stage.join("\n"));
    if let Some((command, addresses)) = page.serves {
        stage.serve(command, addresses);
    }
    let mut wrong = Vec::new();
    // From the last to the first, so that new output moves nothing that is yet to be replaced.
    let mut replacements = Vec::new();
    for block in Block::all_of(&document) {
        match block.language.as_str() {
            "sh" | "console" => {}
            "json5" => {
                let checked = stage.validates(&stage.here(&block.text()));
                wrong.extend(checked.err().map(|problem| format!("{path}:{}: {problem}", block.begins)));
            }
            "json" => drop(serde_json::from_str::<serde_json::Value>(&block.text()).unwrap()),
            // The map of the architecture, and the tree of files.
            "" => {
                assert!(!page.path.starts_with("README"), "{path}:{}: a block says what it is", block.begins);
            }
            other => panic!("{path}:{}: nobody checks a block of {other:?}", block.begins),
        }
        let found = commands(&block);
        for (number, command) in found.iter().enumerate() {
            let at = block.begins + command.line;
            let place = format!("{path}:{}: {}", at + 1, command.text);
            let Some((code, said)) = run(&mut stage, page, command) else { continue };
            let expected = expected_code(page, command);
            if code != expected {
                wrong.push(format!("{place}\nexits {code}, not {expected}: {said}"));
            }
            if let Some(shown) = &command.output {
                let said: Vec<String> =
                    stage.there(&said).lines().map(|line| line.trim_end().to_owned()).collect();
                if !alike(shown, &said) {
                    wrong.push(format!("{place}\nsays\n{}\nand not\n{}", said.join("\n"), shown.join("\n")));
                    let first = at + command.text.lines().count();
                    // An empty line before the next command.
                    let space = (number + 1 < found.len() && !said.is_empty()).then(String::new);
                    let said = said.into_iter().chain(space).collect::<Vec<_>>();
                    replacements.push((first..first + shown.len(), said));
                }
            }
        }
    }
    if update_is_asked() && !replacements.is_empty() {
        for (range, said) in replacements.into_iter().rev() {
            lines.splice(range, said);
        }
        std::fs::write(source(path), lines.join("\n") + "\n").unwrap();
    }
    assert!(wrong.is_empty(), "{}\n\nreal output is put into the page by: {UPDATE}", wrong.join("\n\n"));
}

fn treatment(page: &Page, command: &Command) -> Option<&'static Treatment> {
    let found = COMMANDS.iter().find(|(path, text, _)| *path == page.path && *text == command.plain());
    found.map(|(_, _, treatment)| treatment)
}

/// Exit code and output; `None` for what is not run to its end.
fn run(stage: &mut Stage, page: &Page, command: &Command) -> Option<(i32, String)> {
    let program = command.text.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
    let builds =
        program == "cargo" || program.starts_with(".ci/") || command.text.starts_with("cp Cargo.lock");
    match treatment(page, command) {
        Some(Treatment::NotRun(reason)) => {
            println!("not run, because {reason}: {}", command.plain());
            None
        }
        Some(Treatment::Serves(usual)) => {
            stage.serve(command.plain(), &[usual]);
            None
        }
        None if builds && page.builds => None,
        Some(Treatment::Asks) | None => {
            let text = stage.here(&command.text);
            Some(stage.shell.run(&text))
        }
    }
}

fn expected_code(page: &Page, command: &Command) -> i32 {
    // Where nobody can be asked, that is what is wrong, and the command says what to give instead.
    if matches!(treatment(page, command), Some(Treatment::Asks)) { 64 } else { command.exits() }
}

/// Whether two outputs are the same but for what differs from run to run. A line `…` stands for any lines.
fn alike(shown: &[String], said: &[String]) -> bool {
    let [shown, said] = [shown, said].map(|lines| {
        let mut lines: Vec<String> = lines.iter().map(|line| without_times(line)).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    });
    matches(&shown, &said)
}

fn matches(shown: &[String], said: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=said.len()).any(|skipped| matches(rest, &said[skipped..]))
        }
        Some((line, rest)) => {
            said.split_first().is_some_and(|(other, left)| line == other && matches(rest, left))
        }
    }
}

/// A line without durations, random names and versions.
fn without_times(line: &str) -> String {
    let changes = [
        (r"\b\d+(\.\d+)? ?(ms|s)\b", "[TIME]"),
        (r"\b\d{8}-\d{6}-[0-9a-f]{8}\b", "[SESSION]"),
        (r"\breq_[A-Za-z0-9_]+", "[REQUEST]"),
        (r"#code=[\w-]+", "#code=[CODE]"),
        (r"fased-ck-[\w-]+", "fased-ck-[KEY]"),
        (r"\bpid \d+", "pid [PID]"),
        (r"\bfased \d+\.\d+\.\d+", "fased [VERSION]"),
        (r" +", " "),
    ];
    changes.iter().fold(line.to_owned(), |line, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&line, *name).into_owned()
    })
}

#[test]
fn dots_stand_for_any_lines_and_times_do_not_matter() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(alike(&lines("a 1.9s\n…\nz"), &lines("a 0.2s\nb\nc\nz")));
    assert!(!alike(&lines("a\n…\nz"), &lines("a\nb")));
    assert!(!alike(&lines("a"), &lines("a\nb")));
}
