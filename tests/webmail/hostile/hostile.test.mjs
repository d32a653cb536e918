// Hostile mail in a real browser: the whole corpus, delivered to a real server, shown as docs/webmail-safety.md says. No
// script runs, no request leaves that was not allowed, nothing escapes its frame. A control shows that what is watched for
// would be seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser/browser.mjs";
import { ALICE, House, PEOPLE } from "../browser/house.mjs";
import { corpus, deliverAll } from "./corpus.mjs";

/** Frames on the page at a time: each is a process of the browser. */
const AT_A_TIME = 12;
/** Frames of one page, one batch after the other. */
const PER_PAGE = 48;
/** Messages asked for at a time. */
const ASKED = 20;
const SHOWN_MS = 60_000;
const LARGEST = 200_000;

/** @type {House} */ let house;
/** @type {import("playwright-core").Browser} */ let browser;
// The largest are for the sanitiser's own test: what is seen of them here is the same for each.
const letters = corpus().filter(({ octets }) => octets.length < LARGEST);
/** What the server made of them, without and with pictures of others. */
let quiet = [];
/** What the server did not take: a bare CR in a field. */
let refused = [];
let allowed = [];

/** One JMAP call. */
async function call(method, more) {
  const response = await fetch(`http://127.0.0.1:${house.ports.http}/jmap/api`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Basic ${Buffer.from(`${ALICE}:${PEOPLE[ALICE]}`).toString("base64")}` },
    body: JSON.stringify({ using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:pillarbox:jmap:webmail"], methodCalls: [[method, more, "0"]] }),
  });
  assert.equal(response.status, 200, `${method}: ${response.status}`);
  return (await response.json()).methodResponses[0];
}

async function account() {
  const response = await fetch(`http://127.0.0.1:${house.ports.http}/jmap/session`, {
    headers: { authorization: `Basic ${Buffer.from(`${ALICE}:${PEOPLE[ALICE]}`).toString("base64")}` },
  });
  return Object.keys((await response.json()).accounts)[0];
}

/** Every message rendered whose name in the corpus is wanted. */
async function renderAll(accountId, allowRemote, isWanted = (_name) => true) {
  const all = [];
  for (let position = 0; ; position += ASKED) {
    const [, found] = await call("Email/query", { accountId, position, limit: ASKED, sort: [{ property: "receivedAt" }] });
    if (!found.ids.length) return all;
    const [, told] = await call("Email/get", { accountId, ids: found.ids, properties: ["id", "header:X-Corpus:asText"] });
    const names = new Map(told.list.map((one) => [one.id, one["header:X-Corpus:asText"]?.trim()]));
    const wanted = found.ids.filter((id) => isWanted(names.get(id)));
    for (const ids of [wanted.slice(0, ASKED / 2), wanted.slice(ASKED / 2)].filter((some) => some.length)) {
      const [name, answer] = await call("Rendering/get", { accountId, ids, allowRemote });
      assert.equal(name, "Rendering/get", JSON.stringify(answer).slice(0, 300));
      assert.deepEqual(answer.notFound, []);
      for (const one of answer.list) all.push({ ...one, name: names.get(one.id) });
    }
  }
}

