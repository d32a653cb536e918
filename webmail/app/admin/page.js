// The administration: home, accounts, domains, aliases, queue, trace, connections; `/admin/<section>`.
//
// Owns the frame. Each section is a module over `/api/admin` (docs/http-api.md), and shows what one would type instead.
import { html, nothing } from "lit-html";
import { effect } from "signals";
import { addCatalogue, t } from "../core/i18n.js";
import { addIcons, icon } from "../core/icons.js";
import { go, route, write } from "../core/router.js";
import { me } from "../core/session.js";
import { addSheet } from "../core/sheets.js";
import { element, mount as view } from "../core/view.js";
import * as accounts from "./accounts.js";
import * as aliases from "./aliases.js";
import * as connections from "./connections.js";
import * as domains from "./domains.js";
import * as home from "./home.js";
import * as queue from "./queue.js";
import * as trace from "./trace.js";

await Promise.all([addCatalogue("admin"), addSheet("page"), addSheet("settings"), addSheet("admin")]);

addIcons({
  chart: "M4 4v16h16M8 15l4-5 3 3 5-7",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
});

/** @typedef {{ mount: (host: HTMLElement) => () => void }} Section */
/** @type {[string, string, Section][]} */
const SECTIONS = [
  ["home", "chart", home], ["queue", "outbox", queue], ["trace", "route", trace], ["accounts", "people", accounts],
  ["domains", "globe", domains], ["aliases", "label", aliases], ["connections", "plug", connections],
];

const current = () => SECTIONS.find(([name]) => name === (route.value.steps[0] ?? "home")) ?? SECTIONS[0];

/** @param {HTMLElement} host */
export function mount(host) {
  const frame = element("div", { class: "settings admin" });
  const list = element("nav", { class: "settings-list" });
  const body = element("div", { class: "settings-body page" });
  frame.append(list, body);
  host.append(frame);
  let shown = "";
  let leave = () => {};
  const ends = [
    view(list, sections),
    effect(() => list.setAttribute("aria-label", t("admin.title"))),
    effect(() => {
      const found = current();
      const name = me.value.admin === true ? (found?.[0] ?? "") : "no";
      if (!found || name === shown || route.value.page !== "admin") return;
      shown = name;
      queueMicrotask(() => {
        leave();
        body.replaceChildren();
        leave = name === "no" ? view(body, () => html`<div class="empty">${icon("shield")}<h2>${t("admin.not")}</h2><p>${t("admin.not.why")}</p></div>`) : found[2].mount(body);
      });
    }),
  ];
  return () => {
    for (const end of ends) end();
    leave();
    frame.remove();
  };
}

function sections() {
  return html`<h1>${t("admin.title")}</h1>
    <ul>${SECTIONS.map(([name, image]) => html`<li><a class="side-link" href=${write("admin", [name])} aria-current=${current()?.[0] === name ? "page" : nothing}>${icon(image)}<span>${t(`admin.${name}`)}</span></a></li>`)}</ul>
    <label class="settings-choice"><span class="unseen">${t("admin.section")}</span>
      <select @change=${(/** @type {Event} */ event) => go(write("admin", [/** @type {HTMLSelectElement} */ (event.target).value]))}>
        ${SECTIONS.map(([name]) => html`<option value=${name} ?selected=${current()?.[0] === name}>${t(`admin.${name}`)}</option>`)}</select></label>`;
}
