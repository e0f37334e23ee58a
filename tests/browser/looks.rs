//! How every page looks: pictures for people in light and dark, wide and narrow; nothing that axe finds serious; nothing that
//! has to be scrolled sideways on a phone; nothing a script complains about.

use crate::axe::obstacles;
use crate::house::House;
use crate::support::{key, token};
use crate::tab::{Tab, Visitor};

/// Widths of a desk and of a phone.
const WIDTHS: [u32; 2] = [1280, 360];

/// Looks at a page in every way.
pub(crate) fn looked_at(tab: &Tab, name: &str) {
    let mut wrong = Vec::new();
    for scheme in ["light", "dark"] {
        for width in WIDTHS {
            tab.looks(width, scheme);
            tab.until(&format!(
                "matchMedia('(prefers-color-scheme: {scheme})').matches && innerWidth <= {width}"
            ));
            tab.save_screenshot(&format!("{name}-{scheme}-{width}"));
            let here = format!("{name}, {scheme}, {width} px");
            let sticks_out = tab.evaluate("eyes.sticksOut()");
            wrong.extend(sticks_out.as_array().unwrap().iter().map(|it| format!("{here}: {it} sticks out")));
            wrong.extend(obstacles(tab).into_iter().map(|found| format!("{here}: {found}")));
        }
    }
    tab.looks(1280, "light");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_way_in() {
    let house = House::empty();
    let stranger = Visitor::new();
    looked_at(&stranger.open(&house.at("/login")), "login");
    looked_at(&stranger.open(&house.at("/agents")), "not-signed-in");
}

#[test]
fn an_empty_house() {
    let house = House::empty();
    let (_visitor, tab) = house.visit("/agents");
    looked_at(&tab, "agents-empty");
    for (path, name) in [
        ("/agents/main/models", "agent-models-empty"),
        ("/models", "models-empty"),
        ("/agents/main/chat", "chat-empty"),
        ("/usage", "usage-empty"),
        ("/nothing", "nothing-there"),
    ] {
        tab.go(&house.at(path));
        looked_at(&tab, name);
    }
}

#[test]
fn a_house_people_live_in() {
    let house = House::empty();
    let onboard = |arguments: &[&str]| {
        house.env.fased(["onboard"].into_iter().chain(arguments.iter().copied())).exits(0);
    };
    house.env.fased(["agents", "add", "work"]).exits(0);
    onboard(&["--anthropic-api-key", &key("first", "x3Qw"), "--verify"]);
    onboard(&["--anthropic-api-key", &key("limited-fault-rate-limit", "k2k2"), "--agent", "work"]);
    onboard(&["--token", &token("plan", "77aa"), "--token-expires-in", "1d"]);
    for question in ["Why is the sky blue?", "Write a haiku about ports."] {
        house.env.fased(["chat", question, "--session", "first"]).exits(0);
    }
    house.env.command(["chat", "--agent", "work", "Hello?"]).run();
    let (_visitor, tab) = house.visit("/agents");
    looked_at(&tab, "agents");
    for (path, name) in [
        ("/agents/main/models", "agent-models"),
        ("/agents/work/models", "agent-models-limited"),
        ("/models", "models"),
        ("/agents/main/chat", "chat"),
        ("/usage", "usage"),
    ] {
        tab.go(&house.at(path));
        looked_at(&tab, name);
    }
    house.env.write("fased.json", "{ gateway: { port: 'not a port' } }");
    tab.go(&house.at("/agents"));
    tab.shows("The config is invalid");
    looked_at(&tab, "config-invalid");
}
