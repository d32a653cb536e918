// The frame around every page: the bar at the top, the folders, the place of the page, the dock of composers.
//
// Owns the layout's states (folders open on narrow screens) and the commands that hold everywhere.
import { html, nothing } from "lit-html";
import { effect, signal } from "signals";
import { keyHint, register } from "./core/commands.js";
import { withRole } from "./core/data.js";
import { t } from "./core/i18n.js";
import { icon } from "./core/icons.js";
import { compose, page, showPages } from "./core/pages.js";
import { go, route, write } from "./core/router.js";
import { jmap, logOut, loggedIn, me, online } from "./core/session.js";
import { change, settings } from "./core/settings.js";
import { element, mount } from "./core/view.js";
import { folders } from "./mail/folders.js";
import { showSearch } from "./mail/search-box.js";

/** Are the folders shown over the page, on narrow screens? */
export const drawer = signal(false);

/** Pages that stand alone, without bar and folders. */
const BARE = new Set(["login"]);

/**
 * Builds the shell and shows the page of the path in it.
 * @param {HTMLElement} app
 */
export function showShell(app) {
  const bar = element("header", { id: "bar" });
  const side = element("nav", { id: "side" });
  const main = element("main", { id: "main", tabindex: "-1" });
  const dock = element("div", { id: "dock" });
  app.append(element("a", { href: "#main", id: "skip" }), bar, side, element("div", { id: "veil" }), main, dock);
  effect(() => {
    app.dataset.page = page.value;
    app.classList.toggle("bare", BARE.has(page.value) || loggedIn.value !== "in");
    app.classList.toggle("drawer-open", drawer.value);
  });
  effect(() => {
    const skip = app.querySelector("#skip");
    if (skip) skip.textContent = t("skip");
    side.setAttribute("aria-label", t("folders"));
  });
  app.querySelector("#skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  app.querySelector("#veil")?.addEventListener("click", closeDrawer);
  app.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drawer.value) return;
    event.preventDefault();
    closeDrawer();
  });
  effect(() => {
    void route.value;
    drawer.value = false;
  });
  showBar(bar);
  mount(side, sideTemplate);
  register(commandsEverywhere());
  showPages(main);
}

function closeDrawer() {
  if (!drawer.value) return;
  drawer.value = false;
  /** @type {HTMLElement | null} */ (document.querySelector("#bar .drawer-button"))?.focus();
}

/** @param {HTMLElement} bar */
function showBar(bar) {
  const left = element("div", { class: "bar-left" });
  const search = element("div", { class: "bar-search", role: "search" });
  const right = element("div", { class: "bar-right" });
  bar.append(left, search, right);
  mount(left, () => html`<button class="icon-button drawer-button" aria-label=${t("folders.show")} aria-expanded=${drawer.value} aria-controls="side"
      @click=${openDrawer}>${icon("menu")}</button>
    <a class="brand" href="/mail" aria-label=${t("brand")}>${mark()}<span>${t("brand")}</span></a>`);
  showSearch(search);
  mount(right, () => html`
    ${online.value ? nothing : html`<span class="offline" role="status">${icon("warning")}<span>${t("offline")}</span></span>`}
    <button class="icon-button palette-button" aria-label=${t("command.palette")} title="${t("command.palette")} (${keyHint("palette")})" @click=${menus("palette")}>${icon("keyboard")}</button>
    <button class="account-button" aria-label=${t("account.menu", { name: me.value.address ?? me.value.username ?? "" })} aria-haspopup="menu" @click=${menus("accountMenu")}>
      <span class="avatar" aria-hidden="true">${initial()}</span></button>`);
}

function openDrawer() {
  drawer.value = !drawer.value;
  // Hidden things take no focus: the style must hold first.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (drawer.value) /** @type {HTMLElement | null} */ (document.querySelector("#side a[aria-current],#side button"))?.focus();
  }));
}

