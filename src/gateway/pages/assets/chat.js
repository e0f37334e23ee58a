// The chat page. What is shown follows from what the gateway tells of the session; this page only asks and draws.

import { ask, busy, find, make, post, refresh, say, showFailure } from "/assets/app.js";
import { show } from "/assets/markdown.js";
import { nothing, reduce } from "/assets/transcript.js";

const chat = find("chat");
const { agent, session } = chat.dataset;
const place = `/api/chat/${agent}/${session}`;
const question = find("question");
const turns = find("turns");
const trouble = find("trouble");

let state = nothing;
let source;
let again;
let isDue = false;
let told;

/** Tells why no events come. */
function tell(failure) {
  showFailure(trouble, failure);
  told = trouble.firstChild;
}

function connect() {
  clearTimeout(again);
  source?.close();
  source = new EventSource(`${place}/events`);
  source.onmessage = ({ lastEventId, data }) => {
    const message = JSON.parse(data);
    if (message.type === "trouble") return tell(message.error);
    if (message.type === "snapshot" && told?.isConnected) showFailure(trouble);
    state = reduce(state, lastEventId, message);
    if (state.isTorn) return connect();
    if (!isDue) {
      isDue = true;
      setTimeout(draw, 40);
    }
  };
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    again = setTimeout(async () => {
      try {
        await ask("GET", place);
        connect();
      } catch (failure) {
        if (failure.kind !== "network") tell(failure);
        source.onerror();
      }
    }, 2000);
  };
}

// A browser has few connections to one address; a page that is not looked at and waits for nothing needs none.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    if (source.readyState === EventSource.CLOSED) connect();
  } else if (!isAnswering()) {
    clearTimeout(again);
    source.close();
  }
});

const last = () => state.turns[state.turns.length - 1];
const isAnswering = () => last()?.state === "answering";

let before;

function draw() {
  isDue = false;
  const wasAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
  state.turns.forEach((turn, at) => {
    let element = turns.children[at];
    if (!element) {
      element = find("turn").content.firstElementChild.cloneNode(true);
      turns.append(element);
    }
    drawTurn(element, turn, at === state.turns.length - 1);
  });
  while (turns.children.length > state.turns.length) turns.lastElementChild.remove();
  find("nothing").hidden = state.turns.length > 0;
  find("stop").hidden = !isAnswering();
  find("send").hidden = isAnswering();
  find("model").disabled = isAnswering();
  if (state.title && find("title").textContent !== state.title) {
    find("title").textContent = state.title;
    document.title = `${state.title} · Fased`;
  }
  find("totals").textContent = state.totals ?? "";
  announce();
  if (wasAtEnd || before === undefined) scrollTo(0, document.documentElement.scrollHeight);
  before = last()?.state ?? "none";
}

function drawTurn(element, turn, isLast) {
  if (element.drawn === turn && element.wasLast === isLast) return;
  element.drawn = turn;
  element.wasLast = isLast;
  element.dataset.state = turn.state;
  const words = element.querySelector(".question .words");
  if (words.textContent !== turn.question) words.textContent = turn.question;
  lines(element.querySelector(".attachments"), turn.attachments.map((name) => `with ${name}`));
  lines(element.querySelector(".notes"), turn.notes);
  const parts = element.querySelector(".parts");
  turn.parts.forEach((part, at) => drawPart(parts, at, part));
  while (parts.children.length > turn.parts.length) parts.lastElementChild.remove();
  drawEnding(element.querySelector(".ending"), turn, isLast);
}

function lines(element, texts) {
  texts.forEach((text, at) => {
    const line = element.children[at] ?? element.appendChild(make("p", ""));
    if (line.textContent !== text) line.textContent = text;
  });
  while (element.children.length > texts.length) element.lastElementChild.remove();
}

