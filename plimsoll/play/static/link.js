// The connection to the server: questions with answers, and states as they come. It comes back by itself.
const PAUSES = [300, 600, 1200, 2500]; // milliseconds between two attempts, the last one from then on

// onstate: called with each state; ongone: with a sentence while nothing answers, with null once it does;
// onask: called with a transaction, answers a promise of whether to sign it
export function link({onstate, ongone, onask}) {
  const waiting = new Map();
  let socket = null, number = 0, failed = 0;

  async function lost() {
    for (const {reject} of waiting.values()) reject(new Error("The connection was lost; nobody knows whether it was done."));
    waiting.clear();
    const pause = PAUSES[Math.min(failed, PAUSES.length - 1)];
    failed += 1;
    let words = "The server does not answer. Start plimsoll play again; this page comes back by itself.";
    try {
      const answer = await fetch("/", {cache: "no-store"});
      if (answer.status === 403) words = await answer.text();
    } catch { /* it is gone: the words above say so */ }
    ongone(words);
    setTimeout(connect, pause);
  }

  function connect() {
    socket = new WebSocket(`ws://${location.host}/socket`);
    socket.addEventListener("open", () => { failed = 0; });
    socket.addEventListener("close", lost);
    socket.addEventListener("message", async event => {
      const said = JSON.parse(event.data);
      if ("state" in said) { ongone(null); onstate(said.state); return; }
      if ("gone" in said) { ongone(said.gone); return; }
      if ("ask" in said) { socket.send(JSON.stringify({consent: said.ask, yes: await onask(said.transaction)})); return; }
      const found = waiting.get(said.id);
      waiting.delete(said.id);
      if (!found) return;
      if ("error" in said) found.reject(new Error(said.error));
      else found.resolve(said.answer);
    });
  }
  connect();

  // A promise of the answer; it is rejected with a sentence.
  return function request(name, said = {}) {
    return new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) { reject(new Error("There is no connection to the server now.")); return; }
      number += 1;
      waiting.set(number, {resolve, reject});
      socket.send(JSON.stringify({...said, request: name, id: number}));
    });
  };
}
