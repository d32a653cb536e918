// The JMAP client: what travels together, references, errors, stale tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { Call, expand, Jmap, MethodError, ownPath, RequestError, requestsOf, Unreachable } = await app("core/jmap.js");

/** A client whose server is a function from calls to responses. */
function client(answer, more = {}) {
  const sent = [];
  const jmap = new Jmap({
    fetch: async (url, init) => {
      const body = JSON.parse(init.body);
      sent.push({ url, body, headers: init.headers });
      const given = await answer(body, sent.length);
      if (given instanceof Response) return given;
      return Response.json({ methodResponses: given, sessionState: "s1" });
    },
    headers: () => ({ "X-Pillarbox-CSRF": "token" }), refused: async () => false, ...more,
  });
  jmap.accountId = "A1";
  return { jmap, sent };
}

test("calls of one turn travel together, in order, with the account filled in", async () => {
  const { jmap, sent } = client((body) => body.methodCalls.map(([name, , id]) => [name, { list: [id] }, id]));
  const query = jmap.ask("Email/query", { limit: 3 });
  const get = jmap.ask("Email/get", { "#ids": query.ref("/ids") });
  const [first, second] = await Promise.all([query.answer, get.answer]);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].body.methodCalls[1][1], { accountId: "A1", "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" } });
  assert.deepEqual([first.list, second.list], [["c0"], ["c1"]]);
  assert.equal(sent[0].headers["X-Pillarbox-CSRF"], "token");
  await jmap.call("Core/echo", { a: 1 });
  assert.deepEqual(sent[1].body.methodCalls[0][1], { a: 1 });
});

test("an error of one call is that call's alone", async () => {
  const { jmap } = client((body) => [["error", { type: "unknownMethod" }, body.methodCalls[0][2]], ["B/get", { list: [] }, body.methodCalls[1][2]]]);
  const bad = jmap.call("A/get");
  const good = jmap.call("B/get");
  await assert.rejects(bad, (error) => error instanceof MethodError && error.type === "unknownMethod");
  assert.deepEqual(await good, { list: [] });
});

test("implicit responses are kept beside the call's own", async () => {
  const { jmap } = client((body) => [["EmailSubmission/set", { created: {} }, body.methodCalls[0][2]], ["Email/set", { updated: {} }, body.methodCalls[0][2]]]);
  const call = jmap.ask("EmailSubmission/set");
  assert.deepEqual(await call.answer, { created: {} });
  assert.deepEqual(call.responses.map(([name]) => name), ["EmailSubmission/set", "Email/set"]);
});

test("a call that the answer lacks fails", async () => {
  const { jmap } = client(() => []);
  await assert.rejects(jmap.call("A/get"), (error) => error instanceof MethodError && error.type === "serverFail");
});

test("a server that is away, and one that refuses", async () => {
  const away = client(() => { throw new TypeError("no network"); });
  await assert.rejects(away.jmap.call("A/get"), Unreachable);
  const refusing = client(() => Response.json({ type: "urn:ietf:params:jmap:error:limit", detail: "too much" }, { status: 400 }));
  await assert.rejects(refusing.jmap.call("A/get"), (error) => error instanceof RequestError && error.status === 400 && error.message === "too much");
});

test("a stale token is renewed once, no more", async () => {
  let renewed = 0;
  const refused = async () => Boolean(++renewed);
  const once = client((body, turn) => (turn === 1 ? new Response("", { status: 403 }) : [["A/get", {}, body.methodCalls[0][2]]]), { refused });
  await once.jmap.call("A/get");
  assert.equal(renewed, 1);
  const ever = client(() => new Response("", { status: 401 }), { refused });
  await assert.rejects(ever.jmap.call("A/get"), RequestError);
  assert.equal(ever.sent.length, 2);
});

test("requests are cut where no reference crosses, and never longer than allowed", () => {
  const call = (id, ...on) => new Call("M/get", Object.fromEntries(on.map((one, at) => [`#a${at}`, { resultOf: one }])), id);
  const ids = (requests) => requests.map((request) => request.map((one) => one.id).join(""));
  assert.deepEqual(ids(requestsOf([call("a"), call("b"), call("c"), call("d", "c")], 3)), ["ab", "cd"]);
  assert.deepEqual(ids(requestsOf([call("a"), call("b"), call("c")], 3)), ["abc"]);
  assert.deepEqual(ids(requestsOf([call("a"), call("b"), call("c"), call("d")], 3)), ["abc", "d"]);
  assert.deepEqual(ids(requestsOf([call("a"), call("b", "a"), call("c", "b"), call("d", "c")], 3)), ["abc", "d"]);
});

test("addresses of the session are of this server, and templates are filled safely", () => {
  assert.equal(ownPath("https://elsewhere.test/jmap/{accountId}/"), "/jmap/{accountId}/");
  assert.equal(ownPath(undefined), "");
  assert.equal(expand("/d/{blobId}/{name}?type={type}", { blobId: "b", name: "a/../b ä?.png", type: "image/png" }), "/d/b/a%2F..%2Fb%20%C3%A4%3F.png?type=image%2Fpng");
});
