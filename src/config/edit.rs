//! Changes of `fased.json` that touch only what they are about: comments, order, quotes, ends of lines and every other
//! byte stay. A change is made under the config's lock on the text as it is then, in the file that holds the value, read
//! back, and written only when the files say exactly what was meant and are a valid config. A file that is invalid
//! already is never repaired.

mod error;
mod layout;
mod preview;
mod style;
mod value;

pub use super::key_path::{Segment, shown};
pub use error::EditError;
pub use preview::{Difference, Preview, preview};

use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonc_parser::ast;
use serde::Serialize;
use serde_json::Value;

use super::json_schema::json_schema;
use super::load::{self, ConfigError, ConfigProblem, Loaded};
use super::sources::{INCLUDE, Part, Source, Sources};
use super::unknown_keys::{KeysByPlace, UnknownKeyAt, unknown_keys};
use super::{Config, Paths, document, environment, key_path, redact};
use crate::clock::Clock;
use crate::env::Env;
use crate::storage::{self, Durability, FileError, FileLock};
use crate::text::{one_line, without_credentials};
use layout::{Entry, Shape, Unreadable};
pub(super) use layout::{numbers_that_are_none, position};
use value::{holds_non_finite, parse, put, take, value_of, wrapped};

/// Longest wait for the config's lock.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// Links that are followed to the config before it is called a circle.
const MOST_LINKS: usize = 40;
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Why an edit does not touch what is included.
const BY_HAND: &str = "an `$include` is written by hand";

/// What a change of the config came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated<R> {
    /// The files that were written. What is there already is not written again.
    pub written: Vec<PathBuf>,
    /// What the change returned.
    pub result: R,
}

impl<R> Updated<R> {
    /// Whether anything was written.
    pub fn is_changed(&self) -> bool {
        !self.written.is_empty()
    }
}

/// Changes the config: lock, read again, change, replace. A config that is not there is created; one that is a symbolic
/// link is followed. `process` is the process's environment, which the config's texts may name.
///
/// # Errors
/// Whatever `change` returns, or an [`EditError`]; the files are as they were then.
pub fn update<R, E: From<EditError>>(
    paths: &Paths,
    process: &Env,
    clock: &dyn Clock,
    change: impl FnOnce(&mut Edit) -> Result<R, E>,
) -> Result<Updated<R>, E> {
    let lock = paths.config_lock();
    make_parent(&lock)?;
    let _lock = FileLock::acquire(&lock, LOCK_LIMIT, clock).map_err(EditError::from)?;
    let mut edit = Edit::read(paths, process, clock)?;
    let result = change(&mut edit)?;
    let mut written = Vec::new();
    // The main file last: what it names is there by then.
    for file in (0..edit.sources.files.len()).rev().filter(|file| edit.is_changed(*file)) {
        let place = follow_links(&edit.sources.files[file].path)?;
        make_parent(&place)?;
        let text = edit.text_of(file);
        storage::replace(&place, text.as_bytes(), Durability::Synced).map_err(EditError::from)?;
        written.push(edit.sources.files[file].path.clone());
    }
    Ok(Updated { written, result })
}

fn make_parent(path: &Path) -> Result<(), EditError> {
    path.parent().map_or(Ok(()), storage::create_private_dir).map_err(EditError::from)
}

/// The file behind symbolic links, whether it is there or not.
fn follow_links(path: &Path) -> Result<PathBuf, EditError> {
    let mut file = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&file) {
            Ok(target) => file = file.parent().unwrap_or(Path::new("")).join(target),
            // Not a link, or nothing at all; reading it tells the rest.
            Err(_) => return Ok(file),
        }
    }
    let circle = std::io::Error::other("too many symbolic links");
    Err(FileError::new("read", path, circle).into())
}

/// The config while it is being changed. Every step leaves a valid config whose text says what was asked for, or is
/// refused and changes nothing.
pub struct Edit {
    sources: Sources,
    /// The texts the files had.
    before: Vec<String>,
    /// The config as one value, where it is of several files.
    merged: Option<Value>,
    config: Config,
    /// What texts of the config may name.
    env: Env,
    /// Included files elsewhere are not changed.
    state: PathBuf,
}

impl std::fmt::Debug for Edit {
    /// Without the text, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edit").field("file", &self.main().path).finish_non_exhaustive()
    }
}

/// Where the way to a value leads inside of a file.
enum Place<'s, 't> {
    /// There it is, as an entry.
    Here(Entry<'s, 't>),
    /// So far it exists: a container, and how many steps lead to it.
    Missing(&'s ast::Value<'t>, usize),
}

