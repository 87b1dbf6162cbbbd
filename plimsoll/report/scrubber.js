// Any moment of a run: charts over time, the waterline, who was closed and why, who gained; all show the same one.
import {begin, embedded, figure} from "plimsoll/report";
import {brief, part, plain, time} from "plimsoll/numbers";
import {table} from "plimsoll/table";
import {bands} from "plimsoll/theme";
import {timechart} from "plimsoll/timechart";
import {waterline} from "plimsoll/waterline";

const PLAY = 30; // seconds in which the whole run is played
begin();
const run = embedded("run");
const {loan, times} = run;
const at = id => document.getElementById(id);
const short = address => (/^0x[0-9a-f]{40}$/i.test(address) ? `${address.slice(0, 8)}…${address.slice(-4)}` : address);
const state = {vault: 0, second: times.at(-1), place: times.length - 1};
let charts = [], line = null;

// The last place in some times at or before a second.
function place(all, second) {
  let from = 0, to = all.length;
  while (to - from > 1) { const middle = (from + to) >> 1; if (all[middle] <= second) from = middle; else to = middle; }
  return from;
}
const quoteOf = ({oracle, outside}, j) => oracle[j] ?? outside[j];
const isBasket = vault => vault.prices.length > 1;

// A basket has no price: that of all it held at the start, over what it was then, stands in its place.
const weights = run.vaults.map(vault => {
  const worth = vault.prices.map((each, leg) => quoteOf(each, 0) * vault.begin.reduce((sum, row) => sum + row[3 + leg], 0));
  const all = worth.reduce((sum, each) => sum + each, 0);
  return worth.map(each => (all ? each / all : 1 / worth.length));
});
function levelOf(vault, j) {
  if (!isBasket(vault)) return quoteOf(vault.prices[0], j);
  return vault.prices.reduce((sum, each, leg) => sum + weights[run.vaults.indexOf(vault)][leg] * quoteOf(each, j) / quoteOf(each, 0), 0);
}
const levelText = (vault, value) => (isBasket(vault) ? part(value) : plain(value, 5));

// Health of a debt against amounts, null where there is none, and the level below which it can be liquidated.
function stand(vault, j, debt, amounts) {
  if (!(debt > 0)) return {health: null, level: 0};
  const health = vault.prices.reduce((sum, each, leg) => sum + amounts[leg] * quoteOf(each, j) * vault.thresholds[leg], 0) / debt;
  return {health, level: health ? levelOf(vault, j) / health : Infinity};
}

