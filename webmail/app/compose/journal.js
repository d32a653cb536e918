/**
 * Copies of what is being written, kept in the browser: for the seconds until the server has them, and for the time
 * that it cannot be reached. Files are not in them. Wiped at logout.
 * @module
 */

/** @typedef {import('./draft.js').Draft} Draft */
/** @typedef {{draft: Draft, at: number}} Entry */

const PREFIX = 'pillarbox.draft.';
/** Browsers give some 5 MiB in all; a draft beyond this is kept by the server alone. */
export const ENTRY_MAX_CHARS = 1_000_000;
/** What lies longer than this was left on purpose; the server has its own copy. */
export const KEPT_MS = 7 * 24 * 3600 * 1000;

/**
 * @param {Storage} storage
 * @param {string} account
 */
export function openJournal(storage, account) {
  const prefix = `${PREFIX}${account}.`;
  return {
    /**
     * @param {Draft} draft
     * @param {number} now milliseconds
     * @returns {boolean} whether it was kept
     */
    keep(draft, now) {
      const text = JSON.stringify({ draft: { ...draft, enclosures: draft.enclosures.filter((one) => one.blobId) }, at: now });
      if (text.length > ENTRY_MAX_CHARS) return false;
      try {
        storage.setItem(prefix + draft.key, text);
        return true;
      } catch {
        return false;
      }
    },

    /** @param {string} key */
    drop(key) {
      storage.removeItem(prefix + key);
    },

    /**
     * What was left behind by a page that is gone, oldest first. Old ones are removed.
     * @param {number} now milliseconds
     * @returns {Draft[]}
     */
    left(now) {
      const entries = keysOf(storage, prefix).flatMap((key) => {
        const entry = read(storage, key);
        if (entry && now - entry.at < KEPT_MS) return [entry];
        storage.removeItem(key);
        return [];
      });
      return entries.sort((a, b) => a.at - b.at).map(({ draft }) => draft);
    },
  };
}

/**
 * @param {Storage} storage
 * @param {string} prefix
 * @returns {string[]}
 */
function keysOf(storage, prefix) {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  return keys.flatMap((key) => (key?.startsWith(prefix) ? [key] : []));
}

/**
 * What lies in the browser may be anything: only what has the shape of a draft counts.
 * @param {Storage} storage
 * @param {string} key
 * @returns {Entry | null}
 */
function read(storage, key) {
  try {
    const entry = JSON.parse(storage.getItem(key) ?? 'null');
    const { draft, at } = entry ?? {};
    const lists = [draft?.to, draft?.cc, draft?.bcc, draft?.enclosures].every(Array.isArray);
    const texts = [draft?.key, draft?.subject, draft?.html, draft?.text].every((text) => typeof text === 'string');
    return lists && texts && typeof at === 'number' ? { draft, at } : null;
  } catch {
    return null;
  }
}

/**
 * Nothing written stays behind in the browser of a stranger.
 * @param {Storage} storage
 * @param {string | null} but the account whose drafts stay; null: none stay
 */
export function forgetDrafts(storage, but) {
  for (const key of keysOf(storage, PREFIX)) if (but === null || !key.startsWith(`${PREFIX}${but}.`)) storage.removeItem(key);
}
