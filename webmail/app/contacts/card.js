// A card of the address book as plain data: its name, its addresses, the form it is edited in, and two that are one.
//
// Pure. JSContact is RFC 9553, cards in JMAP RFC 9610. What a card has beyond the form stays as it is.

/** @typedef {Record<string, any> & { id: string }} Card */
/** @typedef {{ key: string, value: string, context: string }} Line one address or number; `key` "" where it is new */
/**
 * @typedef {object} CardForm
 * @property {string} name @property {string} nickname @property {string} organization @property {string} title
 * @property {Line[]} emails @property {Line[]} phones @property {string} address @property {string} birthday `2001-02-28`
 * @property {string} note
 */

/** What Email and phone lines are told apart by (RFC 9553 §1.5.1). */
export const CONTEXTS = ["", "private", "work"];

/**
 * The name of a card (RFC 9553 §2.2.1): the full one, or its components in their order.
 * @param {Record<string, any>} card
 * @returns {string}
 */
export function cardName(card) {
  if (card.name?.full) return String(card.name.full);
  const parts = Array.isArray(card.name?.components) ? card.name.components : [];
  return parts.filter((/** @type {any} */ one) => one?.kind !== "separator").map((/** @type {any} */ one) => String(one?.value ?? "")).join(" ").trim();
}

/** What a card is shown as: its name, else its organization, else its first address. @param {Record<string, any>} card */
export function cardTitle(card) {
  return cardName(card) || String(first(card.organizations)?.name ?? "") || emailsOf(card)[0] || "";
}

/** @param {Record<string, any> | undefined} map @returns {any} */
function first(map) {
  return Object.values(map ?? {})[0];
}

/** The addresses of a card, the preferred one first (RFC 9553 §2.3.1). @param {Record<string, any>} card @returns {string[]} */
export function emailsOf(card) {
  const all = /** @type {any[]} */ (Object.values(card.emails ?? {})).filter((one) => typeof one?.address === "string");
  return all.sort((a, b) => (a.pref ?? 101) - (b.pref ?? 101)).map((one) => one.address);
}

/** Is it a name for many? @param {Record<string, any>} card */
export const isGroup = (card) => card.kind === "group";

/**
 * The card as the form has it.
 * @param {Record<string, any>} card
 * @returns {CardForm}
 */
export function formOf(card) {
  const lines = (/** @type {Record<string, any> | undefined} */ map, /** @type {string} */ field) => Object.entries(map ?? {})
    .map(([key, one]) => ({ key, value: String(one?.[field] ?? ""), context: CONTEXTS.find((name) => name && one?.contexts?.[name]) ?? "" }));
  const birth = Object.values(card.anniversaries ?? {}).find((/** @type {any} */ one) => one?.kind === "birth");
  return {
    name: cardName(card), nickname: String(first(card.nicknames)?.name ?? ""), organization: String(first(card.organizations)?.name ?? ""),
    title: String(first(card.titles)?.name ?? ""), emails: lines(card.emails, "address"), phones: lines(card.phones, "number"),
    address: addressText(first(card.addresses)), birthday: dateText(/** @type {any} */ (birth)?.date), note: String(first(card.notes)?.note ?? ""),
  };
}

/** @param {any} address */
function addressText(address) {
  if (address?.full) return String(address.full);
  const parts = Array.isArray(address?.components) ? address.components : [];
  return parts.filter((/** @type {any} */ one) => one?.kind !== "separator").map((/** @type {any} */ one) => one?.value).join(", ");
}

/** A whole PartialDate as a date field wants it (RFC 9553 §2.8.1); "" when a part is missing. @param {any} date */
function dateText(date) {
  if (!date?.year || !date.month || !date.day) return "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${String(date.year).padStart(4, "0")}-${two(date.month)}-${two(date.day)}`;
}

/**
 * What a form changes in a card, as an update patch of whole properties. Nothing changed: nothing in it.
 * @param {Record<string, any>} card @param {CardForm} form
 * @returns {Record<string, unknown>}
 */
