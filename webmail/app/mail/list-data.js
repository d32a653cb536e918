// One list of e-mails, however long: ids by position, fetched a page at a time, kept true by queryChanges.
//
// Owns positions (RFC 8620 §5.5, §5.6). What rows say comes from core/data.js; drawing is list.js's.
import { signal } from "signals";
import { askRows, emails } from "../core/data.js";
import { MethodError } from "../core/jmap.js";
import { jmap } from "../core/session.js";

/** Rows asked for at once: more than a screen shows, less than a connection feels. */
export const PAGE = 50;
/** Times that a page is asked for while the list changes under it. */
const TURNS_MAX = 4;
/** Changes of a list told at once; with more it is read again. */
const CHANGES_MAX = 256;

/**
 * Applies queryChanges to the part of a list that is known without a gap from its beginning.
 * Ids that are removed and unknown are no error: the server may name more than it must (RFC 8620 §5.6).
 * @param {string[]} prefix @param {string[]} removed @param {{ id: string, index: number }[]} added @returns {string[]}
 */
export function applyChanges(prefix, removed, added) {
  const gone = new Set([...removed, ...added.map((one) => one.id)]);
  const ids = prefix.filter((id) => !gone.has(id));
  for (const { id, index } of [...added].sort((a, b) => a.index - b.index)) {
    if (index <= ids.length) ids.splice(index, 0, id);
  }
  return ids;
}

/** The beginning of a list that has no gap. @param {(string | undefined)[]} ids @returns {string[]} */
export function gapless(ids) {
  const end = ids.findIndex((id) => id === undefined); // indexOf does not see holes
  return /** @type {string[]} */ (end < 0 ? [...ids] : ids.slice(0, end));
}

export class ListData {
  /**
   * @param {Record<string, any> | null} filter @param {boolean} collapse one row a conversation
   * @param {boolean} [snippets] ask for search snippets too
   */
  constructor(filter, collapse, snippets = false) {
    this.filter = filter;
    this.collapse = collapse;
    this.wantsSnippets = snippets;
    /** @type {(string | undefined)[]} */ this.ids = [];
    /** How long the list is; -1: not known yet. */
    this.total = signal(-1);
    /** Counts changes of `ids`. */
    this.tick = signal(0);
    /** What went wrong with the last page. @type {import("signals").Signal<unknown>} */
    this.failed = signal(/** @type {unknown} */ (null));
    this.queryState = "";
    /** Pages on their way. @type {Set<number>} */ this.coming = new Set();
    /** Pages that are shown but must be read again. @type {Set<number>} */ this.stale = new Set();
    /** Matches of a search, by e-mail. @type {Map<string, { subject: string | null, preview: string | null }>} */
    this.snippets = new Map();
    this.ended = false;
    /** Counts rows taken out here, before the server says so. */
    this.edits = 0;
  }

  args() {
    return { filter: this.filter, sort: [{ property: "receivedAt", isAscending: false }], collapseThreads: this.collapse };
  }

  /** Makes sure that the rows from `first` to before `end` come. @param {number} first @param {number} end */
  need(first, end) {
    const last = this.total.peek() < 0 ? end : Math.min(end, this.total.peek());
    for (let page = Math.floor(Math.max(0, first) / PAGE); page * PAGE < last; page += 1) {
      if (this.coming.has(page)) continue;
      const from = page * PAGE;
      const to = Math.min(from + PAGE, last);
      let whole = !this.stale.has(page);
      for (let at = Math.max(from, first); whole && at < to; at += 1) whole = emails.has(this.ids[at] ?? "");
      if (!whole) this.load(page);
    }
  }

  /** @param {number} page */
  async load(page) {
    this.coming.add(page);
    try {
      await this.read(page);
      this.failed.value = null;
    } catch (error) {
      this.failed.value = error;
    } finally {
      this.coming.delete(page);
    }
  }

