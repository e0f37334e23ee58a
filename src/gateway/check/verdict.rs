//! What a rule says about a gateway, and short ways to say it.

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is kept; how that showed.
    Kept(String),
    /// It is broken; how that showed.
    Broken(String),
    /// It did not show; why.
    Unknown(String),
}

impl Verdict {
    pub(super) fn kept(why: impl Into<String>) -> Self {
        Self::Kept(why.into())
    }

    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// Kept or broken, with the words for either.
    pub(super) fn of(kept: bool, why_kept: impl Into<String>, why_broken: impl Into<String>) -> Self {
        if kept { Self::Kept(why_kept.into()) } else { Self::Broken(why_broken.into()) }
    }
}

/// Either way it is a verdict: rules use `?` to stop at the first thing that decides.
pub(super) type Judged = Result<Verdict, Verdict>;
