// The outbox: messages that wait for their time, and those that are still on their way.
//
// Owns the page and what can be done there. Sending itself is app/compose/sending.js. RFC 8621 §7.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { mailboxes, onChange, withRole } from "../core/data.js";
import { confirm } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { displayName, longDate, relative } from "../core/format.js";
import { addCatalogue, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { compose } from "../core/pages.js";
import { write } from "../core/router.js";
import { jmap } from "../core/session.js";
import { addSheet } from "../core/sheets.js";
import { complain, toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";

await Promise.all([addCatalogue("outbox"), addSheet("page"), addSheet("outbox")]);

/** Those that wait longer than this are looked for by scrolling no more; the server's own limit is lower. */
const WAITING_MAX = 500;
/** So many of the last ones are asked for what became of them. */
const RECENT_MAX = 50;

/**
 * @typedef {object} Row
 * @property {string} id of the submission
 * @property {string} emailId
 * @property {string} threadId
 * @property {string} identityId
 * @property {string} sendAt
 * @property {Record<string, any> | null} envelope
 * @property {string} subject
 * @property {import("../core/format.js").EmailAddress[]} people
 * @property {Record<string, { delivered: string, smtpReply: string }> | null} deliveryStatus
 */

/** @param {HTMLElement} host */
export function mount(host) {
  const waiting = signal(/** @type {Row[] | null} */ (null));
  const going = signal(/** @type {Row[]} */ ([]));
  const busy = signal(/** @type {Set<string>} */ (new Set()));
  const failed = signal(false);
  let turn = 0;

  const load = async () => {
    const mine = ++turn;
    try {
      const [pending, recent] = await Promise.all([rows("pending", WAITING_MAX, true), rows("final", RECENT_MAX, false)]);
      if (mine !== turn) return;
      waiting.value = pending;
      going.value = recent.filter((row) => Object.values(row.deliveryStatus ?? {}).some((one) => one.delivered === "queued"));
      failed.value = false;
    } catch (error) {
      console.error(error);
      if (mine === turn) failed.value = true;
    }
  };

  /** @param {Row} row @param {() => Promise<void>} deed */
  const act = async (row, deed) => {
    if (busy.peek().has(row.id)) return;
    busy.value = new Set([...busy.peek(), row.id]);
    try {
      await deed();
    } catch (error) {
      complain(error instanceof TooLate ? t("outbox.too-late") : t("outbox.failed"));
    } finally {
      busy.value = new Set([...busy.peek()].filter((id) => id !== row.id));
      await load();
      /** @type {HTMLElement | null} */ (host.querySelector(".outbox-row button") ?? host.querySelector("h1"))?.focus();
    }
  };

  const deeds = {
    edit: (/** @type {Row} */ row) => void act(row, async () => {
      await cancel(row);
      await compose({ kind: "draft", emailId: row.emailId });
    }),
    now: (/** @type {Row} */ row) => void act(row, async () => {
      await cancel(row);
      await sendNow(row);
      toast(t("outbox.sent"));
    }),
    remove: (/** @type {Row} */ row) => void remove(row),
  };
  const remove = async (/** @type {Row} */ row) => {
    if (!(await confirm({ title: t("outbox.delete"), text: t("outbox.delete.sure", { subject: row.subject }), yes: t("outbox.delete"), danger: true }))) return;
    await act(row, async () => {
      await cancel(row);
      await jmap.call("Email/set", { destroy: [row.emailId] });
      announce(t("outbox.deleted"));
    });
  };

  const stop = onChange("EmailSubmission", () => void load());
  void load();
  const end = view(host, () => template(waiting.value, going.value, { busy: busy.value, failed: failed.value, again: load }, deeds));
  return () => {
    turn += 1;
    stop();
    end();
  };
}

/** The message has left already. */
class TooLate extends Error {}

/**
 * @param {"pending" | "final"} undoStatus @param {number} limit @param {boolean} soonestFirst
 * @returns {Promise<Row[]>}
 */
async function rows(undoStatus, limit, soonestFirst) {
  const found = jmap.ask("EmailSubmission/query", { filter: { undoStatus }, sort: [{ property: "sentAt", isAscending: soonestFirst }], limit });
  const got = jmap.ask("EmailSubmission/get", { "#ids": found.ref("/ids"), properties: ["id", "emailId", "threadId", "identityId", "sendAt", "envelope", "deliveryStatus"] });
  const mails = jmap.ask("Email/get", { "#ids": got.ref("/list/*/emailId"), properties: ["id", "subject", "to", "cc", "bcc"] });
  const [submissions, emails] = await Promise.all([got.answer, mails.answer]);
  const byId = new Map(emails.list.map((/** @type {any} */ email) => [email.id, email]));
  return submissions.list.map((/** @type {any} */ one) => {
    const email = /** @type {any} */ (byId.get(one.emailId));
    return { ...one, subject: email?.subject || t("outbox.no-subject"), people: [...(email?.to ?? []), ...(email?.cc ?? []), ...(email?.bcc ?? [])] };
  }).sort((/** @type {Row} */ a, /** @type {Row} */ b) => (soonestFirst ? 1 : -1) * (Date.parse(a.sendAt) - Date.parse(b.sendAt)));
}

/** Holds a message that waits; it is a draft again. @param {Row} row */
async function cancel(row) {
  const answer = await jmap.call("EmailSubmission/set", { update: { [row.id]: { undoStatus: "canceled" } } });
  if (answer.notUpdated?.[row.id]) throw new TooLate();
  const drafts = withRole("drafts");
  const sent = withRole("sent");
  if (!drafts) return;
  const back = { [`mailboxIds/${drafts.id}`]: true, "keywords/$draft": true, ...(sent ? { [`mailboxIds/${sent.id}`]: null } : {}) };
  await jmap.call("Email/set", { update: { [row.emailId]: back } });
}

/** Sends what was held, at once. @param {Row} row */
async function sendNow(row) {
  const drafts = withRole("drafts");
  const sent = withRole("sent");
  const envelope = row.envelope ? { ...row.envelope, mailFrom: { ...row.envelope.mailFrom, parameters: null } } : null;
  const gone = drafts && sent ? { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, "keywords/$draft": null } : { "keywords/$draft": null };
  const answer = await jmap.call("EmailSubmission/set", {
    create: { now: { identityId: row.identityId, emailId: row.emailId, envelope } }, onSuccessUpdateEmail: { "#now": gone },
  });
  if (!answer.created?.now) throw new Error(answer.notCreated?.now?.type ?? "notCreated");
}

/**
 * @param {Row[] | null} waiting @param {Row[]} going
 * @param {{ busy: Set<string>, failed: boolean, again: () => void }} state
 * @param {Record<"edit" | "now" | "remove", (row: Row) => void>} deeds
 */
function template(waiting, going, state, deeds) {
  return html`<div class="page outbox"><h1 tabindex="-1">${t("outbox.title")}</h1>
    <p class="soft">${t("outbox.about")}</p>
    ${state.failed ? html`<p class="notice bad">${t("outbox.unreachable")} <button class="button small" @click=${state.again}>${t("outbox.again")}</button></p>` : nothing}
    ${waiting === null || mailboxes.value === null ? nothing : waiting.length ? html`<h2>${t("outbox.waiting")}</h2>
      <ul class="outbox-list">${repeat(waiting, (row) => row.id, (row) => waitingRow(row, state.busy.has(row.id), deeds))}</ul>`
      : html`<div class="empty">${icon("outbox")}<h2>${t("outbox.empty")}</h2><p>${t("outbox.empty.hint")}</p></div>`}
    ${going.length ? html`<h2>${t("outbox.going")}</h2><ul class="outbox-list">${repeat(going, (row) => row.id, goingRow)}</ul>` : nothing}
  </div>`;
}

/** @param {Row} row */
const peopleOf = (row) => row.people.map(displayName).join(", ");

/** @param {Row} row @param {boolean} busy @param {Record<"edit" | "now" | "remove", (row: Row) => void>} deeds */
function waitingRow(row, busy, deeds) {
  return html`<li class="outbox-row" aria-busy=${busy}>
    <div class="outbox-what"><a class="outbox-subject" href=${write("mail", ["sent", row.threadId])}>${row.subject}</a>
      <span class="soft">${t("outbox.to", { who: peopleOf(row) })}</span></div>
    <time class="outbox-when" datetime=${row.sendAt} title=${longDate(row.sendAt)}>${icon("clock")}<span>${longDate(row.sendAt)}<span class="soft"> · ${relative(row.sendAt)}</span></span></time>
    <div class="outbox-deeds">
      <button class="button small" ?disabled=${busy} @click=${() => deeds.edit(row)}>${t("outbox.edit")}</button>
      <button class="button small" ?disabled=${busy} @click=${() => deeds.now(row)}>${t("outbox.now")}</button>
      <button class="icon-button" ?disabled=${busy} aria-label=${t("outbox.delete-of", { subject: row.subject })} title=${t("outbox.delete")} @click=${() => deeds.remove(row)}>${icon("trash")}</button>
    </div></li>`;
}

/** @param {Row} row */
function goingRow(row) {
  const late = Object.entries(row.deliveryStatus ?? {}).filter(([, one]) => one.delivered === "queued");
  return html`<li class="outbox-row"><div class="outbox-what">
      <a class="outbox-subject" href=${write("mail", ["sent", row.threadId])}>${row.subject}</a>
      <ul class="outbox-late">${late.map(([who, one]) => html`<li>${who}<span class="soft"> · ${one.smtpReply}</span></li>`)}</ul></div>
    <time class="outbox-when" datetime=${row.sendAt} title=${longDate(row.sendAt)}>${t("outbox.left", { when: relative(row.sendAt) })}</time></li>`;
}
