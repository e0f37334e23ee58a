//! The files of a config: `fased.json` and what it includes. `$include` names a file or several, relative to the file it
//! stands in; what they hold is merged in their order, then what stands beside it: objects key by key, arrays one behind
//! the other, and of anything else the last counts. Every value can be traced back to the file and place it comes from.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::edit::position;
use super::json5;
use super::key_path::{Segment, shown};
use super::problem::{ConfigError, ConfigProblem, DEEPEST, DEEPEST_INCLUDE};
use crate::storage;

/// The key that names files.
pub(super) const INCLUDE: &str = "$include";
/// Most bytes of text a config may come to, a file counted as often as it is included: few files that include each other
/// several times over could otherwise fill the memory.
const LARGEST: usize = 64 << 20;

/// One file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The same without links on the way to it.
    real: PathBuf,
    /// Its text, without the byte order mark.
    pub(super) text: String,
    /// Whether it began with a byte order mark.
    pub(super) is_marked: bool,
    /// What the text stands for.
    pub(super) value: Value,
    /// Where it includes others, and which, as places in [`Sources::files`].
    includes: Vec<(Vec<Segment>, Vec<usize>)>,
    /// How deep the files it includes are nested.
    height: usize,
    /// Bytes of its text and of all it includes.
    weight: usize,
}

/// The files, the main one first.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    pub(super) files: Vec<Source>,
}

/// A value, or a part of a merged one, where it stands.
#[derive(Debug, Clone)]
pub(super) struct Part<'s> {
    /// The file, as a place in [`Sources::files`].
    pub(super) file: usize,
    /// Its place there.
    pub(super) path: Vec<Segment>,
    /// What it is.
    pub(super) value: &'s Value,
}

impl Sources {
    /// Reads what a main file with this text includes.
    ///
    /// # Errors
    /// When one of them cannot be read or is no JSON5, or they include each other.
    pub(super) fn of(main: &Path, text: String) -> Result<Self, ConfigError> {
        Self::read(main, text, true)
    }

    /// A text that may include nothing.
    ///
    /// # Errors
    /// When it is no JSON5, or includes something.
    pub(super) fn alone(main: &Path, text: String) -> Result<Self, ConfigError> {
        Self::read(main, text, false)
    }

    /// The files a main file with this text includes, up to and with the first that cannot be read.
    pub(super) fn included_by(main: &Path, text: String) -> Vec<PathBuf> {
        let mut reader = Reader::new(true);
        // What is wrong is told by whoever reads them for their content.
        reader.read(main, text, &mut Vec::new()).ok();
        reader.opened
    }

