// Where the person is: the address bar, as a signal. Back, deep links and plain links work.
//
// Owns history and the reading and writing of paths. Which page a path shows is told in pages.js.
import { signal } from "signals";

/**
 * @typedef {object} Route
 * @property {string} page the first step of the path: "mail", "search", "contacts", ...
 * @property {string[]} steps the steps after it, decoded
 * @property {URLSearchParams} query
 * @property {string} path as it stands in the address bar
 */

/**
 * Reads a path.
 * @param {string} path with its query
 * @returns {Route}
 */
export function read(path) {
  const [plain = "", query = ""] = path.split("?", 2);
  const steps = plain.split("/").filter(Boolean).map(decoded);
  return { page: steps[0] ?? "mail", steps: steps.slice(1), query: new URLSearchParams(query), path };
}

/** @param {string} step */
function decoded(step) {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/**
 * Writes a path.
 * @param {string} page @param {(string | undefined)[]} [steps]
 */
export function write(page, steps = []) {
  const said = steps.filter((step) => step !== undefined && step !== "");
  return `/${[page, ...said].map((step) => encodeURIComponent(/** @type {string} */ (step))).join("/")}`;
}

const here = () => (typeof location === "undefined" ? "/" : location.pathname + location.search);

/** Where the person is. @type {import("signals").Signal<Route>} */
export const route = signal(read(here()));

/** Asked before a page is left; false keeps the person there. @type {Set<() => boolean>} */
export const leaving = new Set();

/**
 * Goes there.
 * @param {string} path
 * @param {{ replace?: boolean }} [how] replace: Back does not come back here
 */
export function go(path, how = {}) {
  if (path === here()) return;
  if ([...leaving].some((may) => !may())) return;
  history[how.replace ? "replaceState" : "pushState"]({ ours: true }, "", path);
  route.value = read(path);
}

/** One step back when that stays with us, else to `otherwise`. @param {string} otherwise */
export function back(otherwise) {
  if (history.state?.ours) history.back();
  else go(otherwise, { replace: true });
}

/** Begins to listen to Back, and to clicks on links of our own. */
export function listen() {
  addEventListener("popstate", () => {
    route.value = read(here());
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    if (to.origin !== location.origin || /^\/(jmap|api|render)\//.test(to.pathname)) return;
    event.preventDefault();
    go(to.pathname + to.search);
  });
}