/** Our mark: a pillar box. */
const mark = () => html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 22V8a6 6 0 0 1 12 0v14z"></path><path class="slot" d="M9 9.5h6"></path><path class="slot" d="M6 13h12"></path></svg>`;

const initial = () => String(me.value.name || me.value.address || "?").trim().charAt(0).toUpperCase();

/** Changes the theme. @param {"auto" | "light" | "dark"} theme */
export function setTheme(theme) {
  change({ theme }).catch(() => {
    settings.value = { ...settings.value, theme };
  });
}

function sideTemplate() {
  const link = (/** @type {string} */ name, /** @type {string} */ path, /** @type {string} */ image) => html`<a class="side-link" href=${path}
    aria-current=${page.value === name ? "page" : nothing}>${icon(image)}<span>${t(`nav.${name}`)}</span></a>`;
  return html`<button class="button primary compose-button" @click=${() => compose({ kind: "new" })}>${icon("edit")}<span>${t("compose")}</span></button>
    ${folders()}
    <div class="side-more">
      ${jmap.can("urn:ietf:params:jmap:contacts") ? link("contacts", "/contacts", "people") : nothing}
      ${link("outbox", "/outbox", "outbox")}
      ${link("settings", "/settings", "settings")}
    </div>`;
}

/** A menu of shell-menus.js, at the element that was pressed. @param {"palette" | "accountMenu" | "goFolder"} name @returns {(event?: Event) => Promise<void>} */
const menus = (name) => (event) => {
  const anchor = /** @type {Element} */ (event?.currentTarget ?? document.body);
  return import("./shell-menus.js").then((module) => module[name](anchor));
};

/** Shows the help on keys. */
export async function runHelp() {
  (await import("./mail/key-help.js")).showKeyHelp();
}

/** @param {string} role */
const goRole = (role) => ({ id: `go-${role}`, group: "go", icon: role, when: () => Boolean(withRole(role)), run: () => go(write("mail", [role])) });

/** @returns {import("./core/commands.js").Command[]} */
function commandsEverywhere() {
  return [
    { id: "compose", keys: ["c"], group: "compose", icon: "edit", opens: true, run: () => compose({ kind: "new" }) },
    { id: "compose-page", keys: ["d"], group: "compose", icon: "edit", opens: true, run: () => compose({ kind: "new", wide: true }) },
    { id: "search", keys: ["/"], group: "go", icon: "search", run: () => /** @type {HTMLElement | null} */ (document.querySelector("#search"))?.focus() },
    { id: "palette", keys: ["Mod+k"], group: "other", typing: true, hidden: true, opens: true, run: menus("palette") },
    { id: "help", keys: ["?"], group: "other", icon: "help", run: () => { runHelp(); } },
    { ...goRole("inbox"), keys: ["g i"] },
    { ...goRole("sent"), keys: ["g t"] },
    { ...goRole("drafts"), keys: ["g d"] },
    { ...goRole("archive"), keys: ["g e"] },
    goRole("trash"), goRole("junk"),
    { id: "go-starred", keys: ["g s"], group: "go", icon: "star", run: () => go(write("search", ["is:starred"])) },
    { id: "go-all", keys: ["g a"], group: "go", icon: "all", run: () => go(write("mail", ["all"])) },
    { id: "go-contacts", keys: ["g c"], group: "go", icon: "people", run: () => go("/contacts") },
    { id: "go-outbox", keys: ["g o"], group: "go", icon: "outbox", run: () => go("/outbox") },
    { id: "go-settings", keys: ["g ,"], group: "go", icon: "settings", run: () => go("/settings") },
    { id: "go-folder", keys: ["g l"], group: "go", icon: "folder", opens: true, run: menus("goFolder") },
    { id: "theme", group: "other", icon: "moon", run: () => setTheme(matchesDark() ? "light" : "dark") },
    { id: "logout", group: "other", icon: "logout", run: () => { logOut(); } },
  ];
}

function matchesDark() {
  return settings.value.theme === "dark" || (settings.value.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}
