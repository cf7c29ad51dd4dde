// Text that is written from right to left, within other text.

// Letters from right to left, and characters that change the direction of what follows them.
const DIRECTION = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const FIRST_STRONG_ISOLATE = "\u2068";
const POP_DIRECTIONAL_ISOLATE = "\u2069";

// Isolates a name, so that it does not change the order of the words and times beside it.
export const isolate = (text) =>
  (DIRECTION.test(text) ? FIRST_STRONG_ISOLATE + balanced(text) + POP_DIRECTIONAL_ISOLATE : text);

// A name that ends more isolates than it begins would end this one, too.
function balanced(text) {
  let depth = 0;
  for (const [character] of text.matchAll(/[\u2066-\u2069]/g)) {
    depth += character === POP_DIRECTIONAL_ISOLATE ? -1 : 1;
    if (depth < 0) break;
  }
  return depth === 0 ? text : text.replace(/[\u2066-\u2069]/g, "");
}

// Returns the texts with functions that isolate the names that they are given.
export function isolateNames(texts) {
  const isolated = (value) => (typeof value === "string" ? isolate(value) : value);
  const wrap = (text) => (typeof text === "function" ? (...values) => text(...values.map(isolated)) : text);
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, wrap(text)]));
}
