// One field of recipients: chips, what is typed after them, and who may be meant.
//
// Owns keys, paste, drag and the list of suggestions. The addresses are the composer's; it is told of each change.
import { html, nothing } from "lit-html";
import { live } from "lit-html/live";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { menu } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { addressKey, formatAddress, isAddress, parseAddresses, uniqueAddresses } from "./addresses.js";
import { suggest } from "./suggest.js";

/** @typedef {import("./addresses.js").Address} Address */
/** @typedef {"to" | "cc" | "bcc"} FieldName */
/**
 * @typedef {object} Holder what the field belongs to
 * @property {string} key makes ids of this composer its own
 * @property {(name: FieldName) => Address[]} addresses
 * @property {(name: FieldName, addresses: Address[]) => void} change
 * @property {(from: FieldName, to: FieldName, address: Address) => void} move
 */

/** What a chip is dragged as. */
const DRAG_TYPE = "application/x-pillarbox-recipient";
/** Letters come faster than this; each does not ask by itself. */
const QUIET_MS = 70;

export class Recipients {
  /** @param {FieldName} name @param {Holder} holder */
  constructor(name, holder) {
    this.name = name;
    this.holder = holder;
    this.id = `${name}-${holder.key}`;
    this.typed = signal("");
    /** @type {import("signals").Signal<import("./suggest.js").Suggestion[]>} */
    this.suggestions = signal([]);
    this.at = signal(-1);
    this.over = signal(false);
    this.timer = 0;
    this.asked = 0;
  }

  get addresses() {
    return this.holder.addresses(this.name);
  }

  /** @param {Address[]} addresses */
  set addresses(addresses) {
    this.holder.change(this.name, uniqueAddresses(addresses));
  }

  /** @param {Address[]} added */
  add(added) {
    if (added.length === 0) return;
    this.addresses = [...this.addresses, ...added];
    announce(t("compose.recipients-added", { n: added.length }));
  }

  /** @param {Address} gone */
  remove(gone) {
    this.addresses = this.addresses.filter((one) => addressKey(one.email) !== addressKey(gone.email));
    announce(t("compose.recipient-removed", { who: gone.name || gone.email }));
  }

  /** What is typed becomes chips. @returns {boolean} whether there was anything */
  take() {
    const added = parseAddresses(this.typed.peek());
    this.close();
    this.typed.value = "";
    this.add(added);
    return added.length > 0;
  }

  close() {
    this.suggestions.value = [];
    this.at.value = -1;
    clearTimeout(this.timer);
    this.asked += 1;
  }

  /** @param {number} index */
  choose(index) {
    const one = this.suggestions.peek()[index];
    if (!one) return;
    this.close();
    this.typed.value = "";
    this.add(one.members ?? [{ name: one.name || null, email: one.email }]);
  }

