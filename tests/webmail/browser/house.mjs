// A real server in a folder of its own, with people and mail in it: what the browser tests talk to. Every port is one the
// system chose; everything goes when it is closed.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../..");
const BINARY = process.env.PILLARBOX_BINARY ?? path.join(ROOT, "target/debug/pillarbox");
const START_LIMIT_MS = 20_000;

/** Who lives there, and their passwords. The first is the administrator. */
export const PEOPLE = {
  "alice@hamburger.edu": "wonderland-4711",
  "bob@crepes.fr": "hungry-caterpillar",
  "carol@hamburger.edu": "christmas-carol",
};
export const [ALICE, BOB, CAROL] = Object.keys(PEOPLE);

export class House {
  /** Starts a server. `more` is added to its configuration. */
  static async start(more = "") {
    const house = new House();
    house.folder = mkdtempSync(path.join(os.tmpdir(), "pillarbox-webmail-"));
    house.configuration = path.join(house.folder, "pillarbox.toml");
    writeFileSync(house.configuration, `hostname = "localhost"
data_dir = "${house.folder}/data"
domains = ["hamburger.edu", "crepes.fr"]
admin = "${ALICE}"
[listen]
smtp = ["127.0.0.1:0"]
submission = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
http = ["127.0.0.1:0"]
https = ["127.0.0.1:0"]
[trust]
plaintext_login_networks = ["127.0.0.0/8"]
[dns]
servers = ["127.0.0.1:1"]
[limits]
connections_per_minute = 100000
login_guesses_per_minute = 1000
${more}`);
    await house.run();
    for (const [address, password] of Object.entries(PEOPLE)) {
      house.command(["account", "add", address, "--password-stdin"], `${password}\n`);
    }
    return house;
  }

  /** Starts the program, also after `stop`. The ports are others then. */
  async run() {
    const environment = { ...process.env, PILLARBOX_WEBMAIL: path.join(ROOT, "webmail") };
    const server = spawn(BINARY, ["-c", this.configuration, "serve"], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    this.server = server;
    this.ports = {};
    this.log = "";
    server.stderr.on("data", (octets) => { this.log = (this.log + octets).slice(-100_000); });
    await new Promise((resolve, reject) => {
      let told = "";
      const late = setTimeout(() => reject(new Error(`no server after ${START_LIMIT_MS} ms: ${this.log}`)), START_LIMIT_MS);
      server.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${this.log}`)));
      server.stdout.on("data", (octets) => {
        told += octets;
        for (const [, name, port] of told.matchAll(/^listening (\S+) \S*:(\d+)$/gm)) this.ports[name] = Number(port);
        if (/^ready$/m.test(told)) { clearTimeout(late); resolve(undefined); }
      });
    });
  }

  /** Where the page is. */
  get url() { return `https://localhost:${this.ports.https}`; }

  /** A command of the program on this server; what it prints. */
  command(words, input = "") {
    return execFileSync(BINARY, ["-c", this.configuration, ...words], { input, stdio: ["pipe", "pipe", "pipe"] }).toString();
  }

  /** Hands over a message by SMTP as another server would; returns when it is in the mailbox. */
  async deliver(message, { from = "someone@elsewhere.test", to = ALICE } = {}) {
    const text = (typeof message === "string" ? message : letter(message)).replace(/\r?\n/g, "\r\n").replace(/^\./gm, "..");
    const socket = net.connect(this.ports.smtp, "127.0.0.1");
    const replies = lines(socket);
    const say = async (line, code) => {
      if (line !== null) socket.write(`${line}\r\n`);
      let reply;
      do { reply = (await replies.next()).value; } while (reply && reply[3] === "-");
      if (!reply?.startsWith(code)) throw new Error(`${line}: ${reply}`);
      return reply;
    };
    await say(null, "220");
    await say("EHLO elsewhere.test", "250");
    await say(`MAIL FROM:<${from}>`, "250");
    for (const recipient of [to].flat()) await say(`RCPT TO:<${recipient}>`, "250");
    await say("DATA", "354");
    const reply = await say(`${text.replace(/(\r\n)*$/, "")}\r\n.`, "250");
    await say("QUIT", "221");
    socket.destroy();
    return reply;
  }

  /** Ends the program: as an administrator would, or (`SIGKILL`) as a power cut would. */
  async stop(signal = "SIGTERM") {
    const { server } = this;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    server.removeAllListeners("exit");
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill(signal);
    await ended;
  }

  async close() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A message from its parts. */
export function letter({
  from = "Someone <someone@elsewhere.test>", to = ALICE, subject = "Hello", text = "Do you like ketchup?\n",
  html = undefined, date = new Date(), id = `${Math.random().toString(36).slice(2)}@elsewhere.test`, headers = {},
}) {
  const fields = { From: from, To: to, Subject: subject, Date: date.toUTCString().replace("GMT", "+0000"), "Message-ID": `<${id}>`,
    "MIME-Version": "1.0", ...headers };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`).join("");
  if (html === undefined) return `${head}Content-Type: text/plain; charset=utf-8\n\n${text}`;
  const boundary = "part-of-a-test";
  return `${head}Content-Type: multipart/alternative; boundary=${boundary}\n\n--${boundary}\nContent-Type: text/plain; charset=utf-8\n\n`
    + `${text}\n--${boundary}\nContent-Type: text/html; charset=utf-8\n\n${html}\n--${boundary}--\n`;
}

async function* lines(socket) {
  let rest = "";
  for await (const octets of socket) {
    rest += octets;
    let end;
    while ((end = rest.indexOf("\r\n")) >= 0) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 2);
    }
  }
}
