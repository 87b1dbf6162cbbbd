// Tables whose heads sort: one that is there, or one of rows that change.

const compare = (a, b) => (a === b ? 0 : a === null || a === undefined ? -1 : b === null || b === undefined ? 1 : a < b ? -1 : 1);

// Makes a button of each head of a row; `sort` is called with the number of the column and 1 or -1.
function heads(row, sort) {
  [...row.cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...[...head.childNodes].filter(each => each.className !== "unit"));
    head.prepend(button);
    button.addEventListener("click", () => {
      const turn = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      mark(row, column, turn);
      sort(column, turn);
    });
  });
}

function mark(row, column, turn) {
  [...row.cells].forEach(each => each.removeAttribute("aria-sort"));
  row.cells[column].setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
}

// A click on a column's head sorts the rows of a table of the page; the next one turns them round.
export function sortable(table) {
  const [first, ...rest] = table.rows;
  heads(first, (column, turn) => {
    const key = row => {
      const text = row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      if (!first.cells[column].classList.contains("n")) return text;
      const number = parseFloat(text.replaceAll(",", ""));
      return Number.isNaN(number) ? null : number;
    };
    const rows = rest.map(row => [key(row), row]).sort((a, b) => turn * compare(a[0], b[0]));
    first.parentNode.append(...rows.map(each => each[1]));
  });
}

// A table of rows that change.
//   columns: [{name, key, unit, number: true for numbers, format}], `format` makes a text of the value
//   sort: {key, descending}, at first; limit: rows shown at most; onselect: called with the row that is clicked, or
//     whose button is pressed, which is its text of the column `by`
// Answers {update(rows), element}.
export function table(root, {caption, columns, sort, limit = 50, onselect, by}) {
  const element = document.createElement("table"), body = document.createElement("tbody");
  const head = element.createTHead().insertRow(), title = element.createCaption();
  element.className = "sorted";
  title.textContent = caption;
  for (const each of columns) {
    const made = document.createElement("th");
    made.scope = "col";
    made.textContent = each.name;
    if (each.number) made.className = "n";
    if (each.unit) {
      const unit = document.createElement("span");
      unit.className = "unit";
      unit.textContent = each.unit;
      made.append(unit);
    }
    head.append(made);
  }
  element.append(body);
  root.append(element);
  let order = columns.findIndex(each => each.key === sort.key), turn = sort.descending ? -1 : 1, rows = [];
  const show = () => {
    const {key} = columns[order];
    const shown = rows.toSorted((a, b) => turn * compare(a[key], b[key])).slice(0, limit);
    const held = [...body.rows].findIndex(each => each.contains(document.activeElement));
    body.replaceChildren(...shown.map(row => {
      const line = document.createElement("tr");
      for (const each of columns) {
        const made = line.insertCell();
        const text = each.format ? each.format(row[each.key], row) : row[each.key] ?? "";
        if (onselect && each.key === by) made.append(Object.assign(document.createElement("button"), {type: "button", textContent: text}));
        else made.textContent = text;
        if (each.number) made.className = "n";
      }
      if (onselect) line.addEventListener("click", () => onselect(row));
      return line;
    }));
    if (held >= 0) [...body.rows].at(Math.min(held, body.rows.length - 1))?.querySelector("button")?.focus({preventScroll: true});
    title.textContent = rows.length > limit ? `${caption} (${limit} of ${rows.length.toLocaleString("en")})` : caption;
  };
  heads(head, (column, turned) => { order = column; turn = turned; show(); });
  mark(head, order, turn);
  return {element, update(changed) { rows = changed; show(); }};
}
