use super::*;
use crate::clock::{Clock as _, ManualClock, SystemClock};
use crate::storage::{Durability, create_private_dir, replace};
use crate::usage::ledger::Ledger;

struct World {
    _dir: tempfile::TempDir,
    paths: Paths,
    env: Env,
}

impl World {
    fn of(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = Self { paths: Paths::below(dir.path()), _dir: dir, env: Env::default() };
        create_private_dir(world.paths.state()).unwrap();
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.paths.state().join(name);
        create_private_dir(path.parent().unwrap()).unwrap();
        replace(&path, text.as_bytes(), Durability::Cached).unwrap();
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.paths.state().join(name)).unwrap()
    }

    fn look(&self) -> Diagnosis {
        Diagnosis::make(&Patient { paths: &self.paths, process: &self.env, now: SystemClock::new().now() })
    }

    fn ids(&self) -> Vec<&'static str> {
        self.look().findings.iter().map(|finding| finding.id).collect()
    }

    fn mend(&self) -> (Vec<repair::Mended>, Vec<repair::RepairError>) {
        let diagnosis = self.look();
        let repairs = diagnosis.findings.iter().flat_map(Finding::repairs);
        repair::mend(repairs, &self.paths, &self.env, &ManualClock::at(Timestamp::UNIX_EPOCH))
    }
}

const KEY: &str = r#"{"version":1,"profiles":{"anthropic:a":{"type":"api_key","provider":"anthropic","key":"sk-ant-api03-FAKE-00000000000000000000"}}}"#;
const STORE: &str = "agents/main/agent/auth-profiles.json";

#[test]
fn a_healthy_directory_has_nothing_to_mend_and_is_left_alone() {
    let world =
        World::of(&[(STORE, KEY), ("fased.json", "{ auth: { order: { anthropic: ['anthropic:a'] } } }")]);
    assert_eq!(world.ids(), [""; 0]);
    let (mended, failed) = world.mend();
    assert!(mended.is_empty() && failed.is_empty());
    assert!(!world.paths.state().join("backups").exists() && !world.paths.locks().exists());
}

#[test]
fn every_finding_has_a_sentence_and_a_command() {
    let world = World::of(&[
        (STORE, r#"{"version":1,"profiles":{},"order":{"anthropic":["anthropic:gone"]}}"#),
        ("agents/torn/agent/auth-profiles.json", "{"),
        ("agents/torn/agent/auth-state.json.bad-1", "{"),
        ("fased.json.lock", r#"{"pid":2147483646}"#),
        (
            "fased.json",
            "{ env: { PATH: '/evil' }, modle: 1, agents: { list: [ { id: 'main', params: { cacheControlTtl: '1h' } } ] },
               auth: { profiles: { 'anthropic:gone': { provider: 'anthropic' } } } }",
        ),
    ]);
    let diagnosis = world.look();
    for finding in &diagnosis.findings {
        assert!(finding.message.ends_with('.'), "{finding:?}");
        assert!(!finding.fix.as_ref().unwrap().commands.is_empty(), "{finding:?}");
    }
    let ids: std::collections::BTreeSet<_> = diagnosis.findings.iter().map(|finding| finding.id).collect();
    let expected = [
        "config-deprecated-key",
        "config-reserved-variable",
        "config-unknown-key",
        "file-set-aside",
        "foreign-lock-left",
        "no-credential",
        "order-dangling-profile",
        "store-unreadable",
    ];
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), expected);
    assert!(diagnosis.findings.is_sorted_by_key(|finding| finding.severity));
}

#[test]
fn an_invalid_config_is_one_finding_and_hides_no_file() {
    let world = World::of(&[
        ("fased.json", "{ agents: 7 }"),
        (STORE, KEY),
        ("agents/main/agent/auth-state.json.tmp", ""),
    ]);
    let leftover = world.paths.state().join("agents/main/agent/auth-state.json.tmp");
    std::fs::File::options()
        .write(true)
        .open(&leftover)
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    world.write("agents/b/agent/auth-profiles.json", "{ torn");
    world.write("agents/b/agent/auth-state.json", "{ torn");
    let expected = ["config-invalid", "store-unreadable", "leftover-temporary-file", "file-unreadable"];
    assert_eq!(world.ids(), expected);
    assert_eq!(world.mend().0.len(), 1);
    assert!(!leftover.exists());
    assert_eq!(world.text("fased.json"), "{ agents: 7 }");
}

