// One message that is being written: its draft, its editor, its files, and how it is kept.
//
// Owns the state of one composer. How it looks is window.js; how it is sent sending.js; where several stand is main.js.
import { computed, signal } from "signals";
import { withRole } from "../core/data.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { language } from "../core/i18n.js";
import { settings } from "../core/settings.js";
import { complain } from "../core/toasts.js";
import { addressKey } from "./addresses.js";
import { Autosave } from "./autosave.js";
import { emailOf, isBlank, usedEnclosures } from "./draft.js";
import { Editor } from "./editor.js";
import { identityOf, newKey, signatureOf } from "./opening.js";
import { textToHtml } from "./plain.js";
import { Recipients } from "./recipients.js";
import { upload } from "./uploads.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Enclosure} Enclosure */
/** @typedef {import("./recipients.js").FieldName} FieldName */
/** @typedef {"docked" | "minimised" | "full"} Shape */
/** @typedef {ReturnType<typeof import("./journal.js").openJournal>} Journal */

/** Pictures shown within the text; all else is attached. */
const SHOWN_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
/** The copy in the browser is written no more often than this. */
const JOURNAL_MS = 1000;

export class Composer {
  /**
   * @param {Draft} draft
   * @param {Journal} journal
   * @param {(key: KeyboardEventInit & { key: string }) => void} keyed keys of the composer that were pressed in the editor
   */
  constructor(draft, journal, keyed) {
    this.key = draft.key;
    this.journal = journal;
    this.draft = signal(draft);
    /** What it began with, to tell whether anything was written; null until the editor says how it reads that. @type {string | null} */
    this.begun = draft.mode === "rich" ? null : draft.text;
    this.own = "";
    this.shape = signal(/** @type {Shape} */ ("docked"));
    this.saving = signal(/** @type {import("./autosave.js").SaveState} */ ("clean"));
    this.problem = signal("");
    this.busy = signal(false);
    this.copies = signal(draft.cc.length + draft.bcc.length > 0);
    this.formatting = signal(true);
    this.dropping = signal(false);
    /** @type {Map<string, () => void>} how uploads are cancelled */ this.cancels = new Map();
    this.kept = 0;
    this.ended = false;
    this.failing = false;
    this.fields = /** @type {Record<FieldName, Recipients>} */ (Object.fromEntries(
      (/** @type {FieldName[]} */ (["to", "cc", "bcc"])).map((name) => [name, new Recipients(name, this.holder())]),
    ));
    this.title = computed(() => this.draft.value.subject.trim() || t(draft.kind === "new" ? "compose.new" : "compose.untitled"));
    this.editor = new Editor(this.listener(keyed), look());
    this.autosave = new Autosave({
      save: () => this.save(), later: (run, ms) => window.setTimeout(run, ms), cancel: (handle) => clearTimeout(handle),
      now: () => performance.now(), tell: (state) => this.tellSaving(state),
    });
    if (draft.mode === "rich") this.editor.set(draft.html);
  }

  /** Saving goes on all the time and is only seen; that it fails is said, once. @param {import("./autosave.js").SaveState} state */
  tellSaving(state) {
    if (state === "failed" && !this.failing) announce(t("compose.state.failed"));
    if (state === "failed" || state === "saved") this.failing = state === "failed";
    this.saving.value = state;
  }

  /** @returns {import("./recipients.js").Holder} */
  holder() {
    return {
      key: this.key,
      addresses: (name) => this.draft.value[name],
      change: (name, addresses) => this.change({ [name]: addresses }),
      move: (from, to, address) => {
        const rest = this.draft.peek()[from].filter((one) => addressKey(one.email) !== addressKey(address.email));
        if (to !== "to") this.copies.value = true;
        if (from === to) return;
        this.change({ [from]: rest, [to]: [...this.draft.peek()[to].filter((one) => addressKey(one.email) !== addressKey(address.email)), address] });
      },
    };
  }

