// The same strokes on a canvas or as SVG: a figure draws itself once, for the screen, for a file and for print.
const FONT = "12px system-ui, 'DejaVu Sans', sans-serif";

const ruler = document.createElement("canvas").getContext("2d");
// Pixels that a text takes.
export function wideAs(text, bold) {
  ruler.font = bold ? `600 ${FONT}` : FONT;
  return ruler.measureText(text).width;
}

// On the context of a canvas, in CSS pixels.
export function canvasPen(context) {
  context.font = FONT;
  const style = ({fill, stroke, width = 1, dash = [], opacity = 1}) => {
    context.globalAlpha = opacity;
    if (fill) { context.fillStyle = fill; context.fill(); }
    if (stroke) { context.strokeStyle = stroke; context.lineWidth = width; context.setLineDash(dash); context.stroke(); }
    context.globalAlpha = 1;
  };
  return {
    rect(x, y, width, height, look) { // filled, without a path, which takes half as long
      context.globalAlpha = look.opacity ?? 1;
      context.fillStyle = look.fill;
      context.fillRect(x, y, width, height);
      context.globalAlpha = 1;
    },
    circle(x, y, radius, look) { context.beginPath(); context.arc(x, y, radius, 0, 7); style(look); },
    path(points, look) {
      context.beginPath();
      points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      style(look);
    },
    text(x, y, text, {fill, align = "start", bold, halo}) {
      context.font = bold ? `600 ${FONT}` : FONT;
      context.textAlign = align; context.textBaseline = "middle"; context.fillStyle = fill;
      if (halo) { context.strokeStyle = halo; context.lineWidth = 4; context.lineJoin = "round"; context.setLineDash([]); context.strokeText(text, x, y); }
      context.fillText(text, x, y);
    },
  };
}

const escaped = text => String(text).replace(/[&<>"']/g, mark => `&#${mark.charCodeAt(0)};`);
const short = number => +number.toFixed(2);

// Gathers SVG; `svg` answers the text of a file of that size.
export function svgPen() {
  const parts = [];
  const style = ({fill = "none", stroke, width = 1, dash, opacity = 1}) =>
    `fill="${fill}"${stroke ? ` stroke="${stroke}" stroke-width="${width}"` : ""}` +
    `${dash ? ` stroke-dasharray="${dash.join(" ")}"` : ""}${opacity < 1 ? ` opacity="${opacity}"` : ""}`;
  return {
    rect(x, y, width, height, look) {
      parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${style(look)}/>`);
    },
    circle(x, y, radius, look) { parts.push(`<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" ${style(look)}/>`); },
    path(points, look) {
      const way = points.map(([x, y], i) => `${i ? "L" : "M"}${short(x)} ${short(y)}`).join("");
      if (way) parts.push(`<path d="${way}" ${style(look)}/>`);
    },
    text(x, y, text, {fill, align = "start", bold, halo}) {
      const anchor = {start: "start", end: "end", center: "middle"}[align];
      parts.push(`<text x="${short(x)}" y="${short(y)}" dy=".35em" fill="${fill}" text-anchor="${anchor}"` +
        `${bold ? ' font-weight="600"' : ""}${halo ? ` stroke="${halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"` : ""}>${escaped(text)}</text>`);
    },
    svg(width, height, title, paper) {
      return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
        `role="img" aria-label="${escaped(title)}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">` +
        `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="${paper}"/>${parts.join("")}</svg>`;
    },
  };
}
