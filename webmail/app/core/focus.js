// Focus and what a screen reader hears.
//
// Owns the live regions, roving tabindex, and giving focus back to where it came from.
import { byId } from "./view.js";

/**
 * Says something to a screen reader.
 * @param {string} words
 * @param {"polite" | "urgent"} [how]
 */
export function announce(words, how = "polite") {
  const region = byId(`live-${how}`);
  region.textContent = "";
  // A region that is emptied and filled in one turn is not read again when the words are the same.
  requestAnimationFrame(() => {
    region.textContent = words;
  });
}

/**
 * Remembers what has the focus.
 * @returns {() => void} gives it back, if that is still there
 */
export function rememberFocus() {
  const before = document.activeElement;
  return () => {
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  };
}

/** Things that take the focus by Tab. */
const FOCUSABLE = 'a[href],button:not([disabled]),input:not([disabled]),select,textarea,summary,iframe,[contenteditable="true"],[tabindex]:not([tabindex="-1"])';

/** @param {Element} within @returns {HTMLElement[]} */
export function focusable(within) {
  return /** @type {HTMLElement[]} */ ([...within.querySelectorAll(FOCUSABLE)]).filter((found) => found.offsetParent !== null || found === document.activeElement);
}

/**
 * Arrow keys move among the elements that match; Tab enters and leaves the whole.
 * @param {KeyboardEvent} event a keydown inside `group`
 * @param {HTMLElement} group
 * @param {string} selector
 * @returns {boolean} true when the key was used
 */
export function rove(event, group, selector) {
  const all = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(selector)]).filter((found) => found.offsetParent !== null);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  const wanted = to === undefined ? undefined : all[(to + all.length) % all.length];
  if (!wanted) return false;
  event.preventDefault();
  for (const one of all) one.tabIndex = one === wanted ? 0 : -1;
  wanted.focus();
  return true;
}

/** Is the person writing here, so that letters are letters? @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "range", "color"].includes(target.type);
}
