// Which way out of a list its header offers (RFC 2369). Pure.

/** @typedef {{ kind: "mail" | "web", url: string }} Way */

/**
 * The best way out of a list, or null: a letter that the person sees before it goes, else a page of the list's.
 * @param {string[] | null | undefined} urls of List-Unsubscribe
 * @returns {Way | null}
 */
export function wayOut(urls) {
  const mail = urls?.find((one) => /^mailto:/i.test(one));
  if (mail) return { kind: "mail", url: mail };
  const web = urls?.find((one) => /^https:\/\//i.test(one));
  return web ? { kind: "web", url: web } : null;
}
