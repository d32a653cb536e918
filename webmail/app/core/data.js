// What the page knows of the account: mailboxes, e-mails, conversations, and how that stays true.
//
// Owns the caches and their states (RFC 8620 §5.2). Changes come from here (actions, at once) and from the server (sync,
// after an event); views read the signals. Lists of e-mails are app/mail/list-data.js's.
import { batch, computed, signal } from "signals";
import { MethodError } from "./jmap.js";
import { jmap, me } from "./session.js";
import * as settings from "./settings.js";

/**
 * @typedef {object} Mailbox
 * @property {string} id
 * @property {string} name
 * @property {string | null} parentId
 * @property {string | null} role
 * @property {number} sortOrder
 * @property {number} totalEmails @property {number} unreadEmails
 * @property {number} totalThreads @property {number} unreadThreads
 * @property {boolean} isSubscribed
 * @property {Record<string, boolean>} myRights
 */
/** @typedef {import("./format.js").EmailAddress} EmailAddress */
/**
 * @typedef {object} Email as lists need it
 * @property {string} id @property {string} threadId
 * @property {Record<string, boolean>} mailboxIds @property {Record<string, boolean>} keywords
 * @property {EmailAddress[] | null} from @property {EmailAddress[] | null} to
 * @property {string | null} subject @property {string} receivedAt
 * @property {number} size @property {boolean} hasAttachment @property {string} preview
 */
/** @typedef {{ id: string, name: string, email: string, replyTo: EmailAddress[] | null, bcc: EmailAddress[] | null, textSignature: string, htmlSignature: string, mayDelete: boolean }} Identity */

