// What is known of a session, and what each event makes of it. An event that was counted counts no more, whichever way and
// however often it comes; where one is missing, that is told, and whoever listens connects again.

export const nothing = { instance: "", turn: 0, n: 0, turns: [], isTorn: false };

/** The state after a message. `id` is `<turn>:<n>`. */
export function reduce(state, id, message) {
  const [turn, n] = id.split(":").map(Number);
  if (message.type === "snapshot") {
    const isOlder = turn < state.turn || (turn === state.turn && n < state.n);
    if (message.instance === state.instance && isOlder && turn !== 0) return state;
    return { ...message, turn, n, isTorn: false };
  }
  if (turn < state.turn || (turn === state.turn && n <= state.n)) return state;
  if (n !== (turn === state.turn ? state.n + 1 : 1)) return { ...state, isTorn: true };
  return { ...state, ...follow(state, message), turn, n };
}

function follow(state, message) {
  const turns = [...state.turns];
  if (message.type === "begin") {
    return { turns: [...turns.slice(0, message.view.index), message.view] };
  }
  const last = { ...turns[turns.length - 1] };
  turns[turns.length - 1] = last;
  switch (message.type) {
    case "restart":
      last.parts = [];
      break;
    case "text":
    case "thinking":
      last.parts = append(last.parts, message.type, message.text);
      break;
    case "note":
      last.notes = [...last.notes, message.text];
      break;
    case "done":
      turns[turns.length - 1] = message.view;
      return { turns, title: message.title, totals: message.totals, cache: message.cache };
  }
  return { turns };
}

function append(parts, kind, text) {
  const last = parts[parts.length - 1];
  if (last?.kind !== kind) return [...parts, { kind, text }];
  return [...parts.slice(0, -1), { kind, text: last.text + text }];
}
