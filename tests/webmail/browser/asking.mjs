// Asking the server beside the page, as another program of the same person: what really arrived, and what is kept. And a
// composer, ready to be written in.
import { WAIT_MS } from "./browser.mjs";
import { PEOPLE } from "./house.mjs";

/** The newest composer, ready to be written in. */
export async function composer(page, begin) {
  const before = await page.locator(".composer").count();
  await begin();
  const one = page.locator(".composer").nth(before);
  await one.waitFor();
  const paper = one.frameLocator(".editor-frame").locator("#text[aria-label]");
  await paper.waitFor();
  return { one, paper, to: one.locator("[data-field=to] input"), subject: one.getByLabel("Subject") };
}

/** Calls for the server of a test. @param {() => import("./house.mjs").House} house */
export function asker(house) {
  /** One JMAP call as another program would make it, until its answer is as `wanted`. */
  async function jmap(page, who, method, args, wanted = () => true) {
    const authorization = `Basic ${Buffer.from(`${who}:${PEOPLE[who]}`).toString("base64")}`;
    const ask = async (path, data) => {
      const answer = await page.context().request.fetch(`${house().url}${path}`, { method: data ? "POST" : "GET", data, headers: { authorization, cookie: "" } });
      return answer.json();
    };
    const session = await ask("/jmap/session");
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const { methodResponses } = await ask("/jmap/api", { using: Object.keys(session.capabilities), methodCalls: [[method, { accountId, ...args }, "0"]] });
      const [, answer] = methodResponses[0];
      if (wanted(answer)) return answer;
      if (Date.now() > until) throw new Error(`${method} stayed ${JSON.stringify(answer)}`);
      await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
    }
  }

  /** The newest message of somebody with this subject, with its text; waits for it. */
  async function letterOf(page, who, subject, more = {}) {
    const { ids } = await jmap(page, who, "Email/query", { filter: { subject, ...more }, sort: [{ property: "receivedAt", isAscending: false }] }, (answer) => answer.ids?.length > 0);
    const { list } = await jmap(page, who, "Email/get", { ids: ids.slice(0, 1), fetchAllBodyValues: true, properties: ["from", "to", "cc", "bcc", "subject", "bodyValues", "textBody", "htmlBody", "attachments", "keywords", "inReplyTo", "references"] });
    const [found] = list;
    const valueOf = (parts) => parts.map((part) => found.bodyValues[part.partId]?.value ?? "").join("");
    return { ...found, id: ids[0], text: valueOf(found.textBody), html: valueOf(found.htmlBody) };
  }

  /** How many of somebody's messages fit. */
  const count = async (page, who, filter) => (await jmap(page, who, "Email/query", { filter })).ids.length;

  /** The id of somebody's mailbox of a role. */
  async function mailbox(page, who, role) {
    const { list } = await jmap(page, who, "Mailbox/get", { ids: null });
    return list.find((one) => one.role === role)?.id;
  }

  return { jmap, letterOf, count, mailbox };
}
