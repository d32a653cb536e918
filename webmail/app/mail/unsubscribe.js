// Leaving a list by what its header offers (RFC 2369, RFC 8058). The choice of the way is way-out.js's.
import { confirm } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { compose } from "../core/pages.js";
import { jmap } from "../core/session.js";
import { toast } from "../core/toasts.js";

/** @typedef {import("./way-out.js").Way} Way */

/** @param {Way} way @param {{ name: string, emailId: string }} from the sender, and the message that offers it */
export async function unsubscribe(way, { name, emailId }) {
  if (way.kind === "mail") {
    await compose({ kind: "new", mailto: way.url });
    return;
  }
  const where = new URL(way.url).host;
  const ask = (/** @type {string} */ words) => confirm({ title: t("unsubscribe"), text: t(words, { name, where }), yes: t("unsubscribe") });
  if (way.kind === "press") {
    if (!await ask("unsubscribe.press")) return;
    if (await press(emailId)) {
      toast(t("unsubscribe.done", { name }));
      return;
    }
  }
  if (await ask(way.kind === "press" ? "unsubscribe.failed" : "unsubscribe.web")) window.open(way.url, "_blank", "noopener,noreferrer");
}

/** Whether the list took it. @param {string} emailId */
async function press(emailId) {
  try {
    return (await jmap.call("Email/unsubscribe", { emailId })).done === true;
  } catch {
    return false;
  }
}