/// What is being changed, and what it is to make of the config.
struct Change<'c> {
    file: usize,
    path: &'c [Segment],
    shown_value: &'c str,
    /// The whole config afterwards, where it is of several files.
    whole: Option<Value>,
}

/// The file that holds a value or is to hold it, and the value's place there.
struct Target {
    file: usize,
    path: Vec<Segment>,
}

impl Edit {
    /// An edit of a text alone, which includes nothing and names no variables; `file` is for messages. It changes no
    /// file: see [`update`].
    ///
    /// # Errors
    /// When it is no valid config, or of a form that cannot be edited.
    pub fn of(file: &Path, text: &str) -> Result<Self, EditError> {
        Self::begin(Sources::alone(file, text.to_owned())?, Env::default(), PathBuf::new())
    }

    /// The same with the files the text includes; those in the directory of `file` may be changed.
    #[cfg(test)]
    pub(super) fn with_files(file: &Path, text: &str) -> Result<Self, EditError> {
        let state = file.parent().unwrap_or(Path::new("")).to_owned();
        Self::begin(Sources::of(file, text.to_owned())?, Env::default(), state)
    }

    fn read(paths: &Paths, process: &Env, clock: &dyn Clock) -> Result<Self, EditError> {
        let env = environment::with_dotenv(paths, process)?;
        let file = follow_links(paths.config())?;
        storage::wait_for_foreign_lock(&file, LOCK_LIMIT, clock)?;
        let bytes = storage::read_optional(&file)?;
        let text = load::text_of(bytes.unwrap_or_default(), paths.config())?;
        Self::begin(Sources::of(paths.config(), text)?, env, paths.state().to_owned())
    }

    fn begin(mut sources: Sources, env: Env, state: PathBuf) -> Result<Self, EditError> {
        let before: Vec<String> = sources.files.iter().map(|source| source.text.clone()).collect();
        let main = &mut sources.files[0];
        if main.text.trim().is_empty() {
            main.text = "{}\n".to_owned();
        }
        let Loaded { config, .. } = load::understand(&sources, &env)?;
        let merged = (sources.files.len() > 1).then(|| sources.merged().map(std::borrow::Cow::into_owned));
        let edit = Self { before, merged: merged.transpose()?, config, env, state, sources };
        edit.check_both_parsers(edit.main())?;
        Ok(edit)
    }

    fn main(&self) -> &Source {
        &self.sources.files[0]
    }

    /// The config as it is now, earlier steps of this edit included.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A value as it is now.
    pub fn get(&self, path: &[Segment]) -> Option<&Value> {
        path.iter().try_fold(self.value(), |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
    }

    /// A path whose numbers are positions where there are arrays.
    pub fn resolved(&self, path: Vec<Segment>) -> Vec<Segment> {
        key_path::resolved(path, self.value())
    }

    /// Keys that nobody reads; `foreign` are those of the TypeScript program.
    pub fn unknown_keys(&self, foreign: &KeysByPlace) -> Vec<UnknownKeyAt> {
        document::told(&self.sources, unknown_keys(self.value(), &json_schema(), foreign))
    }

    fn value(&self) -> &Value {
        self.merged.as_ref().unwrap_or(&self.main().value)
    }

    /// Sets a value, making the objects and arrays on the way to it. An index may be one behind the last. The order of
    /// an object's keys is that in which it serialises them. Setting what is there already changes nothing.
    ///
    /// # Errors
    /// When the place cannot be, is not in one file of ours, or the value makes the config invalid.
    pub fn set(&mut self, path: &[Segment], value: &impl Serialize) -> Result<(), EditError> {
        let refused = |rule: String| EditError::Refused { key: shown(path), value: "that".to_owned(), rule };
        // Not by way of a text, which would be read with numbers rounded differently than the config's parser does.
        let meant = serde_json::to_value(value).map_err(|error| refused(error.to_string()))?;
        if names_includes(path, Some(&meant)) {
            return Err(refused(BY_HAND.to_owned()));
        }
        let json = meant.to_string();
        let target = self.target(path)?;
        let source = &self.sources.files[target.file];
        let shape = self.shape_of(source)?;
        let splices = match self.walk(&shape, &target)? {
            Place::Here(entry) if self.get(path) == Some(&meant) && !holds_non_finite(&entry) => {
                return Ok(());
            }
            Place::Here(entry) => {
                let new = Shape::of(&json).map_err(|error| refused(error.what))?;
                shape.replacement(entry, &new.root)
            }
            Place::Missing(container, depth) => {
                let (key, inside) = self.split_missing(&target, container, depth)?;
                let json = wrapped(inside, &json);
                let new = Shape::of(&json).map_err(|error| refused(error.what))?;
                Some(shape.insertion(container, key, &new.root))
            }
        };
        let text = layout::apply(&source.text, splices.unwrap_or_default());
        let mut expected = source.value.clone();
        put(&mut expected, &target.path, &meant);
        let whole = self.merged.clone().map(|mut whole| {
            put(&mut whole, path, &meant);
            whole
        });
        let shown_value = shown_value(path, &meant);
        self.become_text(
            &Change { file: target.file, path, shown_value: &shown_value, whole },
            text,
            expected,
        )
    }

    /// Adds an element behind the last one of an array, which is made if it is not there.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn append(&mut self, path: &[Segment], value: &impl Serialize) -> Result<(), EditError> {
        let length = self.get(path).and_then(Value::as_array).map_or(0, Vec::len);
        let mut path = path.to_vec();
        path.push(Segment::Index(length));
        self.set(&path, value)
    }

