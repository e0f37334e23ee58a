use serde_json::json;

use super::*;
use crate::clock::ManualClock;
use crate::env::Env;

fn edit(text: &str) -> Edit {
    Edit::of(Path::new("/c.json"), text).unwrap()
}

fn keys(path: &str) -> Vec<Segment> {
    path.split('.').map(|part| part.parse::<usize>().map_or_else(|_| part.into(), Segment::Index)).collect()
}

fn set(text: &str, path: &str, value: impl Serialize) -> String {
    let mut edit = edit(text);
    edit.set(&keys(path), &value).unwrap();
    edit.to_text()
}

fn remove(text: &str, path: &str) -> String {
    let mut edit = edit(text);
    assert!(edit.remove(&keys(path)).unwrap());
    edit.to_text()
}

fn refusal(text: &str, path: &str, value: impl Serialize) -> String {
    let mut edit = edit(text);
    let error = edit.set(&keys(path), &value).unwrap_err();
    assert_eq!(edit.to_text(), text);
    error.to_string()
}

#[test]
fn only_the_value_changes() {
    let text =
        "\u{feff}// mine\r\n{\r\n\t'a' : 0x1F, // hex\r\n\tb: [1,  2 , ], /* c */ c:{d:'x'}\r\n}\r\n\r\n";
    assert_eq!(set(text, "a", 7), text.replace("0x1F", "7"));
    assert_eq!(set(text, "b.1", true), text.replace("2 ,", "true ,"));
    assert_eq!(set(text, "c.d", "it's"), text.replace("'x'", r"'it\'s'"));
    assert_eq!(set(text, "a", 31), text);
}

#[test]
fn new_entries_follow_the_files_habits() {
    for (text, expected) in [
        ("", "{\n  new: 1,\n}\n"),
        ("{}", "{\n  new: 1,\n}"),
        ("{a:1}", "{a:1, new: 1}"),
        ("{ a: 1, }", "{ a: 1, new: 1, }"),
        ("{ a: 1 // c\n}", "{ a: 1, // c\n  new: 1\n}"),
        ("{ a: 1 /* c */ }", "{ a: 1 /* c */, new: 1 }"),
        ("{\n  a: 1\n}\n", "{\n  a: 1,\n  new: 1\n}\n"),
        ("{\n  a: 1, // one\n}\n", "{\n  a: 1, // one\n  new: 1,\n}\n"),
        ("{\n  a: 1 // one\n  // end\n}\n", "{\n  a: 1, // one\n  new: 1\n  // end\n}\n"),
        ("{\r\n\t\"a\": 1\r\n}", "{\r\n\t\"a\": 1,\r\n\t\"new\": 1\r\n}"),
        ("{\n  'a': 1\n  , 'b': 2 }", "{\n  'a': 1\n  , 'b': 2, 'new': 1 }"),
        ("{ /* a */ }", "{ /* a */ new: 1 }"),
        ("{\n  // nothing yet\n}\n", "{\n  // nothing yet\n  new: 1,\n}\n"),
        ("{\n  // its end is a tab\t\n}\n", "{\n  // its end is a tab\t\n  new: 1,\n}\n"),
        ("{\n  a: 1\n  ,\n}\n", "{\n  a: 1\n  ,\n  new: 1,\n}\n"),
    ] {
        assert_eq!(set(text, "new", 1), expected, "{text:?}");
    }
}

#[test]
fn objects_and_arrays_on_the_way_are_made() {
    let list = json!([{ "id": "main", "default": true }, { "id": "work" }]);
    assert_eq!(
        set("", "agents.list", &list),
        "{\n  agents: {\n    list: [\n      { id: \"main\", default: true },\n      { id: \"work\" },\n    ],\n  },\n}\n"
    );
    assert_eq!(set("{\n  \"x\": 1\n}", "a.0.b", 2), "{\n  \"x\": 1,\n  \"a\": [\n    { \"b\": 2 }\n  ]\n}");
    let text = "{\n  agents: {},\n}\n";
    assert_eq!(
        set(text, "agents.defaults.model", "a/b"),
        "{\n  agents: {\n    defaults: { model: \"a/b\" },\n  },\n}\n"
    );
    assert_eq!(set("{ agents: {} }", "agents.list", &list).lines().count(), 1);
    let text = "{ agents: { list: [{ id: 'main' }] } }";
    assert_eq!(
        set(text, "agents.list.1", json!({"id": "work"})),
        "{ agents: { list: [{ id: 'main' }, { id: 'work' }] } }"
    );
}

