//! What the program does, seen from outside: the real binary in an empty home against the real sandbox. One module a
//! command, and one for each promise that all of them keep.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests end when something is not as expected, and set up files by hand"
)]

#[expect(dead_code, unused_imports, reason = "other test programs use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod agents;
mod auth_cooldown;
mod auth_export;
mod auth_import;
mod auth_list;
mod auth_login;
mod auth_order;
mod auth_remove;
mod auth_rename;
mod auth_token;
mod cache_explain;
mod chat;
mod completion;
mod config;
mod custom_provider;
mod demo;
mod disk;
mod doctor;
mod examples;
mod failover;
mod federation;
mod gateway;
mod gateway_caps;
mod gateway_chat;
mod gateway_keys;
mod help;
mod json_everywhere;
mod leaks;
mod memory;
mod models_choice;
mod models_explain;
mod models_list;
mod models_status;
mod onboard;
mod probe;
mod promises;
mod prompts;
mod refresh;
mod repl;
mod sandbox;
mod secret_refs;
mod sessions;
mod sign_in;
mod sockets;
mod terminal_widths;
mod typescript_state;
mod usage;
mod usage_errors;

#[test]
fn every_file_here_is_a_module_of_this_program() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli");
    let source = std::fs::read_to_string(format!("{directory}/main.rs")).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            assert!(source.contains(&format!("\nmod {name};\n")), "tests/cli/{name}.rs is never run");
        }
    }
}
