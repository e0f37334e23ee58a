// What all pages share: asking the gateway, saying what came of it, and keeping a page as fresh as the files behind it.
// Pages are made on the server. To bring one up to date it is fetched again, and what changed is put in its place.

export const find = (id) => document.getElementById(id);
const said = find("said");
let hushing;

/** Says in a few words what happened; an action beside it, like Undo, is there until `ms` are over. */
export function say(text, action, ms = 6000) {
  clearTimeout(hushing);
  const words = document.createElement("span");
  words.textContent = text;
  said.replaceChildren(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      said.replaceChildren();
      action.run();
    });
    said.append(button);
  }
  hushing = setTimeout(() => said.replaceChildren(), ms);
}

/** Asks the API. What is thrown is the document of a failure: `{ message, facts, hint, commands, kind }`. */
export async function ask(method, path, body) {
  const request = { method, headers: {} };
  if (method !== "GET") {
    request.headers["content-type"] = "application/json";
    request.body = JSON.stringify(body ?? {});
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw { kind: "network", message: "The gateway does not answer.", hint: "is it running? start it with", commands: ["fased gateway"] };
  }
  const document = await answer.json().catch(() => ({}));
  if (answer.ok) return document;
  throw document.error ?? { kind: "unexpected", message: `The gateway answered ${answer.status}.` };
}

export const post = (path, body) => ask("POST", path, body);

/** An element with a text. */
export const make = (name, text, properties) => Object.assign(document.createElement(name), { textContent: text }, properties);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Shows a failure with its facts and its way out; without one, clears the place. */
export function showFailure(place, failure) {
  place.replaceChildren();
  if (!failure) return;
  place.setAttribute("role", "alert");
  place.append(make("strong", failure.message));
  for (const fact of failure.facts ?? []) place.append(make("p", fact, { className: "small" }));
  if (failure.hint) place.append(make("p", sentence(failure.hint) + (failure.commands?.length ? ":" : "."), { className: "quiet" }));
  for (const command of failure.commands ?? []) {
    const line = make("p", "", { className: "row" });
    const copy = make("button", "Copy", { type: "button", className: "plain" });
    copy.dataset.copy = command;
    line.append(make("code", command), copy);
    place.append(line);
  }
}

/** Puts a text into the clipboard and says so. */
export async function copy(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    say(what);
  } catch {
    say("The browser does not let this page copy. Select the text and copy it by hand.");
  }
}

// Refreshing

const isTouched = (part) =>
  part.matches(":hover, :focus-within") || part.querySelector("details[open], dialog[open], [data-changed]") !== null;

// What the server last said of each part. How long something still lasts runs on by itself and is no news.
const served = new WeakMap();
const newsOf = (part) => part.innerHTML.replace(/(<time data-until="\d+">)[^<]*/g, "$1");
for (const part of document.querySelectorAll("[data-live]")) served.set(part, newsOf(part));

const health = find("gateway-health");

/** Says at the foot of the rail why this page gets old, and the way out. */
function outdated(why, way) {
  served.delete(health);
  health.replaceChildren(make("span", why, { className: "bad" }), " ", way);
}

/** Fetches this page again and replaces the parts marked `data-live` that changed. A part under the pointer or with the
 * keyboard's focus stays until it is left, unless `now` is given: then somebody asked for the change. */
export async function refresh({ now = false } = {}) {
  let text;
  try {
    const answer = await fetch(location.href);
    if (answer.status === 401) outdated("signed out:", make("a", "sign in", { href: "/login" }));
    if (!answer.ok) return;
    text = await answer.text();
  } catch {
    return outdated("gateway does not answer; start it:", make("code", "fased gateway"));
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (!next || newsOf(next) === served.get(part) || (!now && isTouched(part))) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement.id : "";
    served.set(part, newsOf(next));
    part.replaceChildren(...[...next.childNodes].map((node) => document.importNode(node, true)));
    if (focus) find(focus)?.focus();
  }
  document.dispatchEvent(new CustomEvent("refreshed"));
  tick();
}

