// Sending: what is asked before, the request, the seconds in which it can be taken back, and sending later.
//
// Owns the order of these. RFC 8621 §7.5 (EmailSubmission/set), RFC 4865 (how long the server holds it).
import { html } from "lit-html";
import { signal } from "signals";
import { withRole } from "../core/data.js";
import { confirm, dialog } from "../core/dialogs.js";
import { longDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { settings } from "../core/settings.js";
import { complain, toast } from "../core/toasts.js";
import { doubts, obstacles, ownWords } from "./checks.js";
import { envelopeOf, sentPatch, unsentPatch, usedEnclosures } from "./draft.js";
import { identityOf } from "./opening.js";
import { formatLocal, judgeTime, parseLocal, presets } from "./schedule.js";

/** @typedef {import("./composer.js").Composer} Composer */
/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Hold} Hold */

const SUBMISSION = "urn:ietf:params:jmap:submission";

/** The longest the server waits for us, in seconds. */
export function holdMax() {
  return Number(jmap.capability(SUBMISSION).maxDelayedSend ?? 0);
}

/** @param {Composer} composer @param {Draft} draft @returns {import("./checks.js").Checked} */
function checked(composer, draft) {
  const enclosures = usedEnclosures(draft);
  return {
    ...draft,
    text: draft.mode === "rich" ? composer.own : ownWords(draft.text),
    attachments: enclosures.filter((one) => !one.cid).length,
    uploading: enclosures.filter((one) => !one.blobId && !one.error).length,
    failed: enclosures.filter((one) => one.error).length,
    replyAll: draft.kind === "replyAll",
  };
}

/**
 * Whether the message may go: obstacles are told, doubts are asked one by one.
 * @param {Composer} composer @param {Draft} draft
 * @returns {Promise<boolean>}
 */
async function mayGo(composer, draft) {
  const facts = checked(composer, draft);
  const [obstacle] = obstacles(facts);
  if (obstacle) {
    composer.problem.value = t(`compose.obstacle.${obstacle}`);
    return false;
  }
  const words = t("compose.attachment-words").split("|");
  for (const doubt of doubts(facts, words)) {
    const n = facts.to.length + facts.cc.length;
    const question = { title: t(`compose.doubt.${doubt}`, { n }), text: t(`compose.doubt.${doubt}.text`, { n }), yes: t("compose.send-anyway") };
    if (!(await confirm(question))) return false;
  }
  return true;
}

/**
 * Sends what a composer holds.
 * @param {Composer} composer
 * @param {Date | null} until null: now, after the seconds for taking back
 * @param {(draft: Draft) => void} reopen shows the draft again when it is taken back
 * @returns {Promise<boolean>} whether it went; the composer then has ended
 */
export async function send(composer, until, reopen) {
  if (composer.busy.peek()) return false;
  composer.busy.value = true;
  try {
    const draft = await composer.current();
    if (!(await mayGo(composer, draft))) return false;
    await composer.autosave.stop();
    const hold = holdFor(until);
    const { emailId, submissionId } = await submit(composer, hold);
    const sent = { ...composer.draft.peek(), emailId };
    composer.end();
    afterwards(sent, submissionId, hold, reopen);
    return true;
  } catch (error) {
    composer.autosave.resume();
    composer.touch();
    composer.problem.value = wordsOf(error);
    return false;
  } finally {
    composer.busy.value = false;
  }
}

/** @param {Date | null} until @returns {Hold} */
function holdFor(until) {
  if (until) return { until };
  const seconds = Math.min(Math.max(0, Math.trunc(settings.peek().undoSendS)), holdMax());
  return seconds > 0 ? { seconds } : null;
}

/** A refusal of the server with its sort, for plain words. */
class Refused extends Error {
  /** @param {Record<string, any>} given a SetError */
  constructor(given) {
    super(given.description ?? given.type);
    this.given = given;
  }
}

/**
 * One request: the message is made, submitted, and moved to Sent.
 * @param {Composer} composer @param {Hold} hold
 */
async function submit(composer, hold) {
  const draft = composer.draft.peek();
  const drafts = withRole("drafts");
  if (!drafts) throw new Error(t("compose.no-drafts"));
  const identity = identityOf(draft.identityId);
  if (!identity) throw new Error(t("compose.no-identity"));
  const made = jmap.ask("Email/set", { create: { message: composer.emailOf(draft, drafts.id) } });
  const submission = { identityId: identity.id, emailId: "#message", envelope: envelopeOf(draft, identity, hold) };
  const sent = jmap.ask("EmailSubmission/set", { create: { sending: submission }, onSuccessUpdateEmail: { "#sending": sentPatch(drafts.id, withRole("sent")?.id ?? null) } });
  const email = await made.answer;
  if (!email.created?.message) throw new Refused(email.notCreated?.message ?? { type: "notCreated" });
  const emailId = String(email.created.message.id);
  const answer = await sent.answer.catch((error) => undo(emailId, error));
  if (!answer.created?.sending) await undo(emailId, new Refused(answer.notCreated?.sending ?? { type: "notCreated" }));
  if (draft.emailId) jmap.call("Email/set", { destroy: [draft.emailId] }).catch(() => {});
  return { emailId, submissionId: String(answer.created.sending.id) };
}

