//! What `fased chat` adds to an answer: the same question by `curl`, both to a sandbox on this machine. `fased` also reads
//! its config and store, keeps a transcript and writes a row of the ledger.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::fixtures::Fixtures;
use super::launcher::{Cost, Program};
use super::{RUNS, WARM_UP, medians};

const QUESTION: &str = "why is the sky blue?";
/// What `fased chat` may take longer, in milliseconds.
const LIMIT: f64 = 4.0;

/// A sandbox that ends with this value.
struct Sandbox {
    process: Child,
    url: String,
}

impl Sandbox {
    fn start(fased: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process =
            Command::new(fased).arg("sandbox").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = process.stdout.take().ok_or("the sandbox has no output")?;
        let mut url = String::new();
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self { process, url: url.trim().to_owned() })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // One that has ended already is no trouble.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Compares the two, and says whether the limit is kept.
#[expect(clippy::print_stdout, reason = "the table is the result")]
pub(super) fn measure(fixtures: &Fixtures) -> Result<bool, Box<dyn Error>> {
    let Some(curl) = installed_curl() else {
        println!("\nNot compared with curl, which is not installed (Debian: apt-get install curl).");
        return Ok(true);
    };
    let fased = Path::new(env!("CARGO_BIN_EXE_fased"));
    let sandbox = Sandbox::start(fased)?;
    let key = fixtures.sandbox_key_file()?;
    let home = fixtures.home_that_asks(&sandbox.url)?;
    let onboard = &["onboard", "--non-interactive", "--api-key-stdin"];
    Program { path: fased, arguments: onboard, home: &home, stdin: &key }.run()?;

    let request = fixtures.curl_request(&sandbox.url, QUESTION)?;
    let request = request.to_str().ok_or("the build's directory is not UTF-8")?;
    let by_curl = Program { path: &curl, arguments: &["--config", request], home: &home, stdin: &key };
    let chat = Program { path: fased, arguments: &["chat", QUESTION], home: &home, stdin: &key };
    let (mut curls, mut chats): (Vec<Cost>, Vec<Cost>) = (Vec::new(), Vec::new());
    for run in 0..WARM_UP + RUNS {
        let costs = (by_curl.run()?, chat.run()?);
        if run >= WARM_UP {
            curls.push(costs.0);
            chats.push(costs.1);
        }
    }
    let (curl, chat) = (medians(&curls), medians(&chats));
    let millis = |cost: Cost| cost.wall.as_secs_f64() * 1e3;
    let added = millis(chat) - millis(curl);
    let kept = added <= LIMIT;
    println!(
        "\none answer of a sandbox, transcript and ledger included: curl {:.2} ms, fased chat {:.2} ms, \
         ratio {:.2}, difference {added:+.2} ms (limit {LIMIT:+} ms {})",
        millis(curl),
        millis(chat),
        millis(chat) / millis(curl),
        if kept { "ok" } else { "OVER" }
    );
    Ok(kept)
}

fn installed_curl() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("curl")).find(|curl| curl.is_file())
}
