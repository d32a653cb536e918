// What the admin pages have in common: asking, saying what went wrong, and the command line's twin.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { longDate, relative } from "../core/format.js";
import { t } from "../core/i18n.js";
import { api } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";

/**
 * Something that is read from the server and read again after a change.
 * @template T
 * @param {() => string} path below /api/admin
 */
export function reading(path) {
  const value = signal(/** @type {(T & { command: string }) | null} */ (null));
  const problem = signal("");
  /** The server says that there is no such thing. */
  const missing = signal(false);
  let turn = 0;
  const load = async () => {
    const mine = ++turn;
    try {
      const answer = await api("GET", `/admin/${path()}`);
      if (mine !== turn) return;
      value.value = answer;
      problem.value = "";
      missing.value = false;
    } catch (/** @type {any} */ error) {
      if (mine !== turn) return;
      problem.value = wordsOf(error);
      missing.value = error?.status === 404;
    }
  };
  const stop = () => { turn += 1; };
  return { value, problem, missing, load, stop };
}

/** An error of the HTTP API in plain words. @param {any} error */
export function wordsOf(error) {
  if (error?.name === "Unreachable") return t("admin.unreachable");
  if (error?.status === 403) return t("admin.not");
  if (error?.status === 404) return t("admin.gone");
  if (error?.status === 409) return t("admin.conflict", { why: error.message });
  return t("admin.refused", { why: error?.message ?? "" });
}

/**
 * Changes something; says what the server notes, or what went wrong.
 * @param {string} method @param {string} path below /api/admin @param {unknown} [body]
 * @returns {Promise<any>} undefined: it was refused
 */
export async function act(method, path, body) {
  try {
    const answer = await api(method, `/admin/${path}`, body);
    const notes = /** @type {string[]} */ (answer?.notes ?? []);
    if (notes.length) toast(notes.join(" "));
    return answer ?? {};
  } catch (error) {
    complain(wordsOf(error));
    return undefined;
  }
}

/** What one would type for the same. @param {string | undefined} command */
export function twin(command) {
  if (!command) return nothing;
  return html`<p class="twin"><span class="soft">${t("admin.twin")}</span> <code>${command}</code>
    <button class="button small" aria-label=${t("admin.twin-copy", { command })} @click=${() => void copy(command)}>${t("admin.copy")}</button></p>`;
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("admin.copied"));
  } catch {
    complain(t("admin.not-copied"));
  }
}

/** A problem, or nothing. @param {string} problem @param {() => void} again */
export function problemLine(problem, again) {
  return problem ? html`<p class="notice bad" role="alert">${problem} <button class="button small" @click=${again}>${t("admin.again")}</button></p>` : nothing;
}

/** A moment: relative, and in full on hover. @param {number} at milliseconds */
export function moment(at) {
  const iso = new Date(at).toISOString();
  return html`<time datetime=${iso} title=${longDate(iso)}>${relative(iso)}</time>`;
}

/**
 * Octets of what was typed, as in "2 GiB", "500 MB", "1000"; null when it is none.
 * @param {string} text
 */
export function octetsOf(text) {
  const parts = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)b?\s*$/iu.exec(text);
  if (!parts) return null;
  const power = " kmgt".indexOf((parts[2] || " ").toLowerCase());
  const octets = Number((parts[1] ?? "").replace(",", ".")) * (parts[3] ? 1024 : 1000) ** power;
  return Number.isSafeInteger(Math.round(octets)) ? Math.round(octets) : null;
}
