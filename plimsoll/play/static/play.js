// The page of `plimsoll play`. Every text comes in by textContent: names of tokens are a chain's.
import {link} from "/play/link.js";
import {brief, part, plain, time} from "plimsoll/numbers";
import {csv, downloads} from "plimsoll/figure";
import {table} from "plimsoll/table";
import {isDark, setTheme} from "plimsoll/theme";
import {waterline} from "plimsoll/waterline";

const at = id => document.getElementById(id);
const MOST_ENTRIES = 80, WAIT = 150; // milliseconds until what is typed is looked at
const REST = 250; // milliseconds between two drawings of all positions while the price moves

// An element with properties and children, texts among them.
function made(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter(each => each !== null && each !== undefined));
  return element;
}

// A number as people read it, with all of its digits behind: `value` of <data>, and on hover.
const shown = (text, unit = "") => {
  if (text === null || text === undefined) return made("data", {value: "", textContent: "–"});
  const number = Number(text);
  return made("data", {value: text, title: `${text} ${unit}`.trim(), className: "exact", textContent: `${plain(number, Math.abs(number) >= 1e6 ? 9 : 8)} ${unit}`.trim()});
};

let drawn = 0; // when all positions were drawn last
let state = null, spoke = null, acting = false, axis = null;
let wanted = null, moving = false, ghost = null, running = null, entered = 0, counted = 0;
const closes = [];

// What was typed, without the commas that group thousands: 14,400 is 14400.
const typed = text => (/^\s*\d{1,3}(,\d{3})+(\.\d*)?\s*$/.test(text) ? text.replaceAll(",", "") : text).trim();
const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

const loan = () => state.loan.symbol;
const seen = () => state.spokes.find(each => each.name === spoke) ?? state.spokes[0];
const lead = it => it.legs[0]; // whose price the axis has; the others of a basket go with it
const priceOf = it => (it.legs.some(each => each.price === null) ? null : Number(lead(it).price));

// ------------------------------------------------------------------------------------------------ waterline

let water = null, watered = null;

function positionsOf(it, price) {
  const {owner, debt, health, level, is_liquidatable: due} = it.positions, found = [];
  for (let i = 0; i < owner.length; i += 1) {
    const owed = Number(debt[i]), healthy = Number(health[i]);
    if (!owed) continue;
    let where = Number(level[i]);
    if (it.kind === "basket") where = due[i] && healthy > 0 ? (price ?? 0) / healthy : where / 100 * (price ?? 0);
    found.push({id: owner[i], name: owner[i], price: where, debt: owed, health: moving || price === null ? null : healthy, mark: owner[i] === "you" || owner[i] === state.chain.actor});
  }
  return found;
}

function drawWater() {
  const it = seen(), price = priceOf(it);
  if (watered !== it.name) {
    water?.destroy();
    watered = it.name; axis = null;
    const label = it.kind === "vault" ? lead(it).symbol : `all legs: ${lead(it).symbol}`;
    water = waterline(at("line"), {
      label, unit: loan(), debtUnit: loan(), height: innerWidth < 600 ? 360 : 440,
      onprice: canSet() ? drag : undefined, onselect: choose,
    });
  }
  if (price !== null && (!axis || price < axis.low || price > axis.high)) {
    const first = axis?.first ?? price;
    const least = positionsOf(it, price).reduce((low, each) => Math.min(low, each.price), Infinity);
    axis = {first, low: Math.min(0.4 * first, 0.9 * price, 0.9 * least), high: Math.max(1.15 * first, 1.05 * price)};
    Object.assign(at("ghost"), {min: axis.low, max: axis.high, value: ghost ?? price});
  }
  water.update({positions: positionsOf(it, price), price: moving ? wanted : price, ghost, ...(axis ? {low: axis.low, high: axis.high} : {})});
  at("water-hint").textContent = it.kind === "vault"
    ? "Each disc is a loan: as large as its debt, at the price below which it can be liquidated."
    : "Each disc is a loan against several collaterals, at the price where it can be liquidated if all prices move alike.";
  if (canSet()) at("water-hint").append(` Drag the line${it.kind === "vault" ? "" : " to move all of them"}, or use the arrow keys on its handle.`);
  if (price === null) at("water-hint").textContent = "The oracle is silent: without a price nobody can be liquidated, and nobody can borrow.";
  if (document.activeElement !== at("price")) at("price").value = price === null ? "" : lead(it).price;
  const silent = it.legs.filter(each => each.price === null).map(each => each.symbol);
  at("silence").textContent = silent.length ? "Let the oracle speak" : "Silence the oracle";
}

