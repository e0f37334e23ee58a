//! What a person does in a browser, and sees there: open pages, find things by what they are called, click, type, look.
//! Every wait is for something of the page, and looks again whenever the page changes.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use base64::Engine as _;
use serde_json::{Value, json};

use super::chromium::{Chromium, Event, HANGS};

/// The script that finds things, in every page.
const EYES: &str = include_str!("eyes.js");

/// Windows less wide than this are phones.
const PHONE: u32 = 600;
/// Pictures are no higher than this.
const LONGEST_PICTURE: u32 = 6000;

/// Somebody with a browser profile of their own.
pub(crate) struct Visitor {
    context: String,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let context = Chromium::shared().call(None, "Target.createBrowserContext", json!({}));
        let context = context["browserContextId"].as_str().unwrap().to_owned();
        Self { context }
    }

    /// Lets pages read and write the clipboard.
    pub(crate) fn with_clipboard(self) -> Self {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let params = json!({ "browserContextId": self.context, "permissions": permissions });
        Chromium::shared().call(None, "Browser.grantPermissions", params);
        self
    }

    /// A new tab with nothing in it.
    pub(crate) fn tab(&self) -> Tab {
        let params = json!({ "url": "about:blank", "browserContextId": self.context });
        let made = Chromium::shared().call(None, "Target.createTarget", params);
        Tab::of(made["targetId"].as_str().unwrap().to_owned())
    }

    /// A new tab with a page.
    pub(crate) fn open(&self, url: &str) -> Tab {
        let tab = self.tab();
        tab.go(url);
        tab
    }

    /// The tab that opens when this is done.
    pub(crate) fn opened_by(&self, act: impl FnOnce()) -> Tab {
        let events = Chromium::shared().events();
        act();
        loop {
            let event = events.recv_timeout(HANGS).expect("no tab was opened");
            let info = &event.params["targetInfo"];
            let is_ours = info["browserContextId"] == self.context.as_str() && info["type"] == "page";
            if event.method == "Target.targetCreated" && is_ours {
                return Tab::of(info["targetId"].as_str().unwrap().to_owned());
            }
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        // The browser may have ended before.
        let params = json!({ "browserContextId": self.context });
        Chromium::shared().ask(None, "Target.disposeBrowserContext", params).ok();
    }
}

/// A thing in a page, as a person would name it.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    role: &'static str,
    name: String,
    within: Option<String>,
}

/// A button by the words on it.
pub(crate) fn button(name: &str) -> Thing {
    Thing { role: "button", name: name.to_owned(), within: None }
}

/// A link by its words.
pub(crate) fn link(name: &str) -> Thing {
    Thing { role: "link", name: name.to_owned(), within: None }
}

/// An input, a text area or a choice by its label.
pub(crate) fn field(name: &str) -> Thing {
    Thing { role: "field", name: name.to_owned(), within: None }
}

/// Whatever fits a CSS selector.
pub(crate) fn css(selector: &str) -> Thing {
    Thing { role: "css", name: selector.to_owned(), within: None }
}

impl Thing {
    /// Only where it stands within what fits this CSS selector, or within the row or card that shows this text when it
    /// begins with a quotation mark.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.within = Some(place.to_owned());
        self
    }

    fn script(&self) -> String {
        format!("eyes.find({})", json!([self.role, self.name, self.within]))
    }
}

/// A tab.
pub(crate) struct Tab {
    target: String,
    session: String,
    events: Receiver<Event>,
}