export function patchOf(card, form) {
  const before = formOf(card);
  /** @type {Record<string, unknown>} */ const patch = {};
  if (form.name !== before.name) patch.name = form.name ? { "@type": "Name", full: form.name } : null;
  if (form.nickname !== before.nickname) patch.nicknames = single(card.nicknames, "name", form.nickname);
  if (form.organization !== before.organization) patch.organizations = single(card.organizations, "name", form.organization);
  if (form.title !== before.title) patch.titles = single(card.titles, "name", form.title);
  if (form.note !== before.note) patch.notes = single(card.notes, "note", form.note);
  if (form.address !== before.address) patch.addresses = replaced(card.addresses, form.address ? { "@type": "Address", full: form.address } : null);
  if (form.birthday !== before.birthday) patch.anniversaries = birthdays(card.anniversaries, form.birthday);
  if (!same(form.emails, before.emails)) patch.emails = linesOf(card.emails, form.emails, "EmailAddress", "address");
  if (!same(form.phones, before.phones)) patch.phones = linesOf(card.phones, form.phones, "Phone", "number");
  return patch;
}

/** @param {Line[]} a @param {Line[]} b */
const same = (a, b) => JSON.stringify(a.filter((one) => one.value.trim())) === JSON.stringify(b);

/** The first entry with another text; the others stay. @param {Record<string, any> | undefined} map @param {string} field @param {string} text */
function single(map, field, text) {
  const [key, one] = Object.entries(map ?? {})[0] ?? ["1", {}];
  const rest = Object.fromEntries(Object.entries(map ?? {}).slice(1));
  const made = text ? { [key]: { ...one, [field]: text }, ...rest } : rest;
  return Object.keys(made).length ? made : null;
}

/** @param {Record<string, any> | undefined} map @param {any} entry */
function replaced(map, entry) {
  const [key = "1"] = Object.keys(map ?? {});
  const rest = Object.fromEntries(Object.entries(map ?? {}).slice(1));
  const made = entry ? { [key]: entry, ...rest } : rest;
  return Object.keys(made).length ? made : null;
}

/** @param {Record<string, any> | undefined} map @param {string} text */
function birthdays(map, text) {
  const others = Object.entries(map ?? {}).filter(([, one]) => one?.kind !== "birth");
  const [year, month, day] = text.split("-").map(Number);
  const key = freeKey(Object.fromEntries(others));
  const made = text ? { [key]: { "@type": "Anniversary", kind: "birth", date: { "@type": "PartialDate", year, month, day } } } : {};
  const all = { ...Object.fromEntries(others), ...made };
  return Object.keys(all).length ? all : null;
}

/** @param {Record<string, any> | undefined} map @param {Line[]} lines @param {string} type @param {string} field */
function linesOf(map, lines, type, field) {
  /** @type {Record<string, any>} */ const made = {};
  for (const { key, value, context } of lines) {
    if (!value.trim()) continue;
    const { contexts: _, ...before } = map?.[key] ?? { "@type": type };
    made[key || freeKey({ ...map, ...made })] = { ...before, [field]: value.trim(), ...(context ? { contexts: { [context]: true } } : {}) };
  }
  return Object.keys(made).length ? made : null;
}

/** @param {Record<string, any>} map */
function freeKey(map) {
  let n = 1;
  while (String(n) in map) n += 1;
  return String(n);
}

/**
 * A new card of a form.
 * @param {CardForm} form @param {string} bookId @param {string} uid
 * @returns {Record<string, unknown>}
 */
export function newCard(form, bookId, uid) {
  const made = patchOf({}, form);
  return { "@type": "Card", version: "1.0", uid, kind: "individual", addressBookIds: { [bookId]: true }, ...withoutNulls(made) };
}

/** @param {Record<string, unknown>} given */
const withoutNulls = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));

/**
 * A card as it can be created again: without what the server gave it.
 * @param {Card} card
 * @returns {Record<string, unknown>}
 */
export function again(card) {
  const { id: _, blobId: __, ...rest } = card;
  return rest;
}

