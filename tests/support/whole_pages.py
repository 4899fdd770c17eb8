"""What is looked at on every whole page, in any browser: functions in JavaScript that return sentences, or a state."""

import pages

# Read from the sources, so that collecting the tests needs no build.
NAMES = [source.relative_to(pages.BOOK).with_suffix(".html").as_posix() for source in pages.sources()] + ["search.html"]

# As it is for a reader who went through the page: what is wider than its lines was noticed.
READ_THROUGH = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({ top: y, behavior: "instant" });
    for (let i = 0; i < 3; i++) await frame();  // who watches what is near is told; then who watches its size
  }
  scrollTo({ top: 0, behavior: "instant" });
  await frame();
}"""

# Formulas that are not typeset, take no place, or have no sound MathML; errors of the typesetter; TeX left in the text.
FORMULAS = r"""async () => {
  await document.fonts.ready;
  const faults = [...document.fonts].filter((font) => font.status === "error").map((font) => `no font ${font.family}`);
  for (const formula of document.querySelectorAll(".math")) {
    const typeset = formula.querySelector("mjx-container"), html = formula.outerHTML.slice(0, 200);
    if (!typeset || !formula.querySelector("math")) faults.push(`not typeset: ${html}`);
    else if (formula.checkVisibility() && !typeset.getBoundingClientRect().width) faults.push(`no width: ${html}`);
  }
  const pairs = "mfrac, mroot, msub, msup, munder, mover", triples = "msubsup, munderover";
  for (const node of document.querySelectorAll(`math :is(${pairs}, ${triples})`))
    if (node.childElementCount !== (node.matches(pairs) ? 2 : 3)) faults.push(`no MathML: ${node.outerHTML}`);
  for (const error of document.querySelectorAll("mjx-merror, merror")) faults.push(`an error: ${error.textContent}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (/\\[([]|\\begin\{/.test(data) && !parentElement.closest("pre, code, script, style, mjx-container"))
      faults.push(`TeX in the text: ${data.trim().slice(0, 200)}`);
  }
  return faults;
}"""

# Pictures that do not arrive, also those further down, and drawings that take no place.
PICTURES = """async () => {
  const faults = [];
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => faults.push(`no picture: ${image.outerHTML.slice(0, 200)}`));
  }
  for (const drawing of document.querySelectorAll("article svg[role=img]"))
    if (drawing.checkVisibility() && drawing.getBoundingClientRect().width < 50)
      faults.push(`a drawing without a place: ${drawing.outerHTML.slice(0, 200)}`);
  return faults;
}"""

# Text and formulas that lie beyond the edge of what holds them and cannot be scrolled to. What is for the ear alone is
# clipped on purpose, and a drawer waits outside; a line's box may be higher than its line.
CUT = """() => {
  const unseen = "mjx-assistive-mml, .visually-hidden, .sr-only, .live-voice, noscript, .skip-link, .away";
  const faults = [], styles = new Map(), { clientWidth } = document.documentElement;
  for (const move of document.getAnimations()) move.finish();
  for (const drawer of document.querySelectorAll(".bd-sidebar")) {
    const { left, right } = drawer.getBoundingClientRect();
    drawer.classList.toggle("away", right <= 0 || left >= clientWidth);
  }
  const style = (node) => {
    if (!styles.has(node)) styles.set(node, getComputedStyle(node));
    return styles.get(node);
  };
  const scrolls = (overflow) => /auto|scroll/.test(overflow);
  const holds = (start, end, first, last, overflow, scrolled, slack) =>
    overflow === "visible" || (first >= start - scrolled - slack && (last <= end + slack || scrolls(overflow)));
  const look = (holder, rectangle, words) => {
    let { left, right, top, bottom } = rectangle;
    const slack = (bottom - top) / 4;
    for (let node = holder; node && node !== document.body; node = node.parentElement) {
      const outer = node.getBoundingClientRect(), { overflowX, overflowY } = style(node);
      if (!holds(outer.left, outer.right, left, right, overflowX, node.scrollLeft, 1)
        || !holds(outer.top, outer.bottom, top, bottom, overflowY, node.scrollTop, slack))
        return faults.push(`cut by ${node.nodeName} ${node.className}: ${words}`);
      if (scrolls(overflowX)) ({ left, right } = outer);
      if (scrolls(overflowY)) ({ top, bottom } = outer);
    }
    if (left < -1 || right > clientWidth + 1) faults.push(`beyond the page: ${words}`);
  };
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(unseen);
  const range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (!data.trim() || !visible(parentElement)) continue;
    range.selectNodeContents(walker.currentNode);
    for (const rectangle of range.getClientRects())
      if (rectangle.width > 1) look(parentElement, rectangle, data.trim().slice(0, 80));
  }
  for (const formula of document.querySelectorAll("mjx-container"))
    if (visible(formula)) look(formula, formula.querySelector("mjx-math").getBoundingClientRect(), formula.textContent);
  return [...new Set(faults)];
}"""

# Text of the page's own that nobody can see, and that no folded part (which opens without a script) holds. The home
# page's cards have no number.
HIDDEN = """() => {
  const article = document.querySelector("article") ?? document.querySelector("main"), faults = [];
  const unread = "script, style, annotation, details, #what-is-in-it .caption-number";
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() && !parentElement.checkVisibility() && !parentElement.closest(unread))
      faults.push(data.trim().slice(0, 200));
  }
  return faults;
}"""

# The colours of text and its ground, by what they are the colours of.
COLOURS = """() => {
  const colours = {};
  for (const node of document.querySelectorAll("body, article :is(p, a, h2, td, th, pre, .highlight span)")) {
    const { color, backgroundColor } = getComputedStyle(node);
    colours[`${node.localName} ${node.className}`] = [color, backgroundColor];
  }
  return colours;
}"""

# What the live figures' controls say and what the figures show, when all have started.
FIGURES = """async () => {
  const sum = (text) => [...text].reduce((total, letter) => (31 * total + letter.charCodeAt(0)) | 0, 0);
  const states = [], latest = performance.now() + 60_000;
  for (const folded of document.querySelectorAll("details:has(.live-figure)")) folded.open = true;
  for (const figure of document.querySelectorAll(".live-figure")) {
    figure.scrollIntoView({ behavior: "instant" });
    while (!figure.dataset.live) {
      if (performance.now() > latest) throw Error("a figure does not start");
      await new Promise((done) => setTimeout(done, 20));
    }
    const controls = [...figure.querySelectorAll("input, select")];
    states.push({
      controls: controls.map(({ type, checked, value }) => type === "radio" ? checked : value),
      text: figure.innerText,
      drawn: [...figure.querySelectorAll("canvas")].map((one) => [one.width, one.height, sum(one.toDataURL())]),
    });
  }
  return states;
}"""

# Every slider goes to its other end, every choice to another.
OPERATE = """() => {
  for (const control of document.querySelectorAll(".live-figure :is(input, select)")) {
    if (control.type === "range") control.value = control.value === control.max ? control.min : control.max;
    else if (control.type === "radio") control.checked = true;
    else control.selectedIndex = (control.selectedIndex + 1) % control.length;
    for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
  }
}"""
