//! Lengths of time as people write them: `365d`, `12h`, `30m`, `90`.

use jiff::SignedDuration;

/// Longest lifetime taken: a hundred years.
const LONGEST_SECONDS: f64 = 100.0 * 365.0 * 86_400.0;

/// A text is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: expected a number with ms, s, m, h or d, like 365d or 12h")]
pub struct LifetimeError;

/// Reads a positive length of time; a bare number counts days.
///
/// ```
/// use fased::auth::lifetime::parse;
///
/// assert_eq!(parse("1.5h").unwrap().as_secs(), 5400);
/// assert_eq!(parse("365").unwrap(), parse("365d").unwrap());
/// assert!(parse("-1d").is_err());
/// ```
///
/// # Errors
/// When it is none, is not positive, or is longer than a hundred years.
pub fn parse(text: &str) -> Result<SignedDuration, LifetimeError> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds_a_unit = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" | "" => 86_400.0,
        _ => return Err(LifetimeError),
    };
    let seconds = number.parse::<f64>().map_err(|_| LifetimeError)? * seconds_a_unit;
    if seconds > 0.0 && seconds <= LONGEST_SECONDS {
        SignedDuration::try_from_secs_f64(seconds).map_err(|_| LifetimeError)
    } else {
        Err(LifetimeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_and_decimals_are_read() {
        for (text, millis) in
            [("1500ms", 1_500), ("2 s", 2_000), ("0.5M", 30_000), ("12h", 43_200_000), ("1D", 86_400_000)]
        {
            assert_eq!(parse(text).unwrap().as_millis(), millis, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "d", "x", "1w", "1 1d", "0", "0d", "1e9d", "..", "99999999999999d", "inf", "nan"] {
            assert_eq!(parse(text), Err(LifetimeError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_other_than_by_its_error(text in "\\PC{0,20}") {
            if let Ok(length) = parse(&text) {
                prop_assert!(length.is_positive());
            }
        }
    }
}
