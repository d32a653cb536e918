// The editor inside its frame: Squire, the last sanitiser, and one port to the page.
//
// Runs in a sandboxed document of an opaque origin (`sandbox="allow-scripts"`) whose policy lets in no script but ours
// and no connection at all: what is quoted here reaches neither the page nor the network, whatever it holds. The page
// side is app/compose/editor.js; what goes over the port is told there.
import "../vendor/purify.js";
import Squire from "../vendor/squire.js";
import { htmlToText } from "../app/compose/plain.js";

// The library as it is published makes a global of itself.
const { DOMPurify } = /** @type {any} */ (globalThis);

/** How long typing rests before the page is told: short beside the three seconds in which a draft is saved. */
const QUIET_MS = 250;

/** Where a link may lead, and what a picture may be. No script, no file, no SVG. */
const ALLOWED_URI = /^(?:(?:https?|mailto|tel|cid):|data:image\/(?:png|jpe?g|gif|webp|avif);)/i;

const PURE = {
  ALLOWED_URI_REGEXP: ALLOWED_URI,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea", "svg", "math", "video", "audio", "picture", "source", "object", "embed"],
  FORBID_ATTR: ["id", "name", "srcset", "background", "contenteditable", "tabindex", "accesskey"],
  RETURN_DOM_FRAGMENT: true,
  WHOLE_DOCUMENT: false,
};

const root = /** @type {HTMLElement} */ (document.getElementById("text"));
/** Pictures of the text: content id -> its address within this frame. @type {Map<string, string>} */
const pictures = new Map();
/** @type {MessagePort | null} */ let port = null;
/** @type {any} */ let squire = null;
let timer = 0;

/** @param {Record<string, unknown>} message */
const tell = (message) => port?.postMessage(message);

/** Stands where a picture is not here yet. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/**
 * @param {string} html
 * @returns {DocumentFragment}
 */
function pure(html) {
  const clean = /** @type {DocumentFragment} */ (DOMPurify.sanitize(html, PURE));
  // Still in a document that loads nothing: `cid:` is no address a browser could ask.
  for (const image of clean.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    // Pictures of elsewhere go along with the message, and are not asked for here.
    if (/^https?:/i.test(source)) {
      image.dataset.remote = source;
      image.setAttribute("src", NOTHING);
      image.classList.add("missing");
    }
    const cid = /^cid:(.+)$/i.exec(source)?.[1];
    if (!cid) continue;
    image.dataset.cid = decoded(cid);
    image.setAttribute("src", pictures.get(decoded(cid)) ?? NOTHING);
  }
  return document.importNode(clean, true);
}

// Only the page that made this frame has the port; the first message brings it and no other is heard.
addEventListener("message", (event) => {
  if (port || event.source !== parent || event.data?.is !== "port") return;
  port = event.ports[0] ?? null;
  if (!port) return;
  begin(event.data);
  port.onmessage = ({ data }) => DEEDS[/** @type {keyof typeof DEEDS} */ (data.do)]?.(data);
  tell({ is: "ready" });
});

/** @param {{ label: string, hint: string, language: string, theme: string }} given */
function begin(given) {
  dress(given);
  squire = new Squire(root, { blockTag: "DIV", sanitizeToDOMFragment: pure, willCutCopy: null });
  squire.addEventListener("input", changed);
  squire.addEventListener("pathChange", tellFormats);
  squire.addEventListener("select", tellFormats);
  squire.addEventListener("undoStateChange", (/** @type {CustomEvent} */ event) => tell({ is: "undo", ...event.detail }));
  squire.addEventListener("pasteImage", (/** @type {CustomEvent} */ event) => pasted(event.detail.clipboardData));
  squire.addEventListener("focus", () => tell({ is: "focus" }));
  squire.addEventListener("blur", () => tellText());
}

/** @param {{ label?: string, hint?: string, language?: string, theme?: string }} given */
function dress(given) {
  const page = document.documentElement;
  if (given.language) page.lang = given.language;
  if (given.theme) page.dataset.theme = given.theme;
  if (given.label) root.setAttribute("aria-label", given.label);
  if (given.hint !== undefined) root.dataset.hint = given.hint;
}

/** What the page may ask. @type {Record<string, (message: any) => void>} */
const DEEDS = {
  dress,
  set({ html }) {
    squire.setHTML(html);
    showPictures();
    squire.moveCursorToStart();
    blank();
    tellText();
  },
  get({ id }) {
    tell({ is: "text", id, ...written() });
  },
  focus({ at }) {
    squire.focus();
    if (at === "start") squire.moveCursorToStart();
    if (at === "end") squire.moveCursorToEnd();
  },
  picture({ cid, file, alt, insert }) {
    pictures.set(cid, URL.createObjectURL(file));
    if (insert) squire.insertImage(pictures.get(cid), { alt: alt ?? "", "data-cid": cid });
    showPictures();
    changed();
  },
  insert({ html }) {
    squire.insertHTML(html);
    showPictures();
    changed();
  },
  signature({ html }) {
    const old = [...root.querySelectorAll(".signature")].find((found) => !found.closest("blockquote"));
    const made = pure(html);
    if (old) old.replaceWith(made);
    else if (html) placeSignature(made);
    changed();
  },
  format({ name, value }) {
    FORMATS[name]?.(value);
    squire.focus();
    changed();
    tellFormats();
  },
};

