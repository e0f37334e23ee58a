//! Changes of a store beyond putting a profile in: its order, and entries that go or get another name together with
//! everything that refers to them. What is not changed keeps its own text here, too.

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::{Document, lenient_order, raw, raw_object, shown_id};
use crate::auth::profile::{EntryFields, Profile};
use crate::auth::profile_id::ProfileId;
use crate::secret::Secret;

/// Profile ids by provider, in order of use.
const ORDER: &str = "order";
/// The last profile that answered by provider, as the TypeScript program keeps it.
const LAST_GOOD: &str = "lastGood";
/// Counters by profile id, as the TypeScript program keeps them.
const USAGE_STATS: &str = "usageStats";

/// A section has a form that cannot be changed without losing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusableSection;

/// An entry that was taken out, with the orders that named it as they were. Its `Debug` does not show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    name: String,
    /// Its place among the entries.
    at: usize,
    entry: Secret,
    /// By provider.
    orders: Vec<(String, Vec<String>)>,
}

/// Which entry a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// This one, by its name in the file.
    Entry(String),
    /// None.
    None,
    /// Several, which are shown alike.
    Several,
}

impl Document {
    /// The entry of this name; else the unreadable one that is shown by it, since a name may hold what cannot be typed.
    pub fn named(&self, text: &str) -> Named {
        if self.profiles.contains_key(text) {
            return Named::Entry(text.to_owned());
        }
        let is_profile = |name: &str, entry: &RawValue| {
            name.parse().is_ok_and(|id: ProfileId| Profile::parse(id, entry).is_ok())
        };
        let mut alike = self
            .profiles
            .iter()
            .filter(|(name, entry)| shown_id(name) == text && !is_profile(name, entry))
            .map(|(name, _)| name);
        match (alike.next(), alike.next()) {
            (None, _) => Named::None,
            (Some(name), None) => Named::Entry(name.clone()),
            (Some(_), Some(_)) => Named::Several,
        }
    }

    /// The agent's own order of a provider, ids as they stand; `None` when there is none.
    pub fn order_of(&self, provider: &str) -> Option<Vec<String>> {
        lenient_order(self.fields.get(ORDER)?).ok()?.shift_remove(provider)
    }

    /// Sets the agent's own order of a provider.
    ///
    /// # Errors
    /// When the section has another form than lists by provider.
    pub fn set_order(&mut self, provider: &str, ids: &[ProfileId]) -> Result<(), UnusableSection> {
        let mut lists = self.section(ORDER)?;
        let mut keys = keys_of(&lists, provider).into_iter();
        let key = keys.next().unwrap_or_else(|| provider.to_owned());
        for other_spelling in keys {
            lists.shift_remove(&other_spelling);
        }
        let ids: Vec<Box<RawValue>> = ids.iter().map(|id| raw(&id.as_str().into())).collect();
        lists.insert(key, raw_list(&ids));
        self.put_section(ORDER, &lists);
        Ok(())
    }

    /// Drops the agent's own order of a provider; says whether there was one.
    ///
    /// # Errors
    /// When the section has another form than lists by provider.
    pub fn clear_order(&mut self, provider: &str) -> Result<bool, UnusableSection> {
        let mut lists = self.section(ORDER)?;
        let keys = keys_of(&lists, provider);
        for key in &keys {
            lists.shift_remove(key);
        }
        if !keys.is_empty() {
            self.put_section(ORDER, &lists);
        }
        Ok(!keys.is_empty())
    }

    /// Takes an entry out, with what refers to it: its places in orders, `lastGood`, its counters. Returns the providers
    /// whose order became empty and was dropped.
    pub fn remove(&mut self, name: &str) -> Vec<String> {
        self.profiles.shift_remove(name);
        let mut emptied = Vec::new();
        self.edit_section(ORDER, |lists| {
            let mut changed = false;
            lists.retain(|provider, list| match list_without(list, name) {
                None => true,
                Some(rest) => {
                    changed = true;
                    if rest.is_empty() {
                        emptied.push(provider.trim().to_ascii_lowercase());
                    } else {
                        *list = raw_list(&rest);
                    }
                    !rest.is_empty()
                }
            });
            changed
        });
        self.edit_section(LAST_GOOD, |ids| {
            let before = ids.len();
            ids.retain(|_, id| !is_text(id, name));
            ids.len() != before
        });
        self.edit_section(USAGE_STATS, |stats| stats.shift_remove(name).is_some());
        emptied
    }

