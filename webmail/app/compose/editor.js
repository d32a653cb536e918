// The page's side of the editor: its frame, and what goes over the port.
//
// The frame (frames/editor.html) has an opaque origin and its own policy; what is written in it is data to the page.
// To the frame: dress, set, get, focus, picture, insert, signature, format. From it: ready, changed, text, formats, undo,
// files, missing, key, link, focus.
import { signal } from "signals";
import { t } from "../core/i18n.js";
import { element } from "../core/view.js";

/**
 * @typedef {object} Written
 * @property {string} html pictures by content id
 * @property {string} text the plain twin
 * @property {string} own the writer's own words: without quotation and signature
 */
/**
 * @typedef {object} Listener
 * @property {() => void} changed something was typed; `wrote` follows when typing rests
 * @property {(written: Written) => void} wrote
 * @property {(files: File[], pasted: boolean) => void} files were pasted or dropped
 * @property {(cid: string) => void} missing a picture is shown that the frame has not got
 * @property {(key: KeyboardEventInit & { key: string }) => void} key one of the composer's keys was pressed
 * @property {(href: string) => void} link a link was clicked
 */

/** Beside our own version: modules and frame are of one build. */
const DOCUMENT = new URL("../../frames/editor.html", import.meta.url).pathname;

/** How long the frame has for an answer; it is on this machine. */
const ANSWER_WAIT_MS = 3000;

export class Editor {
  /**
   * @param {Listener} listener
   * @param {{ theme: string, language: string }} look
   */
  constructor(listener, look) {
    this.listener = listener;
    this.look = look;
    /** Which formats hold at the cursor. @type {import("signals").Signal<Record<string, boolean>>} */
    this.formats = signal({});
    this.size = signal("");
    this.undo = signal({ canUndo: false, canRedo: false });
    /** @type {Written} */ this.latest = { html: "", text: "", own: "" };
    /** @type {Map<number, (written: Written) => void>} */ this.asked = new Map();
    this.numbered = 0;
    /** @type {MessagePort | null} */ this.port = null;
    /** What waits for the frame. @type {Record<string, unknown>[]} */ this.waiting = [];
    this.frame = /** @type {HTMLIFrameElement} */ (element("iframe", {
      class: "editor-frame", sandbox: "allow-scripts", src: DOCUMENT, title: t("compose.text"), referrerpolicy: "no-referrer",
    }));
    this.frame.addEventListener("load", () => this.connect());
  }

  /** Hands the frame its port. A frame that loads again, as after a move in the page, gets a new one and its text. */
  connect() {
    const again = this.port !== null;
    this.port?.close();
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.onmessage = ({ data }) => this.heard(data);
    const words = { label: t("compose.text"), hint: t("compose.text-hint") };
    // The frame's origin is opaque, so there is no name to give; the window is the one we made.
    this.frame.contentWindow?.postMessage({ is: "port", ...words, ...this.look }, "*", [port2]);
    if (again) port1.postMessage({ do: "set", html: this.latest.html });
    for (const message of this.waiting.splice(0)) port1.postMessage(message);
  }

  /** @param {Record<string, unknown>} message */
  send(message) {
    if (this.port) this.port.postMessage(message);
    else this.waiting.push(message);
  }

  /** @param {any} data */
  heard(data) {
    const { listener } = this;
    if (data.is === "changed") listener.changed();
    else if (data.is === "text") this.heardText(data);
    else if (data.is === "formats") {
      this.formats.value = data.formats;
      this.size.value = String(data.size);
    } else if (data.is === "undo") this.undo.value = { canUndo: data.canUndo === true, canRedo: data.canRedo === true };
    else if (data.is === "files") listener.files(data.files.filter((/** @type {unknown} */ one) => one instanceof File), data.pasted === true);
    else if (data.is === "missing") listener.missing(String(data.cid));
    else if (data.is === "key") listener.key(data);
    else if (data.is === "link") listener.link(String(data.href));
  }

  /** @param {any} data */
  heardText(data) {
    const written = { html: String(data.html), text: String(data.text), own: String(data.own) };
    this.latest = written;
    this.asked.get(data.id)?.(written);
    this.asked.delete(data.id);
    this.listener.wrote(written);
  }

  /** Puts a text there. @param {string} html */
  set(html) {
    this.latest = { ...this.latest, html };
    this.send({ do: "set", html });
  }

  /** What is written now; what was last known when the frame does not answer. @returns {Promise<Written>} */
  get() {
    return new Promise((resolve) => {
      const id = ++this.numbered;
      const late = setTimeout(() => resolve(this.latest), ANSWER_WAIT_MS);
      this.asked.set(id, (written) => {
        clearTimeout(late);
        resolve(written);
      });
      this.send({ do: "get", id });
    });
  }

  /** @param {"start" | "end" | null} at */
  focus(at) {
    this.frame.focus();
    this.send({ do: "focus", at });
  }

  /** @param {string} name @param {string} [value] */
  format(name, value) {
    this.frame.focus();
    this.send({ do: "format", name, value });
  }

  /**
   * A picture of the text.
   * @param {string} cid @param {Blob} file @param {{ alt: string } | null} insert at the cursor, or null: it stands there already
   */
  picture(cid, file, insert) {
    this.send({ do: "picture", cid, file, alt: insert?.alt, insert: insert !== null });
  }

  /** @param {string} html "" takes it away */
  signature(html) {
    this.send({ do: "signature", html });
  }

  /** @param {{ theme: string, language: string }} look */
  dress(look) {
    this.look = look;
    this.send({ do: "dress", ...look });
  }

  end() {
    this.port?.close();
    this.port = null;
    this.frame.remove();
  }
}
