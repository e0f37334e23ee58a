//! Entries as they stand, for taking them over from one store into another.

use std::path::Path;

use serde_json::value::RawValue;

use super::{AuthStore, Document, StoreError, parse_document, parse_snapshot};
use crate::auth::profile::{EntryProblem, Profile};
use crate::auth::profile_id::ProfileId;

/// An entry of a store that another one may take.
#[derive(Debug)]
pub struct SourceEntry<'a> {
    /// Its id, made safe to show.
    pub shown_id: String,
    /// What it is, or why that cannot be told.
    pub profile: Result<Profile, EntryProblem>,
    text: &'a RawValue,
}

impl AuthStore {
    /// The store as a document to take entries from. Nothing is locked or written.
    ///
    /// # Errors
    /// When it cannot be read or understood, or is of a newer version.
    pub fn document(&self) -> Result<Document, StoreError> {
        self.read_document(&self.path())
    }
}

impl Document {
    /// Reads a store's text that was kept at another place.
    ///
    /// # Errors
    /// When it is no store.
    pub fn parse(text: &str, path: &Path) -> Result<Self, StoreError> {
        // What a snapshot refuses no entry may be taken from.
        parse_snapshot(text, path)?;
        parse_document(text, path)?.of_known_version(path)
    }

    /// A store that holds one profile.
    pub fn of(profile: &Profile) -> Self {
        let mut document = Self::empty();
        document.put(profile);
        document
    }

    /// Every entry, in the file's order.
    pub fn entries(&self) -> impl Iterator<Item = SourceEntry<'_>> {
        self.profiles.iter().map(|(id, text)| {
            let parsed = id.parse::<ProfileId>().map_err(|_| EntryProblem::InvalidId);
            let profile = parsed.and_then(|id| Profile::parse(id, text));
            SourceEntry { shown_id: super::shown_id(id), profile, text }
        })
    }

    /// Takes an entry over in its own text, in the place of what is there.
    pub fn take(&mut self, id: &ProfileId, entry: &SourceEntry<'_>) {
        self.profiles.insert(id.as_str().to_owned(), entry.text.to_owned());
    }
}