before(async () => {
  house = await House.start();
  refused = await deliverAll(house.ports.smtp, letters, ALICE);
  assert.ok(refused.length <= 2, `refused: ${refused.join("\n")}`);
  const accountId = await account();
  quiet = await renderAll(accountId, false);
  const withPictures = new Set(quiet.filter((one) => one.remoteCount > 0 || one.trackers > 0).map((one) => one.name));
  allowed = await renderAll(accountId, true, (name) => withPictures.has(name));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** Whether a request is for a page of its own; the first of such a page belongs to no frame yet. */
function isOfOther(request, page) {
  if (!request.isNavigationRequest()) return false;
  try {
    return request.frame().page() !== page;
  } catch {
    return true;
  }
}

/** A page of the application that tells everything that happens on it. */
async function watched() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
  const happened = [];
  const parts = [];
  const pictures = [];
  const page = await context.newPage();
  await context.route("**/*", async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (url.protocol === "data:") return route.continue();
    if (url.origin !== house.url) {
      if (request.resourceType() === "image") pictures.push(request.url());
      // A link that was clicked opens a page of its own: that is what links do.
      if (!isOfOther(request, page)) happened.push(`${request.resourceType()} ${request.url()}`);
      return route.abort();
    }
    if (url.pathname === "/control") {
      return route.fulfill({ contentType: "text/html", body: "<script>alert('control')</script><img src='https://control.example/x.png'><p onclick='alert(2)'>x" });
    }
    return route.continue();
  });
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith("/render/part/")) parts.push([response.status(), response.headers()["content-type"] ?? ""]);
    if (pathname.startsWith("/render/frame/") && response.status() !== 200) happened.push(`frame ${response.status()}`);
  });
  page.on("dialog", (dialog) => { happened.push(`dialog ${dialog.message()}`); dialog.dismiss().catch(() => {}); });
  page.on("worker", () => happened.push("worker"));
  page.on("download", (download) => happened.push(`download ${download.url()}`));
  context.on("page", (popup) => { if (popup !== page) popup.close().catch(() => {}); });
  await page.goto(`${house.url}/login`, { waitUntil: "load" });
  const base = await page.evaluate(() => new URL("mail/second-look.js", /** @type {HTMLScriptElement} */ (document.querySelector("script[src*='main.js']")).src).href);
  await page.evaluate(() => { document.body.replaceChildren(); });
  happened.length = 0;
  return { context, page, happened, parts, pictures, base };
}

/** Shows frames side by side, as the page would, and waits until they are loaded. */
async function show(page, frames, sandbox = "allow-popups allow-popups-to-escape-sandbox") {
  return page.evaluate(async ({ frames, sandbox, limit }) => {
    document.body.replaceChildren();
    const loaded = frames.map((src) => new Promise((resolve) => {
      const frame = document.createElement("iframe");
      if (sandbox !== null) frame.setAttribute("sandbox", sandbox);
      frame.referrerPolicy = "no-referrer";
      frame.width = "300";
      frame.height = "200";
      frame.addEventListener("load", () => resolve(frame));
      setTimeout(() => resolve(null), limit);
      frame.src = src;
      document.body.append(frame);
    }));
    const all = await Promise.all(loaded);
    return { late: all.filter((frame) => frame === null).length, open: all.filter((frame) => frame && frame.contentDocument !== null).length };
  }, { frames, sandbox, limit: SHOWN_MS });
}

/** Does what a hand does: over it, on it, through it by keyboard. */
async function touch(page) {
  // A link that was clicked opened a page in front of this one, and what is behind is drawn once a second.
  await page.bringToFront();
  for (const frame of await page.$$("iframe")) {
    const box = await frame.boundingBox();
    if (!box || box.y > 880) continue;
    await page.mouse.move(box.x + 40, box.y + 30);
    await page.mouse.move(box.x + 150, box.y + 100);
    await page.mouse.click(box.x + 24, box.y + 24);
    await page.mouse.wheel(0, 20);
  }
  for (let press = 0; press < 6; press += 1) await page.keyboard.press("Tab");
}

