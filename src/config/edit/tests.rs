use proptest::prelude::*;
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
        "{\n  agents: {\n    list: [\n      { default: true, id: \"main\" },\n      { id: \"work\" },\n    ],\n  },\n}\n"
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
fn elements_are_removed_by_what_they_are() {
    let mut edit = edit("{ agents: { list: [\n  { id: 'a' }, // a\n  { id: 'b' },\n  { id: 'A' },\n] } }");
    let of_a = |it: &Value| it["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case("a"));
    assert_eq!(edit.remove_where(&keys("agents.list"), of_a).unwrap(), 2);
    assert_eq!(edit.to_text(), "{ agents: { list: [\n  { id: 'b' },\n] } }");
    assert_eq!(edit.config().agents.list.len(), 1);
}

#[test]
fn a_value_the_config_cannot_have_is_refused_with_place_value_and_rule() {
    let error = refusal("{}", "auth.env", "sometimes");
    assert!(error.starts_with("`auth.env` cannot be \"sometimes\": unknown variant"), "{error}");
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
        ("{ $include: './base.json5' }", "agents.list", "which includes \"./base.json5\" at `$include`"),
        ("{ agents: { $include: ['x'] } }", "agents.list", "at `agents.$include`"),
    ] {
        let error = refusal(text, path, json!([]));
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(set("{ $include: 'x', a: 1 }", "a", 2), "{ $include: 'x', a: 2 }");
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
        update(&self.paths, &self.clock, |edit| edit.set(&keys(path), &value)).map(|updated| updated.changed)
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
    let failed: Result<Updated<()>, EditError> = update(&world.paths, &world.clock, |edit| {
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

/// Makes JSON5 with odd formatting, and choices about it, out of a row of numbers.
struct Maker {
    numbers: Vec<u16>,
    at: usize,
    comments: usize,
}

impl Maker {
    fn pick(&mut self, below: usize) -> usize {
        let number = self.numbers.get(self.at % self.numbers.len()).copied().unwrap_or(0);
        // Rows that are short go round, shifted, so that no document is endless repetition.
        let shift = self.at / self.numbers.len();
        self.at += 1;
        (usize::from(number) + shift * 7) % below
    }

    fn gap(&mut self) -> String {
        self.comments += 1;
        let n = self.comments;
        match self.pick(14) {
            0 => "\n".to_owned(),
            1 => "\r\n\t".to_owned(),
            2 => "\n    ".to_owned(),
            3 => format!(" /* c{n}, */ "),
            4 => format!(" // c{n} }} ]\n  "),
            5 => format!("\n  // c{n}\n  "),
            6 => format!("/* c{n}\n */\n"),
            7 | 8 => " ".to_owned(),
            9 => "\t\u{a0}".to_owned(),
            _ => String::new(),
        }
    }

    fn key(&mut self, n: usize) -> String {
        let key =
            [format!("k{n}"), format!("$k{n}"), format!("'k.{n}'"), format!("\"k/{n}\""), format!("'k {n}'")];
        key[self.pick(key.len())].clone()
    }

    fn value(&mut self, depth: usize) -> String {
        let scalars = [
            "1",
            "0xAb",
            "+.5",
            "-Infinity",
            "true",
            "null",
            "'a\\'b'",
            "\"c,}\\n\"",
            "'//no'",
            "'\\\n x'",
            "\"\\x41\"",
        ];
        match self.pick(if depth == 0 { 2 } else { 4 }) {
            0 | 1 => scalars[self.pick(scalars.len())].to_owned(),
            2 => self.container(depth, '{', '}'),
            _ => self.container(depth, '[', ']'),
        }
    }

    fn container(&mut self, depth: usize, open: char, close: char) -> String {
        let mut text = format!("{open}{}", self.gap());
        let count = self.pick(4);
        for n in 0..count {
            if open == '{' {
                text.push_str(&self.key(n));
                // A comment right behind a bare key is refused by the parser that knows places.
                text.push_str([" ", "", " /* k */"][self.pick(3)]);
                text.push(':');
                text.push_str(&self.gap());
            }
            text.push_str(&self.value(depth - 1));
            text.push_str(&self.gap());
            if n + 1 < count || self.pick(2) == 0 {
                text.push(',');
                text.push_str(&self.gap());
            }
        }
        text.push(close);
        text
    }

    fn document(&mut self) -> String {
        let mark = ["", "\u{feff}"][self.pick(2)];
        format!("{mark}{}{}{}", self.gap(), self.container(3, '{', '}'), self.gap())
    }

    /// A place in the document, one that is there or one beside it.
    fn path(&mut self, value: &Value) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut value = value;
        loop {
            let next: Vec<(Segment, &Value)> = match value {
                Value::Object(object) => object.iter().map(|(key, it)| (key.as_str().into(), it)).collect(),
                Value::Array(array) => array.iter().enumerate().map(|(at, it)| (at.into(), it)).collect(),
                _ => Vec::new(),
            };
            match next.get(self.pick(next.len() + 1)) {
                Some((segment, inner)) => {
                    path.push(segment.clone());
                    value = inner;
                    if self.pick(3) == 0 {
                        return path;
                    }
                }
                None => {
                    match value {
                        Value::Object(_) => {
                            path.push(["new", "new/x", "new.y", "new z"][self.pick(4)].into());
                        }
                        Value::Array(array) => path.push(array.len().into()),
                        _ if path.is_empty() => path.push("new".into()),
                        _ => {}
                    }
                    return path;
                }
            }
        }
    }

    fn new_value(&mut self) -> Value {
        let values = [
            json!(7),
            json!(null),
            json!("a'b\"\n\u{2028}"),
            json!([]),
            json!({}),
            json!({"x": {"y": [1, {"z": "w"}]}, "v": [2]}),
            json!([[1], "t"]),
        ];
        values[self.pick(values.len())].clone()
    }
}

/// Length of what two texts have in common at their beginning and at their end.
fn common(old: &str, new: &str) -> (usize, usize) {
    let begin = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - begin;
    let end = old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    (begin, end)
}

/// The bytes an edit of this place may touch: the value; or from the entry before to the one behind; or from the last
/// entry to the end of the container.
fn touchable(edit: &Edit, path: &[Segment], removes: bool) -> std::ops::Range<usize> {
    let shape = edit.shape_of(&edit.text).unwrap();
    match edit.walk(&shape, path).unwrap() {
        Place::Here(entry) => {
            let items = layout::items(entry.container);
            let range = jsonc_parser::common::Ranged::range(entry.container);
            if removes {
                let begin = entry.index.checked_sub(1).map_or(range.start + 1, |before| items[before].end);
                return begin..items.get(entry.index + 1).map_or(range.end - 1, |next| next.start);
            }
            items[entry.index].clone()
        }
        Place::Missing(container, _) => {
            let range = jsonc_parser::common::Ranged::range(container);
            layout::items(container).last().map_or(range.start + 1, |last| last.end)..range.end - 1
        }
    }
}

fn comments_in(text: &str) -> Vec<String> {
    let numbers = text.match_indices(" c").map(|(at, _)| &text[at + 1..]);
    numbers
        .map(|rest| rest[1..].chars().take_while(char::is_ascii_digit).collect::<String>())
        .filter(|digits| !digits.is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_is_set_reads_back_and_the_rest_stays(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let text = maker.document();
        let mut edit = edit(&text);
        for _ in 0..3 {
            let (path, value) = (maker.path(&edit.value), maker.new_value());
            let old = edit.text.clone();
            let touchable = touchable(&edit, &path, false);
            let mut expected = edit.value.clone();
            put(&mut expected, &path, &value);
            edit.set(&path, &value).unwrap();

            prop_assert_eq!(edit.get(&path), Some(&value));
            prop_assert_eq!(&json5::from_str::<Value>(&edit.text).unwrap(), &expected, "{}", edit.text);
            let (begin, end) = common(&old, &edit.text);
            prop_assert!(begin >= touchable.start, "{old}\n---\n{}", edit.text);
            prop_assert!(begin + end >= touchable.start + (old.len() - touchable.end), "{old}\n---\n{}", edit.text);
            let is_new = path.last() == Some(&"new".into());
            if is_new {
                prop_assert_eq!(comments_in(&old), comments_in(&edit.text), "{}\n---\n{}", old, edit.text);
            }
            let written = edit.text.clone();
            edit.set(&path, &value).unwrap();
            prop_assert_eq!(&edit.text, &written);
        }
        prop_assert_eq!(edit.to_text().starts_with('\u{feff}'), text.starts_with('\u{feff}'));
    }

    #[test]
    fn whatever_is_removed_is_gone_and_the_rest_stays(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let mut edit = edit(&maker.document());
        for _ in 0..3 {
            let path = maker.path(&edit.value);
            let old = edit.text.clone();
            if edit.get(&path).is_none() {
                prop_assert!(!edit.remove(&path).unwrap());
                prop_assert_eq!(&edit.text, &old);
                continue;
            }
            let touchable = touchable(&edit, &path, true);
            let mut expected = edit.value.clone();
            take(&mut expected, &path);
            prop_assert!(edit.remove(&path).unwrap());

            prop_assert_eq!(&json5::from_str::<Value>(&edit.text).unwrap(), &expected, "{}", edit.text);
            let (begin, end) = common(&old, &edit.text);
            prop_assert!(begin >= touchable.start, "{old}\n---\n{}", edit.text);
            prop_assert!(begin + end >= touchable.start + (old.len() - touchable.end), "{old}\n---\n{}", edit.text);
        }
    }

    #[test]
    fn what_is_set_anew_and_removed_again_leaves_no_trace(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let mut edit = edit(&maker.document());
        let before = (edit.text.clone(), edit.value.clone());
        let path = [Segment::from("new")];
        edit.set(&path, &maker.new_value()).unwrap();
        edit.remove(&path).unwrap();
        prop_assert_eq!(&edit.value, &before.1);
        prop_assert_eq!(comments_in(&edit.text), comments_in(&before.0), "{}\n---\n{}", before.0, edit.text);
    }
}