downloads(at("take"), {name: "waterline", svg: () => water.svg(), data: () => csv(water.data())});

const canSet = () => !state.chain.is_live && seen().legs.every(each => each.can_be_set);

// The prices of all legs when the first one's is `price`.
function pricesAt(price) {
  const it = seen(), now = priceOf(it);
  if (it.kind === "vault") return {[lead(it).symbol]: String(price)};
  return Object.fromEntries(it.legs.map(each => [each.symbol, (Number(each.price) * price / now).toPrecision(12)]));
}

const rounded = price => Number(price.toPrecision(6));

function drag(price) {
  wanted = rounded(price);
  water.update({price: wanted});
  if (!moving) follow();
}

// Sets the price on the chain, and again as long as it has been moved meanwhile.
async function follow() {
  moving = true;
  tellBusy();
  try {
    let sent = null;
    while (wanted !== sent) {
      sent = wanted;
      await setPrice(sent, 0);
    }
  } catch (error) { warn(error.message); }
  moving = false;
  if (state) draw();
  tellBusy();
}

// While the price moves, what changes beside it is not read out.
function tellBusy() { at("water").setAttribute("aria-busy", moving || running !== null); }

async function setPrice(price, seconds) {
  const words = {prices: pricesAt(price), seconds, keepers: at("keepers").checked};
  const done = await request("act", {act: "price", spoke, words});
  warn("");
  noteCloses(done);
  if (done.closes.length) enter(`The price is ${plain(price)}: keepers closed ${many(done.closes.length, "loan")}`, done);
  if (ghost !== null) lookAhead();
}

function noteCloses({closes: found, loss}) {
  const isYours = each => each.owner === "you", told = found.findLast(isYours) ?? (closes.some(isYours) ? null : found.at(-1));
  closes.push(...found);
  closes.splice(0, closes.length - 200);
  closes.forEach(each => { each.order ??= ++counted; });
  listCloses();
  if (told) explain(told);
  if (loss && ["reserve", "backstop", "lenders"].some(who => Number(loss[who]) > 0)) fall = loss;
}

function listCloses() {
  closed.update(closes.map(each => ({...each, seizedText: seizedOf(each)})));
  closed.element.caption.textContent = closes.length ? "The latest first; choose one to see why" : "Nobody yet";
}

// Why a loan was closed, and how: of the one that is chosen, else of yours that was closed last, else of the latest.
function explain(close) {
  const it = state.spokes.find(each => each.name === close.spoke), by = {keeper: "A keeper", you: "You"}[close.liquidator] ?? close.liquidator, money = text => `${plain(Number(text), 8)} ${loan()}`;
  const isBasket = typeof close.seized === "object", paid = Number(close.repaid);
  const priceOfLeg = leg => Number(isBasket ? close.prices[leg.name] : close.price);
  const legs = it.legs.filter(priceOfLeg);
  const taken = legs.reduce((sum, leg) => sum + Number(isBasket ? close.seized[leg.name] ?? 0 : close.seized) * priceOfLeg(leg), 0);
  at("why").replaceChildren(
    made("b", {textContent: `Why was ${close.owner === "you" ? "your loan" : `the loan of ${close.owner}`} closed? `}),
    `At ${legs.map(leg => `${plain(priceOfLeg(leg), 7)} ${loan()} for ${leg.symbol}`).join(" and ")} its health was ${plain(Number(close.health_before), 4)}: `,
    `the part of the collateral's value that counts (${[...new Set(legs.map(leg => part(Number(leg.threshold))))].join(", ")}) no longer covered the debt. `,
    `${by} paid ${money(close.repaid)} of the debt${Number(close.fee) ? `, and ${money(close.fee)} to the reserve,` : ""} and took ${seizedOf(close)}, worth ${money(taken)}`,
    taken > paid && paid ? `, ${part(taken / paid - 1)} more than the debt that was paid. ` : ". ",
    Number(close.loss) > 0 ? `That was all there was: ${money(close.loss)} of debt were lost, and went down the waterfall.`
      : close.health_after === null ? "Nothing is owed any more, and nothing was lost." : `That brought the health to ${plain(Number(close.health_after), 5)}, and nothing was lost.`,
  );
}

const seizedOf = close => (typeof close.seized === "object"
  ? Object.entries(close.seized).map(([leg, amount]) => `${plain(Number(amount))} ${leg.toUpperCase()}`).join(", ")
  : `${plain(Number(close.seized))} ${symbolOf(close.spoke)}`);
const symbolOf = name => state.spokes.find(each => each.name === name)?.legs[0].symbol ?? "";

