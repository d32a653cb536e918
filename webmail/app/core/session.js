// Who is logged in: the cookie session of the HTTP API, its CSRF token, and the one JMAP client of the page.
//
// Owns login state. The login page itself is app/login/.
import { signal } from "signals";
import { Jmap } from "./jmap.js";

/** What is remembered in this tab, so that a reload asks for mail at once: no secret but the CSRF token, which is worth
 * nothing without the cookie. */
const REMEMBERED = "pillarbox.session";
/** A header that a page of another origin cannot send. */
const TOKEN_HEADER = "X-Pillarbox-CSRF";

/** "unknown" until the server was asked. @type {import("signals").Signal<"unknown" | "in" | "out">} */
export const loggedIn = signal(/** @type {"unknown" | "in" | "out"} */ ("unknown"));
/** What the server says of the person: `address`, `accountId`, `admin`, `secondFactor`; and `hostname`. @type {import("signals").Signal<Record<string, any>>} */
export const me = signal({});

/** Is the line to the server up? Told by events.js. @type {import("signals").Signal<boolean>} */
export const online = signal(true);

let token = "";

/** The page's JMAP client. */
export const jmap = new Jmap({
  fetch: (url, init) => fetch(url, init),
  headers: () => /** @type {Record<string, string>} */ (token ? { [TOKEN_HEADER]: token } : {}),
  refused: async () => {
    const [before, who] = [token, me.value.address];
    await ask();
    // Another tab logged in as somebody else.
    if (who && loggedIn.value === "in" && me.value.address !== who) {
      await fetchSession();
      location.reload();
      return false;
    }
    return loggedIn.value === "in" && token !== before;
  },
});

/**
 * A call of the HTTP API (`/api/...`), as app/login, app/settings and app/admin make them.
 * @param {string} method @param {string} path below /api @param {unknown} [body]
 * @returns {Promise<any>} the answer's JSON; null when it has none
 */
export async function api(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await jmap.fetch(`/api${path}`, { method, headers: /** @type {Record<string, string>} */ (headers), body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** Asks the server who we are. */
async function ask() {
  take(await api("GET", "/session"));
}

/** @param {Record<string, any> | null} answer of `GET /api/session` */
function take(answer) {
  if (answer?.user) {
    token = answer.csrf ?? "";
    me.value = { ...answer.user, hostname: answer.hostname };
    loggedIn.value = "in";
  } else {
    forget();
    me.value = { hostname: answer?.hostname };
    loggedIn.value = "out";
  }
}

/** Fetches the JMAP session object (RFC 8620 §2). */
export async function fetchSession() {
  adopt(await (await jmap.fetch("/jmap/session")).json());
}

/** @param {Record<string, any>} session */
function adopt(session) {
  jmap.adopt(session);
  remember();
}

function remember() {
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify({ token, me: me.value, session: jmap.session }));
  } catch {
    // Without storage a reload costs one more round trip.
  }
}

function forget() {
  token = "";
  me.value = {};
  try {
    sessionStorage.removeItem(REMEMBERED);
  } catch {
    // Nothing was kept, then.
  }
}

/**
 * Begins: with what this tab remembers, checked in the background, or with what index.html asked, or by asking first.
 * @returns {Promise<boolean>} whether somebody is logged in, as far as is known
 */
export async function begin() {
  const kept = remembered();
  if (kept) {
    token = kept.token;
    me.value = kept.me;
    jmap.adopt(kept.session);
    loggedIn.value = "in";
    return true;
  }
  const early = await /** @type {any} */ (globalThis).askedEarly;
  delete /** @type {any} */ (globalThis).askedEarly;
  // In between another tab may have logged in.
  if (early?.who && early.who.user?.address === early.session?.username) {
    take(early.who);
    if (early.session) adopt(early.session);
    return early.session !== null;
  }
  await ask();
  if (loggedIn.value !== "in") return false;
  await fetchSession();
  return true;
}

/** @returns {{ token: string, me: Record<string, any>, session: Record<string, any> } | null} */
function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "null");
    return kept?.token && kept.session ? kept : null;
  } catch {
    return null;
  }
}

/** After a login that succeeded: whoever we are now, nothing of before is kept. */
export async function loggedInNow() {
  forget();
  await ask();
  await fetchSession();
}

/** Logs out, here and on the server. */
export async function logOut() {
  try {
    await api("POST", "/logout", {});
  } finally {
    loggedIn.value = "out";
    forget();
    const { forgetDrafts } = await import("../compose/journal.js");
    forgetDrafts(localStorage, null);
    location.assign("/login");
  }
}
