// The corpus of hostile mail (web/tests/rendering), read and handed to a server as octets, for some of it is no text.

import { readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";

const HERE = path.dirname(new URL(import.meta.url).pathname);
export const CORPUS = path.join(HERE, "../../../web/tests/rendering");

/** All messages: name, octets with CRLF. `{{3*piece}}` stands for three pieces. */
export function corpus() {
  const families = readdirSync(CORPUS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return families.flatMap((family) => readdirSync(path.join(CORPUS, family)).sort().map((file) => {
    const text = readFileSync(path.join(CORPUS, family, file), "latin1");
    const message = text.slice(text.indexOf("\n---\n") + 5)
      .replace(/\{\{(\d+)\*([\s\S]*?)\}\}/g, (_, count, piece) => piece.repeat(Number(count)))
      .replace(/\n/g, "\r\n");
    const name = `${family}/${file.replace(/\.txt$/, "")}`;
    // A field that tells which is which; the rest is as it is.
    return { name, octets: Buffer.from(`X-Corpus: ${name}\r\n${message}`, "latin1") };
  }));
}

/** Messages of one connection: a server may have enough of one who sends so much that it refuses. */
const TOGETHER = 40;

/** Hands messages over by SMTP. Gives those that were refused, with the words. */
export async function deliverAll(port, messages, to) {
  const refused = [];
  for (let at = 0; at < messages.length;) {
    const { taken, words } = await deliverSome(port, messages.slice(at, at + TOGETHER), to);
    at += taken;
    if (words) refused.push(`${messages[at - 1].name}: ${words}`);
  }
  return refused;
}

/** Up to the first that is refused, after which the server may close: how many were offered, and what it said. */
async function deliverSome(port, messages, to) {
  const socket = net.connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  let held = "";
  let closed = false;
  let wake = () => {};
  socket.on("data", (octets) => { held += octets.toString("latin1"); wake(); });
  socket.on("error", () => {});
  socket.on("close", () => { closed = true; wake(); });
  const reply = async () => {
    for (;;) {
      const whole = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(held);
      if (whole) { held = held.slice(whole[0].length); return whole[0]; }
      if (closed) return "000 the connection was closed";
      await new Promise((resolve) => { wake = () => resolve(undefined); });
    }
  };
  const say = async (line) => { socket.write(`${line}\r\n`); return reply(); };
  let taken = 0;
  let words = "";
  await reply();
  await say("EHLO elsewhere.test");
  for (const { octets } of messages) {
    await say("MAIL FROM:<mallory@evil.example> BODY=8BITMIME");
    await say(`RCPT TO:<${to}>`);
    await say("DATA");
    socket.write(Buffer.from(octets.toString("latin1").replace(/^\./gm, ".."), "latin1"));
    const said = await say("\r\n.");
    taken += 1;
    if (!said.startsWith("250")) {
      words = said.trim();
      break;
    }
  }
  if (!words) await say("QUIT");
  socket.destroy();
  return { taken, words };
}