const closed = table(at("closes"), {
  caption: "Nobody yet", sort: {key: "order", descending: true}, limit: 12, onselect: explain, by: "owner",
  columns: [
    {name: "no.", key: "order", number: true},
    {name: "loan", key: "owner"},
    {name: "repaid", key: "repaid", number: true, format: text => plain(Number(text), 8)},
    {name: "fee", key: "fee", number: true, format: text => plain(Number(text), 5)},
    {name: "seized", key: "seizedText", number: true},
    {name: "health", key: "health_after", number: true, format: (_, row) => `${plain(Number(row.health_before), 3)} → ${row.health_after === null ? "closed" : plain(Number(row.health_after), 4)}`},
    {name: "lost", key: "loss", number: true, format: text => plain(Number(text), 8)},
    {name: "paid by", key: "liquidator"},
  ],
});
const everyone = table(at("positions"), {
  caption: "The least healthy first; choose one to see it", sort: {key: "health", descending: false}, limit: 15, onselect: row => choose(row), by: "name",
  columns: [
    {name: "owner", key: "name"},
    {name: "collateral", key: "held"},
    {name: "debt", key: "debt", number: true, format: value => plain(value, 9)},
    {name: "health", key: "health", number: true, format: value => plain(value, 4)},
    {name: "can be liquidated below", key: "price", number: true, format: value => plain(value, 6)},
  ],
});

function choose({id}) {
  const who = at("who");
  if (state.chain.is_live) { look(id); return; }
  if (![...who.options].some(each => each.value === id)) who.add(new Option(id, id));
  who.value = id;
  if (!state.people.includes(id) && !at("owner")) { at("act").value = "liquidate"; who.value = "keeper"; fields(); }
  if (at("owner")) { at("owner").value = id; if (who.value === id) who.value = "keeper"; }
  look();
}

// ------------------------------------------------------------------------------------------------- what if

let looking = false, again = false;
async function lookAhead() {
  if (looking) { again = true; return; }
  looking = true;
  do {
    again = false;
    const price = ghost;
    if (price === null) break;
    try {
      const {closes: found, loss} = await request("what_if", {words: {prices: pricesAt(price)}});
      if (ghost === null) break;
      const paid = found.reduce((sum, each) => sum + Number(each.repaid), 0), lost = found.reduce((sum, each) => sum + Number(each.loss), 0);
      const elsewhere = found.filter(each => each.spoke !== spoke).length;
      let words = `At ${plain(price)} ${loan()} keepers would close ${many(found.length, "loan")}${elsewhere ? `, ${elsewhere} of them not in the ${spoke},` : ""} and pay ${plain(paid, 7)} ${loan()}; ${plain(lost, 7)} would be lost.`;
      if (loss && lost > 0) words += ` The reserve would bear ${plain(Number(loss.reserve), 7)}, the backstop ${plain(Number(loss.backstop), 7)}, lenders ${plain(Number(loss.lenders), 7)}.`;
      at("ghost-told").textContent = words;
    } catch (error) { at("ghost-told").textContent = error.message; }
  } while (again);
  looking = false;
}

at("ghost").addEventListener("input", () => {
  ghost = rounded(Number(at("ghost").value));
  at("ghost-price").textContent = `${plain(ghost)} ${loan()}`;
  water.update({ghost});
  lookAhead();
});
function noGhost() {
  ghost = null;
  at("ghost-price").textContent = at("ghost-told").textContent = "";
  water?.update({ghost});
}
at("ghost-off").addEventListener("click", noGhost);

// ------------------------------------------------------------------------------------------------- letting run

const act = async (name, words, title) => {
  const done = await request("act", {act: name, spoke, words});
  noteCloses(done);
  enter(title, done);
  return done;
};
const SILENT = "The oracle is silent; let it speak first.";
const warn = text => { at("price-told").textContent = text; };
const attempt = async work => { warn(""); try { await work(); } catch (error) { warn(error.message); } };

at("price-set").addEventListener("click", () => { const price = Number(typed(at("price").value)); if (price > 0 && Number.isFinite(price)) drag(price); else warn("Give a price above 0, such as 1750."); });
at("price").addEventListener("keydown", event => event.key === "Enter" && at("price-set").click());
for (const [id, factor] of [["down", 0.98], ["up", 1.02]]) {
  at(id).addEventListener("click", () => { const now = moving ? wanted : priceOf(seen()); if (now === null) warn(SILENT); else drag(now * factor); });
}
at("keep").addEventListener("click", () => attempt(() => act("keepers", {}, "Keepers close what they can")));
at("silence").addEventListener("click", () => attempt(() => {
  const on = seen().legs.every(each => each.price !== null);
  return act("silence", {on}, on ? "The oracle falls silent" : "The oracle speaks again");
}));
at("pass").addEventListener("click", () => attempt(() => act("advance", {seconds: Number(at("time").value)}, `${at("time").selectedOptions[0].text} passes`)));
at("over").addEventListener("click", () => attempt(async () => { stopRun(); endTour(); await request("start_over"); afresh(); look(); }));

