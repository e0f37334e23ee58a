//! Agent > Models: the three ways to a credential as the guide describes them, and what is done with those there are.

use serde_json::Value;

use crate::house::House;
use crate::looks::looked_at;
use crate::support::{key, token};
use crate::tab::{Tab, Thing, Visitor, button, css, field, link};

/// A thing in the row of a credential.
fn of(profile: &str, thing: Thing) -> Thing {
    thing.within(&format!("[data-profile=\"{profile}\"]"))
}

/// Chooses from the menu of a row.
fn act(tab: &Tab, profile: &str, name: &str) {
    tab.click(&of(profile, css("details.acts summary")));
    tab.click(&of(profile, button(name)));
}

/// The credentials in their order, as the page shows them.
fn order(tab: &Tab) -> Value {
    tab.evaluate("[...document.querySelectorAll('#provider-anthropic-rows [data-profile]')].map((row) => row.dataset.profile)")
}

fn has_order(tab: &Tab, wanted: &[&str]) {
    let list = "[...document.querySelectorAll('#provider-anthropic-rows [data-profile]')].map((row) => row.dataset.profile)";
    tab.until(&format!("JSON.stringify({list}) === {}", Value::from(Value::from(wanted).to_string())));
}

/// Steps 1 to 4 of the guide.
fn chooses_sign_in(house: &House) -> (Visitor, Tab) {
    let (visitor, tab) = house.visit("/");
    tab.follow(&link("Agents").within("nav"));
    tab.follow(&link("Models of main"));
    tab.shows("Anthropic");
    tab.click(&button("Sign in").within("#provider-anthropic"));
    tab.shows("Notice (");
    (visitor, tab)
}

fn goes_on(tab: &Tab) {
    tab.click(&button("Continue").within("#sign-in-dialog"));
    tab.shows("Waiting for you to finish in the browser");
}

