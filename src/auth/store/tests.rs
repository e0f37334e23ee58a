use super::*;
use crate::auth::profile::{Credential, Expiry, Material};
use crate::clock::ManualClock;
use crate::secret::Secret;
use proptest::prelude::*;

fn clock() -> ManualClock {
    ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap())
}

fn store_in(dir: &Path) -> AuthStore {
    AuthStore { dir: dir.to_owned(), legacy: LegacyFiles { own: dir.join("auth.json"), shared: None } }
}

fn key(id: &str, value: &str) -> Profile {
    Profile {
        id: id.parse().unwrap(),
        credential: Credential::ApiKey { key: Material::Value(Secret::new(value)) },
        email: None,
        added_at: None,
        issuer: None,
    }
}

fn put(store: &AuthStore, profile: &Profile) -> Result<(), StoreError> {
    store.update(&clock(), |document| {
        document.put(profile);
        Ok((Edited::Yes, ()))
    })
}

fn write(path: &Path, text: &str) {
    std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
}

#[test]
fn a_store_that_is_not_there_is_empty_and_reading_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let agent = dir.path().join("agent");
    let snapshot = store_in(&agent).read().unwrap();
    assert!(snapshot.profiles.is_empty() && snapshot.findings.is_empty());
    assert!(!agent.exists());
}

#[test]
fn a_new_store_looks_as_the_typescript_program_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    put(&store, &key("anthropic:default", "k")).unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(store.path()).unwrap(), @r#"
    {
      "version": 1,
      "profiles": {
        "anthropic:default": {
          "type": "api_key",
          "provider": "anthropic",
          "key": "k"
        }
      }
    }
    "#);
}

#[test]
fn what_is_not_changed_keeps_its_own_text() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let odd = concat!(
        "{\"future\" : [1.50, 1e400,  \"\\u00e9\"],\n\t\"version\":1,\"profiles\":{\n",
        "\"anthropic:a\":{\"type\":\"api_key\",\"key\":\"old\",\"provider\":\"anthropic\",\"mine\":{\"x\" :1.0},",
        "\"metadata\":{\"note\":\"n\"}},\n\"broken\":  17}, \"usageStats\":{ } }"
    );
    write(&store.path(), odd);
    let mut changed = key("anthropic:a", "new");
    changed.added_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
    put(&store, &changed).unwrap();
    let text = std::fs::read_to_string(store.path()).unwrap();
    for kept in [
        "[1.50, 1e400,  \"\\u00e9\"]",
        "{\"x\" :1.0}",
        "\"broken\": 17",
        "\"note\": \"n\"",
        "\"usageStats\": { }",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(!text.contains("old") && text.contains("\"key\": \"new\""), "{text}");
}

#[test]
fn a_changed_type_leaves_nothing_of_the_old_credential() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(
        &store.path(),
        r#"{"version":1,"profiles":{"anthropic:a":{"mode":"oauth","provider":"anthropic","access":"A","refresh":"R","expires":5}}}"#,
    );
    put(&store, &key("anthropic:a", "new")).unwrap();
    let text = std::fs::read_to_string(store.path()).unwrap();
    assert!(!text.contains("\"A\"") && !text.contains("\"R\"") && !text.contains("mode"), "{text}");
}

#[test]
fn files_that_are_no_store_are_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for text in [
        "",
        "{",
        "[]",
        "7",
        "{}",
        r#"{"profiles":[]}"#,
        r#"{"version":"x","profiles":{}}"#,
        r#"{"version":2,"profiles":{}}"#,
    ] {
        write(&store.path(), text);
        assert!(put(&store, &key("anthropic:a", "k")).is_err(), "{text}");
        assert_eq!(std::fs::read_to_string(store.path()).unwrap(), text);
    }
}

#[test]
fn a_store_with_one_name_twice_is_refused_by_readers_and_writers_alike() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let entry = r#"{"type":"api_key","provider":"anthropic","key":"k"}"#;
    for text in [
        format!(r#"{{"profiles":{{"anthropic:a":{entry}}},"profiles":{{}}}}"#),
        format!(r#"{{"profiles":{{"anthropic:a":{entry},"anthropic:a":{entry}}}}}"#),
    ] {
        write(&store.path(), &text);
        for error in [store.read().map(drop).unwrap_err(), put(&store, &key("anthropic:b", "k")).unwrap_err()]
        {
            assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
        }
        assert_eq!(std::fs::read_to_string(store.path()).unwrap(), text);
    }
}

#[test]
fn a_byte_order_mark_and_an_empty_legacy_file_are_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(&dir.path().join("auth.json"), " \n");
    assert!(store.read().unwrap().profiles.is_empty());
    write(&dir.path().join("auth.json"), "\u{feff}{\"anthropic\":{\"type\":\"api_key\",\"key\":\"K\"}}");
    assert_eq!(store.read().unwrap().profiles.len(), 1);
}

#[test]
fn counters_that_make_no_sense_do_not_hide_those_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(
        &store.path(),
        r#"{"version":1,"profiles":{},"usageStats":{"anthropic:a":7,"anthropic:b":{"disabledReason":7,"cooldownUntil":9}}}"#,
    );
    let stats = store.read().unwrap().usage_stats;
    assert_eq!(stats.keys().collect::<Vec<_>>(), ["anthropic:b"]);
}

