// As much of a document as figures are made of, where no browser is: elements, their events, what a canvas was given.
class Node extends EventTarget {
  dataset = {};
  style = {};
  children = [];
  attributes = {};
  textContent = "";
  constructor(tag) { super(); this.tag = tag; }
  append(...nodes) { this.children.push(...nodes); }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  getAttribute(name) { return this.attributes[name] ?? null; }
  // Of a canvas: `drawn` holds the bytes that were put on it.
  getContext() {
    return {
      scale() {}, rect() {}, clip() {}, fillRect() {},
      createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: ({ data }) => { this.drawn = Array.from(data); },
    };
  }
}

globalThis.document = { createElement: (tag) => new Node(tag), createElementNS: (_, tag) => new Node(tag) };

export const all = (node) => [node, ...(node.children ?? []).flatMap(all)];
export const named = (root, name) => all(root).find((node) => node.attributes?.["aria-label"] === name);

// What index.js gives a figure, with the traits' values in `state`.
export function show(kind, state, networks = {}) {
  const callbacks = [], root = new Node("div");
  const redraw = () => callbacks.forEach((callback) => callback());
  const figure = {
    root, networks, signal: new AbortController().signal, say: (text) => { figure.said = text; },
    get: (name) => state[name], set: (name, value) => { state[name] = value; redraw(); },
    on: (_, callback) => callbacks.push(callback),
  };
  kind(figure);
  redraw();
  return figure;
}
