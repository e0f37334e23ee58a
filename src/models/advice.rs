//! What somebody who chooses a model should know of it: that nothing is known of it, that it is switched off, or that it
//! will be.

use jiff::civil::Date;

use super::known::KnownModels;
use super::refs::{ANTHROPIC, ModelRef};

/// A sentence about a model that may not do what is expected of it.
pub fn about(model: &ModelRef, known: &KnownModels<'_>, today: Date) -> Option<String> {
    let Some(known) = known.model(model) else {
        // Of another provider's models nothing is said unless the config does.
        return (model.provider() == ANTHROPIC)
            .then(|| format!("{model} is not in the data file: its price and window are not known."));
    };
    let retires = known.retires?;
    let when = if retires <= today { "was switched off" } else { "will be switched off" };
    let instead = known.successor.map(|successor| format!("; {successor} is recommended in its place"));
    Some(format!("{model} {when} on {retires}{}.", instead.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn models_that_are_unknown_or_end_are_spoken_of_and_others_are_not() {
        let config = Config::default();
        let told = |model: &str, today: &str| {
            about(&model.parse().unwrap(), &KnownModels::of(&config), today.parse().unwrap())
        };
        assert_eq!(
            told("anthropic/claude-sonnet-4-5", "2026-11-29").unwrap(),
            "anthropic/claude-sonnet-4-5 will be switched off on 2026-11-30; anthropic/claude-sonnet-5-5 is recommended in its place."
        );
        assert_eq!(
            told("anthropic/claude-sonnet-4-5-20250929", "2026-11-30").unwrap(),
            "anthropic/claude-sonnet-4-5-20250929 was switched off on 2026-11-30; anthropic/claude-sonnet-5-5 is recommended in its place."
        );
        assert!(told("anthropic/claude-novel-9", "2026-01-01").unwrap().contains("not in the data file"));
        assert_eq!(told("anthropic/claude-sonnet-5", "2026-01-01"), None);
        assert_eq!(told("local/anything", "2026-01-01"), None);
    }
}