/** What a row of a list needs of an e-mail. */
export const ROW_PROPERTIES = ["id", "threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "size", "hasAttachment", "preview"];

/** All mailboxes by id; null before the first answer. @type {import("signals").Signal<Map<string, Mailbox> | null>} */
export const mailboxes = signal(/** @type {Map<string, Mailbox> | null} */ (null));
/** The e-mails seen so far. Read `emailsTick.value` in a view that shows them. @type {Map<string, Email>} */
export const emails = new Map();
/** Conversations: ids of e-mails, oldest first. @type {Map<string, string[]>} */
export const threads = new Map();
/** Counts the changes of `emails` and `threads`. */
export const emailsTick = signal(0);
/** Who one can send as. @type {import("signals").Signal<Identity[]>} */
export const identities = signal(/** @type {Identity[]} */ ([]));
/** Quotas (RFC 9425). @type {import("signals").Signal<Record<string, any>[]>} */
export const quotas = signal(/** @type {Record<string, any>[]} */ ([]));

/** The last state of each type that we know. @type {Record<string, string>} */
export const states = {};

/** The person's own addresses, in small letters. */
export const ownAddresses = computed(() => new Set([me.value.address, me.value.username, ...identities.value.map((one) => one.email)].filter(Boolean).map((one) => String(one).toLowerCase())));

/** The mailbox of a role. @param {string} role @returns {Mailbox | undefined} */
export function withRole(role) {
  return [...(mailboxes.value?.values() ?? [])].find((one) => one.role === role);
}

const ROLES = "pillarbox.roles.";

/**
 * The id of the mailbox of a role, as this browser remembers it: good enough to ask for mail before the mailboxes came.
 * @param {string} role @returns {string | undefined}
 */
export function rememberedRole(role) {
  if (mailboxes.value) return withRole(role)?.id;
  try {
    return JSON.parse(localStorage.getItem(ROLES + jmap.accountId) ?? "{}")[role];
  } catch {
    return undefined;
  }
}

/** @param {Mailbox[]} list */
function rememberRoles(list) {
  try {
    localStorage.setItem(ROLES + jmap.accountId, JSON.stringify(Object.fromEntries(list.filter((one) => one.role).map((one) => [one.role, one.id]))));
  } catch {
    // The first list costs a second round trip, then.
  }
}

/** The steps from the top to a mailbox, by name. @param {Mailbox} mailbox */
export function mailboxPath(mailbox) {
  const names = [];
  /** @type {Mailbox | undefined} */ let at = mailbox;
  for (let depth = 0; at && depth < 64; depth += 1) {
    names.unshift(at.name);
    at = at.parentId ? mailboxes.value?.get(at.parentId) : undefined;
  }
  return names.join(" / ");
}

/** What the server calls the folder of snoozed mail. */
const SNOOZED = "Snoozed";

/** Takes mailboxes from an answer. @param {{ list: Mailbox[], state: string }} answer */
function takeMailboxes(answer) {
  states.Mailbox = answer.state;
  // The folder of snoozed mail is known by its name: IMAP has no attribute for it (docs/jmap.md).
  const snoozed = answer.list.find((one) => !one.role && !one.parentId && one.name === SNOOZED);
  if (snoozed) snoozed.role = "snoozed";
  mailboxes.value = new Map(answer.list.map((one) => [one.id, one]));
  rememberRoles(answer.list);
}

/** E-mails kept: some tens of megabytes. Beyond it, those that came first go; a list that shows them asks again. */
const KEPT_MAX = 20_000;
/** Conversations whose e-mails stay however many come: the open one. @type {Set<string>} */
export const pinned = new Set();

/** Takes e-mails from an answer; properties that it lacks stay. @param {Partial<Email>[]} list */
export function takeEmails(list) {
  for (const one of list) {
    if (one.id) emails.set(one.id, { .../** @type {Email} */ (emails.get(one.id)), ...one });
  }
  if (emails.size > KEPT_MAX) forgetOldest(emails.size - KEPT_MAX);
  emailsTick.value += 1;
}

/** @param {number} many */
function forgetOldest(many) {
  let left = many;
  for (const [id, one] of emails) {
    if (left <= 0) return;
    if (pinned.has(one.threadId)) continue;
    emails.delete(id);
    threads.delete(one.threadId);
    left -= 1;
  }
}

/** Takes conversations. @param {{ id: string, emailIds: string[] }[]} list */
export function takeThreads(list) {
  for (const one of list) threads.set(one.id, one.emailIds);
  emailsTick.value += 1;
}

/**
 * Asks for all that rows need of these e-mails, their conversations included: three calls that travel together.
 * @param {Record<string, unknown>} ids `{ ids: [...] }` or `{ "#ids": reference }`
 * @returns {Promise<void>}
 */
export async function askRows(ids) {
  const first = jmap.ask("Email/get", { ...ids, properties: ["threadId"] });
  const thread = jmap.ask("Thread/get", { "#ids": first.ref("/list/*/threadId") });
  const all = jmap.ask("Email/get", { "#ids": thread.ref("/list/*/emailIds"), properties: ROW_PROPERTIES });
  try {
    const [heads, found, rows] = await Promise.all([first.answer, thread.answer, all.answer]);
    batch(() => {
      states.Email ??= heads.state;
      states.Thread = found.state;
      takeThreads(found.list);
      takeEmails(rows.list);
    });
  } catch (error) {
    if (!(error instanceof MethodError) || error.type !== "requestTooLarge") throw error;
    // Very long conversations: the e-mails asked for alone, their companions when the conversation is opened.
    const answer = await jmap.call("Email/get", { ids: (await first.answer).list.map((/** @type {Email} */ one) => one.id), properties: ROW_PROPERTIES });
    takeEmails(answer.list);
  }
}

/** @type {Map<string, Set<() => void>>} */
const listeners = new Map();

/**
 * Tells when something of a type has changed on the server: "ContactCard", "EmailSubmission", ...
 * @param {string} type @param {() => void} listener
 * @returns {() => void} no longer
 */
export function onChange(type, listener) {
  const same = listeners.get(type) ?? new Set();
  listeners.set(type, same.add(listener));
  return () => same.delete(listener);
}

/** Lists that want to be brought up to date in the same request: called while it is put together.
 * @type {Set<() => Promise<void>>} */
export const followers = new Set();
/** Who can say which e-mails are on screen. @type {Set<() => string[]>} */
export const onScreen = new Set();
/** Told of e-mails that are new on the server. @type {Set<(created: Email[]) => void>} */
export const arrivals = new Set();

/** Changes told in one answer; with more, all is read again. */
const CHANGES_MAX = 500;

/** The first request: what every page needs. Further calls of the same turn travel with it. */
export async function start() {
  settings.keptBy(async (patch) => {
    const answer = await jmap.call("Settings/set", { update: { settings: patch } });
    const refused = answer.notUpdated?.settings;
    if (refused) throw new MethodError("Settings/set", refused);
  });
  const boxes = jmap.ask("Mailbox/get", { ids: null });
  const own = jmap.can(settings.WEBMAIL) ? jmap.call("Settings/get", { ids: null }).then((answer) => settings.adopt(answer.list[0]), () => {}) : null;
  const who = jmap.can("urn:ietf:params:jmap:submission") ? jmap.call("Identity/get", { ids: null }).then((answer) => {
    identities.value = answer.list;
  }, () => {}) : null;
  takeMailboxes(await boxes.answer);
  await Promise.all([own, who]);
}

/** Reads the quotas again. */
export async function readQuotas() {
  if (!jmap.can("urn:ietf:params:jmap:quota")) return;
  quotas.value = (await jmap.call("Quota/get", { ids: null })).list;
}

/** @type {Promise<void> | null} */ let running = null;
/** @type {Promise<void> | null} */ let following = null;
/** @type {Record<string, string> | null} */ let waiting = null;

let held = 0;

/**
 * Does something that changes much, and brings all up to date once after it instead of at every step.
 * @template T @param {() => Promise<T>} doing @returns {Promise<T>}
 */
export async function syncAfter(doing) {
  held += 1;
  try {
    return await doing();
  } finally {
    held -= 1;
    await sync(null).catch(() => {});
  }
}

/**
 * Brings everything up to date. What is asked while that is under way is done after it, once.
 * @param {Record<string, string> | null} told the states that are new; null: unknown, so ask for all
 * @returns {Promise<void>}
 */
export function sync(told) {
  if (held) return Promise.resolve();
  if (!running) {
    running = syncOnce(told).finally(() => {
      running = null;
    });
    return running;
  }
  waiting = following && !waiting ? null : told && { ...waiting, ...told };
  following ??= running.catch(() => {}).then(() => {
    const next = waiting;
    following = null;
    waiting = null;
    return sync(next);
  });
  return following;
}

/** @param {Record<string, string> | null} told */
async function syncOnce(told) {
  const news = (/** @type {string} */ type) => !told || (told[type] !== undefined && told[type] !== states[type]);
  const asked = [];
  if (news("Mailbox") || news("Email") || news("Thread")) asked.push(jmap.call("Mailbox/get", { ids: null }).then(takeMailboxes));
  if (news("Email") && states.Email) {
    asked.push(syncEmails());
    for (const follow of followers) asked.push(follow());
  }
  for (const [type, same] of listeners) {
    if (!news(type)) continue;
    if (told?.[type]) states[type] = told[type];
    for (const listener of same) listener();
  }
  if (news("Identity")) asked.push(jmap.call("Identity/get", { ids: null }).then((answer) => {
    states.Identity = answer.state;
    identities.value = answer.list;
  }));
  if (news("Settings") && jmap.can(settings.WEBMAIL)) asked.push(jmap.call("Settings/get", { ids: null }).then((answer) => {
    states.Settings = answer.state;
    settings.adopt(answer.list[0]);
  }));
  if (told?.Quota) readQuotas().catch(() => {});
  const failed = (await Promise.allSettled(asked)).find((one) => one.status === "rejected");
  if (failed) throw /** @type {PromiseRejectedResult} */ (failed).reason;
}

async function syncEmails() {
  const changes = jmap.ask("Email/changes", { sinceState: states.Email, maxChanges: CHANGES_MAX });
  const created = askRows({ "#ids": changes.ref("/created") });
  const updated = askRows({ "#ids": changes.ref("/updated") });
  try {
    const answer = await changes.answer;
    await Promise.all([created, updated]);
    states.Email = answer.newState;
    for (const id of answer.destroyed) emails.delete(id);
    emailsTick.value += 1;
    const fresh = answer.created.map((/** @type {string} */ id) => emails.get(id)).filter(Boolean);
    if (fresh.length) for (const tell of arrivals) tell(fresh);
    if (answer.hasMoreChanges) await startAnew();
  } catch (error) {
    created.catch(() => {});
    updated.catch(() => {});
    if (!(error instanceof MethodError) || error.type !== "cannotCalculateChanges") throw error;
    await startAnew();
  }
}

/** Reads what is on screen again and forgets the rest: more has changed than is worth following. */
async function startAnew() {
  const ids = [...new Set([...onScreen].flatMap((told) => told()))].filter((id) => emails.has(id)).slice(0, CHANGES_MAX / 2);
  const { state } = await jmap.call("Email/get", { ids: [] });
  await askRows({ ids });
  states.Email = state;
  const kept = new Set([...pinned, ...ids.map((id) => emails.get(id)?.threadId)]);
  for (const [id, one] of emails) {
    if (kept.has(one.threadId)) continue;
    emails.delete(id);
    threads.delete(one.threadId);
  }
  emailsTick.value += 1;
}
