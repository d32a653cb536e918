// How the house is, in one sentence, and what to look at next. Pure.

/**
 * @typedef {object} Point
 * @property {number} at @property {number} queue @property {number} accepted @property {number} delivered @property {number} sent
 * @property {number} deferred @property {number} failed @property {number} refused
 * @property {number | null} delay_p50_ms @property {number | null} delay_p99_ms
 */
/** @typedef {{ sort: "well" | "waiting" | "growing" | "failing" | "young", n: number }} Health */

/** More that wait than this is worth a look whatever came of it. */
const QUEUE_MANY = 500;
/** Points that are compared: the last against those before. */
const RECENT = 10;
/** Of what was tried, more failing than this is not one wrong address. */
const FAILING_SHARE = 0.2;

/**
 * @param {Point[]} points oldest first
 * @param {number} queue recipients that wait now
 * @returns {Health}
 */
export function healthOf(points, queue) {
  if (points.length < 2) return { sort: queue > QUEUE_MANY ? "waiting" : "young", n: queue };
  const recent = points.slice(-RECENT);
  const sum = (/** @type {(point: Point) => number} */ of) => recent.reduce((all, point) => all + of(point), 0);
  const failed = sum((point) => point.failed);
  const tried = sum((point) => point.sent) + failed;
  if (failed >= 3 && failed / tried > FAILING_SHARE) return { sort: "failing", n: failed };
  const before = points.slice(0, -RECENT);
  const usual = before.length ? before.reduce((all, point) => all + point.queue, 0) / before.length : queue;
  if (queue > 20 && queue > usual * 2) return { sort: "growing", n: queue };
  return { sort: queue > QUEUE_MANY ? "waiting" : "well", n: queue };
}

/**
 * Sums over the points.
 * @param {Point[]} points
 */
export function totals(points) {
  const of = (/** @type {"accepted" | "delivered" | "sent" | "deferred" | "failed" | "refused"} */ name) => points.reduce((all, point) => all + point[name], 0);
  return { accepted: of("accepted"), delivered: of("delivered"), sent: of("sent"), deferred: of("deferred"), failed: of("failed"), refused: of("refused") };
}
