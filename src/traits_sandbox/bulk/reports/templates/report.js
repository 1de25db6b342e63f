"use strict";
const filters = document.querySelector(".filters");
const shown = document.querySelector("#shown");
const rows = [...document.querySelectorAll("[data-standing]")];
const texts = new Map();

function text(row) {
  if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
  return texts.get(row);
}

function filter() {
  const chosen = new FormData(filters);
  const standings = chosen.getAll("standing");
  const folder = chosen.get("folder");
  const words = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const fits = (!standings.length || standings.includes(row.dataset.standing))
      && (!folder || folder === row.dataset.folder) && words.every((word) => text(row).includes(word));
    row.hidden = !fits;
    count += fits;
  }
  shown.textContent = `${count.toLocaleString("en-GB")} of ${shown.dataset.all} shown`;
}

let waiting = 0;
filters.hidden = false;
filters.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
filters.addEventListener("submit", (event) => event.preventDefault());
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
filter();