function build() {
  charts.forEach(each => each.destroy());
  line?.destroy();
  at("charts").replaceChildren();
  at("line").replaceChildren();
  const vault = run.vaults[state.vault], [first] = vault.prices, many = vault.prices.length > 1;
  const common = {group: "run", onmoment: go, shaded: vault.spans.map(([what, from, to]) => [run.start + from * 3600, run.start + to * 3600, what])};
  const root = at("charts");
  const relative = rows => rows.map(each => (each === null ? null : each / rows[0]));
  const prices = many
    ? vault.prices.map(({symbol, outside}, i) => ({name: symbol, values: relative(outside), colour: `c${i % 8}`}))
    : [["outside", "c0"], ["oracle", "c1"], ["dex", "c2"], ["path", "c6"]]
      .filter(([name]) => first[name].some(each => each !== null) && (name !== "path" || first.path.some((each, j) => each !== first.outside[j])))
      .map(([name, colour]) => ({name: name === "dex" ? "DEX" : name === "path" ? "path without feedback" : name, values: first[name], colour, dash: name === "path" ? [4, 4] : undefined, kind: name === "oracle" ? "step" : "line"}));
  charts = [figure(root, many ? "Outside prices, 1 at the start" : `Price of ${first.symbol}`, box => timechart(box, {
    ...common, title: many ? "Prices over those at the start" : `Price of ${first.symbol}`, unit: many ? "" : `${loan} for 1 ${first.symbol}`, times, series: prices, height: 240,
  }))];
  if (vault.bands) {
    charts.push(figure(root, "Debt by health", box => timechart(box, {
      ...common, title: "Debt by health", unit: loan, times: vault.bands.times, format: brief, low: 0,
      series: bands.map((each, i) => ({name: each.name, values: vault.bands.debts[i], colour: each.colour, kind: "stack", opacity: 0.6})),
    })));
  } else {
    const {health} = vault, capped = rows => rows.map(each => (each === null ? null : Math.min(each, 4)));
    charts.push(figure(root, "Health factors", box => timechart(box, {
      ...common, title: "Health factors", times, format: each => plain(each, 4),
      series: [["lowest", "min", "c1"], ["5 %", "p05", "c3"], ["25 %", "p25", "c5"], ["median", "p50", "c0"]].map(([name, key, colour]) => ({name, values: capped(health[key]), colour})),
    })));
  }
  charts.push(
    figure(root, "Liquidated and lost so far", box => timechart(box, {
      ...common, title: "Debt liquidated and bad debt booked, so far", unit: loan, times, low: 0, height: 170, format: brief,
      series: [{name: "debt liquidated", values: run.closed, colour: "c0", kind: "area", opacity: 0.2}, {name: "of it paid by nobody", values: run.lost, colour: "c1", kind: "area"}],
    })),
    ...(run.gains.length ? [figure(root, "Gained from others so far", box => timechart(box, {
      ...common, title: "Gained from others, so far", unit: loan, times, height: 200, format: brief,
      series: run.gains.slice(0, 8).map((each, i) => ({name: each.party, values: each.gained, colour: `c${i}`})),
    }))] : []),
    figure(root, "Utilisation and borrow rate", box => timechart(box, {
      ...common, title: "Utilisation and borrow rate a year", times, low: 0, height: 170, format: part, axis: part,
      series: [{name: "utilisation", values: run.utilisation, colour: "c4"}, {name: "borrow rate", values: run.rate, colour: "c6"}],
    })),
  );
  const text = document.createElement("p");
  text.className = "faint";
  const words = isBasket(vault)
    ? "Each disc is a position: as low as the level of all prices, over that at the start, at which it can be liquidated"
    : "Each disc is a position: as low as the price at which it can be liquidated";
  if (vault.owners.length) {
    const levels = times.map((_, j) => levelOf(vault, j)), limits = vault.begin.map(row => stand(vault, 0, row[2], row.slice(3)).level).sort((a, b) => a - b);
    const low = Math.min(Math.min(...levels) * 0.94, limits[Math.floor(limits.length * 0.05)] * 0.97), high = Math.max(Math.max(...levels), limits.at(-1)) * 1.03;
    line = figure(at("line"), "The waterline", box => waterline(box, {
      label: isBasket(vault) ? "all prices" : first.symbol, unit: isBasket(vault) ? "of the start" : loan, debtUnit: loan, height: 520,
      format: each => levelText(vault, each), onselect: tell,
    }));
    line.update({low, high, positions: positions(vault), price: levelOf(vault, state.place)});
    text.textContent = `${words}, as large as its debt, in the colour of its health. The water rises as ${isBasket(vault) ? "prices fall" : "the price falls"}. ` +
      `${vault.owners.length < vault.allPositions ? `Shown are the ${plain(vault.owners.length)} largest of ${plain(vault.allPositions)}. ` : ""}`;
    text.append(Object.assign(document.createElement("span"), {className: "unprinted", textContent: "Click a disc, or choose a row, for what became of it."}));
  } else text.textContent = "Nobody owes anything here.";
  at("line").append(text);
  show();
}

