"use strict";
// Rows are made as they come into view; pictures are loaded by their paths, as late.
const AT_ONCE = 30;
const runs = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const address = (folder, file) => `${folder}/${file.split("/").map(encodeURIComponent).join("/")}`;
const cropped = (image, box) => {
  const [left, top, right, bottom] = box.split(" ").map(Number);
  const scale = Math.min(62 / (right - left), 126 / (bottom - top));
  const frame = make("div");
  frame.style.cssText = `position:relative;overflow:hidden;width:${scale * (right - left)}px;height:${scale * (bottom - top)}px`;
  image.addEventListener("load", () => {
    image.style.cssText = `position:absolute;max-width:none;max-height:none;width:${scale * image.naturalWidth}px;left:${-scale * left}px;top:${-scale * top}px`;
  });
  frame.append(image);
  return frame;
};
const picture = (run, kind, folder, file, box, label, more) => {
  const figure = make("figure", kind);
  figure.title = `${file}${box ? `, box ${box}` : ""}${more}`;
  const frame = make("div", "frame");
  const image = make("img");
  image.loading = "lazy";
  image.alt = file;
  image.addEventListener("error", () => {
    frame.replaceChildren(make("span", "soft", file.split("/").pop()));
    element("missing").hidden = false;
    element("missing").textContent =
      `Some pictures are not where this run found them, in ${run.query_folder} and ${run.gallery_folder}: their names are shown. ` +
      "Write the report where the data set lies to see them.";
  });
  image.src = address(folder, file);
  frame.append(box ? cropped(image, box) : image);
  figure.append(frame, make("figcaption", "", label));
  return figure;
};
const camera = (name) => (name ? ` · cam ${name}` : "");
const show = (run, [file, person, queryCamera, box, matches, first, ap, results]) => {
  const row = make("section");
  const score = matches
    ? `AP ${(100 * ap).toFixed(1)}% · ${matches} match${matches === 1 ? "" : "es"}, the first at rank ${first}`
    : "no match by another camera";
  row.append(make("h4", "", `Person ${person} · ${score}`));
  const list = make("div", "list");
  list.append(picture(run, "query", run.query_url, file, box, `query${camera(queryCamera)}`, ""));
  results.forEach(([item, hit, distance], index) => {
    const [name, who, where, part] = run.items[item];
    const more = `, ${who ? `person ${who}` : "a distractor"}, distance ${distance}`;
    list.append(picture(run, hit ? "hit" : "miss", run.gallery_url, name, part, `${index + 1}${camera(where)}`, more));
  });
  if (!results.length) list.append(make("p", "", run.note));
  row.append(list);
  return row;
};
let wanted = [];
let shown = 0;
const more = () => {
  const run = runs[element("run").value];
  element("queries").append(...wanted.slice(shown, shown + AT_ONCE).map((row) => show(run, row)));
  shown += AT_ONCE;
};
const filter = () => {
  const run = runs[element("run").value];
  const [from, to] = ["from", "to"].map((id) => Number(element(id).value) / 100);
  const [where, who, order] = ["camera", "person", "order"].map((id) => element(id).value);
  wanted = run.queries.filter(
    (q) => q[6] >= from - 1e-9 && q[6] <= to + 1e-9 && (!where || q[2] === where) && (!who || q[1] === who),
  );
  if (order !== "file") wanted = [...wanted].sort((a, b) => (order === "worst" ? a[6] - b[6] : b[6] - a[6]));
  element("count").textContent =
    `${wanted.length.toLocaleString("en")} of ${run.queries.length.toLocaleString("en")} queries. ${run.note}`;
  element("queries").replaceChildren();
  shown = 0;
  more();
};
const choose = () => {
  const run = runs[element("run").value];
  const names = (column) =>
    [...new Set(run.queries.map((q) => q[column]))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const option = (name) => Object.assign(make("option", "", name), { value: name });
  const all = Object.assign(make("option", "", "all"), { value: "" });
  element("camera").replaceChildren(all, ...names(2).filter(Boolean).map(option));
  element("people").replaceChildren(...names(1).map(option));
  element("missing").hidden = true;
  filter();
};
element("run").append(...runs.map((run, n) => Object.assign(make("option", "", run.name), { value: n })));
element("run").addEventListener("change", choose);
element("filter").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["from", "to", "camera", "person", "order"]) element(id).addEventListener("input", filter);
new IntersectionObserver((seen) => {
  if (seen.some((entry) => entry.isIntersecting) && shown < wanted.length) more();
}, { rootMargin: "1000px" }).observe(element("end"));
choose();
