// Administration: what waits for other servers. By destination, age and reason; held, released, tried, sent elsewhere, removed.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { effect, signal } from "signals";
import { confirm, dialog, prompt } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, route } from "../core/router.js";
import { api } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { moment, problemLine, reading, twin, wordsOf } from "./asking.js";
import { ageOf, AGES_MINUTES, bucketsOf, destinationOf, noFilter, queryOf, reasonOf, whichOf } from "./facets.js";
import { lines } from "./trace.js";

/** @typedef {import("./facets.js").Row} Row */
/** @typedef {import("./facets.js").Filter} Filter */
/** @typedef {"hold" | "release" | "retry" | "remove" | "reroute"} Change */

/** Rows that are asked for; with more the page says that there are more. */
const ROWS_MAX = 1000;
/** Rows that are drawn. */
const DRAWN_MAX = 200;
/** Live: as often as one can read. */
const AGAIN_MS = 5000;
/** Buckets of one side. */
const BUCKETS_MAX = 8;
/** Requests of one change by hand: each names one recipient. */
const CHOSEN_MAX = 200;

/** @param {Row} row */
const idOf = (row) => `${row.queue_id} ${row.recipient}`;

/** @param {HTMLElement} host */
export function mount(host) {
  const filter = signal(/** @type {Filter} */ (fromPath()));
  const chosen = signal(/** @type {Set<string>} */ (new Set()));
  const found = /** @type {ReturnType<typeof reading<{ rows: Row[], notes: string[] }>>} */ (reading(() => `queue?${queryOf(filter.peek(), ROWS_MAX)}`));
  const follow = effect(() => {
    if (route.value.page !== "admin" || route.value.steps[0] !== "queue") return;
    filter.value = fromPath();
    chosen.value = new Set();
    void found.load();
  });
  const timer = setInterval(() => {
    if (document.visibilityState === "visible" && !document.querySelector("dialog[open]")) void found.load();
  }, AGAIN_MS);

  const narrow = (/** @type {Partial<Filter>} */ patch) => {
    const query = new URLSearchParams(Object.entries({ ...filter.peek(), ...patch }).filter(([, value]) => value !== "")).toString();
    go(`/admin/queue${query ? `?${query}` : ""}`);
  };
  const change = async (/** @type {Change} */ deed) => {
    const rows = (found.value.peek()?.rows ?? []).filter((row) => chosen.peek().has(idOf(row)));
    const n = rows.length || (found.value.peek()?.rows.length ?? 0);
    const sure = await ask(deed, n, rows.length === 0);
    if (!sure) return;
    const done = await carryOut(deed, rows, filter.peek(), sure.route);
    if (done !== undefined) {
      toast(t(`admin.queue.done.${deed}`, { n: done }));
      announce(t(`admin.queue.done.${deed}`, { n: done }));
    }
    chosen.value = new Set();
    await found.load();
  };

  const end = view(host, () => html`<h2>${t("admin.queue")}</h2>${problemLine(found.problem.value, found.load)}
    ${filters(filter.value, narrow)}
    ${found.value.value ? body(found.value.value, filter.value, chosen, narrow, change) : nothing}
    ${twin(found.value.value?.command)}`);
  return () => {
    clearInterval(timer);
    follow();
    found.stop();
    end();
  };
}

/** The filter that the path names. @returns {Filter} */
function fromPath() {
  const { query } = route.value;
  return /** @type {Filter} */ (Object.fromEntries(Object.keys(noFilter()).map((name) => [name, query.get(name) ?? ""])));
}

/** @param {Filter} filter @param {(patch: Partial<Filter>) => void} narrow */
function filters(filter, narrow) {
  const field = (/** @type {"sender" | "to" | "said"} */ name) => html`<label class="field"><span>${t(`admin.queue.filter.${name}`)}</span>
    <input name=${name} maxlength="320" autocapitalize="off" spellcheck="false" .value=${filter[name]}></label>`;
  const active = Object.entries(filter).filter(([, value]) => value !== "");
  return html`<form class="form-row" role="search" aria-label=${t("admin.queue.filter-by")} @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem(name)).value.trim();
      narrow({ sender: read("sender"), to: read("to"), said: read("said") });
    }}>${field("to")}${field("sender")}${field("said")}<button class="button">${t("admin.queue.filter")}</button></form>
    ${active.length ? html`<p class="filters">${active.map(([name, value]) => html`<button class="button small" aria-label=${t("admin.queue.filter.drop", { what: `${t(`admin.queue.filter.${name}`)}: ${wordsFor(name, value)}` })} @click=${() => narrow({ [name]: "" })}>
      ${t(`admin.queue.filter.${name}`)}: ${wordsFor(name, value)} ${icon("close")}</button>`)}</p>` : nothing}`;
}