    /// An entry as it is, to be kept before it is removed.
    pub fn keep(&self, name: &str) -> Option<Taken> {
        let (at, _, entry) = self.profiles.get_full(name)?;
        let orders =
            self.fields.get(ORDER).and_then(|section| lenient_order(section).ok()).unwrap_or_default();
        let orders = orders.into_iter().filter(|(_, ids)| ids.iter().any(|id| id == name)).collect();
        Some(Taken { name: name.to_owned(), at, entry: Secret::new(entry.get()), orders })
    }

    /// Puts an entry back at its place, and into the orders it was in: at its place where they are otherwise as they were,
    /// else at their end. Says whether it did: where something else has its name by now, nothing is changed.
    pub fn put_back(&mut self, taken: &Taken) -> bool {
        let Taken { name, at, entry, orders } = taken;
        let Ok(entry) = RawValue::from_string(entry.expose().to_owned()) else { return false };
        if self.profiles.contains_key(name) {
            return false;
        }
        self.profiles.shift_insert((*at).min(self.profiles.len()), name.clone(), entry);
        self.edit_section(ORDER, |lists| {
            for (provider, before) in orders {
                let key = keys_of(lists, provider).into_iter().next();
                let key = key.unwrap_or_else(|| provider.clone());
                let now: Option<Vec<String>> =
                    lists.get(&key).and_then(|list| serde_json::from_str(list.get()).ok());
                let rest: Vec<&String> = before.iter().filter(|id| *id != name).collect();
                let ids = match now {
                    Some(mut now) if !now.iter().eq(rest.iter().copied()) => {
                        now.push(name.clone());
                        now
                    }
                    _ => before.clone(),
                };
                let ids: Vec<Box<RawValue>> = ids.iter().map(|id| raw(&id.as_str().into())).collect();
                lists.insert(key, raw_list(&ids));
            }
            !orders.is_empty()
        });
        true
    }

    /// Gives an entry another name, at its place and in its own text, and names it so wherever it is referred to.
    /// Counters that an earlier profile of the new name left are dropped: they are not its own.
    pub fn rename(&mut self, old: &ProfileId, new: &ProfileId) {
        rename_key(&mut self.profiles, old.as_str(), new.as_str());
        let renamed = || raw(&new.as_str().into());
        self.edit_section(ORDER, |lists| {
            let mut changed = false;
            for list in lists.values_mut() {
                let Ok(mut ids) = serde_json::from_str::<Vec<Box<RawValue>>>(list.get()) else { continue };
                let places = ids.iter_mut().filter(|id| is_text(id, old.as_str()));
                let renamed = places.map(|id| *id = renamed()).count();
                if renamed > 0 {
                    changed = true;
                    *list = raw_list(&ids);
                }
            }
            changed
        });
        self.edit_section(LAST_GOOD, |ids| {
            let places = ids.values_mut().filter(|id| is_text(id, old.as_str()));
            places.map(|id| *id = renamed()).count() > 0
        });
        self.edit_section(USAGE_STATS, |stats| {
            let left_behind = stats.shift_remove(new.as_str()).is_some();
            rename_key(stats, old.as_str(), new.as_str()) || left_behind
        });
    }

    /// The fields of a section; none when it is absent.
    fn section(&self, name: &str) -> Result<EntryFields, UnusableSection> {
        let Some(section) = self.fields.get(name) else { return Ok(EntryFields::new()) };
        let fields: Option<EntryFields> = serde_json::from_str(section.get()).map_err(|_| UnusableSection)?;
        Ok(fields.unwrap_or_default())
    }

    /// Changes a section where there is something to change. One of another form says nothing and stays as it is.
    fn edit_section(&mut self, name: &str, change: impl FnOnce(&mut EntryFields) -> bool) {
        if let Ok(mut fields) = self.section(name)
            && change(&mut fields)
        {
            self.put_section(name, &fields);
        }
    }

    fn put_section(&mut self, name: &str, fields: &EntryFields) {
        if fields.is_empty() {
            self.fields.shift_remove(name);
        } else {
            self.fields.insert(name.to_owned(), raw_object(fields, 2));
        }
    }
}

