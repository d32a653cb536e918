// The details of a message in two views: what stands in the letter, and the envelope in which it travelled.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { dialog } from "../core/dialogs.js";
import { rove } from "../core/focus.js";
import { fullAddress, longDate } from "../core/format.js";
import { addCatalogue, t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { isOwn } from "./conversation.js";
import { fromHeader, fromSubmission, relation } from "./envelope.js";
import { messages } from "./message-data.js";

await addCatalogue("reading");

/** @typedef {import("../core/data.js").Email} Email */
/** @typedef {import("../core/format.js").EmailAddress} EmailAddress */
/** @typedef {import("./envelope.js").Envelope} Envelope */

const VIEWS = ["letter", "envelope"];

/** Shows them. @param {Email} one */
export function showDetails(one) {
  const view = signal("letter");
  const envelope = signal(/** @type {Envelope | null | "failed"} */ (null));
  envelopeOf(one).then((found) => { envelope.value = found; }, () => { envelope.value = "failed"; });
  return dialog({
    title: t("message.details"), className: "wide",
    body: () => html`<div class="tabs" role="tablist" aria-label=${t("message.details")} @keydown=${(/** @type {KeyboardEvent} */ event) => rove(event, /** @type {HTMLElement} */ (event.currentTarget), "button")}>
      ${VIEWS.map((name) => tab(name, view))}</div>
      <div role="tabpanel" id="details-panel" aria-labelledby="details-${view.value}" tabindex="0">${view.value === "letter" ? letter(one) : envelopeView(one, envelope.value)}</div>`,
  });
}

/** @param {string} name @param {import("signals").Signal<string>} view */
function tab(name, view) {
  const chosen = view.value === name;
  const choose = () => { view.value = name; };
  return html`<button class="tab" role="tab" id="details-${name}" aria-controls="details-panel" aria-selected=${String(chosen)} tabindex=${chosen ? 0 : -1}
    @click=${choose} @focus=${choose}>${t(`details.${name}`)}</button>`;
}

/** What stands in the letter. @param {Email} one */
function letter(one) {
  const whole = messages.get(one.id);
  /** @type {[string, EmailAddress[] | null | undefined][]} */
  const people = [["from", one.from], ["to", one.to], ["cc", whole?.cc], ["bcc", whole?.bcc], ["reply-to", whole?.replyTo]];
  /** @type {[string, string][]} */
  const lines = people.map(([name, all]) => [t(`details.${name}`), (all ?? []).map(fullAddress).join(", ")]);
  lines.push([t("details.sent"), whole?.sentAt ? longDate(whole.sentAt) : ""], [t("details.received"), longDate(one.receivedAt)], [t("details.subject"), one.subject ?? ""]);
  lines.push([t("details.list"), whole?.["header:List-Id:asText"] ?? ""]);
  lines.push([t("details.checked"), whole?.["header:Authentication-Results:asText:all"]?.[0] || t("details.unchecked")]);
  return html`<dl class="details">${lines.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {Email} one @returns {Promise<Envelope>} */
async function envelopeOf(one) {
  if (isOwn(one) && jmap.can("urn:ietf:params:jmap:submission")) {
    const found = jmap.ask("EmailSubmission/query", { filter: { emailIds: [one.id] }, limit: 1 });
    const got = jmap.ask("EmailSubmission/get", { "#ids": found.ref("/ids"), properties: ["envelope"] });
    const [, { list }] = await Promise.all([found.answer, got.answer]);
    const sent = fromSubmission(list[0]?.envelope);
    if (sent) return sent;
  }
  const { list } = await jmap.call("Email/get", { ids: [one.id], properties: ["header:Return-Path:all", "header:Delivered-To:all"] });
  return fromHeader({ returnPath: list[0]?.["header:Return-Path:all"] ?? [], deliveredTo: list[0]?.["header:Delivered-To:all"] ?? [] });
}

/** Envelope and letter side by side. @param {Email} one @param {Envelope | null | "failed"} envelope */
function envelopeView(one, envelope) {
  if (envelope === null) return html`<div class="waiting" aria-busy="true"><span class="bone"></span><span class="bone"></span></div>`;
  if (envelope === "failed") return html`<p class="soft">${t("envelope.failed")}</p>`;
  const whole = messages.get(one.id);
  const how = relation(envelope, (one.from ?? []).map(({ email }) => email));
  const addressed = [...(one.to ?? []), ...(whole?.cc ?? []), ...(whole?.bcc ?? [])];
  return html`<p>${t("envelope.about")}</p>
    <table class="envelope"><thead><tr><td></td><th scope="col">${t("envelope.on")} <span class="soft code">SMTP</span></th><th scope="col">${t("envelope.in")}</th></tr></thead><tbody>
      <tr><th scope="row">${t("envelope.sender")}</th><td><span class="soft code">MAIL FROM</span> ${path(envelope.from)}</td><td><span class="soft code">From</span> ${names(one.from)}</td></tr>
      <tr><th scope="row">${t("envelope.recipients")}</th><td><span class="soft code">RCPT TO</span> ${envelope.to.length ? envelope.to.join(", ") : t("envelope.unknown")}</td>
        <td><span class="soft code">To, Cc</span> ${names(addressed)}</td></tr></tbody></table>
    <p>${t(how === "unknown" ? "envelope.unknown-why" : `envelope.${how}`)}</p>${isOwn(one) || !envelope.to.length ? nothing : html`<p class="soft">${t("envelope.own-copy")}</p>`}`;
}

/** @param {string | null} from */
const path = (from) => (from === null ? t("envelope.unknown") : from || "<>");

/** @param {EmailAddress[] | null} all */
const names = (all) => (all ?? []).map(fullAddress).join(", ") || t("people.none");
