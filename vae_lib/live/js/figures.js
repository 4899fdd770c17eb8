// What a figure is: a function that fills its place once, and redraws when its traits change.

/**
 * What each figure gets, whichever host shows it. State: the traits of its class in Python.
 * @template State
 * @typedef {{
 *   root: HTMLElement,
 *   signal: AbortSignal,
 *   networks: Record<string, import("./mlp.js").Layer[]>,
 *   get<Name extends keyof State & string>(name: Name): State[Name],
 *   set<Name extends keyof State & string>(name: Name, value: State[Name]): void,
 *   on(names: string, redraw: () => void): void,
 *   say(text: string): void,
 * }} Figure
 * root: where its nodes go; signal: aborted when it ends; on: calls redraw at first and after a change of one of the
 * names, separated by spaces; say: has a screen reader speak.
 */

/**
 * The figures by kind, which is the name of a class in Python that begins with a small letter. Each adds itself: script.py
 * joins all modules of this folder.
 * @type {Record<string, (figure: Figure<never>) => void>}
 */
export const FIGURES = {};