function afresh() {
  closes.length = counted = 0;
  listCloses();
  at("why").replaceChildren();
  fall = null; watered = null;
  tell("", true);
  warn("");
  noGhost();
  at("entries").replaceChildren();
  if (state) draw();
}

function stopRun() {
  running = null;
  at("run").textContent = "Run";
  if (state) draw();
  tellBusy();
}
at("run").addEventListener("click", async () => {
  if (running) { stopRun(); return; }
  const own = running = {};
  warn("");
  at("run").textContent = "Stop";
  tellBusy();
  try {
    const {seconds, factors} = await request("path", {name: at("path").value, seed: Math.floor(Math.random() * 1e9)});
    const first = priceOf(seen());
    if (first === null) throw new Error(SILENT);
    let before = 0;
    for (let i = 1; i < factors.length && running === own; i = Math.min(i + Number(at("speed").value), i === factors.length - 1 ? factors.length : factors.length - 1)) {
      wanted = rounded(first * factors[i]);
      const began = performance.now();
      await setPrice(wanted, seconds * (i - before));
      before = i;
      at("progress").value = i / (factors.length - 1);
      await new Promise(resolve => setTimeout(resolve, Math.max(0, 120 - (performance.now() - began))));
    }
  } catch (error) { warn(error.message); }
  if (running === own) stopRun();
});

// -------------------------------------------------------------------------------------------------- doing

const AMOUNT = (label, note = "") => ({kind: "amount", name: "amount", label, note});
const OWNER = {kind: "owner", name: "owner", label: "whose loan"};
const ACTS = {
  open: ["Open a loan", "Lock collateral and borrow against it. The slider says how much of its value you borrow.", () => [{kind: "legs"}, {kind: "ltv"}]],
  supply: ["Lend", "Supply to the pool: you get shares, and earn what borrowers pay.", () => [AMOUNT(`${loan()} to lend`)]],
  borrow: ["Borrow more", "Against what you have locked already.", () => [AMOUNT(`${loan()} to borrow`, "as much as goes")]],
  top_up: ["Lock more collateral", "Makes your loan safer.", () => [{kind: "legs"}]],
  repay: ["Repay", "Pays back debt with its interest.", () => [AMOUNT(`${loan()} to repay`, "everything")]],
  withdraw: ["Take collateral back", "As far as your loan stays within the loan-to-value.", () => [...(seen().kind === "basket" ? [{kind: "leg"}] : []), AMOUNT("how much", "as much as goes")]],
  close: ["Repay everything and take all back", "Ends the loan.", () => []],
  liquidate: ["Liquidate somebody", "Pay debt of a loan that is under water, and take collateral at a bonus. Without an amount as far as one close goes.", () => [OWNER, AMOUNT(`${loan()} to pay at most`, "as far as it goes")]],
  poke: ["Report a shortfall", "Tells the pool that a loan is worth less than it owes. From then on everybody leaves at a price as if it had been lost.", () => [OWNER]],
  stake: ["Stake in the backstop", "Supplies, and stakes the shares: they earn more, and bear losses first.", () => [AMOUNT(`${loan()} to stake`)]],
  request: ["Ask to leave the backstop", "The stake may leave after the cooldown, 14 days by default.", () => []],
  unstake: ["Leave the backstop", "After the cooldown, within two days.", () => []],
  leave: ["Take your supply back", "As far as the pool has cash. While bad debt is known, say the least that you accept.", () => [AMOUNT(`${loan()} to take`, "everything"), {kind: "amount", name: "at_least", label: "or all, for at least", note: "do not say"}]],
};

const UNITS = {open: loan, borrow: loan, repay: loan, withdraw: () => (seen().legs.find(leg => leg.name === input("leg")?.value) ?? lead(seen())).symbol};
for (const [name, [title]] of Object.entries(ACTS)) at("act").add(new Option(title, name));