fn profiles(house: &House) -> Vec<(String, String)> {
    let store = house.env.store("main");
    if !store.exists() {
        return Vec::new();
    }
    let store = house.env.store_json("main");
    let profiles = store["profiles"].as_object().unwrap();
    profiles.iter().map(|(id, profile)| (id.clone(), profile["type"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn signing_in_as_the_guide_says() {
    let house = House::empty();
    let (visitor, tab) = chooses_sign_in(&house);
    looked_at(&tab, "sign-in-notice");
    goes_on(&tab);
    looked_at(&tab, "sign-in-waiting");
    let page = visitor.opened_by(|| tab.click(&link("Open sign-in page")));
    page.has(&link("Approve"));
    // Nothing is claimed before it was tried.
    assert!(!tab.text().contains("It works"), "{}", tab.text());
    assert_eq!(profiles(&house), []);
    page.click(&link("Approve"));
    tab.shows("It works");
    let (id, kind) = profiles(&house).remove(0);
    assert_eq!(kind, "oauth");
    tab.shows(&id);
    looked_at(&tab, "sign-in-done");
    tab.click(&button("Done").within("#sign-in-dialog"));
    tab.has(&of(&id, css(".health, .how")));
    let status = house.env.fased(["models", "status", "--json"]).exits(0).json();
    assert_eq!(status["auth"]["oauth"]["profiles"][0]["verified"]["state"], "ok", "{status:#}");
    // What the browser gave is nowhere in the page.
    let access = house.env.store_json("main")["profiles"][&id]["access"].as_str().unwrap().to_owned();
    let html = tab.evaluate("document.documentElement.outerHTML");
    assert!(!html.as_str().unwrap().contains(&access));
    // And with it the agent can be talked to.
    tab.follow(&link("Chat").within("nav.rooms"));
    tab.fill(&field("Message to main"), "Hello!");
    tab.press("Enter");
    tab.has(&css("details.receipt"));
}

#[test]
fn the_link_can_be_copied_and_the_code_pasted() {
    let house = House::empty();
    let visitor = Visitor::new().with_clipboard();
    let tab = crate::house::enter(&visitor, &house.env);
    tab.go(&house.at("/agents/main/models"));
    tab.click(&button("Sign in").within("#provider-anthropic"));
    goes_on(&tab);
    tab.click(&button("Copy link"));
    tab.shows("Link copied");
    let link = tab.evaluate("navigator.clipboard.readText()");
    // On another machine.
    let somebody = Visitor::new();
    let code = somebody.open(link.as_str().unwrap()).text_of(&css("#paste"));
    let paste = field("Paste the code");
    // Something else that was at hand.
    tab.fill(&paste, &key("pasted", "0000"));
    tab.click(&button("Use code"));
    tab.until("document.getElementById('sign-in-problem').textContent.length > 0");
    tab.shows("Waiting for you to finish in the browser");
    tab.fill(&paste, &code);
    tab.press("Enter");
    tab.shows("It works");
    assert_eq!(profiles(&house).len(), 1);
    let html = tab.evaluate("document.documentElement.outerHTML");
    assert!(!html.as_str().unwrap().contains(&code));
}

#[test]
fn a_sign_in_can_be_left_at_every_step_and_begun_again() {
    let house = House::empty();
    let (visitor, tab) = chooses_sign_in(&house);
    tab.press("Escape");
    tab.until("!document.querySelector('dialog[open]')");
    // The focus is back where it was.
    tab.until("document.activeElement?.id === 'sign-in'");
    tab.press("Enter");
    goes_on(&tab);
    let first = tab.property(&link("Open sign-in page"), "href");
    tab.press("Escape");
    tab.until("!document.querySelector('dialog[open]')");
    // Nobody listens for the old link any more.
    let page = visitor.open(first.as_str().unwrap());
    let callback = page.property(&link("Approve"), "href");
    assert!(!reaches(callback.as_str().unwrap()), "somebody still listens at {callback}");
    tab.click(&button("Sign in").within("#provider-anthropic"));
    goes_on(&tab);
    let second = tab.property(&link("Open sign-in page"), "href");
    assert_ne!(first, second);
    tab.click(&button("Cancel").within("#sign-in-dialog"));
    tab.until("!document.querySelector('dialog[open]')");
    assert_eq!(profiles(&house), []);
}

/// Whether something listens where a link leads, within the time that ending takes.
fn reaches(link: &str) -> bool {
    let url = url::Url::parse(link).unwrap();
    let address = ("127.0.0.1", url.port().unwrap());
    let begun = std::time::Instant::now();
    while begun.elapsed() < crate::chromium::HANGS {
        if std::net::TcpStream::connect(address).is_err() {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    true
}

#[test]
fn a_refused_sign_in_says_so_and_can_be_tried_again() {
    let house = House::empty();
    let (visitor, tab) = chooses_sign_in(&house);
    goes_on(&tab);
    let link_ = tab.property(&link("Open sign-in page"), "href");
    let page = visitor.open(&format!("{}&login_hint=denied@example.com", link_.as_str().unwrap()));
    page.click(&link("Deny"));
    tab.has(&button("Try again"));
    looked_at(&tab, "sign-in-failed");
    tab.click(&button("Try again"));
    tab.shows("Waiting for you to finish in the browser");
    let page = visitor.opened_by(|| tab.click(&link("Open sign-in page")));
    page.click(&link("Approve"));
    tab.shows("It works");
}

#[test]
fn a_sign_in_needs_no_mouse() {
    let house = House::empty();
    let (_visitor, tab) = house.visit("/agents/main/models");
    tab.tab_to(&button("Sign in").within("#provider-anthropic"));
    tab.press("Enter");
    tab.shows("Notice (");
    let is_inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog')";
    for _ in 0..12 {
        tab.press("Tab");
        assert_eq!(tab.evaluate(is_inside), true, "the focus left the dialog");
    }
    tab.tab_to(&button("Continue").within("#sign-in-dialog"));
    tab.press("Enter");
    tab.shows("Waiting for you to finish in the browser");
    tab.tab_to(&link("Open sign-in page"));
    let link = tab.property(&link("Open sign-in page"), "href");
    let somebody = Visitor::new();
    let code = somebody.open(link.as_str().unwrap()).text_of(&css("#paste"));
    tab.tab_to(&field("Paste the code"));
    tab.type_in(&code);
    tab.press("Enter");
    tab.shows("It works");
    tab.until("document.activeElement?.innerText === 'Done'");
    tab.press("Enter");
    tab.until("!document.querySelector('dialog[open]')");
    assert_eq!(profiles(&house).len(), 1);
}

#[test]
fn an_api_key_is_stored_when_the_provider_takes_it() {
    let house = House::empty();
    let (_visitor, tab) = house.visit("/agents/main/models");
    let (entry, save) = (field("Anthropic API key"), button("Save API key"));
    let saves = |secret: &str| {
        tab.fill(&entry, secret);
        tab.click(&save);
    };
    let closes = |name: &str| {
        tab.click(&button(name).within("#save-dialog"));
        tab.until("!document.querySelector('dialog[open]')");
    };
    // A credential of another kind is recognised.
    saves(&token("pasted", "77aa"));
    tab.has(&css("#save-failure strong"));
    assert_eq!(profiles(&house), []);
    closes("Close");
    // The provider does not know it.
    saves(&key("fault-auth", "0000"));
    tab.shows("nothing was stored");
    assert_eq!(profiles(&house), []);
    looked_at(&tab, "api-key-refused");
    closes("Close");
    let good = key("good", "x3Qw");
    saves(&good);
    tab.shows("It works");
    closes("Done");
    assert_eq!(profiles(&house), [("anthropic:default".to_owned(), "api_key".to_owned())]);
    tab.has(&of("anthropic:default", css(".good")));
    tab.shows("x3Qw");
    assert_eq!(tab.property(&entry, "value"), "");
    let html = tab.evaluate("document.documentElement.outerHTML");
    assert!(!html.as_str().unwrap().contains(&good));
    // Another one goes beside it.
    saves(&key("second", "k2k2"));
    tab.shows("It works");
    closes("Done");
    assert_eq!(profiles(&house).len(), 2);
}

#[test]
fn a_token_is_stored_behind_its_notice() {
    let house = House::empty();
    let (_visitor, tab) = house.visit("/agents/main/models");
    tab.fill(&field("Anthropic setup-token"), &token("plan", "77aa"));
    tab.press("Enter");
    tab.shows("Notice (");
    assert_eq!(profiles(&house), []);
    tab.click(&button("Continue").within("#save-dialog"));
    tab.shows("It works");
    tab.click(&button("Done").within("#save-dialog"));
    assert_eq!(profiles(&house).len(), 1);
    assert_eq!(profiles(&house)[0].1, "token");
    tab.shows("subscription");
    // The notice was read.
    tab.fill(&field("Anthropic setup-token"), &token("other", "88bb"));
    tab.press("Enter");
    tab.shows("88bb");
    assert_eq!(profiles(&house).len(), 2);
}

/// A house with two keys, the first in order being the default.
fn with_two_keys(first: &str) -> House {
    let house = House::empty();
    for (secret, id) in [(first.to_owned(), "anthropic:default"), (key("team", "k2k2"), "anthropic:team")] {
        let login =
            ["models", "auth", "login", "--provider", "anthropic", "--method", "api-key", "--profile-id", id];
        house.env.command(login).stdin(secret).run().exits(0);
    }
    house
        .env
        .fased([
            "models",
            "auth",
            "order",
            "set",
            "--provider",
            "anthropic",
            "anthropic:default",
            "anthropic:team",
        ])
        .exits(0);
    house
}

#[test]
fn the_order_is_changed_by_buttons() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    has_order(&tab, &["anthropic:default", "anthropic:team"]);
    tab.has(&of("anthropic:default", css(".next span")));
    act(&tab, "anthropic:team", "Move up");
    has_order(&tab, &["anthropic:team", "anthropic:default"]);
    tab.until("document.querySelector('#summary').innerText.includes('anthropic:team')");
    let status = house
        .env
        .fased(["models", "auth", "order", "get", "--provider", "anthropic", "--json"])
        .exits(0)
        .json();
    assert!(
        status.to_string().find("anthropic:team") < status.to_string().find("anthropic:default"),
        "{status}"
    );
    act(&tab, "anthropic:team", "Move down");
    has_order(&tab, &["anthropic:default", "anthropic:team"]);
    assert_eq!(order(&tab).as_array().unwrap().len(), 2);
}

#[test]
fn a_cooldown_counts_down_and_is_cleared() {
    let house = with_two_keys(&key("limited-fault-rate-limit", "x3Qw"));
    house.env.fased(["chat", "hi"]).exits(0);
    let (_visitor, tab) = house.visit("/agents/main/models");
    tab.has(&of("anthropic:default", css("time[data-until]")));
    let left = tab.text_of(&of("anthropic:default", css("time[data-until]")));
    tab.until(&format!(
        "document.querySelector('[data-profile=\"anthropic:default\"] time').innerText !== {}",
        Value::from(left)
    ));
    looked_at(&tab, "agent-models-cooldown");
    act(&tab, "anthropic:default", "Clear cooldown");
    tab.has_no(&of("anthropic:default", css("time[data-until]")));
    tab.shows("tried again at once");
}

#[test]
fn a_probe_tells_what_the_provider_says() {
    let house = with_two_keys(&key("gone-fault-auth", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    act(&tab, "anthropic:team", "Test now");
    tab.until("/verified/.test(document.querySelector('[data-profile=\"anthropic:team\"] .when').innerText)");
    tab.click(&button("Test all"));
    tab.until("/rejected/.test(document.querySelector('[data-profile=\"anthropic:default\"]').innerText)");
    tab.has(&button("Test all"));
    looked_at(&tab, "agent-models-rejected");
}

#[test]
fn a_removal_is_asked_about_and_can_be_undone() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    act(&tab, "anthropic:default", "Remove");
    tab.shows("Lost with it");
    tab.shows("…x3Qw");
    looked_at(&tab, "remove");
    tab.click(&button("Keep it"));
    tab.until("!document.querySelector('dialog[open]')");
    assert_eq!(profiles(&house).len(), 2);
    let before = std::fs::read(house.env.store("main")).unwrap();
    act(&tab, "anthropic:default", "Remove");
    tab.click(&button("Remove").within("#remove-dialog"));
    tab.has_no(&of("anthropic:default", css("b")));
    assert_eq!(profiles(&house).len(), 1);
    tab.click(&button("Undo"));
    tab.has(&of("anthropic:default", css("b")));
    has_order(&tab, &["anthropic:default", "anthropic:team"]);
    let after: Value = serde_json::from_slice(&std::fs::read(house.env.store("main")).unwrap()).unwrap();
    assert_eq!(after, serde_json::from_slice::<Value>(&before).unwrap());
}

#[test]
fn undoing_that_fails_is_offered_again() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    act(&tab, "anthropic:default", "Remove");
    tab.click(&button("Remove").within("#remove-dialog"));
    tab.has_no(&of("anthropic:default", css("b")));
    house.env.fased(["models", "auth", "rename", "anthropic:team", "anthropic:default"]).exits(0);
    tab.click(&button("Undo"));
    tab.shows("Another credential has that name now");
    house.env.fased(["models", "auth", "rename", "anthropic:default", "anthropic:team"]).exits(0);
    tab.click(&button("Undo"));
    tab.shows("It is back.");
    assert_eq!(profiles(&house).len(), 2);
}

#[test]
fn a_credential_is_renamed_and_its_secret_replaced() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    act(&tab, "anthropic:team", "Rename");
    tab.fill(&field("New name"), "crew");
    tab.press("Enter");
    tab.has(&of("anthropic:crew", css("b")));
    has_order(&tab, &["anthropic:default", "anthropic:crew"]);
    act(&tab, "anthropic:crew", "Replace secret");
    tab.fill(&field("New secret"), &key("fault-auth", "0000"));
    tab.press("Enter");
    tab.shows("nothing was stored");
    tab.fill(&field("New secret"), &key("next", "n9n9"));
    tab.press("Enter");
    tab.until("!document.querySelector('dialog[open]')");
    tab.until("document.querySelector('[data-profile=\"anthropic:crew\"]').innerText.includes('n9n9')");
}

#[test]
fn a_model_role_is_chosen_after_a_look_at_the_change() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    let config = || std::fs::read_to_string(house.env.state("fased.json")).unwrap();
    let before = config();
    tab.choose(&css("#role-primary"), "anthropic/claude-opus-4-7");
    tab.click(&css("#save-roles"));
    tab.shows("Change of the config");
    tab.shows("claude-opus-4-7");
    assert_eq!(config(), before, "it is written before it was looked at");
    looked_at(&tab, "change-of-the-config");
    tab.click(&button("Cancel").within("#change-dialog"));
    tab.until("!document.querySelector('dialog[open]')");
    assert_eq!(config(), before);
    tab.click(&css("#save-roles"));
    tab.click(&button("Write it"));
    tab.until("!document.querySelector('dialog[open]')");
    assert!(config().contains("anthropic/claude-opus-4-7"), "{}", config());
    tab.until("document.querySelector('#summary').innerText.includes('claude-opus-4-7')");
    let report = house.env.fased(["models", "status", "--json"]).exits(0).json();
    assert!(report.to_string().contains("anthropic/claude-opus-4-7"));
}

#[test]
fn what_a_command_changes_shows_without_a_reload() {
    let house = with_two_keys(&key("first", "x3Qw"));
    let (_visitor, tab) = house.visit("/agents/main/models");
    has_order(&tab, &["anthropic:default", "anthropic:team"]);
    house.env.fased(["models", "auth", "remove", "anthropic:default", "--yes"]).exits(0);
    // As when somebody comes back to the page.
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    has_order(&tab, &["anthropic:team"]);
}
