use super::file::{KeyError, NewKey, add, revoke};
use super::*;
use crate::clock::ManualClock;
use crate::config::Paths;
use crate::storage::{self, Durability, Exposure, exposure_of};
use crate::usage::price::MicroDollars;

struct Room {
    paths: Paths,
    clock: ManualClock,
    _home: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = ManualClock::at("2026-06-01T12:00:00.5Z".parse().unwrap());
        Self { paths: Paths::below(home.path()), clock, _home: home }
    }

    fn add(&self, name: &str) -> Result<(Secret, ClientKey), KeyError> {
        let caps = Caps { daily: Some(MicroDollars(5)), ..Caps::default() };
        let models = vec!["claude-sonnet-5".to_owned()];
        add(
            &self.paths,
            &self.clock,
            NewKey { name: name.parse().unwrap(), agent: AgentId::main(), models, caps },
        )
    }

    fn revoke(&self, name: &str) -> Result<ClientKey, KeyError> {
        revoke(&self.paths, &self.clock, &name.parse().unwrap())
    }

    fn write(&self, text: &str) {
        storage::create_private_dir(self.paths.state()).unwrap();
        storage::replace(&self.paths.gateway_keys(), text.as_bytes(), Durability::Cached).unwrap();
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.paths.gateway_keys()).unwrap()
    }
}

#[test]
fn a_key_works_at_once_and_a_revoked_one_stops_at_once() {
    let room = Room::new();
    let keys = Keys::read(room.paths.gateway_keys()).unwrap();
    let (first, made) = room.add("first").unwrap();
    assert_eq!(*keys.find(&first).unwrap(), made);
    let (second, _) = room.add("second").unwrap();
    assert_ne!(first.expose(), second.expose());
    assert_eq!(keys.find(&second).unwrap().name, "second");
    room.revoke("first").unwrap();
    assert_eq!(keys.find(&first), None);
    assert!(keys.find(&second).is_some());
}

#[test]
fn a_key_is_long_random_text_and_only_its_hash_is_kept() {
    let room = Room::new();
    let (secret, key) = room.add("app").unwrap();
    let text = secret.expose();
    let random = text.strip_prefix(PREFIX).unwrap();
    // 32 bytes in an alphabet of 64.
    assert_eq!(random.len(), 43);
    assert!(text.ends_with(&key.tail) && key.tail.len() == 4);
    assert!(!room.text().contains(&random[..8]));
    assert!(room.text().contains(&Digest::of(text).to_hex()));
    assert_eq!(exposure_of(&room.paths.gateway_keys()), Exposure::Private);
    assert_eq!(key.created_at.to_string(), "2026-06-01T12:00:00Z");
}

#[test]
fn a_name_is_given_once() {
    let room = Room::new();
    room.add("app").unwrap();
    let before = room.text();
    assert!(matches!(room.add("app"), Err(KeyError::Taken(key)) if key.name == "app"));
    assert_eq!(room.text(), before);
    room.revoke("app").unwrap();
    room.add("app").unwrap();
    assert!(matches!(room.revoke("other"), Err(KeyError::Unknown { known, .. }) if known == ["app"]));
}

#[test]
fn what_is_not_known_here_stays_in_the_file() {
    let room = Room::new();
    let (kept, _) = room.add("kept").unwrap();
    room.add("gone").unwrap();
    let mut file: Value = serde_json::from_str(&room.text()).unwrap();
    file["note"] = "of another program".into();
    file["keys"][0]["owner"] = serde_json::json!({ "team": ["a", 1] });
    room.write(&file.to_string());
    room.revoke("gone").unwrap();
    room.add("new").unwrap();
    let after: Value = serde_json::from_str(&room.text()).unwrap();
    assert_eq!((&after["note"], &after["keys"][0]), (&file["note"], &file["keys"][0]));
    assert!(Keys::read(room.paths.gateway_keys()).unwrap().find(&kept).is_some());
}

#[test]
fn a_file_of_a_newer_program_and_one_that_cannot_be_read_let_nobody_in_and_are_not_written() {
    let room = Room::new();
    let (secret, _) = room.add("app").unwrap();
    let keys = Keys::read(room.paths.gateway_keys()).unwrap();
    for text in
        [r#"{"version":2,"entirely":"different"}"#, r#"{"version":1,"keys":[{]}"#, "", r#"{"keys":[]}"#]
    {
        room.write(text);
        assert_eq!(keys.find(&secret), None, "{text}");
        assert!(matches!(room.add("more"), Err(KeyError::File(_))), "{text}");
        assert!(matches!(room.revoke("app"), Err(KeyError::File(_))), "{text}");
        assert_eq!(room.text(), text);
    }
    room.write(r#"{"version":2}"#);
    assert!(matches!(Keys::read(room.paths.gateway_keys()), Err(KeyFileError::Newer { version: 2, .. })));
}

#[test]
fn a_file_that_could_not_be_read_for_a_moment_is_read_again_although_it_looks_the_same() {
    let room = Room::new();
    let (secret, _) = room.add("app").unwrap();
    let keys = Keys::read(room.paths.gateway_keys()).unwrap();
    let text = room.text();
    // The same file, of the same length and from the same moment.
    let moment = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
    let write = |text: &str| {
        let mut file = std::fs::OpenOptions::new().write(true).open(room.paths.gateway_keys()).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        file.set_modified(moment).unwrap();
    };
    write(&text.replace('{', "["));
    assert_eq!(keys.find(&secret), None);
    write(&text);
    assert!(keys.find(&secret).is_some());
}

#[test]
fn writers_at_once_lose_no_key() {
    let room = Room::new();
    let clock = crate::clock::SystemClock::new();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (paths, clock) = (&room.paths, &clock);
            scope.spawn(move || {
                let name = format!("app-{writer}").parse().unwrap();
                let new = NewKey { name, agent: AgentId::main(), models: Vec::new(), caps: Caps::default() };
                add(paths, clock, new).unwrap();
            });
        }
    });
    assert_eq!(KeyFile::read(&room.paths.gateway_keys()).unwrap().keys.len(), 8);
}

#[test]
fn a_list_of_models_allows_their_dated_forms_and_nothing_else() {
    let room = Room::new();
    let (_, mut key) = room.add("app").unwrap();
    let snapshots =
        || Catalog::embedded().models().filter_map(|(id, model)| Some((id, model.snapshots.first()?)));
    let (id, snapshot) = snapshots().next().unwrap();
    key.models = vec![id.to_owned(), "claude-novel-9".to_owned()];
    assert!(key.may_ask(id) && key.may_ask(snapshot) && key.may_ask("claude-novel-9"));
    for other in ["claude-novel-9-20270101", "claude-nosuch", ""] {
        assert!(!key.may_ask(other), "{other}");
    }
    key.models = vec![snapshot.clone()];
    assert!(key.may_ask(id));
    key.models.clear();
    assert!(key.may_ask("claude-nosuch"));
}

#[test]
fn a_name_needs_no_quotes_and_is_not_a_key() {
    for name in ["a", "my-app", "me@example.com", "9.x_y"] {
        assert_eq!(name.parse::<KeyName>().unwrap().as_str(), name);
    }
    for name in ["", "-x", ".x", "a b", "a/b", "ü", "a\n", &"x".repeat(65), "fased-ck-sandbox-x"] {
        assert_eq!(name.parse::<KeyName>(), Err(KeyNameError), "{name}");
    }
}
