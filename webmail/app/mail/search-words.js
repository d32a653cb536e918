// The words of a query while it is typed. Pure.

/**
 * Splits what is typed into what stands and the last word, which is completed.
 * @param {string} typed @returns {{ before: string, word: string }}
 */
export function lastWord(typed) {
  const quotes = (typed.match(/"/g) ?? []).length;
  const cut = quotes % 2 ? typed.lastIndexOf(" ", typed.lastIndexOf("\"")) : typed.lastIndexOf(" ");
  return { before: typed.slice(0, cut + 1), word: typed.slice(cut + 1) };
}

/** A value of an operator, quoted where it must be. @param {string} value */
export function quoted(value) {
  return /[\s()"]/.test(value) ? `"${value.replaceAll("\"", "")}"` : value;
}
