"use strict";
const filters = document.querySelector(".filters");
const shown = document.querySelector("#shown");
const rows = [...document.querySelectorAll("details.requirement")];
const texts = new Map();

function text(row) {
  if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
  return texts.get(row);
}

function filter() {
  const chosen = new FormData(filters);
  const outcomes = chosen.getAll("outcome");
  const words = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const { outcome, level, area } = row.dataset;
    const fits = (!outcomes.length || outcomes.includes(outcome))
      && [level, ""].includes(chosen.get("level")) && [area, ""].includes(chosen.get("area"))
      && words.every((word) => text(row).includes(word));
    row.hidden = !fits;
    count += fits;
  }
  shown.textContent = `${count} of ${rows.length} shown`;
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

async function copy(button) {
  const source = button.closest(".again").querySelector("pre");
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    select(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}

filters.hidden = false;
filters.addEventListener("input", filter);
filters.addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
openTarget();
filter();