function fields() {
  const [, hint, list] = ACTS[at("act").value], it = seen();
  at("act-hint").textContent = hint;
  at("preview").replaceChildren(); // it was another act's
  const rows = [];
  const field = (name, label, given, after) => {
    const input = made("input", {name, inputMode: "decimal", ...given});
    if (name === "owner") input.id = name;
    rows.push(made("label", {}, label, input, after));
    return input;
  };
  for (const each of list()) {
    if (each.kind === "amount") field(each.name, each.label, {placeholder: each.note});
    if (each.kind === "owner") field("owner", each.label, {inputMode: "text", value: worst()});
    if (each.kind === "leg") rows.push(made("label", {}, "which", made("select", {name: "leg"}, ...it.legs.map(leg => new Option(leg.symbol, leg.name)))));
    if (each.kind === "legs") for (const leg of it.legs) field(`leg ${leg.name}`, `${leg.symbol} to lock`, {value: leg === lead(it) ? "10" : "0.1"});
    if (each.kind === "ltv") {
      const most = mostLtv();
      rows.push(made("label", {}, "loan-to-value", made("span", {className: "ltv"}, made("input", {id: "ltv", type: "range", min: 0, max: most, step: 0.001, value: 0.9 * most, "aria-label": "loan-to-value"}), " ", made("output", {id: "ltv-told"}))));
      field("debt", `${loan()} to borrow`, {placeholder: "as much as goes"});
    }
  }
  at("fields").replaceChildren(...rows);
  if (at("ltv")) { at("ltv").addEventListener("input", slide); slide(); }
  at("fields").oninput = event => { if (event.target.name?.startsWith("leg ")) slide(); else if (event.target.name === "debt") unslide(); soon(); };
  soon();
}

const worst = () => {
  const {owner, is_liquidatable: due} = seen().positions, i = due.indexOf(true);
  return i < 0 ? owner.find((_, k) => Number(seen().positions.debt[k])) ?? "" : owner[i];
};
const input = name => at("fields").querySelector(`[name="${CSS.escape(name)}"]`);
const locked = () => seen().legs.map(leg => Number(typed(input(`leg ${leg.name}`)?.value ?? "")));
const worth = () => seen().legs.reduce((sum, leg, i) => sum + locked()[i] * Number(leg.price ?? 0), 0);
const mostLtv = () => Math.max(...seen().legs.map(leg => Number(leg.ltv)));

function slide() {
  if (!at("ltv")) return;
  const value = worth(), debt = Math.floor(value * Number(at("ltv").value) * 100) / 100;
  input("debt").value = value ? String(debt) : "";
  unslide();
}
function unslide() {
  const value = worth(), debt = typed(input("debt").value), ltv = !value ? 0 : debt ? Number(debt) / value : mostLtv();
  at("ltv").value = ltv;
  at("ltv-told").textContent = `${part(ltv)} of at most ${part(mostLtv())}`;
  at("ltv").setAttribute("aria-valuetext", at("ltv-told").textContent);
}

function words() {
  const said = {who: at("who").value}, held = {};
  for (const each of at("fields").querySelectorAll("input[name], select[name]")) {
    const text = typed(each.value);
    if (!each.name.startsWith("leg ")) said[each.name] = text;
    else if (Number(text) !== 0) held[each.name.slice(4)] = text; // what is no number as well: the answer says so
  }
  return Object.keys(held).length ? {...said, collateral: held} : said;
}

let timer = 0, asked = 0;
function soon() { clearTimeout(timer); timer = setTimeout(foresee, WAIT); }

// Whether the button does nothing now; it keeps the focus, which one that is disabled would lose.
function halt(is) { at("go").setAttribute("aria-disabled", is); }

// What the act would do, in the preview.
async function foresee() {
  const box = at("preview"), name = at("act").value, said = words(), mine = ++asked;
  if (!state || state.chain.is_read_only) { box.replaceChildren(); return; }
  try {
    const {result, position} = await request("preview", {act: name, spoke, words: said});
    if (mine !== asked) return;
    box.className = "";
    box.replaceChildren(...foreseen(name, result, position, said));
    halt(acting);
  } catch (error) {
    if (mine !== asked) return;
    box.className = "no";
    box.textContent = error.message;
    halt(true);
  }
}

