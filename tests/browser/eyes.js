// How tests find things in a page: by what people see of them, among what can be seen.
var eyes = globalThis.eyes ?? {
  words: (text) => (text ?? "").replace(/\s+/g, " ").trim(),

  text: () => document.body?.innerText ?? "",

  // What assistive technology would call it.
  name(element) {
    const by = element.getAttribute("aria-labelledby");
    if (by) {
      return eyes.words(by.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(" "));
    }
    const label = element.getAttribute("aria-label");
    if (label) return eyes.words(label);
    if (element.labels?.length) return eyes.words([...element.labels].map(eyes.labelText).join(" "));
    return eyes.words(element.innerText || element.value || element.placeholder);
  },

  // A label may hold its field; what the field shows is no part of the name.
  labelText(label) {
    const copy = label.cloneNode(true);
    copy.querySelectorAll("input, select, textarea, button").forEach((field) => field.remove());
    return copy.textContent;
  },

  isSeen: (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false }),

  all(role) {
    switch (role) {
      case "button":
        return "button, [role=button], input[type=submit], summary";
      case "link":
        return "a[href]";
      default:
        return "input, textarea, select, [contenteditable=true], [role=combobox], [role=textbox]";
    }
  },

  // The smallest row or card that shows a text.
  holderOf(text) {
    const rows = [...document.querySelectorAll("tr, li, article, fieldset, section, form, dialog, details")];
    const showing = rows.filter((row) => eyes.isSeen(row) && row.innerText.includes(text));
    return showing.find((row) => !showing.some((other) => other !== row && row.contains(other)));
  },

  find([role, name, within]) {
    const quoted = within?.startsWith('"');
    const roots = !within ? [document] : quoted ? [eyes.holderOf(within.slice(1))] : [...document.querySelectorAll(within)];
    for (const root of roots) {
      if (!root) continue;
      if (role === "css") {
        const found = [...root.querySelectorAll(name)].find(eyes.isSeen);
        if (found) return found;
        continue;
      }
      const seen = [...root.querySelectorAll(eyes.all(role))].filter(eyes.isSeen);
      const found = seen.find((element) => eyes.name(element) === name) ??
        seen.find((element) => eyes.name(element).startsWith(name));
      if (found) return found;
    }
    return null;
  },

  // Where the middle of an element is, once it can be clicked there.
  place(element) {
    if (!element || element.disabled || element.getAttribute("aria-disabled") === "true") return null;
    element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = element.getClientRects()[0];
    if (!box || !box.width) return null;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const isOnTop = top && (element.contains(top) || top.contains(element) || [...(element.labels ?? [])].some((it) => it.contains(top)));
    return isOnTop ? [x, y] : null;
  },

  select(element) {
    element.scrollIntoView({ block: "center", behavior: "instant" });
    element.focus();
    element.select?.();
  },

  choose(list, words) {
    const choice = [...list.options].find((it) => eyes.words(it.textContent) === words) ??
      [...list.options].find((it) => eyes.words(it.textContent).startsWith(words));
    if (!choice || choice.disabled) return null;
    list.focus();
    list.value = choice.value;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  },

  // Whether the focus can be told from what has none.
  showsFocus(element) {
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
  },

  // What is wider than the window, if the page can be moved sideways for it.
  sticksOut() {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const out = [...document.body.querySelectorAll("*")].filter((it) => it.getBoundingClientRect().right > wide + 0.5);
    return out.slice(-3).map((it) => it.outerHTML.slice(0, 120));
  },

  // Looks again whenever the document changes, and now and then for what is no change of it: sizes, values, sockets.
  until(condition, limit) {
    return new Promise((resolve, reject) => {
      let watch, tick, end;
      const done = (settle, value) => {
        watch?.disconnect();
        clearInterval(tick);
        clearTimeout(end);
        settle(value);
      };
      const look = () => {
        try {
          const value = condition();
          if (value) done(resolve, value instanceof Node ? true : value);
          return value;
        } catch (error) {
          done(reject, error);
          return true;
        }
      };
      if (look()) return;
      watch = new MutationObserver(look);
      watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      tick = setInterval(look, 50);
      end = setTimeout(() => done(resolve, null), limit);
    });
  },
};
globalThis.eyes = eyes;
