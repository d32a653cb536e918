// The JMAP client (RFC 8620): calls asked in one turn of the event loop travel in one request, with result references
// between them.
//
// Owns requests, errors, upload and download addresses. Knows no data type and keeps no data.

/** @typedef {[string, Record<string, any>, string]} Invocation */
/** @typedef {{ accountId?: string } & Record<string, any>} Arguments */

/** A method answered `error` (RFC 8620 §3.6.2). */
export class MethodError extends Error {
  /** @param {string} method @param {Record<string, any>} args */
  constructor(method, args) {
    super(`${method}: ${args.type}${args.description ? `, ${args.description}` : ""}`);
    this.name = "MethodError";
    this.method = method;
    /** @type {string} */ this.type = args.type;
    this.args = args;
  }
}

/** The server refused the whole request (RFC 8620 §3.6.1, problem details), or answered no JMAP at all. */
export class RequestError extends Error {
  /** @param {number} status @param {Record<string, any>} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || `the server answered ${status}`);
    this.name = "RequestError";
    this.status = status;
    /** @type {string} */ this.type = problem.type || "";
    this.problem = problem;
  }
}

/** No answer came: the network, or the server, is away. */
export class Unreachable extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("the server cannot be reached", { cause });
    this.name = "Unreachable";
  }
}

/** Calls in one request when the session says nothing: the least that RFC 8620 §2 suggests. */
const CALLS_MAX = 16;
/** An answer that takes longer is given up: the connection is dead, not slow. */
const ANSWER_WAIT_MS = 60_000;

/** One method call, asked and not yet answered, or answered. */
export class Call {
  /** @param {string} method @param {Arguments} args @param {string} id */
  constructor(method, args, id) {
    this.method = method;
    this.args = args;
    this.id = id;
    /** Every response with this call's id: more than one where the method makes implicit calls (RFC 8620 §3.4).
     * @type {Invocation[]} */
    this.responses = [];
    /** @type {(answer: any) => void} */ this.resolve = () => {};
    /** @type {(error: unknown) => void} */ this.reject = () => {};
    /** The arguments of the response, or a rejection with a MethodError, RequestError or Unreachable. @type {Promise<any>} */
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.answer.catch(() => {}); // who does not look at an answer is not told of its failure
  }

  /**
   * A result reference to this call's answer (RFC 8620 §3.7), for an argument whose name begins with `#`.
   * @param {string} path
   */
  ref(path) {
    return { resultOf: this.id, name: this.method, path };
  }
}

/**
 * Cuts calls into requests of at most `max`, never between a call and one that refers to it.
 * @param {Call[]} calls
 * @param {number} max
 * @returns {Call[][]}
 */
export function requestsOf(calls, max) {
  const requests = [];
  let from = 0;
  while (from < calls.length) {
    let to = Math.min(from + max, calls.length);
    while (to < calls.length && to > from + 1 && refersBack(calls, from, to)) to -= 1;
    if (refersBack(calls, from, to)) to = Math.min(from + max, calls.length);
    requests.push(calls.slice(from, to));
    from = to;
  }
  return requests;
}

/** @param {Call[]} calls @param {number} from @param {number} to */
function refersBack(calls, from, to) {
  const before = new Set(calls.slice(from, to).map((call) => call.id));
  return calls.slice(to).some((call) => references(call.args).some((id) => before.has(id)));
}

/** @param {Arguments} args @returns {string[]} */
function references(args) {
  return Object.entries(args).filter(([name]) => name.startsWith("#")).map(([, value]) => value?.resultOf);
}

/**
 * @typedef {object} Ways how the client reaches the server
 * @property {typeof fetch} fetch
 * @property {() => Record<string, string>} headers added to each request: the CSRF token
 * @property {(error: RequestError) => Promise<boolean>} refused the login ended or the token is stale: true to try once more
 */

