// Drawing: a template that reads signals, kept up to date in an element.
//
// Owns the tie between signals and lit-html. A view is drawn once for all changes of one turn of the event loop.
import { render } from "lit-html";
import { effect, untracked } from "signals";

/**
 * Draws `template` into `host` now, and again whenever a signal that it read changes: once for all changes of a turn.
 * @param {HTMLElement} host
 * @param {() => unknown} template
 * @param {() => void} [drawn] called after each drawing, with the new DOM in place
 * @returns {() => void} ends the view and empties the host
 */
export function mount(host, template, drawn) {
  let ended = false;
  let waiting = false;
  let forget = () => {};
  const draw = () => {
    waiting = false;
    if (ended) return;
    forget();
    let first = true;
    // Drawn inside the effect: directives such as `repeat` call their callbacks while they draw, and what those read counts.
    forget = effect(() => {
      if (first) render(template(), host);
      else if (!waiting) {
        waiting = true;
        queueMicrotask(draw);
      }
      first = false;
    });
    drawn?.();
  };
  untracked(draw);
  return () => {
    ended = true;
    forget();
    render(null, host);
    // lit-html remembers its place in the host; emptied by others, that place is gone and the next view would fail.
    host.replaceChildren();
    delete (/** @type {any} */ (host)["_$litPart$"]);
  };
}

/**
 * An element without lit-html: for the few stable ones that hold views.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * The element with this id, which the page's own HTML has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found;
}
