//! The `fased` command: builds the context from the process, runs the command, exits with its code.

use std::ffi::OsString;
use std::process::ExitCode;

use fased::ctx::Ctx;
use fased::env::Env;
use fased::terminal::Terminal;

fn main() -> ExitCode {
    let env = Env::of_this_process();
    let terminal = Terminal::of_this_process(&env);
    fased::terminal::logging::start(&env);
    let home = env.path("HOME").or_else(dirs::home_dir);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match Ctx::new(env, home, terminal) {
        Ok(ctx) => fased::commands::main(&ctx, arguments).into(),
        Err(failure) => {
            // A shell that asks what fits shows whatever it is told as a value.
            if !fased::commands::completion::is_asked(&arguments) {
                terminal.tell(&failure, arguments.iter().any(|argument| argument == "--json"));
            }
            failure.exit.into()
        }
    }
}
