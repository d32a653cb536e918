// What reading a conversation needs, fetched when the first one is opened, or when the page has nothing else to do.
import { signal } from "signals";
import { addCatalogue } from "../core/i18n.js";
import { addSheet } from "../core/sheets.js";

/** The module of the conversation, once it is there. @type {import("signals").Signal<typeof import("./conversation.js") | null>} */
export const reading = signal(/** @type {typeof import("./conversation.js") | null} */ (null));

/** Fetches it. @returns {Promise<typeof import("./conversation.js")>} */
export async function loadReading() {
  const [module] = await Promise.all([import("./conversation.js"), addCatalogue("reading"), addSheet("conversation")]);
  reading.value ??= module;
  return module;
}

/** Fetches what will be wanted soon, once the first view stands. */
export function loadWhenIdle() {
  const idle = typeof requestIdleCallback === "function" ? requestIdleCallback : (/** @type {() => void} */ run) => setTimeout(run, 300);
  idle(() => {
    Promise.all([loadReading(), import("./actions.js"), import("./actions-more.js"), import("./list-menus.js"), import("./folder-edit.js"), import("./second-look.js")]).catch(() => {});
  });
}
