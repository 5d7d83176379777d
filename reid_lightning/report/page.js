"use strict";
// A table that is wider than its place becomes a list of cards; a click on a title sorts it.
const number = (cell) => (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value));
const fit = () => {
  for (const place of document.querySelectorAll(".wide")) {
    if (place.clientWidth === 0) continue; // folded away
    place.classList.remove("stacked");
    place.classList.toggle("stacked", place.scrollWidth > place.clientWidth + 1);
  }
};
const sort = (title) => {
  const table = title.closest("table");
  const column = [...title.parentElement.children].indexOf(title);
  const down = title.getAttribute("aria-sort") !== "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  title.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = (one, two) => {
    const [a, b] = [one.cells[column], two.cells[column]];
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1; // no value: last
    const ascending = Number.isNaN(x)
      ? a.textContent.localeCompare(b.textContent, undefined, { numeric: true })
      : x - y;
    return down ? -ascending : ascending;
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
};
for (const title of document.querySelectorAll("th"))
  title.querySelector("button")?.addEventListener("click", () => sort(title));
document.addEventListener("toggle", fit, true);
addEventListener("resize", fit);
fit();
