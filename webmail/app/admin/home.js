// Administration, home: one sentence of health, figures, charts.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { mount as view } from "../core/view.js";
import { problemLine, reading, twin } from "./asking.js";
import { chart } from "./chart.js";
import { healthOf, totals } from "./health.js";

/** @typedef {import("./health.js").Point} Point */
/** @typedef {{ hostname: string, figures: Record<string, number>, notes: string[] }} Status */

/** The house counts by the minute. */
const AGAIN_MS = 60_000;

/** @param {HTMLElement} host */
export function mount(host) {
  const span = signal(/** @type {"hour" | "day"} */ ("hour"));
  const status = /** @type {ReturnType<typeof reading<Status>>} */ (reading(() => "status"));
  const figures = /** @type {ReturnType<typeof reading<{ step_ms: number, points: Point[] }>>} */ (reading(() => `figures?span=${span.peek()}`));
  const load = () => {
    void status.load();
    void figures.load();
  };
  load();
  const timer = setInterval(load, AGAIN_MS);
  const choose = (/** @type {"hour" | "day"} */ wanted) => {
    span.value = wanted;
    void figures.load();
  };
  const end = view(host, () => html`<h2>${t("admin.home")}</h2>
    ${problemLine(status.problem.value || figures.problem.value, load)}
    ${status.value.value ? sentence(status.value.value, figures.value.value?.points ?? []) : nothing}
    ${status.value.value ? facts(status.value.value) : nothing}
    <div class="card-head"><h2>${t("admin.charts")}</h2><div class="switch" role="group" aria-label=${t("admin.span")}>
      ${(/** @type {const} */ (["hour", "day"])).map((one) => html`<button class="button small" aria-pressed=${span.value === one} @click=${() => choose(one)}>${t(`admin.span.${one}`)}</button>`)}</div></div>
    ${figures.value.value ? charts(figures.value.value.points) : nothing}
    ${twin(status.value.value?.command)}`);
  return () => {
    clearInterval(timer);
    status.stop();
    figures.stop();
    end();
  };
}

/** @param {Status} status @param {Point[]} points */
function sentence(status, points) {
  const health = healthOf(points, status.figures.outbox ?? 0);
  const bad = health.sort === "failing" || health.sort === "growing";
  return html`<p class="health ${bad ? "bad" : ""}" role="status">${t(`admin.health.${health.sort}`, { n: health.n, host: status.hostname })}
      ${health.n > 0 && health.sort !== "young" ? html`<a href="/admin/queue">${t("admin.health.look")}</a>` : nothing}</p>
    ${status.notes.map((note) => html`<p class="notice">${note}</p>`)}`;
}

/** @param {Status} status */
function facts({ figures }) {
  /** @type {[string, string, string][]} */
  const all = [
    ["accounts", String(figures.accounts ?? 0), "/admin/accounts"], ["domains", String(figures.domains ?? 0), "/admin/domains"], ["aliases", String(figures.aliases ?? 0), "/admin/aliases"],
    ["waiting", String(figures.outbox ?? 0), "/admin/queue"], ["messages", (figures.messages ?? 0).toLocaleString(document.documentElement.lang), ""], ["stored", size(figures.octets ?? 0), ""], ["disk", size(figures.segment_octets ?? 0), ""],
  ];
  return html`<dl class="tiles">${all.map(([name, value, path]) => html`<div><dt>${t(`admin.figure.${name}`)}</dt><dd>${path ? html`<a href=${path}>${value}</a>` : value}</dd></div>`)}</dl>`;
}

/** @param {Point[]} points */
function charts(points) {
  if (points.length < 2) return html`<p class="hint">${t("admin.charts.young")}</p>`;
  const times = points.map((point) => point.at);
  const of = (/** @type {Exclude<keyof Point, "at">} */ name) => ({ name: t(`admin.series.${name}`), values: points.map((point) => point[name]) });
  const plain = (/** @type {number} */ value) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  const seconds = (/** @type {number} */ value) => (value < 1000 ? t("admin.ms", { n: Math.round(value) }) : t("admin.s", { n: Math.round(value / 100) / 10 }));
  const all = totals(points);
  return html`<p>${t("admin.totals", { ...all })}</p><div class="charts">
    ${chart({ title: t("admin.chart.queue"), times, series: [of("queue")], words: plain })}
    ${chart({ title: t("admin.chart.throughput"), times, series: [of("accepted"), of("delivered"), of("sent")], words: plain })}
    ${chart({ title: t("admin.chart.trouble"), times, series: [of("deferred"), of("failed"), of("refused")], words: plain })}
    ${chart({ title: t("admin.chart.delay"), times, series: [of("delay_p50_ms"), of("delay_p99_ms")], words: seconds })}</div>`;
}
