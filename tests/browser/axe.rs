//! Whether a page can be used with a keyboard and a screen reader, as far as a program can tell: axe, from the npm registry
//! in the version `axe/package-lock.json` pins, kept below `target`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::support::installed;
use super::tab::Tab;

/// What axe finds that keeps somebody from using the page, a line each.
pub(crate) fn obstacles(tab: &Tab) -> Vec<String> {
    if tab.evaluate("typeof axe") != "object" {
        tab.evaluate(&format!("{}; true", script()));
    }
    let found = tab.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations \
         .filter(({ impact }) => impact === 'serious' || impact === 'critical') \
         .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} (${node.failureSummary})`)))",
    );
    let found = found.as_array().unwrap().iter();
    found.map(|line| line.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/axe");
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("axe");
        let lock = |directory: &Path| std::fs::read(directory.join("package-lock.json")).ok();
        let script = kept.join("node_modules/axe-core/axe.min.js");
        if lock(&kept) != lock(&wanted) || !script.exists() {
            fetch(&wanted, &kept);
        }
        std::fs::read_to_string(script).unwrap()
    })
}

/// Fetches it beside its place first, so that what is in its place is whole.
fn fetch(wanted: &Path, kept: &Path) {
    installed("npm", "npm");
    let building = kept.with_extension("new");
    std::fs::create_dir_all(&building).unwrap();
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(wanted.join(name), building.join(name)).unwrap();
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&building)
        .output()
        .unwrap();
    assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    std::fs::remove_dir_all(kept).ok();
    std::fs::rename(building, kept).unwrap();
}