/** The message that was made for a sending that failed goes again. @param {string} emailId @param {unknown} error @returns {Promise<never>} */
async function undo(emailId, error) {
  await jmap.call("Email/set", { destroy: [emailId] }).catch(() => {});
  throw error;
}

/** @param {any} error */
function wordsOf(error) {
  const given = error?.given;
  if (given?.type === "invalidRecipients") return t("compose.refused.invalidRecipients", { who: (given.invalidRecipients ?? []).join(", ") });
  if (given?.type === "tooManyRecipients") return t("compose.refused.tooManyRecipients", { n: Number(given.maxRecipients ?? 0) });
  const known = ["forbiddenFrom", "forbiddenMailFrom", "forbiddenToSend", "overQuota", "tooLarge", "noRecipients", "rateLimit"];
  if (given && known.includes(given.type)) return t(`compose.refused.${given.type}`);
  if (error?.name === "Unreachable") return t("compose.refused.unreachable");
  return t("compose.refused.other", { why: error?.message ?? "" });
}

/**
 * Tells that it went, for as long as it can be taken back.
 * @param {Draft} sent @param {string} submissionId @param {Hold} hold @param {(draft: Draft) => void} reopen
 */
function afterwards(sent, submissionId, hold, reopen) {
  markSource(sent);
  const take = { label: t("compose.undo-send"), run: () => void takeBack(sent, submissionId, reopen) };
  if (!hold) toast(t("compose.sent"));
  else if ("until" in hold) toast({ text: t("compose.scheduled", { when: longDate(hold.until.toISOString()) }), ...take });
  else countDown(hold.seconds, take);
}

/** @param {number} seconds @param {{ label: string, run: () => void }} take */
function countDown(seconds, take) {
  const left = signal(seconds);
  const close = toast({ text: () => t("compose.sending-in", { n: left.value }), seconds: 0, ...take, run: () => { clearInterval(timer); take.run(); } });
  const timer = window.setInterval(() => {
    left.value -= 1;
    if (left.value > 0) return;
    clearInterval(timer);
    close();
    toast(t("compose.sent"));
  }, 1000);
}

/** The message that was answered says so. @param {Draft} sent */
function markSource({ sourceId, kind }) {
  if (!sourceId) return;
  const keyword = kind === "forward" ? "$forwarded" : "$answered";
  jmap.call("Email/set", { update: { [sourceId]: { [`keywords/${keyword}`]: true } } }).catch(() => {});
}

/**
 * Takes a message back that has not left yet.
 * @param {string} submissionId @param {string} emailId
 * @returns {Promise<boolean>} false: it is gone
 */
export async function cancelSubmission(submissionId, emailId) {
  const drafts = withRole("drafts");
  const answer = await jmap.call("EmailSubmission/set", { update: { [submissionId]: { undoStatus: "canceled" } } });
  if (answer.notUpdated?.[submissionId]) return false;
  if (drafts) await jmap.call("Email/set", { update: { [emailId]: unsentPatch(drafts.id, withRole("sent")?.id ?? null) } });
  return true;
}

/** @param {Draft} sent @param {string} submissionId @param {(draft: Draft) => void} reopen */
async function takeBack(sent, submissionId, reopen) {
  try {
    if (!(await cancelSubmission(submissionId, sent.emailId ?? ""))) {
      complain(t("compose.too-late"));
      return;
    }
    reopen(sent);
    toast(t("compose.taken-back"));
  } catch {
    complain(t("compose.undo-failed"));
  }
}

/**
 * Asks when.
 * @param {Date} now
 * @returns {Promise<Date | undefined>}
 */
export function askWhen(now) {
  const offered = presets(now).filter(({ at }) => judgeTime(at, now, holdMax()) === "ok");
  return dialog({
    title: t("compose.schedule"),
    body: (close) => html`<div class="choices">${offered.map(({ key, at }) => html`<button class="choice" @click=${() => close(at)}>
        <span>${t(`compose.when.${key}`)}</span><span class="choice-detail">${longDate(at.toISOString())}</span></button>`)}</div>
      <form id="when" class="when" @submit=${(/** @type {Event} */ event) => picked(event, close)}>
        <label class="field"><span>${t("compose.when.other")}</span>
          <input type="datetime-local" name="when" required .value=${formatLocal(offered[0]?.at ?? now)} min=${formatLocal(now)}></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button>
      <button class="button primary" form="when">${t("compose.schedule-do")}</button>`,
  });
}

/** @param {Event} event @param {(at: Date) => void} close */
function picked(event, close) {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("when"));
  const at = parseLocal(input.value);
  const verdict = judgeTime(at, new Date(), holdMax());
  input.setCustomValidity(verdict === "ok" ? "" : t(`compose.when.${verdict}`));
  input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
  if (input.reportValidity() && at) close(at);
}
