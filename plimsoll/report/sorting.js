// A click on a column's head, or Enter, sorts the rows of its table; the next one turns them round.
document.querySelectorAll("table.sorted").forEach(table => {
  const heads = [...table.rows[0].cells];
  const sort = (head, column) => {
    const turn = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    const key = row => {
      const text = row.cells[column].textContent.trim();
      return head.classList.contains("n") ? (text ? parseFloat(text.replaceAll(",", "")) : -Infinity) : text;
    };
    const rows = [...table.rows].slice(1);
    rows.sort((a, b) => turn * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    rows[0].parentNode.append(...rows);
    heads.forEach(each => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
  };
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    head.addEventListener("click", () => sort(head, column));
    head.addEventListener("keydown", event => event.key === "Enter" && sort(head, column));
  });
});