function foreseen(name, result, position, said) {
  const lines = [], line = (...parts) => lines.push(made("div", {}, ...parts));
  const does = verb => `${said.who} ${verb}${said.who === "you" ? "" : "s"} `;
  if (name === "liquidate" && result) {
    line(`${said.who} would pay `, shown(result.paid, loan()), " and a fee of ", shown(result.fee, loan()));
    line("and take ", ...(typeof result.seized === "object" ? [seizedOf({...result, spoke})] : [shown(result.seized, lead(seen()).symbol)]));
    line("health ", shown(result.health_before), " → ", shown(result.health_after), Number(result.loss) > 0 ? " and lose " : "", Number(result.loss) > 0 ? shown(result.loss, loan()) : null);
    return lines;
  }
  if (name === "poke") line("known shortfall ", shown(result, loan()));
  else if (result && typeof result === "object") line(...Object.entries(result).flatMap(([key, text]) => [`${key}: `, typeof text === "object" ? seizedOf({seized: text}) : shown(text), "  "]));
  else if (result && name === "request") line("the stake may leave from ", time(Date.parse(result) / 1000), " UTC on");
  else if (result) line(does(name === "repay" ? "pay" : "get"), shown(result, UNITS[name]?.() ?? "shares"));
  if (position && Number(position.debt)) {
    line("the loan would owe ", shown(position.debt, loan()), ", health ", shown(position.health));
    if ("liquidation_price" in position) line("and can be liquidated below ", shown(position.liquidation_price, `${loan()} for ${lead(seen()).symbol}`));
    else line("and can be liquidated when all prices fall by ", part(Number(position.fall)));
  }
  return lines.length ? lines : [made("div", {className: "faint", textContent: "Nothing is owed then."})];
}

at("form").addEventListener("submit", async event => {
  event.preventDefault();
  if (at("go").getAttribute("aria-disabled") === "true") return;
  const name = at("act").value, said = words();
  acting = true; halt(true);
  tell("", true);
  try {
    const done = await act(name, said, `${said.who}: ${ACTS[name][0].toLowerCase()}${said.owner ? ` (${said.owner})` : ""}`);
    tell(`Done in ${many(done.transactions.length, "transaction")}.`, true);
  } catch (error) { tell(error.message, false); }
  acting = false;
  look(); foresee();
});
for (const id of ["who", "act"]) at(id).addEventListener("change", () => { if (id === "act") fields(); else soon(); look(); });

function tell(text, good) { at("told").className = good ? "" : "no"; at("told").textContent = text; }

let glance = 0;
function lookSoon() { clearTimeout(glance); glance = setTimeout(look, WAIT); }

// Somebody's loan and wallet.
async function look(whom) {
  const who = typeof whom === "string" ? whom : at("owner")?.value || at("who").value;
  if (!state || !who) return;
  try {
    const it = await request("person", {spoke, words: {who}});
    at("person-title").textContent = `${it.name === "you" ? "You" : it.name}, ${it.address.slice(0, 8)}…`;
    const {position: own, wallet} = it, rows = [];
    const row = (label, ...value) => rows.push(made("dt", {textContent: label}), made("dd", {}, ...value));
    if (Number(own.debt) || (typeof own.collateral === "object" ? Object.keys(own.collateral).length : Number(own.collateral))) {
      row("locked", typeof own.collateral === "object" ? seizedOf({seized: own.collateral}) : shown(own.collateral, lead(seen()).symbol));
      row("owes", shown(own.debt, loan()));
      row("health", shown(own.health));
      if ("liquidation_price" in own) row("can be liquidated below", shown(own.liquidation_price, loan()));
      else row("prices may fall together by", part(Number(own.fall)));
    } else row("loan", "none here");
    row(`${loan()} in the wallet`, shown(wallet.loan));
    row("lent to the pool", shown(wallet.supplied, loan()));
    row("staked in the backstop", shown(wallet.staked, "shares"));
    at("person").replaceChildren(...rows);
  } catch (error) { at("person").replaceChildren(made("dt", {textContent: "not known"}), made("dd", {textContent: error.message})); }
}

// ---------------------------------------------------------------------------------------------------- books

let fall = null, last = {};
const LABELS = {
  assets: "owned by lenders", debt: "lent out", cash: "cash", reserve: "reserve", backstop: "backstop's stake", provisions: "known shortfall",
  utilisation: "lent out, of assets", borrow_rate: "borrowers pay, a year", supply_rate: "lenders earn, a year", supply_cap: "supply cap",
};
const RATES = ["utilisation", "borrow_rate", "supply_rate"];

