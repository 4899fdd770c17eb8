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

// A formula in the text cannot break. One that is wider than the lines becomes a line of its own, which scrolls.
function partWide() {
  const formulas = [...document.querySelectorAll(".bd-article span.math")]
    .map((formula) => formula.closest(".together") ?? formula); // with its comma
  for (const formula of formulas) {
    formula.classList.remove("wide");
    unmark(formula);
  }
  const wide = formulas.filter((formula) => {
    const block = formula.closest("p, li, dd, dt, figcaption, summary, div");
    if (!block) return false;
    const end = block.getBoundingClientRect().right - parseFloat(getComputedStyle(block).paddingRight);
    return formula.getBoundingClientRect().right > end + 1;
  });
  for (const formula of wide) formula.classList.add("wide");
  for (const formula of wide) mark(formula, "formula");
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
new ResizeObserver(partWide).observe(document.querySelector(".bd-article") ?? document.body);