export class Jmap {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    /** The session object (RFC 8620 §2), once it is known. @type {Record<string, any> | null} */
    this.session = null;
    this.apiUrl = "/jmap/api";
    this.accountId = "";
    /** @type {string[]} */
    this.using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    /** @type {Call[]} */ this.waiting = [];
    this.numbered = 0;
    /** Called with the state of the session in each answer. @type {(state: string) => void} */
    this.sessionSeen = () => {};
  }

  /**
   * Takes a session object: account, addresses, capabilities.
   * @param {Record<string, any>} session
   */
  adopt(session) {
    this.session = session;
    this.apiUrl = ownPath(session.apiUrl) || this.apiUrl;
    this.accountId = session.primaryAccounts?.["urn:ietf:params:jmap:mail"] ?? Object.keys(session.accounts ?? {})[0] ?? "";
    this.using = Object.keys(session.capabilities ?? {});
  }

  /** Does the server offer this capability? @param {string} capability */
  can(capability) {
    return this.using.includes(capability);
  }

  /** What the server says of a capability, for itself or for the account. @param {string} capability @returns {Record<string, any>} */
  capability(capability) {
    return { ...this.session?.capabilities?.[capability], ...this.session?.accounts?.[this.accountId]?.accountCapabilities?.[capability] };
  }

  /**
   * Asks one call. It travels with all others that are asked before the event loop turns.
   * @param {string} method
   * @param {Arguments} [args] `accountId` is filled in
   * @returns {Call}
   */
  ask(method, args = {}) {
    const call = new Call(method, method === "Core/echo" ? args : { accountId: this.accountId, ...args }, `c${this.numbered++}`);
    this.waiting.push(call);
    if (this.waiting.length === 1) queueMicrotask(() => this.flush());
    return call;
  }

  /** The answer of one call. @param {string} method @param {Arguments} [args] @returns {Promise<any>} */
  call(method, args) {
    return this.ask(method, args).answer;
  }

  /** Sends what waits. */
  flush() {
    const calls = this.waiting;
    this.waiting = [];
    const max = this.capability("urn:ietf:params:jmap:core").maxCallsInRequest ?? CALLS_MAX;
    let before = Promise.resolve();
    for (const request of requestsOf(calls, max)) before = before.then(() => this.send(request));
  }

  /** @param {Call[]} calls */
  async send(calls) {
    try {
      const body = { using: this.using, methodCalls: calls.map((call) => [call.method, call.args, call.id]) };
      const answer = await this.post(this.apiUrl, body);
      if (typeof answer.sessionState === "string") this.sessionSeen(answer.sessionState);
      settle(calls, Array.isArray(answer.methodResponses) ? answer.methodResponses : []);
    } catch (error) {
      for (const call of calls) call.reject(error);
    }
  }

  /**
   * A POST of JSON with one more try when the server refuses it for a stale token.
   * @param {string} url @param {unknown} body @returns {Promise<any>}
   */
  async post(url, body) {
    const text = JSON.stringify(body);
    const once = () => this.fetch(url, { method: "POST", body: text, headers: { "content-type": "application/json" } });
    try {
      return await (await once()).json();
    } catch (error) {
      if (!(error instanceof RequestError) || ![401, 403].includes(error.status)) throw error;
      if (!(await this.ways.refused(error))) throw error;
      return (await once()).json();
    }
  }

  /**
   * `fetch` with the house's headers; anything but a success becomes a RequestError.
   * @param {string} url @param {RequestInit & { headers?: Record<string, string> }} [init] @returns {Promise<Response>}
   */
  async fetch(url, init = {}) {
    const headers = { accept: "application/json", ...this.ways.headers(), ...init.headers };
    let response;
    try {
      const signal = init.signal ?? AbortSignal.timeout(ANSWER_WAIT_MS);
      response = await this.ways.fetch(url, { ...init, headers, signal, credentials: "same-origin" });
    } catch (cause) {
      throw new Unreachable(cause);
    }
    if (response.ok) return response;
    throw new RequestError(response.status, await response.json().catch(() => ({})));
  }

  /**
   * Where a blob is fetched from (RFC 8620 §6.2).
   * @param {string} blobId @param {string} name @param {string} type
   */
  downloadUrl(blobId, name, type) {
    const template = ownPath(this.session?.downloadUrl) || "/jmap/download/{accountId}/{blobId}/{name}?type={type}";
    return expand(template, { accountId: this.accountId, blobId, name: name || "file", type: type || "application/octet-stream" });
  }

  /** Where a blob is sent to (RFC 8620 §6.1). */
  uploadUrl() {
    return expand(ownPath(this.session?.uploadUrl) || "/jmap/upload/{accountId}/", { accountId: this.accountId });
  }

  /** Where changes are told (RFC 8620 §7.3). @param {string} types */
  eventSourceUrl(types) {
    const template = ownPath(this.session?.eventSourceUrl) || "/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}";
    return expand(template, { types, closeafter: "no", ping: "60" });
  }
}

/**
 * Gives each call its response.
 * @param {Call[]} calls @param {Invocation[]} responses
 */
function settle(calls, responses) {
  for (const call of calls) {
    call.responses = responses.filter(([, , id]) => id === call.id);
    const own = call.responses.find(([name]) => name === call.method || name === "error") ?? call.responses[0];
    if (!own) call.reject(new MethodError(call.method, { type: "serverFail", description: "the answer lacks this call" }));
    else if (own[0] === "error") call.reject(new MethodError(call.method, own[1]));
    else call.resolve(own[1]);
  }
}

/**
 * Fills a URI template of the simple kind (RFC 6570 level 1).
 * @param {string} template @param {Record<string, string>} values
 */
export function expand(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ""));
}

/**
 * An address of the session object as a path of this server: the page speaks to no other host, whatever name the server
 * thinks it has.
 * @param {unknown} address
 */
export function ownPath(address) {
  if (typeof address !== "string") return "";
  return address.replace(/^[a-z]+:\/\/[^/]*/i, "");
}
