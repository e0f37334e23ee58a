// Markdown as far as answers use it, made into elements one by one: no text of a model is ever read as HTML.

const make = (name, ...children) => {
  const element = document.createElement(name);
  element.append(...children);
  return element;
};

/** Shows a text in an element. Blocks that stay as they are keep their elements, so that a text can grow. */
export function show(element, text) {
  if (element.shown === text) return;
  const blocks = split(text);
  if (element.shown === undefined) element.replaceChildren();
  element.shown = text;
  blocks.forEach((block, at) => {
    const old = element.children[at];
    if (old?.source === block.source) return;
    const fresh = block.make();
    fresh.source = block.source;
    if (old) old.replaceWith(fresh);
    else element.append(fresh);
  });
  while (element.children.length > blocks.length) element.lastElementChild.remove();
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;

/** The blocks of a text. What is nested so deep that nobody meant it stays as it is written. */
function split(text, depth = 0) {
  if (depth > 20) return text.trim() ? [{ make: () => make("p", text) }] : [];
  const lines = text.split("\n");
  const blocks = [];
  let at = 0;
  const take = (from, builder) => {
    const source = lines.slice(from, at).join("\n");
    blocks.push({ source, make: builder });
  };
  while (at < lines.length) {
    const from = at;
    const line = lines[at];
    const fence = FENCE.exec(line);
    if (line.trim() === "") {
      at += 1;
    } else if (fence) {
      at += 1;
      while (at < lines.length && !lines[at].trim().startsWith(fence[1])) at += 1;
      const body = lines.slice(from + 1, at).join("\n");
      at = Math.min(at + 1, lines.length);
      take(from, () => code(body));
    } else if (HEADING.test(line)) {
      at += 1;
      const [, marks, words] = HEADING.exec(line);
      take(from, () => make(`h${Math.min(6, marks.length + 2)}`, ...inline(words)));
    } else if (RULE.test(line)) {
      at += 1;
      take(from, () => make("hr"));
    } else if (line.startsWith(">")) {
      while (at < lines.length && lines[at].startsWith(">")) at += 1;
      const inner = lines.slice(from, at).map((it) => it.replace(/^> ?/, "")).join("\n");
      take(from, () => make("blockquote", ...split(inner, depth + 1).map((block) => block.make())));
    } else if (ITEM.test(line)) {
      at += 1;
      while (at < lines.length && (ITEM.test(lines[at]) || /^\s+\S/.test(lines[at]) || (lines[at].trim() === "" && (ITEM.test(lines[at + 1] ?? "") || /^\s{2,}\S/.test(lines[at + 1] ?? ""))))) at += 1;
      const items = lines.slice(from, at);
      take(from, () => list(items, depth));
    } else {
      const ends = (it) => it.trim() === "" || FENCE.test(it) || HEADING.test(it) || it.startsWith(">") || ITEM.test(it);
      at += 1;
      while (at < lines.length && !ends(lines[at])) at += 1;
      const words = lines.slice(from, at).join("\n");
      take(from, () => make("p", ...inline(words)));
    }
  }
  return blocks;
}

function code(text) {
  const block = make("pre", make("code", text));
  block.tabIndex = 0;
  return block;
}

/** A list: items that begin further to the right belong to the one before. */
function list(lines, depth) {
  const indented = ITEM.exec(lines[0])[1].length;
  const first = ITEM.exec(lines[0])[2];
  const isNumbered = /\d/.test(first);
  const element = make(isNumbered ? "ol" : "ul");
  if (isNumbered) element.start = parseInt(first, 10);
  let item = null;
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (found && found[1].length <= indented + 1) {
      item = { words: found[3], inner: [] };
      element.append(make("li"));
      element.lastElementChild.item = item;
    } else if (item) {
      item.inner.push(line);
    }
  }
  for (const li of element.children) {
    const { words, inner } = li.item;
    const indent = Math.min(...inner.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length));
    const blocks = split(inner.map((line) => line.slice(indent)).join("\n"), depth + 1);
    li.append(...inline(words), ...blocks.map((block) => block.make()));
    delete li.item;
  }
  return element;
}

const INLINE = /(`+)([\s\S]+?)\1(?!`)|\*\*([\s\S]+?)\*\*|__([^_]+?)__|(?<![\w*])\*(?![\s*])([^*]+?)\*|(?<!\w)_(?!\s)([^_]+?)_(?!\w)|\[([^[\]]+)\]\((\S+?)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])|\\([\\`*_[\]#>-])/;

function inline(text) {
  const nodes = [];
  let rest = text;
  for (let found; (found = INLINE.exec(rest)); rest = rest.slice(found.index + found[0].length)) {
    const [all, , verbatim, strong, strong2, weak, weak2, words, target, address, escaped] = found;
    if (found.index > 0) nodes.push(rest.slice(0, found.index));
    if (verbatim !== undefined) nodes.push(make("code", verbatim));
    else if (strong ?? strong2) nodes.push(make("strong", ...inline(strong ?? strong2)));
    else if (weak ?? weak2) nodes.push(make("em", ...inline(weak ?? weak2)));
    else if (words) nodes.push(link(target, inline(words), all));
    else if (address) nodes.push(link(address, [address], address));
    else nodes.push(escaped);
  }
  if (rest) nodes.push(rest);
  return nodes;
}

/** Only web pages are linked, and they do not learn where somebody came from. */
function link(target, children, source) {
  if (!/^https?:\/\//i.test(target)) return source;
  const element = make("a", ...children);
  element.href = target;
  element.rel = "noreferrer noopener";
  element.target = "_blank";
  return element;
}
