// Style sheets that pages bring along.

/** @type {Map<string, Promise<void>>} */
const added = new Map();

/**
 * Adds `style/<name>.css`, once.
 * @param {string} name
 * @returns {Promise<void>} when it holds
 */
export function addSheet(name) {
  const known = added.get(name);
  if (known) return known;
  const coming = new Promise((/** @type {(value: void) => void} */ resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`../../style/${name}.css`, import.meta.url).href;
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
  added.set(name, coming);
  return coming;
}
