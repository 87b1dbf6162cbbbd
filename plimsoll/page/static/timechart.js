// A chart over time: lines, steps, stacked areas and marks, with a legend that hides each. Hover shows values, drawing
// a stretch with the pointer zooms into it, a double click goes back. Charts of one group do so together. Drawn by uPlot.
import {svgPen} from "plimsoll/pen";
import {brief, plain, tick, time} from "plimsoll/numbers";
import {colour, onTheme} from "plimsoll/theme";

const {uPlot} = globalThis;
const AXIS = 58, FOOT = 30, UNSEEN = 720; // pixels; the last is the width of a drawing that the page does not show
const groups = new Map(); // charts by the name of their group

// Draws into `root`.
//   title: read aloud; unit: of the values; times: seconds since 1970, rising
//   series: [{name, values, colour, kind, dash, opacity, sizes}]; `kind` is line, step, area (to 0), stack (upon the
//     stacks before it) or marks; `values` has null where there is none; `colour` is a variable's name
//   low, high: of the axis, else fitted; log: whether it is logarithmic; format: a value as text
//   shaded: [[from, to, what]], stretches of time; group: name; onmoment: called with the seconds that are clicked
// Answers {update, at, zoom, svg, data, destroy}.
export function timechart(root, {
  title, unit = "", times, series, low = null, high = null, log = false, height = 220, format = plain, axis = brief,
  shaded = [], group, onmoment,
}) {
  const plot = document.createElement("div"), legend = document.createElement("div"), when = document.createElement("span");
  plot.className = "plot timechart";
  plot.setAttribute("role", "img");
  legend.className = "legend";
  legend.append(when);
  root.append(legend, plot);
  const shown = series.map(() => true), values = series.map(each => each.values);
  let moment = null, chart = null, width = 0, dead = false;

  // As drawn: stacks upon each other, what is hidden left out.
  function stacked() {
    let below = null;
    return series.map((each, i) => {
      if (each.kind !== "stack" || !shown[i]) return values[i];
      below = values[i].map((value, j) => (value ?? 0) + (below ? below[j] : 0));
      return below;
    });
  }
  // The series under a stack, or -1.
  const under = i => { for (let j = i - 1; j >= 0; j -= 1) if (series[j].kind === "stack" && shown[j]) return j; return -1; };
  const faded = (name, opacity) => colour(name).replace(/rgba?\(([^)]*)\)/, (_, inside) => `rgba(${inside.split(",").slice(0, 3).join(",")}, ${opacity})`);
  const isFilled = each => each.kind === "area" || each.kind === "stack";

  function look(each, i) {
    const common = {
      label: each.name, show: shown[i], stroke: () => colour(each.colour), width: each.width ?? (each.kind === "stack" ? 1 : 1.6), dash: each.dash,
      points: {show: false},
    };
    if (each.kind === "marks") return {...common, width: 0, paths: () => null, points: {show: (u, k) => { marks(u, k, each); return false; }}};
    if (each.kind === "step") return {...common, paths: uPlot.paths.stepped({align: 1})};
    return isFilled(each) && under(i) < 0 ? {...common, fill: () => faded(each.colour, each.opacity ?? 0.35), fillTo: () => 0} : common;
  }
  const size = (each, j) => (each.sizes ? 2.5 + 8 * Math.sqrt(each.sizes[j] / each.most) : 3.5);
  for (const each of series) if (each.sizes) each.most = Math.max(...each.sizes.filter(Boolean), 1e-9);
  function marks(u, k, each) {
    const dense = devicePixelRatio || 1;
    u.ctx.save();
    u.ctx.fillStyle = faded(each.colour, 0.55);
    u.data[k].forEach((value, j) => {
      if (value === null || value === undefined || u.data[0][j] < u.scales.x.min || u.data[0][j] > u.scales.x.max) return;
      u.ctx.beginPath();
      u.ctx.arc(u.valToPos(u.data[0][j], "x", true), u.valToPos(value, "y", true), size(each, j) * dense, 0, 7);
      u.ctx.fill();
    });
    u.ctx.restore();
  }

  const buttons = series.map((each, i) => {
    const button = document.createElement("button"), swatch = document.createElement("i"), value = document.createElement("b");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    swatch.style.background = `var(--${each.colour})`;
    button.append(swatch, each.name, value);
    button.addEventListener("click", () => {
      shown[i] = !shown[i];
      button.setAttribute("aria-pressed", shown[i]);
      make();
    });
    legend.append(button);
    return value;
  });
  // Values at a place in the data, in the legend.
  function tell(j) {
    const known = j !== null && j !== undefined;
    buttons.forEach((value, i) => {
      value.textContent = known && series[i].kind !== "marks" && values[i][j] !== null && values[i][j] !== undefined ? format(values[i][j]) : "";
    });
    when.textContent = known ? time(times[j]) : "";
  }
  // The last place in the data at or before a moment.
  function place(seconds) {
    if (seconds === null) return null;
    let [from, to] = [0, times.length];
    while (to - from > 1) { const middle = (from + to) >> 1; if (times[middle] <= seconds) from = middle; else to = middle; }
    return from;
  }

  function make() {
    if (dead || !width) return;
    const kept = chart && {min: chart.scales.x.min, max: chart.scales.x.max};
    chart?.destroy();
    const data = [times, ...stacked()];
    const bounds = (u, least, most) => {
      const [from, to] = [low ?? least ?? 0, high ?? most ?? 1];
      if (log) return uPlot.rangeLog(from, to, 10, false);
      if (from === to) return to < 0 ? [2 * to, 0] : [0, 2 * to || 1]; // all the same
      const room = (to - from) * 0.06;
      return [low ?? (from >= 0 && from < room * 4 ? 0 : from - room), high ?? to + room];
    };
    const lines = {stroke: () => colour("faint"), font: "12px system-ui, sans-serif", grid: {stroke: () => colour("line"), width: 1}, ticks: {show: false}};
    chart = new uPlot({
      width, height, legend: {show: false}, tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        sync: group ? {key: group, scales: ["x", null]} : undefined, drag: {x: true, y: false, dist: 6}, y: false,
        points: {size: 7, show: true}, bind: {dblclick: () => () => { zoom(null, null); return null; }},
      },
      scales: {x: kept ? {min: kept.min, max: kept.max} : {}, y: {range: bounds, distr: log ? 3 : 1}},
      series: [{}, ...series.map(look)],
      bands: series.flatMap((each, i) => (each.kind === "stack" && shown[i] && under(i) >= 0
        ? [{series: [i + 1, under(i) + 1], fill: () => faded(each.colour, each.opacity ?? 0.35)}] : [])),
      axes: [
        {...lines, size: FOOT, gap: 8, values: (u, splits) => splits.map(tick), space: 70},
        {...lines, size: AXIS, values: (u, splits) => splits.map(each => (each === null ? "" : axis(each))), space: 34},
      ],
      hooks: {
        setCursor: [u => tell(u.cursor.left >= 0 ? u.cursor.idx : place(moment))],
        setSelect: [u => u.select.width > 0 && zoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"))],
        drawClear: [u => shaded.forEach(([from, to]) => {
          const [left, right] = [from, to].map(each => Math.min(Math.max(u.valToPos(each, "x", true), u.bbox.left), u.bbox.left + u.bbox.width));
          u.ctx.fillStyle = faded("faint", 0.14);
          u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
        })],
        draw: [u => {
          if (moment === null || moment < u.scales.x.min || moment > u.scales.x.max) return;
          const x = u.valToPos(moment, "x", true), dense = devicePixelRatio || 1;
          u.ctx.save();
          u.ctx.strokeStyle = colour("ink");
          u.ctx.lineWidth = 1.5 * dense;
          u.ctx.setLineDash([]);
          u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke();
          u.ctx.restore();
        }],
      },
    }, data, plot);
    if (onmoment) {
      let began = 0;
      chart.over.addEventListener("pointerdown", event => { began = event.clientX; });
      chart.over.addEventListener("click", event => {
        if (Math.abs(event.clientX - began) < 5) onmoment(chart.posToVal(event.clientX - chart.over.getBoundingClientRect().left, "x"));
      });
    }
    tell(place(moment));
  }

  const mates = () => (group ? groups.get(group) : [self]);
  const own = (from, to) => chart?.setScale("x", {min: from ?? times[0], max: to ?? times.at(-1)});
  function zoom(from, to) { mates().forEach(each => each.own(from, to)); }
  plot.setAttribute("aria-label", `${title}${unit ? `, ${unit}` : ""}; from ${time(times[0])} to ${time(times.at(-1))}`);

  function fit(wide) {
    if (!wide || wide === width) return;
    width = wide;
    if (chart) chart.setSize({width, height}); else make();
  }
  const seen = new ResizeObserver(([entry]) => fit(Math.round(entry.contentRect.width)));
  seen.observe(plot);
  const deaf = onTheme(() => chart?.redraw(false));

  function draw(pen) {
    if (!chart) fit(plot.clientWidth || UNSEEN); // nobody has seen it yet
    chart.batch(() => {}); // what uPlot puts off until the script rests
    const {min, max} = chart.scales.x, dense = devicePixelRatio || 1;
    const x = value => chart.valToPos(value, "x", true) / dense, y = value => chart.valToPos(value, "y", true) / dense;
    const [left, top, right, bottom] = [chart.bbox.left, chart.bbox.top, chart.bbox.left + chart.bbox.width, chart.bbox.top + chart.bbox.height].map(each => each / dense);
    pen.text(8, top - 10, `${title}${unit ? `, ${unit}` : ""}`, {fill: colour("ink"), bold: true});
    for (const [from, to] of shaded) {
      const [a, b] = [from, to].map(each => x(Math.min(Math.max(each, min), max)));
      pen.rect(a, top, b - a, bottom - top, {fill: colour("faint"), opacity: 0.14});
    }
    for (const value of chart.axes[1]._splits ?? []) {
      if (value === null || y(value) < top || y(value) > bottom) continue;
      pen.path([[left, y(value)], [right, y(value)]], {stroke: colour("line")});
      pen.text(left - 8, y(value), axis(value), {fill: colour("faint"), align: "end"});
    }
    for (const value of chart.axes[0]._splits ?? []) pen.text(x(value), bottom + 18, tick(value), {fill: colour("faint"), align: "center"});
    const data = chart.data;
    const inside = data[0].map((each, j) => j).filter(j => data[0][j] >= min && data[0][j] <= max);
    const bounded = value => y(Math.min(Math.max(value, chart.scales.y.min), chart.scales.y.max));
    const runs = row => inside.reduce((found, j) => {
      if (row[j] === null || row[j] === undefined) found.push([]); else found.at(-1).push(j);
      return found;
    }, [[]]).filter(each => each.length);
    series.forEach((each, i) => {
      if (!shown[i]) return;
      const row = data[i + 1], stroke = colour(each.colour);
      if (each.kind === "marks") {
        inside.forEach(j => row[j] !== null && row[j] !== undefined && pen.circle(x(data[0][j]), y(row[j]), size(each, j), {fill: stroke, opacity: 0.55}));
        return;
      }
      for (const run of runs(row)) {
        const points = run.flatMap((j, k) => (each.kind === "step" && k ? [[x(data[0][j]), bounded(row[run[k - 1]])], [x(data[0][j]), bounded(row[j])]] : [[x(data[0][j]), bounded(row[j])]]));
        if (isFilled(each)) {
          const base = under(i) < 0 ? null : data[under(i) + 1];
          const back = run.toReversed().map(j => [x(data[0][j]), bounded(base ? base[j] : 0)]);
          pen.path([...points, ...back], {fill: stroke, opacity: each.opacity ?? 0.35});
        }
        pen.path(points, {stroke, width: each.width ?? 1.6, dash: each.dash});
      }
    });
    if (moment !== null && moment >= min && moment <= max) pen.path([[x(moment), top], [x(moment), bottom]], {stroke: colour("ink"), width: 1.5});
    let across = left, row = 0;
    series.forEach((each, i) => {
      if (!shown[i]) return;
      const room = 24 + 7 * each.name.length;
      if (across > left && across + room > right) { across = left; row += 1; }
      pen.rect(across, height + 2 + 18 * row, 10, 10, {fill: colour(each.colour)});
      pen.text(across + 15, height + 7 + 18 * row, each.name, {fill: colour("ink")});
      across += room;
    });
    return 18 * row; // what the legend takes more than a line
  }

  const self = {
    own,
    // Other data of the same series; answers nothing.
    update(changed) {
      times = changed.times ?? times;
      changed.values?.forEach((row, i) => { values[i] = row; });
      if (chart) chart.setData([times, ...stacked()]);
      tell(place(moment));
    },
    // Marks a moment, in seconds; null takes the mark away.
    at(seconds) { moment = seconds; chart?.redraw(false); tell(place(moment)); },
    zoom,
    svg() {
      const pen = svgPen();
      const more = draw(pen);
      return pen.svg(width, height + 20 + more, title, colour("paper"));
    },
    data: () => [["time (UTC)", ...series.map(each => each.name)], ...times.map((seconds, j) => [new Date(seconds * 1000).toISOString(), ...values.map(row => row[j])])],
    destroy() { dead = true; seen.disconnect(); deaf(); chart?.destroy(); plot.remove(); legend.remove(); if (group) groups.get(group).delete(self); },
  };
  if (group) groups.set(group, (groups.get(group) ?? new Set()).add(self));
  return self;
}
