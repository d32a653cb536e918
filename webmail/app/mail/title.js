// The name of the list that is shown: for its heading and for the title of the page.
import { mailboxes } from "../core/data.js";
import { t } from "../core/i18n.js";
import { folderName } from "./folders.js";
import { place } from "./view-state.js";

/** The name of the list. */
export function heading() {
  const { kind, key, mailboxId } = place.value;
  if (kind === "search") return t("search.title", { query: key });
  if (kind === "all") return t("role.all");
  const mailbox = mailboxId ? mailboxes.value?.get(mailboxId) : undefined;
  return mailbox ? folderName(mailbox) : "";
}
