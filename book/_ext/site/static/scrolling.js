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
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
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