    fn read(main: &Path, text: String, may_include: bool) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(may_include);
        // Places in the list are kept by reading the main file into the first one.
        let main = reader.read(main, text, &mut Vec::new())?;
        reader.files.swap(0, main);
        let moved = |index: &mut usize| match *index {
            0 => *index = main,
            other if other == main => *index = 0,
            _ => {}
        };
        for file in &mut reader.files {
            file.includes.iter_mut().flat_map(|(_, files)| files).for_each(moved);
        }
        Ok(Self { files: reader.files })
    }

    /// The config as one value.
    ///
    /// # Errors
    /// When something stands beside an `$include` that cannot be merged with it, or all of it is nested too deep.
    pub(super) fn merged(&self) -> Result<Cow<'_, Value>, ConfigError> {
        if self.files.len() == 1 {
            return Ok(Cow::Borrowed(&self.files[0].value));
        }
        Merger { sources: self, depth: 0 }.whole(0).map(Cow::Owned)
    }

    /// What a value consists of: nothing when it is not there, several parts when it is merged from several places.
    pub(super) fn parts(&self, path: &[Segment]) -> Vec<Part<'_>> {
        let mut parts = self.settled(self.parts_of_file(0));
        for segment in path {
            parts = self.settled(self.step(&parts, segment));
        }
        parts
    }

    /// Where a value stands, or the innermost one around it that is there: file, line and column.
    pub(super) fn place(&self, path: &[Segment]) -> Option<(&Source, usize, usize)> {
        let part = (0..=path.len()).rev().find_map(|length| self.parts(&path[..length]).pop())?;
        let source = &self.files[part.file];
        let (line, column) = position(&source.text, &part.path)?;
        Some((source, line, column))
    }

    /// A problem with a value, told with its place.
    pub(super) fn problem(&self, path: &[Segment], message: String) -> ConfigError {
        let key = shown(path);
        match self.place(path) {
            Some((source, line, column)) => ConfigError::Invalid {
                path: source.path.clone(),
                problem: ConfigProblem::At { line, column, key, message },
            },
            None => ConfigError::Invalid {
                path: self.files[0].path.clone(),
                problem: ConfigProblem::Somewhere { key, message },
            },
        }
    }

    /// Gives a file another text and what that stands for. `None` when it then includes a file that is not among these;
    /// nothing is changed then.
    pub(super) fn put(&mut self, file: usize, text: String, value: Value) -> Option<()> {
        let directory = self.files[file].path.parent().unwrap_or(Path::new(""));
        let known = |name: &String| {
            let place = real(&directory.join(name));
            self.files.iter().position(|source| source.real == place)
        };
        let includes = sites(&value).into_iter().map(|(at, names)| {
            let files = names?.iter().map(known).collect::<Option<Vec<usize>>>()?;
            Some((at, files))
        });
        let includes = includes.collect::<Option<Vec<_>>>()?;
        let source = &mut self.files[file];
        (source.text, source.value, source.includes) = (text, value, includes);
        Some(())
    }

    fn included(&self, file: usize, path: &[Segment]) -> Option<&[usize]> {
        let includes = self.files[file].includes.iter();
        includes.filter(|(at, _)| at == path).map(|(_, files)| files.as_slice()).next()
    }

    fn parts_of_file(&self, file: usize) -> Vec<Part<'_>> {
        self.opened(Part { file, path: Vec::new(), value: &self.files[file].value })
    }

    /// A value with what it includes in its place; what stands beside the `$include` comes last.
    fn opened<'s>(&'s self, part: Part<'s>) -> Vec<Part<'s>> {
        let Some(files) = self.included(part.file, &part.path) else { return vec![part] };
        let mut parts: Vec<Part<'s>> = files.iter().flat_map(|file| self.parts_of_file(*file)).collect();
        if part.value.as_object().is_some_and(|entries| entries.len() > 1) {
            parts.push(part);
        }
        parts
    }

    fn step<'s>(&'s self, parts: &[Part<'s>], segment: &Segment) -> Vec<Part<'s>> {
        let inside = |part: &Part<'s>, segment: Segment, value: &'s Value| {
            let mut path = part.path.clone();
            path.push(segment);
            self.opened(Part { file: part.file, path, value })
        };
        match segment {
            Segment::Key(key) if key != INCLUDE => parts
                .iter()
                .filter_map(|part| Some((part, part.value.get(key)?)))
                .flat_map(|(part, value)| inside(part, segment.clone(), value))
                .collect(),
            Segment::Key(_) => Vec::new(),
            Segment::Index(index) => {
                let mut before = 0;
                for part in parts {
                    let length = part.value.as_array().map_or(0, Vec::len);
                    if let Some(value) = index.checked_sub(before).and_then(|local| part.value.get(local)) {
                        return inside(part, (index - before).into(), value);
                    }
                    before += length;
                }
                Vec::new()
            }
        }
    }

    /// The parts that count: objects and arrays are merged with those of their kind, anything else replaces what was
    /// before.
    fn settled<'s>(&'s self, mut parts: Vec<Part<'s>>) -> Vec<Part<'s>> {
        let Some(last) = parts.last() else { return parts };
        let (is_object, is_array) = (last.value.is_object(), last.value.is_array());
        let merges = |value: &Value| (is_object && value.is_object()) || (is_array && value.is_array());
        let first = parts.iter().rposition(|part| !merges(part.value)).map_or(0, |at| at + 1);
        parts.drain(..first.min(parts.len() - 1));
        parts
    }
}

