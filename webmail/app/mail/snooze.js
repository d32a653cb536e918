// Snooze: a conversation goes away until its time (Snooze/set of docs/jmap.md; the server brings it back).
import { html } from "lit-html";
import { sync } from "../core/data.js";
import { dialog, menu } from "../core/dialogs.js";
import { addCatalogue, region, t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { jmap } from "../core/session.js";
import { toast } from "../core/toasts.js";
import * as actions from "./actions.js";
import { attempt } from "./folders.js";
import { presets } from "./snooze-times.js";
import { clearSelection, list } from "./view-state.js";

await addCatalogue("reading");

/** Offers the times at an element. @param {Element} anchor */
export function snoozeMenu(anchor) {
  const on = actions.targets();
  const words = new Intl.DateTimeFormat(region(), { weekday: "short", hour: "numeric", minute: "2-digit" });
  menu(anchor, [
    { label: t("snooze.until") },
    ...presets(new Date()).map((one) => ({ label: t(`snooze.${one.key}`), hint: words.format(one.at), icon: "clock", run: () => { snooze(on, one.at); } })),
    null,
    { label: t("snooze.pick"), icon: "clock", run: () => { pickTime(on); } },
  ], { label: t("command.snooze") });
}

/** A date as `datetime-local` wants it. @param {Date} date */
function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {actions.Targets} on */
async function pickTime(on) {
  const first = local(new Date(Date.now() + 86_400_000));
  const value = await dialog({
    title: t("command.snooze"),
    body: (close) => html`<form id="snooze" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("at"));
      close(input.value);
    }}><label class="field"><span>${t("snooze.until")}</span><input type="datetime-local" name="at" required autofocus min=${local(new Date())} value=${first}></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="snooze">${t("command.snooze")}</button>`,
  });
  if (value) await snooze(on, new Date(value));
}

/** @param {actions.Targets} on @param {Date} until */
async function snooze(on, until) {
  const iso = until.toISOString().replace(/\.\d+/, "");
  const create = Object.fromEntries(on.emails.map((one, at) => [`s${at}`, { emailId: one.id, until: iso }]));
  const putBack = list.peek()?.remove(new Set(on.rowIds));
  clearSelection();
  const done = await attempt((async () => {
    const answer = await jmap.call("Snooze/set", { create });
    const refusals = Object.values(answer.notCreated ?? {});
    const refused = refusals.find((one) => one.type !== "alreadyExists");
    if (refused) throw new MethodError("Snooze/set", /** @type {any} */ (refused));
    const ids = Object.values(answer.created ?? {}).map((one) => one.id);
    const before = await postpone(refusals.map((one) => one.existingId), iso);
    const words = new Intl.DateTimeFormat(region(), { dateStyle: "medium", timeStyle: "short" }).format(until);
    toast({ text: t("snooze.done", { when: words }), label: t("undo"), run: () => {
      attempt(jmap.call("Snooze/set", { destroy: ids, update: before }).then(() => sync(null)));
    } });
    await sync(null);
  })());
  if (!done) putBack?.();
}

/**
 * Another time for what is away already; what puts back the times there were.
 * @param {string[]} ids @param {string} until
 * @returns {Promise<Record<string, {until: string}>>}
 */
async function postpone(ids, until) {
  if (!ids.length) return {};
  const { list: known } = await jmap.call("Snooze/get", { ids, properties: ["until"] });
  const update = Object.fromEntries(ids.map((id) => [id, { until }]));
  const { notUpdated } = await jmap.call("Snooze/set", { update });
  const refused = Object.values(notUpdated ?? {})[0];
  if (refused) throw new MethodError("Snooze/set", /** @type {any} */ (refused));
  return Object.fromEntries(known.map((/** @type {{id: string, until: string}} */ one) => [one.id, { until: one.until }]));
}
