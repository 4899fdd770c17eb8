// What figures are made of: elements, sliders, digits, planes to drag in, axes. Nothing here knows a model.
import { clamp } from "./gaussian.js";

export const COLOURS = ["#2a80c8", "#d9560b", "#0a9069", "#b357a2", "#806030"];
// Matplotlib's ten colours, so that a class has one colour in every figure of the book.
const CLASSES = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
const SVG = "http://www.w3.org/2000/svg";

// element("svg:line", { x1: 0 }) makes SVG; attributes that are functions listen to the event of that name.
export function element(tag, attributes = {}, ...children) {
  const svg = tag.startsWith("svg:");
  const node = svg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  assign(node, attributes);
  // JupyterLab takes the arrow keys of every focused element that does not carry this mark itself.
  if (/^(input|button|select)$/.test(tag) || "tabindex" in attributes) node.dataset.lmSuppressShortcuts = "true";
  node.append(...children);
  return node;
}

export function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value);
  }
}

export const row = (...nodes) => element("div", { class: "live-row" }, ...nodes);
export const column = (...nodes) => element("div", { class: "live-column" }, ...nodes);
export const button = (label, click) => element("button", { type: "button", click }, label);
export const decimals = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
export const numbers = (values) => Array.from(values, (value) => decimals(value)).join(", ");

export function slider({ label, min, max, step, value, input, format = (v) => decimals(v) }) {
  // For the eyes alone: a listener hears the slider itself, and an <output> would say each step a second time.
  const shown = element("span", { class: "live-value", "aria-hidden": "true" });
  const range = element("input", { type: "range", min, max, step, "aria-label": label, input: () => input(+range.value) });
  const set = (v) => {
    range.value = v;
    shown.textContent = format(v);
    range.setAttribute("aria-valuetext", shown.textContent);
  };
  set(value);
  return { node: element("label", { class: "live-slider" }, element("span", {}, label), range, shown), set };
}

export function select({ label, options, value, input }) {
  const list = element("select", { "aria-label": label, change: () => input(list.selectedIndex) });
  list.append(...options.map((text) => element("option", {}, text)));
  const set = (index) => { list.selectedIndex = index; };
  set(value);
  return { node: element("label", {}, `${label} `, list), set };
}

// Radio buttons; an option is a text or a picture.
export function choice({ label, options, input }) {
  const name = `live-${Math.random()}`;
  const radios = options.map((_, i) => element("input", { type: "radio", name, change: () => input(i) }));
  const labels = options.map((option, i) => element("label", { class: "live-option" }, radios[i], option));
  const node = element("div", { class: "live-row", role: "radiogroup", "aria-label": label }, element("span", {}, label), ...labels);
  return { node, set: (index) => { radios[index].checked = true; } };
}

