// Type-ahead: which of many names somebody means. Pure.

/**
 * How well `typed` fits `text`: 0 not at all, else more is better. Letters in order fit; starts of words fit better.
 * @param {string} typed @param {string} text
 */
export function fits(typed, text) {
  const wanted = typed.toLowerCase().replace(/\s+/g, "");
  const given = text.toLowerCase();
  if (!wanted) return 1;
  const whole = given.indexOf(typed.toLowerCase().trim());
  if (whole === 0) return 1000 - given.length;
  if (whole > 0) return (/[\s/._-]/.test(given[whole - 1] ?? "") ? 800 : 600) - given.length;
  let score = 100;
  let from = 0;
  for (const letter of wanted) {
    const found = given.indexOf(letter, from);
    if (found < 0) return 0;
    score += found === 0 || /[\s/._-]/.test(given[found - 1] ?? "") ? 10 : from === found ? 4 : -1;
    from = found + 1;
  }
  return Math.max(1, score);
}

/**
 * The choices that fit, best first.
 * @template {{ label: string, detail?: string }} T
 * @param {T[]} all @param {string} typed @returns {T[]}
 */
export function fitting(all, typed) {
  if (!typed.trim()) return all;
  const scored = all.map((one) => ({ one, score: Math.max(fits(typed, one.label), fits(typed, `${one.detail ?? ""} ${one.label}`) - 1) }));
  return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score).map(({ one }) => one);
}
