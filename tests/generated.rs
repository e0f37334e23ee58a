//! `completions/` and `man/` are made from the command line's types, the JSON Schema of the config from its types. They are
//! committed, for packagers and for those who read them. This fails as soon as they differ, a file is missing, or one is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::{Generator as _, Shell};
use clap_mangen::Man;
use fased::cli::Cli;

/// The one command that mends a difference.
const UPDATE: &str = "UPDATE_GENERATED=1 cargo test --test generated";

#[test]
fn completions_are_up_to_date() {
    let shells = [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];
    let files = shells.map(|shell| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "fased", &mut script);
        (shell.file_name("fased"), script)
    });
    compare("completions", &files.into()).unwrap();
}

#[test]
fn man_pages_are_up_to_date() {
    let mut root = Cli::command();
    root.build();
    let mut pages = BTreeMap::new();
    add_pages(&root, &mut pages).unwrap();
    assert!(pages.contains_key("fased.1") && pages.contains_key("fased-models-status.1"));
    compare("man", &pages).unwrap();
}

#[test]
fn the_schema_of_the_config_is_up_to_date() {
    let schema = format!("{:#}\n", fased::config::json_schema::json_schema());
    compare("assets/schema", &[("fased.schema.json".to_owned(), schema.into_bytes())].into()).unwrap();
}

/// A page for the command and each one below it.
fn add_pages(command: &Command, pages: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let man = Man::new(command.clone()).source(concat!("fased ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.insert(man.get_filename(), page);
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
        .try_for_each(|below| add_pages(below, pages))
}

/// Compares a directory with what should be in it, or makes it so when asked to.
fn compare(directory: &str, expected: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    if update_is_asked() {
        return update(&path, expected);
    }
    let wrong: Vec<String> = names(&path)?
        .union(&expected.keys().cloned().collect())
        .filter_map(|name| {
            let problem = match (fs::read(path.join(name)).ok(), expected.get(name)) {
                (None, _) => "is missing",
                (Some(_), None) => "is no longer generated",
                (Some(found), Some(wanted)) if found != *wanted => "is out of date",
                _ => return None,
            };
            Some(format!("{directory}/{name} {problem}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\nrun: {UPDATE}", wrong.join("\n"));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the sources' own files, not a user's")]
fn update(path: &Path, expected: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(path)?;
    for leftover in names(path)?.iter().filter(|name| !expected.contains_key(*name)) {
        fs::remove_file(path.join(leftover))?;
    }
    expected.iter().try_for_each(|(name, content)| fs::write(path.join(name), content))
}

/// Names of the files in a directory; none when it does not exist.
fn names(path: &Path) -> io::Result<BTreeSet<String>> {
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(path)?.map(name).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test has no context to be handed one")]
fn update_is_asked() -> bool {
    std::env::var_os("UPDATE_GENERATED").is_some_and(|value| !value.is_empty())
}
