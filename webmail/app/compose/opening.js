// What a composer begins with: nothing, a reply, a forward, a draft that was left, a mailto link.
//
// Owns the questions to the server for that. The pure half is quoting.js and draft.js.
import { identities, ownAddresses } from "../core/data.js";
import { displayName, longDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { WEBMAIL } from "../core/settings.js";
import { addressKey } from "./addresses.js";
import { DRAFT_PROPERTIES, draftOf, emptyDraft, enclosuresOf } from "./draft.js";
import { parseMailto } from "./mailto.js";
import { adoptPictures } from "./pictures.js";
import { textToHtml } from "./plain.js";
import { answeringIdentity, escapeHtml, forwardLines, forwardSubject, quoteHtml, quoteText, replyRecipients, replySubject, threading } from "./quoting.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("../core/pages.js").ComposeOptions} Options */
/** @typedef {import("../core/data.js").Identity} Identity */

/** A name for a draft that no other has: of this page and of other tabs. */
export const newKey = () => crypto.randomUUID();

/**
 * @param {Options} options
 * @returns {Promise<Draft>}
 */
export async function draftFor(options) {
  if (options.kind === "new" || !options.emailId) return fresh(options);
  const email = await emailOf(options.emailId);
  if (options.kind === "draft" || options.kind === "again") return left(email, options.kind === "again");
  if (options.kind === "reply" || options.kind === "replyAll") return reply(email, options.kind === "replyAll", options.text);
  return forward(email, options.kind === "forwardAttached");
}

/** @param {string} id @returns {Promise<Record<string, any>>} */
async function emailOf(id) {
  const answer = await jmap.call("Email/get", {
    ids: [id], properties: [...DRAFT_PROPERTIES, "blobId"], fetchTextBodyValues: true, fetchHTMLBodyValues: true,
  });
  const found = answer.list[0];
  if (!found) throw new Error("this message is gone");
  return found;
}

/** The identity a new message leaves with. @returns {Identity | undefined} */
export function firstIdentity() {
  const own = [...ownAddresses.value][0];
  return identities.value.find((one) => addressKey(one.email) === own) ?? identities.value[0];
}

/** @param {string | null} id @returns {Identity | undefined} */
export function identityOf(id) {
  return identities.value.find((one) => one.id === id) ?? firstIdentity();
}

/** @param {Options} options @returns {Draft} */
function fresh(options) {
  const link = options.mailto ? parseMailto(options.mailto) : null;
  const identity = firstIdentity();
  const text = link?.text ?? options.text ?? "";
  return withBody({
    ...emptyDraft(newKey()),
    identityId: identity?.id ?? null,
    to: link?.to ?? (options.to ?? []).map(({ name, email }) => ({ name: name ?? null, email })),
    cc: link?.cc ?? [],
    subject: link?.subject ?? options.subject ?? "",
    inReplyTo: link?.inReplyTo ?? null,
  }, textToHtml(text), text, signatureOf(identity, false));
}

/**
 * A signature in both forms.
 * @param {Identity | undefined} identity @param {boolean} above a quotation
 * @returns {{ html: string, text: string }}
 */
export function signatureOf(identity, above) {
  const rich = identity?.htmlSignature?.trim() ?? "";
  const plain = identity?.textSignature?.trim() ?? "";
  if (!rich && !plain) return { html: "", text: "" };
  const body = rich || textToHtml(plain);
  return { html: `<div class="signature${above ? " above" : ""}">${body}</div>`, text: above ? plain : `-- \n${plain}` };
}

/**
 * @param {Draft} draft @param {string} html @param {string} text @param {{ html: string, text: string }} signature
 * @returns {Draft}
 */
function withBody(draft, html, text, signature) {
  return {
    ...draft,
    html: `${html || "<div><br></div>"}${signature.html ? `<div><br></div>${signature.html}` : ""}`,
    text: signature.text ? `${text}\n\n${signature.text}\n` : text,
  };
}

/** @param {Record<string, any>} email @param {boolean} again as a new message @returns {Draft} */
function left(email, again) {
  const draft = draftOf(again ? { ...email, keywords: {} } : email, newKey());
  const from = addressKey(email.from?.[0]?.email ?? "");
  const identity = identities.value.find((one) => addressKey(one.email) === from) ?? firstIdentity();
  return { ...draft, identityId: identity?.id ?? null, ...(again ? { kind: /** @type {const} */ ("new") } : {}) };
}

/**
 * The message as it may be shown: made safe by the server; the editor's own sanitiser comes after it.
 * @param {Record<string, any>} email
 * @returns {Promise<{ html: string, text: string, enclosures: import("./draft.js").Enclosure[] }>}
 */
async function rendered(email) {
  const text = plainOf(email);
  const bare = { html: textToHtml(text), text, enclosures: [] };
  if (!jmap.can(WEBMAIL)) return bare;
  try {
    // Remote pictures keep their address for those the message goes on to; the editor's frame loads none of them.
    const answer = await jmap.call("Rendering/get", { ids: [email.id], allowRemote: true, theme: "light" });
    const found = answer.list[0];
    const shown = found?.text || text;
    const { html, enclosures } = await adoptPictures(found?.html ?? found?.plain ?? textToHtml(shown));
    return { html, text: shown, enclosures };
  } catch {
    return bare;
  }
}

/** @param {Record<string, any>} email */
function plainOf(email) {
  const parts = (email.textBody ?? []).filter((/** @type {any} */ part) => part.type === "text/plain");
  return parts.map((/** @type {any} */ part) => email.bodyValues?.[part.partId]?.value ?? "").join("\n");
}

/** @param {Record<string, any>} email @param {boolean} all @param {string} [first] words to begin with @returns {Promise<Draft>} */
async function reply(email, all, first = "") {
  const source = /** @type {import("./quoting.js").Source} */ (email);
  const identity = identityOf(answeringIdentity(source, identities.value));
  const { html, text, enclosures } = await rendered(email);
  const who = displayName(source.from?.[0]);
  const attribution = t("compose.attribution", { date: longDate(source.sentAt ?? source.receivedAt), who });
  const signature = signatureOf(identity, true);
  const opening = first ? textToHtml(first) : "<div><br></div>";
  return {
    ...emptyDraft(newKey()),
    kind: all ? "replyAll" : "reply",
    sourceId: email.id,
    identityId: identity?.id ?? null,
    ...replyRecipients(source, [...ownAddresses.value], all),
    subject: replySubject(source.subject),
    ...threading(source),
    html: `${opening}${signature.html}<div><br></div>${quoteHtml(attribution, html)}`,
    text: `${first}\n\n${signature.text ? `${signature.text}\n\n` : ""}${attribution}\n${quoteText(text)}\n`,
    enclosures,
  };
}

/** @param {Record<string, any>} email @param {boolean} attached as a file @returns {Promise<Draft>} */
async function forward(email, attached) {
  const source = /** @type {import("./quoting.js").Source} */ (email);
  const identity = identityOf(answeringIdentity(source, identities.value));
  const base = { ...emptyDraft(newKey()), kind: /** @type {const} */ ("forward"), sourceId: email.id, identityId: identity?.id ?? null, subject: forwardSubject(source.subject), references: threading(source).references };
  if (attached) return { ...withBody(base, "", "", signatureOf(identity, false)), enclosures: [wholeMessage(email)] };
  const { html, text, enclosures } = await rendered(email);
  const lines = [t("compose.forwarded"), ...forwardLines(source, (key) => t(`compose.header.${key}`), longDate)];
  const signature = signatureOf(identity, true);
  return {
    ...base,
    html: `<div><br></div>${signature.html}<div><br></div><div>${lines.map(escapeHtml).join("<br>")}</div><div><br></div><div>${html}</div>`,
    text: `\n\n${signature.text ? `${signature.text}\n\n` : ""}${lines.join("\n")}\n\n${text}`,
    // Pictures of the text came along with it; here go the files.
    enclosures: [...enclosures, ...enclosuresOf(email).filter((one) => !one.cid || !one.type.startsWith("image/"))],
  };
}

/** @param {Record<string, any>} email @returns {import("./draft.js").Enclosure} */
function wholeMessage(email) {
  const name = `${(email.subject ?? "").replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim().slice(0, 80) || "message"}.eml`;
  return { key: `b${email.blobId}`, blobId: email.blobId, name, type: "message/rfc822", size: email.size ?? 0, cid: null, sent: 0, error: null };
}
