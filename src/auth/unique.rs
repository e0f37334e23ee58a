//! A JSON object whose names are all different. Parsers keep the last of two values with one name; in a store that would
//! silently drop a credential, so such an object is refused instead.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An object in its own order, refused when a name stands in it twice.
#[derive(Debug)]
pub(super) struct Unique<V>(pub(super) IndexMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Unique<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Names<V> {
            type Value = IndexMap<String, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = IndexMap::with_capacity(map.size_hint().unwrap_or_default());
                while let Some(name) = map.next_key::<String>()? {
                    match fields.entry(name) {
                        Entry::Occupied(taken) => {
                            return Err(A::Error::custom(format_args!("it has `{}` twice", taken.key())));
                        }
                        Entry::Vacant(free) => drop(free.insert(map.next_value()?)),
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Names(PhantomData)).map(Self)
    }
}