#[test]
fn removed_entries_take_their_line_along_and_nothing_else() {
    for (text, path, expected) in [
        ("{a:1}", "a", "{}"),
        ("{ a: 1, b: 2 }", "a", "{ b: 2 }"),
        ("{ a: 1, b: 2 }", "b", "{ a: 1 }"),
        ("{ a: 1, b: 2, }", "b", "{ a: 1, }"),
        ("{ a: 1, /* b */ b: 2 }", "a", "{ /* b */ b: 2 }"),
        ("{\n  // of a\n  a: 1, // one\n  b: 2 // two\n}\n", "a", "{\n  // of a\n  b: 2 // two\n}\n"),
        ("{\n  a: 1, // one\n  // of b\n  b: 2 // two\n}\n", "b", "{\n  a: 1 // one\n  // of b\n}\n"),
        ("{\n  a: 1,\n  b: 2,\n}\n", "b", "{\n  a: 1,\n}\n"),
        ("{\n  a: 1,\n}\n", "a", "{}\n"),
        ("{\n  a: 1 }\n", "a", "{}\n"),
        ("{\n  a: 1 // one\n  // of nobody\n  ,\n  b: 2\n}\n", "a", "{\n  // of nobody\n  \n  b: 2\n}\n"),
        ("{\n  a: 1\n  , // of b\n  b: 2\n}\n", "a", "{\n   // of b\n  b: 2\n}\n"),
        ("{\n  a: 1\n  ,\n}\n", "a", "{}\n"),
        ("{ a: [1 // c\n, 2] }", "a.1", "{ a: [1 // c\n] }"),
        ("{ a: [{x:1},{y:2}] }", "a.0", "{ a: [{y:2}] }"),
    ] {
        assert_eq!(remove(text, path), expected, "{text:?}");
    }
    assert!(!edit("{ a: 1 }").remove(&keys("b.c")).unwrap());
}

#[test]
fn keys_may_be_anything() {
    let path: Vec<Segment> =
        ["x", "anthropic/claude-x.5", "it's \"odd\"", "null_x", ""].map(Segment::from).into();
    let mut edit = edit("{ x: { 'anthropic/claude-x.5': {} } }");
    edit.set(&path, &1).unwrap();
    assert_eq!(
        edit.to_text(),
        r#"{ x: { 'anthropic/claude-x.5': { 'it\'s "odd"': { 'null_x': { '': 1 } } } } }"#
            .replace("'it\\'s \"odd\"'", "\"it's \\\"odd\\\"\"")
            .replace("'null_x'", "\"null_x\"")
            .replace("{ '': 1 }", "{ \"\": 1 }")
    );
    assert_eq!(edit.get(&path), Some(&json!(1)));
}

#[test]
fn elements_are_removed_with_their_comments() {
    let mut edit = edit("{ agents: { list: [\n  { id: 'a' }, // a\n  { id: 'b' },\n  { id: 'A' },\n] } }");
    for path in ["agents.list.2", "agents.list.0"] {
        assert!(edit.remove(&keys(path)).unwrap());
    }
    assert_eq!(edit.to_text(), "{ agents: { list: [\n  { id: 'b' },\n] } }");
    assert_eq!(edit.config().agents.list.len(), 1);
}

#[test]
fn a_value_the_config_cannot_have_is_refused_with_place_value_and_rule() {
    let error = refusal("{}", "auth.env", "sometimes");
    assert!(error.starts_with("`auth.env` cannot be \"sometimes\": unknown word"), "{error}");
    let error = refusal("{ agents: { list: [{ id: 'a' }] } }", "agents.list.0.id", "../x");
    assert!(error.contains("`agents.list[0].id` cannot be \"../x\": not an agent id"), "{error}");
    let error = refusal("{}", "models.providers.x.headers", "FAKE-hunter2");
    assert!(!error.contains("hunter2"), "{error}");
    let mut edit = edit("{ agents: { list: [{ id: 'a' }] } }");
    let error = edit.remove(&keys("agents.list.0.id")).unwrap_err().to_string();
    assert!(error.contains("cannot be removed: missing field"), "{error}");
}

