// The pages about credentials and models.
import { ask, busy, copy, failurePlace, find as $, inWords, make, post, refresh, say, showFailure } from "/assets/app.js";

const agent = document.body.dataset.agent;
const api = (path) => `/api/agents/${agent}/${path}`;

/** Says what came of something and what is to be known beside it, then brings the page up to date. */
async function done(answer, action, ms) {
  say([answer.said, ...(answer.warnings ?? [])].join(" "), action, ms ?? (answer.warnings?.length ? 15000 : 6000));
  await refresh({ now: true });
}

// Rows

const acts = {
  test: (profileId) => post(api("credentials/probe"), { profileId }).then(done),
  up: (profileId) => post(api("credentials/move"), { profileId, direction: "up" }).then(done),
  down: (profileId) => post(api("credentials/move"), { profileId, direction: "down" }).then(done),
  clear: (profileId) => post(api("credentials/clear-cooldown"), { profileId }).then(done),
  rename(profileId) {
    const dialog = open("rename-dialog", profileId);
    dialog.querySelector("[name=profileId]").value = profileId;
    const name = $("rename-name");
    name.value = profileId.slice(profileId.indexOf(":") + 1);
    name.select();
  },
  replace(profileId, row) {
    if (row.dataset.replace === "sign-in") {
      signIn(profileId);
      return;
    }
    const dialog = open("replace-dialog", profileId);
    dialog.dataset.method = row.dataset.replace;
    $("replace-secret").value = "";
  },
  remove(profileId, row) {
    open("remove-dialog", profileId);
    $("remove-lost").textContent = row.dataset.lost;
  },
};

function open(id, profileId) {
  const dialog = $(id);
  dialog.dataset.profile = profileId;
  dialog.querySelector(".of").textContent = profileId;
  showFailure(dialog.querySelector(".failure"));
  dialog.showModal();
  return dialog;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = button?.closest("[data-profile]");
  if (button?.dataset.act && row) {
    // A menu that closes hides its button: the focus goes back to where it was opened.
    const menu = button.closest("details");
    menu?.querySelector("summary").focus();
    const place = row.querySelector(".failure");
    busy(row, place, async () => acts[button.dataset.act](row.dataset.profile, row));
  }
  if (button?.dataset.autoOrder) {
    const place = button.closest(".card").querySelector(".failure") ?? button.parentElement;
    busy(button, place, async () => done(await post(api("credentials/order"), { provider: button.dataset.autoOrder })));
  }
  if (button?.classList.contains("test-all")) testAll(button);
});

async function testAll(button) {
  const agents = button.dataset.agents?.trim().split(" ") ?? [agent];
  const place = failurePlace(button.closest(".card"), ":scope > .failure");
  button.textContent = "Testing …";
  await busy(button, place, async () => {
    const said = [];
    for (const of of agents) {
      const answer = await post(`/api/agents/${of}/credentials/probe`, { provider: button.dataset.provider });
      said.push(agents.length > 1 ? `${of}: ${answer.said}` : answer.said);
    }
    say(said.join(" "));
    await refresh({ now: true });
  });
  button.textContent = "Test all";
}

$("replace-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const [dialog, field] = [$("replace-dialog"), $("replace-secret")];
  busy(event.submitter, dialog.querySelector(".failure"), async () => {
    const { profile: profileId, method } = dialog.dataset;
    const provider = profileId.slice(0, profileId.indexOf(":"));
    const answer = await post(api("credentials"), { method, provider, profileId, secret: field.value });
    field.value = "";
    dialog.close();
    await done(answer);
  });
});

$("remove-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const dialog = $("remove-dialog");
  busy(event.submitter, dialog.querySelector(".failure"), async () => {
    const answer = await post(api("credentials/remove"), { profileId: dialog.dataset.profile });
    dialog.close();
    const [undo, shown] = [{ label: "Undo" }, answer.undoSeconds * 1000];
    undo.run = () =>
      post(api("credentials/undo-remove"), { undo: answer.undo })
        .then(done)
        .catch((failure) => say(failure.message, undo, shown));
    await done(answer, undo, shown);
  });
});

// Dialogs of several steps

function step(dialog, name) {
  for (const section of dialog.querySelectorAll("[data-step]")) section.hidden = section.dataset.step !== name;
  const first = dialog.querySelector(`[data-step=${name}] :is(.primary, input)`);
  if (dialog.open) (first ?? dialog).focus();
}

const isNoticeNew = () => $("plan-notice")?.dataset.new === "true";
const warn = (place, warnings = []) => place.replaceChildren(...warnings.map((text) => make("p", text, { className: "small" })));

