// The page `/compose`: a link that begins a message (`/compose?mailto=...`, for the browser's handler of mailto links).
//
// Owns nothing: it opens a composer and goes to the mail.
import { compose } from "../core/pages.js";
import { go, route } from "../core/router.js";
import { mailboxes } from "../core/data.js";
import { effect } from "signals";

/** @param {HTMLElement} _host @returns {() => void} */
export function mount(_host) {
  const { query } = route.peek();
  const mailto = query.get("mailto") ?? "";
  let begun = false;
  return effect(() => {
    if (!mailboxes.value || begun) return;
    begun = true;
    queueMicrotask(() => {
      go("/mail", { replace: true });
      void compose({ kind: "new", ...(mailto ? { mailto: mailto.startsWith("mailto:") ? mailto : `mailto:${mailto}` } : {}) });
    });
  });
}
