// Cards from and to files: vCard, read and written by the server (docs/jmap.md: `ContactCard/import`, `ContactCard/export`).
//
// Owns the dialogue about it. What a vCard means, the server knows.
import { t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { jmap } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { element } from "../core/view.js";
import { cards, firstBook, followNow, readCards, setCards } from "./book.js";

/** Octets of a file: what the server takes as one text. */
export const FILE_OCTETS_MAX = 10 * 1024 * 1024;

/**
 * The text of a file: UTF-8, or what old telephones wrote.
 * @param {ArrayBuffer} octets
 */
export function textOf(octets) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder("windows-1252").decode(octets);
  }
}

/** Asks for a file and makes its cards. */
export async function importCards() {
  const file = await chooseFile();
  if (!file) return;
  if (file.size > FILE_OCTETS_MAX) {
    complain(t("contacts.import.large"));
    return;
  }
  try {
    if (cards.peek() === null) await readCards();
    const answer = await jmap.call("ContactCard/import", { data: textOf(await file.arrayBuffer()), addressBookIds: { [firstBook.peek()]: true } });
    await followNow();
    tellImported(answer);
  } catch (error) {
    complain(t(error instanceof MethodError && error.type === "invalidArguments" ? "contacts.import.none" : "contacts.import.failed"));
  }
}

/** @param {any} answer */
function tellImported(answer) {
  const made = Object.values(answer.created ?? {}).map((/** @type {any} */ one) => String(one.id));
  const refused = /** @type {any[]} */ (Object.values(answer.notCreated ?? {}));
  const there = refused.filter((one) => one.type === "alreadyExists").length;
  const words = [t("contacts.imported", { n: made.length })];
  if (there) words.push(t("contacts.import.there", { n: there }));
  if (refused.length > there) words.push(t("contacts.import.refused", { n: refused.length - there }));
  toast({ text: words.join(" "), ...(made.length ? { label: t("undo"), run: () => void setCards({ destroy: made }) } : {}) });
}

/** @returns {Promise<File | undefined>} */
function chooseFile() {
  const input = /** @type {HTMLInputElement} */ (element("input", { type: "file", accept: ".vcf,.vcard,text/vcard,text/x-vcard" }));
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve(input.files?.[0]));
    input.addEventListener("cancel", () => resolve(undefined));
    input.click();
  });
}

/**
 * Gives cards as one file.
 * @param {readonly import("./card.js").Card[]} wanted
 */
export async function exportCards(wanted) {
  try {
    const all = wanted.length === cards.peek()?.size;
    const { data } = await jmap.call("ContactCard/export", { ids: all ? null : wanted.map((card) => card.id) });
    const address = URL.createObjectURL(new Blob([data], { type: "text/vcard;charset=utf-8" }));
    const link = element("a", { href: address, download: "contacts.vcf" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch {
    complain(t("contacts.export.failed"));
  }
}