/** @param {string} name @param {string} value */
function wordsFor(name, value) {
  if (name === "older_than_s") return ageWords(Math.round(Number(value) / 60));
  return name === "held" ? t("admin.yes") : value;
}

/** @param {number} minutes */
function ageWords(minutes) {
  if (minutes === 0) return t("admin.age.fresh");
  if (minutes < 60) return t("admin.age.minutes", { n: minutes });
  return minutes < 1440 ? t("admin.age.hours", { n: Math.round(minutes / 60) }) : t("admin.age.days", { n: Math.round(minutes / 1440) });
}

/**
 * @param {{ rows: Row[], notes: string[] }} found @param {Filter} filter @param {import("signals").Signal<Set<string>>} chosen
 * @param {(patch: Partial<Filter>) => void} narrow @param {(deed: Change) => void} change
 */
function body({ rows, notes }, filter, chosen, narrow, change) {
  const narrowed = Object.values(filter).some((value) => value !== "");
  if (rows.length === 0) return html`<div class="empty">${icon("outbox")}<h2>${t(narrowed ? "admin.queue.nothing-fits" : "admin.queue.empty")}</h2><p>${t(narrowed ? "admin.queue.nothing-fits.hint" : "admin.queue.empty.hint")}</p></div>`;
  const now = Date.now();
  const held = rows.filter((row) => row.state === "held").length;
  const some = chosen.value.size;
  return html`${notes.map((note) => html`<p class="notice">${note}</p>`)}
    <div class="facets">
      ${facet(t("admin.queue.by-destination"), bucketsOf(rows, destinationOf), (bucket) => narrow({ host: bucket.key }))}
      ${facet(t("admin.queue.by-age"), bucketsOf(rows, (row) => String(ageOf(row, now))).map((one) => ({ ...one, label: ageWords(Number(one.key)) })).sort((a, b) => AGES_MINUTES.indexOf(Number(a.key)) - AGES_MINUTES.indexOf(Number(b.key))), (bucket) => narrow({ older_than_s: bucket.key === "0" ? "" : String(Number(bucket.key) * 60) }))}
      ${facet(t("admin.queue.by-reason"), bucketsOf(rows, (row) => reasonOf(row.said)).map((one) => ({ ...one, label: one.label || t("admin.queue.not-tried") })), (bucket) => narrow({ said: longest(bucket.key) }))}
    </div>
    <div class="bulk" role="toolbar" aria-label=${t("admin.queue.deeds")}><span>${some ? t("admin.queue.chosen", { n: some }) : t("admin.queue.all", { n: rows.length })}${rows.length >= ROWS_MAX ? t("admin.queue.and-more") : ""}${held ? html` · <button class="link-button" @click=${() => narrow({ held: "true" })}>${t("admin.queue.held", { n: held })}</button>` : nothing}</span>
      ${(/** @type {Change[]} */ (["retry", "hold", "release", "reroute", "remove"])).map((deed) => html`<button class="button small ${deed === "remove" ? "danger" : ""}" @click=${() => change(deed)}>${t(`admin.queue.${deed}`)}</button>`)}</div>
    ${table(rows.slice(0, DRAWN_MAX), chosen)}
    ${rows.length > DRAWN_MAX ? html`<p class="hint">${t("admin.more-rows", { n: rows.length - DRAWN_MAX })}</p>` : nothing}`;
}

/** The longest stretch of a reason that holds nothing left out: that is what the server can look for. @param {string} reason */
const longest = (reason) => reason.split("…").map((piece) => piece.trim()).sort((a, b) => b.length - a.length)[0] ?? "";