/// Reads files, each once.
struct Reader {
    files: Vec<Source>,
    known: HashMap<PathBuf, usize>,
    may_include: bool,
    /// Files that were included, also those that could not be read.
    opened: Vec<PathBuf>,
}

impl Reader {
    fn new(may_include: bool) -> Self {
        Self { files: Vec::new(), known: HashMap::new(), may_include, opened: Vec::new() }
    }

    /// Reads a file and what it includes; `chain` are the files on the way to it.
    fn read(&mut self, path: &Path, text: String, chain: &mut Vec<PathBuf>) -> Result<usize, ConfigError> {
        let invalid = |problem| ConfigError::Invalid { path: path.to_owned(), problem };
        let value: Value = json5::parse(&text).map_err(invalid)?;
        let (is_marked, text) = match json5::bare(&text) {
            bare if bare.len() < text.len() => (true, bare.to_owned()),
            _ => (false, text),
        };
        let weight = text.len();
        let (path, real) = (path.to_owned(), real(path));
        chain.push(real.clone());
        let mut source =
            Source { path, real, text, is_marked, value, includes: Vec::new(), height: 0, weight };
        // A config that is no object is none, whatever stands in it.
        let is_none = chain.len() == 1 && !source.value.is_object();
        for (at, names) in sites(&source.value).into_iter().filter(|_| !is_none) {
            let files = self.include(&mut source, &at, names, chain)?;
            source.includes.push((at, files));
        }
        chain.pop();
        self.files.push(source);
        Ok(self.files.len() - 1)
    }

    fn include(
        &mut self,
        source: &mut Source,
        at: &[Segment],
        names: Option<Vec<String>>,
        chain: &mut Vec<PathBuf>,
    ) -> Result<Vec<usize>, ConfigError> {
        let key = || shown(&[at, &[INCLUDE.into()]].concat());
        let (line, column) = position(&source.text, &[at, &[INCLUDE.into()]].concat()).unwrap_or((1, 1));
        let (path, directory) =
            (source.path.clone(), source.path.parent().unwrap_or(Path::new("")).to_owned());
        let problem = |message: String| ConfigError::Invalid {
            path: path.clone(),
            problem: ConfigProblem::At { line, column, key: key(), message },
        };
        if !self.may_include {
            return Err(problem("a text alone can include nothing".to_owned()));
        }
        let names = names.ok_or_else(|| problem("it names a file, or a list of files".to_owned()))?;
        let mut files = Vec::new();
        for name in names {
            let file: PathBuf = directory.join(&name).components().collect();
            let place = real(&file);
            // Told without the way there and back.
            let file =
                if file.components().any(|part| part == Component::ParentDir) { place.clone() } else { file };
            if let Some(begin) = chain.iter().position(|on_the_way| *on_the_way == place) {
                let circle = chain[begin..].iter().chain([&place]).map(|path| path.display().to_string());
                let circle: Vec<String> = circle.collect();
                return Err(problem(format!("these files include each other: {}", circle.join(" → "))));
            }
            let index = match self.known.get(&place) {
                Some(index) => *index,
                None if chain.len() > DEEPEST_INCLUDE => {
                    return Err(problem(format!("files are included deeper than {DEEPEST_INCLUDE} levels")));
                }
                None => {
                    self.opened.push(file.clone());
                    let text = storage::read_optional(&file)?;
                    let text = text.ok_or_else(|| problem(format!("there is no file {}", file.display())))?;
                    let text = String::from_utf8(text).map_err(|_| ConfigError::Invalid {
                        path: file.clone(),
                        problem: ConfigProblem::NotText,
                    })?;
                    let index = self.read(&file, text, chain)?;
                    self.known.insert(place, index);
                    index
                }
            };
            source.height = source.height.max(self.files[index].height + 1);
            source.weight = source.weight.saturating_add(self.files[index].weight);
            if chain.len() - 1 + source.height > DEEPEST_INCLUDE {
                return Err(problem(format!("files are included deeper than {DEEPEST_INCLUDE} levels")));
            }
            if source.weight > LARGEST {
                return Err(problem(format!("included files come to more than {} MiB", LARGEST >> 20)));
            }
            files.push(index);
        }
        Ok(files)
    }
}

