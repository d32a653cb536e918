// The composers of the page: opened, docked beside one another, closed, and found again after a lost tab.
//
// Owns the dock. One composer is composer.js and window.js.
import { announce, rememberFocus } from "../core/focus.js";
import { withRole } from "../core/data.js";
import { addCatalogue, t, language } from "../core/i18n.js";
import { jmap, loggedIn, me } from "../core/session.js";
import { settings } from "../core/settings.js";
import { addSheet } from "../core/sheets.js";
import { complain, toast } from "../core/toasts.js";
import { byId, element, mount } from "../core/view.js";
import { effect } from "signals";
import { Composer, look } from "./composer.js";
import { confirm } from "../core/dialogs.js";
import { openJournal } from "./journal.js";
import { draftFor } from "./opening.js";
import { askWhen, send } from "./sending.js";
import { askLink } from "./toolbar.js";
import { composerKey, windowTemplate } from "./window.js";

await Promise.all([addCatalogue("compose"), addSheet("compose")]);

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {{ composer: Composer, host: HTMLElement, owner: string, end: () => void }} Open */

/** Side by side there is room for so many; older ones are made small. */
const dockedMax = () => (innerWidth >= 1200 ? 2 : 1);
/** Below this width there is one composer, over the whole page. */
const PHONE = matchMedia("(max-width: 700px)");

/** @type {Open[]} oldest first */
const opened = [];

/** Locks that tell other tabs that a draft is being written here. @param {string} key */
const lockName = (key) => `pillarbox.draft.${key}`;

/**
 * Opens a composer.
 * @param {import("../core/pages.js").ComposeOptions} options
 */
export async function open(options) {
  const already = opened.find(({ composer }) => options.kind === "draft" && composer.draft.peek().emailId === options.emailId);
  if (already) {
    restoreShape(already);
    return;
  }
  try {
    show(await draftFor(options));
    const newest = opened.at(-1);
    if (options.wide && newest) newest.composer.shape.value = "full";
  } catch (error) {
    console.error(error);
    complain(t("compose.open-failed"));
  }
}

/** Opens again what a page left behind that was closed in the middle of writing. */
export async function restore() {
  const journal = openJournal(localStorage, jmap.accountId);
  let found = 0;
  for (const draft of journal.left(Date.now())) {
    if (opened.some(({ composer }) => composer.key === draft.key) || !(await free(draft.key))) continue;
    show(draft, true);
    found += 1;
  }
  if (found) toast(t("compose.restored", { n: found }));
}

/** Is this draft open in no other tab? @param {string} key @returns {Promise<boolean>} */
async function free(key) {
  if (!navigator.locks) return true;
  return navigator.locks.request(lockName(key), { ifAvailable: true }, async (lock) => lock !== null);
}

/** @param {string} key @returns {() => void} lets others have it */
function hold(key) {
  if (!navigator.locks) return () => {};
  let release = () => {};
  const until = /** @type {Promise<void>} */ (new Promise((resolve) => { release = resolve; }));
  void navigator.locks.request(lockName(key), () => until);
  return release;
}

/** @param {Draft} draft @param {boolean} [dirty] not saved yet: saved at once */
function show(draft, dirty = false) {
  const giveBack = rememberFocus();
  const journal = openJournal(localStorage, jmap.accountId);
  const composer = new Composer(draft, journal, (event) => {
    if (!composerKey(composer, deeds, event) && event.key.toLowerCase() === "k") void askLink(composer);
  });
  const host = element("section", { class: "composer", role: "dialog", "aria-modal": "false" });
  const deeds = deedsOf(composer, giveBack);
  byId("dock").append(host);
  const release = hold(composer.key);
  const ends = [
    mount(host, () => windowTemplate(composer, deeds)),
    effect(() => {
      host.dataset.shape = PHONE.matches && composer.shape.value === "docked" ? "full" : composer.shape.value;
      host.classList.toggle("dropping", composer.dropping.value);
      host.setAttribute("aria-label", t("compose.window", { subject: composer.title.value }));
    }),
    effect(() => {
      void settings.value.theme;
      void language.value;
      composer.editor.dress(look());
    }),
    release,
  ];
  listen(host, composer, deeds);
  opened.push({ composer, host, owner: String(me.peek().address ?? ""), end: () => ends.forEach((end) => end()) });
  makeRoom(composer);
  focusFirst(composer);
  if (dirty) {
    composer.begun = "";
    composer.autosave.touch();
  }
}

/** The place to write: whom to, or the text where that is known. @param {Composer} composer */
function focusFirst(composer) {
  const { to, mode, kind, subject } = composer.draft.peek();
  requestAnimationFrame(() => {
    if (to.length === 0 || kind === "forward") document.getElementById(composer.fields.to.id)?.focus();
    else if (subject === "") document.getElementById(`subject-${composer.key}`)?.focus();
    else if (mode === "rich") composer.editor.focus("start");
    else /** @type {HTMLElement | null} */ (document.querySelector(`[id="subject-${composer.key}"]`)?.closest(".composer")?.querySelector("textarea"))?.focus();
  });
}

