// Charts: lines over time as SVG, told apart by their strokes and names as well as by colour, with the figures in a table.
//
// Owns scales, paths and the table. Draws nothing by itself.
import { html, nothing, svg } from "lit-html";
import { t } from "../core/i18n.js";

/** @typedef {{ name: string, values: (number | null)[] }} Series */

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 96;
const TOP = 12;
const BOTTOM = 24;
/** Strokes that differ without colour. */
const DASHES = ["", "7 4", "2 3", "10 3 2 3"];
/** Names at the end of lines are kept so far apart. */
const NAME_GAP = 14;
/** Rows of the table: as many as are read. */
const ROWS_MAX = 100;

/**
 * A round number at or above the largest value: 1, 2 or 5 times a power of ten.
 * @param {number} most
 */
export function roundUp(most) {
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10) * power;
}

/**
 * The path of a line; it is broken where a value is missing.
 * @param {(number | null)[]} values @param {number} top the largest value of the scale
 */
export function pathOf(values, top) {
  const x = xOf(values.length);
  let pen = "M";
  return values.map((value, at) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const piece = `${pen}${x(at).toFixed(1)} ${yOf(value, top).toFixed(1)}`;
    pen = "L";
    return piece;
  }).join("");
}

/** @param {number} count */
const xOf = (count) => (/** @type {number} */ at) => LEFT + (count > 1 ? (at / (count - 1)) * (WIDTH - LEFT - RIGHT) : 0);
/** @param {number} value @param {number} top */
const yOf = (value, top) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);

/**
 * Where names at the end of lines stand, so that none covers another.
 * @param {number[]} wanted
 */
export function spread(wanted) {
  const order = wanted.map((y, at) => ({ y, at })).sort((a, b) => a.y - b.y);
  for (let n = 1; n < order.length; n += 1) {
    const [before, one] = [order[n - 1], order[n]];
    if (before && one) one.y = Math.max(one.y, before.y + NAME_GAP);
  }
  const over = Math.max(0, (order.at(-1)?.y ?? 0) - (HEIGHT - BOTTOM));
  const placed = wanted.slice();
  for (const { y, at } of order) placed[at] = y - over;
  return placed;
}

/**
 * @param {{ title: string, times: number[], series: Series[], words: (value: number) => string }} what
 */
export function chart({ title, times, series, words }) {
  const most = Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const top = roundUp(most);
  const ends = spread(series.map(({ values }) => yOf(values.findLast((value) => value !== null) ?? 0, top) + 4));
  const hour = (/** @type {number} */ at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const shown = [0, Math.floor((times.length - 1) / 2), times.length - 1].filter((at, index, all) => at >= 0 && all.indexOf(at) === index);
  return html`<figure class="chart"><figcaption><h3>${title}</h3></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${summary(title, series, words)}>
      ${[0, 0.5, 1].map((share) => svg`<line class="grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${yOf(top * share, top)} y2=${yOf(top * share, top)}></line>
        <text class="tick" x=${LEFT - 8} y=${yOf(top * share, top) + 4} text-anchor="end">${words(top * share)}</text>`)}
      ${shown.map((at) => svg`<text class="tick" x=${xOf(times.length)(at)} y=${HEIGHT - 6} text-anchor=${at === 0 ? "start" : "middle"}>${hour(times[at] ?? 0)}</text>`)}
      ${series.map(({ name, values }, at) => svg`<path class="line line-${at}" d=${pathOf(values, top)} stroke-dasharray=${DASHES[at % DASHES.length] || "none"}></path>
        <text class="name name-${at}" x=${WIDTH - RIGHT + 8} y=${ends[at] ?? 0}>${name}</text>`)}
    </svg>
    ${table(times, series, words, title)}</figure>`;
}

/** @param {string} title @param {Series[]} series @param {(value: number) => string} words */
function summary(title, series, words) {
  const last = series.map(({ name, values }) => `${name}: ${words(values.findLast((value) => value !== null) ?? 0)}`);
  return `${title}. ${t("admin.chart.now")} ${last.join(", ")}. ${t("admin.chart.table-below")}`;
}

/** @param {number[]} times @param {Series[]} series @param {(value: number) => string} words @param {string} title */
function table(times, series, words, title) {
  const from = Math.max(0, times.length - ROWS_MAX);
  return html`<details><summary>${t("admin.chart.table")}</summary><div class="table-wrap" tabindex="0" role="region" aria-label=${title}><table class="data">
    <thead><tr><th scope="col">${t("admin.time")}</th>${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
    <tbody>${times.slice(from).map((at, row) => html`<tr><th scope="row">${new Date(at).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" })}</th>
      ${series.map(({ values }) => { const value = values[from + row]; return html`<td class="number">${value === null || value === undefined ? nothing : words(value)}</td>`; })}</tr>`)}</tbody></table></div></details>`;
}
