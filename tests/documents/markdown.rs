//! The blocks of code in a document, and what a shell makes of their lines.

/// A block between fences.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    /// Where its first line stands in the document, counted from 0.
    pub(crate) begins: usize,
    pub(crate) lines: Vec<String>,
}

/// A command as it stands in a document: one line, or several that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) text: String,
    /// Its first line within the block, counted from 0.
    pub(crate) line: usize,
    /// The output that is shown below it; `None` in a block that shows none.
    pub(crate) output: Option<Vec<String>>,
}

impl Block {
    pub(crate) fn all_of(document: &str) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut open: Option<Self> = None;
        for (at, line) in document.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => {
                    open = Some(Self { language: language.to_owned(), begins: at + 1, lines: Vec::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.lines.push(line.to_owned()),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "a block of code has no end");
        blocks
    }

    /// A script as if it stood in a document.
    pub(crate) fn of_shell(script: &str) -> Self {
        let lines = script.lines().map(str::to_owned).collect();
        Self { language: "sh".to_owned(), begins: 0, lines }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The commands of a `sh` block.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut lines = self.lines.iter().enumerate();
        while let Some((line, first)) = lines.next() {
            if first.trim().is_empty() || first.starts_with('#') {
                continue;
            }
            let mut text = first.clone();
            while !is_complete(&text) {
                let (_, next) = lines.next().unwrap_or_else(|| panic!("{text:?} goes on behind its block"));
                text = text + "\n" + next;
            }
            commands.push(Command { text, line, output: None });
        }
        commands
    }

    /// The commands of a `console` block, each with what is shown below it.
    pub(crate) fn session(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        for (line, text) in self.lines.iter().enumerate() {
            match (text.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => {
                    commands.push(Command { text: command.to_owned(), line, output: Some(Vec::new()) });
                }
                (None, Some(command)) if !is_complete(&command.text) => {
                    command.text = format!("{}\n{text}", command.text);
                }
                (None, Some(command)) => command.output.as_mut().unwrap().push(text.clone()),
                (None, None) => panic!("output before the first command: {text}"),
            }
        }
        commands
    }
}

/// Whether a shell would not ask for another line.
fn is_complete(text: &str) -> bool {
    if text.ends_with('\\') {
        return false;
    }
    let unended = text.split("<<").skip(1).any(|rest| {
        let word: String =
            rest.trim_start_matches('\'').chars().take_while(char::is_ascii_uppercase).collect();
        !word.is_empty() && !text.lines().any(|line| line == word)
    });
    let parse = std::process::Command::new("bash").args(["-n", "-c", text]).output().unwrap();
    !unended && parse.status.success()
}

impl Command {
    /// Without the remark behind it.
    pub(crate) fn plain(&self) -> &str {
        match self.text.split_once(" # ") {
            Some((command, _)) if !self.text.contains('\n') => command.trim_end(),
            _ => &self.text,
        }
    }

    /// The exit code the remark tells; 0 when it tells none.
    pub(crate) fn exits(&self) -> i32 {
        let told = self.text.rsplit_once(" # ").and_then(|(_, remark)| remark.split_once("exits "));
        told.map_or(0, |(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("no exit code in {:?}", self.text))
        })
    }
}

#[test]
fn lines_that_belong_together_are_one_command() {
    let block = Block::of_shell(
        "# why\nfased a   # exits 3: because\nfased b \\\n  --flag\ncat <<'END'\nit's\nEND\nfor x in y; do\n  z\ndone",
    );
    let commands = block.commands();
    let texts: Vec<&str> = commands.iter().map(Command::plain).collect();
    assert_eq!(
        texts,
        ["fased a", "fased b \\\n  --flag", "cat <<'END'\nit's\nEND", "for x in y; do\n  z\ndone"]
    );
    let exits: Vec<i32> = commands.iter().map(Command::exits).collect();
    assert_eq!(exits, [3, 0, 0, 0]);
}

#[test]
fn a_session_has_commands_with_their_output() {
    let document = "```console\n$ fased a\none\n\ntwo\n$ fased b \\\n    --flag\n```\n";
    let [block] = Block::all_of(document).try_into().unwrap();
    let command = |text: &str, line, output: &[&str]| Command {
        text: text.to_owned(),
        line,
        output: Some(output.iter().map(|&line| line.to_owned()).collect()),
    };
    assert_eq!(
        block.session(),
        [command("fased a", 0, &["one", "", "two"]), command("fased b \\\n    --flag", 4, &[])]
    );
}
