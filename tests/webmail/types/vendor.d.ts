// What the libraries in webmail/vendor offer, as far as we use it: they are minified there, and tsc reads no types from them.
declare module "lit-html" {
  export interface TemplateResult { readonly _$litType$: number; readonly strings: TemplateStringsArray; readonly values: unknown[]; }
  export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
  export function svg(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
  export function render(value: unknown, container: Element | DocumentFragment, options?: { renderBefore?: Node | null }): unknown;
  export const nothing: unique symbol;
  export const noChange: unique symbol;
}
declare module "lit-html/repeat" {
  import type { TemplateResult } from "lit-html";
  export function repeat<T>(items: Iterable<T>, key: (item: T, index: number) => unknown, template: (item: T, index: number) => unknown): TemplateResult;
}
declare module "lit-html/live" {
  import type { TemplateResult } from "lit-html";
  export function live(value: unknown): TemplateResult;
}
declare module "signals" {
  export interface ReadonlySignal<T> { readonly value: T; peek(): T; subscribe(listener: (value: T) => void): () => void; }
  export interface Signal<T> extends ReadonlySignal<T> { value: T; }
  export function signal<T>(value: T): Signal<T>;
  export function computed<T>(compute: () => T): ReadonlySignal<T>;
  export function effect(run: () => void | (() => void)): () => void;
  export function batch<T>(run: () => T): T;
  export function untracked<T>(run: () => T): T;
}
