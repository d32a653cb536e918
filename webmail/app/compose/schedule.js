/**
 * When a message may leave: what is offered, what the picker's words mean, and what the server still takes. Pure: the
 * moment comes in. Times are of the browser's time zone.
 * @module
 */

/** @typedef {'thisEvening' | 'tomorrowMorning' | 'tomorrowAfternoon' | 'mondayMorning'} PresetKey */

const MORNING_HOUR = 8;
const AFTERNOON_HOUR = 13;
const EVENING_HOUR = 18;
/** A time nearer than this is "now": the clock of the server may be another. */
export const SOONEST_MS = 60_000;

/**
 * What one likes to choose, soonest first.
 * @param {Date} now
 * @returns {{key: PresetKey, at: Date}[]}
 */
export function presets(now) {
  /** @type {{key: PresetKey, at: Date}[]} */
  const all = [
    { key: 'thisEvening', at: dayAt(now, 0, EVENING_HOUR) },
    { key: 'tomorrowMorning', at: dayAt(now, 1, MORNING_HOUR) },
    { key: 'tomorrowAfternoon', at: dayAt(now, 1, AFTERNOON_HOUR) },
    { key: 'mondayMorning', at: dayAt(now, daysToMonday(now), MORNING_HOUR) },
  ];
  const later = all.filter(({ at }) => at.getTime() - now.getTime() >= 30 * SOONEST_MS);
  return later.filter(({ at }, index) => later.findIndex((one) => one.at.getTime() === at.getTime()) === index);
}

/**
 * @param {Date} now
 * @param {number} days
 * @param {number} hour
 */
function dayAt(now, days, hour) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

/** @param {Date} now */
function daysToMonday(now) {
  const days = (8 - now.getDay()) % 7;
  return days === 0 ? 7 : days;
}

/**
 * What a `datetime-local` field holds, as a moment.
 * @param {string} value `2026-11-21T18:30`
 * @returns {Date | null}
 */
export function parseLocal(value) {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d)/u.exec(value);
  if (!parts) return null;
  const [year, month, day, hour, minute] = parts.slice(1).map(Number);
  const date = new Date(year ?? 0, (month ?? 1) - 1, day, hour, minute);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * The other way, for the field's value and limits.
 * @param {Date} date
 */
export function formatLocal(date) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * Whether the server would take this time.
 * @param {Date | null} at
 * @param {Date} now
 * @param {number} maxSeconds `maxDelayedSend` of the account (RFC 8621 §1.3.2)
 * @returns {'ok' | 'unreadable' | 'past' | 'tooLate'}
 */
export function judgeTime(at, now, maxSeconds) {
  if (!at) return 'unreadable';
  const ahead = at.getTime() - now.getTime();
  if (ahead < SOONEST_MS) return 'past';
  return ahead > maxSeconds * 1000 ? 'tooLate' : 'ok';
}
