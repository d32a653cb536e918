// Words: every string a person reads comes from a catalogue in locales/.
//
// Owns the choice of language, plural forms, and the catalogues that pages bring along. Dates and sizes: format.js.
import { signal } from "signals";
import en from "../../locales/en.js";

/** @typedef {string | { one?: string, few?: string, many?: string, other: string }} Phrase */
/** @typedef {Record<string, Phrase>} Catalogue */

/** The languages there are, by their own names. */
export const LANGUAGES = { en: "English", de: "Deutsch" };

/** The language in use. Templates that call `t` read it, and so are drawn again when it changes. */
export const language = signal("en");

/** The language in use as it is spoken where the person lives: dates differ between London and New York. */
export function region() {
  const now = language.value;
  return asked().find((tag) => tag.split("-")[0] === now) ?? now;
}

/** The languages that the browser asks for, without such as `en-US@posix`. */
const asked = () => (typeof navigator === "undefined" ? [] : navigator.languages ?? []).filter(isKnown);

/** @param {string} tag */
function isKnown(tag) {
  try {
    return Boolean(Intl.getCanonicalLocales(tag));
  } catch {
    return false;
  }
}

/** @type {Catalogue} */ const english = { ...en };
/** @type {Catalogue} */ let phrases = english;
/** Names of the catalogues that pages added: they are fetched again when the language changes. @type {Set<string>} */
const added = new Set();
let plurals = new Intl.PluralRules("en");

/**
 * The phrase `key`, with `{name}` replaced by the values. With a value `n`, its plural form.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values) {
  void language.value;
  let phrase = phrases[key] ?? english[key] ?? key;
  if (typeof phrase !== "string") {
    const form = plurals.select(Number(values?.n ?? 0));
    phrase = /** @type {Record<string, string>} */ (phrase)[form] ?? phrase.other;
  }
  if (!values) return phrase;
  return phrase.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? number(values[name]) : whole));
}

/** @param {string | number} value */
function number(value) {
  return typeof value === "number" ? value.toLocaleString(region()) : value;
}

/**
 * Adds the catalogue of a page: `locales/<language>-<name>.js`, with English under it.
 * @param {string} name
 */
export async function addCatalogue(name) {
  added.add(name);
  Object.assign(english, (await import(`../../locales/en-${name}.js`)).default);
  const now = language.peek();
  const words = await ofPage(name, now);
  // Where the language changed meanwhile, whoever changed it brought the words along.
  if (language.peek() === now) Object.assign(phrases, words);
}

/** The words of a page that are not English. @param {string} name @param {string} chosen @returns {Promise<Catalogue>} */
async function ofPage(name, chosen) {
  return chosen === "en" ? {} : (await import(`../../locales/${chosen}-${name}.js`)).default;
}

/** The language chosen last, which may still be on its way. */
let coming = language.peek();

/**
 * Changes the language. Draws nothing before all catalogues are there.
 * @param {string} wanted a language tag; an unknown one is English
 */
export async function speak(wanted) {
  const chosen = wanted.slice(0, 2) in LANGUAGES ? wanted.slice(0, 2) : "en";
  if (chosen === coming) return;
  coming = chosen;
  try {
    const own = chosen === "en" ? english : await catalogue(chosen);
    if (coming !== chosen) return;
    phrases = own;
    plurals = new Intl.PluralRules(chosen);
    if (typeof document !== "undefined") document.documentElement.lang = chosen;
    language.value = chosen;
  } catch (error) {
    if (coming === chosen) coming = language.peek();
    throw error;
  }
}

/** All words of a language, with those of pages that come while it is fetched. @param {string} chosen @returns {Promise<Catalogue>} */
async function catalogue(chosen) {
  const own = { ...(await import(`../../locales/${chosen}.js`)).default };
  const there = new Set();
  while (there.size < added.size) {
    const names = [...added].filter((name) => !there.has(name));
    for (const words of await Promise.all(names.map((name) => ofPage(name, chosen)))) Object.assign(own, words);
    for (const name of names) there.add(name);
  }
  return own;
}

/** The language that the browser asks for, of those there are. */
export function preferred() {
  return asked().map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? "en";
}