/// A path by which a file is known, whatever links lead to it.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Every `$include` in a value, outer ones first, with the files it names; `None` for one that names none.
fn sites(value: &Value) -> Vec<(Vec<Segment>, Option<Vec<String>>)> {
    let mut found = Vec::new();
    find_includes(value, &mut Vec::new(), &mut found);
    found
}

fn find_includes(value: &Value, at: &mut Vec<Segment>, found: &mut Vec<(Vec<Segment>, Option<Vec<String>>)>) {
    match value {
        Value::Object(entries) => {
            if let Some(names) = entries.get(INCLUDE) {
                found.push((at.clone(), names_in(names)));
            }
            for (key, entry) in entries.iter().filter(|(key, _)| *key != INCLUDE) {
                at.push(key.as_str().into());
                find_includes(entry, at, found);
                at.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                at.push(index.into());
                find_includes(element, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

fn names_in(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(names) if !names.is_empty() => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

/// Makes one value of all files.
struct Merger<'s> {
    sources: &'s Sources,
    depth: usize,
}

impl Merger<'_> {
    fn whole(&mut self, file: usize) -> Result<Value, ConfigError> {
        self.value(file, &self.sources.files[file].value, &mut Vec::new())
    }

    fn value(&mut self, file: usize, value: &Value, path: &mut Vec<Segment>) -> Result<Value, ConfigError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("with what it includes, it is nested deeper than {DEEPEST} levels");
            return Err(self.problem(file, path, message));
        }
        let result = match value {
            Value::Object(entries) => self.object(file, entries, path)?,
            Value::Array(elements) => {
                let mut merged = Vec::with_capacity(elements.len());
                for (index, element) in elements.iter().enumerate() {
                    path.push(index.into());
                    merged.push(self.value(file, element, path)?);
                    path.pop();
                }
                Value::Array(merged)
            }
            plain => plain.clone(),
        };
        self.depth -= 1;
        Ok(result)
    }

    fn object(
        &mut self,
        file: usize,
        entries: &Map<String, Value>,
        path: &mut Vec<Segment>,
    ) -> Result<Value, ConfigError> {
        let mut own = Map::with_capacity(entries.len());
        for (key, entry) in entries.iter().filter(|(key, _)| *key != INCLUDE) {
            path.push(key.as_str().into());
            own.insert(key.clone(), self.value(file, entry, path)?);
            path.pop();
        }
        let Some(included) = self.sources.included(file, path) else { return Ok(Value::Object(own)) };
        let mut merged = Value::Null;
        for (number, included) in included.iter().enumerate() {
            let value = self.whole(*included)?;
            merged = if number == 0 { value } else { merge(merged, value) };
        }
        match (merged, own.is_empty()) {
            (merged, true) => Ok(merged),
            (merged @ Value::Object(_), false) => Ok(merge(merged, Value::Object(own))),
            (_, false) => {
                let message = "keys stand beside an `$include` of something that is no object";
                Err(self.problem(file, path, message.to_owned()))
            }
        }
    }

    fn problem(&self, file: usize, path: &[Segment], message: String) -> ConfigError {
        let source = &self.sources.files[file];
        let (line, column) = position(&source.text, path).unwrap_or((1, 1));
        let problem = ConfigProblem::At { line, column, key: shown(path), message };
        ConfigError::Invalid { path: source.path.clone(), problem }
    }
}

fn merge(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            for (key, value) in second {
                let merged = match first.get_mut(&key) {
                    Some(there) => merge(there.take(), value),
                    None => value,
                };
                first.insert(key, merged);
            }
            Value::Object(first)
        }
        (Value::Array(mut first), Value::Array(second)) => {
            first.extend(second);
            Value::Array(first)
        }
        (_, second) => second,
    }
}

#[cfg(test)]
mod tests;