/// The keys that mean a provider: they are compared trimmed and in lower case.
fn keys_of(lists: &EntryFields, provider: &str) -> Vec<String> {
    lists.keys().filter(|key| key.trim().eq_ignore_ascii_case(provider)).cloned().collect()
}

/// A list without an id; `None` when it does not name it or is no list.
fn list_without(list: &RawValue, id: &str) -> Option<Vec<Box<RawValue>>> {
    let mut ids: Vec<Box<RawValue>> = serde_json::from_str(list.get()).ok()?;
    let before = ids.len();
    ids.retain(|listed| !is_text(listed, id));
    (ids.len() != before).then_some(ids)
}

fn is_text(value: &RawValue, text: &str) -> bool {
    serde_json::from_str::<String>(value.get()).is_ok_and(|value| value.trim() == text)
}

/// Renames a key at its place; says whether it was there.
fn rename_key<V>(map: &mut IndexMap<String, V>, old: &str, new: &str) -> bool {
    let Some((place, _, value)) = map.shift_remove_full(old) else { return false };
    map.shift_insert(place, new.to_owned(), value);
    true
}

/// A JSON list of a section's entry, a value a line as the TypeScript program writes it.
#[expect(clippy::expect_used, reason = "JSON values between brackets and commas are a JSON list")]
fn raw_list(values: &[Box<RawValue>]) -> Box<RawValue> {
    let lines: Vec<String> = values.iter().map(|value| format!("      {}", value.get())).collect();
    RawValue::from_string(format!("[\n{}\n    ]", lines.join(",\n"))).expect("a list of JSON values is JSON")
}

#[cfg(test)]
mod tests {
    use super::super::parse_document;
    use super::*;
    use std::path::Path;

    const STORE: &str = concat!(
        "{\"future\" : [1.50, 1e400],\"version\":1,\"profiles\":{\n",
        "\"anthropic:a\":{\"type\":\"api_key\",  \"key\":\"A\",\"provider\":\"anthropic\",\"mine\":{\"x\" :1.0}},\n",
        "\"odd\\u0007\":  17,\"anthropic:b\":{\"type\":\"api_key\",\"key\":\"B\",\"provider\":\"anthropic\"}},\n",
        "\"order\":{\"other\" : [ \"x\"],\" Anthropic\":[\"anthropic:gone\", \" anthropic:a\",7],\"third\":[\"anthropic:a\"]},\n",
        "\"lastGood\":{\"anthropic\":\"anthropic:a\",\"other\":  \"x\"},\n",
        "\"usageStats\":{\"anthropic:a\":{\"lastUsed\" :5},\"anthropic:c\":{\"lastUsed\":6},\"x\":{ }}}"
    );

    fn document(text: &str) -> Document {
        parse_document(text, Path::new("x")).unwrap()
    }

