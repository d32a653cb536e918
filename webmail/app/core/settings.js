// The person's settings: one object that the server keeps (Settings/get, `urn:pillarbox:jmap:webmail`), and what this
// device adds (theme before the first answer).
//
// Owns reading, changing and the effects of theme, language, density and keys. The settings page only calls `change`.
import { effect, signal } from "signals";
import { keyChoices } from "./commands.js";
import { preferred, speak } from "./i18n.js";

/** The capability under which settings, snooze, journey and rendering are offered (docs/jmap.md). */
export const WEBMAIL = "urn:pillarbox:jmap:webmail";

/**
 * @typedef {object} Settings
 * @property {string} language "" asks the browser
 * @property {"auto" | "light" | "dark"} theme
 * @property {"cosy" | "compact"} density
 * @property {boolean} singleKeys do single letters act?
 * @property {Record<string, string[]>} keys command id -> keys, where they differ from ours
 * @property {Record<string, string>} labelColours keyword -> colour name
 * @property {Record<string, string>} labelNames keyword -> what it is called, where that differs
 * @property {{ name: string, query: string }[]} savedSearches
 * @property {string[]} imagesFrom addresses, and `@domain`s, whose remote images are shown
 * @property {number} readAfterS seconds until an open message counts as read; -1 never
 * @property {number} undoSendS seconds for which sending can be undone
 * @property {boolean} notify desktop notifications
 * @property {boolean} conversations group by conversation
 * @property {"archive" | "next" | "list"} afterAction where to go after archive or delete: unused "archive" is "list"
 * @property {Record<string, any>} signatures identity id -> { html, text }
 * @property {boolean} keepRecipients whoever is written to comes into the address book
 */

/** What holds before the server says otherwise. @type {Settings} */
const DEFAULTS = {
  language: "", theme: "auto", density: "cosy", singleKeys: true, keys: {}, labelColours: {}, labelNames: {}, savedSearches: [], imagesFrom: [],
  readAfterS: 1, undoSendS: 10, notify: false, conversations: true, afterAction: "next", signatures: {}, keepRecipients: true,
};

/** Remembers the theme and the language on this device, so that the first paint is right. */
const DEVICE = "pillarbox.look";

/** @type {import("signals").Signal<Settings>} */
export const settings = signal({ ...DEFAULTS, ...onDevice() });

/** @returns {Partial<Settings>} */
function onDevice() {
  try {
    return JSON.parse(localStorage.getItem(DEVICE) ?? "{}");
  } catch {
    return {};
  }
}

/** As the server has them, as far as is known. */
let known = settings.peek();
/** Changes that are on their way to it: they show over what it says meanwhile. @type {Partial<Settings>[]} */
let pending = [];

function show() {
  settings.value = Object.assign({}, known, ...pending);
}

/**
 * Takes what the server says.
 * @param {Record<string, any> | undefined} given
 */
export function adopt(given) {
  if (!given) return;
  known = { ...DEFAULTS, ...Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== null && name !== "id")) };
  show();
}

/** @type {(patch: Record<string, unknown>) => Promise<void>} */
let keep = async () => {};

/** Says how settings reach the server. @param {(patch: Record<string, unknown>) => Promise<void>} how */
export function keptBy(how) {
  keep = how;
}

/**
 * Changes settings here at once and on the server. Rejects, and takes the change back, when the server refuses.
 * @param {Partial<Settings>} patch
 */
export async function change(patch) {
  pending.push(patch);
  show();
  try {
    await keep(patch);
    known = { ...known, ...patch };
  } finally {
    pending = pending.filter((one) => one !== patch);
    show();
  }
}

/** Begins to act on settings: theme, density, language, keys. */
export function actOnSettings() {
  effect(() => {
    const { theme, density, language } = settings.value;
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.density = density;
    try {
      localStorage.setItem(DEVICE, JSON.stringify({ theme, density, language }));
    } catch {
      // A browser that keeps nothing paints in the default theme first.
    }
  });
  effect(() => {
    const { singleKeys, keys } = settings.value;
    keyChoices.value = { single: singleKeys, keys };
  });
  effect(() => {
    speak(settings.value.language || preferred()).catch(console.error);
  });
}