/** Does the text stand in the card? @param {Record<string, any>} card @param {string} typed in small letters */
export function cardHas(card, typed) {
  const texts = [cardName(card), ...emailsOf(card), ...Object.values(card.phones ?? {}).map((/** @type {any} */ one) => one?.number), first(card.organizations)?.name, first(card.nicknames)?.name];
  return typed.split(/\s+/u).filter(Boolean).every((word) => texts.some((text) => String(text ?? "").toLowerCase().includes(word)));
}

/**
 * Cards that seem to be of one person: the same address, or the same name without addresses that differ in it.
 * @param {readonly Card[]} cards
 * @returns {Card[][]} each at least two
 */
export function duplicates(cards) {
  /** @type {Map<string, string>} */ const parent = new Map(cards.map((card) => [card.id, card.id]));
  const root = (/** @type {string} */ id) => {
    let at = id;
    while (parent.get(at) !== at) at = /** @type {string} */ (parent.get(at));
    return at;
  };
  /** @type {Map<string, string>} */ const seen = new Map();
  for (const card of cards.filter((one) => !isGroup(one))) {
    const name = cardName(card).trim().toLowerCase();
    const keys = [...emailsOf(card).map((email) => `a ${email.toLowerCase()}`), ...(name ? [`n ${name}`] : [])];
    for (const key of keys) {
      const other = seen.get(key);
      if (other === undefined) seen.set(key, card.id);
      else parent.set(root(card.id), root(other));
    }
  }
  /** @type {Map<string, Card[]>} */ const groups = new Map();
  for (const card of cards) groups.set(root(card.id), [...(groups.get(root(card.id)) ?? []), card]);
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Maps of a card whose entries are gathered when two become one. */
const GATHERED = ["emails", "phones", "addresses", "organizations", "titles", "nicknames", "notes", "anniversaries", "links", "onlineServices", "media"];
/** The text by which two entries are the same. */
const TEXTS = ["address", "number", "full", "name", "note", "uri", "user"];

/**
 * One card of several: the fullest leads, the others give what it lacks.
 * @param {readonly Card[]} cards at least one
 * @returns {{ keep: Card, patch: Record<string, unknown>, drop: string[] }}
 */
export function merged(cards) {
  const [keep, ...others] = [...cards].sort((a, b) => JSON.stringify(b).length - JSON.stringify(a).length);
  if (!keep) throw new Error("nothing to merge");
  /** @type {Record<string, unknown>} */ const patch = {};
  for (const field of GATHERED) {
    const all = gather(keep[field], others.map((one) => one[field]));
    if (all && JSON.stringify(all) !== JSON.stringify(keep[field])) patch[field] = all;
  }
  if (!cardName(keep)) {
    const named = others.find((one) => cardName(one));
    if (named) patch.name = named.name;
  }
  const books = Object.assign({}, ...cards.map((one) => one.addressBookIds));
  if (Object.keys(books).length > Object.keys(keep.addressBookIds ?? {}).length) patch.addressBookIds = books;
  return { keep, patch, drop: others.map((one) => one.id) };
}

/** @param {Record<string, any> | undefined} own @param {(Record<string, any> | undefined)[]} others */
function gather(own, others) {
  const all = { ...own };
  const textOf = (/** @type {any} */ one) => String(TEXTS.map((name) => one?.[name]).find((text) => typeof text === "string") ?? JSON.stringify(one)).trim().toLowerCase();
  const known = new Set(Object.values(all).map(textOf));
  for (const one of others.flatMap((map) => Object.values(map ?? {}))) {
    if (known.has(textOf(one))) continue;
    known.add(textOf(one));
    all[freeKey(all)] = one;
  }
  return Object.keys(all).length ? all : undefined;
}

/** The groups that a card is in, and what they become when another card takes its place.
 * @param {readonly Card[]} cards @param {readonly string[]} gone uids @param {string} kept uid
 * @returns {Record<string, Record<string, unknown>>} patches by id of the group
 */
export function groupsAfter(cards, gone, kept) {
  const touched = cards.filter((card) => isGroup(card) && gone.some((uid) => card.members?.[uid]));
  return Object.fromEntries(touched.map((card) => [card.id, {
    members: { ...Object.fromEntries(Object.entries(card.members).filter(([uid]) => !gone.includes(uid))), [kept]: true },
  }]));
}
