// The book's host: no kernel. A figure's state stands beside its picture; weights arrive as scripts, once a page.
import { show } from "./index.js";

/** @type {Record<string, string>} */
const arrived = {};
/** @param {string} text */
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

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

/** @param {HTMLElement} el */
function start(el) {
  const [script, note] = ["script", ".live-note"].map((part) => /** @type {Element} */ (el.querySelector(part)));
  try {
    const state = JSON.parse(script.textContent);
    /** @type {[string, string][]} */
    const ids = Object.entries(state.networks);
    for (const [name, id] of ids) {
      if (!arrived[id]) throw new Error("Its network's weights did not arrive.");
      state.networks[name] = bytes(arrived[id]);
    }
    show({ model: new PageModel(state), el });
    el.dataset.live = "ready";
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    note.textContent = `The figure cannot start, and the picture stays. ${message}`;
    el.dataset.live = "failed";
  }
}

/** @type {(id: string, text: string) => void} */
const weights = (id, text) => { arrived[id] = text; };
Object.assign(window, { vaeLive: { weights } });
document.addEventListener("DOMContentLoaded", () => {
  /** @type {NodeListOf<HTMLElement>} */
  const places = document.querySelectorAll(".live-figure");
  places.forEach(start);
});
