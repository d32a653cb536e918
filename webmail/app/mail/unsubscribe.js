// Leaving a list by what its header offers (RFC 2369). The choice of the way is way-out.js's.
import { confirm } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { compose } from "../core/pages.js";

/** @typedef {import("./way-out.js").Way} Way */

/** @param {Way} way @param {string} name of the sender */
export async function unsubscribe(way, name) {
  if (way.kind === "mail") {
    await compose({ kind: "new", mailto: way.url });
    return;
  }
  const where = new URL(way.url).host;
  const yes = await confirm({ title: t("unsubscribe"), text: t("unsubscribe.web", { name, where }), yes: t("unsubscribe") });
  if (yes) window.open(way.url, "_blank", "noopener,noreferrer");
}
