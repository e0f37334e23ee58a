use serde_json::json;

use super::*;
use crate::config::edit::{Edit, EditError};
use crate::config::load;

/// A directory with these files; the first one is the config.
struct World {
    dir: tempfile::TempDir,
    main: PathBuf,
}

impl World {
    fn of(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            crate::storage::create_private_dir(path.parent().unwrap()).unwrap();
            crate::storage::replace(&path, text.as_bytes(), crate::storage::Durability::Cached).unwrap();
        }
        let main = dir.path().join(files[0].0);
        Self { dir, main }
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    fn sources(&self) -> Result<Sources, ConfigError> {
        Sources::of(&self.main, self.text(self.main.file_name().unwrap().to_str().unwrap()))
    }

    fn merged(&self) -> Value {
        self.sources().unwrap().merged().unwrap().into_owned()
    }

    /// What is wrong, with directories taken off.
    fn problem(&self) -> String {
        let problem = self.sources().and_then(|it| it.merged().map(drop)).unwrap_err().to_string();
        let real = std::fs::canonicalize(self.dir.path()).unwrap();
        problem
            .replace(&format!("{}/", self.dir.path().display()), "")
            .replace(&format!("{}/", real.display()), "")
    }

    fn edit(&self) -> Edit {
        Edit::with_files(&self.main, &self.text(self.main.file_name().unwrap().to_str().unwrap())).unwrap()
    }
}

#[test]
fn files_are_merged_in_their_order_and_what_stands_beside_them_wins() {
    let world = World::of(&[
        (
            "fased.json",
            "{ $include: ['a.json5', 'sub/b.json5'], own: 1, both: { own: 1 }, list: [5], s: 'own' }",
        ),
        ("a.json5", "{ a: 1, both: { a: 1, x: 'a' }, list: [1, 2], s: ['a'] }"),
        ("sub/b.json5", "{ b: { $include: './c.json5' }, both: { x: 'b' }, list: [3] }"),
        ("sub/c.json5", "\u{feff}['c']"),
    ]);
    assert_eq!(
        world.merged(),
        json!({
            "a": 1, "b": ["c"], "both": {"a": 1, "x": "b", "own": 1}, "list": [1, 2, 3, 5], "s": "own", "own": 1,
        })
    );
}

#[test]
fn a_value_is_traced_to_where_it_stands() {
    let world = World::of(&[
        ("fased.json", "{\n  list: { $include: ['a', 'b'] },\n  o: { $include: 'c', x: 1 },\n}"),
        ("a", "[1, 2]"),
        ("b", "[\n  3,\n]"),
        ("c", "{ x: 0,\n  y: { z: 7 } }"),
    ]);
    let sources = world.sources().unwrap();
    let place = |path: &[Segment]| {
        let (source, line, column) = sources.place(path).unwrap();
        (source.path.file_name().unwrap().to_str().unwrap().to_owned(), line, column)
    };
    assert_eq!(place(&["list".into(), 2.into()]), ("b".into(), 2, 3));
    assert_eq!(place(&["list".into(), 1.into()]), ("a".into(), 1, 5));
    assert_eq!(place(&Segment::keys(["o", "x"])), ("fased.json".into(), 3, 26));
    assert_eq!(place(&Segment::keys(["o", "y", "z"])), ("c".into(), 2, 11));
    // Not there: where what is around it is.
    assert_eq!(place(&Segment::keys(["o", "y", "gone"])), ("c".into(), 2, 6));
    assert_eq!(sources.parts(&Segment::keys(["o"])).len(), 2);
    assert_eq!(sources.parts(&Segment::keys(["gone"])).len(), 0);
}

