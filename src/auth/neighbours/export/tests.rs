use super::*;
use crate::clock::ManualClock;
use crate::config::SelectedAgent;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

struct World {
    dir: tempfile::TempDir,
    clock: ManualClock,
    paths: Paths,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        std::fs::create_dir_all(dir.path().join("agent")).unwrap();
        std::fs::create_dir_all(dir.path().join("other")).unwrap();
        Self { clock: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()), paths, dir }
    }

    fn directory(&self) -> Directory {
        Directory::at(&self.dir.path().join("anthropic"))
    }

    fn export_by(&self, agent: &str, token: &str, force: bool) -> Result<Exported, ExportError> {
        let others =
            [if agent == "agent" { "other" } else { "agent" }].map(|name| self.dir.path().join(name));
        let dir = self.dir.path().join(agent);
        let stored = json!({"version": 1, "profiles": {"anthropic:a": {"type": "oauth",
            "provider": "anthropic", "access": token, "refresh": "r", "expires": 5000}}});
        storage::replace(&dir.join("auth-profiles.json"), stored.to_string().as_bytes(), Durability::Cached)
            .unwrap();
        self.export_what_is_stored(agent, &others, token, force)
    }

    fn store(&self, agent: &str) -> AuthStore {
        let dir = self.dir.path().join(agent);
        AuthStore::of(&SelectedAgent { id: "a".parse().unwrap(), dir, is_default: false }, &self.paths)
    }

    fn export_what_is_stored(
        &self,
        agent: &str,
        others: &[PathBuf],
        obtained: &str,
        force: bool,
    ) -> Result<Exported, ExportError> {
        let request = Export {
            directory: &self.directory(),
            name: &"work".parse().unwrap(),
            profile: &"anthropic:a".parse().unwrap(),
            store: &self.store(agent),
            others,
            base_url: None,
            force,
        };
        export(&request, &Secret::new(obtained), Timestamp::from_second(5).ok(), &self.paths, &self.clock)
    }

    fn follow(&self, token: &str) {
        let (access, refresh) = (Secret::new(token), Secret::new("refresh"));
        let pair = Pair { access, refresh, expires: Timestamp::from_second(9).unwrap() };
        let id = "anthropic:a".parse().unwrap();
        follow(&self.dir.path().join("agent"), &id, &pair, &self.paths, &self.clock);
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.dir.path().join("anthropic").join(path)).unwrap()).unwrap()
    }

    fn write(&self, path: &str, value: &Value) {
        let path = self.dir.path().join("anthropic").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap().write_all(value.to_string().as_bytes()).unwrap();
    }
}

fn credentials(token: &str, end: i64) -> Value {
    json!({"version": "1.0", "type": "oauth_token", "access_token": token, "expires_at": end})
}

#[test]
fn a_profile_has_a_public_config_and_private_credentials() {
    let world = World::new();
    let exported = world.export_by("agent", "one", false).unwrap();
    assert_eq!(
        world.json("configs/work.json"),
        json!({"version": "1.0", "authentication": {"type": "user_oauth"}})
    );
    assert_eq!(world.json("credentials/work.json"), credentials("one", 5));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&exported.config), mode(&exported.credentials)), (0o644, 0o600));
}

#[test]
fn the_token_is_the_one_the_store_holds_when_it_is_written() {
    let world = World::new();
    world.export_by("agent", "one", false).unwrap();
    // Between obtaining a token and writing it somebody refreshed the pair.
    world.export_what_is_stored("agent", &[], "obtained before", false).unwrap();
    assert_eq!(world.json("credentials/work.json"), credentials("one", 5));
    std::fs::remove_file(world.store("agent").path()).unwrap();
    let gone = world.export_what_is_stored("agent", &[], "obtained before", false);
    assert!(matches!(gone, Err(ExportError::Gone(_))));
}

#[test]
fn a_refresh_writes_the_token_again_and_keeps_what_others_added() {
    let world = World::new();
    world.export_by("agent", "one", false).unwrap();
    let mut with_more = credentials("one", 5);
    with_more["account_email"] = "me@example.com".into();
    world.write("credentials/work.json", &with_more);
    world.follow("two");
    let mut expected = credentials("two", 9);
    expected["account_email"] = "me@example.com".into();
    assert_eq!(world.json("credentials/work.json"), expected);
}

#[test]
fn a_profile_somebody_else_signed_in_to_is_left_alone() {
    let world = World::new();
    world.export_by("agent", "one", false).unwrap();
    let mut theirs = credentials("theirs", 7);
    theirs["refresh_token"] = "theirs".into();
    world.write("credentials/work.json", &theirs);
    world.follow("two");
    assert_eq!(world.json("credentials/work.json"), theirs);
    assert!(matches!(world.export_by("agent", "two", false), Err(ExportError::Taken { .. })));
    std::fs::remove_file(world.directory().credentials(&"work".parse().unwrap())).unwrap();
    world.follow("two");
    assert!(!world.directory().credentials(&"work".parse().unwrap()).exists());
}

#[test]
fn a_foreign_profile_is_taken_over_only_by_force_and_nothing_of_its_account_stays() {
    let world = World::new();
    let config = json!({"authentication": {"type": "user_oauth", "client_id": "c"}, "base_url": "https://x",
        "organization_id": "o", "workspace_id": "w", "note": "kept"});
    world.write("configs/work.json", &config);
    let theirs = json!({"access_token": "theirs", "refresh_token": "theirs", "account_email": "x"});
    world.write("credentials/work.json", &theirs);
    let error = world.export_by("agent", "one", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Anthropic's profile \"work\" is there already, and it was not exported from here."
    );
    assert_eq!(world.json("credentials/work.json"), theirs);
    assert!(world.export_by("agent", "one", true).unwrap().took_over);
    assert_eq!(world.json("credentials/work.json"), credentials("one", 5));
    assert_eq!(
        world.json("configs/work.json"),
        json!({"version": "1.0", "authentication": {"type": "user_oauth"}, "note": "kept"})
    );
}

#[test]
fn two_agents_do_not_write_one_profile_in_turns() {
    let world = World::new();
    world.export_by("agent", "one", false).unwrap();
    assert!(matches!(world.export_by("other", "two", false), Err(ExportError::Taken { .. })));
    world.export_by("other", "two", true).unwrap();
    world.follow("three");
    assert_eq!(world.json("credentials/work.json"), credentials("two", 5));
}
