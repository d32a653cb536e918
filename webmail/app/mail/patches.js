// Patches of e-mails (RFC 8620 §5.3, RFC 8621 §4): applied here before the server answers, and turned round for undo.
//
// Pure. Only the forms that the webmail sends: `keywords/x` and `mailboxIds/x`, true or null.

/** @typedef {{ keywords: Record<string, boolean>, mailboxIds: Record<string, boolean> }} Marks */
/** @typedef {Record<string, true | null>} Patch */

/** A keyword or id as a step of a JSON pointer (RFC 6901 §3). @param {string} step */
export function escapeStep(step) {
  return step.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** @param {string} path @returns {["keywords" | "mailboxIds", string]} */
function steps(path) {
  const cut = path.indexOf("/");
  return [/** @type {"keywords"} */ (path.slice(0, cut)), path.slice(cut + 1).replaceAll("~1", "/").replaceAll("~0", "~")];
}

/**
 * The e-mail as it is after the patch.
 * @template {Marks} T @param {T} email @param {Patch} patch @returns {T}
 */
export function applied(email, patch) {
  const after = { ...email, keywords: { ...email.keywords }, mailboxIds: { ...email.mailboxIds } };
  for (const [path, value] of Object.entries(patch)) {
    const [property, name] = steps(path);
    if (value === null) delete after[property][name];
    else after[property][name] = true;
  }
  return after;
}

/**
 * The patch that takes `patch` back. What it would not change is left out.
 * @param {Marks} email before the patch @param {Patch} patch @returns {Patch}
 */
export function inverse(email, patch) {
  /** @type {Patch} */ const back = {};
  for (const [path, value] of Object.entries(patch)) {
    const [property, name] = steps(path);
    const had = Boolean(email[property]?.[name]);
    if (had !== (value === true)) back[path] = had ? true : null;
  }
  return back;
}

/**
 * What is left of a patch when what already holds is taken out; null when nothing is.
 * @param {Marks} email @param {Patch} patch @returns {Patch | null}
 */
export function needed(email, patch) {
  const left = Object.entries(patch).filter(([path, value]) => {
    const [property, name] = steps(path);
    return Boolean(email[property]?.[name]) !== (value === true);
  });
  return left.length ? Object.fromEntries(left) : null;
}

/** From these mailboxes into that one. @param {Marks} email @param {string[]} from @param {string} to @returns {Patch} */
export function moving(email, from, to) {
  /** @type {Patch} */ const patch = {};
  for (const id of from) if (email.mailboxIds[id] && id !== to) patch[`mailboxIds/${escapeStep(id)}`] = null;
  patch[`mailboxIds/${escapeStep(to)}`] = true;
  return patch;
}
