// The pages: which path shows which module, each fetched when it is first wanted.
//
// Owns the change from one page to the next, and the door to the composer.
import { html } from "lit-html";
import { effect, signal, untracked } from "signals";
import { t } from "./i18n.js";
import { go, route } from "./router.js";
import { complain } from "./toasts.js";
import { mount } from "./view.js";

/**
 * @typedef {object} Page
 * @property {(host: HTMLElement) => (() => void)} mount shows it; it reads `route` itself. Answers how it is left
 */
/** @type {Record<string, () => Promise<Page>>} */
const PAGES = {
  mail: () => import("../mail/page.js"),
  search: () => import("../mail/page.js"),
  contacts: () => import("../contacts/page.js"),
  outbox: () => import("../outbox/page.js"),
  settings: () => import("../settings/page.js"),
  compose: () => import("../compose/page.js"),
  login: () => import("../login/page.js"),
  admin: () => import("../admin/page.js"),
};

/** Pages whose module came with the first view. @type {Map<string, Page>} */
const here = new Map();

/** Says that a page's module is there already, so that it is shown in the same turn. @param {string} name @param {Page} module */
export function havePage(name, module) {
  here.set(name, module);
}

/** Pages that share a module stay mounted when the path goes from one to the other. @type {Record<string, string>} */
const SAME = { search: "mail" };

/** The page that is shown, by name: the shell marks it. */
export const page = signal("");

/**
 * Shows the page of the path in `host`, and follows the path.
 * @param {HTMLElement} host
 */
export function showPages(host) {
  let leave = () => {};
  let turn = 0;
  effect(() => {
    const wanted = route.value.page in PAGES ? route.value.page : "mail";
    const name = SAME[wanted] ?? wanted;
    if (untracked(() => page.value) === name) return;
    page.value = name;
    const mine = ++turn;
    const show = (/** @type {Page} */ module) => {
      if (mine !== turn) return;
      leave();
      host.replaceChildren();
      leave = untracked(() => module.mount(host));
    };
    const ready = here.get(name);
    if (ready) show(ready);
    else PAGES[wanted]?.().then(show).catch((error) => {
      console.error(error);
      if (mine !== turn) return;
      leave();
      leave = mount(host, failed);
    });
  });
}

function failed() {
  return html`<div class="empty"><h1>${t("page.failed")}</h1><p>${t("page.failed.why")}</p>
    <button class="button" @click=${() => location.reload()}>${t("reload")}</button></div>`;
}

/**
 * @typedef {object} ComposeOptions what a new message begins with
 * @property {"new" | "reply" | "replyAll" | "forward" | "forwardAttached" | "draft" | "again"} kind
 * @property {string} [emailId] of the message that is answered, forwarded, edited
 * @property {string} [mailto] a mailto: address, for kind "new"
 * @property {import("./format.js").EmailAddress[]} [to]
 * @property {string} [subject] @property {string} [text]
 * @property {boolean} [wide] over the whole page
 */

/**
 * Opens a composer.
 * @param {ComposeOptions} options
 */
export async function compose(options) {
  try {
    const module = await import("../compose/main.js");
    await module.open(options);
  } catch (error) {
    console.error(error);
    complain(t("page.failed"), { label: t("reload"), run: () => location.reload() });
  }
}

/** Goes to the login page, and back here afterwards. */
export function toLogin() {
  if (route.peek().page !== "login") go(`/login?next=${encodeURIComponent(route.peek().path)}`, { replace: true });
}
