// Lists: queryChanges applied to what is known, rows taken out, pages that arrive late.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { applyChanges, gapless, ListData, PAGE } = await app("mail/list-data.js");
const { jmap } = await app("core/session.js");
const { emails } = await app("core/data.js");

/** Numbers that look random and are the same each time. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test("a list with holes is known to the first hole", () => {
  const ids = ["a", "b"];
  ids.length = 4;
  assert.deepEqual(gapless(ids), ["a", "b"]);
  assert.deepEqual(gapless(["a"]), ["a"]);
});

test("changes lead from any list to any other (RFC 8620 §5.6)", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const roll = dice(seed);
    const before = Array.from({ length: roll(20) }, (_, at) => `o${at}`);
    const kept = before.filter(() => roll(3) > 0);
    const after = [...kept];
    for (let n = roll(6); n > 0; n -= 1) after.splice(roll(after.length + 1), 0, `n${seed}-${n}`);
    // As a server may: what it cannot tell apart is named in both lists.
    const doubtful = kept.filter(() => roll(5) === 0);
    const removed = [...before.filter((id) => !after.includes(id)), ...doubtful, "never-there"];
    const added = after.map((id, index) => ({ id, index })).filter(({ id }) => !before.includes(id) || doubtful.includes(id));
    assert.deepEqual(applyChanges(before, removed, added), after, `seed ${seed}`);
  }
});

test("what is added beyond the known part is left out", () => {
  assert.deepEqual(applyChanges(["a", "b"], [], [{ id: "z", index: 9 }]), ["a", "b"]);
});

/** A server with one list, whose ids are numbers; `state` counts its changes. */
function server(count) {
  const world = { ids: Array.from({ length: count }, (_, at) => `E${at}`), state: 1, history: new Map(), asked: [] };
  world.change = (edit) => {
    world.history.set(String(world.state), [...world.ids]);
    edit(world.ids);
    world.state += 1;
  };
  const methods = {
    "Email/query": ({ position, limit }) => ({ queryState: String(world.state), position, ids: world.ids.slice(position, position + limit), total: world.ids.length }),
    "Email/queryChanges": ({ sinceQueryState, upToId }) => {
      const old = world.history.get(sinceQueryState) ?? world.ids;
      const end = upToId && world.ids.includes(upToId) ? world.ids.indexOf(upToId) : Infinity;
      return {
        newQueryState: String(world.state), total: world.ids.length, removed: old.filter((id) => !world.ids.includes(id)),
        added: world.ids.map((id, index) => ({ id, index })).filter(({ id, index }) => !old.includes(id) && index <= end),
      };
    },
    "Email/get": ({ ids }) => ({ state: "1", list: ids.map((id) => ({ id, threadId: `T${id}` })) }),
    "Thread/get": ({ ids }) => ({ state: "1", list: ids.map((id) => ({ id, emailIds: [id.slice(1)] })) }),
  };
  const pointer = (value, [step, ...rest]) => (step === undefined ? value : step === "*" ? value.flatMap((one) => pointer(one, rest)) : pointer(value[step], rest));
  jmap.post = async (_, body) => {
    world.asked.push(body.methodCalls.map(([name]) => name));
    const responses = [];
    for (const [name, args, id] of body.methodCalls) {
      const plain = Object.fromEntries(Object.entries(args).map(([key, value]) => (key.startsWith("#")
        ? [key.slice(1), pointer(responses.find((one) => one[2] === value.resultOf)[1], value.path.split("/").slice(1))] : [key, value])));
      responses.push([name, methods[name](plain), id]);
    }
    await world.pause?.();
    return { methodResponses: responses };
  };
  return world;
}

const same = (list, world, from, to) => assert.deepEqual(list.ids.slice(from, to), world.ids.slice(from, to));

test("pages come when they are needed, each in one request", async () => {
  const world = server(500);
  const list = new ListData({}, true);
  list.need(0, 30);
  while (list.coming.size) await new Promise((resolve) => setImmediate(resolve));
  await list.load(4);
  assert.equal(list.total.value, 500);
  assert.deepEqual(world.asked[0], ["Email/query", "Email/get", "Thread/get", "Email/get"]);
  assert.equal(world.asked.length, 2);
  same(list, world, 0, PAGE);
  same(list, world, 4 * PAGE, 5 * PAGE);
  assert.equal(list.ids[PAGE], undefined);
  assert.ok(emails.has("E0"));
});

test("a list follows its server, known part exactly, the rest once it is needed", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const roll = dice(seed);
    const world = server(180);
    const list = new ListData({}, true);
    await list.load(0);
    if (roll(2)) await list.load(3);
    for (let turn = 0; turn < 6; turn += 1) {
      world.change((ids) => {
        for (let n = roll(4); n >= 0; n -= 1) {
          if (roll(2)) ids.splice(roll(ids.length), 1);
          else ids.splice(roll(ids.length), 0, `N${seed}-${turn}-${n}`);
        }
      });
      await list.follow();
      assert.equal(list.total.value, world.ids.length);
      same(list, world, 0, Math.min(40, gapless(list.ids).length));
    }
    list.need(0, world.ids.length);
    while (list.coming.size) await new Promise((resolve) => setImmediate(resolve));
    same(list, world, 0, world.ids.length);
  }
});

test("a row taken out here does not come back with an older answer", async () => {
  const world = server(120);
  const list = new ListData({}, true);
  await list.load(0);
  let go = () => {};
  world.pause = () => new Promise((resolve) => { go = resolve; });
  const late = list.load(1);
  await new Promise((resolve) => setImmediate(resolve));
  world.change((ids) => ids.splice(3, 1));
  list.remove(new Set(["E3"]));
  world.pause = undefined;
  go();
  await late;
  await list.follow();
  list.need(0, 100);
  while (list.coming.size) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(list.total.value, 119);
  same(list, world, 0, 100);
});