impl Tab {
    fn of(target: String) -> Self {
        let (session, events) = Chromium::shared().attach(&target);
        let tab = Self { target, session, events };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            tab.call(domain, json!({}));
        }
        // Every tab is in front, as far as its page can tell.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        tab.looks(1280, "light");
        tab
    }

    #[track_caller]
    fn call(&self, method: &str, params: Value) -> Value {
        Chromium::shared().call(Some(&self.session), method, params)
    }

    /// Opens a page and waits until it is there.
    #[track_caller]
    pub(crate) fn go(&self, url: &str) {
        let gone = self.call("Page.navigate", json!({ "url": url }));
        assert_eq!(gone.get("errorText"), None, "{url}");
        self.until("document.readyState === 'complete'");
    }

    /// Loads the page again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        // What is asked of the page that goes is asked again of the one that comes.
        self.evaluate("window.isOld = true");
        self.call("Page.reload", json!({}));
        self.until("!window.isOld && document.readyState === 'complete'");
    }

    /// The value of a script.
    #[track_caller]
    pub(crate) fn evaluate(&self, script: &str) -> Value {
        self.try_evaluate(script).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    fn try_evaluate(&self, script: &str) -> Result<Value, String> {
        let expression = format!("{{ {EYES} }}\n{script}");
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let mut answer = Chromium::shared().ask(Some(&self.session), "Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(format!("{details}")),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// Waits until a script gives something, and returns it.
    #[track_caller]
    pub(crate) fn until(&self, script: &str) -> Value {
        let begun = Instant::now();
        let waiting = format!("eyes.until(() => {script}, {})", HANGS.as_millis() / 2);
        let mut last = String::new();
        while begun.elapsed() < HANGS {
            match self.try_evaluate(&waiting) {
                Ok(Value::Null) => break,
                Ok(value) => return value,
                // The page went away, or was not there yet; the next one is asked.
                Err(error) if error.contains("navigated") || error.contains("context") => last = error,
                Err(error) => panic!("{script}: {error}"),
            }
        }
        let test = std::thread::current().name().unwrap_or_default().replace("::", "-");
        let failed = self.save_screenshot(&format!("failed-{test}"));
        let (url, text) = (self.evaluate("location.href"), self.text());
        panic!("{script} never came true {last}\nat {url}, see {}\n{text}", failed.display());
    }

    /// Waits until this text stands in the page.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        self.until(&format!("eyes.text().includes({})", json!(text)));
    }

    /// Waits until a thing is there.
    #[track_caller]
    pub(crate) fn has(&self, thing: &Thing) {
        self.until(&format!("!!{}", thing.script()));
    }

    /// Waits until a thing is gone.
    #[track_caller]
    pub(crate) fn has_no(&self, thing: &Thing) {
        self.until(&format!("!{}", thing.script()));
    }

    /// What is to be seen of the page, as text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.evaluate("eyes.text()").as_str().unwrap_or_default().to_owned()
    }

    /// Text of a thing.
    #[track_caller]
    pub(crate) fn text_of(&self, thing: &Thing) -> String {
        let text = self.until(&format!("{}?.innerText", thing.script()));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// An attribute or property of a thing.
    #[track_caller]
    pub(crate) fn property(&self, thing: &Thing, name: &str) -> Value {
        self.has(thing);
        self.evaluate(&format!("{}[{}]", thing.script(), json!(name)))
    }

    /// Clicks with the mouse, where the thing is and nothing lies over it.
    #[track_caller]
    pub(crate) fn click(&self, thing: &Thing) {
        let place = self.until(&format!("eyes.place({})", thing.script()));
        let at = |kind: &str, buttons: u32| json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": buttons, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": place[0], "y": place[1] }));
        self.call("Input.dispatchMouseEvent", at("mousePressed", 1));
        self.call("Input.dispatchMouseEvent", at("mouseReleased", 0));
    }

    /// Clicks, and waits for the page this leads to.
    #[track_caller]
    pub(crate) fn follow(&self, thing: &Thing) {
        self.evaluate("window.isOld = true");
        self.click(thing);
        self.until("!window.isOld && document.readyState === 'complete'");
    }

    /// Replaces what stands in a field.
    #[track_caller]
    pub(crate) fn fill(&self, thing: &Thing, text: &str) {
        self.has(thing);
        self.evaluate(&format!("eyes.select({})", thing.script()));
        self.type_in(text);
    }

    /// Types where the focus is.
    #[track_caller]
    pub(crate) fn type_in(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Chooses from a list of choices, by the words of the choice.
    #[track_caller]
    pub(crate) fn choose(&self, thing: &Thing, choice: &str) {
        self.has(thing);
        let chosen = self.until(&format!("eyes.choose({}, {})", thing.script(), json!(choice)));
        assert_eq!(chosen, true, "{choice}");
    }

    /// Presses a key; `Shift+` may stand before its name.
    #[track_caller]
    pub(crate) fn press(&self, key: &str) {
        let (shift, key) = key.strip_prefix("Shift+").map_or((0, key), |key| (8, key));
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "Space" => (32, " "),
            "ArrowUp" => (38, ""),
            "ArrowDown" => (40, ""),
            other => panic!("no key {other}"),
        };
        let name = if key == "Space" { " " } else { key };
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let text = if kind == "keyUp" { "" } else { text };
            let params = json!({ "type": kind, "key": name, "code": key, "windowsVirtualKeyCode": code, "text": text,
                "modifiers": shift });
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// Goes on with Tab until a thing has the focus, as people without a mouse do.
    #[track_caller]
    pub(crate) fn tab_to(&self, thing: &Thing) {
        self.has(thing);
        for _ in 0..100 {
            if self.evaluate(&format!("{} === document.activeElement", thing.script())) == true {
                let is_seen = self.evaluate("eyes.showsFocus(document.activeElement)");
                assert_eq!(is_seen, true, "the focus on {thing:?} cannot be seen");
                return;
            }
            self.press("Tab");
        }
        panic!("{thing:?} cannot be reached by Tab\n{}", self.text());
    }

    /// Makes the window this wide, with light or dark colours.
    #[track_caller]
    pub(crate) fn looks(&self, width: u32, scheme: &str) {
        self.resize(width, if width < PHONE { 740 } else { 800 });
        let features = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")];
        let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    #[track_caller]
    fn resize(&self, width: u32, height: u32) {
        let params =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE });
        self.call("Emulation.setDeviceMetricsOverride", params);
    }

    /// Writes a picture of the whole page to `target/screenshots` and says where it is.
    #[track_caller]
    pub(crate) fn save_screenshot(&self, name: &str) -> PathBuf {
        let number = |script: &str| u32::try_from(self.evaluate(script).as_u64().unwrap()).unwrap();
        let (width, height) = (number("innerWidth"), number("innerHeight"));
        // A window as high as the page, so that what stands at its edges does so in the picture. In front of a dialog nobody
        // sees more of it than the window shows.
        let whole =
            number("document.querySelector('dialog[open]') ? 0 : document.documentElement.scrollHeight");
        self.resize(width, whole.clamp(height, LONGEST_PICTURE));
        // Of a tab behind another there is none.
        self.call("Page.bringToFront", json!({}));
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        self.resize(width, height);
        let picture =
            base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{name}.png"));
        std::fs::write(&path, picture).unwrap();
        path
    }

    /// What scripts complained about until now: exceptions, errors on the console, what the content policy forbade.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complains = |event: &Event| match event.method.as_str() {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => event.params["type"] == "error",
            "Log.entryAdded" => {
                let entry = &event.params["entry"];
                entry["level"] == "error" && entry["source"] != "network"
            }
            _ => false,
        };
        self.events.try_iter().filter(complains).map(|event| event.params.to_string()).collect()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let complaints = self.complaints();
        Chromium::shared().ask(None, "Target.closeTarget", json!({ "targetId": self.target })).ok();
        if !std::thread::panicking() {
            assert_eq!(complaints, Vec::<String>::new(), "scripts of the page complain");
        }
    }
}
