// Which way out of a list its header offers (RFC 2369, RFC 8058). Pure.

/** @typedef {{ kind: "press" | "mail" | "web", url: string }} Way */

/**
 * The best way out of a list, or null: one request that the server makes (RFC 8058), where the message offers it; a letter
 * that the person sees before it goes; else a page of the list's.
 * @param {string[] | null | undefined} urls of List-Unsubscribe
 * @param {string | null} [post] List-Unsubscribe-Post
 * @returns {Way | null}
 */
export function wayOut(urls, post) {
  const webs = urls?.filter((one) => /^https:\/\//i.test(one)) ?? [];
  if (webs.length === 1 && /^list-unsubscribe=one-click$/i.test(post?.trim() ?? "")) return { kind: "press", url: webs[0] };
  const mail = urls?.find((one) => /^mailto:/i.test(one));
  if (mail) return { kind: "mail", url: mail };
  return webs.length > 0 ? { kind: "web", url: webs[0] } : null;
}
