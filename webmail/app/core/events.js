// What changed on the server, as it happens: the EventSource of RFC 8620 §7.3.
//
// Owns the connection and its return after a loss. What to do about a change is data.js's.
import { jmap, online } from "./session.js";

/** The first wait before the connection is tried again, doubled up to the longest. */
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** The server is asked to say something every minute; when it says nothing for longer than this, the line is dead. */
const SILENCE_MAX_MS = 150_000;

/**
 * Listens. `changed` is called with the states that are new (type -> state), and with null when the line comes up, for the
 * first time too: anything may have changed since the page asked.
 * @param {(states: Record<string, string> | null) => void} changed
 * @returns {() => void} stops
 */
export function listenToEvents(changed) {
  /** @type {EventSource | null} */ let source = null;
  let isUp = false;
  let wait = RETRY_FIRST_MS;
  let timer = 0;
  let heard = performance.now();
  const hear = () => {
    heard = performance.now();
  };
  const open = () => {
    clearTimeout(timer);
    source?.close();
    hear();
    source = new EventSource(jmap.eventSourceUrl("*"));
    source.addEventListener("open", () => {
      hear();
      if (!isUp) changed(null);
      isUp = true;
      online.value = true;
      wait = RETRY_FIRST_MS;
    });
    source.addEventListener("ping", hear);
    source.addEventListener("state", (event) => {
      hear();
      const states = statesOf(/** @type {MessageEvent} */ (event).data);
      if (states) changed(states);
    });
    source.addEventListener("error", () => {
      isUp = false;
      online.value = false;
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      jmap.call("Core/echo").catch(() => {}); // was it the session that ended? Then this leads to the login
      timer = window.setTimeout(open, wait);
      wait = Math.min(wait * 2, RETRY_MAX_MS);
    });
  };
  const watch = window.setInterval(() => {
    if (performance.now() - heard < SILENCE_MAX_MS) return;
    isUp = false;
    online.value = false;
    open();
  }, SILENCE_MAX_MS / 5);
  const awake = () => {
    if (source?.readyState === EventSource.CLOSED) open();
  };
  open();
  addEventListener("online", awake);
  return () => {
    removeEventListener("online", awake);
    clearInterval(watch);
    clearTimeout(timer);
    source?.close();
  };
}

/** What a StateChange says of our account (RFC 8620 §7.1). @param {string} data @returns {Record<string, string> | null} */
function statesOf(data) {
  try {
    return JSON.parse(data).changed?.[jmap.accountId] ?? null;
  } catch {
    return null;
  }
}
