//! A browser's way in: the link of `fased dashboard`, and what stands there when it no longer works.

use std::time::Duration;

use crate::house::{House, Inside, dashboard_link, enter};
use crate::support::TestEnv;
use crate::tab::{Visitor, button, field};

#[test]
fn a_link_signs_one_browser_in_and_works_once() {
    let house = House::empty();
    let visitor = Visitor::new();
    let link = dashboard_link(&house.env);
    let tab = visitor.open(&link);
    tab.until("location.pathname !== '/login' && document.readyState === 'complete'");
    // The code stands neither in the address nor behind the back button.
    assert!(!tab.evaluate("location.href").as_str().unwrap().contains("code"));
    assert_eq!(tab.evaluate("document.cookie"), "", "no script sees the cookie");
    // It stays signed in, in other tabs too.
    let second = visitor.open(&house.at("/agents"));
    second.until("location.pathname.startsWith('/agents')");

    let stranger = Visitor::new();
    let late = stranger.open(&link);
    late.shows("was used already");
    late.shows("fased dashboard");
    assert!(late.evaluate("location.href").as_str().unwrap().ends_with("/login"));
    late.has(&field("Or type the code of the link"));
}

#[test]
fn a_browser_that_is_not_signed_in_sees_how_to_and_nothing_else() {
    let house = House::empty();
    let stranger = Visitor::new();
    let tab = stranger.open(&house.at("/agents"));
    tab.shows("fased dashboard");
    assert!(!tab.text().contains("main"), "{}", tab.text());
}

#[test]
fn an_expired_link_takes_the_code_of_a_new_one_by_hand() {
    let env = TestEnv::new();
    let gateway = Inside::start(&env);
    let visitor = Visitor::new();
    let old = dashboard_link(&env);
    gateway.clock.advance(Duration::from_secs(60));
    let tab = visitor.open(&old);
    tab.shows("older than a minute");
    tab.shows("fased dashboard");

    let code = field("Or type the code of the link");
    tab.fill(&code, "not-a-code");
    tab.click(&button("Sign in"));
    tab.until("document.getElementById('code').value === ''");
    tab.shows("wrong");
    // With the keyboard alone.
    let tab = visitor.open(&format!("{}/login", gateway.url));
    let link = dashboard_link(&env);
    tab.tab_to(&code);
    tab.type_in(link.split_once("#code=").unwrap().1);
    tab.tab_to(&button("Sign in"));
    tab.press("Enter");
    tab.until("location.pathname !== '/login'");
}

#[test]
fn after_too_many_wrong_codes_the_right_one_waits_too() {
    let env = TestEnv::new();
    let gateway = Inside::start(&env);
    let visitor = Visitor::new();
    let tab = visitor.open(&format!("{}/login", gateway.url));
    let code = field("Or type the code of the link");
    for _ in 0..5 {
        tab.fill(&code, "not-a-code");
        tab.click(&button("Sign in"));
        tab.until("document.getElementById('code').value === ''");
    }
    let link = dashboard_link(&env);
    let right = link.split_once("#code=").unwrap().1;
    tab.fill(&code, right);
    tab.click(&button("Sign in"));
    tab.shows("Too many wrong codes");
    gateway.clock.advance(Duration::from_secs(60));
    let tab = enter(&visitor, &env);
    assert_ne!(tab.evaluate("location.pathname"), "/login");
}
