// Where the classes' names stand in a plane, and in which ink: vae_lib/labels.py has both, too.
const TURN = Math.PI * (3 - Math.sqrt(5)); // the golden angle: a spiral's points lie evenly over the plane

/**
 * Each place, or the nearest one beside it that is `gap` or more from those before and from those in `taken`, and inside
 * the frame; where there is none, the place itself.
 * @param {number[][]} places
 * @param {number} gap
 * @param {[low: number, high: number][]} frame
 * @param {number[][]} taken
 */
export function apart(places, gap, frame, taken = []) {
  const stand = [...taken];
  for (const place of places) {
    let found = place;
    for (let i = 0; i < 20_000; i++) {
      const radius = (gap / 10) * Math.sqrt(i);
      const beside = [place[0] + radius * Math.cos(TURN * i), place[1] + radius * Math.sin(TURN * i)];
      const inside = frame.every(([low, high], axis) => low <= beside[axis] && beside[axis] <= high);
      if (inside && stand.every(([u, v]) => Math.hypot(u - beside[0], v - beside[1]) >= gap)) { found = beside; break; }
    }
    stand.push(found);
  }
  return stand.slice(taken.length);
}

/**
 * Black or white, whichever reads better on a colour, #rrggbb.
 * @param {string} colour
 */
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "black" : "white";
}
