// Where one goes after logging in. Pure.

/** Paths of our own alone: a link to the login page must not lead elsewhere afterwards. @param {string | null} next */
export function safeNext(next) {
  if (!next || !/^\/(?![/\\])/u.test(next) || /[\u0000-\u001f\\]/u.test(next) || /^\/(?:api|jmap|render|frames|login)(?:[/?]|$)/u.test(next)) return "/mail";
  return next;
}
