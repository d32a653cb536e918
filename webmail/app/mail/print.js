// Printing: the open conversation, its messages as plain text where a frame's inside cannot be printed whole.
//
// A sandboxed frame prints only what it shows, so each message is put beside it in words for the paper.
import { html, render } from "lit-html";
import { fullAddress, longDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { shown } from "./conversation.js";
import { fetchMessages, messages, renderings } from "./message-data.js";

/** Prints the conversation. */
export async function printConversation() {
  const all = shown();
  await fetchMessages(all.map((one) => one.id));
  const paper = document.createElement("div");
  paper.id = "paper";
  render(html`<h1>${all[0]?.subject || t("subject.none")}</h1>${all.map((one) => {
    const whole = messages.get(one.id);
    const text = renderings.get(one.id)?.text || (whole?.textBody ?? []).map((part) => whole?.bodyValues[part.partId ?? ""]?.value ?? "").join("\n");
    return html`<article><header><b>${(one.from ?? []).map(fullAddress).join(", ")}</b><span>${longDate(one.receivedAt)}</span>
      <p>${t("details.to")}: ${(one.to ?? []).map(fullAddress).join(", ")}</p>${whole?.cc?.length ? html`<p>${t("details.cc")}: ${whole.cc.map(fullAddress).join(", ")}</p>` : ""}</header>
      <pre>${text}</pre>${whole?.attachments.length ? html`<p>${t("attachments", { n: whole.attachments.length })}: ${whole.attachments.map((part) => part.name ?? part.type).join(", ")}</p>` : ""}</article>`;
  })}`, paper);
  document.body.append(paper);
  addEventListener("afterprint", () => paper.remove(), { once: true });
  window.print();
}