#[test]
fn what_cannot_be_included_is_told_with_its_place() {
    for (files, expected) in [
        (
            vec![("m", "{\n  $include: 'gone'\n}")],
            "Invalid config at `m`: line 2, column 13: `$include`: there is no file gone",
        ),
        (
            vec![("m", "{a:{$include:7}}")],
            "`m`: line 1, column 14: `a.$include`: it names a file, or a list of files",
        ),
        (vec![("m", "{$include:[]}")], "it names a file, or a list of files"),
        (
            vec![("m", "{$include:'n'}"), ("n", "{$include:'m'}")],
            "`n`: line 1, column 11: `$include`: these files include each other: m → n → m",
        ),
        (vec![("m", "{$include:'m'}")], "these files include each other: m → m"),
        (
            vec![("m", "{$include:'n',x:1}"), ("n", "[1]")],
            "`m`: line 1, column 1: keys stand beside an `$include` of something that is no object",
        ),
        (vec![("m", "{$include:'n'}"), ("n", "{ x: }")], "`n`: line 1, column 6: "),
    ] {
        let problem = World::of(&files).problem();
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn ten_levels_are_followed_and_eleven_are_not() {
    let chain = |levels: usize| {
        let name = |level: usize| format!("f{level}");
        let text = |level: usize| match level {
            last if last == levels => "{ x: 1 }".to_owned(),
            level => format!("{{ $include: '{}' }}", name(level + 1)),
        };
        let files: Vec<(String, String)> = (0..=levels).map(|level| (name(level), text(level))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        World::of(&files)
    };
    assert_eq!(chain(10).merged(), json!({"x": 1}));
    assert!(chain(11).problem().contains("deeper than 10 levels"));
}

#[test]
fn few_files_cannot_become_a_huge_config() {
    let names = |level: usize| format!("[{}]", vec![format!("'f{level}'"); 30].join(","));
    let files: Vec<(String, String)> = (0..8)
        .map(|level| (format!("f{level}"), format!("{{ l: [0], x: {{ $include: {} }} }}", names(level + 1))))
        .chain([("f8".to_owned(), "{ l: [1, 2, 3] }".to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert!(World::of(&files).problem().contains("more than 64 MiB"));
}

#[test]
fn nesting_counts_across_files() {
    let deep = |inside: &str| format!("{}{inside}{}", "[".repeat(100), "]".repeat(100));
    let main = format!("{{x:{}}}", deep("{$include:'n'}"));
    let world = World::of(&[("m", &main), ("n", &deep("1"))]);
    assert!(world.problem().contains("deeper than 128 levels"));
}

#[test]
fn a_change_is_made_in_the_file_that_holds_the_value() {
    let world = World::of(&[
        (
            "fased.json",
            "{ agents: { $include: './agents.json5' }, auth: { $include: 'auth', env: 'never' } } // mine\n",
        ),
        ("agents.json5", "// theirs\n{ list: [ { id: 'a' } ] }\n"),
        ("auth", "{ env: 'prefer', crossBilling: 'stop' }"),
    ]);
    let mut edit = world.edit();
    edit.set(&["agents".into(), "list".into(), 0.into(), "model".into()], &"anthropic/x").unwrap();
    edit.append(&Segment::keys(["agents", "list"]), &json!({"id": "b"})).unwrap();
    edit.set(&Segment::keys(["agents", "defaults", "model"]), &"anthropic/y").unwrap();
    edit.set(&Segment::keys(["auth", "env"]), &"overflow").unwrap();
    edit.set(&Segment::keys(["auth", "crossBilling"]), &"allow").unwrap();
    assert_eq!(
        edit.to_text(),
        "{ agents: { $include: './agents.json5' }, auth: { $include: 'auth', env: 'overflow' } } // mine\n"
    );
    let texts: Vec<&str> = edit.texts().collect();
    assert!(texts.contains(
        &"// theirs\n{ list: [ { id: 'a', model: 'anthropic/x' }, { id: 'b' } ], defaults: { model: 'anthropic/y' } }\n"
    ), "{texts:?}");
    assert!(texts.contains(&"{ env: 'prefer', crossBilling: 'allow' }"), "{texts:?}");
    assert_eq!(edit.config().agents.list.len(), 2);
}

#[test]
fn what_comes_of_several_files_is_not_changed() {
    let world = World::of(&[
        ("fased.json", "{ agents: { $include: ['a', 'b'] }, auth: { $include: 'c', env: 'never' } }"),
        ("a", "{ list: [ { id: 'a' } ], defaults: { model: 'x/a' } }"),
        ("b", "{ list: [ { id: 'b' } ], defaults: { imageModel: 'x/b' } }"),
        ("c", "{ env: 'prefer' }"),
    ]);
    let mut edit = world.edit();
    let before: Vec<String> = edit.texts().map(str::to_owned).collect();
    let error = edit.set(&Segment::keys(["agents", "list"]), &json!([])).unwrap_err();
    assert!(matches!(&error, EditError::Several { files, .. } if files.len() == 2), "{error}");
    let error = edit.set(&Segment::keys(["agents"]), &json!({})).unwrap_err();
    assert!(matches!(error, EditError::Several { .. }), "{error}");
    // Taken away here, the other one would count.
    let error = edit.remove(&Segment::keys(["auth", "env"])).unwrap_err();
    assert!(matches!(&error, EditError::Several { files, .. } if files.len() == 1), "{error}");
    assert_eq!(edit.texts().collect::<Vec<_>>(), before);
    // Each part alone is in one file.
    edit.set(&["agents".into(), "list".into(), 1.into(), "default".into()], &true).unwrap();
    edit.set(&Segment::keys(["agents", "defaults", "model"]), &"x/c").unwrap();
    edit.append(&Segment::keys(["agents", "list"]), &json!({"id": "c"})).unwrap();
    let texts: Vec<&str> = edit.texts().collect();
    assert!(texts.contains(&"{ list: [ { id: 'a' } ], defaults: { model: 'x/c' } }"), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("{ id: 'b', default: true }, { id: 'c' }")), "{texts:?}");
}

#[test]
fn a_file_elsewhere_and_a_whole_file_are_left_alone() {
    let world = World::of(&[
        ("state/fased.json", "{ agents: { $include: '../agents' }, auth: { $include: 'auth' } }"),
        ("agents", "{ list: [] }"),
        ("state/auth", "{}"),
    ]);
    let mut edit = Edit::with_files(&world.main, &world.text("state/fased.json")).unwrap();
    let error = edit.append(&Segment::keys(["agents", "list"]), &json!({"id": "a"})).unwrap_err();
    assert!(matches!(error, EditError::Outside { .. }), "{error}");
    let error = edit.set(&Segment::keys(["auth"]), &json!({})).unwrap_err();
    assert!(matches!(error, EditError::WholeFile { .. }), "{error}");
    let error = edit.set(&Segment::keys(["auth", "$include"]), &"elsewhere").unwrap_err();
    assert!(error.to_string().contains("written by hand"), "{error}");
}

#[test]
fn removing_an_element_before_an_included_one_keeps_track_of_it() {
    let world = World::of(&[
        ("fased.json", "{ agents: { list: [ { id: 'a' }, { $include: 'b' } ] } }"),
        ("b", "{ id: 'b' }"),
    ]);
    let mut edit = world.edit();
    assert!(edit.remove(&["agents".into(), "list".into(), 0.into()]).unwrap());
    edit.set(&["agents".into(), "list".into(), 0.into(), "default".into()], &true).unwrap();
    let texts: Vec<&str> = edit.texts().collect();
    assert!(texts.contains(&"{ id: 'b', default: true }"), "{texts:?}");
}

#[test]
fn a_value_of_the_wrong_kind_is_found_in_its_file() {
    let world = World::of(&[
        ("fased.json", "{ agents: { $include: 'a' } }"),
        ("a", "{\n  list: [ { id: 'a', model: 7 } ],\n}"),
    ]);
    let error = load::understand(&world.sources().unwrap(), &crate::env::Env::default()).unwrap_err();
    let ConfigError::Invalid { path, problem } = error else { panic!("{error}") };
    assert!(path.ends_with("a"), "{path:?}");
    assert!(problem.to_string().starts_with("line 2, column 29: `agents.list[0].model`: "), "{problem}");
}