#[test]
fn the_config_is_copied_before_it_is_mended_and_the_rest_of_it_stays() {
    let config = "// mine\n{
  agents: { defaults: { models: { 'anthropic/x': { params: { cacheControlTtl: '1h' /* old */, temperature: 0.5 } } } },
    list: [ { id: 'main' }, { id: 'b', params: { cacheControlTtl: '5m', cacheRetention: 'none' } } ] },
  auth: { order: { anthropic: ['anthropic:gone', 'anthropic:a'], other: ['other:gone'] } }, // order
}\n";
    let world = World::of(&[("fased.json", config), (STORE, KEY)]);
    let (mended, failed) = world.mend();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(mended.len(), 4, "{mended:?}");
    let backup = mended[0].backup.clone().unwrap();
    assert_eq!(std::fs::read_to_string(backup).unwrap(), config);
    assert_eq!(
        world.text("fased.json"),
        config
            .replace(
                "cacheControlTtl: '1h' /* old */, temperature: 0.5",
                "temperature: 0.5, cacheRetention: 'long'"
            )
            .replace("cacheControlTtl: '5m', ", "")
            .replace("['anthropic:gone', 'anthropic:a'], other: ['other:gone']", "['anthropic:a']")
    );
    assert!(world.ids().iter().all(|id| !id.starts_with("config-")), "{:?}", world.ids());
    assert!(world.mend().0.is_empty());
}

#[test]
fn an_id_is_not_dangling_while_some_store_cannot_be_read() {
    let config = "{ auth: { order: { anthropic: ['anthropic:gone'] } } }";
    let world =
        World::of(&[("fased.json", config), (STORE, KEY), ("agents/b/agent/auth-profiles.json", "{")]);
    assert!(!world.ids().contains(&"config-dangling-profile"));
}

#[cfg(unix)]
#[test]
fn what_others_can_read_becomes_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::of(&[(STORE, KEY), ("fased.json", "{}"), (".env", "A=1\n")]);
    let mode = |name: &str, mode| {
        let path = world.paths.state().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(STORE, 0o644);
    mode(".env", 0o640);
    mode("", 0o755);
    assert_eq!(world.ids(), ["file-open-to-others", "file-open-to-others", "directory-open-to-others"]);
    let (mended, _) = world.mend();
    assert_eq!(mended.len(), 3);
    assert!(mended.iter().any(|mended| mended.change == "mode 0644 → 0600"), "{mended:?}");
    assert_eq!(world.ids(), [""; 0]);
}

#[test]
fn a_file_from_the_future_shows_a_wrong_clock() {
    let world = World::of(&[(STORE, KEY)]);
    let now = SystemClock::new().now() - jiff::SignedDuration::from_hours(3);
    let found = Diagnosis::make(&Patient { paths: &world.paths, process: &world.env, now }).findings;
    assert_eq!(found.iter().map(|finding| finding.id).collect::<Vec<_>>(), ["clock-skew"]);
    assert!(found[0].message.contains("2h 59m") || found[0].message.contains("3h"), "{}", found[0].message);
}

#[test]
fn models_that_end_or_that_nobody_knows_are_told_for_the_agents_that_ask_them() {
    let config = "{ agents: { defaults: { model: 'anthropic/claude-sonnet-4-5' },
        list: [ { id: 'main' }, { id: 'b', model: 'anthropic/claude-novel-9' } ] } }";
    let world =
        World::of(&[("fased.json", config), (STORE, KEY), ("agents/b/agent/auth-profiles.json", KEY)]);
    let look = |day: &str| {
        let now = day.parse().unwrap();
        let found = Diagnosis::make(&Patient { paths: &world.paths, process: &world.env, now }).findings;
        let found = found.into_iter().filter(|finding| finding.id.starts_with("model-"));
        found
            .map(|finding| (finding.id, finding.severity, finding.agent_id.unwrap().to_string()))
            .collect::<Vec<_>>()
    };
    let unknown = ("model-unknown", Severity::Note, "b".to_owned());
    assert_eq!(
        look("2026-11-01T00:00:00Z"),
        [("model-ends", Severity::Warning, "main".to_owned()), unknown.clone()]
    );
    assert_eq!(
        look("2027-01-01T00:00:00Z"),
        [("model-ended", Severity::Problem, "main".to_owned()), unknown]
    );
}