// A 28 by 28 picture of grey levels in [0, 1], white on black as in every figure of the book.
export function digit({ size, label }) {
  const node = element("canvas", { class: "live-digit", width: 28, height: 28, role: "img", "aria-label": label });
  node.style.width = `${size}px`;
  const context = node.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  const image = context.createImageData(28, 28);
  const draw = (levels) => {
    for (let i = 0; i < 784; i++) {
      // The array rounds by itself.
      image.data.fill(255 * levels[i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  };
  return { node, draw, label: (text) => node.setAttribute("aria-label", text) };
}

// Images come as text, one byte a pixel (`as_text` in figure.py).
export const grey = (text) => Float32Array.from(atob(text), (c) => c.charCodeAt(0) / 255);

// Moves a point within `limits` by pointer, touch and arrow keys: calls move([x, y]); `x` and `y` map to the SVG.
export function pad({ svg, x, y, limits: [[left, right], [bottom, top]], label, at, move }) {
  const go = (point) => move([clamp(point[0], left, right), clamp(point[1], bottom, top)]);
  const follow = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    go([x.inverse(point.x), y.inverse(point.y)]);
    event.preventDefault();
  };
  const done = () => svg.dispatchEvent(new Event("change", { bubbles: true }));
  // With these keys held an arrow is the browser's or the system's: Alt and ← go back a page.
  const ours = (event) => !(event.altKey || event.ctrlKey || event.metaKey);
  assign(svg, {
    tabindex: 0, role: "application", "aria-roledescription": "two-dimensional slider", "aria-label": label,
    "data-live-pad": "", "data-lm-suppress-shortcuts": "true", class: `live-pad ${svg.getAttribute("class") ?? ""}`,
    pointerdown: (event) => {
      if (event.button) return;
      svg.setPointerCapture(event.pointerId);
      svg.focus({ preventScroll: true });
      follow(event);
    },
    pointermove: (event) => { if (svg.hasPointerCapture(event.pointerId)) follow(event); },
    pointerup: (event) => { if (!event.button) done(); },
    keyup: (event) => { if (ours(event) && /^Arrow|^Home$/.test(event.key)) done(); },
    keydown: (event) => {
      if (!ours(event)) return;
      const share = event.shiftKey ? 0.1 : 0.01, across = share * (right - left), up = share * (top - bottom);
      const by = { ArrowLeft: [-across, 0], ArrowRight: [across, 0], ArrowUp: [0, up], ArrowDown: [0, -up] }[event.key];
      if (by) go(at().map((value, i) => value + by[i]));
      else if (event.key === "Home") go([0, 0]);
      else return;
      event.preventDefault();
    },
  });
}

// A scale from data to pixels and back.
function scale([low, high], [from, to]) {
  const map = (value) => from + ((value - low) / (high - low)) * (to - from);
  map.inverse = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
  return map;
}

// A latent plane: the codes as a cloud (drawn once) behind a marker that follows drag, touch and arrow keys.
// Its frame is [-limit, limit]², or `limits`, [[left, right], [bottom, top]]. Without `move` nobody can drag in it, and
// `set` may make an ellipse of the marker.
export function plane({ limit, limits = [[-limit, limit], [-limit, limit]], points = [], labels = [], label, at, move, size = 300 }) {
  const x = scale(limits[0], [0, size]), y = scale(limits[1], [size, 0]);
  const cloud = element("canvas", { width: 2 * size, height: 2 * size, "aria-hidden": "true" });
  const context = cloud.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  context.scale(2, 2);
  context.globalAlpha = 0.5;
  points.forEach((point, i) => {
    context.fillStyle = CLASSES[labels[i] % CLASSES.length];
    context.fillRect(x(point[0]) - 1.25, y(point[1]) - 1.25, 2.5, 2.5);
  });
  context.globalAlpha = 1;
  context.font = "bold 13px sans-serif";
  Object.assign(context, { textAlign: "center", textBaseline: "middle" });
  for (const k of new Set(labels)) {
    const [u, v] = [0, 1].map((axis) => median(points.filter((_, i) => labels[i] === k).map((point) => point[axis])));
    context.fillStyle = CLASSES[k % CLASSES.length];
    context.beginPath();
    context.arc(x(u), y(v), 9, 0, 7);
    context.fill();
    context.fillStyle = "#000";
    context.fillText(k, x(u), y(v) + 1);
  }
  const marker = element("svg:ellipse", { class: "live-marker", rx: 7, ry: 7 });
  const axes = element("svg:path", { class: "live-axes", d: `M0 ${y(0)}H${size}M${x(0)} 0V${size}` });
  const svg = element("svg:svg", { viewBox: `0 0 ${size} ${size}` }, axes, marker);
  if (move) pad({ svg, x, y, limits, label, at, move });
  else svg.setAttribute("role", "img");
  const node = element("div", { class: "live-plane", style: `max-width:${size}px` }, cloud, svg);
  const set = ([u, v], radii) => {
    if (radii) assign(marker, { rx: x(radii[0]) - x(0), ry: y(0) - y(radii[1]) });
    assign(marker, { cx: x(clamp(u, ...limits[0])), cy: y(clamp(v, ...limits[1])) });
    svg.setAttribute("aria-label", `${label}; now at ${numbers([u, v])}`);
  };
  return { node, svg, set, x, y };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// Axes in the text's colour. `line(className, stroke, name)` adds a curve, and its name to the legend: call what
// it returns with points [[x, y], …] in data units, where null breaks the curve.
export function chart({ xlim, ylim, xlabel, ylabel, label, width = 380, height = 240, xticks = ticks(xlim), yticks = ticks(ylim) }) {
  // Long numbers make room for themselves.
  const left = Math.max(46, 24 + 7 * Math.max(0, ...yticks.map((v) => `${v}`.length)));
  const x = scale(xlim, [left, width - 8]), y = scale(ylim, [height - 40, 8]);
  const text = (content, attributes) => element("svg:text", attributes, content);
  const svg = element("svg:svg", { class: "live-chart", viewBox: `0 0 ${width} ${height}`, style: `max-width:${width}px`, role: "img", "aria-label": label },
    element("svg:path", { class: "live-axes", d: `M${left} 8V${height - 40}H${width - 8}` }),
    ...xticks.map((v) => text(v, { x: x(v), y: height - 24, "text-anchor": "middle" })),
    ...yticks.map((v) => text(v, { x: left - 6, y: y(v) + 4, "text-anchor": "end" })),
    text(xlabel, { x: x((xlim[0] + xlim[1]) / 2), y: height - 6, "text-anchor": "middle" }),
    text(ylabel, { x: 12, y: y((ylim[0] + ylim[1]) / 2), "text-anchor": "middle", transform: `rotate(-90 12 ${y((ylim[0] + ylim[1]) / 2)})` }));
  let named = 0;
  const line = (className, stroke = "currentColor", name = "") => {
    const path = element("svg:path", { class: `live-line ${className}`, stroke }), high = 16 + 18 * named;
    svg.append(path);
    if (name) {
      svg.append(element("svg:path", { class: `live-line ${className}`, stroke, d: `M${width - 34} ${high}h26` }),
        text(name, { x: width - 40, y: high + 4, "text-anchor": "end" }));
      named++;
    }
    const step = (point, i, all) => (point ? `${i && all[i - 1] ? "L" : "M"}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}` : "");
    return (points) => path.setAttribute("d", points.map(step).join(""));
  };
  return { node: svg, svg, x, y, line };
}

// About five round numbers that span an interval.
function ticks([low, high]) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => +((first + i) * step).toPrecision(6));
}
