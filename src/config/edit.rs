//! Changes of `fased.json` that touch only what they are about: comments, order, quotes, ends of lines and every other
//! byte stay. A change is made under the config's lock on the text as it is then, read back, and written only when the
//! file says exactly what was meant and is a valid config. A file that is invalid already is never repaired.

mod error;
mod key_path;
mod layout;
mod style;
mod value;

pub use error::EditError;
pub use key_path::{Segment, shown};

use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonc_parser::ast;
use serde::Serialize;
use serde_json::Value;

use super::load::{self, ConfigError, ConfigProblem};
use super::{Config, Paths};
use crate::clock::Clock;
use crate::storage::{self, Durability, FileError, FileLock};
use crate::text::{one_line, without_credentials};
use layout::{Entry, Shape, Unreadable};
use value::{holds_non_finite, parse, put, take, value_of, wrapped};

/// Longest wait for the config's lock.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// Links that are followed to the config before it is called a circle.
const MOST_LINKS: usize = 40;
const BYTE_ORDER_MARK: &str = "\u{feff}";
const INCLUDE: &str = "$include";

/// What a change of the config came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updated<R> {
    /// Whether the file was written. What is there already is not written again.
    pub changed: bool,
    /// What the change returned.
    pub result: R,
}

/// Changes the config: lock, read again, change, replace. A config that is not there is created; one that is a symbolic
/// link is followed.
///
/// # Errors
/// Whatever `change` returns, or an [`EditError`]; the file is as it was then.
pub fn update<R, E: From<EditError>>(
    paths: &Paths,
    clock: &dyn Clock,
    change: impl FnOnce(&mut Edit) -> Result<R, E>,
) -> Result<Updated<R>, E> {
    let lock = paths.config_lock();
    make_parent(&lock)?;
    let _lock = FileLock::acquire(&lock, LOCK_LIMIT, clock).map_err(EditError::from)?;
    let file = follow_links(paths.config())?;
    storage::wait_for_foreign_lock(&file, LOCK_LIMIT, clock).map_err(EditError::from)?;
    let bytes = storage::read_optional(&file).map_err(EditError::from)?;
    let text = text_of(bytes.unwrap_or_default(), paths.config())?;
    let mut edit = Edit::of(paths.config(), &text)?;
    let result = change(&mut edit)?;
    if edit.is_changed() {
        make_parent(&file)?;
        storage::replace(&file, edit.to_text().as_bytes(), Durability::Synced).map_err(EditError::from)?;
    }
    Ok(Updated { changed: edit.is_changed(), result })
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

fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, EditError> {
    let problem = ConfigProblem::NotText;
    let invalid = |_| ConfigError::Invalid { path: path.to_owned(), problem };
    String::from_utf8(bytes).map_err(|error| invalid(error).into())
}

/// The config while it is being changed. Every step leaves a valid config whose text says what was asked for, or is
/// refused and changes nothing.
pub struct Edit {
    file: PathBuf,
    before: String,
    /// Without the byte order mark.
    text: String,
    value: Value,
    config: Config,
}

impl std::fmt::Debug for Edit {
    /// Without the text, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edit").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Where the way to a value leads.
enum Place<'s, 't> {
    /// There it is, as an entry.
    Here(Entry<'s, 't>),
    /// So far it exists: a container, and how many steps lead to it.
    Missing(&'s ast::Value<'t>, usize),
}

impl Edit {
    /// An edit of a text; `file` is for messages. It changes no file: see [`update`].
    ///
    /// # Errors
    /// When the text is no valid config, or has a form that cannot be edited.
    pub fn of(file: &Path, text: &str) -> Result<Self, EditError> {
        let invalid = |problem| ConfigError::Invalid { path: file.to_owned(), problem };
        let config = load::parse(text).map_err(invalid)?;
        let bare = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let bare = if bare.trim().is_empty() { "{}\n" } else { bare };
        let value =
            parse(bare).ok_or_else(|| invalid(ConfigProblem::Somewhere("it is no JSON5".to_owned())))?;
        let (file, before, text) = (file.to_owned(), text.to_owned(), bare.to_owned());
        let edit = Self { file, before, text, value, config };
        edit.check_both_parsers(&edit.text, &edit.value)?;
        Ok(edit)
    }

    /// The config as it is now, earlier steps of this edit included.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A value as it is now.
    pub fn get(&self, path: &[Segment]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
    }

    /// Sets a value, making the objects and arrays on the way to it. An index may be one behind the last. The order of
    /// an object's keys is that in which it serialises them. Setting what is there already changes nothing.
    ///
    /// # Errors
    /// When the place cannot be, is in an included file, or the value makes the config invalid.
    pub fn set(&mut self, path: &[Segment], value: &impl Serialize) -> Result<(), EditError> {
        let refused = |rule: String| EditError::Refused { key: shown(path), value: "that".to_owned(), rule };
        // Not by way of a text, which would be read with numbers rounded differently than the config's parser does.
        let meant = serde_json::to_value(value).map_err(|error| refused(error.to_string()))?;
        let json = meant.to_string();
        let shape = self.shape_of(&self.text)?;
        let splices = match self.walk(&shape, path)? {
            Place::Here(entry) if self.get(path) == Some(&meant) && !holds_non_finite(&entry) => {
                return Ok(());
            }
            Place::Here(entry) => {
                let new = Shape::of(&json).map_err(|error| refused(error.what))?;
                shape.replacement(entry, &new.root)
            }
            Place::Missing(container, depth) => {
                self.refuse_includes(path, depth)?;
                let (key, inside) = self.split_missing(path, container, depth)?;
                let json = wrapped(inside, &json);
                let new = Shape::of(&json).map_err(|error| refused(error.what))?;
                Some(shape.insertion(container, key, &new.root))
            }
        };
        let text = layout::apply(&self.text, splices.unwrap_or_default());
        let mut expected = self.value.clone();
        put(&mut expected, path, &meant);
        self.become_text(text, &expected, path, &shown_value(path, &meant))
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
    /// When it is in an included file, or the config would be invalid without it.
    pub fn remove(&mut self, path: &[Segment]) -> Result<bool, EditError> {
        let shape = self.shape_of(&self.text)?;
        let splices = match self.walk(&shape, path) {
            Ok(Place::Here(entry)) => shape.removal(entry),
            Ok(Place::Missing(_, depth)) => {
                self.refuse_includes(path, depth)?;
                return Ok(false);
            }
            Err(EditError::NoPlace { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let text = layout::apply(&self.text, splices.unwrap_or_default());
        let mut expected = self.value.clone();
        take(&mut expected, path);
        self.become_text(text, &expected, path, "removed")?;
        Ok(true)
    }

    fn is_changed(&self) -> bool {
        let before = self.before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.before);
        // An empty file was read as an empty object, which is no change.
        self.text != before
            && !(before.trim().is_empty() && self.value.as_object().is_some_and(|it| it.is_empty()))
    }

    /// What is to be written.
    pub fn to_text(&self) -> String {
        let mark = if self.before.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
        format!("{mark}{}", self.text)
    }

    fn shape_of<'t>(&self, text: &'t str) -> Result<Shape<'t>, EditError> {
        let form = |Unreadable { line, column, what }| EditError::Form {
            file: self.file.clone(),
            line,
            column,
            what,
        };
        Shape::of(text).map_err(form)
    }

    /// The parser that knows places is not the one that reads the config. Where they disagree, nothing is changed.
    fn check_both_parsers(&self, text: &str, value: &Value) -> Result<(), EditError> {
        if value_of(&self.shape_of(text)?.root).as_ref() == Some(value) {
            return Ok(());
        }
        const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];
        let (line, what) = match text.find(SEPARATORS) {
            Some(at) => (
                text[..at].matches('\n').count() + 1,
                "a line separator (U+2028 or U+2029), which not every program takes for the end of a line",
            ),
            None => (1, "it can be read in two ways"),
        };
        Err(EditError::Form { file: self.file.clone(), line, column: 1, what: what.to_owned() })
    }

    fn walk<'s, 't>(&self, shape: &'s Shape<'t>, path: &[Segment]) -> Result<Place<'s, 't>, EditError> {
        let mut container = &shape.root;
        for (depth, segment) in path.iter().enumerate() {
            let index = match (container, segment) {
                (ast::Value::Object(object), Segment::Key(key)) => {
                    let mut found =
                        object.properties.iter().enumerate().filter(|(_, p)| p.name.as_str() == key);
                    let first = found.next();
                    if found.next().is_some() {
                        return Err(EditError::Twice {
                            file: self.file.clone(),
                            key: shown(&path[..=depth]),
                        });
                    }
                    first.map(|(index, property)| (index, &property.value))
                }
                (ast::Value::Array(array), Segment::Index(index)) => {
                    array.elements.get(*index).map(|element| (*index, element))
                }
                (other, _) => return Err(self.no_place(path, depth, described(other))),
            };
            match index {
                None => return Ok(Place::Missing(container, depth)),
                Some((index, _)) if depth + 1 == path.len() => {
                    return Ok(Place::Here(Entry { container, index }));
                }
                Some((_, value)) => container = value,
            }
        }
        Err(self.no_place(path, 0, "the whole config"))
    }

    fn no_place(&self, path: &[Segment], depth: usize, holds: &'static str) -> EditError {
        let parent = if depth == 0 { "the config".to_owned() } else { shown(&path[..depth]) };
        EditError::NoPlace { file: self.file.clone(), key: shown(path), parent, holds }
    }

    /// What is missing here may stand in a file that is included on the way.
    fn refuse_includes(&self, path: &[Segment], depth: usize) -> Result<(), EditError> {
        for length in 0..=depth {
            let Some(included) = self.get(&path[..length]).and_then(|value| value.get(INCLUDE)) else {
                continue;
            };
            let mut at = path[..length].to_vec();
            at.push(INCLUDE.into());
            let is_index = |segment: &Segment| matches!(segment, Segment::Index(_));
            let keys = path.iter().rposition(|segment| !is_index(segment)).map_or(path, |at| &path[..=at]);
            return Err(EditError::Included {
                file: self.file.clone(),
                key: shown(keys),
                at: shown(&at),
                included: one_line(&included.to_string()),
            });
        }
        Ok(())
    }

    /// The key of the entry to be made, and the steps inside of it.
    fn split_missing<'p>(
        &self,
        path: &'p [Segment],
        container: &ast::Value<'_>,
        depth: usize,
    ) -> Result<(Option<&'p str>, &'p [Segment]), EditError> {
        let inside = &path[depth + 1..];
        // Arrays that are made begin at their first element.
        if inside.iter().any(|segment| matches!(segment, Segment::Index(index) if *index > 0)) {
            return Err(self.no_place(path, depth + 1, "not there"));
        }
        match &path[depth] {
            Segment::Key(key) => Ok((Some(key), inside)),
            Segment::Index(index) if *index == layout::items(container).len() => Ok((None, inside)),
            Segment::Index(_) => Err(self.no_place(path, depth, "shorter")),
        }
    }

    /// Takes over a new text that means what was expected and is a valid config.
    fn become_text(
        &mut self,
        text: String,
        expected: &Value,
        path: &[Segment],
        shown_value: &str,
    ) -> Result<(), EditError> {
        let config = load::parse(&text).map_err(|problem| EditError::Refused {
            key: shown(path),
            value: shown_value.to_owned(),
            rule: problem.rule(),
        })?;
        let misread = || EditError::Misread { file: self.file.clone(), key: shown(path) };
        let value = parse(&text).filter(|value| value == expected).ok_or_else(misread)?;
        self.check_both_parsers(&text, &value)?;
        (self.value, self.config, self.text) = (value, config, text);
        Ok(())
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

/// A value for a message: shortened, and hidden where secrets stand.
fn shown_value(path: &[Segment], value: &Value) -> String {
    const LONGEST: usize = 60;
    let secret = path.iter().enumerate().any(|(depth, segment)| match segment {
        Segment::Key(key) => {
            let key = key.to_ascii_lowercase();
            let ends = ["key", "token", "secret", "password", "headers"];
            (depth == 0 && key == "env") || ends.iter().any(|end| key.ends_with(end))
        }
        Segment::Index(_) => false,
    });
    if secret && (value.is_string() || value.is_object() || value.is_array()) {
        return "that value".to_owned();
    }
    let text = without_credentials(&one_line(&value.to_string()));
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