  /** @param {(key: KeyboardEventInit & { key: string }) => void} keyed @returns {import("./editor.js").Listener} */
  listener(keyed) {
    return {
      changed: () => this.touch(),
      wrote: ({ html, text, own }) => {
        this.own = own;
        this.begun ??= text;
        if (this.draft.peek().mode === "rich") this.draft.value = { ...this.draft.peek(), html, text };
        if (this.autosave.dirty) this.remember();
      },
      files: (files, pasted) => this.addFiles(files, pasted),
      missing: (cid) => void this.bringPicture(cid),
      key: keyed,
      link: (href) => {
        if (/^https?:/iu.test(href)) window.open(href, "_blank", "noopener,noreferrer");
      },
    };
  }

  /** @param {Partial<Draft>} patch */
  change(patch) {
    this.draft.value = { ...this.draft.peek(), ...patch };
    this.problem.value = "";
    this.touch();
  }

  touch() {
    if (!this.ended) this.autosave.touch();
    this.remember();
  }

  /** Keeps a copy in the browser, now and then. */
  remember(now = Date.now()) {
    if (this.ended || this.blank || now - this.kept < JOURNAL_MS) return;
    this.kept = now;
    this.journal.keep(this.draft.peek(), now);
  }

  get blank() {
    return isBlank(this.draft.peek(), this.begun ?? this.draft.peek().text);
  }

  /** The draft with what is in the editor at this moment. @returns {Promise<Draft>} */
  async current() {
    for (const field of Object.values(this.fields)) field.take();
    if (this.draft.peek().mode === "rich") {
      const { html, text, own } = await this.editor.get();
      this.own = own;
      this.draft.value = { ...this.draft.peek(), html, text };
    }
    return this.draft.peek();
  }

  /** The JMAP object of a draft. @param {Draft} draft @param {string} draftsId */
  emailOf(draft, draftsId) {
    const identity = identityOf(draft.identityId);
    const from = { name: identity?.name || null, email: identity?.email ?? "" };
    const extra = { replyTo: identity?.replyTo ?? null, bcc: identity?.bcc ?? null };
    return emailOf({ ...draft, enclosures: usedEnclosures(draft) }, from, extra, draftsId);
  }

  /** Saves the draft on the server: a new one, and the one before it goes when the new one is safely there. */
  async save() {
    const drafts = withRole("drafts");
    if (!drafts) throw new Error(t("compose.no-drafts"));
    const draft = this.draft.peek().mode === "rich" ? { ...this.draft.peek(), ...pickText(await this.editor.get()) } : this.draft.peek();
    if (this.blank && !draft.emailId) {
      this.journal.drop(this.key);
      return;
    }
    this.journal.keep(draft, Date.now());
    const answer = await jmap.call("Email/set", { create: { draft: this.emailOf(draft, drafts.id) } });
    const made = answer.created?.draft;
    if (!made) throw new Error(answer.notCreated?.draft?.description ?? answer.notCreated?.draft?.type ?? "notCreated");
    const before = this.draft.peek().emailId;
    this.draft.value = { ...this.draft.peek(), emailId: made.id };
    // Not in the same call: RFC 8620 §5.3 destroys whether or not the creation came to anything.
    if (before) jmap.call("Email/set", { destroy: [before] }).catch(() => {});
    if (this.autosave.since === null) this.journal.drop(this.key);
  }

  /** Throws the draft away, on the server too. @returns {Promise<Draft>} what it held, for undo */
  async discard() {
    const draft = await this.current();
    await this.autosave.stop();
    const { emailId } = this.draft.peek();
    this.end();
    if (emailId) await jmap.call("Email/set", { destroy: [emailId] });
    return { ...draft, emailId: null, key: newKey() };
  }

  /** Saves what is not saved, and ends. @returns {Promise<boolean>} false: it could not be saved, and stays */
  async close() {
    await this.current();
    if (this.blank && !this.draft.peek().emailId) {
      this.end();
      return true;
    }
    if (!(await this.autosave.flush())) return false;
    this.end();
    return true;
  }