    /// Removes a value with its key; says whether it was there.
    ///
    /// # Errors
    /// When it is not in one file of ours, or the config would be invalid without it.
    pub fn remove(&mut self, path: &[Segment]) -> Result<bool, EditError> {
        if names_includes(path, None) {
            let (key, value) = (shown(path), "removed".to_owned());
            return Err(EditError::Refused { key, value, rule: BY_HAND.to_owned() });
        }
        if self.sources.parts(path).is_empty() {
            return Ok(false);
        }
        let target = self.target(path)?;
        let hidden = self.hidden_by(path, &target);
        if !hidden.is_empty() {
            return Err(EditError::Several { key: shown(path), files: hidden });
        }
        let source = &self.sources.files[target.file];
        let shape = self.shape_of(source)?;
        let splices = match self.walk(&shape, &target)? {
            Place::Here(entry) => shape.removal(entry),
            Place::Missing(..) => return Ok(false),
        };
        let text = layout::apply(&source.text, splices.unwrap_or_default());
        let mut expected = source.value.clone();
        take(&mut expected, &target.path);
        let whole = self.merged.clone().map(|mut whole| {
            take(&mut whole, path);
            whole
        });
        self.become_text(&Change { file: target.file, path, shown_value: "removed", whole }, text, expected)?;
        Ok(true)
    }

    fn is_changed(&self, file: usize) -> bool {
        let source = &self.sources.files[file];
        // An empty file was read as an empty object, which is no change.
        source.text != self.before[file]
            && !(self.before[file].trim().is_empty()
                && source.value.as_object().is_some_and(|it| it.is_empty()))
    }

    /// What the main file is to hold.
    pub fn to_text(&self) -> String {
        self.text_of(0)
    }

    /// The files that would be written, with what they hold until then.
    pub fn files_before(&self) -> impl Iterator<Item = (&Path, String)> {
        let changed = (0..self.sources.files.len()).filter(|file| self.is_changed(*file));
        changed.map(|file| {
            let source = &self.sources.files[file];
            let mark = if source.is_marked { BYTE_ORDER_MARK } else { "" };
            (source.path.as_path(), format!("{mark}{}", self.before[file]))
        })
    }

