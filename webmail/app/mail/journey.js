// What became of a message that the person sent: each recipient, in plain words (Journey/get of docs/jmap.md).
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { onChange } from "../core/data.js";
import { longDate, shortDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { jmap } from "../core/session.js";
import { WEBMAIL } from "../core/settings.js";
import { isOwn } from "./conversation.js";

/** @typedef {{ recipient: string, state: string, words: string | null, at: string, nextTry: string | null, tries: number, why: string | null, reason: string | null }} Leg */

/** @type {Map<string, Leg[]>} */
const known = new Map();
/** @type {Set<string>} */
const asked = new Set();
const tick = signal(0);

/** Icons of the states; the word beside it says the same. @type {Record<string, string>} */
const ICONS = { pending: "clock", queued: "clock", tried: "refresh", delivered: "check", failed: "warning", canceled: "close" };

/** @param {string} id */
async function ask(id) {
  if (asked.has(id)) return;
  asked.add(id);
  try {
    const answer = await jmap.call("Journey/get", { ids: [id] });
    known.set(id, answer.list[0]?.recipients ?? []);
    tick.value += 1;
  } catch {
    // A server that keeps no journey: the message is shown without it.
  }
}

onChange("EmailDelivery", forget);
onChange("EmailSubmission", forget);

/** What is on its way may have arrived: it is asked again when it is drawn. */
function forget() {
  for (const [id, legs] of known) if (legs.some((leg) => ["pending", "queued", "tried"].includes(leg.state))) asked.delete(id);
  tick.value += 1;
}

/** @param {import("../core/data.js").Email} one */
export function journeyTemplate(one) {
  if (!isOwn(one) || !jmap.can(WEBMAIL)) return nothing;
  void tick.value;
  queueMicrotask(() => ask(one.id));
  const legs = known.get(one.id);
  if (!legs?.length) return nothing;
  return html`<section class="journey" aria-label=${t("journey")}><h3>${t("journey")}</h3><ul>${legs.map((leg) => html`<li class="journey-${leg.state}">
    ${icon(ICONS[leg.state] ?? "info")}<span><b>${leg.recipient}</b> ${words(leg)}${leg.words ? html`<span class="soft journey-words">${leg.words}</span>` : nothing}</span></li>`)}</ul></section>`;
}

/** @param {Leg} leg */
function words(leg) {
  const when = leg.nextTry ?? leg.at;
  const said = t(`journey.${leg.state}`, { when: when ? shortDate(when) : "" });
  return html`<span title=${when ? longDate(when) : ""}>${said}${leg.reason ? ` ${why(leg)}` : ""}</span>`;
}

/** Why it did not go well, in the person's language where we have the words. @param {Leg} leg */
function why(leg) {
  const words = t(`why.${leg.reason}`);
  return words === `why.${leg.reason}` ? leg.why : words;
}