  end() {
    this.ended = true;
    void this.autosave.stop();
    for (const cancel of this.cancels.values()) cancel();
    this.journal.drop(this.key);
    this.editor.end();
  }

  /** @param {string} id of an identity */
  chooseIdentity(id) {
    const before = signatureOf(identityOf(this.draft.peek().identityId), this.quotes);
    const after = signatureOf(identityOf(id), this.quotes);
    const { text } = this.draft.peek();
    this.change({ identityId: id, text: before.text ? text.replace(before.text, () => after.text) : after.text ? `${text}\n\n${after.text}\n` : text });
    if (this.draft.peek().mode === "rich") this.editor.signature(after.html);
  }

  get quotes() {
    return ["reply", "replyAll", "forward"].includes(this.draft.peek().kind);
  }

  /** Between rich and plain. */
  async switchMode() {
    const draft = await this.current();
    if (draft.mode === "rich") this.change({ mode: "plain" });
    else {
      const html = textToHtml(draft.text);
      this.change({ mode: "rich", html });
      this.editor.set(html);
    }
  }

  /**
   * Files from a paste, a drop or the picker: pictures that are pasted or dropped into rich text stand in it.
   * @param {File[]} files @param {boolean} shown
   */
  addFiles(files, shown) {
    for (const file of files) {
      const inline = shown && this.draft.peek().mode === "rich" && SHOWN_TYPES.has(file.type);
      this.addFile(file, inline ? `${newKey()}@pillarbox` : null);
    }
  }

  /** @param {File} file @param {string | null} cid */
  addFile(file, cid) {
    const key = `${cid ? "p" : "f"}${newKey()}`;
    const name = file.name || t("compose.unnamed-file");
    this.setEnclosures((all) => [...all, { key, blobId: null, name, type: file.type || "application/octet-stream", size: file.size, cid, sent: 0, error: null }]);
    if (cid) this.editor.picture(cid, file, { alt: name });
    this.send(key, file);
  }

  /** @param {string} key @param {Blob} file */
  send(key, file) {
    const { done, cancel } = upload(file, file.type, (sent) => this.patchEnclosure(key, { sent }));
    this.cancels.set(key, cancel);
    done.then((made) => {
      this.patchEnclosure(key, { blobId: made.blobId, sent: file.size });
      this.touch();
    }, (error) => {
      if (error.reason === "cancelled") return;
      this.patchEnclosure(key, { error: error.reason });
      complain(t(`compose.upload-${error.reason}`));
    }).finally(() => this.cancels.delete(key));
  }

  /** @param {(all: Enclosure[]) => Enclosure[]} how */
  setEnclosures(how) {
    this.draft.value = { ...this.draft.peek(), enclosures: how(this.draft.peek().enclosures) };
  }

  /** @param {string} key @param {Partial<Enclosure>} patch */
  patchEnclosure(key, patch) {
    this.setEnclosures((all) => all.map((one) => (one.key === key ? { ...one, ...patch } : one)));
  }

  /** @param {string} key */
  removeEnclosure(key) {
    this.cancels.get(key)?.();
    this.setEnclosures((all) => all.filter((one) => one.key !== key));
    this.touch();
  }

  /** A picture that the text shows and the frame lacks: fetched for it. @param {string} cid */
  async bringPicture(cid) {
    const one = this.draft.peek().enclosures.find((each) => each.cid === cid);
    if (!one?.blobId || !SHOWN_TYPES.has(one.type)) return;
    try {
      const response = await jmap.fetch(jmap.downloadUrl(one.blobId, one.name, one.type));
      this.editor.picture(cid, new Blob([await response.blob()], { type: one.type }), null);
    } catch {
      // The place stays marked as missing; the message still carries the picture.
    }
  }
}

/** @param {import("./editor.js").Written} written */
function pickText({ html, text }) {
  return { html, text };
}

/** How the editor is to look. */
export function look() {
  return { theme: settings.peek().theme, language: language.peek() };
}