// The positions of a vault at the moment, debts with the interest since they changed.
function positions(vault) {
  const known = new Map(vault.begin.map(row => [row[0], row]));
  for (const row of vault.changes) {
    if (row[1] > state.second) break;
    known.set(row[0], row);
  }
  return [...known.values()].map(([owner, second, owed, ...amounts]) => {
    const debt = owed * run.index[state.place] / run.index[place(times, second)], {health, level} = stand(vault, state.place, debt, amounts);
    return {id: owner, name: short(vault.owners[owner]), address: vault.owners[owner], debt, price: level, health};
  });
}

const closes = run.closes.map(([second, vault, owner, by, short_, price, debt, repaid, extinguished, fee, before, after, waited]) => ({
  second, vault, owner: short(owner), address: owner, by, debt, repaid, lost: extinguished - repaid > 1e-6 ? extinguished - repaid : 0, before, after,
  why: [
    `health ${plain(before, 4)}${price === null ? "" : ` at ${plain(price, 6)}`}`,
    waited ? `after ${span(waited * run.blockSeconds)} of waiting` : "at once",
    short_ ? `its collateral covered ${part(repaid / extinguished)} of what was closed` : after === null ? "all of it" : `back to ${plain(after, 4)}`,
  ].join(", "),
})).sort((a, b) => a.before - b.before);

function span(seconds) {
  for (const [unit, size] of [["days", 86400], ["hours", 3600], ["minutes", 60]]) if (seconds >= 2 * size) return `${plain(seconds / size, 3)} ${unit}`;
  return `${seconds} seconds`;
}

const closedTable = table(at("closed"), {
  caption: "Closed so far, worst first", limit: 25, sort: {key: "lost", descending: true}, onselect: tell, by: "owner",
  columns: [
    {name: "when (UTC)", key: "second", format: time}, {name: "borrower", key: "owner"},
    ...(run.vaults.length > 1 ? [{name: "vault", key: "vault", format: each => run.vaults[each].symbol}] : []),
    {name: "why", key: "why"}, {name: "debt before", key: "debt", unit: loan, number: true, format: each => plain(each, 6)},
    {name: "repaid", key: "repaid", unit: loan, number: true, format: each => plain(each, 6)}, {name: "paid by nobody", key: "lost", unit: loan, number: true, format: each => (each ? plain(each, 6) : "0")},
    {name: "health before", key: "before", number: true, format: each => plain(each, 4)}, {name: "after", key: "after", number: true, format: each => plain(each, 4)}, {name: "by", key: "by"},
  ],
});
const positionTable = table(at("positions"), {
  caption: "Positions at this moment, worst first", limit: 12, sort: {key: "health"}, onselect: tell, by: "name",
  columns: [
    {name: "borrower", key: "name"}, {name: "health", key: "health", number: true, format: each => plain(each, 4)},
    {name: "debt", key: "debt", unit: loan, number: true, format: each => plain(each, 6)}, {name: "liquidated below", key: "price", number: true, format: each => levelText(run.vaults[state.vault], each)},
  ],
});
const gainTable = table(at("gains"), {
  caption: "Gained from others so far", sort: {key: "gained"},
  columns: [{name: "who", key: "party"}, {name: "gained", key: "gained", unit: loan, number: true, format: each => plain(Math.round(each), 12)}],
});