/** A signature stands above the quotation, else at the end. @param {DocumentFragment} made */
function placeSignature(made) {
  const quoted = root.querySelector(":scope > blockquote");
  const before = quoted?.previousElementSibling ?? null;
  root.insertBefore(made, quoted ? before : null);
}

/** What the toolbar does. @type {Record<string, (value?: string) => void>} */
const FORMATS = {
  bold: () => toggle("B", "bold", "removeBold"),
  italic: () => toggle("I", "italic", "removeItalic"),
  underline: () => toggle("U", "underline", "removeUnderline"),
  strike: () => toggle("S", "strikethrough", "removeStrikethrough"),
  code: () => squire.toggleCode(),
  bullets: () => (squire.hasFormat("UL") ? squire.removeList() : squire.makeUnorderedList()),
  numbers: () => (squire.hasFormat("OL") ? squire.removeList() : squire.makeOrderedList()),
  quote: () => squire.increaseQuoteLevel(),
  unquote: () => squire.decreaseQuoteLevel(),
  size: (value) => squire.setFontSize(value || null),
  colour: (value) => squire.setTextColor(value || null),
  align: (value) => squire.setTextAlignment(value ?? "left"),
  link: (value) => (value ? squire.makeLink(value) : squire.removeLink()),
  clear: () => squire.removeAllFormatting(),
  undo: () => squire.undo(),
  redo: () => squire.redo(),
};

/** @param {string} tag @param {string} on @param {string} off */
function toggle(tag, on, off) {
  squire[squire.hasFormat(tag) ? off : on]();
}

/** Gives pictures their address here, and asks the page for those that are not here yet. */
function showPictures() {
  for (const image of /** @type {NodeListOf<HTMLImageElement>} */ (root.querySelectorAll("img[data-cid]"))) {
    const cid = image.dataset.cid ?? "";
    const known = pictures.get(cid);
    image.classList.toggle("missing", !known);
    if (!known) tell({ is: "missing", cid });
    else if (image.getAttribute("src") !== known) image.src = known;
  }
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is written, with pictures by content id again. @returns {{ html: string, text: string, own: string }} */
function written() {
  const page = new DOMParser().parseFromString(squire.getHTML(), "text/html");
  for (const image of /** @type {NodeListOf<HTMLImageElement>} */ (page.querySelectorAll("img[data-cid], img[data-remote]"))) {
    image.setAttribute("src", image.dataset.remote ?? `cid:${image.dataset.cid}`);
    image.removeAttribute("data-cid");
    image.removeAttribute("data-remote");
    image.classList.remove("missing");
    if (image.classList.length === 0) image.removeAttribute("class");
  }
  const html = page.body.innerHTML;
  const text = htmlToText(page.body);
  for (const quoted of page.querySelectorAll("blockquote, .signature")) quoted.remove();
  return { html, text, own: htmlToText(page.body) };
}

function blank() {
  const empty = root.textContent?.trim() === "" && !root.querySelector("img,li,blockquote,hr");
  root.toggleAttribute("data-blank", empty);
}

function changed() {
  blank();
  tell({ is: "changed" });
  clearTimeout(timer);
  timer = window.setTimeout(tellText, QUIET_MS);
}

function tellText() {
  clearTimeout(timer);
  tell({ is: "text", ...written() });
}

function tellFormats() {
  const tags = { bold: "B", italic: "I", underline: "U", strike: "S", code: "CODE", bullets: "UL", numbers: "OL", quote: "BLOCKQUOTE", link: "A" };
  const formats = Object.fromEntries(Object.entries(tags).map(([name, tag]) => [name, squire.hasFormat(tag)]));
  const { fontSize } = squire.getFontInfo();
  tell({ is: "formats", formats, size: fontSize ?? "" });
}

/** @param {DataTransfer | null} given */
function pasted(given) {
  const files = [...(given?.files ?? [])];
  if (files.length) tell({ is: "files", files, pasted: true });
}

// Files that are not pictures come by paste, too; Squire tells of pictures alone.
root.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0 || files.every((file) => file.type.startsWith("image/"))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  tell({ is: "files", files, pasted: true });
}, true);

const bringsFiles = (/** @type {DragEvent} */ event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
addEventListener("dragover", (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
}, true);
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
}, true);
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!bringsFiles(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  tell({ is: "files", files: [...(event.dataTransfer?.files ?? [])], pasted: false });
}, true);

// Keys that are the page's: the frame keeps none of them.
addEventListener("keydown", (event) => {
  const held = event.ctrlKey || event.metaKey;
  const ours = event.key === "Escape" || (held && (event.key === "Enter" || event.key.toLowerCase() === "k" || (event.shiftKey && /^[cbdp]$/i.test(event.key))));
  if (!ours || event.isComposing) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  tellText();
  tell({ is: "key", key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey, shiftKey: event.shiftKey, altKey: event.altKey });
}, true);

// A link in the text is text here; it is followed only on purpose, in a tab of its own, by the page.
root.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link) return;
  event.preventDefault();
  tell({ is: "link", href: link.getAttribute("href") });
});
