//! The entries of a store: each becomes a profile or is noted as one that makes no sense, and a name
//! that stands there twice ends the reading.

use std::collections::HashSet;
use std::fmt;

use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{IgnoredEntry, shown_id};
use crate::auth::profile::{Entry, EntryProblem, Profile};
use crate::auth::profile_id::ProfileId;

/// What a store holds, sorted by whether it makes sense. Each entry is found first and read then, so that one of a wrong
/// shape is told apart; where `SOUND`, it is read as it is found, and one of a wrong shape ends the reading.
#[derive(Debug, Default)]
pub(super) struct Entries<const SOUND: bool> {
    pub(super) profiles: IndexMap<ProfileId, Profile>,
    pub(super) ignored: Vec<IgnoredEntry>,
}

/// An entry's name, parsed where it stands.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Result<ProfileId, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Result<ProfileId, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.parse().map_err(|_| text.to_owned()))
    }
}

impl<'de, const SOUND: bool> Deserialize<'de> for Entries<SOUND> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<const SOUND: bool>;

        impl<'de, const SOUND: bool> Visitor<'de> for Object<SOUND> {
            type Value = Entries<SOUND>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<SOUND>, A::Error> {
                let twice = |name: &str| A::Error::custom(format_args!("it has `{name}` twice"));
                let mut entries = Entries::default();
                // Names of what is passed over, which is rare; those of profiles are the map's own.
                let mut passed_over: HashSet<String> = HashSet::new();
                while let Some(name) = map.next_key_seed(Name)? {
                    let entry = match SOUND {
                        true => Ok(map.next_value()?),
                        false => Entry::parse(map.next_value()?),
                    };
                    let text = name.as_ref().map_or_else(String::as_str, ProfileId::as_str);
                    if passed_over.contains(text) {
                        return Err(twice(text));
                    }
                    let (text, problem) = match name {
                        Ok(id) => match entry.and_then(|entry| Profile::of_entry(id.clone(), entry)) {
                            Ok(profile) => match entries.profiles.entry(id) {
                                MapEntry::Occupied(taken) => return Err(twice(taken.key().as_str())),
                                MapEntry::Vacant(free) => {
                                    free.insert(profile);
                                    continue;
                                }
                            },
                            Err(_) if entries.profiles.contains_key(&id) => return Err(twice(id.as_str())),
                            Err(problem) => (id.to_string(), problem),
                        },
                        Err(text) => (text, EntryProblem::InvalidId),
                    };
                    entries.ignored.push(IgnoredEntry { id: shown_id(&text), problem });
                    passed_over.insert(text);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Object::<SOUND>)
    }
}