function drawPart(parts, at, { kind, text }) {
  const name = kind === "thinking" ? "thinking" : "said-text";
  let element = parts.children[at];
  if (!element?.classList.contains(name)) {
    const fresh = make(kind === "thinking" ? "details" : "div", "", { className: name });
    if (kind === "thinking") fresh.append(make("summary", "Thinking"), make("div", "", { className: "words" }));
    if (element) element.replaceWith(fresh);
    else parts.append(fresh);
    element = fresh;
  }
  if (kind === "text") show(element, text);
  else if (element.lastElementChild.textContent !== text) element.lastElementChild.textContent = text;
}

function drawEnding(element, turn, isLast) {
  const key = JSON.stringify([turn.state, turn.failure, turn.receipt, isLast, turn.parts.length > 0]);
  if (element.drawn === key) return;
  element.drawn = key;
  element.replaceChildren();
  if (turn.state === "answering") {
    element.append(make("p", turn.parts.length ? "answering …" : "waiting for the answer …", { className: "quiet small" }));
  }
  if (turn.failure) {
    const failure = make("div", "", { className: "failure" });
    showFailure(failure, turn.failure);
    element.append(failure);
  }
  if (turn.state === "interrupted") {
    const line = make("p", "Interrupted: the answer is not complete. ", { className: "interrupted" });
    if (isLast) {
      const button = make("button", "Continue", { type: "button" });
      button.addEventListener("click", () => busy(button, trouble, () => post(`${place}/continue`)));
      line.append(button);
    }
    element.append(line);
  }
  if (turn.receipt) {
    const receipt = make("details", "", { className: "receipt" });
    const facts = make("dl", "", { className: "facts" });
    for (const [name, value] of turn.receiptFacts) facts.append(make("dt", name), make("dd", value));
    receipt.append(make("summary", turn.receipt), facts);
    element.append(receipt);
  }
}

// Says that an answer comes and that it is there, not every word.
function announce() {
  const now = last()?.state ?? "none";
  if (before === undefined || now === before) return;
  const words = { answering: "answering", complete: "done", interrupted: "interrupted", failed: "no answer" };
  find("progress").textContent = words[now] ?? "";
  if (now === "answering") return;
  if (now === "failed" && question.value === "") question.value = last().question;
  refresh();
}

async function send() {
  const text = question.value;
  if (text.trim() === "" || isAnswering()) return;
  before ??= "none";
  await busy(find("send"), trouble, async () => {
    const answer = await post(`${place}/turns`, { text });
    // What was typed meanwhile stays.
    if (question.value === text && (state.turn !== answer.turn || last().state !== "failed")) question.value = "";
    hear(answer);
    if (answer.turn !== undefined && source.readyState === EventSource.CLOSED) connect();
  });
  question.focus();
}

function hear({ said = [], open, picker, turn }) {
  find("heard").textContent = said.join("\n");
  if (open) location.assign(open);
  if ((turn !== undefined || picker) && chat.dataset.new !== undefined) {
    // From now on the session has an address of its own.
    delete chat.dataset.new;
    history.replaceState(null, "", `/agents/${agent}/chat/${session}`);
  }
  if (picker) refresh({ now: true });
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
find("stop").addEventListener("click", () => busy(find("stop"), trouble, () => post(`${place}/stop`)));

document.addEventListener("change", async ({ target: model }) => {
  if (model.id !== "model") return;
  const { rereads } = model.selectedOptions[0].dataset;
  await busy(model, trouble, async () => {
    const answer = await post(`${place}/model`, { model: model.value || null });
    hear({ ...answer, said: [...answer.said, rereads ?? ""] });
    say("Changed for this session");
  });
  // What the gateway did not confirm did not happen.
  model.value = [...model.options].find((option) => option.defaultSelected)?.value ?? "";
});

find("show-sessions").addEventListener("click", () => {
  const isShown = find("sessions").classList.toggle("shown");
  find("show-sessions").setAttribute("aria-expanded", isShown);
});

// What came with the page is dressed at once, so that nothing jumps when the events begin.
for (const element of turns.querySelectorAll(".said-text")) show(element, element.textContent);
scrollTo(0, document.documentElement.scrollHeight);
connect();
// On a phone that would bring up the keyboard.
if (matchMedia("(pointer: fine)").matches) question.focus({ preventScroll: true });