// What became of one position.
function tell({address, vault = state.vault}) {
  const book = run.vaults[vault], owner = book.owners.indexOf(address), told = [];
  const limit = (second, debt, amounts) => (isBasket(book) ? "" : ` and could be liquidated below ${plain(stand(book, place(times, second), debt, amounts).level)}`);
  const begun = book.begin.find(each => each[0] === owner);
  if (begun) told.push(`At the start it owed ${plain(begun[2])} ${loan}${limit(begun[1], begun[2], begun.slice(3))}.`);
  const closed = closes.filter(each => each.address === address && each.vault === vault);
  const acts = book.changes.filter(each => each[0] === owner).map(([, second, debt, ...amounts]) => {
    const close = closed.find(each => each.second === second);
    const then = debt > 0 ? `After it, it owed ${plain(debt)} ${loan}${limit(second, debt, amounts)}.` : "No debt was left.";
    return [second, `${time(second)}: ${close ? `closed by ${close.by}, ${close.why}. ${plain(close.repaid)} ${loan} repaid${close.lost ? `, ${plain(close.lost)} paid by nobody` : ""}.` : "its owner acted."} ${then}`];
  });
  if (!acts.length) closed.forEach(close => acts.push([close.second, `${time(close.second)}: closed by ${close.by}, ${close.why}.`]));
  told.push(...acts.sort((a, b) => a[0] - b[0]).map(each => each[1]));
  if (!acts.length) told.push("Nothing happened to it.");
  const list = document.createElement("ul");
  list.append(...told.map(text => Object.assign(document.createElement("li"), {textContent: text})));
  const head = document.createElement("h3");
  head.textContent = `Position of ${address}`;
  at("story").replaceChildren(head, list);
}

function show() {
  const vault = run.vaults[state.vault], shown = positions(vault), price = levelOf(vault, state.place);
  charts.forEach(each => each.at(state.second));
  line?.update({positions: shown, price});
  positionTable.update(shown.filter(each => each.debt > 0));
  closedTable.update(closes.filter(each => each.second <= state.second));
  gainTable.update(run.gains.map(each => ({party: each.party, gained: each.gained[state.place]})));
  const silent = vault.prices.length === 1 && vault.prices[0].oracle[state.place] === null;
  const now = [
    time(times[state.place]), vault.prices.length === 1 ? `${vault.prices[0].symbol} ${plain(price, 6)} ${loan}${silent ? " outside, the oracle refuses" : ""}` : "",
    `${plain(vault.liquidatable[state.place] ?? 0)} liquidatable`, `${brief(run.closed[state.place])} liquidated`, `${brief(run.lost[state.place])} bad debt`,
    ...vault.spans.filter(([, from, to]) => state.second >= run.start + from * 3600 && state.second < run.start + to * 3600).map(each => each[0]),
  ].filter(Boolean);
  at("now").textContent = now.join(" · ");
  at("moment").value = state.place;
  at("moment").setAttribute("aria-valuetext", now.join(", "));
}

function go(second) {
  state.place = place(times, second);
  state.second = times[state.place];
  show();
}

// Where it begins: when most stood under water, else at the end.
function worst() {
  const due = run.vaults.map(vault => vault.liquidatable);
  const sums = times.map((_, j) => due.reduce((sum, each) => sum + (each[j] ?? 0), 0));
  const most = Math.max(...sums);
  return most > 0 ? sums.indexOf(most) : times.length - 1;
}

let playing = null;
function play(now) {
  const [from, began] = playing;
  const passed = (now - began) / 1000 / PLAY * (times.at(-1) - times[0]);
  go(Math.min(from + passed, times.at(-1)));
  if (state.place === times.length - 1) stop(); else if (playing) requestAnimationFrame(play);
}
function stop() { playing = null; at("play").textContent = "play"; }

at("moment").max = times.length - 1;
at("moment").addEventListener("input", event => { stop(); go(times[event.target.valueAsNumber]); });
at("play").addEventListener("click", () => {
  if (playing) { stop(); return; }
  playing = [state.place === times.length - 1 ? times[0] : state.second, performance.now()];
  at("play").textContent = "stop";
  requestAnimationFrame(play);
});
at("whole").addEventListener("click", () => charts[0].zoom(null, null));
if (run.vaults.length > 1) {
  const choice = at("vault");
  choice.append(...run.vaults.map((each, i) => new Option(each.symbol, i)));
  choice.closest("label").hidden = false;
  choice.addEventListener("change", () => { state.vault = Number(choice.value); at("story").replaceChildren(); build(); });
}
at("scrubber").hidden = false;
state.place = worst();
state.second = times[state.place];
build();