  /** Reads one page, again where the list changed meanwhile: an answer of another state has other positions. @param {number} page */
  async read(page) {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      const edits = this.edits;
      const answer = await this.ask(page);
      if (this.queryState && answer.queryState !== this.queryState) await this.follow();
      const same = !this.queryState || this.queryState === answer.queryState;
      if ((same && edits === this.edits) || turn === TURNS_MAX - 1) {
        this.place(answer);
        return;
      }
    }
  }

  /** @param {number} page */
  async ask(page) {
    const query = jmap.ask("Email/query", { ...this.args(), position: page * PAGE, limit: PAGE, calculateTotal: true });
    const rows = askRows({ "#ids": query.ref("/ids") });
    const snippets = this.wantsSnippets ? jmap.call("SearchSnippet/get", { filter: this.filter, "#emailIds": query.ref("/ids") }).catch(() => null) : null;
    const answer = await query.answer;
    await rows;
    for (const one of (await snippets)?.list ?? []) this.snippets.set(one.emailId, one);
    return answer;
  }

  /** @param {{ ids: string[], position: number, total?: number, queryState: string }} answer */
  place(answer) {
    if (!this.queryState) this.queryState = answer.queryState;
    const total = answer.total ?? Math.max(this.total.peek(), answer.position + answer.ids.length);
    if (this.queryState === answer.queryState) this.total.value = total;
    if (this.ids.length < total) this.ids.length = total;
    answer.ids.forEach((id, at) => {
      this.ids[answer.position + at] = id;
    });
    if (this.ids.length > this.total.peek() && this.total.peek() >= 0) this.ids.length = this.total.peek();
    this.stale.delete(Math.floor(answer.position / PAGE));
    this.tick.value += 1;
  }

  /** Brings the list up to date: one call with the rows it brings, in the request that others put together. */
  async follow() {
    if (!this.queryState) return;
    const prefix = gapless(this.ids);
    const since = this.queryState;
    const upToId = prefix.at(-1);
    const changes = jmap.ask("Email/queryChanges", {
      ...this.args(), sinceQueryState: since, maxChanges: CHANGES_MAX, calculateTotal: true, ...(upToId ? { upToId } : {}),
    });
    const rows = askRows({ "#ids": changes.ref("/added/*/id") });
    try {
      const answer = await changes.answer;
      await rows;
      if (this.queryState !== since) return;
      this.apply(answer);
    } catch (error) {
      rows.catch(() => {});
      if (!(error instanceof MethodError)) throw error;
      await this.again();
    }
  }

  /** @param {{ newQueryState: string, removed: string[], added: { id: string, index: number }[], total?: number }} answer */
  apply(answer) {
    const prefix = gapless(this.ids);
    const before = this.ids.length;
    const ids = applyChanges(prefix, answer.removed, answer.added);
    const total = answer.total ?? Math.max(0, before + ids.length - prefix.length);
    const changed = answer.removed.length > 0 || answer.added.length > 0 || total !== before;
    /** @type {(string | undefined)[]} */ const next = [...ids, ...this.ids.slice(prefix.length)];
    next.length = total;
    this.ids = Array.from(next);
    this.queryState = answer.newQueryState;
    this.total.value = total;
    if (changed && prefix.length < before) this.spoil(Math.floor(Math.min(prefix.length, ids.length) / PAGE));
    this.tick.value += 1;
  }

  /** Marks the pages from here on as to be read again; what is shown stays until then. @param {number} from */
  spoil(from) {
    for (let page = from; page * PAGE < this.ids.length; page += 1) this.stale.add(page);
  }

  /** Reads the list anew, keeping what is shown until the new rows are there. */
  async again() {
    this.queryState = "";
    this.spoil(0);
    await this.read(0);
    this.tick.value += 1;
  }

  /**
   * Takes rows out, before the server says so.
   * @param {Set<string>} gone
   * @returns {() => void} puts them back, when the server refuses
   */
  remove(gone) {
    const before = this.ids;
    const { queryState } = this;
    this.ids = Array.from(before).filter((id) => id === undefined || !gone.has(id));
    const less = before.length - this.ids.length;
    if (!less) return () => {};
    this.edits += 1;
    this.total.value = Math.max(0, this.total.peek() - less);
    this.tick.value += 1;
    const { edits } = this;
    return () => {
      if (edits !== this.edits || queryState !== this.queryState) {
        this.again().catch(() => {});
        return;
      }
      this.ids = before;
      this.edits += 1;
      this.total.value += less;
      this.tick.value += 1;
    };
  }

  /** @param {string} id */
  indexOf(id) {
    return this.ids.indexOf(id);
  }

  /** The row of a conversation. @param {string} threadId */
  indexOfThread(threadId) {
    return this.ids.findIndex((id) => id !== undefined && emails.get(id)?.threadId === threadId);
  }
}
