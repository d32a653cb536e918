// Dates, sizes and names as a person reads them.
//
// Pure but for the clock that is passed in, and the language.
import { region, t } from "./i18n.js";

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} name @param {Intl.DateTimeFormatOptions} options */
function format(name, options) {
  const key = `${region()} ${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(region(), options)));
  return made;
}

const DAY_MS = 86_400_000;

/**
 * A date as a list shows it: the time today, the day this year, else the date.
 * @param {string} iso @param {number} [now]
 */
export function shortDate(iso, now = Date.now()) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return format("time", { hour: "numeric", minute: "2-digit" }).format(date);
  const age = now - date.getTime();
  if (age >= 0 && age < 6 * DAY_MS) return format("weekday", { weekday: "short", hour: "numeric", minute: "2-digit" }).format(date);
  if (date.getFullYear() === today.getFullYear()) return format("day", { day: "numeric", month: "short" }).format(date);
  return format("date", { year: "numeric", month: "short", day: "numeric" }).format(date);
}

/** A date in full, for titles and headers. @param {string} iso */
export function longDate(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return format("long", { dateStyle: "full", timeStyle: "short" }).format(date);
}

/** How long ago, or until when, in the largest unit that fits. @param {string} iso @param {number} [now] */
export function relative(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const units = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]]);
  const words = new Intl.RelativeTimeFormat(region(), { numeric: "auto" });
  for (const [unit, length] of units) if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  return words.format(0, "minute");
}

/** A number of octets. @param {number} octets */
export function size(octets) {
  const units = ["kB", "MB", "GB", "TB"];
  if (octets < 1000) return t("size.octets", { n: octets });
  let value = octets;
  let at = -1;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value.toLocaleString(region(), { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[at]}`;
}

/** A length of time in seconds, for hops and waits. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return t("duration.none");
  if (seconds < 120) return t("duration.seconds", { n: Math.round(seconds) });
  if (seconds < 7200) return t("duration.minutes", { n: Math.round(seconds / 60) });
  if (seconds < 172_800) return t("duration.hours", { n: Math.round(seconds / 3600) });
  return t("duration.days", { n: Math.round(seconds / 86_400) });
}

/** @typedef {{ name?: string | null, email: string }} EmailAddress */

/** Who that is, in as few words as do. @param {EmailAddress | undefined | null} address */
export function displayName(address) {
  if (!address) return "";
  return address.name?.trim() || address.email;
}

/** The first name or the part before the `@`: for rows with several people. @param {EmailAddress} address */
export function firstName(address) {
  const name = address.name?.trim();
  if (!name) return address.email.split("@")[0] ?? address.email;
  const last = /^([^,]+),\s*(\S+)/.exec(name);
  return last?.[2] ?? name.split(/\s+/)[0] ?? name;
}

/** `Name <address>`, quoted where it must be (RFC 5322 §3.4). @param {EmailAddress} address */
export function fullAddress(address) {
  const name = address.name?.trim();
  if (!name) return address.email;
  const plain = /^[\p{L}\p{N} !#$%&'*+/=?^_`{|}~-]+$/u.test(name);
  return `${plain ? name : `"${name.replace(/["\\]/g, "\\$&")}"`} <${address.email}>`;
}
