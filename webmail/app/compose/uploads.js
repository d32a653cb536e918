// Files on their way to the server: with progress and a way to cancel, a few at a time (RFC 8620 §6.1).
//
// Owns the requests. Which file belongs to which message is the composer's.
import { jmap } from "../core/session.js";

const CORE = "urn:ietf:params:jmap:core";
/** Used when the session says nothing: the least that RFC 8620 §2 suggests. */
const CONCURRENT_DEFAULT = 4;

/** An upload that came to nothing. `reason` is "tooLarge", "cancelled", "full" or "failed". */
export class UploadError extends Error {
  /** @param {"tooLarge" | "cancelled" | "full" | "failed"} reason */
  constructor(reason) {
    super(`upload: ${reason}`);
    this.name = "UploadError";
    this.reason = reason;
  }
}

/** @typedef {{ blobId: string, type: string, size: number }} Uploaded */
/** @typedef {{ start: () => void, cancel: () => void }} Waiting */

/** @type {Waiting[]} */
const queue = [];
let running = 0;

/** The largest file the server takes, in octets. */
export function uploadMax() {
  return Number(jmap.capability(CORE).maxSizeUpload ?? Infinity);
}

/**
 * Sends a file.
 * @param {Blob} file @param {string} type
 * @param {(sent: number) => void} progress octets so far
 * @returns {{ done: Promise<Uploaded>, cancel: () => void }} `done` rejects with an UploadError
 */
export function upload(file, type, progress) {
  const request = new XMLHttpRequest();
  let cancelled = false;
  let started = false;
  const done = /** @type {Promise<Uploaded>} */ (new Promise((resolve, reject) => {
    if (file.size > uploadMax()) {
      reject(new UploadError("tooLarge"));
      return;
    }
    const finish = () => {
      running -= 1;
      next();
    };
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      finish();
      settle(request, resolve, reject);
    });
    for (const sort of ["error", "abort", "timeout"]) {
      request.addEventListener(sort, () => {
        finish();
        reject(new UploadError(cancelled ? "cancelled" : "failed"));
      });
    }
    queue.push({
      start: () => {
        started = true;
        running += 1;
        send(request, file, type);
      },
      cancel: () => reject(new UploadError("cancelled")),
    });
    next();
  }));
  const mine = queue.at(-1);
  return {
    done,
    cancel: () => {
      cancelled = true;
      if (started) request.abort();
      else if (mine) {
        queue.splice(queue.indexOf(mine), 1);
        mine.cancel();
      }
    },
  };
}

/** Starts what may start. */
function next() {
  const most = Number(jmap.capability(CORE).maxConcurrentUpload ?? CONCURRENT_DEFAULT);
  while (running < most) {
    const waiting = queue.shift();
    if (!waiting) return;
    waiting.start();
  }
}

/** @param {XMLHttpRequest} request @param {Blob} file @param {string} type */
function send(request, file, type) {
  request.open("POST", jmap.uploadUrl());
  request.setRequestHeader("content-type", type || "application/octet-stream");
  for (const [name, value] of Object.entries(jmap.ways.headers())) request.setRequestHeader(name, value);
  request.send(file);
}

/**
 * @param {XMLHttpRequest} request
 * @param {(uploaded: Uploaded) => void} resolve @param {(error: UploadError) => void} reject
 */
function settle(request, resolve, reject) {
  if (request.status === 413) return reject(new UploadError("tooLarge"));
  if (request.status === 507) return reject(new UploadError("full"));
  if (request.status < 200 || request.status > 299) return reject(new UploadError("failed"));
  try {
    const { blobId, type, size } = JSON.parse(request.responseText);
    if (typeof blobId !== "string") throw new TypeError("no blobId");
    resolve({ blobId, type: String(type), size: Number(size) });
  } catch {
    reject(new UploadError("failed"));
  }
}
