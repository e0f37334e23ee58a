//! The `fased` command: builds the context from the process, runs the command, exits with its code.

use std::process::ExitCode;

use fased::ctx::Ctx;
use fased::env::Env;
use fased::terminal::Terminal;

fn main() -> ExitCode {
    let env = Env::of_this_process();
    let terminal = Terminal::of_this_process(&env);
    fased::terminal::logging::start(&env);
    let home = env.path("HOME").or_else(dirs::home_dir);
    let arguments = std::env::args_os();
    match Ctx::new(env, home, terminal) {
        Ok(ctx) => fased::commands::main(&ctx, arguments).into(),
        // A shell that asks what fits shows whatever it is told as a value.
        Err(failure) if std::env::args_os().nth(1).is_some_and(|word| word == "__complete") => {
            failure.exit.into()
        }
        Err(failure) => {
            terminal.tell(&failure, arguments.into_iter().any(|argument| argument == "--json"));
            failure.exit.into()
        }
    }
}
