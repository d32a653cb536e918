// When drafts are saved, at times made by hand; and mailto links.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Autosave, LONGEST_MS, REST_MS, RETRY_FIRST_MS, RETRY_MAX_MS } from "../../../webmail/app/compose/autosave.js";
import { MAILTO_MAX_CHARS, parseMailto } from "../../../webmail/app/compose/mailto.js";

/** A clock that is turned by hand, and a save that is answered by hand. */
class World {
  now = 0;
  timers = new Map();
  saves = [];
  states = [];
  constructor() {
    this.autosave = new Autosave({
      save: () => new Promise((resolve, reject) => this.saves.push({ at: this.now, resolve, reject })),
      later: (run, ms) => {
        const handle = Symbol();
        this.timers.set(handle, { at: this.now + ms, run });
        return handle;
      },
      cancel: (handle) => this.timers.delete(handle),
      now: () => this.now,
      tell: (state) => this.states.push(state),
    });
  }
  async pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const [handle, next] = [...this.timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (!next || next.at > end) break;
      this.timers.delete(handle);
      this.now = next.at;
      next.run();
      await settled();
    }
    this.now = end;
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("typing that rests is saved, and nothing else", async () => {
  const world = new World();
  await world.pass(60_000);
  assert.equal(world.saves.length, 0);
  world.autosave.touch();
  await world.pass(REST_MS - 1);
  assert.equal(world.saves.length, 0);
  await world.pass(1);
  assert.equal(world.saves.length, 1);
  world.saves[0].resolve();
  await settled();
  assert.deepEqual(world.states, ["dirty", "saving", "saved"]);
  assert.ok(!world.autosave.dirty);
});

test("typing that does not rest is saved within three seconds", async () => {
  const world = new World();
  for (let n = 0; n < 40 && world.saves.length === 0; n += 1) {
    world.autosave.touch();
    await world.pass(100);
  }
  assert.equal(world.saves[0].at, LONGEST_MS);
  assert.ok(LONGEST_MS < 3000);
});

test("one save at a time; what came meanwhile is saved after it", async () => {
  const world = new World();
  world.autosave.touch();
  await world.pass(REST_MS);
  world.autosave.touch();
  await world.pass(10_000);
  assert.equal(world.saves.length, 1);
  world.saves[0].resolve();
  await settled();
  assert.equal(world.states.at(-1), "dirty");
  await world.pass(REST_MS);
  assert.equal(world.saves.length, 2);
});

test("a failure is tried again, later and later, up to a limit", async () => {
  const world = new World();
  world.autosave.touch();
  await world.pass(REST_MS);
  let wait = RETRY_FIRST_MS;
  for (let n = 0; n < 8; n += 1) {
    world.saves[n].reject(new Error("away"));
    await settled();
    assert.equal(world.states.at(-1), "failed");
    await world.pass(wait - 1);
    assert.equal(world.saves.length, n + 1);
    await world.pass(1);
    assert.equal(world.saves.length, n + 2);
    wait = Math.min(wait * 2, RETRY_MAX_MS);
  }
  assert.equal(wait, RETRY_MAX_MS);
});

test("flush saves at once, stop saves no more", async () => {
  const world = new World();
  assert.equal(await world.autosave.flush(), true);
  world.autosave.touch();
  const flushed = world.autosave.flush();
  await settled();
  world.saves[0].resolve();
  assert.equal(await flushed, true);
  await world.autosave.stop();
  world.autosave.touch();
  await world.pass(10_000);
  assert.equal(world.saves.length, 1);
});

test("mailto links", () => {
  const link = parseMailto("mailto:bob@x.org,carol%40x.org?to=dave@x.org&cc=e@x.org&subject=Hi%20there%0D%0ABcc:%20evil@x.org&body=a%0D%0Ab+c&bcc=evil@x.org&attach=/etc/passwd&In-Reply-To=%3C1@x%3E");
  assert.deepEqual(link, {
    to: [{ name: null, email: "bob@x.org" }, { name: null, email: "carol@x.org" }, { name: null, email: "dave@x.org" }],
    cc: [{ name: null, email: "e@x.org" }], subject: "Hi there Bcc: evil@x.org", text: "a\nb+c", inReplyTo: ["1@x"],
  });
  assert.equal(parseMailto("https://x.org"), null);
  assert.equal(parseMailto("mailto:%ZZ@x.org")?.to[0].email, "%ZZ@x.org");
  const long = (n) => `mailto:${"a".repeat(n - "mailto:".length)}`;
  assert.notEqual(parseMailto(long(MAILTO_MAX_CHARS)), null);
  assert.equal(parseMailto(long(MAILTO_MAX_CHARS + 1)), null);
});