function books() {
  const {pool} = state, it = seen(), rows = [];
  const row = (key, label, node, value) => {
    const cell = made("dd", {id: `book-${key}`}, node);
    if (key in last && last[key] !== value && Number.isFinite(Number(value))) cell.className = Number(value) > Number(last[key]) ? "up" : "down";
    last[key] = value;
    rows.push(made("dt", {textContent: label}), cell);
  };
  for (const [key, label] of Object.entries(LABELS)) {
    if (pool[key] === null) continue;
    const node = RATES.includes(key) ? made("data", {value: pool[key], title: pool[key], textContent: part(Number(pool[key]))}) : shown(pool[key], loan());
    row(key, label, node, pool[key]);
  }
  for (const [key, label] of [["limit", "limit"], ["drawn", "drawn"], ["headroom", "may still draw"], ["losses", "lost so far"]]) row(`line-${key}`, `${it.name}: ${label}`, shown(it.line[key], loan()), it.line[key]);
  row("pace", "pace of a line", made("span", {textContent: pool.pace ? `${part(Number(pool.pace.burst))} at once, again after ${plain(pool.pace.refill / 3600)} hours` : "none"}), "");
  for (const leg of it.legs) row(`price-${leg.name}`, `oracle of ${leg.symbol}`, leg.price === null ? made("span", {textContent: "silent"}) : made("span", {}, shown(leg.price, loan()), leg.age === null ? "" : `, ${plain(leg.age)} s old`), leg.price);
  if (pool.paused_until) row("paused", "paused until", made("span", {textContent: time(pool.paused_until)}), "");
  if (pool.queued) row("queued", `queued for ${pool.queued.subject}`, made("span", {textContent: `${pool.queued.limit ?? "a guardian"}, from ${time(pool.queued.ready)}`}), "");
  at("figures").replaceChildren(...rows);

  const layers = [["reserve", "reserve", pool.reserve], ["backstop", "backstop", pool.backstop], ["lenders", "lenders", pool.assets]];
  const most = Math.max(...layers.map(each => Math.sqrt(Number(each[2]))), 1);
  const bars = layers.flatMap(([key, label, holds]) => {
    const lost = fall ? Number(fall[key]) : 0, bar = made("i", {className: lost > 0 ? "lost" : ""});
    bar.style.width = `${Math.max(1, 100 * Math.sqrt(Number(holds)) / most)}%`;
    return [made("span", {textContent: label}), bar, made("span", {}, shown(holds, loan()), lost > 0 ? made("b", {textContent: `  bore ${plain(lost, 8)}`}) : "")];
  });
  const said = fall ? "The last loss ran down this waterfall." : "A loss would run down this waterfall: the reserve first, then the backstop's stake, then all lenders alike.";
  at("waterfall").replaceChildren(made("div", {className: "fall"}, made("p", {className: "hint", textContent: said}), ...bars));
}

// ------------------------------------------------------------------------------------------------------ log

const spell = value => (value === null ? "–" : typeof value === "object" ? (Array.isArray(value) ? `[${value.map(spell).join(", ")}]` : Object.entries(value).map(([key, text]) => `${key} ${spell(text)}`).join(", ")) : String(value));

function enter(title, done) {
  entered += 1;
  const list = done.transactions.map(it => made("details", {},
    made("summary", {textContent: `${it.sender} → ${it.contract}.${it.function}(${it.arguments.map(spell).join(", ")})`}),
    it.hash ? made("p", {className: "faint", textContent: it.hash}) : null,
    made("ul", {}, ...it.events.map(event => made("li", {textContent: `${event.contract}: ${event.name} ${spell(event.arguments)}`}))),
  ));
  const changes = done.changed.map(each => made("li", {textContent: `${LABELS[each.name] ?? each.name}: ${spell(each.before)} → ${spell(each.after)}`}));
  at("entries").prepend(made("details", {open: entered === 1}, made("summary", {textContent: `${title}, ${many(done.transactions.length, "transaction")}`}),
    ...list, changes.length ? made("details", {}, made("summary", {textContent: "what changed in the books"}), made("ul", {}, ...changes)) : null));
  while (at("entries").childElementCount > MOST_ENTRIES) at("entries").lastElementChild.remove();
}

// ----------------------------------------------------------------------------------------------------- tour