    /// What each file is to hold, the main one first.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.sources.files.iter().map(|source| source.text.as_str())
    }

    fn text_of(&self, file: usize) -> String {
        let source = &self.sources.files[file];
        let mark = if source.is_marked { BYTE_ORDER_MARK } else { "" };
        format!("{mark}{}", source.text)
    }

    /// The file to change for a value.
    fn target(&self, path: &[Segment]) -> Result<Target, EditError> {
        let parts = self.sources.parts(path);
        let target = match parts.as_slice() {
            [Part { file, path, .. }] => Target { file: *file, path: path.clone() },
            [] => self.home_of(path)?,
            several => {
                let files = several.iter().map(|part| self.sources.files[part.file].path.clone());
                return Err(EditError::Several { key: shown(path), files: files.collect() });
            }
        };
        let source = &self.sources.files[target.file];
        if target.file == 0 && target.path.is_empty() {
            return Err(self.no_place(source, path, 0, "the whole config"));
        }
        if target.path.is_empty() {
            return Err(EditError::WholeFile { key: shown(path), file: source.path.clone() });
        }
        let is_ours = |path: &Path| {
            let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            real(path).starts_with(real(&self.state))
        };
        if target.file > 0 && !is_ours(&source.path) {
            return Err(EditError::Outside { key: shown(path), file: source.path.clone() });
        }
        Ok(target)
    }

    /// The file a value that is not there belongs in: the one that holds what is around it, the last of them when there
    /// are several, because what is there wins.
    fn home_of(&self, path: &[Segment]) -> Result<Target, EditError> {
        let around = (0..path.len()).rev().map(|length| (length, self.sources.parts(&path[..length])));
        for (length, parts) in around {
            let Some(part) = parts.last() else { continue };
            let mut place = part.path.clone();
            place.extend_from_slice(&path[length..]);
            if let Segment::Index(index) = &path[length] {
                let lengths = parts.iter().map(|part| part.value.as_array().map_or(0, Vec::len));
                let elsewhere = lengths.rev().skip(1).sum::<usize>();
                place[part.path.len()] = Segment::Index(index.saturating_sub(elsewhere));
            }
            return Ok(Target { file: part.file, path: place });
        }
        Ok(Target { file: 0, path: path.to_vec() })
    }

    /// Files whose own value for a key would come to light if the one that counts were removed.
    fn hidden_by(&self, path: &[Segment], target: &Target) -> Vec<PathBuf> {
        let Some((Segment::Key(key), around)) = path.split_last() else { return Vec::new() };
        let parts = self.sources.parts(around);
        let others = parts.iter().filter(|part| {
            let is_target = part.file == target.file && target.path.starts_with(&part.path);
            !is_target && part.value.get(key).is_some()
        });
        others.map(|part| self.sources.files[part.file].path.clone()).collect()
    }

    fn shape_of<'t>(&self, source: &'t Source) -> Result<Shape<'t>, EditError> {
        let form = |Unreadable { line, column, what }| EditError::Form {
            file: source.path.clone(),
            line,
            column,
            what,
        };
        Shape::of(&source.text).map_err(form)
    }

    /// The parser that knows places is not the one that reads the config. Where they disagree, nothing is changed.
    fn check_both_parsers(&self, source: &Source) -> Result<(), EditError> {
        if value_of(&self.shape_of(source)?.root).as_ref() == Some(&source.value) {
            return Ok(());
        }
        const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];
        let (line, what) = match source.text.find(SEPARATORS) {
            Some(at) => (
                source.text[..at].matches('\n').count() + 1,
                "a line separator (U+2028 or U+2029), which not every program takes for the end of a line",
            ),
            None => (1, "it can be read in two ways"),
        };
        Err(EditError::Form { file: source.path.clone(), line, column: 1, what: what.to_owned() })
    }

    fn walk<'s, 't>(&self, shape: &'s Shape<'t>, target: &Target) -> Result<Place<'s, 't>, EditError> {
        let (source, path) = (&self.sources.files[target.file], target.path.as_slice());
        let mut container = &shape.root;
        for (depth, segment) in path.iter().enumerate() {
            let index = match (container, segment) {
                (ast::Value::Object(object), Segment::Key(key)) => {
                    let mut found =
                        object.properties.iter().enumerate().filter(|(_, p)| p.name.as_str() == key);
                    let first = found.next();
                    if found.next().is_some() {
                        return Err(EditError::Twice {
                            file: source.path.clone(),
                            key: shown(&path[..=depth]),
                        });
                    }
                    first.map(|(index, property)| (index, &property.value))
                }
                (ast::Value::Array(array), Segment::Index(index)) => {
                    array.elements.get(*index).map(|element| (*index, element))
                }
                (other, _) => return Err(self.no_place(source, path, depth, described(other))),
            };
            match index {
                None => return Ok(Place::Missing(container, depth)),
                Some((index, _)) if depth + 1 == path.len() => {
                    return Ok(Place::Here(Entry { container, index }));
                }
                Some((_, value)) => container = value,
            }
        }
        Err(self.no_place(source, path, 0, "the whole config"))
    }

    fn no_place(&self, source: &Source, path: &[Segment], depth: usize, holds: &'static str) -> EditError {
        let parent = if depth == 0 { "the config".to_owned() } else { shown(&path[..depth]) };
        EditError::NoPlace { file: source.path.clone(), key: shown(path), parent, holds }
    }

    /// The key of the entry to be made, and the steps inside of it.
    fn split_missing<'p>(
        &self,
        target: &'p Target,
        container: &ast::Value<'_>,
        depth: usize,
    ) -> Result<(Option<&'p str>, &'p [Segment]), EditError> {
        let (source, path) = (&self.sources.files[target.file], target.path.as_slice());
        let inside = &path[depth + 1..];
        // Arrays that are made begin at their first element.
        if inside.iter().any(|segment| matches!(segment, Segment::Index(index) if *index > 0)) {
            return Err(self.no_place(source, path, depth + 1, "not there"));
        }
        match &path[depth] {
            Segment::Key(key) => Ok((Some(key), inside)),
            Segment::Index(index) if *index == layout::items(container).len() => Ok((None, inside)),
            Segment::Index(_) => Err(self.no_place(source, path, depth, "shorter")),
        }
    }

    /// Takes over a new text of a file that means what was expected and leaves a valid config.
    fn become_text(&mut self, change: &Change<'_>, text: String, expected: Value) -> Result<(), EditError> {
        let Change { file, path, shown_value, whole } = change;
        let refused =
            |rule: String| EditError::Refused { key: shown(path), value: (*shown_value).to_owned(), rule };
        let source = &self.sources.files[*file];
        if parse(&text).as_ref() != Some(&expected) {
            // Nesting that is too deep is the only thing that reads as it was meant and is refused all the same.
            return Err(match load::parse(&text) {
                Err(problem @ ConfigProblem::TooDeep { .. }) => refused(problem.rule()),
                _ => EditError::Misread { file: source.path.clone(), key: shown(path) },
            });
        }
        let shared = EditError::Shared { key: shown(path), file: source.path.clone() };
        let old = (source.text.clone(), source.value.clone());
        if self.sources.put(*file, text, expected).is_none() {
            return Err(refused(BY_HAND.to_owned()));
        }
        let understood = match self.understood(*file) {
            // What is included twice, or comes to light behind what was replaced, would change more than was asked for.
            Ok((_, merged)) if merged != *whole => Err(shared),
            other => other,
        };
        match understood {
            Ok((config, merged)) => {
                (self.config, self.merged) = (config, merged);
                Ok(())
            }
            Err(error) => {
                let (text, value) = old;
                // It was there before, so it can be put back.
                let _: Option<()> = self.sources.put(*file, text, value);
                Err(match error {
                    EditError::Config(ConfigError::Invalid { problem, .. }) => {
                        // Said only where it is not the value itself or what is around it.
                        let elsewhere = problem.key().filter(|key| !shown(path).starts_with(key));
                        refused(elsewhere.map_or_else(
                            || problem.rule(),
                            |key| format!("`{key}` would be wrong: {}", problem.rule()),
                        ))
                    }
                    other => other,
                })
            }
        }
    }

    fn understood(&self, file: usize) -> Result<(Config, Option<Value>), EditError> {
        let Loaded { config, .. } = load::understand(&self.sources, &self.env)?;
        self.check_both_parsers(&self.sources.files[file])?;
        let merged = self.merged.as_ref().map(|_| self.sources.merged().map(std::borrow::Cow::into_owned));
        Ok((config, merged.transpose()?))
    }
}

