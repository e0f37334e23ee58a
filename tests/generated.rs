//! `man/` is made from the command line's types, the JSON Schema of the config from its types, and the data file as it is compiled in
//! from the one people write. They are committed, for packagers
//! and for those who read them. This fails as soon as they differ, a file is missing, or one is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use fased::cli::Cli;

/// The one command that mends a difference.
const UPDATE: &str = "UPDATE_GENERATED=1 cargo test --test generated";

#[test]
fn man_pages_are_up_to_date() {
    let mut root = Cli::command();
    root.build();
    let mut pages = BTreeMap::new();
    add_pages(&root, &mut pages).unwrap();
    assert!(pages.contains_key("fased.1") && pages.contains_key("fased-models-status.1"));
    compare("man", &pages).unwrap();
}

#[test]
fn the_schema_of_the_config_is_up_to_date() {
    let schema = format!("{:#}\n", fased::config::json_schema::json_schema());
    compare("assets/schema", &[("fased.schema.json".to_owned(), schema.into_bytes())].into()).unwrap();
}

#[test]
fn the_data_file_that_is_compiled_in_is_the_one_people_write() {
    let written: serde_json::Value = json5::from_str(include_str!("../assets/anthropic.json5")).unwrap();
    compare("assets/catalog", &[("anthropic.json".to_owned(), format!("{written}\n").into_bytes())].into())
        .unwrap();
}

/// A page for the command and each one below it.
fn add_pages(command: &Command, pages: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let man = Man::new(command.clone()).manual("Fased").source(concat!("fased ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let below: Vec<&Command> = command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    if !below.is_empty() {
        man.render_subcommands_section(&mut page)?;
    }
    page.extend(sections(command).into_bytes());
    pages.insert(man.get_filename(), page);
    below.into_iter().try_for_each(|below| add_pages(below, pages))
}

/// What stands behind the flags: examples and notes of the help, and what holds for all commands.
fn sections(command: &Command) -> String {
    let is_root = command.get_name() == "fased";
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (mut examples, mut notes) = (String::new(), String::new());
    for part in help.split("\n\n").filter(|part| !part.starts_with("Exit codes:")) {
        match part.split_once('\n') {
            Some(("Example:" | "Examples:", lines)) => examples.push_str(&as_typed(lines)),
            _ => notes.push_str(&format!(".PP\n{}\n", escaped(&part.replace('\n', " ")))),
        }
    }
    assert!(!examples.is_empty(), "{} has no example", command.get_name());
    let mut text = format!(".SH EXAMPLES\n{examples}");
    // The first page has a section for each of these.
    if !notes.is_empty() && !is_root {
        text.push_str(&format!(".SH NOTES\n{notes}"));
    }
    if is_root {
        text.push_str(&listed("EXIT STATUS", EXIT_STATUS));
        text.push_str(&listed("ENVIRONMENT", ENVIRONMENT));
        text.push_str(&listed("FILES", FILES));
    } else {
        text.push_str(
            ".SH EXIT STATUS\n0 when it is done; else see\n.BR fased (1).\n.SH SEE ALSO\n.BR fased (1)\n",
        );
    }
    text
}

/// Terms and what they mean.
fn listed(title: &str, terms: &[(&str, &str)]) -> String {
    let terms =
        terms.iter().map(|(term, meaning)| format!(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(meaning)));
    format!(".SH {title:?}\n{}", terms.collect::<String>())
}

/// Lines that stand as they are typed.
fn as_typed(lines: &str) -> String {
    let lines = lines.lines().map(|line| escaped(line.strip_prefix("  ").unwrap_or(line)) + "\n");
    format!(".nf\n{}.fi\n", lines.collect::<String>())
}

/// Text that means nothing to the formatter.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "Done."),
    ("1", "Failed; with --check, a credential is missing or expired."),
    ("2", "With --check, a credential ends within a day."),
    ("3", "There is no usable credential."),
    ("4", "The provider refused the request or limited it."),
    ("5", "The network failed."),
    ("64", "The command line, or a variable of the environment, was not understood."),
    ("130", "Cancelled."),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("FASED_STATE_DIR", "Directory of the state instead of ~/.fased."),
    ("FASED_CONFIG_PATH", "The config, when it is elsewhere than in that directory."),
    ("FASED_AGENT_DIR", "Directory of the default agent's credentials."),
    ("FASED_HOME", "The home directory, instead of HOME."),
    ("FASED_GATEWAY_PORT", "Port the gateway listens on."),
    ("FASED_GATEWAY_KEY", "Key of a client that `fased gateway check` asks with."),
    ("FASED_LOG", "How much is logged to standard error: error, warn, info, debug or trace."),
    ("FASED_NETWORK", "With the value loopback no request leaves this machine."),
    ("FASED_NOW", "The time of day, to stand still at; for tests and pictures."),
    (
        "ANTHROPIC_API_KEY, ANTHROPIC_OAUTH_TOKEN",
        "A credential that is used while the agent stores none; see auth.env in the config.",
    ),
    ("ANTHROPIC_BASE_URL", "Address of the API."),
    (
        "HTTPS_PROXY, NO_PROXY",
        "Proxy for requests that leave this machine, and hosts that are asked without it.",
    ),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificates that are trusted besides those of the program."),
    ("NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS", "Whether there is colour, and how wide the terminal is."),
    ("LC_ALL, LC_CTYPE, LANG", "Whether signs beyond ASCII can be shown."),
    ("TZ", "The zone whose days are counted."),
];

const FILES: &[(&str, &str)] = &[
    ("~/.fased/fased.json", "The config, JSON5."),
    ("~/.fased/.env", "Variables for the config and the credentials, NAME=value."),
    ("~/.fased/agents/ID/agent/auth-profiles.json", "Credentials of an agent."),
    ("~/.fased/agents/ID/agent/auth-state.json", "What is known of them: cooldowns, last use, checks."),
    ("~/.fased/agents/ID/sessions/", "Transcripts of an agent's sessions."),
    ("~/.fased/usage.db", "What every request took and cost."),
    ("~/.fased/gateway-keys.json", "Keys of the gateway's clients, hashed."),
    ("~/.fased/gateway.token", "What opens the Control UI."),
];

/// Compares a directory with what should be in it, or makes it so when asked to.
fn compare(directory: &str, expected: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    if update_is_asked() {
        return update(&path, expected);
    }
    let wrong: Vec<String> = names(&path)?
        .union(&expected.keys().cloned().collect())
        .filter_map(|name| {
            let problem = match (fs::read(path.join(name)).ok(), expected.get(name)) {
                (None, _) => "is missing",
                (Some(_), None) => "is no longer generated",
                (Some(found), Some(wanted)) if found != *wanted => "is out of date",
                _ => return None,
            };
            Some(format!("{directory}/{name} {problem}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\nrun: {UPDATE}", wrong.join("\n"));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the sources' own files, not a user's")]
fn update(path: &Path, expected: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(path)?;
    for leftover in names(path)?.iter().filter(|name| !expected.contains_key(*name)) {
        fs::remove_file(path.join(leftover))?;
    }
    expected.iter().try_for_each(|(name, content)| fs::write(path.join(name), content))
}

/// Names of the files in a directory; none when it does not exist.
fn names(path: &Path) -> io::Result<BTreeSet<String>> {
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(path)?.map(name).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test has no context to be handed one")]
fn update_is_asked() -> bool {
    std::env::var_os("UPDATE_GENERATED").is_some_and(|value| !value.is_empty())
}
