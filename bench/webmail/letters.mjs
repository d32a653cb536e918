// Messages as people write them, and the lines by which they come into a mailbox.

import net from "node:net";

/** A word in the text of one message in a thousand. */
export const RARE = "quince";
/** So many people write. */
export const SENDERS = 500;

const WORDS = ["ketchup", "pickles", "dinner", "meeting", "report", "weather", "garden", "harbour", "ticket", "invoice", "window", "morning", "printer", "station", "lemon", "paper", "bridge", "kettle"];
const LINES = 24;
const BATCH = 100;
const MINUTE_MS = 60_000;

/** Message `number`: every third is HTML. */
function letter(number, date) {
  const word = (at) => WORDS[(number * 7 + at * at * 13 + at) % WORDS.length];
  const lines = Array.from({ length: LINES }, (_, line) => Array.from({ length: 9 }, (_, at) => word(line * 9 + at)).join(" "));
  if (number % 1000 === 0) lines.push(RARE);
  const isHtml = number % 3 === 0;
  const text = isHtml ? lines.map((line) => `<p style="color:#234">${line}</p>`) : lines;
  return [`From: Person ${number % SENDERS} <person${number % SENDERS}@bench.example>`, "To: Alice <alice@hamburger.edu>", `Subject: ${word(number)} ${number}`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`, `Message-ID: <${number}@bench.example>`, "MIME-Version: 1.0",
    `Content-Type: text/${isHtml ? "html" : "plain"}; charset=utf-8`, "", ...text, ""].join("\r\n");
}

/** A connection that speaks in lines. */
export class Line {
  static async open(port) {
    const line = new Line();
    line.socket = net.connect(port, "127.0.0.1").setNoDelay();
    line.coming = line.lines();
    return line;
  }

  async* lines() {
    let rest = "";
    for await (const octets of this.socket) {
      rest += octets;
      let end;
      while ((end = rest.indexOf("\r\n")) >= 0) {
        yield rest.slice(0, end);
        rest = rest.slice(end + 2);
      }
    }
  }

  /** Says a line of SMTP, and waits for the reply. */
  async say(words) {
    if (words !== null) this.socket.write(`${words}\r\n`);
    let reply;
    do { reply = (await this.coming.next()).value; } while (reply?.[3] === "-");
    if (!/^[23]/.test(reply ?? "")) throw new Error(`${words}: ${reply}`);
  }

  /** Gives a command of IMAP, and waits until it is done. */
  async run(command) {
    this.socket.write(`a ${command}\r\n`);
    let reply;
    do { reply = (await this.coming.next()).value; } while (reply !== undefined && !reply.startsWith("a "));
    if (!reply?.startsWith("a OK")) throw new Error(`${command.slice(0, 60)}: ${reply}`);
  }

  end() { this.socket.destroy(); }
}

/** Puts so many messages into the inbox, the newest a minute old (RFC 3502, RFC 7888). */
export async function fill(house, user, password, messages) {
  const line = await Line.open(house.ports.imap);
  await line.coming.next();
  await line.run(`LOGIN ${user} ${password}`);
  const now = Date.now();
  for (let first = 0; first < messages; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, messages - first) }, (_, at) => first + at);
    await line.run(`APPEND INBOX${numbers.map((number) => appended(number, new Date(now - (messages - number) * MINUTE_MS))).join("")}`);
  }
  line.end();
}

function appended(number, date) {
  const text = letter(number, date);
  const [, day, month, year, time] = /, (\d\d) (\w+) (\d+) (\S+)/.exec(date.toUTCString()) ?? [];
  return ` "${day}-${month}-${year} ${time} +0000" {${Buffer.byteLength(text)}+}\r\n${text}`;
}