#[test]
fn a_place_that_cannot_be_is_refused() {
    for (text, path, said) in [
        ("{ a: 1 }", "a.b", "`a` is a number"),
        ("{ a: [1] }", "a.b", "`a` is a list"),
        ("{ a: [1] }", "a.5", "`a` is shorter"),
        ("{ a: {} }", "a.b.1", "`a.b` is not there"),
        ("{ a: 1, 'a': 2 }", "a", "`a` stands twice"),
    ] {
        let error = refusal(text, path, json!([]));
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn json5_that_only_one_parser_knows_is_refused_with_its_place() {
    for text in [
        "{\n  null_x: 1 }",
        "{\n  \\u0061b: 1 }",
        "{\n a\u{301}: 1 }",
        "{\n a/**/: 1 }",
        "{\n \u{feff}a: 1 }",
    ] {
        let error = Edit::of(Path::new("/c.json"), text).unwrap_err();
        assert!(matches!(error, EditError::Form { line: 2, .. }), "{text:?}: {error}");
    }
    let error = Edit::of(Path::new("/c.json"), "{\n a: 1, // x\u{2028} b: 2\n}").unwrap_err();
    assert!(matches!(error, EditError::Form { line: 2, .. }), "{error}");
}

#[test]
fn the_rest_of_json5_is_edited() {
    let text = "{$a:+1,_b:.5,c:5.,d:-0xF,e:Infinity,f:-NaN,'g':'\\x41\\\n\\v\\u00e9',\"h\":\"\\'\",é:null,true:1,\u{a0}i:[,]}";
    let text = text.replace("[,]", "[]");
    assert_eq!(set(&text, "d", 1), text.replace("-0xF", "1"));
    // A number that JSON has no word for is not the null it compares as.
    assert_eq!(set(&text, "e", Value::Null), text.replace("Infinity", "null"));
}

#[test]
fn a_fraction_of_many_digits_is_set_as_it_is() {
    for number in [2e-23, 5e-324, 0.1 + 0.2, f64::MAX] {
        let text = set("{}", "a", number);
        assert_eq!(json5::from_str::<Value>(&text).unwrap()["a"], json!(number), "{text}");
    }
}

struct World {
    dir: tempfile::TempDir,
    paths: Paths,
    clock: ManualClock,
}

impl World {
    fn new(text: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state").to_str().unwrap().to_owned();
        let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
        let world = Self { paths, clock: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()), dir };
        if let Some(text) = text {
            world.write(world.paths.config(), text.as_bytes());
        }
        world
    }

    fn write(&self, path: &Path, bytes: &[u8]) {
        storage::create_private_dir(path.parent().unwrap()).unwrap();
        storage::replace(path, bytes, Durability::Cached).unwrap();
    }

    fn set(&self, path: &str, value: impl Serialize) -> Result<bool, EditError> {
        update(&self.paths, &Env::default(), &self.clock, |edit| edit.set(&keys(path), &value))
            .map(|updated| updated.is_changed())
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.paths.config()).unwrap()
    }
}

#[test]
fn a_config_that_is_not_there_is_made() {
    let world = World::new(None);
    assert!(world.set("auth.env", "never").unwrap());
    assert_eq!(world.text(), "{\n  auth: { env: \"never\" },\n}\n");
    assert_eq!(storage::exposure_of(world.paths.config()), storage::Exposure::Private);
    assert!(world.paths.config_lock().exists());
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let world = World::new(Some("{ auth: { env: 'never' } }"));
    let before = std::fs::metadata(world.paths.config()).unwrap().modified().unwrap();
    assert!(!world.set("auth.env", "never").unwrap());
    assert_eq!(std::fs::metadata(world.paths.config()).unwrap().modified().unwrap(), before);
}

#[test]
fn a_config_that_is_invalid_already_is_left_as_it_is() {
    for text in ["{ auth: ", "{ auth: { env: 7 } }", "// only a comment"] {
        let world = World::new(Some(text));
        let error = world.set("auth.env", "never").unwrap_err();
        assert!(matches!(error, EditError::Config(_)), "{error}");
        assert_eq!(world.text(), text);
    }
    let world = World::new(None);
    world.write(world.paths.config(), b"\xff\xfe{}");
    assert!(world.set("auth.env", "never").unwrap_err().to_string().contains("not UTF-8"));
}

#[test]
fn a_change_that_fails_leaves_the_config_as_it_is() {
    let world = World::new(Some("{}"));
    let failed: Result<Updated<()>, EditError> =
        update(&world.paths, &Env::default(), &world.clock, |edit| {
            edit.set(&keys("auth.env"), &"never")?;
            edit.set(&keys("auth.env.x"), &1)
        });
    failed.unwrap_err();
    assert_eq!(world.text(), "{}");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays() {
    let world = World::new(None);
    let real = world.dir.path().join("dotfiles/fased.json5");
    storage::create_private_dir(real.parent().unwrap()).unwrap();
    storage::create_private_dir(world.paths.state()).unwrap();
    std::os::unix::fs::symlink("../dotfiles/fased.json5", world.paths.config()).unwrap();
    for (env, text) in
        [("never", "{\n  auth: { env: \"never\" },\n}\n"), ("prefer", "{\n  auth: { env: \"prefer\" },\n}\n")]
    {
        world.set("auth.env", env).unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), text);
        assert!(world.paths.config().is_symlink());
    }
}