#[test]
fn only_what_this_program_writes_is_taken_for_a_leftover() {
    let world = World::of(&[
        (STORE, KEY),
        ("package.json.tmp", "theirs"),
        ("agents/main/agent/notes.json.tmp", "theirs"),
    ]);
    for name in ["package.json.tmp", "agents/main/agent/notes.json.tmp"] {
        let path = world.paths.state().join(name);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    }
    assert_eq!(world.ids(), [""; 0]);
}

#[test]
fn every_file_that_is_mended_is_copied_byte_for_byte_and_stays_apart() {
    let part = "\u{feff}{ params: { cacheControlTtl: '1h' } }\r\n";
    let config = "{ agents: { list: [ { $include: './a/x.json5', id: 'main' }, { $include: './b/x.json5', id: 'b' } ] } }";
    let world = World::of(&[("fased.json", config), (STORE, KEY), ("a/x.json5", part), ("b/x.json5", part)]);
    let copies: Vec<PathBuf> = world.mend().0.into_iter().map(|mended| mended.backup.unwrap()).collect();
    assert_eq!(copies.len(), 2);
    assert_ne!(copies[0], copies[1]);
    for copy in &copies {
        assert_eq!(std::fs::read_to_string(copy).unwrap(), part);
    }
    assert!(world.text("a/x.json5").contains("cacheRetention"));
    // The clock stands still; a second time goes elsewhere all the same.
    world.write("a/x.json5", part);
    assert!(
        !world.mend().0[0]
            .backup
            .as_ref()
            .unwrap()
            .starts_with(copies[0].parent().unwrap().parent().unwrap())
    );
}

#[test]
fn a_model_that_ends_is_one_finding_with_the_lines_that_replace_it_wherever_it_is_chosen() {
    let config = "{ agents: { defaults: { model: 'sonnet-4.5' },
        list: [ { id: 'main' }, { id: 'b', taskModels: { coding: 'sonnet-4.5' } },
            { id: 'c', model: { primary: 'opus', fallbacks: ['sonnet-4.5'] }, imageModel: 'sonnet-4.5' } ] } }";
    let world = World::of(&[("fased.json", config), (STORE, KEY)]);
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let found = Diagnosis::make(&Patient { paths: &world.paths, process: &world.env, now }).findings;
    let found: Vec<_> = found.iter().filter(|finding| finding.id.starts_with("model-")).collect();
    let [ends] = found.as_slice() else { panic!("{found:?}") };
    assert!(ends.message.ends_with(" Agents: main, b, c."), "{}", ends.message);
    assert_eq!(
        ends.fix.as_ref().unwrap().commands,
        [
            "fased models set anthropic/claude-sonnet-5-5",
            "fased models roles set coding anthropic/claude-sonnet-5-5 --agent b",
            "fased models fallbacks remove anthropic/claude-sonnet-4-5 --agent c",
            "fased models set-image anthropic/claude-sonnet-5-5 --agent c",
        ]
    );
}

#[test]
fn what_is_no_longer_so_is_not_mended() {
    let config = "{ auth: { order: { anthropic: ['anthropic:gone', /* pays */ 'anthropic:a'] } } }";
    let world = World::of(&[("fased.json", config), (STORE, KEY)]);
    let diagnosis = world.look();
    world.write("fased.json", "{ auth: { order: { anthropic: ['anthropic:new'] } } }");
    let repairs = diagnosis.findings.iter().flat_map(Finding::repairs);
    let (mended, failed) =
        repair::mend(repairs, &world.paths, &world.env, &ManualClock::at(Timestamp::UNIX_EPOCH));
    assert!(mended.is_empty() && failed.is_empty(), "{mended:?} {failed:?}");
    assert!(world.text("fased.json").contains("anthropic:new"));
    world.write("fased.json", config);
    world.mend();
    assert_eq!(world.text("fased.json"), config.replace("'anthropic:gone', ", ""));
}