/** Makes room for a new one. @param {Composer} newest */
function makeRoom(newest) {
  if (PHONE.matches) {
    for (const { composer } of opened) if (composer !== newest) void closeOne(composer);
    return;
  }
  const wide = opened.filter(({ composer }) => composer !== newest && composer.shape.peek() !== "minimised");
  for (const { composer } of wide.slice(0, Math.max(0, wide.length - dockedMax() + 1))) composer.shape.value = "minimised";
  for (const { composer } of wide) if (composer.shape.peek() === "full") composer.shape.value = "minimised";
}

/** @param {Open} one */
function restoreShape({ composer, host }) {
  if (composer.shape.peek() === "minimised") composer.shape.value = "docked";
  makeRoom(composer);
  /** @type {HTMLElement | null} */ (host.querySelector("input"))?.focus();
}

/** @param {Composer} composer */
function forget(composer) {
  const at = opened.findIndex((one) => one.composer === composer);
  const [one] = at < 0 ? [] : opened.splice(at, 1);
  one?.end();
  one?.host.remove();
}

/** Closes one, saved. @param {Composer} composer @returns {Promise<boolean>} */
async function closeOne(composer) {
  const kept = await composer.close();
  if (kept || (await confirm({ title: t("compose.close-unsaved"), text: t("compose.close-unsaved.text"), yes: t("compose.close-anyway"), danger: true }))) {
    if (!kept) composer.end();
    forget(composer);
    return true;
  }
  return false;
}

/** @param {Composer} composer @param {() => void} giveBack @returns {import("./window.js").Deeds} */
function deedsOf(composer, giveBack) {
  return {
    send: () => void leave(composer, null, giveBack),
    schedule: async () => {
      const when = await askWhen(new Date());
      if (when) await leave(composer, when, giveBack);
    },
    close: async () => {
      const id = composer.draft.peek().emailId;
      if (!(await closeOne(composer))) return;
      if (composer.draft.peek().emailId || id) announce(t("compose.kept"));
      giveBack();
    },
    discard: async () => {
      try {
        const draft = await composer.discard();
        toast({ text: t("compose.discarded"), label: t("undo"), run: () => show(draft, true) });
      } catch {
        complain(t("compose.discard-failed"));
      }
      forget(composer);
      giveBack();
    },
    minimise: () => {
      composer.shape.value = composer.shape.peek() === "minimised" ? "docked" : "minimised";
      if (composer.shape.peek() !== "minimised") makeRoom(composer);
    },
    enlarge: () => {
      composer.shape.value = composer.shape.peek() === "full" ? "docked" : "full";
      makeRoom(composer);
    },
  };
}

/** @param {Composer} composer @param {Date | null} until @param {() => void} giveBack */
async function leave(composer, until, giveBack) {
  if (!(await send(composer, until, (draft) => show(draft)))) return;
  forget(composer);
  giveBack();
}

/** Keys, and files that are dropped anywhere on the composer. @param {HTMLElement} host @param {Composer} composer @param {import("./window.js").Deeds} deeds */
function listen(host, composer, deeds) {
  host.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (composerKey(composer, deeds, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  const bringsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  host.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    composer.dropping.value = true;
  });
  host.addEventListener("dragleave", (event) => {
    if (!host.contains(/** @type {Node | null} */ (event.relatedTarget))) composer.dropping.value = false;
  });
  host.addEventListener("drop", (event) => {
    composer.dropping.value = false;
    if (!bringsFiles(event)) return;
    event.preventDefault();
    composer.addFiles([...(event.dataTransfer?.files ?? [])], false);
  });
}

// A session may end in the middle of a sentence. Who goes on writing must be the one who began.
effect(() => {
  if (loggedIn.value !== "in") return;
  const now = String(me.value.address ?? "");
  for (const { composer } of opened.filter(({ owner }) => owner !== now && now !== "")) {
    composer.end();
    forget(composer);
  }
});

// A tab that closes: what is not on the server yet stays in the browser, and the browser asks.
addEventListener("beforeunload", (event) => {
  let unsaved = false;
  for (const { composer } of opened) {
    if (!composer.autosave.dirty || composer.blank) continue;
    composer.journal.keep(composer.draft.peek(), Date.now());
    unsaved = true;
  }
  if (unsaved) event.preventDefault();
});
addEventListener("pagehide", () => {
  if (loggedIn.peek() === "in") for (const { composer } of opened) if (composer.autosave.dirty && !composer.blank) composer.journal.keep(composer.draft.peek(), Date.now());
});
// A tab that is put aside saves at once: phones end such tabs without a word.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && withRole("drafts")) for (const { composer } of opened) if (composer.autosave.dirty) void composer.autosave.flush();
});
