// The source of a message, and its header as a picture of the hops.
import { html, nothing, svg } from "lit-html";
import { dialog } from "../core/dialogs.js";
import { duration, longDate } from "../core/format.js";
import { addCatalogue, t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { attempt } from "./folders.js";
import { fields, hops } from "./hops.js";
import { fetchMessages, messages } from "./message-data.js";

await addCatalogue("reading");

/** Octets of source that are shown; the whole can be saved. */
const SOURCE_MAX = 2_000_000;

/** @param {string} id of the e-mail @returns {Promise<string | undefined>} */
async function sourceOf(id) {
  let text;
  await attempt((async () => {
    // It may be on its way still, to somebody who is quick with the keys.
    await fetchMessages([id]);
    const blobId = messages.get(id)?.blobId;
    if (!blobId) return;
    const response = await jmap.fetch(jmap.downloadUrl(blobId, "message.eml", "message/rfc822"), { headers: { accept: "*/*" } });
    const octets = await response.arrayBuffer();
    text = new TextDecoder("utf-8").decode(octets.slice(0, SOURCE_MAX));
  })());
  return text;
}

/** Shows the source as it was stored. @param {string} id */
export async function showSource(id) {
  const text = await sourceOf(id);
  if (text === undefined) return;
  const blobId = messages.get(id)?.blobId ?? "";
  await dialog({
    title: t("command.source"), className: "full", body: () => html`<pre class="viewer-text" tabindex="0">${text}</pre>`,
    actions: (close) => html`<a class="button" href=${jmap.downloadUrl(blobId, "message.eml", "message/rfc822")} download="message.eml">${t("viewer.save")}</a>
      <button class="button" @click=${() => { navigator.clipboard?.writeText(text); }}>${t("copy")}</button><button class="button primary" @click=${() => close()}>${t("close")}</button>`,
  });
}

/** Shows the way the message came, and its header. @param {string} id */
export async function showHops(id) {
  const text = await sourceOf(id);
  if (text === undefined) return;
  const header = fields(text);
  const way = hops(header);
  await dialog({
    title: t("command.hops"), className: "full",
    body: () => html`<p class="soft">${t("hops.note")}</p>${way.length ? html`${picture(way)}${table(way)}` : html`<p>${t("hops.none")}</p>`}
      <h3>${t("hops.header")}</h3><dl class="details header-fields">${header.map((one) => html`<div><dt>${one.name}</dt><dd>${one.value}</dd></div>`)}</dl>`,
  });
}

/** @typedef {import("./hops.js").Hop} Hop */

/** The stations as dots on a line, the time between them as the length of the line. @param {Hop[]} way */
function picture(way) {
  const stations = [way[0]?.from ?? "", ...way.map((hop) => hop.by || hop.from)];
  const longest = Math.max(1, ...way.map((hop) => hop.delay ?? 0));
  // The square root keeps short waits visible beside long ones.
  const gaps = way.map((hop) => 34 + 66 * Math.sqrt((hop.delay ?? 0) / longest));
  const tops = stations.map((_, at) => 20 + gaps.slice(0, at).reduce((sum, gap) => sum + gap, 0));
  const height = (tops.at(-1) ?? 0) + 24;
  return html`<svg class="hops" viewBox="0 0 640 ${height}" role="img" aria-label=${t("hops.picture", { n: way.length })}>
    ${way.map((hop, at) => svg`<line class=${hop.secure ? "secure" : "plain"} x1="24" x2="24" y1=${(tops[at] ?? 0) + 8} y2=${(tops[at + 1] ?? 0) - 8}></line>
      <text class="soft" x="44" y=${((tops[at] ?? 0) + (tops[at + 1] ?? 0)) / 2 + 4}>${said(hop)}</text>`)}
    ${stations.map((name, at) => svg`<circle cx="24" cy=${tops[at]} r="7"></circle><text x="44" y=${(tops[at] ?? 0) + 5}>${name || t("hops.unknown")}</text>`)}</svg>`;
}

/** @param {Hop} hop */
function said(hop) {
  const delay = hop.delay === null ? "" : duration(hop.delay);
  return [delay, hop.with, hop.secure ? t("hops.encrypted") : t("hops.plain")].filter(Boolean).join(" · ");
}

/** The same for those who read it. @param {Hop[]} way */
function table(way) {
  return html`<table class="hops-table"><thead><tr><th>${t("hops.from")}</th><th>${t("hops.by")}</th><th>${t("hops.with")}</th><th>${t("hops.at")}</th><th>${t("hops.delay")}</th></tr></thead>
    <tbody>${way.map((hop) => html`<tr><td>${hop.from || t("hops.unknown")}</td><td>${hop.by || t("hops.unknown")}</td><td>${hop.with} ${hop.secure ? t("hops.encrypted") : t("hops.plain")}</td>
      <td>${hop.at === null ? t("hops.unknown") : longDate(new Date(hop.at).toISOString())}</td><td>${hop.delay === null ? nothing : duration(hop.delay)}</td></tr>`)}</tbody></table>`;
}