#[test]
fn what_cannot_be_mended_keeps_nothing_else_from_it() {
    let config = "{ $include: './base.json5', auth: { order: { anthropic: ['anthropic:gone'] } },
        agents: { list: [ { id: 'main', params: { cacheControlTtl: '1h' } } ] } }";
    let base = "{ auth: { order: { anthropic: ['anthropic:gone2'] } } }";
    let world = World::of(&[("fased.json", config), ("base.json5", base), (STORE, KEY)]);
    let (mended, failed) = world.mend();
    assert_eq!((mended.len(), failed.len()), (1, 1), "{mended:?} {failed:?}");
    assert!(world.text("fased.json").contains("cacheRetention: 'long'"));
}

#[test]
fn main_is_looked_at_when_it_is_the_default_or_listed_or_has_a_directory() {
    let looked_at = |files: &[(&str, &str)]| {
        let agents = World::of(files).look().agents;
        agents.iter().map(|agent| agent.id.to_string()).collect::<Vec<_>>()
    };
    let others = ("fased.json", "{ agents: { list: [ { id: 'work' } ] } }");
    assert_eq!(looked_at(&[others]), ["work"]);
    assert_eq!(looked_at(&[others, (STORE, KEY)]), ["work", "main"]);
    assert_eq!(
        looked_at(&[("fased.json", "{ agents: { list: [ { id: 'work' }, { id: 'main' } ] } }")]),
        ["work", "main"]
    );
    assert_eq!(looked_at(&[]), ["main"]);
}

#[test]
fn without_anthropics_protocol_anthropic_itself_is_mended_in_the_config() {
    let config = "{ models: { providers: { Anthropic: { api: 'openai-completions' } } } }";
    let world = World::of(&[("fased.json", config), (STORE, KEY)]);
    let found = world.look().findings;
    assert_eq!(world.ids(), ["provider-unusable"]);
    assert_eq!(
        found[0].fix.as_ref().unwrap().commands,
        ["fased config unset models.providers.Anthropic.api"]
    );
}

/// A file that was written long ago.
fn age(world: &World, name: &str) {
    let file = std::fs::File::options().write(true).open(world.paths.state().join(name)).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
}

const SESSION: &str = "agents/main/sessions/talk.jsonl";
const HEAD: &str = r#"{"type":"session","version":1,"id":"talk","createdAt":"2026-01-01T00:00:00Z"}"#;

#[test]
fn a_session_that_cannot_be_continued_is_told_and_left_alone() {
    for (text, expected) in [
        (format!("{HEAD}\n"), None),
        (format!("{HEAD}\nnonsense\n{HEAD}\n"), Some(("session-unreadable", "Line 2 of "))),
        (HEAD.replace(":1,", ":2,") + "\n", Some(("session-newer-version", "has version 2"))),
        (format!("{HEAD}\n{{\"type\":\"us"), Some(("session-torn", "torn by a crash"))),
    ] {
        let world = World::of(&[(STORE, KEY), (SESSION, &text)]);
        age(&world, SESSION);
        let found = world.look().findings;
        assert_eq!(found.first().map(|finding| finding.id), expected.map(|(id, _)| id), "{text}");
        if let Some((_, words)) = expected {
            assert!(found[0].message.contains(words), "{}", found[0].message);
            assert!(!found[0].fix.as_ref().unwrap().commands.is_empty() && !found[0].is_fixable());
        }
        world.mend();
        assert_eq!(world.text(SESSION), text);
        let lies_there = std::fs::read_dir(world.paths.state().join("agents/main/sessions")).unwrap();
        assert_eq!(lies_there.count(), 1, "looking left something");
    }
}