test("what is watched for would be seen", async () => {
  const { context, page, happened } = await watched();
  await show(page, ["/control"], null);
  const seen = (/** @type {(one: string) => boolean} */ what) => happened.some(what);
  const late = Date.now() + SHOWN_MS;
  while (!(seen((one) => one.startsWith("dialog control")) && seen((one) => one.includes("control.example")))) {
    assert.ok(Date.now() < late, happened.join("\n"));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await context.close();
});

test("every message of the corpus is there", () => {
  assert.ok(quiet.length >= 300, `${quiet.length}`);
  assert.equal(quiet.length, letters.length - refused.length);
  for (const one of quiet) assert.ok(one.html === null ? one.frame === null && one.plain !== null : one.frame && one.plain === null, one.name);
});

test("hostile mail runs nothing, asks nobody, and stays in its frame", async () => {
  const bad = [];
  const parts = [];
  const framed = quiet.filter((one) => one.frame);
  for (let from = 0; from < framed.length; from += PER_PAGE) {
    // Pages do not live long: what a message did to one is not to slow down the next.
    const { context, page, happened, parts: seen } = await watched();
    for (let at = from; at < Math.min(from + PER_PAGE, framed.length); at += AT_A_TIME) {
      const batch = framed.slice(at, Math.min(at + AT_A_TIME, from + PER_PAGE));
      const { late, open } = await show(page, batch.map((one) => one.frame));
      await touch(page);
      const where = new URL(page.url()).pathname;
      if (happened.length || late || open || where !== "/login") {
        bad.push(`${batch.map((one) => one.name).join(" ")}: ${happened.join("; ")} late ${late} open ${open} at ${where}`);
        happened.length = 0;
      }
    }
    parts.push(...seen);
    await context.close();
  }
  assert.deepEqual(bad, []);
  // What says that it is a picture and is none is not sent; the others are what they are.
  assert.ok(parts.some(([status, type]) => status === 200 && type === "image/gif"), JSON.stringify(parts));
  assert.ok(parts.every(([status, type]) => status === 404 || (status === 200 && /^image\/(png|jpeg|gif|webp|bmp|avif)$/.test(type))), JSON.stringify(parts));
});

test("pictures are loaded once they are allowed, and nothing else; trackers never", async () => {
  const { context, page, happened, pictures } = await watched();
  for (let at = 0; at < allowed.length; at += AT_A_TIME) {
    const batch = allowed.slice(at, at + AT_A_TIME).filter((one) => one.frame);
    const { late, open } = await show(page, batch.map((one) => one.frame));
    assert.equal(late + open, 0);
  }
  const others = happened.filter((one) => !one.startsWith("image https://"));
  assert.deepEqual(others, []);
  assert.ok(pictures.some((url) => url === "https://evil.example/a.png"), pictures.slice(0, 20).join("\n"));
  assert.ok(pictures.every((url) => !/pixel|wf\/open|mailtrack|\/spy$/.test(url)), pictures.join("\n"));
  await context.close();
});

test("DOMPurify finds nothing to take away", async () => {
  const { context, page, base } = await watched();
  const found = [];
  for (let at = 0; at < quiet.length; at += 50) {
    const batch = quiet.slice(at, at + 50).map((one) => ({ name: one.name, html: one.html ?? one.plain })).filter((one) => one.html.length < 500_000);
    found.push(...await page.evaluate(async ({ batch, base }) => {
      const look = await import(base);
      const bad = [];
      for (const { name, html } of batch) {
        if (look.differs(html)) bad.push(name);
      }
      return bad;
    }, { batch, base }));
  }
  assert.deepEqual(found, []);
  await context.close();
});

test("an address of another message, or of none, leads nowhere", async () => {
  const frame = quiet.find((one) => one.frame).frame;
  const ask = (path) => fetch(`http://127.0.0.1:${house.ports.http}${path}`);
  const good = await ask(frame);
  assert.equal(good.status, 200);
  const policy = good.headers.get("content-security-policy");
  for (const part of ["sandbox allow-popups allow-popups-to-escape-sandbox", "default-src 'none'", "script-src 'none'", "frame-ancestors 'self'"]) assert.ok(policy.includes(part), policy);
  assert.equal(good.headers.get("x-content-type-options"), "nosniff");
  assert.equal(good.headers.get("referrer-policy"), "no-referrer");
  const token = frame.slice("/render/frame/".length);
  for (const wrong of [`${token}A`, token.slice(1), token.replace(/^./, (c) => (c === "A" ? "B" : "A")), "x", "..%2f..%2fetc%2fpasswd", ""]) {
    const response = await ask(`/render/frame/${wrong}`);
    assert.ok([403, 404].includes(response.status), `${wrong}: ${response.status}`);
    assert.ok(!(await response.text()).includes("after"), wrong);
  }
  assert.equal((await ask(`/render/part/${token}`)).status, 403, "a frame is no picture");
});
