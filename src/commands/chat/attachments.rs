//! Files that go with a question.

use std::path::Path;

use crate::anthropic::{ContentBlock, attachment};
use crate::cli::ChatArgs;
use crate::error::{Exit, Failure};
use crate::storage::{SmallFileError, read_small};

/// Reads the files of `--file` and `--image`.
pub(super) fn read(args: &ChatArgs) -> Result<Vec<ContentBlock>, Failure> {
    let documents = args.file.iter().map(|path| document(path));
    documents.chain(args.image.iter().map(|path| image(path))).collect()
}

fn document(path: &Path) -> Result<ContentBlock, Failure> {
    let bytes = bytes(path, "--file", attachment::LARGEST_TEXT)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| refused(path, "--file", "is not UTF-8 text").hint("an image goes with --image"))?;
    if text.trim().is_empty() {
        return Err(refused(path, "--file", "is empty"));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Ok(attachment::text_document(&name, text))
}

fn image(path: &Path) -> Result<ContentBlock, Failure> {
    let bytes = bytes(path, "--image", attachment::LARGEST_IMAGE)?;
    attachment::image(&bytes).ok_or_else(|| {
        refused(path, "--image", "is no PNG, JPEG, GIF or WebP image").hint("a text goes with --file")
    })
}

fn bytes(path: &Path, flag: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    match read_small(path, limit) {
        Ok(mut bytes) => Ok(std::mem::take(&mut *bytes)),
        Err(SmallFileError::TooLarge) => {
            Err(refused(path, flag, &format!("is larger than {} MiB", limit / (1024 * 1024))))
        }
        Err(error) => Err(Failure::new(
            Exit::Failed,
            "file",
            format!("Cannot read `{}` of {flag}: {error}.", path.display()),
        )),
    }
}

fn refused(path: &Path, flag: &str, why: &str) -> Failure {
    Failure::usage(format!("`{}` of {flag} {why}.", path.display()))
}
