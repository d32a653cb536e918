// New mail, told: the count in the title and on the icon, a word to screen readers, a desktop notification where wanted.
import { effect } from "signals";
import { arrivals, emails, mailboxes, threads, withRole } from "../core/data.js";
import { announce } from "../core/focus.js";
import { displayName } from "../core/format.js";
import { t } from "../core/i18n.js";
import { go, route, write } from "../core/router.js";
import { settings } from "../core/settings.js";
import { isUnread } from "./rows.js";
import { heading } from "./title.js";

/** @typedef {import("../core/data.js").Email} Email */

/** Begins to tell. */
export function tellNews() {
  let drawn = -1;
  effect(() => {
    const inbox = mailboxes.value && withRole("inbox");
    const n = inbox ? settings.value.conversations ? inbox.unreadThreads : inbox.unreadEmails : 0;
    const said = ["mail", "search"].includes(route.value.page) ? heading() : "";
    document.title = `${n ? `(${n}) ` : ""}${said ? `${said} – ` : ""}${t("brand")}`;
    if (n !== drawn) drawIcon(n);
    drawn = n;
  });
  arrivals.add(arrived);
}

/** @param {Email[]} created */
function arrived(created) {
  const inbox = withRole("inbox")?.id ?? "";
  const fresh = created.filter((one) => one.mailboxIds[inbox] && isUnread(one) && !isMuted(one));
  if (!fresh.length) return;
  const first = /** @type {Email} */ (fresh[0]);
  const words = fresh.length === 1 ? t("news.one", { name: displayName(first.from?.[0]), subject: first.subject || t("subject.none") }) : t("news.many", { n: fresh.length });
  announce(words);
  if (!settings.peek().notify || typeof Notification === "undefined" || Notification.permission !== "granted" || (document.hasFocus() && route.peek().page === "mail")) return;
  const told = new Notification(displayName(first.from?.[0]) || t("brand"), { body: fresh.length === 1 ? first.subject || t("subject.none") : words, tag: "new-mail" });
  told.addEventListener("click", () => {
    window.focus();
    go(write("mail", ["inbox", first.threadId]));
    told.close();
  });
}

/** @param {Email} one */
function isMuted(one) {
  return (threads.get(one.threadId) ?? []).some((id) => emails.get(id)?.keywords.$muted);
}

/** The icon of the page, with a dot while something is unread. @param {number} n */
function drawIcon(n) {
  const link = /** @type {HTMLLinkElement | null} */ (document.getElementById("favicon"));
  if (!link) return;
  if (!n) {
    link.href = new URL("../../icon.svg", import.meta.url).href;
    link.type = "image/svg+xml";
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const draw = canvas.getContext("2d");
  if (!draw) return;
  draw.fillStyle = "#b3261e";
  draw.beginPath();
  draw.arc(30, 24, 20, Math.PI, 0);
  draw.rect(10, 24, 40, 38);
  draw.fill();
  draw.fillStyle = "#0b57b0";
  draw.beginPath();
  draw.roundRect(20, 22, 44, 42, 12);
  draw.fill();
  draw.fillStyle = "#fff";
  draw.font = "bold 32px sans-serif";
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  draw.fillText(n > 99 ? "99" : String(n), 42, 44, 40);
  link.type = "image/png";
  link.href = canvas.toDataURL("image/png");
}
