// What figures are made of: elements, sliders, digits. Nothing here knows a model.
export const COLOURS = ["#2a80c8", "#d9560b", "#0a9069", "#b357a2", "#806030"];
// Matplotlib's ten colours, so that a class has one colour in every figure of the book.
export const CLASSES = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {string | Node} Content */
/** @typedef {Record<string, string | number | boolean | ((event: never) => void)>} Attributes */

/**
 * @template {string} Tag
 * @typedef {Tag extends `svg:${infer Name extends keyof SVGElementTagNameMap}` ? SVGElementTagNameMap[Name]
 *   : Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : never} Made
 */

/**
 * element("svg:line", { x1: 0 }) makes SVG; attributes that are functions listen to the event of that name.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {Content[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const svg = tag.startsWith("svg:");
  const node = /** @type {Made<Tag>} */ (svg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag));
  assign(node, attributes);
  // JupyterLab takes the arrow keys of every focused element that does not carry this mark itself.
  if (/^(input|button|select)$/.test(tag) || "tabindex" in attributes) node.dataset.lmSuppressShortcuts = "true";
  // After Back a browser would put in what stood there before, and the figure begins anew.
  if (/^(input|select)$/.test(tag)) node.setAttribute("autocomplete", "off");
  node.append(...children);
  return node;
}

/** @type {(node: Element, attributes: Attributes) => void} */
export function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, /** @type {EventListener} */ (value));
    else node.setAttribute(name, `${value}`);
  }
}

/** @param {Content[]} nodes */
export const row = (...nodes) => element("div", { class: "live-row" }, ...nodes);
/** @param {Content[]} nodes */
export const column = (...nodes) => element("div", { class: "live-column" }, ...nodes);
/**
 * Nodes in groups of five: ten of them stand in one line, or in two of five.
 * @param {Content[]} nodes
 */
export const fives = (nodes) => {
  const groups = Array.from({ length: Math.ceil(nodes.length / 5) }, (_, i) => nodes.slice(5 * i, 5 * i + 5));
  return element("span", { class: "live-fives" }, ...groups.map((group) => element("span", {}, ...group)));
};
/** @type {(label: Content, click: () => void) => HTMLButtonElement} */
export const button = (label, click) => element("button", { type: "button", click }, label);
/** @type {(value: number, digits?: number) => string} */
export const decimals = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
/** @param {number[]} values */
export const numbers = (values) => Array.from(values, (value) => decimals(value)).join(", ");

/**
 * @param {object} options
 * @param {string} options.label
 * @param {number} options.min
 * @param {number} options.max
 * @param {number} options.step
 * @param {number} options.value
 * @param {(value: number) => void} options.input
 * @param {(value: number) => string} [options.format]
 */
export function slider({ label, min, max, step, value, input, format = (v) => decimals(v) }) {
  // For the eyes alone: a listener hears the slider itself, and an <output> would say each step a second time.
  const shown = element("span", { class: "live-value", "aria-hidden": "true" });
  const range = element("input", { type: "range", min, max, step, "aria-label": label, input: () => input(+range.value) });
  /** @param {number} v */
  const set = (v) => {
    const words = format(v);
    range.value = `${v}`;
    shown.textContent = words;
    range.setAttribute("aria-valuetext", words);
  };
  set(value);
  return { node: element("label", { class: "live-slider" }, element("span", {}, label), range, shown), set };
}

/**
 * @param {object} options
 * @param {string} options.label
 * @param {string[]} options.options
 * @param {number} options.value
 * @param {(index: number) => void} options.input
 */
export function select({ label, options, value, input }) {
  const list = element("select", { "aria-label": label, change: () => input(list.selectedIndex) });
  list.append(...options.map((text) => element("option", {}, text)));
  /** @param {number} index */
  const set = (index) => { list.selectedIndex = index; };
  set(value);
  return { node: element("label", {}, `${label} `, list), set };
}

/**
 * Radio buttons; an option is a text or a picture.
 * @param {object} options
 * @param {string} options.label
 * @param {Content[]} options.options
 * @param {(index: number) => void} options.input
 */
export function choice({ label, options, input }) {
  const name = `live-${Math.random()}`;
  const radios = options.map((_, i) => element("input", { type: "radio", name, change: () => input(i) }));
  const labels = options.map((option, i) => element("label", { class: "live-option" }, radios[i], option));
  const node = element("div", { class: "live-row", role: "radiogroup", "aria-label": label }, element("span", {}, label), fives(labels));
  /** @param {number} index */
  const set = (index) => { radios[index].checked = true; };
  return { node, set };
}

/**
 * A 28 by 28 picture of grey levels in [0, 1], white on black as in every figure of the book.
 * @param {object} options
 * @param {number} options.size
 * @param {string} options.label
 */
export function digit({ size, label }) {
  const node = element("canvas", { class: "live-digit", width: 28, height: 28, role: "img", "aria-label": label });
  node.style.width = `${size}px`;
  const context = node.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  const image = context.createImageData(28, 28);
  /** @param {ArrayLike<number>} levels */
  const draw = (levels) => {
    for (let i = 0; i < 784; i++) {
      // The array rounds by itself.
      image.data.fill(255 * levels[i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  };
  return { node, draw, label: (/** @type {string} */ text) => node.setAttribute("aria-label", text) };
}

/**
 * Images come as text, one byte a pixel (`as_text` in figure.py).
 * @param {string} text
 */
export const grey = (text) => Float32Array.from(atob(text), (c) => c.charCodeAt(0) / 255);
