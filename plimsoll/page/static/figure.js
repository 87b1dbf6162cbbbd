// What every figure has besides itself: files to take away, and a drawing for paper.
import {setTheme} from "plimsoll/theme";

// Gives a file to whoever reads the page.
export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// An SVG's text as the blob of a PNG, twice as large.
export async function rastered(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], {type: "image/svg+xml"}));
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.naturalWidth; canvas.height = 2 * image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
}

const cell = value => {
  const text = value === null || value === undefined ? "" : String(value);
  const tame = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // no formula of a spreadsheet
  return /[",\n\r]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
};
// Rows of values as the text of a CSV file.
export const csv = rows => rows.map(row => row.map(cell).join(",") + "\r\n").join("");

// Buttons PNG, SVG and data. `svg` and `data` answer texts; without `data` there is no such button.
export function downloads(root, {name, svg, data}) {
  const box = document.createElement("div");
  box.className = "downloads";
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.setAttribute("aria-label", `${name} as ${label}`);
    made.addEventListener("click", act);
    box.append(made);
  };
  button("PNG", async () => save(`${name}.png`, await rastered(svg())));
  button("SVG", () => save(`${name}.svg`, new Blob([svg()], {type: "image/svg+xml"})));
  if (data) button("CSV", () => save(`${name}.csv`, new Blob([data()], {type: "text/csv"})));
  root.append(box);
  return box;
}

// On paper a canvas is a blur: what `svg` answers stands there in its place, in light colours.
const drawings = [];
export function printed(root, svg) {
  const place = document.createElement("div");
  place.className = "printed";
  root.append(place);
  drawings.push([place, svg]);
}
let before = "";
addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.theme ?? "";
  setTheme("light");
  for (const [place, svg] of drawings) place.innerHTML = svg(); // its texts are escaped, see pen.js
});
addEventListener("afterprint", () => {
  setTheme(before);
  for (const [place] of drawings) place.replaceChildren();
});
