// The pictures of a message that is quoted: shown to us by signed addresses that end within the hour, they become parts of
// the answer.
//
// Owns finding them in the server's HTML and bringing them over. RFC 2392 for `cid:`.
import { jmap } from "../core/session.js";
import { upload } from "./uploads.js";

/** @typedef {import("./draft.js").Enclosure} Enclosure */

/** A message with more pictures than this is a catalogue; its others stay behind. */
export const PICTURES_MAX = 40;
/** Octets of all of them together: an answer should not be larger than what it answers for pictures alone. */
export const PICTURES_OCTETS_MAX = 15_000_000;

const SOURCE = /(<img\b[^>]*?\ssrc=")([^"]*)(")/giu;
const KINDS = /^image\/(png|jpeg|gif|webp|avif)$/u;

/**
 * The addresses of pictures that lie on this server, or in the HTML itself, in their order, once each.
 * @param {string} html as the server's sanitiser writes it: attributes in double quotes
 * @returns {string[]}
 */
export function ownPictures(html) {
  const found = [...html.matchAll(SOURCE)].map((match) => plain(match[2] ?? ""));
  return [...new Set(found.filter((source) => isOwn(source)))].slice(0, PICTURES_MAX);
}

/** @param {string} source */
const isOwn = (source) => /^(?:https?:\/\/[^/]+)?\/render\//u.test(source) || /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/u.test(source);

/** @param {string} attribute */
const plain = (attribute) => attribute.replace(/&amp;/gu, "&").replace(/&quot;/gu, '"');

/**
 * The same HTML with other addresses; pictures that have none of ours any more lose theirs.
 * @param {string} html @param {Map<string, string>} cids by address
 */
export function withCids(html, cids) {
  return html.replace(SOURCE, (whole, before, source, after) => {
    const address = plain(source);
    const cid = cids.get(address);
    if (cid) return `${before}cid:${cid}${after}`;
    return isOwn(address) ? `${before}${after}` : whole;
  });
}

/**
 * Brings the pictures of a quotation over.
 * @param {string} html
 * @returns {Promise<{ html: string, enclosures: Enclosure[] }>}
 */
export async function adoptPictures(html) {
  /** @type {Map<string, string>} */ const cids = new Map();
  /** @type {Enclosure[]} */ const enclosures = [];
  let octets = 0;
  for (const source of ownPictures(html)) {
    const blob = await pictureAt(source);
    if (!blob || octets + blob.size > PICTURES_OCTETS_MAX) continue;
    octets += blob.size;
    const cid = `${crypto.randomUUID()}@pillarbox`;
    try {
      const { blobId } = await upload(blob, blob.type, () => {}).done;
      enclosures.push({ key: `p${cid}`, blobId, name: `picture-${enclosures.length + 1}.${blob.type.slice("image/".length)}`, type: blob.type, size: blob.size, cid, sent: blob.size, error: null });
      cids.set(source, cid);
    } catch {
      // Without it the answer is the same; its place is empty.
    }
  }
  return { html: withCids(html, cids), enclosures };
}

/** @param {string} source @returns {Promise<Blob | null>} */
async function pictureAt(source) {
  try {
    if (source.startsWith("data:")) return fromData(source);
    const { pathname, search } = new URL(source, location.origin);
    const response = await jmap.fetch(pathname + search, { headers: { accept: "image/*" } });
    const blob = await response.blob();
    return KINDS.test(blob.type) ? blob : null;
  } catch {
    return null;
  }
}

/** @param {string} source */
function fromData(source) {
  const [head = "", body = ""] = source.split(",", 2);
  const type = head.slice("data:".length).split(";")[0] ?? "";
  const octets = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return KINDS.test(type) ? new Blob([octets], { type }) : null;
}
