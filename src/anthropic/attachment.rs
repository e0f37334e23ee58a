//! Files as blocks of a question. What an image is, its first bytes say, not its name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::types::ContentBlock;

/// Largest image file, in bytes.
pub const LARGEST_IMAGE: u64 = 5 * 1024 * 1024;
/// Largest text file, in bytes.
pub const LARGEST_TEXT: u64 = 4 * 1024 * 1024;

/// A block of an image; `None` when it is of no kind the API takes.
pub fn image(bytes: &[u8]) -> Option<ContentBlock> {
    let media_type = media_type(bytes)?;
    let source = json!({"type": "base64", "media_type": media_type, "data": STANDARD.encode(bytes)});
    Some(ContentBlock::Raw(json!({"type": "image", "source": source})))
}

/// A block of a text file.
pub fn text_document(title: &str, text: &str) -> ContentBlock {
    let source = json!({"type": "text", "media_type": "text/plain", "data": text});
    ContentBlock::Raw(json!({"type": "document", "title": title, "source": source}))
}

/// Whether a block is an image.
pub fn is_image(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Raw(value) if value.get("type").is_some_and(|kind| kind == "image"))
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_first_bytes() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"GIF87a", Some("image/gif")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8", Some("image/webp")),
            (b"RIFF\x01\x02\x03\x04WAVE", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(media_type(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn blocks_are_as_the_api_takes_them() {
        let image = image(b"GIF89a").unwrap();
        assert!(is_image(&image));
        let source = json!({"type": "base64", "media_type": "image/gif", "data": "R0lGODlh"});
        assert_eq!(serde_json::to_value(image).unwrap(), json!({"type": "image", "source": source}));
        let document = text_document("notes.txt", "a\nb");
        assert!(!is_image(&document));
        let source = json!({"type": "text", "media_type": "text/plain", "data": "a\nb"});
        let expected = json!({"type": "document", "title": "notes.txt", "source": source});
        assert_eq!(serde_json::to_value(document).unwrap(), expected);
    }
}
