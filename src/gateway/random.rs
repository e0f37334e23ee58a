//! Random names and secrets of the gateway's own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandomness(getrandom::Error);

/// Text of `bytes` random bytes that goes into URLs, headers and cookies as it is.
///
/// # Errors
/// When the system gives none.
pub(crate) fn text(bytes: usize) -> Result<String, NoRandomness> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// A name of `bytes` random bytes in hex digits.
///
/// # Errors
/// When the system gives none.
pub(crate) fn hex_name(bytes: usize) -> Result<String, NoRandomness> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(NoRandomness)?;
    Ok(hex(&random))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a secret of ours: what is kept instead of it, and compared, so that neither a file nor the time a comparison
/// takes gives it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub(crate) fn to_hex(self) -> String {
        hex(&self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_being_written_down() {
        let digest = Digest::of("a secret");
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_ne!(Digest::of("another"), digest);
        for wrong in ["", "00", &"g".repeat(64), &"ü".repeat(32)] {
            assert_eq!(Digest::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn random_texts_differ_and_need_no_escape() {
        let (one, other) = (text(24).unwrap(), text(24).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }
}
