// When a draft is saved: within three seconds of a change, one save at a time, again after a failure.
//
// Owns the timing alone; time and saving come from outside.

/** Typing that rests this long is saved. */
export const REST_MS = 1200;
/** Typing that does not rest is saved as often; the rest of the three seconds is the request's. */
export const LONGEST_MS = 2200;
/** After a failure, doubled up to the last. */
export const RETRY_FIRST_MS = 3000;
export const RETRY_MAX_MS = 60_000;

/** @typedef {"clean" | "dirty" | "saving" | "saved" | "failed"} SaveState */

/**
 * @typedef {object} Ways
 * @property {() => Promise<void>} save rejects when it came to nothing
 * @property {(run: () => void, ms: number) => unknown} later
 * @property {(handle: any) => void} cancel
 * @property {() => number} now milliseconds
 * @property {(state: SaveState, error?: unknown) => void} tell
 */

export class Autosave {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    /** When the first change came that is not saved; null: none. @type {number | null} */
    this.since = null;
    /** @type {unknown} */ this.timer = null;
    /** @type {Promise<boolean> | null} */ this.running = null;
    this.wait = RETRY_FIRST_MS;
    this.stopped = false;
  }

  /** Something changed. */
  touch() {
    if (this.stopped) return;
    const now = this.ways.now();
    const first = this.since === null;
    this.since ??= now;
    if (first && !this.running) this.ways.tell("dirty");
    if (!this.running) this.plan(Math.max(0, Math.min(REST_MS, this.since + LONGEST_MS - now)));
  }

  /** Is there something that is not saved? */
  get dirty() {
    return this.since !== null || this.running !== null;
  }

  /** @param {number} ms */
  plan(ms) {
    this.ways.cancel(this.timer);
    this.timer = this.ways.later(() => {
      this.run();
    }, ms);
  }

  /** @returns {Promise<boolean>} whether it was saved */
  run() {
    this.ways.cancel(this.timer);
    this.timer = null;
    if (this.running) return this.running;
    this.since = null;
    this.ways.tell("saving");
    this.running = this.once();
    return this.running;
  }

  async once() {
    try {
      await this.ways.save();
      this.running = null;
      this.wait = RETRY_FIRST_MS;
      this.ways.tell(this.since === null ? "saved" : "dirty");
      if (this.since !== null && !this.stopped) this.plan(REST_MS);
      return true;
    } catch (error) {
      this.running = null;
      this.since ??= this.ways.now();
      this.ways.tell("failed", error);
      if (!this.stopped) this.plan(this.wait);
      this.wait = Math.min(this.wait * 2, RETRY_MAX_MS);
      return false;
    }
  }

  /** Saves at once what is not saved, after what is on its way. @returns {Promise<boolean>} whether all is saved */
  async flush() {
    if (this.running) await this.running;
    return this.since === null ? true : this.run();
  }

  /** Saves no more; waits for what is on its way. */
  async stop() {
    this.stopped = true;
    this.ways.cancel(this.timer);
    if (this.running) await this.running;
  }

  /** Begins again after a stop. */
  resume() {
    this.stopped = false;
  }
}
