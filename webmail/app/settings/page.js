// The settings: one section at a time, `/settings/<section>`.
//
// Owns the frame and the list of sections. Each section is a module of its own, mounted when it is shown.
import { html, nothing } from "lit-html";
import { effect } from "signals";
import { addCatalogue, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, route, write } from "../core/router.js";
import { addSheet } from "../core/sheets.js";
import { element, mount as view } from "../core/view.js";
import * as general from "./general.js";
import * as identities from "./identities.js";
import * as keys from "./keys.js";
import * as labels from "./labels.js";
import * as privacy from "./privacy.js";
import * as searches from "./searches.js";
import * as security from "./security.js";
import * as vacation from "./vacation.js";

await Promise.all([addCatalogue("settings"), addCatalogue("compose"), addCatalogue("reading"), addSheet("page"), addSheet("settings")]);

/** @typedef {{ mount: (host: HTMLElement) => () => void }} Section */

/** In the order of the list: name, icon, module. @type {[string, string, Section][]} */
const SECTIONS = [
  ["general", "settings", general], ["identities", "person", identities], ["vacation", "snooze", vacation], ["labels", "label", labels],
  ["searches", "search", searches], ["privacy", "image", privacy], ["keys", "keyboard", keys], ["security", "shield", security],
];

/** The section that the path names. */
const current = () => SECTIONS.find(([name]) => name === route.value.steps[0]) ?? SECTIONS[0];

/** @param {HTMLElement} host */
export function mount(host) {
  const frame = element("div", { class: "settings" });
  const list = element("nav", { class: "settings-list" });
  const body = element("div", { class: "settings-body page" });
  frame.append(list, body);
  host.append(frame);
  const endList = view(list, () => html`<h1>${t("settings.title")}</h1>
    <ul>${SECTIONS.map(([name, image]) => html`<li><a class="side-link" href=${write("settings", [name])} aria-current=${current()?.[0] === name ? "page" : nothing}>${icon(image)}<span>${t(`settings.${name}`)}</span></a></li>`)}</ul>
    <label class="settings-choice"><span class="unseen">${t("settings.section")}</span>
      <select @change=${(/** @type {Event} */ event) => go(write("settings", [/** @type {HTMLSelectElement} */ (event.target).value]))}>
        ${SECTIONS.map(([name]) => html`<option value=${name} ?selected=${current()?.[0] === name}>${t(`settings.${name}`)}</option>`)}</select></label>`);
  const label = effect(() => list.setAttribute("aria-label", t("settings.title")));
  let shown = "";
  let leave = () => {};
  const follow = effect(() => {
    const found = current();
    if (!found || found[0] === shown || (route.value.page !== "settings")) return;
    shown = found[0];
    queueMicrotask(() => {
      leave();
      body.replaceChildren();
      leave = found[2].mount(body);
      body.scrollTop = 0;
    });
  });
  return () => {
    follow();
    label();
    leave();
    endList();
    frame.remove();
  };
}
