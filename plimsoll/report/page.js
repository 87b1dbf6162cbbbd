// What every report does besides its own: tables sort, figures can be taken away, the page is light or dark.
import {colour, isDark, setTheme} from "plimsoll/theme";
import {csv, downloads, printed, save} from "plimsoll/figure";
import {sortable} from "plimsoll/table";

// The JSON that stands in the page under a name; null where there is none.
export function embedded(name) {
  const found = document.getElementById(name);
  return found ? JSON.parse(found.textContent) : null;
}

// Base 64 of a compressed text as a blob.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), each => each.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
}

// A picture of the page as a file: with the colours that it has here, and a size of its own.
function standalone(svg) {
  const copy = svg.cloneNode(true), [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.style.background = colour("paper");
  return copy.outerHTML.replace(/var\(--([\w-]+)\)/g, (_, name) => colour(name));
}

// A figure with its title and its files; `make` draws into the element that it is given, and answers `svg` and `data`.
export function figure(root, title, make) {
  const box = document.createElement("figure"), head = document.createElement("header"), said = document.createElement("h3");
  said.textContent = title;
  head.append(said);
  box.append(head);
  root.append(box);
  const made = make(box);
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  downloads(head, {name, svg: made.svg, data: () => csv(made.data())});
  printed(box, made.svg);
  return made;
}

// What is wider than its place can be scrolled with the keyboard, and is called as the heading before it; buttons in it
// are enough for that.
const wide = new ResizeObserver(entries => entries.forEach(({target}) => {
  if (target.scrollWidth <= target.clientWidth || target.querySelector("button")) { for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name); return; }
  const before = [...document.querySelectorAll("h1, h2, h3")].findLast(each => each.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING);
  target.tabIndex = 0;
  target.setAttribute("role", "group");
  target.setAttribute("aria-label", before.textContent);
}));

// What every report does.
export function begin() {
  document.querySelectorAll("table.sorted").forEach(sortable);
  const tables = embedded("tables") ?? {};
  document.querySelectorAll("figure[id]").forEach(figure => {
    const svg = figure.querySelector(".picture svg");
    const box = downloads(figure, {name: figure.id, svg: () => standalone(svg)});
    figure.querySelectorAll("[data-table]").forEach(({dataset: {table}}) => {
      if (!tables[table]) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${table}.csv`;
      button.addEventListener("click", async () => save(`${table}.csv`, await unpacked(tables[table])));
      box.append(button);
    });
  });
  document.querySelectorAll(".scroll, .wide, .picture, pre").forEach(each => wide.observe(each));
  const button = document.getElementById("theme");
  const label = () => { button.textContent = isDark() ? "light" : "dark"; button.setAttribute("aria-label", `${button.textContent} colours`); };
  button.hidden = false;
  button.addEventListener("click", () => { setTheme(isDark() ? "light" : "dark"); label(); });
  label();
}
