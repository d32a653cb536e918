// A second look at HTML that the server made safe: DOMPurify, as a check (docs/webmail-safety.md).
//
// What is shown is the frame's own document; here two filters that know nothing of one another are asked whether they agree.

/** @typedef {{ sanitize: (html: string, how: Record<string, unknown>) => unknown, removed: { element?: Node, attribute?: Attr | null }[] }} Purifier */

// A script of the older kind: it leaves its object in the global scope.
await import(new URL("../../vendor/purify.js", import.meta.url).href);
const purifier = /** @type {Purifier} */ (/** @type {any} */ (globalThis).DOMPurify);

/** What the server lets through and DOMPurify does not know by default. */
const KNOWN = { RETURN_DOM_FRAGMENT: true, ADD_ATTR: ["target", "background", "bgcolor", "link", "vlink", "alink"], ALLOW_DATA_ATTR: false };

/** Style, which DOMPurify leaves alone: read in this page it would only break the page's policy, and be told in its log. */
const STYLE = /<style[^>]*>[\s\S]*?<\/style>|\sstyle="[^"]*"/gi;

/**
 * Would DOMPurify take something away?
 * @param {string} html
 */
export function differs(html) {
  purifier.sanitize(html.replace(STYLE, ""), KNOWN);
  return purifier.removed.length > 0;
}
