// Where both hosts enter: anywidget calls `render` in a notebook, page.js in the built book.
import { element } from "./controls.js";
import { drawDigit } from "./draw_digit.js";
import { elboExplorer } from "./elbo_explorer.js";
import { exactPosterior } from "./exact_posterior.js";
import { interpolation } from "./interpolation.js";
import { latentPlane } from "./latent_plane.js";
import { latentSliders } from "./latent_sliders.js";
import { linkedPlanes } from "./linked_planes.js";
import { unpack } from "./mlp.js";
import { rateDistortion } from "./rate_distortion.js";
import { reparameterization } from "./reparameterization.js";

const FIGURES = { drawDigit, elboExplorer, exactPosterior, interpolation, latentPlane, latentSliders, linkedPlanes, rateDistortion, reparameterization };

// Shows the figure that `model` describes inside `el`. Returns what ends it; throws before `el` has changed.
export function show({ model, el }) {
  const kind = FIGURES[model.get("kind")];
  if (!kind) throw new Error(`This page knows no figure «${model.get("kind")}».`);
  const ending = new AbortController();
  const root = element("div", { class: "live", role: "group", "aria-label": model.get("label") });
  const voice = element("div", { class: "live-voice", "aria-live": "polite" });
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
  const figure = {
    root,
    signal: ending.signal,
    networks: Object.fromEntries(Object.entries(model.get("networks")).map(([name, view]) => [name, unpack(view)])),
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
  kind(figure);
  for (const { callback } of callbacks) callback();
  for (const entry of callbacks) entry.due = false;
  el.append(root, voice);
  return () => ending.abort();
}

// In a notebook a figure that cannot start says so where it would have stood.
export function render({ model, el }) {
  try {
    return show({ model, el });
  } catch (error) {
    el.append(element("p", { class: "live-note" }, `The figure cannot start. ${error.message}`));
  }
}
