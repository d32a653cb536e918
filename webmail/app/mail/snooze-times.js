// The times that are offered for snoozing. Pure: the clock is passed in.

/**
 * The times that are offered, of those that lie ahead.
 * @param {Date} now
 * @returns {{ key: string, at: Date }[]}
 */
export function presets(now) {
  const at = (/** @type {number} */ days, /** @type {number} */ hour) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const toMonday = ((8 - now.getDay()) % 7) || 7;
  const toSaturday = (6 - now.getDay() + 7) % 7;
  const all = [
    { key: "later", at: new Date(now.getTime() + 3 * 3_600_000) },
    { key: "evening", at: at(0, 18) },
    { key: "tomorrow", at: at(1, 8) },
    { key: "weekend", at: at(toSaturday, 9) },
    { key: "week", at: at(toMonday, 8) },
  ];
  const seen = new Set();
  return all.filter((one) => one.at.getTime() > now.getTime() + 300_000 && (one.key !== "weekend" || toSaturday > 1) && !seen.has(one.at.getTime()) && seen.add(one.at.getTime()));
}