fn described(tree: &ast::Value<'_>) -> &'static str {
    match tree {
        ast::Value::StringLit(_) => "a text",
        ast::Value::NumberLit(_) => "a number",
        ast::Value::BooleanLit(_) => "true or false",
        ast::Value::NullKeyword(_) => "null",
        ast::Value::Object(_) => "an object, whose entries have keys",
        ast::Value::Array(_) => "a list, whose elements are numbered",
    }
}

/// Whether a change is about what is included, which could make files include each other.
fn names_includes(path: &[Segment], value: Option<&Value>) -> bool {
    fn is_in(value: &Value) -> bool {
        match value {
            Value::Object(entries) => entries.iter().any(|(key, entry)| key == INCLUDE || is_in(entry)),
            Value::Array(elements) => elements.iter().any(is_in),
            _ => false,
        }
    }
    path.contains(&INCLUDE.into()) || value.is_some_and(is_in)
}

/// A value for a message: shortened, and masked where secrets stand.
fn shown_value(path: &[Segment], value: &Value) -> String {
    const LONGEST: usize = 60;
    let (masked, _) = redact::redacted(path, value);
    let text = without_credentials(&one_line(&masked.to_string()));
    if text.chars().count() <= LONGEST {
        return text;
    }
    let beginning: String = text.chars().take(LONGEST).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
