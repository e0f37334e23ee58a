//! Credentials an older TypeScript program left in its own files. They are imported only while an agent has no store:
//! in memory for reading, for good by the first write. The originals stay.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::profile::EntryFields;
use super::profile_id::ProfileId;
use super::store::{Document, StoreError, text_of};
use crate::storage;

/// Where an older program may have left credentials.
#[derive(Debug, Clone)]
pub(super) struct LegacyFiles {
    /// The agent's own `auth.json`: provider to credential.
    pub(super) own: PathBuf,
    /// `credentials/oauth.json`, for the agent `main` alone: provider to OAuth pair.
    pub(super) shared: Option<PathBuf>,
}

/// A store made of what the legacy files hold, and which of them held something.
///
/// # Errors
/// When one of them is there but cannot be understood: going on would end the import and lose it.
pub(super) fn import(files: &LegacyFiles) -> Result<(Document, Vec<PathBuf>), StoreError> {
    let mut document = Document::empty();
    let mut sources = Vec::new();
    if import_file(&files.own, None, &mut document)? {
        sources.push(files.own.clone());
    }
    if let Some(shared) = &files.shared
        && import_file(shared, Some("oauth"), &mut document)?
    {
        sources.push(shared.clone());
    }
    Ok((document, sources))
}

/// Takes every credential whose id is still free. `assumed` is the type of entries that do not say theirs.
fn import_file(path: &Path, assumed: Option<&str>, document: &mut Document) -> Result<bool, StoreError> {
    let Some(bytes) = storage::read_optional(path)? else { return Ok(false) };
    let text = text_of(&bytes, path)?;
    if text.trim().is_empty() {
        return Ok(false);
    }
    let entries: IndexMap<String, Box<RawValue>> = serde_json::from_str(text).map_err(|error| {
        StoreError::Unparsable { path: path.to_owned(), line: error.line(), column: error.column() }
    })?;
    // A file of the newer form under the old name is not ours to take apart.
    if entries.contains_key("profiles") {
        return Ok(false);
    }
    let mut took_some = false;
    for (provider, entry) in entries {
        let provider = provider.trim().to_ascii_lowercase();
        let Ok(id) = ProfileId::new(&provider, "default") else { continue };
        let Ok(mut fields) = serde_json::from_str::<EntryFields>(entry.get()) else { continue };
        if document.contains(&id) {
            continue;
        }
        let mut default_to = |name: &str, value: &str| {
            if let Ok(value) = serde_json::value::to_raw_value(value) {
                fields.entry(name.to_owned()).or_insert(value);
            }
        };
        default_to("provider", &provider);
        if let Some(kind) = assumed {
            default_to("type", kind);
        }
        document.put_raw(&id, &fields);
        took_some = true;
    }
    Ok(took_some)
}
