// The book's host: no kernel. A figure's state stands beside its picture; weights arrive as scripts, once a page.
import { show } from "./index.js";

const arrived = {};
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

// The part of a widget's model that figures use.
class PageModel extends EventTarget {
  constructor(state) { super(); this.state = state; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
  }
  on(name, callback) { this.addEventListener(name, callback); }
  off(name, callback) { this.removeEventListener(name, callback); }
  save_changes() {}
}

function start(el) {
  const note = el.querySelector(".live-note");
  try {
    const state = JSON.parse(el.querySelector("script").textContent);
    for (const [name, id] of Object.entries(state.networks)) {
      if (!arrived[id]) throw new Error("Its network's weights did not arrive.");
      state.networks[name] = bytes(arrived[id]);
    }
    show({ model: new PageModel(state), el });
    el.dataset.live = "ready";
  } catch (error) {
    note.textContent = `The figure cannot start, and the picture stays. ${error.message}`;
    el.dataset.live = "failed";
  }
}

window.vaeLive = { weights(id, text) { arrived[id] = text; } };
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".live-figure").forEach(start));