#[test]
fn a_line_that_may_still_be_written_is_no_finding() {
    let world = World::of(&[(STORE, KEY), (SESSION, &format!("{HEAD}\n{{\"type\":\"us"))]);
    assert_eq!(world.ids(), [""; 0]);
}

#[test]
fn leftovers_of_the_list_of_sessions_and_of_the_ledger_are_removed() {
    let world = World::of(&[
        (STORE, KEY),
        (SESSION, HEAD),
        ("agents/main/sessions/index.json.tmp", "half"),
        ("usage.db.tmp", "half"),
    ]);
    drop(Ledger::open(&world.paths, &SystemClock::new()).unwrap());
    world.write("usage.db.tmp", "half");
    age(&world, "usage.db.tmp");
    age(&world, "agents/main/sessions/index.json.tmp");
    assert_eq!(world.ids(), ["leftover-temporary-file"; 2]);
    assert_eq!(world.mend().0.len(), 2);
    assert_eq!(world.ids(), [""; 0]);
}

#[test]
fn leftovers_of_copies_and_of_client_keys_are_removed() {
    let left = ["backups/20260601-120000/team/base.json5.tmp", "gateway-keys.json.tmp"];
    let world = World::of(&[(STORE, KEY), (left[0], "half"), (left[1], "half")]);
    assert_eq!(world.ids(), [""; 0], "somebody may still be writing them");
    left.iter().for_each(|path| age(&world, path));
    assert_eq!(world.ids(), ["leftover-temporary-file"; 2]);
    assert_eq!(world.mend().0.len(), 2);
    assert_eq!(world.ids(), [""; 0]);
}

#[test]
fn a_ledger_that_is_none_or_newer_or_damaged_is_told_and_left_alone() {
    let ledger = |change: &dyn Fn(&rusqlite::Connection)| {
        let world = World::of(&[(STORE, KEY)]);
        drop(Ledger::open(&world.paths, &SystemClock::new()).unwrap());
        let connection = rusqlite::Connection::open(world.paths.usage()).unwrap();
        change(&connection);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        world
    };
    let whole = ledger(&|_| {});
    assert_eq!(whole.ids(), [""; 0]);
    assert!(!whole.paths.usage().with_extension("db-wal").exists(), "looking left something");
    let newer = ledger(&|connection| connection.pragma_update(None, "user_version", 99).unwrap());
    let other = ledger(&|connection| connection.pragma_update(None, "user_version", 0).unwrap());
    let none = World::of(&[(STORE, KEY), ("usage.db", "a text that is no database")]);
    let damaged = ledger(&|_| {});
    let mut bytes = std::fs::read(damaged.paths.usage()).unwrap();
    let second_page = bytes.len().min(4096)..;
    bytes[second_page].fill(0xff);
    let mut file = std::fs::File::options().write(true).open(damaged.paths.usage()).unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    for (world, id) in [
        (newer, "ledger-newer-version"),
        (other, "ledger-foreign"),
        (none, "ledger-foreign"),
        (damaged, "ledger-damaged"),
    ] {
        let before = std::fs::read(world.paths.usage()).unwrap();
        assert_eq!(world.ids(), [id]);
        assert!(world.mend().0.is_empty());
        assert!(std::fs::read(world.paths.usage()).unwrap() == before, "{id}: the ledger was changed");
    }
}

#[cfg(unix)]
#[test]
fn conversations_and_the_ledger_become_private_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::of(&[(STORE, KEY), (SESSION, HEAD), ("agents/main/sessions/two.jsonl", HEAD)]);
    drop(Ledger::open(&world.paths, &SystemClock::new()).unwrap());
    assert!(world.paths.usage().with_extension("db-wal").exists());
    let set = |name: &str, mode| {
        let path = world.paths.state().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(SESSION, 0o644);
    set("agents/main/sessions/two.jsonl", 0o664);
    set("agents/main/sessions", 0o755);
    set("usage.db", 0o644);
    assert_eq!(world.ids(), ["sessions-open-to-others", "ledger-open-to-others"]);
    let (mended, failed) = world.mend();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(mended.len(), 4, "{mended:?}");
    assert_eq!(world.ids(), [""; 0]);
}
