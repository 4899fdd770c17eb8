// Where both hosts enter: anywidget calls `render` in a notebook, page.js in the built book.
import { element } from "./controls.js";
import { FIGURES } from "./figures.js";
import { unpack } from "./mlp.js";

/**
 * The part of a widget's model that figures use. Its values are JSON's, but for the networks' bytes.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {(name: string, callback: () => void) => void} on
 * @property {(name: string, callback: () => void) => void} off
 * @property {() => void} save_changes
 */

/**
 * Shows the figure that `model` describes inside `el`. Returns what ends it; throws before `el` has changed.
 * @param {{ model: Model, el: Element }} host
 */
export function show({ model, el }) {
  const draw = FIGURES[model.get("kind")];
  if (!draw) throw new Error(`This page knows no figure «${model.get("kind")}».`);
  const ending = new AbortController();
  const root = element("div", { class: "live", role: "group", "aria-label": model.get("label") });
  const voice = element("div", { class: "live-voice", "aria-live": "polite" });
  /** @type {{ callback: () => void, due: boolean }[]} */
  const callbacks = [];
  let scheduled = false;
  // After the event's own handlers and before the frame is painted: however much an event sets, it is drawn once.
  const redraw = () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      for (const entry of callbacks) if (entry.due) { entry.due = false; entry.callback(); }
    });
  };
  /** @type {Record<string, DataView>} */
  const packed = model.get("networks");
  /** @type {import("./figures.js").Figure<never>} */
  const figure = {
    root,
    signal: ending.signal,
    networks: Object.fromEntries(Object.entries(packed).map(([name, view]) => [name, unpack(view)])),
    get: (name) => model.get(name),
    set: (name, value) => { model.set(name, value); model.save_changes(); },
    say: (text) => { voice.textContent = text; },
    on: (names, callback) => {
      const entry = { callback, due: true };
      const changed = () => { entry.due = true; redraw(); };
      callbacks.push(entry);
      for (const name of names.split(" ")) {
        model.on(`change:${name}`, changed);
        ending.signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
      }
    },
  };
  draw(figure);
  for (const { callback } of callbacks) callback();
  for (const entry of callbacks) entry.due = false;
  el.append(root, voice);
  return () => ending.abort();
}

/**
 * In a notebook a figure that cannot start says so where it would have stood.
 * @param {{ model: Model, el: Element }} host
 * @returns {(() => void) | undefined}
 */
export function render({ model, el }) {
  try {
    return show({ model, el });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    el.append(element("p", { class: "live-note" }, `The figure cannot start. ${message}`));
  }
}
