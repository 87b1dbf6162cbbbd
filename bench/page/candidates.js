// How each library draws positions: x by liquidation price, y by number, size by debt, colour by health at a price.
// `begin` makes the picture and answers a function that draws it for another price.
const WIDTH = 1200, HEIGHT = 500, RADIUS = 1.5, BANDS = ["#b2182b", "#ef8a62", "#fddbc7", "#67a9cf", "#2166ac"];
const LIMITS = [1, 1.05, 1.2, 1.5];
const positions = n => Array.from({length: n}, (_, i) => {
  const part = ((i * 7919) % n) / n, turn = ((i * 104729) % n) / n;
  return {price: 1000 + 1000 * part, y: i / n, debt: 1 + 40 * turn ** 4};
});
const band = (position, price) => {
  const health = price / position.price;
  return LIMITS.reduce((count, limit) => count + (health >= limit), 0);
};
const x = position => (position.price - 1000) / 1000 * WIDTH, y = position => position.y * HEIGHT;
const radius = position => RADIUS * Math.sqrt(position.debt);
const box = root => { root.style = `width:${WIDTH}px;height:${HEIGHT}px`; return root; };
const canvas = root => {
  const made = document.createElement("canvas");
  made.width = WIDTH; made.height = HEIGHT;
  box(root).append(made);
  return made.getContext("2d");
};
const SVG = "http://www.w3.org/2000/svg";

// An arc a fill: one path for all of a colour takes twice as long, pictures of discs three times.
function paint(context, all, price, across, down) {
  for (const each of all) {
    context.fillStyle = BANDS[band(each, price)];
    context.beginPath();
    context.arc(across(each), down(each), radius(each), 0, 7);
    context.fill();
  }
}

const CANDIDATES = {
  canvas(root, all) {
    const context = canvas(root);
    return price => { context.clearRect(0, 0, WIDTH, HEIGHT); paint(context, all, price, x, y); };
  },
  uplot(root, all) {
    let now = 0;
    const data = [null, [all.map(each => each.price), all.map(each => each.y)]];
    const chart = new uPlot({
      mode: 2, width: WIDTH, height: HEIGHT, legend: {show: false}, cursor: {show: false},
      scales: {x: {time: false, range: [1000, 2000]}, y: {range: [0, 1]}},
      series: [{}, {paths: u => { paint(u.ctx, all, now, each => u.valToPos(each.price, "x", true), each => u.valToPos(each.y, "y", true)); return null; }}],
    }, data, box(root));
    return price => { now = price; chart.redraw(false); };
  },
  async waterline(root, all) {
    const {waterline} = await import("plimsoll/waterline");
    box(root);
    const line = waterline(root, {label: "WETH", unit: "USDC", height: HEIGHT});
    line.update({positions: all.map((each, id) => ({...each, id, name: `${id}`})), price: 2000, low: 1000, high: 2000});
    return price => line.update({price});
  },
  echarts(root, all) { return echartsWith("canvas", root, all); },
  "echarts-svg"(root, all) { return echartsWith("svg", root, all); },
  plotly(root, all) {
    const trace = {type: "scattergl", mode: "markers", x: all.map(each => each.price), y: all.map(each => each.y),
      marker: {size: all.map(each => 2 * radius(each)), line: {width: 0}, color: all.map(each => BANDS[band(each, 2000)])}};
    const made = Plotly.newPlot(box(root), [trace], {width: WIDTH, height: HEIGHT}, {staticPlot: true});
    return async price => { await made; return Plotly.restyle(root, {"marker.color": [all.map(each => BANDS[band(each, price)])]}); };
  },
  plot(root, all) {
    box(root);
    return price => root.replaceChildren(Plot.plot({
      width: WIDTH, height: HEIGHT, r: {type: "identity"},
      marks: [Plot.dot(all, {x: "price", y: "y", r: radius, fill: each => BANDS[band(each, price)]})],
    }));
  },
  d3(root, all) {
    const circles = d3.select(box(root)).append("svg").attr("width", WIDTH).attr("height", HEIGHT).selectAll("circle").data(all)
      .join("circle").attr("cx", x).attr("cy", y).attr("r", radius);
    return price => circles.attr("fill", each => BANDS[band(each, price)]);
  },
  async pixi(root, all) {
    const app = new PIXI.Application();
    await app.init({width: WIDTH, height: HEIGHT, background: "#fff", autoStart: false});
    box(root).append(app.canvas);
    const texture = app.renderer.generateTexture(new PIXI.Graphics().circle(0, 0, 16).fill("#fff"));
    const sprites = all.map(each => {
      const sprite = new PIXI.Sprite({texture, anchor: 0.5, x: x(each), y: y(each)});
      sprite.width = sprite.height = 2 * radius(each);
      app.stage.addChild(sprite);
      return sprite;
    });
    return price => { sprites.forEach((sprite, i) => { sprite.tint = BANDS[band(all[i], price)]; }); app.render(); };
  },
  preact(root, all) {
    const {h, render} = htmPreact;
    box(root);
    return price => render(h("svg", {width: WIDTH, height: HEIGHT},
      all.map(each => h("circle", {cx: x(each), cy: y(each), r: radius(each), fill: BANDS[band(each, price)]}))), root);
  },
  alpine(root, all) {
    const scene = Alpine.reactive({price: 2000});
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("width", WIDTH); svg.setAttribute("height", HEIGHT);
    all.forEach(each => {
      const circle = document.createElementNS(SVG, "circle");
      circle.setAttribute("cx", x(each)); circle.setAttribute("cy", y(each)); circle.setAttribute("r", radius(each));
      Alpine.effect(() => circle.setAttribute("fill", BANDS[band(each, scene.price)]));
      svg.append(circle);
    });
    box(root).append(svg);
    return async price => { scene.price = price; await Alpine.nextTick(); };
  },
};

function echartsWith(renderer, root, all) {
  const chart = echarts.init(box(root), null, {renderer});
  chart.setOption({
    animation: false, xAxis: {min: 1000, max: 2000}, yAxis: {min: 0, max: 1},
    series: [{type: "scatter", symbolSize: value => 2 * RADIUS * Math.sqrt(value[2])}],
  });
  return price => {
    const data = all.map(each => ({value: [each.price, each.y, each.debt], itemStyle: {color: BANDS[band(each, price)]}}));
    chart.setOption({series: [{data}]});
    chart.getZr().flush();
  };
}

// Frames in which the price goes down and up again, for some milliseconds: [frames, frames a second, milliseconds of
// script in the middle one].
async function measure(name, count, milliseconds) {
  const draw = await CANDIDATES[name](document.querySelector("main"), positions(count));
  await draw(2000);
  const spent = [];
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const start = performance.now();
  while (performance.now() - start < milliseconds) {
    const before = performance.now();
    await draw(1500 + 450 * Math.sin((before - start) / 500));
    spent.push(performance.now() - before);
    await frame();
  }
  const seconds = (performance.now() - start) / 1000;
  return [spent.length, spent.length / seconds, spent.toSorted((a, b) => a - b)[spent.length >> 1]];
}
