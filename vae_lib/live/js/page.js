// The book's host: no kernel. A figure's state stands beside its picture. It starts when a reader comes near it, and only
// then asks for its networks' weights, which are scripts: a page opened from a folder may load nothing else.
import { element } from "./controls.js";
import { show } from "./index.js";

const own = /** @type {HTMLScriptElement} */ (document.currentScript);
const NEAR = "100% 0px"; // one screen above and below what is seen
/** @type {Record<string, string>} */
const arrived = {};
/** @type {Record<string, Promise<DataView>>} */
const asked = {};

/** @type {Promise<unknown>} */
let before = Promise.resolve();

// One after the other: a slow line brings what the reader comes to first, and not half of what comes next beside it.
/** @type {(id: string) => Promise<DataView>} */
const weights = (id) => {
  if (!(id in asked)) {
    asked[id] = before.then(() => fetched(id));
    before = asked[id].catch(() => {}); // the figure that wanted it says so
  }
  return asked[id];
};

/** @type {(id: string) => Promise<DataView>} */
const fetched = (id) => new Promise((resolve, reject) => {
  const missing = () => reject(new Error("Its network's weights did not arrive."));
  const load = () => (arrived[id] ? resolve(bytes(arrived[id])) : missing());
  document.head.append(element("script", { src: `${new URL(`${id}.js`, own.src)}`, load, error: missing }));
});

/** @param {string} text */
function bytes(text) {
  const characters = atob(text), view = new DataView(new ArrayBuffer(characters.length));
  for (let i = 0; i < characters.length; i++) view.setUint8(i, characters.charCodeAt(i));
  return view;
}

/** @typedef {import("./index.js").Model} Model */

/** @implements {Model} */
class PageModel extends EventTarget {
  /** @param {Record<string, unknown>} state */
  constructor(state) { super(); this.state = state; }
  /** @param {string} name */
  get(name) { return this.state[name]; }
  /** @type {(name: string, value: unknown) => void} */
  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
  }
  /** @type {(name: string, callback: () => void) => void} */
  on(name, callback) { this.addEventListener(name, callback); }
  /** @type {(name: string, callback: () => void) => void} */
  off(name, callback) { this.removeEventListener(name, callback); }
  save_changes() {}
}

/** @param {Element} el */
async function start(el) {
  const [script, note] = ["script", ".live-note"].map((part) => /** @type {Element} */ (el.querySelector(part)));
  let became = "ready";
  try {
    const state = JSON.parse(script.textContent);
    /** @type {[string, string][]} */
    const ids = Object.entries(state.networks);
    const views = await Promise.all(ids.map(([, id]) => weights(id)));
    ids.forEach(([name], i) => { state.networks[name] = views[i]; });
    await new Promise((resolve) => setTimeout(resolve)); // between two figures the reader comes first
    show({ model: new PageModel(state), el });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    note.textContent = `The figure cannot start, and the picture stays. ${message}`;
    became = "failed";
  }
  el.setAttribute("data-live", became);
}

Object.assign(window, { vaeLive: { weights: (/** @type {string} */ id, /** @type {string} */ text) => { arrived[id] = text; } } });
const places = document.querySelectorAll(".live-figure"); // the script is deferred: they are all there
if ("IntersectionObserver" in window) {
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target);
    }
  }, { rootMargin: NEAR });
  places.forEach((place) => near.observe(place));
} else {
  places.forEach(start);
}
