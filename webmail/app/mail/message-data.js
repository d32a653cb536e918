// What is needed to read messages: bodies, parts, renderings. Fetched when a message is opened, kept for a while.
//
// Owns the second half of what is known of an e-mail; the first is core/data.js's.
import { signal } from "signals";
import { emails, states, takeEmails, takeThreads, ROW_PROPERTIES } from "../core/data.js";
import { jmap } from "../core/session.js";
import { settings, WEBMAIL } from "../core/settings.js";

/** @typedef {import("../core/data.js").Email} Email */
/** @typedef {import("../core/format.js").EmailAddress} EmailAddress */
/** @typedef {{ partId: string | null, blobId: string | null, size: number, name: string | null, type: string, charset: string | null, disposition: string | null, cid: string | null }} Part */
/**
 * @typedef {object} Rendering what the server made of a message (docs/webmail-safety.md)
 * @property {string} id
 * @property {string | null} html what the frame holds; null where the message has none
 * @property {string} text all of it as text
 * @property {string | null} frame the address of the document to show
 * @property {number} remoteCount pictures of other hosts, shown or not
 * @property {number} trackers tracking pixels, never loaded
 * @property {{ href: string, host: string, text: string, warnings: string[] }[]} links
 * @property {string[]} sender warnings
 * @property {{ characters: number, lines: number, pictures: number }} extent
 * @property {boolean} shortened
 * @property {boolean} [doubted] two filters disagree about the message: its text is shown instead
 * @property {number} [at] when it was told, by performance.now(): frames live for an hour
 */
/**
 * @typedef {Email & {
 *   blobId: string, cc: EmailAddress[] | null, bcc: EmailAddress[] | null, replyTo: EmailAddress[] | null, sender: EmailAddress[] | null, sentAt: string | null,
 *   textBody: Part[], htmlBody: Part[], attachments: Part[], bodyValues: Record<string, { value: string, isTruncated: boolean }>,
 *   [header: `header:${string}`]: any }} Message
 */

/** What an open message needs beyond its row. */
const PROPERTIES = [
  ...ROW_PROPERTIES, "blobId", "cc", "bcc", "replyTo", "sender", "sentAt", "textBody", "htmlBody", "attachments", "bodyValues",
  "header:List-Unsubscribe:asURLs", "header:List-Unsubscribe-Post:asText", "header:List-Id:asText", "header:Authentication-Results:asText:all",
];
/** Octets of text fetched with a message: more is fetched when it is asked for. */
const BODY_MAX = 262_144;
/** Messages kept. */
const KEPT_MAX = 200;

/** @type {Map<string, Message>} */
export const messages = new Map();
/** @type {Map<string, Rendering>} */
export const renderings = new Map();
/** Counts changes of both. */
export const messagesTick = signal(0);
/** Messages whose remote pictures are shown this time. @type {import("signals").Signal<Set<string>>} */
export const imagesShown = signal(/** @type {Set<string>} */ (new Set()));

/** May pictures of this sender be fetched? @param {EmailAddress | undefined} from */
export function imagesAllowed(from) {
  const address = from?.email.toLowerCase() ?? "";
  const domain = address.slice(address.lastIndexOf("@"));
  return address !== "" && settings.value.imagesFrom.some((one) => one === address || one === domain);
}