  /** @param {InputEvent} event */
  typing(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    this.typed.value = input.value;
    if (/[,;\n]\s*$/u.test(input.value) && parseAddresses(input.value).length > 0 && !/^[^"]*"[^"]*$/u.test(input.value)) {
      this.take();
      return;
    }
    clearTimeout(this.timer);
    const mine = ++this.asked;
    this.timer = window.setTimeout(async () => {
      const found = await suggest(input.value);
      if (mine !== this.asked) return;
      const chosen = new Set(this.addresses.map((one) => addressKey(one.email)));
      this.suggestions.value = found.filter((one) => one.members || !chosen.has(addressKey(one.email)));
      this.at.value = this.suggestions.value.length ? 0 : -1;
    }, QUIET_MS);
  }

  /** @param {KeyboardEvent} event */
  keydown(event) {
    if (event.isComposing) return;
    const input = /** @type {HTMLInputElement} */ (event.target);
    const listed = this.suggestions.peek().length;
    if (listed && this.listKey(event, listed)) return;
    if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || (event.key === "Tab" && !event.shiftKey)) {
      const taken = this.take();
      if (taken || event.key === "Enter") event.preventDefault();
    } else if (["Backspace", "ArrowLeft", "Home"].includes(event.key) && input.selectionStart === 0 && input.selectionEnd === 0) {
      const chips = [...(input.closest(".recipients")?.querySelectorAll(".chip") ?? [])];
      const target = event.key === "Home" ? chips[0] : chips.at(-1);
      if (target instanceof HTMLElement && (event.key !== "Home" || input.value === "")) {
        event.preventDefault();
        target.focus();
      }
    }
  }

  /** Keys of the open list. @param {KeyboardEvent} event @param {number} listed @returns {boolean} */
  listKey(event, listed) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) this.at.value = (this.at.peek() + step + listed) % listed;
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || (event.key === "Tab" && !event.shiftKey)) {
      if (isAddress(this.typed.peek().trim()) && event.key === "Enter" && this.at.peek() <= 0 && !this.exact()) return false;
      this.choose(this.at.peek());
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Is the first suggestion the very address that is typed? */
  exact() {
    const first = this.suggestions.peek()[0];
    return first !== undefined && addressKey(first.email) === addressKey(this.typed.peek());
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[,;\n]|@.*\s.*@/u.test(text.trim())) return;
    event.preventDefault();
    this.add(parseAddresses(text));
  }

  /** Keys on a chip. @param {KeyboardEvent} event @param {Address} address */
  chipKey(event, address) {
    const chip = /** @type {HTMLElement} */ (event.currentTarget);
    const field = /** @type {HTMLElement} */ (chip.closest(".recipients"));
    const chips = /** @type {HTMLElement[]} */ ([...field.querySelectorAll(".chip")]);
    const at = chips.indexOf(chip);
    const input = field.querySelector("input");
    if (event.key === "ArrowLeft") (chips[at - 1] ?? chip).focus();
    else if (event.key === "ArrowRight") (chips[at + 1] ?? input)?.focus();
    else if (event.key === "Home") chips[0]?.focus();
    else if (event.key === "End") input?.focus();
    else if (event.key === "Backspace" || event.key === "Delete") {
      (chips[event.key === "Delete" ? at + 1 : at - 1] ?? input)?.focus();
      this.remove(address);
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ") {
      input?.focus();
      return;
    } else return;
    event.preventDefault();
  }

  /** What may be done with a chip. @param {HTMLElement} chip @param {Address} address */
  chipMenu(chip, address) {
    const others = /** @type {FieldName[]} */ (["to", "cc", "bcc"]).filter((name) => name !== this.name);
    menu(chip, [
      { label: formatAddress(address) },
      { label: t("compose.chip.edit"), icon: "edit", run: () => this.edit(chip, address) },
      { label: t("compose.chip.copy"), run: () => void navigator.clipboard?.writeText(formatAddress(address)) },
      ...others.map((name) => ({ label: t(`compose.chip.move-${name}`), run: () => this.holder.move(this.name, name, address) })),
      null,
      { label: t("compose.chip.remove"), icon: "close", run: () => this.remove(address) },
    ], { label: t("compose.chip.menu", { who: address.name || address.email }) });
  }

  /** The chip becomes text again. @param {HTMLElement} chip @param {Address} address */
  edit(chip, address) {
    const input = chip.closest(".recipients")?.querySelector("input");
    this.take();
    this.remove(address);
    this.typed.value = formatAddress(address);
    requestAnimationFrame(() => {
      input?.focus();
      input?.select();
    });
  }

  /** @param {DragEvent} event @param {Address} address */
  dragged(event, address) {
    event.dataTransfer?.setData(DRAG_TYPE, JSON.stringify({ from: this.name, key: this.holder.key, address }));
    event.dataTransfer?.setData("text/plain", formatAddress(address));
  }

  /** @param {DragEvent} event */
  dragOver(event) {
    const types = event.dataTransfer?.types ?? [];
    if (!types.includes(DRAG_TYPE) && (!types.includes("text/plain") || types.includes("Files"))) return;
    event.preventDefault();
    this.over.value = true;
  }

  /** @param {DragEvent} event */
  dropped(event) {
    this.over.value = false;
    if (event.dataTransfer?.types.includes("Files")) return;
    const given = event.dataTransfer?.getData(DRAG_TYPE);
    if (!given) {
      const added = parseAddresses(event.dataTransfer?.getData("text/plain") ?? "");
      if (added.some((one) => isAddress(one.email))) {
        event.preventDefault();
        this.add(added);
      }
      return;
    }
    event.preventDefault();
    const { from, key, address } = JSON.parse(given);
    if (key === this.holder.key) this.holder.move(from, this.name, address);
    else this.add([{ name: address.name ?? null, email: String(address.email) }]);
  }

  /** @param {unknown} after what stands at the end of the line */
  template(after = nothing) {
    const open = this.suggestions.value.length > 0;
    const label = t(`compose.${this.name}`);
    return html`<div class="recipients ${this.over.value ? "over" : ""}" data-field=${this.name}
        @dragover=${(/** @type {DragEvent} */ event) => this.dragOver(event)} @dragleave=${() => { this.over.value = false; }}
        @drop=${(/** @type {DragEvent} */ event) => this.dropped(event)}
        @click=${(/** @type {Event} */ event) => { if (event.target === event.currentTarget) /** @type {HTMLElement} */ (event.currentTarget).querySelector("input")?.focus(); }}>
      <label for=${this.id}>${label}</label>
      <div class="chips" role="group" aria-label=${label}>
        ${repeat(this.addresses, (one) => addressKey(one.email), (one) => this.chip(one))}
        <input id=${this.id} type="text" inputmode="email" role="combobox" aria-autocomplete="list" aria-expanded=${open} aria-controls="${this.id}-list"
          aria-activedescendant=${open && this.at.value >= 0 ? `${this.id}-${this.at.value}` : nothing}
          autocomplete="off" autocapitalize="off" spellcheck="false" .value=${live(this.typed.value)}
          @input=${(/** @type {InputEvent} */ event) => this.typing(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.keydown(event)}
          @paste=${(/** @type {ClipboardEvent} */ event) => this.paste(event)} @blur=${() => this.take()}>
      </div>${after}
      <div class="suggestions" role="listbox" id="${this.id}-list" aria-label=${t("compose.suggestions")} ?hidden=${!open}>
        ${this.suggestions.value.map((one, index) => this.suggestion(one, index))}</div>
    </div>`;
  }

  /** @param {Address} one */
  chip(one) {
    const wrong = !isAddress(one.email);
    const name = one.name || one.email;
    const told = `${one.name ? `${one.name}, ` : ""}${one.email}${wrong ? `, ${t("compose.chip.invalid")}` : ""}`;
    return html`<button type="button" class="chip ${wrong ? "wrong" : ""}" tabindex="-1" draggable="true" title=${formatAddress(one)}
        aria-label=${told} aria-haspopup="menu" aria-description=${t("compose.chip.keys")}
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.chipKey(event, one)}
        @dragstart=${(/** @type {DragEvent} */ event) => this.dragged(event, one)}
        @click=${(/** @type {Event} */ event) => this.chipMenu(/** @type {HTMLElement} */ (event.currentTarget), one)}>
      ${wrong ? icon("warning") : nothing}<span>${name}</span></button>`;
  }

  /** @param {import("./suggest.js").Suggestion} one @param {number} index */
  suggestion(one, index) {
    return html`<div role="option" id="${this.id}-${index}" aria-selected=${this.at.value === index}
        @mousedown=${(/** @type {Event} */ event) => { event.preventDefault(); this.choose(index); }}>
      ${icon(one.members ? "people" : "person")}<span class="suggestion-name">${one.name || one.email}</span>
      <span class="suggestion-address">${one.members ? t("compose.group-of", { n: one.members.length }) : one.name ? one.email : ""}</span></div>`;
  }
}
