// Keys that are pressed while what they are meant for is still on its way: they wait for it and are no commands.

/** How long keys wait: on a line that is slower than this, the person sees that nothing opens and stops to type. */
const HOLD_MAX_MS = 8000;

/** Fields into which one types. */
const TYPED = new Set(["text", "search", "email"]);

/** @type {KeyboardEvent[] | null} null: none are held */
let held = null;

/** Keys that are the browser's, or lead away. */
const NOT_TEXT = /^(F\d+|Tab|Escape)$/;

/** @param {KeyboardEvent} event */
function keep(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || NOT_TEXT.test(event.key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  held?.push(event);
}

/**
 * Holds keys until what was asked for is there and has the focus; then they are given to it.
 * @param {unknown} coming what it is done with
 */
export async function hold(coming) {
  if (held) return;
  const before = document.activeElement;
  /** @type {KeyboardEvent[]} */ let kept = [];
  held = [];
  addEventListener("keydown", keep, true);
  // A frame later it has the focus.
  const there = Promise.resolve(coming).then(() => new Promise(requestAnimationFrame));
  try {
    await Promise.race([there, new Promise((late) => { setTimeout(late, HOLD_MAX_MS); })]);
  } finally {
    removeEventListener("keydown", keep, true);
    kept = held;
    held = null;
  }
  const field = document.activeElement;
  // Not there, or a frame into which nobody can type but the person: then they are lost, which harms nothing.
  if (field !== before && field instanceof HTMLInputElement && TYPED.has(field.type)) for (const event of kept) give(field, event);
}

/** One key as the person would have pressed it here. @param {HTMLInputElement} field @param {KeyboardEvent} event */
function give(field, event) {
  const { key, code, shiftKey } = event;
  const again = new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true });
  if (!field.dispatchEvent(again)) return;
  if (key === "Backspace") field.value = field.value.slice(0, -1);
  else if (key.length === 1) field.value += key;
  else return;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
