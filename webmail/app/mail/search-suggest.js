// Suggestions for the search box: operators, people, folders, labels, searches of before; and searches kept under a name.
import { emails, mailboxes } from "../core/data.js";
import { prompt } from "../core/dialogs.js";
import { displayName } from "../core/format.js";
import { addCatalogue, t } from "../core/i18n.js";
import { change, settings } from "../core/settings.js";
import { toast } from "../core/toasts.js";
import { knownLabels } from "./actions-more.js";
import { attempt, folderName } from "./folders.js";
import { lastWord, quoted } from "./search-words.js";

await addCatalogue("reading");

/** @typedef {import("./search-box.js").Suggestion} Suggestion */

/** Operators that are offered, with what stands for their value. */
const OPERATORS = ["from:", "to:", "subject:", "has:attachment", "is:unread", "is:starred", "in:", "label:", "before:", "after:", "older_than:", "newer_than:", "filename:", "larger:", "smaller:", "cc:", "list:", "body:"];
/** Suggestions shown. */
const SHOWN_MAX = 8;
/**
 * What may be meant.
 * @param {string} typed @param {string[]} recent searches of before @param {(query: string) => void} search
 * @returns {Suggestion[]}
 */
export function suggestions(typed, recent, search) {
  const { before, word } = lastWord(typed);
  const sign = word.startsWith("-") ? "-" : "";
  const bare = word.slice(sign.length).toLowerCase();
  const [, operator = "", value = ""] = /^(\w+:)"?(.*)$/.exec(bare) ?? [];
  /** @type {Suggestion[]} */ const found = [];
  const add = (/** @type {string} */ whole, /** @type {string} */ detail, /** @type {string} */ image) => found.push({ text: `${before}${sign}${whole}`, detail, icon: image });
  if (["from:", "to:", "cc:"].includes(operator)) for (const one of people(value)) add(`${operator}${one.email} `, displayName(one), "person");
  else if (operator === "in:") for (const one of mailboxes.value?.values() ?? []) {
    if (folderName(one).toLowerCase().includes(value) || (one.role ?? "").includes(value)) add(`in:${quoted(one.role ?? one.name)} `, folderName(one), "folder");
  }
  else if (operator === "label:") for (const one of knownLabels()) if (one.includes(value)) add(`label:${one} `, one, "label");
  if (!operator) {
    for (const one of OPERATORS) if (bare ? one.startsWith(bare) && one !== bare : !typed) add(one.endsWith(":") ? one : `${one} `, t(`operator.${one.split(":")[0]}`), "filter");
    if (bare.length > 1) for (const one of people(bare).slice(0, 3)) add(`from:${one.email} `, displayName(one), "person");
  }
  const saved = settings.value.savedSearches.filter((one) => !typed || one.name.toLowerCase().includes(typed.toLowerCase())).map((one) => ({
    text: one.query, detail: one.name, icon: "search", run: () => search(one.query),
  }));
  const earlier = recent.filter((one) => one !== typed && one.startsWith(typed)).slice(0, 3).map((one) => ({ text: one, detail: "", icon: "clock", run: () => search(one) }));
  return [...earlier, ...saved.slice(0, 3), ...found].slice(0, SHOWN_MAX);
}

/** People of the mail that was seen, the most frequent first. @param {string} typed */
function people(typed) {
  /** @type {Map<string, { who: import("../core/format.js").EmailAddress, n: number }>} */ const counts = new Map();
  for (const one of emails.values()) {
    for (const who of [...(one.from ?? []), ...(one.to ?? [])]) {
      if (!`${who.name ?? ""} ${who.email}`.toLowerCase().includes(typed)) continue;
      const known = counts.get(who.email) ?? { who, n: 0 };
      known.n += 1;
      counts.set(who.email, known);
    }
  }
  return [...counts.values()].sort((a, b) => b.n - a.n).slice(0, 6).map((one) => one.who);
}

/** Keeps a search under a name. @param {string} query */
export async function saveSearch(query) {
  const name = await prompt({ title: t("command.save-search"), label: t("search.name"), value: query, yes: t("save") });
  if (!name) return;
  const before = settings.peek().savedSearches;
  if (await attempt(change({ savedSearches: [...before.filter((one) => one.name !== name), { name, query }] }))) toast(t("search.kept", { name }));
}
