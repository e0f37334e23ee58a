use jiff::Timestamp;

use super::*;
use crate::anthropic::attachment;
use crate::sessions::Session;
use crate::sessions::SessionsDir;

const CONFIG: &str = "{
    models: { providers: { x: { models: [{ id: 'blind', input: ['text'] }] } } },
    agents: { defaults: {
        imageModel: 'anthropic/claude-opus-4-7',
        taskModels: { cheapCheck: 'anthropic/claude-haiku-4-5' },
    } },
}";

fn session() -> Session {
    let paths = crate::config::Paths::below(std::path::Path::new("/nowhere"));
    SessionsDir::of(&AgentId::main(), &paths).create(Timestamp::UNIX_EPOCH)
}

/// Which model is asked, in words.
fn asks(choice: &str, role: Option<Role>, question: &[ContentBlock]) -> String {
    let config = crate::config::load::parse(CONFIG).unwrap();
    let mut session = session();
    session.choose(typed(choice, "model", &config).unwrap(), Timestamp::UNIX_EPOCH);
    Wanted::by(&AgentId::main(), &config, session.conversation(), role, question).unwrap().in_words()
}

#[test]
fn the_words_name_the_model_that_is_asked_and_why() {
    let cheap = Some(Role::CheapCheck);
    let image = [attachment::image(b"\x89PNG\r\n\x1a\nrest").unwrap()];
    for (choice, role, question, words) in [
        ("default", None, &[][..], "This session asks anthropic/claude-sonnet-5, the agent's primary model."),
        ("x/blind", None, &[], "This session asks x/blind; /model default returns to the agent's."),
        (
            "x/blind@x:work",
            None,
            &[],
            "This session asks x/blind with x:work and nothing else; /model default ends that.",
        ),
        (
            "x/blind",
            cheap,
            &[],
            "This conversation asks anthropic/claude-haiku-4-5, the agent's model for cheap-check; \
             /model default returns to its primary.",
        ),
        (
            "default",
            Some(Role::Strong),
            &[],
            "This session asks anthropic/claude-sonnet-5, the agent's primary model.",
        ),
        (
            "x/blind",
            None,
            &image,
            "This session holds an image, so it asks anthropic/claude-opus-4-7, the agent's model for images, \
             instead of x/blind.",
        ),
        ("default", None, &image, "This session asks anthropic/claude-sonnet-5, the agent's primary model."),
    ] {
        assert_eq!(asks(choice, role, question), words, "{choice} {role:?}");
    }
}