const PASSING = {price: "The price changes", keepers: "Keepers close what they can", silence: "The oracle falls silent, or speaks again", advance: "Time passes"};
let steps = null;
async function tour(number) {
  try {
    stopRun();
    steps ??= await request("steps");
    at("tour").hidden = false;
    const {acts: done} = await request("tour", {step: number});
    afresh();
    spoke = "vault weth";
    for (const each of done) {
      enter(PASSING[each.name] ?? ACTS[each.name][0], each);
      noteCloses(each);
    }
    at("who").value = "you";
    draw(); fields(); look();
    const step = steps[number - 1];
    at("tour-title").textContent = `${number}. ${step.title}`;
    at("tour-happens").textContent = step.happens;
    at("tour-look").textContent = step.look;
    for (const each of document.querySelectorAll("main section")) each.classList.toggle("lit", each.id === step.part);
    at(step.part).scrollIntoView({block: "nearest"});
    at("tour").scrollIntoView({block: "nearest"});
    at("tour-title").focus();
    at("tour-back").disabled = number === 1;
    at("tour-on").disabled = number === steps.length;
    at("tour-back").onclick = () => { location.hash = `tour=${number - 1}`; };
    at("tour-on").onclick = () => { location.hash = `tour=${number + 1}`; };
    at("tour-steps").replaceChildren(...steps.map((each, i) => {
      const made_ = made("a", {href: `#tour=${i + 1}`, textContent: `${i + 1} ${each.title}`});
      if (i + 1 === number) made_.setAttribute("aria-current", "step");
      return made("li", {}, made_);
    }));
  } catch (error) { at("tour").hidden = true; tell(error.message, false); }
}
function endTour() {
  at("tour").hidden = true;
  for (const each of document.querySelectorAll("main section")) each.classList.remove("lit");
  if (location.hash) history.replaceState(null, "", "/");
}
const linked = () => Number(/^#tour=(\d)$/.exec(location.hash)?.[1] ?? 0);
addEventListener("hashchange", () => linked() && tour(linked()));
at("tour-open").addEventListener("click", () => { if (linked() === 1) tour(1); else location.hash = "tour=1"; });
at("tour-end").addEventListener("click", async () => { endTour(); at("over").click(); });

// ----------------------------------------------------------------------------------------------------- page

// The buttons stay, so that the one that was pressed keeps the focus.
function drawSpokes() {
  const names = state.spokes.map(each => each.name), box = at("spokes");
  if (names.join("\n") !== [...box.children].map(each => each.textContent).join("\n")) {
    box.replaceChildren(...names.map(textContent => made("button", {
      type: "button", textContent, onclick: () => { stopRun(); noGhost(); spoke = textContent; draw(); fields(); look(); },
    })));
  }
  for (const each of box.children) each.setAttribute("aria-pressed", each.textContent === spoke);
}

function draw() {
  const it = seen(), price = priceOf(it), {chain} = state;
  drawn = performance.now();
  spoke = it.name;
  at("where").textContent = `${chain.network ?? `a chain of this page's own on ${chain.client}`}, ${time(chain.now)} UTC${chain.is_read_only ? ", read only" : ""}`;
  drawSpokes();
  for (const each of document.querySelectorAll(".for-play")) each.hidden = chain.is_live;
  for (const id of ["tour-open", "over"]) at(id).hidden = !chain.is_own;
  at("form").hidden = chain.is_read_only;
  const who = at("who");
  for (const name of state.people) if (![...who.options].some(each => each.value === name)) who.add(new Option(name, name));
  at("alerts").hidden = !state.alerts.length;
  at("alert-list").replaceChildren(...state.alerts.map(textContent => made("li", {textContent})));
  drawWater();
  books();
  if (!moving && !running) {
    const {collateral} = it.positions, of = new Map(it.positions.owner.map((owner, i) => [owner, collateral[i]]));
    everyone.update(positionsOf(it, price).map(each => ({...each, held: of.get(each.id).map((text, i) => `${plain(Number(text))} ${it.legs[i].symbol}`).join(", ")})));
    if (!it.positions.debt.some(Number)) everyone.element.caption.textContent = `Nobody owes anything here${chain.is_own ? "; Start over brings borrowers" : ""}`;
  }
}

const request = link({
  onstate(told) {
    const isFirst = state === null;
    state = told;
    if (!moving || performance.now() - drawn > REST) draw();
    if (!isFirst) { soon(); lookSoon(); return; }
    fields(); look();
    request("paths").then(found => at("path").replaceChildren(...found.map(each => new Option(each.title, each.name))), () => {});
    if (linked()) tour(linked());
    else request("closes").then(found => noteCloses({closes: found, loss: null}), () => {});
  },
  ongone(words) {
    at("gone").hidden = words === null;
    if (words === null) return;
    at("gone").textContent = words;
    if (state?.chain.is_own && words.startsWith("The chain")) at("gone").append(" ", made("button", {type: "button", textContent: "Start a new one", onclick: () => at("over").click()}));
  },
  onask: transaction => new Promise(resolve => {
    at("sign-what").textContent = `${transaction.sender} → ${transaction.contract}.${transaction.function}(${transaction.arguments.map(spell).join(", ")})`;
    const answer = yes => { at("sign").close(); resolve(yes); };
    at("sign-yes").onclick = () => answer(true);
    at("sign-no").onclick = () => answer(false);
    at("sign").oncancel = () => resolve(false);
    at("sign").showModal();
  }),
});

at("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