// Keys and tokens

const saving = $("save-dialog");
let toSave;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.save) return;
  event.preventDefault();
  toSave = form;
  const isPlan = form.dataset.save === "token" && form.dataset.provider === "anthropic";
  $("save-title").textContent = form.dataset.save === "token" ? "Token" : "API key";
  saving.showModal();
  if (isPlan && isNoticeNew()) step(saving, "notice");
  else save();
});
$("save-go")?.addEventListener("click", () => save());

async function save() {
  const field = toSave.elements.secret;
  step(saving, "checking");
  try {
    const { save: method, provider } = toSave.dataset;
    const answer = await post(api("credentials"), { method, provider, secret: field.value });
    field.value = "";
    $("save-done").textContent = `✓ ${answer.said}`;
    warn($("save-warnings"), answer.warnings);
    step(saving, "done");
    if (method === "token") $("plan-notice").dataset.new = "false";
    await refresh({ now: true });
  } catch (failure) {
    showFailure($("save-failure"), failure);
    const other = { "api-key": "Save it as an API key", token: "Save it as a token" }[failure.saveAs];
    $("save-as").hidden = !other;
    $("save-as").textContent = other ?? "";
    $("save-as").dataset.method = failure.saveAs ?? "";
    step(saving, "failed");
  }
}

$("save-as")?.addEventListener("click", () => {
  // What was pasted at the wrong place is put where it belongs.
  const form = $(`way-${$("save-as").dataset.method}`);
  form.elements.secret.value = toSave.elements.secret.value;
  toSave.elements.secret.value = "";
  saving.close();
  form.requestSubmit();
});

// Signing in

const signing = $("sign-in-dialog");
let running; // { id, link, replaces }

function signIn(replaces) {
  running = { replaces };
  signing.showModal();
  step(signing, "notice");
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sign-in]")) signIn();
});
$("sign-in-go")?.addEventListener("click", () => begin());
$("sign-in-again")?.addEventListener("click", () => begin());
$("sign-in-copy")?.addEventListener("click", () => copy(running.link, "Link copied"));

async function begin() {
  const mine = (running = { replaces: running?.replaces });
  step(signing, "starting");
  try {
    const look = await post(api("sign-ins"), mine.replaces ? { profileId: mine.replaces } : {});
    mine.id = look.id;
    // Closed meanwhile: nobody waits for it.
    if (mine !== running || !signing.open) return void end(mine);
    show(mine, look);
  } catch (failure) {
    if (mine === running) fail(failure);
  }
}

function show(mine, look) {
  if (look.step === "waiting") {
    if (mine.link !== look.link) {
      mine.link = look.link;
      $("sign-in-open").href = look.link;
      $("sign-in-place").textContent = look.place;
      $("sign-in-code").value = "";
      $("sign-in-waiting").textContent = look.listening
        ? "Waiting for you to finish in the browser"
        : "Waiting for the code: this machine could not listen for the browser";
      step(signing, "waiting");
    }
    $("sign-in-left").textContent = inWords(look.remainingMs);
    $("sign-in-problem").textContent = look.pasteProblem ?? "";
  } else if (look.step === "checking") {
    step(signing, "checking");
  } else if (look.step === "done") {
    $("sign-in-done").textContent = `✓ ${look.said} It works.`;
    warn($("sign-in-warnings"), look.warnings);
    step(signing, "done");
    mine.over = true;
    $("plan-notice").dataset.new = "false";
    refresh({ now: true });
    return;
  } else {
    const other = { message: "Another sign-in was begun, so this one ended.", hint: "finish that one, or try again" };
    return fail(look.error ?? other);
  }
  setTimeout(() => poll(mine), 1000);
}

async function poll(mine) {
  if (mine !== running || mine.over) return;
  try {
    show(mine, await ask("GET", api(`sign-ins/${mine.id}`)));
  } catch (failure) {
    if (mine === running) fail(failure);
  }
}

function fail(failure) {
  running.over = true;
  // The buttons beside it do what its commands would.
  showFailure($("sign-in-failure"), { ...failure, commands: [] });
  step(signing, "failed");
  // What was stored without being accepted is in the list.
  refresh({ now: true });
}

const end = (mine) => mine?.id && !mine.over && post(api(`sign-ins/${mine.id}/cancel`)).catch(() => {});

signing?.addEventListener("close", () => {
  end(running);
  running = undefined;
  $("sign-in-open").removeAttribute("href");
});

$("sign-in-paste")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = $("sign-in-code");
  const text = field.value;
  field.value = "";
  $("sign-in-problem").textContent = "";
  const mine = running;
  post(api(`sign-ins/${mine.id}/paste`), { text }).catch((failure) => mine === running && fail(failure));
});

