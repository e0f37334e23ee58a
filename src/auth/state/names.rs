//! What becomes of what is remembered when a profile goes or gets another name.

use super::AuthState;
use crate::auth::profile_id::ProfileId;

impl AuthState {
    /// Forgets a profile that is gone, also as the last good one; says whether there was anything to forget.
    pub fn forget(&mut self, id: &ProfileId) -> bool {
        let before = self.last_good.len();
        self.last_good.retain(|_, good| good != id.as_str());
        self.clear(id) || self.last_good.len() != before
    }

    /// Remembers of a profile that is to be renamed the same under its new name, and nothing of an earlier profile of
    /// that name. Until [`Self::finish_rename`] both names stand there, so that the store may use either. Says whether
    /// anything changed.
    pub fn begin_rename(&mut self, old: &ProfileId, new: &ProfileId) -> bool {
        let Some(remembered) = self.profiles.get(old.as_str()).cloned() else { return self.clear(new) };
        self.profiles.insert(new.as_str().to_owned(), remembered);
        true
    }

    /// Drops the old name of a profile that was renamed; says whether anything changed.
    pub fn finish_rename(&mut self, old: &ProfileId, new: &ProfileId) -> bool {
        let mut changed = false;
        if let Some(remembered) = self.profiles.shift_remove(old.as_str()) {
            changed = true;
            // The new name may have been used in the meantime.
            self.profiles.entry(new.as_str().to_owned()).or_insert(remembered);
        }
        for good in self.last_good.values_mut().filter(|good| good.as_str() == old.as_str()) {
            changed = true;
            new.as_str().clone_into(good);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ProfileId {
        ProfileId::new("anthropic", name).unwrap()
    }

    fn state() -> AuthState {
        serde_json::from_str(
            r#"{"version":1,"lastGood":{"anthropic":"anthropic:a","other":"other:x"},"future":1,
                "profiles":{"anthropic:a":{"errorCount":3,"novel":true},"anthropic:b":{"errorCount":1}}}"#,
        )
        .unwrap()
    }

    fn error_count(state: &AuthState, name: &str) -> Option<u32> {
        state.profiles.get(id(name).as_str()).map(|state| state.error_count)
    }

    #[test]
    fn a_profile_that_is_gone_leaves_nothing() {
        let mut state = state();
        assert!(state.forget(&id("a")));
        assert_eq!((error_count(&state, "a"), state.last_good.len()), (None, 1));
        assert!(!state.forget(&id("a")));
    }

    #[test]
    fn halfway_through_a_rename_both_names_are_known_and_in_the_end_the_new_one() {
        let mut state = state();
        assert!(state.begin_rename(&id("a"), &id("c")));
        assert_eq!((error_count(&state, "a"), error_count(&state, "c")), (Some(3), Some(3)));
        assert_eq!(state.last_good["anthropic"], "anthropic:a");
        assert!(state.finish_rename(&id("a"), &id("c")));
        assert_eq!((error_count(&state, "a"), error_count(&state, "c")), (None, Some(3)));
        assert_eq!(state.last_good["anthropic"], "anthropic:c");
        assert!(!state.finish_rename(&id("a"), &id("c")));
    }

    #[test]
    fn what_an_earlier_profile_of_the_new_name_left_is_not_taken_over() {
        let mut state = state();
        assert!(state.begin_rename(&id("z"), &id("b")));
        assert_eq!(error_count(&state, "b"), None);
        assert!(!state.begin_rename(&id("z"), &id("b")));
    }
}
