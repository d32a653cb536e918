// The cards of the account as this page knows them, kept true by the server's changes.
//
// Owns reading and writing of cards (RFC 9610). What a card is, card.js knows.
import { computed, signal } from "signals";
import { onChange } from "../core/data.js";
import { t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { complain } from "../core/toasts.js";
import { forgetSuggestions } from "../compose/suggest.js";
import { cardTitle } from "./card.js";

/** @typedef {import("./card.js").Card} Card */
/** @typedef {{ id: string, name: string, isDefault: boolean }} Book */

/** Cards in one answer, where the session says nothing of it. */
const PAGE = 500;

/** All cards by id; null before the first answer. @type {import("signals").Signal<Map<string, Card> | null>} */
export const cards = signal(/** @type {Map<string, Card> | null} */ (null));
/** @type {import("signals").Signal<Book[]>} */
export const books = signal(/** @type {Book[]} */ ([]));

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** All cards in the order of their names. */
export const sorted = computed(() => [...(cards.value?.values() ?? [])].map((card) => ({ card, title: cardTitle(card) }))
  .sort((a, b) => collator.compare(a.title, b.title)).map(({ card }) => card));

/** Where new cards go. */
export const firstBook = computed(() => (books.value.find((one) => one.isDefault) ?? books.value[0])?.id ?? "");

/** @type {string | null} */ let state = null;

/** Reads all cards. @returns {Promise<void>} */
export async function readCards() {
  const limit = Number(jmap.capability("urn:ietf:params:jmap:core").maxObjectsInGet ?? PAGE);
  const size = Math.min(limit, PAGE);
  const shelves = jmap.call("AddressBook/get", { ids: null });
  /** @type {Map<string, Card>} */ const all = new Map();
  /** @type {string | null} */ let first = null;
  for (let position = 0; ; position += size) {
    const found = jmap.ask("ContactCard/query", { position, limit: size });
    const got = jmap.ask("ContactCard/get", { "#ids": found.ref("/ids") });
    const [ids, answer] = await Promise.all([found.answer, got.answer]);
    first ??= answer.state;
    for (const card of answer.list) all.set(card.id, card);
    if (ids.ids.length < size) break;
  }
  books.value = (await shelves).list;
  state = first;
  cards.value = all;
}

/** Brings the cards up to date, after a change of one's own. */
export const followNow = () => follow();

/** Brings the cards up to date. */
async function follow() {
  forgetSuggestions();
  if (cards.peek() === null || state === null) return;
  try {
    const changes = jmap.ask("ContactCard/changes", { sinceState: state });
    const created = jmap.ask("ContactCard/get", { "#ids": changes.ref("/created") });
    const updated = jmap.ask("ContactCard/get", { "#ids": changes.ref("/updated") });
    const [answer, fresh, changed] = await Promise.all([changes.answer, created.answer, updated.answer]);
    const all = new Map(cards.peek());
    for (const id of answer.destroyed) all.delete(id);
    for (const card of [...fresh.list, ...changed.list]) all.set(card.id, card);
    cards.value = all;
    state = answer.newState;
    if (answer.hasMoreChanges) await follow();
  } catch {
    await readCards().catch(() => {});
  }
}

/** Follows the server's changes. @returns {() => void} no longer */
export const followCards = () => onChange("ContactCard", () => void follow());

/**
 * Changes cards in one call, here as soon as the server has.
 * @param {{ create?: Record<string, Record<string, unknown>>, update?: Record<string, Record<string, unknown>>, destroy?: string[] }} change
 * @returns {Promise<Record<string, string> | null>} ids of what was created, by name; null when the server refused any
 */
export async function setCards(change) {
  try {
    const answer = await jmap.call("ContactCard/set", change);
    const refused = Object.values({ ...answer.notCreated, ...answer.notUpdated, ...answer.notDestroyed });
    await follow();
    if (refused.length) {
      const [one] = /** @type {any[]} */ (refused);
      complain(one.type === "overQuota" ? t("contacts.full") : t("contacts.refused", { why: one.description ?? one.type }));
      return null;
    }
    return Object.fromEntries(Object.entries(answer.created ?? {}).map(([name, one]) => [name, String(/** @type {any} */ (one).id)]));
  } catch {
    complain(t("contacts.unreachable"));
    return null;
  }
}
