//! What is asked: words, standard input, files.

use super::attachments;
use crate::anthropic::ContentBlock;
use crate::cli::ChatArgs;
use crate::ctx::Ctx;
use crate::error::Failure;

/// The words of the command line, `-` standing for standard input; without any, standard input alone. Files come first,
/// so that the question is the last that is read.
pub(super) fn of_command_line(ctx: &Ctx, args: &ChatArgs) -> Result<Vec<ContentBlock>, Failure> {
    let recipe = |failure: Failure| {
        failure
            .hint("ask one")
            .command("fased chat \"why is the sky blue?\"")
            .command("fased chat < question.txt")
    };
    let takes_stdin = args.message.iter().any(|word| word == "-") || args.message.is_empty();
    if args.message.is_empty() && !ctx.terminal.stdin_is_piped() {
        return Err(recipe(Failure::usage("There is no question.")));
    }
    let piped = if takes_stdin { ctx.terminal.read_stdin()? } else { String::new() };
    let words: Vec<&str> = args.message.iter().map(String::as_str).filter(|word| *word != "-").collect();
    let asked = words.join(" ");
    let parts = [asked.trim(), piped.trim()];
    let text = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("\n\n");
    if text.is_empty() {
        return Err(recipe(Failure::usage("The question is empty.")));
    }
    let mut question = attachments::read(args)?;
    question.push(ContentBlock::text(text));
    Ok(question)
}