    fn id(text: &str) -> ProfileId {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_is_set_in_place_and_everything_else_keeps_its_text() {
        let mut document = document(STORE);
        document.set_order("anthropic", &[id("anthropic:b"), id("anthropic:a")]).unwrap();
        assert_eq!(document.order_of("anthropic").unwrap(), ["anthropic:b", "anthropic:a"]);
        let text = document.to_text();
        for kept in ["[1.50, 1e400]", "{\"x\" :1.0}", "17", "[ \"x\"]", "{\"lastUsed\" :5}", "{ }", "  \"x\""]
        {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        insta::assert_snapshot!(document.fields[ORDER].get(), @r#"
        {
            "other": [ "x"],
            " Anthropic": [
              "anthropic:b",
              "anthropic:a"
            ],
            "third": ["anthropic:a"]
          }
        "#);
        assert_eq!(document.clear_order("anthropic"), Ok(true));
        assert_eq!(document.clear_order("anthropic"), Ok(false));
        assert_eq!(document.order_of("anthropic"), None);
    }

    #[test]
    fn the_first_order_makes_the_section_and_the_last_one_takes_it_along() {
        let text = r#"{"version":1,"profiles":{},"order":null}"#;
        let mut with_null = document(text);
        with_null.set_order("anthropic", &[id("anthropic:b")]).unwrap();
        assert_eq!(with_null.order_of("anthropic").unwrap(), ["anthropic:b"]);
        with_null.clear_order("anthropic").unwrap();
        assert!(!with_null.to_text().contains("order"));
        let mut wrong = document(r#"{"version":1,"profiles":{},"order":[1]}"#);
        assert_eq!(wrong.set_order("anthropic", &[]), Err(UnusableSection));
        assert_eq!(wrong.clear_order("anthropic"), Err(UnusableSection));
    }

    #[test]
    fn spellings_of_a_provider_become_one() {
        let mut document = document(r#"{"profiles":{},"order":{"Anthropic":["a"],"anthropic":["b"]}}"#);
        document.set_order("anthropic", &[id("anthropic:c")]).unwrap();
        assert_eq!(document.order_of("anthropic").unwrap(), ["anthropic:c"]);
        assert_eq!(document.fields[ORDER].get().matches("nthropic\":").count(), 1);
    }

    #[test]
    fn a_removed_entry_is_referred_to_nowhere_and_nothing_else_changes() {
        let mut document = document(STORE);
        assert_eq!(document.remove("anthropic:a"), ["third"]);
        let text = document.to_text();
        assert!(!text.contains("anthropic:a"), "{text}");
        let mut expected: serde_json::Value = serde_json::from_str(&STORE.replace("1e400", "1")).unwrap();
        expected["profiles"].as_object_mut().unwrap().remove("anthropic:a");
        expected["usageStats"].as_object_mut().unwrap().remove("anthropic:a");
        expected["lastGood"].as_object_mut().unwrap().remove("anthropic");
        expected["order"].as_object_mut().unwrap().remove("third");
        expected["order"][" Anthropic"] = serde_json::json!(["anthropic:gone", 7]);
        let after: serde_json::Value = serde_json::from_str(&text.replace("1e400", "1")).unwrap();
        assert_eq!(after, expected);
    }

    #[test]
    fn a_renamed_entry_keeps_its_place_and_text_and_is_referred_to_by_its_new_name() {
        let mut document = document(STORE);
        document.rename(&id("anthropic:a"), &id("anthropic:c"));
        let text = document.to_text();
        assert!(!text.contains("anthropic:a\""), "{text}");
        assert_eq!(document.profiles.keys().collect::<Vec<_>>(), ["anthropic:c", "odd\u{7}", "anthropic:b"]);
        assert!(
            text.contains("\"type\":\"api_key\",  \"key\":\"A\"") && text.contains("{\"x\" :1.0}"),
            "{text}"
        );
        assert_eq!(document.order_of("anthropic").unwrap(), ["anthropic:gone", "anthropic:c"]);
        assert_eq!(document.order_of("third").unwrap(), ["anthropic:c"]);
        // The counters are the profile's own, not those another one of the new name left.
        assert!(text.contains("\"anthropic:c\": {\"lastUsed\" :5}") && !text.contains(":6"), "{text}");
        assert!(text.contains("\"anthropic\": \"anthropic:c\""), "{text}");
    }

    #[test]
    fn sections_of_a_wrong_form_stay_as_they_are() {
        let text = r#"{"version":1,"profiles":{"anthropic:a":1},"order":"x","lastGood":[],"usageStats":7}"#;
        let mut document = document(text);
        document.remove("anthropic:a");
        let text = document.to_text();
        for kept in ["\"order\": \"x\"", "\"lastGood\": []", "\"usageStats\": 7"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    }

    #[test]
    fn an_unreadable_entry_is_found_by_what_is_shown_of_its_name() {
        let document = document(
            r#"{"profiles":{"odd\u0007":1,"twin\u0007":1,"tw\u0007in":1,
                "anthropic:a\u200b":1,"anthropic:a":{"type":"api_key","provider":"anthropic"}}}"#,
        );
        assert_eq!(document.named("odd"), Named::Entry("odd\u{7}".to_owned()));
        assert_eq!(document.named("odd\u{7}"), Named::Entry("odd\u{7}".to_owned()));
        assert_eq!(document.named("twin"), Named::Several);
        assert_eq!(document.named("anthropic:a"), Named::Entry("anthropic:a".to_owned()));
        assert_eq!(document.named("none"), Named::None);
    }
}
