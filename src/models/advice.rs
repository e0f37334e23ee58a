//! What somebody who chooses a model should know of it: that nothing is known of it, that it is switched off, or that it
//! will be.

use jiff::civil::Date;

use super::known::KnownModels;
use super::refs::{ANTHROPIC, ModelRef};

/// Why a model may not do what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing is known of it.
    Unknown,
    /// It ends on a day to come.
    Ends(Date),
    /// It has ended.
    Ended(Date),
}

/// Why a model may not do what is expected of it.
pub fn doubt(model: &ModelRef, known: &KnownModels<'_>, today: Date) -> Option<Doubt> {
    match known.model(model) {
        // Of another provider's models nothing is said unless the config does.
        None => (model.provider() == ANTHROPIC).then_some(Doubt::Unknown),
        Some(known) => match known.retires? {
            day if day <= today => Some(Doubt::Ended(day)),
            day => Some(Doubt::Ends(day)),
        },
    }
}

/// A sentence about a model that may not do what is expected of it.
pub fn about(model: &ModelRef, known: &KnownModels<'_>, today: Date) -> Option<String> {
    let (when, day) = match doubt(model, known, today)? {
        Doubt::Unknown => {
            let meant = known.nearest(model).map(|name| format!(" Did you mean {name}?"));
            return Some(format!(
                "{model} is not in the data file: its price and window are not known.{}",
                meant.unwrap_or_default()
            ));
        }
        Doubt::Ends(day) => ("will be switched off", day),
        Doubt::Ended(day) => ("was switched off", day),
    };
    let successor = known.model(model).and_then(|known| known.successor);
    let instead = successor.map(|successor| format!("; {successor} is recommended in its place"));
    Some(format!("{model} {when} on {day}{}.", instead.unwrap_or_default()))
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
