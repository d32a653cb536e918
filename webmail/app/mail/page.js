// The mail page: the list beside the conversation.
//
// Owns the two panes and which of them a narrow screen shows. Commands are in mail-commands.js.
import { html, nothing } from "lit-html";
import { effect, untracked } from "signals";
import { followers, mailboxes } from "../core/data.js";
import { keyHint } from "../core/commands.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { element, mount as view } from "../core/view.js";
import { focusList, listBar, showList, titledBy } from "./list.js";
import "./mail-commands.js";
import { loadReading, reading } from "./reading.js";
import { heading } from "./title.js";
import { followPlace, list, openThread, place } from "./view-state.js";

/**
 * Shows the page.
 * @param {HTMLElement} host
 * @returns {() => void}
 */
export function mount(host) {
  const pane = element("section", { class: "list-pane" });
  const bar = element("div", { class: "list-top" });
  const rows = element("div", { class: "list-body" });
  const conversation = element("div", { class: "reader-inside" });
  const nobody = element("div", { class: "reader-none" });
  const reader = element("section", { class: "reader", id: "reader" }, [nobody, conversation]);
  const frame = element("div", { class: "mail" }, [pane, reader]);
  pane.append(bar, rows);
  host.append(frame);
  titledBy(title);
  const ends = [
    followPlace(),
    effect(() => {
      pane.setAttribute("aria-label", t("list.pane"));
      reader.setAttribute("aria-label", t("reader.pane"));
    }),
    view(bar, listBar),
    showList(rows),
    view(nobody, nobodyTemplate),
    effect(() => {
      const module = reading.value;
      return module ? untracked(() => module.showConversation(conversation, reader)) : undefined;
    }),
    effect(() => {
      frame.classList.toggle("reading", Boolean(openThread.value));
      if (openThread.value) loadReading().catch(console.error);
    }),
    followFocus(),
  ];
  const follow = () => list.peek()?.follow() ?? Promise.resolve();
  followers.add(follow);
  return () => {
    followers.delete(follow);
    for (const end of ends.reverse()) end();
    frame.remove();
  };
}

/** On a narrow screen the focus goes to the conversation that opens, and back to its row. @returns {() => void} */
function followFocus() {
  let before = "";
  return effect(() => {
    const thread = openThread.value;
    const narrow = matchMedia("(max-width: 700px)").matches;
    if (thread && !before && narrow) requestAnimationFrame(() => document.getElementById("conversation-subject")?.focus());
    if (!thread && before) requestAnimationFrame(focusList);
    before = thread;
  });
}

function title() {
  const unknown = place.value.kind === "mailbox" && mailboxes.value && !place.value.mailboxId;
  const said = unknown ? t("folder.unknown") : heading();
  return said ? html`<h1>${said}</h1>` : nothing;
}

function nobodyTemplate() {
  if (openThread.value) return reading.value ? nothing : html`<div class="empty" aria-busy="true"></div>`;
  return html`<div class="empty">${icon("mail")}<p>${t("reader.none")}</p><p class="soft">${t("reader.none.why", { key: keyHint("help") })}</p></div>`;
}
