// What is wider than its place scrolls by itself; only then is it a stop for the Tab key, and says what it is.
const KINDS = [
  [".pst-scrollable-table-container", "table"],
  [".bd-article pre", "code"],
  [".book-figure-frame", "figure"],
  [".formula", "formula"],
];

/** @param {Element} box  @param {string} kind */
function mark(box, kind) {
  if (box.scrollWidth > box.clientWidth + 1) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `wide ${kind}, scrolls sideways`);
  } else unmark(box);
}

/** @param {Element} box */
function unmark(box) {
  for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
}

// A formula in the text cannot break. One that is wider than the lines becomes a line of its own, which scrolls. They are
// measured when their paragraph comes near: to measure all of a page would lay out all of it.
const LINES = "p, li, dd, dt, figcaption, summary, th, td";
/** @type {Map<Element, Element[]>} formulas, with their commas, by what holds their lines */
const formulas = new Map();
for (const formula of document.querySelectorAll(".bd-article span.math")) {
  const block = formula.closest(LINES);
  if (block) formulas.set(block, [...(formulas.get(block) ?? []), formula.closest(".together") ?? formula]);
}

/** @param {Element} block */
function partWide(block) {
  const inside = formulas.get(block) ?? [];
  for (const formula of inside) {
    formula.classList.remove("wide");
    unmark(formula);
  }
  const end = block.getBoundingClientRect().right - parseFloat(getComputedStyle(block).paddingRight);
  const wide = inside.filter((formula) => formula.getBoundingClientRect().right > end + 1);
  for (const formula of wide) formula.classList.add("wide");
  for (const formula of wide) mark(formula, "formula");
}

const lines = new ResizeObserver((entries) => {
  for (const { target } of entries) partWide(target);
});
if ("IntersectionObserver" in window) {
  const nearby = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? lines.observe(target) : lines.unobserve(target);
  }, { rootMargin: "100%" });
  for (const block of formulas.keys()) nearby.observe(block);
} else {
  for (const block of formulas.keys()) lines.observe(block);
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) mark(target, kinds.get(target) ?? "");
});
const kinds = new Map();
for (const [selector, kind] of KINDS) {
  for (const box of document.querySelectorAll(selector)) {
    kinds.set(box, kind);
    observer.observe(box);
  }
}
