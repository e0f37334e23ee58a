use std::path::Path;

use super::*;
use crate::config::load::parse;
use crate::secret::SecretKind;

const KEY: &str = "sk-ant-api03-sandbox-of-a-file-000000000000-f1f1";

struct World {
    home: tempfile::TempDir,
    config: Config,
}

impl World {
    fn new(providers: &str) -> Self {
        let config = parse(&format!("{{secrets:{{providers:{{{providers}}}}}}}")).unwrap();
        Self { home: tempfile::tempdir().unwrap(), config }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = std::fs::File::create(self.home.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, text.as_ref()).unwrap();
    }

    fn with<T>(&self, ask: impl FnOnce(&References<'_>) -> T) -> T {
        let env = Env::from_pairs([
            ("WORK_KEY", " sk-ant-oat01-x "),
            ("BLANK", " "),
            ("TWO", "two words"),
            ("lower", "sk-ant-api03-x"),
        ]);
        ask(&References { env: &env, config: &self.config, paths: &Paths::below(self.home.path()) })
    }

    fn look(&self, reference: &str) -> Look {
        let mut parts = reference.splitn(3, ' ').map(str::to_owned);
        let [source, provider, id] = std::array::from_fn(|_| parts.next().unwrap());
        self.with(|references| references.look(&SecretRef { source, provider, id }))
    }

    fn words(&self, reference: &str) -> String {
        match self.look(reference) {
            Look::Broken(broken) => broken.to_string(),
            look => panic!("{reference}: {look:?}"),
        }
    }
}

fn found(secret: &str) -> Look {
    Look::Found(Secret::new(secret), None)
}

#[test]
fn a_variable_is_found_by_its_name() {
    let world = World::new("mine:{source:'env'},file:{source:'file',path:'x'}");
    assert_eq!(world.look("env default WORK_KEY"), found("sk-ant-oat01-x"));
    assert_eq!(world.look("env mine WORK_KEY"), found("sk-ant-oat01-x"));
    for (reference, words) in [
        ("env default UNSET", "variable UNSET is not set"),
        ("env default BLANK", "variable BLANK is not set"),
        ("env default TWO", "variable TWO holds no credential, which would be one word"),
        ("env gone WORK_KEY", "secret provider gone is not in the config"),
        ("env file WORK_KEY", "secret provider file has source file in the config, not env"),
        (
            "env default lower",
            "its id is not the name of a variable, like ANTHROPIC_API_KEY (capital letters, digits, _)",
        ),
    ] {
        assert_eq!(world.words(reference), words, "{reference}");
    }
}

#[test]
fn a_file_is_read_as_the_config_says() {
    let world = World::new(
        "main:{source:'file',path:'~/s.json'},one:{source:'file',path:'~/one',mode:'singleValue'}",
    );
    world.write(
        "s.json",
        format!("\u{feff}{{\"claude\":{{\"work\":\"{KEY}\\n\",\"n\":1}},\"text\":\"not a key\"}}"),
    );
    world.write("one", format!("\n {KEY}\r\n"));
    assert_eq!(world.look("file main /claude/work"), found(KEY));
    assert_eq!(world.look("file one value"), found(KEY));
    // It is read at every use.
    world.write("one", "sk-ant-oat01-new");
    assert_eq!(world.look("file one value"), found("sk-ant-oat01-new"));
    for (reference, words) in [
        ("file main /claude/gone", "file ~/s.json has nothing at /claude/gone"),
        ("file main /claude/n", "file ~/s.json has no text at /claude/n"),
        ("file main /claude", "file ~/s.json has no text at /claude"),
        ("file main /text", "file ~/s.json holds no credential, which would be one word"),
        ("file main claude", "its id is not a JSON pointer, like /anthropic/key"),
        ("file main value", "its id is not a JSON pointer, like /anthropic/key"),
        ("file one /claude", "its id is not \"value\", the one id of a file with a single secret"),
        ("file gone value", "secret provider gone is not in the config"),
        ("exec main x", "secret provider main has source file in the config, not exec"),
        ("magic main x", "its magic reference cannot be read"),
    ] {
        assert_eq!(world.words(reference), words, "{reference}");
    }
    world.write("s.json", "{\n  \"claude\": sk-ant-api03-FAKE }");
    assert_eq!(world.words("file main /claude"), "file ~/s.json is no JSON: line 2, column 13");
    world.write("s.json", [0xff, 0xfe]);
    assert_eq!(world.words("file main /claude"), "file ~/s.json is not UTF-8 text");
    world.write("one", vec![b'x'; 1024 * 1024]);
    assert_eq!(world.look("file one value"), found(&"x".repeat(1024 * 1024)));
    world.write("one", vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(world.words("file one value"), "file ~/one is larger than 1 MiB");
    world.write("one", "{\"key\":\"sk-ant-api03-FAKE\"}");
    assert_eq!(world.words("file one value"), "file ~/one holds no credential, which would be one word");
    world.write("one", "");
    assert_eq!(world.words("file one value"), "file ~/one holds no credential, which would be one word");
    std::fs::remove_file(world.home.path().join("one")).unwrap();
    assert_eq!(world.words("file one value"), "file ~/one is not there");
    std::fs::create_dir(world.home.path().join("one")).unwrap();
    assert_eq!(world.words("file one value"), "file ~/one is no regular file");
}

#[test]
fn looking_at_a_program_does_not_run_it() {
    let world = World::new("vault:{source:'exec',command:['/bin/sh','-c',': > ran']},env:{source:'env'}");
    assert_eq!(world.look("exec vault secret/claude"), Look::OnUse);
    assert_eq!(std::fs::read_dir(world.home.path()).unwrap().count(), 0);
    for (reference, words) in [
        ("exec vault a b", "its id is not one a program can be asked for (letters, digits, . _ : / -)"),
        ("exec env x", "secret provider env has source env in the config, not exec"),
        ("exec default x", "secret provider default is not in the config"),
    ] {
        assert_eq!(world.words(reference), words, "{reference}");
    }
}

#[test]
fn names_that_are_secrets_are_not_repeated() {
    let world = World::new("main:{source:'file',path:'~/s.json'}");
    world.write("s.json", "{}");
    for reference in [format!("file main /{KEY}"), format!("exec {KEY} x"), format!("env default {KEY}")] {
        let words = world.words(&reference);
        assert!(!words.contains("sandbox"), "{words}");
    }
    let reference = SecretRef { source: "exec".into(), provider: "main".into(), id: KEY.into() };
    assert!(!reference.to_string().contains("sandbox"), "{reference}");
}

#[test]
fn only_a_file_that_everybody_can_read_is_open() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new("main:{source:'file',path:'~/s.json'},vault:{source:'exec',command:'x'}");
    world.write("s.json", "{}");
    let open = |mode: u32, source: &str, provider: &str| {
        let path = world.home.path().join("s.json");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let reference = SecretRef { source: source.into(), provider: provider.into(), id: "/x".into() };
        world.with(|references| references.file_of_reference_open_to_all(&reference))
    };
    assert_eq!(open(0o600, "file", "main"), None);
    assert_eq!(open(0o640, "file", "main"), None);
    assert_eq!(open(0o644, "file", "main").as_deref(), Some(Path::new(&world.home.path().join("s.json"))));
    assert_eq!(open(0o644, "exec", "vault"), None);
    assert_eq!(open(0o644, "file", "gone"), None);
}

#[tokio::test]
async fn what_cannot_send_messages_is_refused_whatever_gives_it() {
    let world = World::new(
        "one:{source:'file',path:'~/one',mode:'singleValue'},vault:{source:'exec',command:['/bin/echo','fased-ck-FAKE']}",
    );
    world.write("one", "sk-ant-admin01-FAKE");
    std::fs::create_dir(world.home.path().join(".fased")).unwrap();
    let env = Env::default();
    let paths = Paths::below(world.home.path());
    let references = References { env: &env, config: &world.config, paths: &paths };
    let resolve = async |text: &str| {
        let reference: SecretRef = text.parse().unwrap();
        references.resolve(&reference, &Programs::default(), None).await.unwrap_err()
    };
    assert_eq!(
        resolve("file:one:value").await,
        BrokenReference::CannotSend { place: "file ~/one".into(), kind: SecretKind::AdminKey }
    );
    assert_eq!(
        resolve("exec:vault:x").await.to_string(),
        "the answer of secret provider vault holds a client key of the Fased gateway, which cannot send messages"
    );
}
