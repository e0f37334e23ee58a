use super::*;

fn after(
    text: &str,
    agent: Option<&str>,
    purpose: Purpose,
    change: impl FnOnce(&mut Edit, Choice<'_>) -> Result<(), ChoiceError>,
) -> Result<String, ChoiceError> {
    let mut edit = Edit::of("fased.json".as_ref(), text).unwrap();
    let agent: Option<AgentId> = agent.map(|id| id.parse().unwrap());
    change(&mut edit, Choice { agent: agent.as_ref(), purpose })?;
    Ok(edit.to_text())
}

fn model(text: &str) -> ModelRef {
    text.parse().unwrap()
}

fn set(text: &str, agent: Option<&str>, purpose: Purpose) -> String {
    after(text, agent, purpose, |edit, choice| Ok(set_model(edit, choice, &model("anthropic/claude-x"))?))
        .unwrap()
}

fn add(text: &str, agent: Option<&str>, fallback: &str) -> Result<String, ChoiceError> {
    after(text, agent, Purpose::Any, |edit, choice| add_fallback(edit, choice, &model(fallback)))
}

fn remove(text: &str, agent: Option<&str>, fallback: &str) -> Result<String, ChoiceError> {
    after(text, agent, Purpose::Any, |edit, choice| remove_fallback(edit, choice, &model(fallback)))
}

fn clear(text: &str, agent: Option<&str>) -> String {
    after(text, agent, Purpose::Any, clear_fallbacks).unwrap()
}

#[test]
fn the_form_of_a_choice_and_its_fallbacks_stay() {
    for (text, expected) in [
        ("{agents:{defaults:{model:'a/b'}}}", "{agents:{defaults:{model:'anthropic/claude-x'}}}"),
        (
            "{agents:{defaults:{model:{fallbacks:['a/b'],primary:'a/c'},models:{}}}}",
            "{agents:{defaults:{model:{fallbacks:['a/b'],primary:'anthropic/claude-x'},models:{}}}}",
        ),
        ("{agents:{}}", "{agents:{ defaults: { model: { primary: \"anthropic/claude-x\" } } }}"),
    ] {
        assert_eq!(set(text, None, Purpose::Any), expected);
    }
    assert_eq!(
        set("{agents:{defaults:{model:'a/b',imageModel:{fallbacks:[]}}}}", None, Purpose::Images),
        "{agents:{defaults:{model:'a/b',imageModel:{fallbacks:[], primary: 'anthropic/claude-x'}}}}"
    );
}

#[test]
fn an_agents_own_choice_is_in_its_entry() {
    for (text, agent, expected) in [
        ("{agents:{list:[{id:'a'}]}}", "a", "{agents:{list:[{id:'a', model: 'anthropic/claude-x'}]}}"),
        (
            "{agents:{list:[{id:'a',model:{fallbacks:[]}}]}}",
            "a",
            "{agents:{list:[{id:'a',model:{fallbacks:[], primary: 'anthropic/claude-x'}}]}}",
        ),
        (
            "{agents:{list:[]}}",
            "main",
            "{agents:{list:[{ id: \"main\", default: true, model: \"anthropic/claude-x\" }]}}",
        ),
    ] {
        assert_eq!(set(text, Some(agent), Purpose::Any), expected);
    }
}

#[test]
fn a_fallback_comes_behind_the_others_and_comments_stay() {
    assert_eq!(
        add("{agents:{defaults:{model:{primary:'a/b',fallbacks:['c/d', /* last */]}}}}", None, "e/f")
            .unwrap(),
        "{agents:{defaults:{model:{primary:'a/b',fallbacks:['c/d', /* last */ 'e/f',]}}}}"
    );
    assert_eq!(
        add("{agents:{defaults:{model:'a/b'}}}", None, "e/f").unwrap(),
        "{agents:{defaults:{model:{ primary: 'a/b', fallbacks: ['e/f'] }}}}"
    );
    assert_eq!(
        add("{agents:{defaults:{model:{primary:'opus'}}}}", None, "e/f").unwrap(),
        "{agents:{defaults:{model:{primary:'opus', fallbacks: ['e/f']}}}}"
    );
}

#[test]
fn the_first_model_is_no_fallback_and_the_same_one_twice_changes_nothing() {
    let text = "{agents:{defaults:{model:{primary:'opus',fallbacks:['haiku']}}}}";
    let error = add(text, None, "anthropic/claude-opus-4-8").unwrap_err();
    assert!(matches!(error, ChoiceError::IsPrimary { .. }), "{error}");
    assert_eq!(add(text, None, "anthropic/claude-haiku-4-5").unwrap(), text);
}

#[test]
fn an_agents_list_begins_with_what_it_inherited() {
    let text =
        "{agents:{defaults:{model:{primary:'a/b',fallbacks:['c/d']}},list:[{id:'x'},{id:'y',model:'g/h'}]}}";
    let own = add(text, Some("x"), "e/f").unwrap();
    assert!(own.contains("{id:'x', model: { fallbacks: ['c/d', 'e/f'] }}"), "{own}");
    let own = add(text, Some("y"), "e/f").unwrap();
    assert!(own.contains("model:{ primary: 'g/h', fallbacks: ['c/d', 'e/f'] }"), "{own}");
    let own = remove(text, Some("x"), "c/d").unwrap();
    assert!(own.contains("{id:'x', model: { fallbacks: [] }}"), "{own}");
    let own = clear(text, Some("x"));
    assert!(own.contains("{id:'x', model: { fallbacks: [] }}"), "{own}");
    assert_eq!(clear(&own, Some("x")), own);
}

#[test]
fn a_fallback_is_removed_however_it_is_written_and_however_often() {
    let text = "{agents:{defaults:{model:{fallbacks:['haiku', 'a/b', 'anthropic/claude-haiku-4-5']}}}}";
    assert_eq!(
        remove(text, None, "anthropic/claude-haiku-4-5").unwrap(),
        "{agents:{defaults:{model:{fallbacks:['a/b']}}}}"
    );
    let error = remove(text, None, "x/y").unwrap_err();
    assert!(matches!(&error, ChoiceError::NoFallback { fallbacks, .. } if fallbacks.len() == 2), "{error}");
    assert_eq!(clear(text, None), "{agents:{defaults:{model:{fallbacks:[]}}}}");
    assert_eq!(clear("{}", None), "{}");
}

#[test]
fn roles_are_written_where_they_belong() {
    let role = |text: &str, agent, role, to: Option<&str>| {
        after(text, agent, Purpose::Any, |edit, choice| match to {
            Some(to) => Ok(set_role(edit, choice.agent, role, &model(to))?),
            None => Ok(clear_role(edit, choice.agent, role)?),
        })
        .unwrap()
    };
    let text = "{agents:{defaults:{taskModels:{strong:'a/b'}},list:[{id:'x'}]}}";
    assert_eq!(
        role(text, None, Role::CheapCheck, Some("c/d")),
        "{agents:{defaults:{taskModels:{strong:'a/b', cheapCheck: 'c/d'}},list:[{id:'x'}]}}"
    );
    assert_eq!(
        role(text, Some("x"), Role::Strong, Some("c/d")),
        "{agents:{defaults:{taskModels:{strong:'a/b'}},list:[{id:'x', taskModels: { strong: 'c/d' }}]}}"
    );
    assert_eq!(role(text, None, Role::Strong, None), "{agents:{defaults:{taskModels:{}},list:[{id:'x'}]}}");
    for unchanged in [Some("x"), Some("main")] {
        assert_eq!(role(text, unchanged, Role::Strong, None), text);
    }
}

#[test]
fn an_alias_names_one_model_and_keeps_what_else_is_said_of_it() {
    let change = |text: &str, change: &dyn Fn(&mut Edit) -> Result<(), ChoiceError>| {
        after(text, None, Purpose::Any, |edit, _| change(edit))
    };
    let named = change("{}", &|edit| add_alias(edit, "fast", &model("a/b"))).unwrap();
    assert!(named.contains("models: {\n        \"a/b\": { alias: \"fast\" },"), "{named}");
    let text = "{agents:{defaults:{models:{'opus-4.6':{alias:'big',params:{}}}}}}";
    let opus = model("anthropic/claude-opus-4-6");
    let renamed = change(text, &|edit| add_alias(edit, "Big", &opus)).unwrap();
    assert_eq!(renamed, "{agents:{defaults:{models:{'opus-4.6':{alias:'Big',params:{}}}}}}");
    let error = change(text, &|edit| add_alias(edit, "BIG", &model("a/b"))).unwrap_err();
    assert_eq!(error.to_string(), "Alias BIG already points to opus-4.6.");
    let removed = change(text, &|edit| remove_alias(edit, "BIG").map(drop)).unwrap();
    assert_eq!(removed, "{agents:{defaults:{models:{'opus-4.6':{params:{}}}}}}");
    let error = change(text, &|edit| remove_alias(edit, "small").map(drop)).unwrap_err();
    assert_eq!(error.to_string(), "Alias not found: small.");
}
