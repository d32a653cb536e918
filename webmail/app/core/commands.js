// Commands and their keys: each thing a person can do has one name, from the key to the palette and the help.
//
// Owns the registry, key sequences such as `g i`, remapping and the off-switch (WCAG 2.1.4). Knows no command.
import { signal } from "signals";
import { isTyping } from "./focus.js";
import { t } from "./i18n.js";
import { hold } from "./typed-ahead.js";

/**
 * @typedef {object} Command
 * @property {string} id its name in settings and in the catalogue: `command.<id>` is its label
 * @property {string[]} [keys] "j", "Shift+I", "g i", "Mod+k": Mod is Ctrl, and Cmd on a Mac
 * @property {string} [group] heading in the help: a catalogue key below `help.`
 * @property {string} [icon]
 * @property {() => boolean} [when] may it be done now? Without it, always
 * @property {boolean} [typing] works while the person writes, too; only keys with a modifier should
 * @property {boolean} [hidden] not in the palette
 * @property {boolean} [opens] opens something to type into: keys wait until what `run` answers is done
 * @property {(event?: KeyboardEvent) => unknown} run
 */

/** How long a sequence waits for its next key. */
const SEQUENCE_MS = 1500;

/** @type {Map<string, Command[]>} several of one name: the last whose `when` allows it runs */
const commands = new Map();
/** A signal, so that lists of commands are drawn again. */
export const registered = signal(0);
/** The person's own keys, and whether single keys work. Filled from the settings.
 * @type {import("signals").Signal<{ single: boolean, keys: Record<string, string[]> }>} */
export const keyChoices = signal({ single: true, keys: {} });

/**
 * Registers commands.
 * @param {Command[]} added
 * @returns {() => void} takes them away: pages do that when they are left
 */
export function register(added) {
  for (const one of added) commands.set(one.id, [...(commands.get(one.id) ?? []), one]);
  registered.value += 1;
  return () => {
    for (const one of added) {
      const left = (commands.get(one.id) ?? []).filter((each) => each !== one);
      if (left.length) commands.set(one.id, left);
      else commands.delete(one.id);
    }
    registered.value += 1;
  };
}

/** The command of this name that may run now. @param {string} id */
export function command(id) {
  return (commands.get(id) ?? []).findLast((one) => one.when?.() ?? true);
}

/** Every command, once each. @returns {Command[]} */
export function allCommands() {
  void registered.value;
  return [...commands.values()].map((same) => /** @type {Command} */ (same.findLast((one) => one.when?.() ?? true) ?? same[0]));
}

/** Runs a command by name. @param {string} id @param {KeyboardEvent} [event] @returns {boolean} whether it ran */
export function run(id, event) {
  const found = command(id);
  found?.run(event);
  return Boolean(found);
}

/** A command's name in words. @param {string} id */
export const commandLabel = (id) => t(`command.${id}`);

/** The keys of a command, the person's own first. @param {Command | undefined} one @returns {string[]} */
export function keysOf(one) {
  if (!one) return [];
  const keys = keyChoices.value.keys[one.id] ?? one.keys ?? [];
  return keyChoices.value.single ? keys : keys.filter((key) => /Mod|Ctrl|Alt|Meta/.test(key));
}

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** A key as it is shown. @param {string} key */
export function keyWords(key) {
  return key.replace(/Mod/g, isMac ? "⌘" : "Ctrl").replace(/Enter/g, "↵").replace(/Arrow(Up|Down|Left|Right)/g, (_, way) => ({ Up: "↑", Down: "↓", Left: "←", Right: "→" })[/** @type {"Up"} */ (way)]);
}

/** The first key of a command by name, for hints; "" when it has none. @param {string} id */
export function keyHint(id) {
  const key = keysOf(command(id) ?? commands.get(id)?.[0])[0];
  return key ? keyWords(key) : "";
}

/**
 * The name of the key that was pressed, as commands write it.
 * @param {{ key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean }} event
 */
export function keyName(event) {
  let { key } = event;
  const held = [];
  if (isMac ? event.metaKey : event.ctrlKey) held.push("Mod");
  else if (event.ctrlKey) held.push("Ctrl");
  if (event.altKey) held.push("Alt");
  const isLetter = /^\p{L}$/u.test(key);
  // Shift is part of the name where the key's own sign does not tell it: `#` is `#`, but `I` is `Shift+I`.
  if (event.shiftKey && (isLetter || key.length > 1)) held.push("Shift");
  if (isLetter) key = event.shiftKey ? key.toUpperCase() : key.toLowerCase();
  if (key === " ") key = "Space";
  return [...held, key].join("+");
}

let begun = "";
let begunAt = 0;

/**
 * Finds the command for a key press, with sequences.
 * @param {string} name @param {number} now @param {boolean} typing
 * @returns {Command | "more" | undefined} "more": a sequence has begun
 */
export function find(name, now, typing) {
  const sequence = begun && now - begunAt < SEQUENCE_MS ? `${begun} ${name}` : name;
  begun = "";
  /** @type {Command | "more" | undefined} */ let found;
  for (const one of allCommands()) {
    if (typing && !one.typing) continue;
    if (!(one.when?.() ?? true)) continue;
    const keys = keysOf(one);
    if (keys.includes(sequence)) return one;
    if (keys.some((key) => key.startsWith(`${sequence} `))) found = "more";
  }
  if (found === "more") {
    begun = sequence;
    begunAt = now;
  } else if (sequence !== name) {
    return find(name, now, typing);
  }
  return found;
}

/** Begins to listen to keys. */
export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    if (document.querySelector("dialog[open],[popover]:popover-open")) return;
    const found = find(keyName(event), event.timeStamp, isTyping(event.target));
    if (!found) return;
    event.preventDefault();
    if (found === "more") return;
    const done = found.run(event);
    if (found.opens) hold(done);
  });
}