/** @param {string} title @param {import("./facets.js").Bucket[]} buckets @param {(bucket: import("./facets.js").Bucket) => void} choose */
function facet(title, buckets, choose) {
  const most = Math.max(...buckets.map((one) => one.n));
  return html`<section class="facet"><h3>${title}</h3><ul>${buckets.slice(0, BUCKETS_MAX).map((one) => html`<li><button @click=${() => choose(one)}>
    <span class="facet-label">${one.label}</span> <span class="facet-count">${one.n}</span><svg class="facet-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * one.n) / most} height="4"></rect></svg></button></li>`)}</ul>
    ${buckets.length > BUCKETS_MAX ? html`<p class="hint">${t("admin.queue.more-buckets", { n: buckets.length - BUCKETS_MAX })}</p>` : nothing}</section>`;
}

/** @param {Row[]} rows @param {import("signals").Signal<Set<string>>} chosen */
function table(rows, chosen) {
  const all = rows.every((row) => chosen.value.has(idOf(row)));
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(chosen.peek());
    if (!next.delete(id)) next.add(id);
    chosen.value = next;
  };
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${t("admin.queue")}><table class="data queue-table"><caption class="unseen">${t("admin.queue")}</caption>
    <thead><tr><th scope="col"><input type="checkbox" aria-label=${t("admin.queue.choose-all")} .checked=${all} @change=${() => { chosen.value = all ? new Set() : new Set(rows.map(idOf)); }}></th>
      <th scope="col">${t("admin.queue.to")}</th><th scope="col">${t("admin.queue.sender")}</th><th scope="col">${t("admin.queue.state")}</th><th scope="col">${t("admin.queue.said")}</th><th scope="col" class="number">${t("admin.queue.size")}</th><th scope="col">${t("admin.queue.message")}</th></tr></thead>
    <tbody>${repeat(rows, idOf, (row) => html`<tr class=${row.state === "held" ? "held" : ""}><td><input type="checkbox" aria-label=${t("admin.queue.choose", { who: row.to })} .checked=${chosen.value.has(idOf(row))} @change=${() => toggle(idOf(row))}></td>
      <th scope="row">${row.to}${row.route ? html`<span class="soft cell-line">${t("admin.queue.by-way-of", { host: row.route })}</span>` : nothing}</th>
      <td>${row.sender || t("admin.queue.report")}<span class="soft cell-line">${moment(row.created)}</span></td>
      <td>${t(`admin.queue.state.${["held", "active"].includes(row.state) ? row.state : "waiting"}`)}<span class="soft cell-line">${row.state === "held" ? "" : row.due <= Date.now() ? t("admin.queue.due") : html`${t("admin.queue.next")} ${moment(row.due)}`}${row.attempts ? html` · ${t("admin.queue.attempts", { n: row.attempts })}` : nothing}</span></td>
      <td class="said">${row.said ?? ""}</td><td class="number">${size(row.size)}</td>
      <td><button class="link-button code" @click=${() => void show(row.queue_id)}>${row.queue_id}</button></td></tr>`)}</tbody></table></div>`;
}

/** The journey of one message. @param {string} id */
async function show(id) {
  try {
    const answer = await api("GET", `/admin/queue/${encodeURIComponent(id)}`);
    await dialog({ title: id, className: "wide", body: () => html`${lines(answer.trace)}${twin(answer.command)}` });
  } catch (error) {
    complain(wordsOf(error));
  }
}

/**
 * @param {Change} deed @param {number} n @param {boolean} byFilter
 * @returns {Promise<{ route?: string } | undefined>} undefined: not after all
 */
async function ask(deed, n, byFilter) {
  if (deed === "reroute") {
    const host = await prompt({ title: t("admin.queue.reroute"), label: t("admin.queue.reroute.host"), value: "", yes: t("admin.queue.reroute"), check: (value) => (/^[\w.:[\]-]+$/u.test(value) ? "" : t("admin.queue.reroute.wrong")) });
    return host === undefined ? undefined : host === "-" ? {} : { route: host };
  }
  if (deed !== "remove" && !byFilter) return {};
  const question = { title: t(`admin.queue.${deed}`), text: t(`admin.queue.sure.${deed}`, { n }), yes: t(`admin.queue.${deed}`), danger: deed === "remove" };
  return (await confirm(question)) ? {} : undefined;
}

/**
 * @param {Change} deed @param {Row[]} rows those chosen; none: all that the filter fits @param {Filter} filter @param {string | undefined} host
 * @returns {Promise<number | undefined>} how many recipients; undefined: refused
 */
async function carryOut(deed, rows, filter, host) {
  const which = rows.length ? rows.slice(0, CHOSEN_MAX).map((row) => ({ queue_id: row.queue_id, to: row.to })) : [whichOf(filter)];
  const all = rows.length === 0 && Object.keys(which[0] ?? {}).length === 0;
  try {
    let n = 0;
    for (const one of which) {
      const answer = await api("POST", "/admin/queue/change", { which: one, change: deed, ...(all ? { all: true } : {}), ...(deed === "reroute" && host ? { route: host } : {}) });
      n += Number(answer.recipients ?? 0);
    }
    return n;
  } catch (error) {
    complain(wordsOf(error));
    return undefined;
  }
}