/** 47s, 1m 40s, 5h 12m, 12d 3h: in the command line's words, never shorter than it is. */
export function inWords(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const two = (whole, unit, rest, lesser) =>
    whole === 0 ? `${rest}${lesser}` : rest === 0 ? `${whole}${unit}` : `${whole}${unit} ${rest}${lesser}`;
  const [minutes, hours] = [Math.ceil(s / 60), Math.ceil(s / 3600)];
  if (s < 600) return two(Math.floor(s / 60), "m", s % 60, "s");
  if (minutes < 48 * 60) return two(Math.floor(minutes / 60), "h", minutes % 60, "m");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function tick() {
  let isOver = false;
  for (const time of document.querySelectorAll("[data-until]")) {
    const left = Number(time.dataset.until) - Date.now();
    const words = inWords(left);
    if (time.textContent !== words) time.textContent = words;
    if (left <= 0 && !time.dataset.over) {
      time.dataset.over = "yes";
      isOver = true;
    }
  }
  if (isOver) refresh();
}

setInterval(tick, 1000);
setInterval(() => document.visibilityState === "visible" && refresh(), 10000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
tick();

// Forms: <form data-post="/api/…" data-said="Saved"> sends its fields as JSON.

/** The fields of a form as a document; what is empty and not required is left out. */
export function fields(form) {
  const document = {};
  for (const element of form.elements) {
    if (!element.name || element.disabled || (element.type === "radio" && !element.checked)) continue;
    if (element.type === "checkbox") document[element.name] = element.checked;
    else if (element.value !== "" || element.dataset.empty !== undefined) document[element.name] = element.value;
  }
  return document;
}

/** The place in or behind a form or card where its failure is told. */
export function failurePlace(form, where = ".failure") {
  let place = form.querySelector(where);
  if (!place) {
    place = make("div", "", { className: "failure" });
    form.append(place);
  }
  return place;
}

/** Does something for a form or button, which cannot be used meanwhile; tells a failure in `place`. */
export async function busy(control, place, work) {
  if (control.getAttribute("aria-busy") === "true") return undefined;
  control.setAttribute("aria-busy", "true");
  showFailure(place);
  try {
    return await work();
  } catch (failure) {
    if (!failure.message) throw failure;
    showFailure(place, failure);
    return undefined;
  } finally {
    control.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.post) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  busy(button, failurePlace(form), async () => {
    const document_ = { ...fields(form), ...(button.name ? { [button.name]: button.value } : {}) };
    const answer = await post(form.dataset.post, document_);
    form.reset();
    delete form.dataset.changed;
    form.closest("dialog")?.close();
    say(answer.said ?? form.dataset.said ?? "Saved");
    const done = new CustomEvent("done", { bubbles: true, cancelable: true, detail: answer });
    if (form.dispatchEvent(done)) await refresh({ now: true });
  });
});
document.addEventListener("input", (event) => {
  if (event.target.form?.dataset.post !== undefined) event.target.form.dataset.changed = "";
});

// Menus, dialogs, copying

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu li")) menu.open = false;
  }
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button.dataset.copy);
  if (button.dataset.opens) find(button.dataset.opens)?.showModal();
  if (button.dataset.closes !== undefined) button.closest("dialog").close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The foot of the rail

const theme = find("theme");
if (theme) {
  const next = { system: "light", light: "dark", dark: "system" };
  const root = document.documentElement.dataset;
  const show = () => (theme.textContent = `Theme: ${root.theme ?? "system"}`);
  theme.hidden = false;
  show();
  theme.addEventListener("click", () => {
    const chosen = next[root.theme ?? "system"];
    if (chosen === "system") {
      delete root.theme;
      localStorage.removeItem("theme");
    } else {
      root.theme = chosen;
      localStorage.setItem("theme", chosen);
    }
    show();
  });
}
const signOut = find("sign-out");
if (signOut) {
  signOut.hidden = false;
  signOut.addEventListener("click", async () => {
    try {
      await post("/api/logout");
      location.assign("/login");
    } catch (failure) {
      say(failure.message);
    }
  });
}