#[test]
fn a_newer_store_can_be_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(
        &store.path(),
        r#"{"version":9,"profiles":{"anthropic:a":{"type":"api_key","provider":"anthropic","key":"k"}}}"#,
    );
    let snapshot = store.read().unwrap();
    assert_eq!(snapshot.profiles.len(), 1);
    assert!(snapshot.findings.contains(&StoreFinding::NewerVersion(9)));
    let error = put(&store, &key("anthropic:a", "k")).unwrap_err();
    assert!(error.to_string().contains("version 9"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_and_an_open_file_is_reported_and_made_private_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    put(&store, &key("anthropic:a", "k")).unwrap();
    std::fs::set_permissions(store.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(store.read().unwrap().findings.contains(&StoreFinding::OpenToOthers(store.path())));
    put(&store, &key("anthropic:b", "k")).unwrap();
    assert_eq!(std::fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);

    let target = dir.path().join("elsewhere.json");
    std::fs::rename(store.path(), &target).unwrap();
    std::os::unix::fs::symlink(&target, store.path()).unwrap();
    assert!(matches!(store.read(), Err(StoreError::Symlink { .. })));
    assert!(matches!(put(&store, &key("anthropic:c", "k")), Err(StoreError::Symlink { .. })));
}

#[test]
fn entries_that_make_no_sense_are_reported_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(
        &store.path(),
        r#"{"version":1,"profiles":{"x\u0007y":{},"anthropic:a":{"type":"magic","provider":"anthropic"}}}"#,
    );
    let ignored = store.read().unwrap().ignored;
    assert_eq!(
        ignored,
        [
            IgnoredEntry { id: "xy".to_owned(), problem: EntryProblem::InvalidId },
            IgnoredEntry { id: "anthropic:a".to_owned(), problem: EntryProblem::InvalidType },
        ]
    );
    put(&store, &key("anthropic:b", "k")).unwrap();
    let text = std::fs::read_to_string(store.path()).unwrap();
    assert!(text.contains("magic") && text.contains(r"x\u0007y"), "{text}");
}

#[test]
fn sections_of_a_wrong_form_do_not_hide_the_profiles() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(
        &store.path(),
        r#"{"version":1,"profiles":{"anthropic:a":{"type":"api_key","provider":"anthropic","key":"k"}},
            "order":{"Anthropic ":[" anthropic:a ",7,""],"other":"x"},"usageStats":[]}"#,
    );
    let snapshot = store.read().unwrap();
    assert_eq!(snapshot.profiles.len(), 1);
    assert_eq!(snapshot.order.get("anthropic").unwrap(), &["anthropic:a"]);
    assert!(snapshot.findings.contains(&StoreFinding::UnusableSection("usageStats")));
}

#[test]
fn what_an_older_program_left_is_read_in_memory_and_kept_by_the_first_write() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store_in(dir.path());
    let shared = dir.path().join("oauth.json");
    write(&dir.path().join("auth.json"), r#"{"anthropic":{"type":"api_key","key":"K"},"junk":7}"#);
    write(
        &shared,
        r#"{"anthropic":{"access":"A","refresh":"R","expires":5},"other":{"access":"B","refresh":"S","expires":5}}"#,
    );
    store.legacy.shared = Some(shared.clone());
    let snapshot = store.read().unwrap();
    assert!(!store.path().exists());
    let ids: Vec<_> = snapshot.profiles.keys().map(ProfileId::as_str).collect();
    assert_eq!(ids, ["anthropic:default", "other:default"]);
    assert_eq!(snapshot.profiles[0].credential, key("anthropic:default", "K").credential);
    assert_eq!(
        snapshot.profiles[1].credential.expires(),
        Expiry::At(jiff::Timestamp::from_millisecond(5).unwrap())
    );

    put(&store, &key("anthropic:new", "N")).unwrap();
    assert_eq!(store.read().unwrap().profiles.len(), 3);
    assert!(dir.path().join("auth.json").exists() && shared.exists());

    write(&store.path(), r#"{"version":1,"profiles":{}}"#);
    assert!(store.read().unwrap().profiles.is_empty(), "an existing store ends the import");
}

#[test]
fn a_broken_file_of_an_older_program_stops_the_import_instead_of_losing_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    write(&dir.path().join("auth.json"), "{ torn");
    assert!(matches!(store.read(), Err(StoreError::Unparsable { .. })));
    assert!(put(&store, &key("anthropic:a", "k")).is_err());
    assert!(!store.path().exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_write_changes_only_the_profile_it_is_about(
        names in proptest::collection::btree_set("[a-z]{1,8}", 1..6),
        extra in proptest::collection::btree_map("[A-Za-z ]{1,6}", any::<i64>(), 0..4),
        chosen in any::<prop::sample::Index>(),
    ) {
        let names: Vec<_> = names.into_iter().collect();
        let mut document = Document::empty();
        for name in &names {
            let mut fields = EntryFields::new();
            fields.insert("type".into(), raw(&"api_key".into()));
            fields.insert("provider".into(), raw(&"anthropic".into()));
            fields.insert("key".into(), raw(&name.as_str().into()));
            for (extra_name, value) in &extra {
                fields.entry(format!("x{extra_name}")).or_insert_with(|| raw(&(*value).into()));
            }
            document.put_raw(&format!("anthropic:{name}").parse().unwrap(), &fields);
        }
        let before: serde_json::Value = serde_json::from_str(&document.to_text()).unwrap();
        let id = format!("anthropic:{}", chosen.get(&names));
        document.put(&key(&id, "replaced"));
        let again = parse_document(&document.to_text(), Path::new("x")).unwrap();
        let after: serde_json::Value = serde_json::from_str(&again.to_text()).unwrap();
        let mut expected = before;
        expected["profiles"][&id]["key"] = "replaced".into();
        prop_assert_eq!(after, expected);
    }
}
