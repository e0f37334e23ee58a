//! The config as it is written, before it means anything: values by their path, where they stand, keys that nobody reads.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json_schema::json_schema;
use super::key_path::{Segment, shown};
use super::load::{self, ConfigError, Loaded};
use super::sources::Sources;
use super::unknown_keys::{KeysByPlace, UnknownKey, UnknownKeyAt, unknown_keys};
use super::{Paths, environment};
use crate::env::Env;
use crate::storage;

/// `fased.json` and what it includes.
#[derive(Debug)]
pub struct Document {
    sources: Sources,
    merged: Value,
    is_there: bool,
}

impl Document {
    /// Reads the files; a missing one is an empty object. Whether they make a valid config is another question.
    ///
    /// # Errors
    /// When one of them cannot be read or is no JSON5.
    pub fn read(paths: &Paths) -> Result<Self, ConfigError> {
        let bytes = storage::read_optional(paths.config())?;
        let is_there = bytes.is_some();
        let text = load::text_of(bytes.unwrap_or_default(), paths.config())?;
        let sources = Sources::of(paths.config(), text)?;
        let merged = sources.merged()?.into_owned();
        Ok(Self { sources, merged, is_there })
    }

    /// The files the config includes, as far as they can be found: one that is missing or broken is the last.
    pub fn included(paths: &Paths) -> Vec<PathBuf> {
        let bytes = storage::read_optional(paths.config()).ok().flatten().unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        Sources::included_by(paths.config(), text)
    }

    /// Whether there is a file.
    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// The files, the main one first.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.sources.files.iter().map(|source| source.path.as_path())
    }

    /// What the files say, as one value; variables are not filled in.
    pub fn value(&self) -> &Value {
        &self.merged
    }

    /// A part of it.
    pub fn get(&self, path: &[Segment]) -> Option<&Value> {
        path.iter().try_fold(&self.merged, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
    }

    /// The files a value comes from, each once.
    pub fn files_of(&self, path: &[Segment]) -> Vec<PathBuf> {
        let parts = self.sources.parts(path);
        let mut files: Vec<PathBuf> = Vec::new();
        for part in parts {
            let file = &self.sources.files[part.file].path;
            if !files.contains(file) {
                files.push(file.clone());
            }
        }
        files
    }

    /// Checks that it is a valid config.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn check(&self, paths: &Paths, process: &Env) -> Result<Loaded, ConfigError> {
        load::understand(&self.sources, &environment::with_dotenv(paths, process)?)
    }

    /// Keys that nobody reads; `foreign` are those of the TypeScript program.
    pub fn unknown_keys(&self, foreign: &KeysByPlace) -> Vec<UnknownKeyAt> {
        told(&self.sources, unknown_keys(&self.merged, &json_schema(), foreign))
    }
}

/// Unknown keys with their places.
pub(super) fn told(sources: &Sources, found: Vec<UnknownKey>) -> Vec<UnknownKeyAt> {
    let told = found.into_iter().map(|UnknownKey { path, nearest }| {
        let place = sources.place(&path);
        let file = place.map_or(&sources.files[0].path, |(source, ..)| &source.path);
        UnknownKeyAt {
            key: shown(&path),
            file: file.clone(),
            line: place.map(|(_, line, _)| line),
            column: place.map(|(_, _, column)| column),
            nearest,
        }
    });
    told.collect()
}