// Changes of the config are shown before they are written

const changing = $("change-dialog");
let change; // { path, document, form }

const orNull = (value) => (value === "" ? null : value);

function documentOf(form) {
  const whose = form.dataset.whose;
  if (form.id !== "roles-form") {
    const context1m = orNull(form.elements.context1m.value);
    return {
      whose,
      model: form.dataset.model,
      cacheRetention: orNull(form.elements.cacheRetention.value),
      context1m: context1m === null ? null : context1m === "true",
    };
  }
  const roles = {};
  for (const select of form.querySelectorAll("select[name]")) {
    if (select.name !== "primary" && select.name !== "image") roles[select.name] = orNull(select.value);
  }
  const models = [...document.querySelectorAll("#fallback-list li")].map((item) => item.dataset.model);
  return {
    whose,
    primary: orNull(form.elements.primary.value),
    image: orNull(form.elements.image.value),
    fallbacks: $("fallbacks").dataset.own === "true" ? models : null,
    roles,
  };
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.change) return;
  event.preventDefault();
  busy(event.submitter, form.querySelector(".failure"), async () => {
    change = { path: form.dataset.change, document: documentOf(form), form };
    const answer = await post(change.path, change.document);
    const { preview, warnings } = answer;
    if (preview.changes.length === 0) {
      delete form.dataset.changed;
      say("Nothing is different.");
      return;
    }
    change.document.stamp = preview.stamp;
    $("change-file").textContent = preview.files.join(", ");
    $("changes").replaceChildren(...preview.changes.flatMap(lines));
    warn($("change-warnings"), warnings);
    showFailure(changing.querySelector(".failure"));
    changing.showModal();
  });
});

function lines({ key, before, after }) {
  const told = (value) => (value === null ? "nothing" : JSON.stringify(value));
  const [was, is] = [make("dd", ""), make("dd", "")];
  was.append(make("span", "was ", { className: "quiet" }), make("del", told(before)));
  is.append(make("span", "will be ", { className: "quiet" }), make("ins", told(after)));
  return [make("dt", key, { className: "mono" }), was, is];
}

$("change-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.submitter, changing.querySelector(".failure"), async () => {
    const answer = await post(change.path, change.document);
    delete change.form.dataset.changed;
    changing.close();
    await done(answer);
  });
});

// Fallbacks

function decorate() {
  const list = $("fallback-list");
  if (!list) return;
  for (const item of list.children) {
    item.querySelector(".row")?.remove();
    const buttons = make("span", "", { className: "row" });
    const button = (label, act, disabled) => {
      const it = make("button", label, { type: "button", disabled, className: "plain" });
      it.setAttribute("aria-label", `${label}: ${item.dataset.model}`);
      it.dataset.fallback = act;
      return it;
    };
    buttons.append(
      button("Up", "up", !item.previousElementSibling),
      button("Down", "down", !item.nextElementSibling),
      button("Remove", "remove", false),
    );
    item.append(buttons);
  }
  $("no-fallbacks").hidden = list.children.length > 0;
}

function own(isOwn) {
  $("fallbacks").dataset.own = String(isOwn);
  $("roles-form").dataset.changed = "";
  const line = $("fallback-inherit-line");
  if (line) line.hidden = !isOwn;
  decorate();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const list = $("fallback-list");
  if (button?.id === "fallback-add") {
    const select = $("fallback-new");
    if (!select.value || [...list.children].some((item) => item.dataset.model === select.value)) return;
    const item = make("li", "");
    item.dataset.model = select.value;
    item.append(make("span", select.value));
    list.append(item);
    select.value = "";
    own(true);
  } else if (button?.id === "fallback-inherit") {
    list.replaceChildren();
    own(false);
    $("no-fallbacks").textContent = "Those of all agents, once this is saved.";
  } else if (button?.dataset.fallback) {
    const item = button.closest("li");
    const act = button.dataset.fallback;
    const place = [...list.children].indexOf(item);
    if (act === "up") item.previousElementSibling?.before(item);
    if (act === "down") item.nextElementSibling?.after(item);
    if (act === "remove") item.remove();
    own(true);
    const near = list.children[Math.min(place, list.children.length - 1)];
    const same = act === "remove" ? near : item;
    (same?.querySelector(`[data-fallback=${act}]:enabled`) ?? same?.querySelector("button:enabled") ?? $("fallback-new")).focus();
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.dataset.change) form.dataset.changed = "";
});
document.addEventListener("refreshed", decorate);
decorate();
