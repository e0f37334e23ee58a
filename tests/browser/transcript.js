// Random lives of a session, told by a gateway whose lines break, and what the page makes of them. Gives what went wrong.

async (seed, lives) => {
  const { nothing, reduce } = await import("/assets/transcript.js");

  // Numbers that are the same every time.
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };

  /** Everything that happens, in order: `[id, message]`, and the turns as they are after each. */
  function life(instance) {
    const happened = [];
    const states = [{ id: "0:0", turns: [] }];
    const tell = (id, message, turns) => {
      happened.push([id, message]);
      states.push({ id, turns: structuredClone(turns) });
    };
    let turns = [];
    for (let turn = 1; turn <= 1 + random(4); turn += 1) {
      // A question that failed is asked again in its place.
      if (turns.length > 0 && random(4) === 0) turns = turns.slice(0, -1);
      const view = { index: turns.length, question: `${instance} ${turn}`, parts: [], notes: [], state: "answering" };
      turns = [...turns, view];
      let n = 1;
      tell(`${turn}:${n}`, { type: "begin", view: structuredClone(view) }, turns);
      const say = (message) => tell(`${turn}:${++n}`, message, turns);
      for (let piece = 0; piece < random(8); piece += 1) {
        const kind = ["text", "text", "thinking", "note", "restart"][random(5)];
        const text = `${piece} `;
        const last = view.parts[view.parts.length - 1];
        if (kind === "restart") view.parts = [];
        else if (kind === "note") view.notes.push(text);
        else if (last?.kind === kind) last.text += text;
        else view.parts.push({ kind, text });
        say({ type: kind, text });
      }
      view.state = "complete";
      say({ type: "done", view: structuredClone(view), title: "t", totals: "", cache: null });
    }
    return { instance, happened, states };
  }

  const wrong = [];
  for (let at = 0; at < lives; at += 1) {
    const { instance, happened, states } = life(`gateway ${at}`);
    // What was shown of another gateway before does not matter.
    const before = life("before");
    const old = before.states[random(before.states.length)];
    let state = reduce(nothing, old.id, { type: "snapshot", instance: "before", turns: old.turns });
    let place = 0;
    const connect = (from) => {
      place = from;
      const { id, turns } = states[place];
      state = reduce(state, id, { type: "snapshot", instance, turns: structuredClone(turns) });
    };
    connect(random(states.length));
    let furthest = place;
    while (place < happened.length) {
      const chance = random(10);
      if (chance === 0) {
        // The line broke; the next one may begin with something as old as what is shown, never with less than the truth then.
        connect(furthest + random(states.length - furthest));
      } else if (chance === 1) {
        // Two lines for a moment: what was told is told again.
        const [id, message] = happened[random(Math.max(1, place))];
        const shown = JSON.stringify(state.turns);
        if (place > 0) state = reduce(state, id, message);
        if (JSON.stringify(state.turns) !== shown) wrong.push(`${at}: ${id} counted twice`);
      } else if (chance === 2 && place + 1 < happened.length) {
        // One is lost.
        const [id, message] = happened[place + 1];
        const [lost] = happened[place];
        const isNextTurn = id.endsWith(":1") && lost.split(":")[0] !== id.split(":")[0];
        state = reduce(state, id, message);
        if (!state.isTorn && !isNextTurn) wrong.push(`${at}: nobody missed ${lost}`);
        connect(Math.min(place + 2, states.length - 1));
      } else if (chance === 3 && place > 0) {
        // How it all was, told late.
        const { id, turns } = states[1 + random(place)];
        const shown = JSON.stringify(state.turns);
        state = reduce(state, id, { type: "snapshot", instance, turns });
        if (JSON.stringify(state.turns) !== shown) wrong.push(`${at}: back at ${id}`);
      } else {
        const [id, message] = happened[place];
        state = reduce(state, id, message);
        place += 1;
        if (state.isTorn) wrong.push(`${at}: torn at ${id}`);
      }
      furthest = Math.max(furthest, place);
      if (place === furthest && JSON.stringify(state.turns) !== JSON.stringify(states[place].turns)) {
        wrong.push(`${at}: after ${states[place].id} ${JSON.stringify(state.turns)}, not ${JSON.stringify(states[place].turns)}`);
      }
    }
  }
  return wrong.slice(0, 5);
}
