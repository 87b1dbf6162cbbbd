// The waterline: positions by the price at which they can be liquidated, as large as their debt, in the colour of
// their health. The axis is turned round, low prices on top: as the price falls the water rises, and who is under it
// can be liquidated.
import {canvasPen, svgPen, wideAs} from "plimsoll/pen";
import {brief, plain} from "plimsoll/numbers";
import {band, bands, colour, onTheme} from "plimsoll/theme";

const LEFT = 64, RIGHT = 12, TOP = 14, BOTTOM = 14;
const GOLDEN = 0.6180339887498949; // neighbours in price stand far apart
const FIRST = 0.82; // where the first stands, and the second in the middle: both beside the words on the left
const COVER = 0.16, LARGEST = 26, SMALLEST = 1.6; // part of the picture that discs cover; radii in pixels
const HALF = 8; // of the height of a line of words, in pixels
const SPEED = 350; // milliseconds in which a disc moves to its new place
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// Round numbers between two, some `count` of them.
export function ticks(low, high, count) {
  const raw = (high - low) / count, size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(each => each * size).find(each => each >= raw);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) found.push(i * step);
  return found;
}

// Draws into `root`.
//   label: what has the price; unit: of prices; debtUnit: of debts
//   height: in pixels; format: a price as text
//   onprice: called with a price while somebody drags the line or moves it with the keyboard; without it, it is fixed
//   onselect: called with the position that is clicked
// Answers {update, svg, data, destroy}; `update({positions, price, ghost, low, high})` takes what has changed:
//   positions: [{id, name, price, debt, health, note, mark}], `price` where it can be liquidated below; one with a
//     `mark` has a ring and its name
//   price: of now, null while unknown; ghost: a second one, or null; low, high: of the axis, else fitted at first
export function waterline(root, {label, unit = "", debtUnit = "", height = 420, format = plain, onprice, onselect}) {
  const plot = document.createElement("div"), canvas = document.createElement("canvas"), tip = document.createElement("div");
  const said = document.createElement("p");
  plot.className = "plot waterline";
  canvas.setAttribute("role", "img");
  tip.className = "tip";
  tip.hidden = true;
  said.className = "unseen";
  said.setAttribute("role", "status");
  plot.append(canvas, tip);
  root.append(plot, said);
  const context = canvas.getContext("2d");
  const state = {positions: [], price: null, ghost: null, low: null, high: null};
  const places = new Map(); // of an id: across, and what is shown now
  let width = 600, scale = 1, frame = 0, hovered = null, before = 0, fitted = false;

  const down = price => TOP + (height - TOP - BOTTOM) * (price - state.low) / (state.high - state.low || 1);
  const across = place => LEFT + LARGEST + (width - LEFT - RIGHT - 2 * LARGEST) * place;
  const priceAt = y => state.low + (y - TOP) / (height - TOP - BOTTOM) * (state.high - state.low);
  const isUnder = (position, price) => price !== null && position.debt > 0 && position.price > price;
  const tally = price => {
    const under = state.positions.filter(each => isUnder(each, price));
    return {count: under.length, debt: under.reduce((sum, each) => sum + each.debt, 0)};
  };

  const handle = document.createElement("div");
  if (onprice) {
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-orientation", "vertical");
    handle.setAttribute("aria-label", `price of ${label}`);
    handle.tabIndex = 0;
    plot.append(handle);
    const move = price => onprice(Math.min(Math.max(price, state.low), state.high));
    const drag = event => move(priceAt(event.clientY - canvas.getBoundingClientRect().top));
    handle.addEventListener("pointerdown", event => { handle.setPointerCapture(event.pointerId); event.preventDefault(); handle.focus(); });
    handle.addEventListener("pointermove", event => handle.hasPointerCapture(event.pointerId) && drag(event));
    canvas.addEventListener("pointerdown", event => {
      const y = event.clientY - canvas.getBoundingClientRect().top;
      if (state.price === null || Math.abs(y - down(state.price)) > 8) return;
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    handle.addEventListener("keydown", event => {
      const step = (state.high - state.low) / 200;
      const by = {ArrowUp: -step, ArrowDown: step, ArrowLeft: -step, ArrowRight: step, PageUp: -10 * step, PageDown: 10 * step}[event.key];
      const to = {Home: state.low, End: state.high}[event.key] ?? (by === undefined ? undefined : state.price + by);
      if (to === undefined) return;
      event.preventDefault();
      move(to);
    });
  }

  function fit() {
    const prices = state.positions.filter(each => each.debt > 0).map(each => each.price).sort((a, b) => a - b);
    const known = [state.price, state.ghost].filter(each => each !== null && each !== undefined);
    const ends = [...known, ...(prices.length ? [prices[Math.floor(prices.length * 0.02)], prices.at(-1)] : [])];
    if (!ends.length) ends.push(0, 1);
    const low = Math.min(...ends), high = Math.max(...ends), room = (high - low || high || 1) * 0.08;
    state.low ??= Math.max(0, low - room);
    state.high ??= high + room;
  }

  function measure() {
    const total = state.positions.reduce((sum, each) => sum + each.debt, 0), space = width * height * COVER / Math.PI;
    scale = total ? Math.sqrt(space / total) : 1;
    state.positions.toSorted((a, b) => a.price - b.price).forEach(each => {
      if (!places.has(each.id)) places.set(each.id, {across: (FIRST + places.size * GOLDEN) % 1, shown: null});
    });
  }
  const radius = debt => (debt > 0 ? Math.min(LARGEST, Math.max(SMALLEST, scale * Math.sqrt(debt))) : 0);

  function draw(pen) {
    const ink = colour("ink"), faint = colour("faint"), line = colour("line"), halo = colour("paper"), ghost = colour("ghost");
    const surface = state.price === null ? null : down(Math.min(Math.max(state.price, state.low), state.high));
    const taken = []; // [left, top, right, bottom] of what no words may cross: marked discs, the handle, other words
    const isFree = ([left, top, right, bottom]) => left >= LEFT && right <= width && top >= 0 && bottom <= height
      && taken.every(each => right <= each[0] || left >= each[2] || bottom <= each[1] || top >= each[3]);
    // Words beside a line, above it (-1) or below (1): on its left, in the middle or on its right, else some rows away, else across it.
    function say(text, line, side, look) {
      const wide = wideAs(text, look.bold), spots = [];
      for (const way of [side, -side]) {
        for (let row = 0; row < 4; row += 1) {
          for (const part of [0, 0.5, 1]) {
            const x = LEFT + 8 + part * (width - RIGHT - LEFT - 16 - wide), y = line + way * (HALF + 5 + row * 2 * HALF);
            spots.push([x, y - HALF, x + wide, y + HALF]);
          }
        }
      }
      const spot = spots.find(isFree) ?? spots[0];
      taken.push(spot);
      pen.text(spot[0], spot[1] + HALF, text, {...look, halo});
    }
    for (const price of ticks(state.low, state.high, Math.max(3, height / 60))) {
      pen.path([[LEFT, down(price)], [width - RIGHT, down(price)]], {stroke: line});
      pen.text(LEFT - 8, down(price), format(price), {fill: faint, align: "end"});
    }
    const wave = [];
    for (let x = LEFT; x < width - RIGHT + 4; x += 4) wave.push([Math.min(x, width - RIGHT), (surface ?? 0) + 1.6 * Math.sin(x / 19)]);
    if (surface !== null) pen.path([...wave, [width - RIGHT, height - BOTTOM], [LEFT, height - BOTTOM]], {fill: colour("water")});
    const shades = new Map(bands.map(each => [each.colour, colour(each.colour)]));
    for (const each of state.positions) {
      const place = places.get(each.id);
      if (!place.shown || place.shown.radius < 0.3) continue;
      const health = each.health ?? (state.price === null ? null : state.price / each.price);
      const due = isUnder(each, state.price), ghostly = !due && state.ghost !== null && isUnder(each, state.ghost);
      const fill = shades.get((due ? bands[0] : band(health)).colour);
      const [x, y, size] = [across(place.across), down(place.shown.price), place.shown.radius], small = size < 4;
      const look = {fill, opacity: small ? 1 : 0.78, stroke: ghostly ? ghost : small ? null : fill, width: ghostly ? 2 : 1};
      if (size < 2.2 && !ghostly) pen.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8, look); // as good, and twice as fast
      else pen.circle(x, y, size, look);
    }
    for (const each of state.positions) {
      const {shown, across: place} = places.get(each.id);
      if (!each.mark || !shown || shown.radius < 0.3) continue;
      const x = across(place), y = down(shown.price), far = shown.radius + 7, wide = wideAs(each.name, true);
      const from = x + far + wide < width ? x + far : x - far - wide;
      pen.circle(x, y, shown.radius + 2, {stroke: ink, width: 2});
      pen.text(from, y, each.name, {fill: ink, bold: true, halo});
      taken.push([Math.min(from, x - far), y - Math.max(far, HALF), Math.max(from + wide, x + far), y + Math.max(far, HALF)]);
    }
    if (surface !== null) {
      pen.path(wave, {stroke: colour("price"), width: 2.5});
      if (onprice) taken.push([width - handle.offsetWidth, surface - handle.offsetHeight / 2, width, surface + handle.offsetHeight / 2]);
      const {count, debt} = tally(state.price);
      say(`${label} at ${format(state.price)} ${unit}`, surface, -1, {fill: colour("price"), bold: true});
      const loans = `${plain(count)} loan${count === 1 ? "" : "s"}`, owed = `${brief(debt)} ${debtUnit}`;
      const words = [`under water: ${loans}, ${owed} of debt`, `under water: ${loans}, ${owed}`, `${loans}, ${owed}`];
      const room = width - RIGHT - LEFT - 16, fitting = words.find(each => wideAs(each, true) <= room) ?? loans;
      say(count ? fitting : "nobody is under water", surface, 1, {fill: count ? colour("health-0") : faint, bold: count > 0});
    }
    if (state.ghost !== null && state.ghost !== undefined) {
      const y = down(Math.min(Math.max(state.ghost, state.low), state.high));
      pen.path([[LEFT, y], [width - RIGHT, y]], {stroke: ghost, width: 2, dash: [6, 5]});
      const {count, debt} = tally(state.ghost);
      say(`what if ${format(state.ghost)}: ${plain(count)}, ${brief(debt)} ${debtUnit}`, y, y < (surface ?? height) ? -1 : 1, {fill: ghost, bold: true});
    }
    if (hovered && places.get(hovered.id)?.shown) {
      const place = places.get(hovered.id);
      pen.circle(across(place.across), down(place.shown.price), place.shown.radius + 3, {stroke: ink, width: 2});
    }
  }

  // Moves what is shown towards where it is; answers whether it has arrived.
  function step(part) {
    let arrived = true;
    for (const each of state.positions) {
      const place = places.get(each.id), size = radius(each.debt);
      const price = Math.min(Math.max(each.price, state.low), state.high);
      const {shown} = place;
      if (!shown) place.shown = {price, radius: size};
      else if (Math.abs(shown.radius - size) > 0.05 || Math.abs(shown.price - price) > (state.high - state.low) / 5000) {
        shown.price += (price - shown.price) * part;
        shown.radius += (size - shown.radius) * part;
        arrived = false;
      } else { shown.price = price; shown.radius = size; }
    }
    return arrived;
  }

  function show(now) {
    frame = 0;
    const part = calm.matches ? 1 : Math.min(1, (before ? now - before : 16) / SPEED * 3);
    before = now;
    const arrived = step(part);
    const dense = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
      canvas.width = Math.round(width * dense); canvas.height = Math.round(height * dense);
      canvas.style.height = `${height}px`;
    }
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(canvasPen(context));
    if (arrived) before = 0;
    else request();
  }
  const request = () => { frame ||= requestAnimationFrame(show); };

  function describe() {
    const {count, debt} = tally(state.price), all = state.positions.filter(each => each.debt > 0).length;
    const now = state.price === null ? `no price of ${label}` : `${label} at ${format(state.price)} ${unit}`;
    const text = `${now}: ${plain(count)} of ${plain(all)} positions can be liquidated, ${brief(debt)} ${debtUnit} of debt`;
    canvas.setAttribute("aria-label", `Positions by liquidation price. ${text}`);
    if (onprice && state.price !== null) {
      for (const [name, value] of [["min", state.low], ["max", state.high], ["now", state.price]]) handle.setAttribute(`aria-value${name}`, value);
      handle.setAttribute("aria-valuetext", text);
      handle.textContent = `↕ ${format(state.price)}`;
      handle.style.top = `${down(Math.min(Math.max(state.price, state.low), state.high))}px`;
      handle.hidden = false;
    } else handle.hidden = true;
    return text;
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let found = null, least = Infinity;
    for (const each of state.positions) {
      const place = places.get(each.id);
      if (!place?.shown || each.debt <= 0) continue;
      const far = Math.hypot(across(place.across) - x, down(place.shown.price) - y) - place.shown.radius;
      if (far < 5 && far < least) { least = far; found = each; }
    }
    return found;
  }
  canvas.addEventListener("pointermove", event => {
    const found = nearest(event);
    if (found !== hovered) request();
    hovered = found;
    tip.hidden = !found;
    canvas.style.cursor = found && onselect ? "pointer" : "";
    if (!found) return;
    const health = found.health ?? (state.price === null ? null : state.price / found.price);
    tip.replaceChildren(...[
      found.name, `owes ${plain(found.debt)} ${debtUnit}`, `can be liquidated below ${format(found.price)} ${unit}`,
      `health ${plain(health, 4)}`, found.note,
    ].filter(Boolean).flatMap((text, i) => [i ? document.createElement("br") : "", text]));
    const place = places.get(found.id), x = across(place.across), y = down(place.shown.price);
    tip.style.left = x > width / 2 ? "" : `${x + 14}px`;
    tip.style.right = x > width / 2 ? `${width - x + 14}px` : "";
    tip.style.top = `${Math.min(y, height - 110)}px`;
  });
  canvas.addEventListener("pointerleave", () => { hovered = null; tip.hidden = true; request(); });
  if (onselect) canvas.addEventListener("click", event => { const found = nearest(event); if (found) onselect(found); });

  const seen = new ResizeObserver(([entry]) => { width = Math.max(240, entry.contentRect.width); measure(); describe(); request(); });
  seen.observe(plot);
  const deaf = onTheme(request);
  return {
    update(changed) {
      Object.assign(state, changed);
      if (!fitted || state.low === null || state.high === null) { fit(); fitted = state.positions.length > 0; }
      if (changed.positions) measure();
      const text = describe();
      clearTimeout(said.waiting);
      said.waiting = setTimeout(() => { said.textContent = text; }, 700); // read out once it rests
      request();
    },
    // The text of an SVG file of what is shown.
    svg() {
      const pen = svgPen();
      step(1);
      draw(pen);
      return pen.svg(width, height, `${label}: positions by liquidation price`, colour("paper"));
    },
    // The rows that are drawn, for `csv`.
    data: () => [["id", "name", "liquidation price", "debt", "health"],
      ...state.positions.map(each => [each.id, each.name, each.price, each.debt, each.health ?? state.price / each.price])],
    destroy() { seen.disconnect(); deaf(); cancelAnimationFrame(frame); plot.remove(); said.remove(); },
  };
}