/** Is the page dark? */
export function isDark() {
  const { theme } = settings.value;
  return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/**
 * Fetches messages, with their renderings, in one request.
 * @param {string[]} ids
 */
export async function fetchMessages(ids) {
  const missing = ids.filter((id) => !messages.has(id));
  if (!missing.length) {
    const old = unrendered(ids);
    if (old.length) {
      await renderAsAllowed(old);
      messagesTick.value += 1;
    }
    return;
  }
  const known = new Set(missing.filter((id) => emails.has(id)));
  const got = jmap.ask("Email/get", {
    ids: missing, properties: PROPERTIES, fetchTextBodyValues: true, maxBodyValueBytes: BODY_MAX,
    bodyProperties: ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"],
  });
  const rendered = renderAsAllowed(missing);
  const answer = await got.answer;
  for (const one of answer.list) messages.set(one.id, one);
  forgetOldest(ids);
  takeEmails(answer.list.map(rowPart));
  await rendered;
  // Whose sender was not known before: his pictures come now, where they are allowed.
  const late = missing.filter((id) => !known.has(id) && imagesAllowed(messages.get(id)?.from?.[0]) && (renderings.get(id)?.remoteCount ?? 0) > 0);
  await askRendering(late, true);
  messagesTick.value += 1;
}

/** @param {string[]} kept */
function forgetOldest(kept) {
  for (const id of [...messages.keys()].slice(0, Math.max(0, messages.size - KEPT_MAX))) {
    if (kept.includes(id)) continue;
    messages.delete(id);
    renderings.delete(id);
  }
}

/** @param {Message} one @returns {Partial<Email>} */
function rowPart(one) {
  return Object.fromEntries(ROW_PROPERTIES.map((name) => [name, /** @type {any} */ (one)[name]]));
}

/** Renderings asked for at once, as the server allows. */
const RENDERED_MAX = 50;
/** A frame's address leads nowhere after an hour: it is asked anew before. */
const FRAME_LIFE_MS = 50 * 60_000;

/** @param {string[]} ids @param {boolean} allowRemote */
async function askRendering(ids, allowRemote) {
  if (!ids.length || !jmap.can(WEBMAIL)) return;
  try {
    const theme = isDark() ? "dark" : "light";
    const asked = [];
    for (let from = 0; from < ids.length; from += RENDERED_MAX) asked.push(jmap.call("Rendering/get", { ids: ids.slice(from, from + RENDERED_MAX), allowRemote, theme }));
    for (const answer of await Promise.all(asked)) await takeRenderings(answer.list);
  } catch (error) {
    console.warn("no rendering:", error); // the text is shown instead
  }
}

/** Asks for renderings, with remote pictures where they are allowed. @param {string[]} ids */
async function renderAsAllowed(ids) {
  const allowed = ids.filter((id) => imagesShown.peek().has(id) || imagesAllowed(emails.get(id)?.from?.[0]));
  await Promise.all([askRendering(ids.filter((id) => !allowed.includes(id)), false), askRendering(allowed, true)]);
}

/** Takes renderings, each looked at by a second filter. @param {Rendering[]} list */
async function takeRenderings(list) {
  const doubts = list.some((one) => one.html) ? await import("./second-look.js") : null;
  for (const one of list) renderings.set(one.id, { ...one, at: performance.now(), doubted: Boolean(one.html && doubts?.differs(one.html)) });
}

/** Which of these have no rendering that can still be shown? @param {string[]} ids */
const unrendered = (ids) => ids.filter((id) => performance.now() - (renderings.get(id)?.at ?? -Infinity) > FRAME_LIFE_MS);

/** Shows the remote pictures of a message, this time. @param {string} id */
export async function showImages(id) {
  await askRendering([id], true);
  imagesShown.value = new Set([...imagesShown.value, id]);
  messagesTick.value += 1;
}

/**
 * Renders anew what is open, and forgets the rest: the theme has changed, and with it the colours.
 * @param {string[]} ids of open messages
 */
export async function renderAgain(ids) {
  const shown = ids.filter((id) => renderings.has(id));
  for (const id of [...renderings.keys()]) if (!shown.includes(id)) renderings.delete(id);
  if (!shown.length) return;
  await renderAsAllowed(shown);
  messagesTick.value += 1;
}

/**
 * Fetches a conversation: its e-mails, and the messages of those that will be open.
 * @param {string} threadId @param {(all: Email[]) => string[]} wanted @param {Email[]} known
 */
export async function fetchThread(threadId, wanted, known) {
  const thread = jmap.ask("Thread/get", { ids: [threadId] });
  const rows = jmap.ask("Email/get", { "#ids": thread.ref("/list/*/emailIds"), properties: ROW_PROPERTIES });
  // What is known already says which messages will be open: they come with the same answer.
  const early = known.length ? fetchMessages(wanted(known)) : null;
  const [found, all] = await Promise.all([thread.answer, rows.answer]);
  states.Email ??= all.state;
  takeThreads(found.list);
  takeEmails(all.list);
  await early;
  await fetchMessages(wanted(all.list));
  return found.list.length > 0;
}
