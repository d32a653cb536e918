// Attachments: the list below a message, and the viewer for those a page can show safely.
//
// Pictures and text are shown here, PDF in a tab of its own, messages inside; all else is saved.
import { html, nothing } from "lit-html";
import { dialog } from "../core/dialogs.js";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { jmap } from "../core/session.js";
import { attempt } from "./folders.js";
import { renderings } from "./message-data.js";

/** @typedef {import("./message-data.js").Message} Message */
/** @typedef {import("./message-data.js").Part} Part */

/** Pictures that browsers show and that are no documents: never SVG. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
/** Octets of a text that are shown. */
const TEXT_MAX = 1_000_000;

/** How an attachment can be opened. @param {Part} part @returns {"picture" | "text" | "pdf" | "message" | "save"} */
export function opening(part) {
  const type = part.type.toLowerCase();
  if (PICTURES.has(type)) return "picture";
  if (type === "application/pdf") return "pdf";
  if (type === "message/rfc822" || type === "message/global") return "message";
  if ((type.startsWith("text/") && type !== "text/html") || type === "application/json") return "text";
  return "save";
}

/** @param {Part} part */
const nameOf = (part) => part.name || t(part.type === "message/rfc822" ? "attachment.message" : "attachment.unnamed");

/** Does the frame show this part already? @param {Message} whole @param {Part} part */
function isShown(whole, part) {
  const rendering = renderings.get(whole.id);
  return Boolean(part.cid && rendering?.frame && !rendering.doubted) && part.disposition !== "attachment" && part.type.startsWith("image/");
}

/** @param {Message} whole */
export function attachmentsTemplate(whole) {
  const parts = whole.attachments.filter((part) => part.blobId && !isShown(whole, part));
  if (!parts.length) return nothing;
  return html`<section class="attachments" aria-label=${t("attachments", { n: parts.length })}><h3>${t("attachments", { n: parts.length })}</h3>
    <ul>${parts.map((part) => attachment(part, parts))}</ul></section>`;
}

/** @param {Part} part @param {Part[]} all */
function attachment(part, all) {
  const how = opening(part);
  const url = jmap.downloadUrl(part.blobId ?? "", nameOf(part), part.type);
  const face = html`${how === "picture" ? html`<img src=${url} alt="" loading="lazy" width="40" height="40">` : icon(how === "message" ? "mail" : "file")}
    <span class="attachment-name">${nameOf(part)}<span class="soft">${size(part.size)}</span></span>`;
  const main = how === "save" ? html`<a class="attachment-open" href=${url} download=${nameOf(part)}>${face}</a>`
    : how === "pdf" ? html`<a class="attachment-open" href="${url}&disposition=inline" target="_blank" rel="noopener noreferrer">${face}<span class="unseen">${t("attachment.tab")}</span></a>`
    : html`<button class="attachment-open" @click=${() => view(part, all)}>${face}</button>`;
  return html`<li>${main}<a class="icon-button" href=${url} download=${nameOf(part)} aria-label=${t("attachment.save", { name: nameOf(part) })} title=${t("attachment.save", { name: nameOf(part) })}>${icon("download")}</a></li>`;
}

/** @param {Part} part @param {Part[]} all */
async function view(part, all) {
  const how = opening(part);
  if (how === "picture") return viewPictures(part, all.filter((one) => opening(one) === "picture"));
  if (how === "text") return viewText(part);
  return viewMessage(part);
}

/** @param {Part} first @param {Part[]} all */
async function viewPictures(first, all) {
  const { signal } = await import("signals");
  const at = signal(all.indexOf(first));
  const step = (/** @type {number} */ by) => {
    at.value = (at.value + by + all.length) % all.length;
  };
  await dialog({
    title: nameOf(first), className: "full viewer",
    body: () => {
      const part = /** @type {Part} */ (all[at.value]);
      return html`<figure tabindex="0" autofocus @keydown=${(/** @type {KeyboardEvent} */ event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by) step(by);
      }}><img src=${jmap.downloadUrl(part.blobId ?? "", nameOf(part), part.type)} alt=${nameOf(part)}><figcaption>${nameOf(part)} · ${size(part.size)}${all.length > 1 ? ` · ${at.value + 1} / ${all.length}` : ""}</figcaption></figure>`;
    },
    actions: (close) => html`${all.length > 1 ? html`<button class="button" @click=${() => step(-1)}>${t("viewer.previous")}</button><button class="button" @click=${() => step(1)}>${t("viewer.next")}</button>` : nothing}
      <a class="button" href=${jmap.downloadUrl(all[at.value]?.blobId ?? "", nameOf(/** @type {Part} */ (all[at.value])), "image/png")} download=${nameOf(/** @type {Part} */ (all[at.value]))}>${t("viewer.save")}</a>
      <button class="button primary" @click=${() => close()}>${t("close")}</button>`,
  });
}

/** @param {Part} part */
async function viewText(part) {
  let text = "";
  const done = await attempt((async () => {
    const response = await jmap.fetch(jmap.downloadUrl(part.blobId ?? "", nameOf(part), "text/plain"));
    const octets = await response.arrayBuffer();
    text = new TextDecoder(decodable(part.charset)).decode(octets.slice(0, TEXT_MAX));
  })());
  if (!done) return;
  await dialog({ title: nameOf(part), className: "full", body: () => html`<pre class="viewer-text" tabindex="0">${text}</pre>` });
}

/** @param {string | null} charset */
function decodable(charset) {
  try {
    return new TextDecoder(charset ?? "utf-8").encoding;
  } catch {
    return "utf-8";
  }
}

/** A message within a message (Email/parse, RFC 8621 §4.9). @param {Part} part */
async function viewMessage(part) {
  /** @type {any} */ let parsed;
  const done = await attempt((async () => {
    const answer = await jmap.call("Email/parse", {
      blobIds: [part.blobId], fetchTextBodyValues: true, maxBodyValueBytes: 262_144,
      properties: ["from", "to", "cc", "subject", "sentAt", "textBody", "bodyValues", "attachments"],
    });
    parsed = answer.parsed?.[part.blobId ?? ""];
    if (!parsed) throw new Error(t("attachment.unreadable"));
  })());
  if (!done) return;
  const { blocks } = await import("./plain-text.js");
  const { fullAddress, longDate } = await import("../core/format.js");
  const text = parsed.textBody.map((/** @type {Part} */ one) => parsed.bodyValues[one.partId ?? ""]?.value ?? "").join("\n");
  await dialog({
    title: parsed.subject || t("subject.none"), className: "full",
    body: () => html`<dl class="details">
        <div><dt>${t("details.from")}</dt><dd>${(parsed.from ?? []).map(fullAddress).join(", ")}</dd></div>
        <div><dt>${t("details.to")}</dt><dd>${(parsed.to ?? []).map(fullAddress).join(", ")}</dd></div>
        ${parsed.sentAt ? html`<div><dt>${t("details.sent")}</dt><dd>${longDate(parsed.sentAt)}</dd></div>` : nothing}</dl>
      <div class="message-body plain" tabindex="0">${blocks(text).map((block) => html`<div>${block.lines.map((line) => `${line.map((piece) => piece.text).join("")}\n`).join("")}</div>`)}</div>
      ${parsed.attachments?.length ? html`<section class="attachments"><ul>${parsed.attachments.filter((/** @type {Part} */ one) => one.blobId).map((/** @type {Part} */ one) => attachment(one, parsed.attachments))}</ul></section>` : nothing}`,
  });
}
