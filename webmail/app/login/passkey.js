// Passkeys in the browser: WebAuthn with the server's options as JSON (Web Authentication Level 3, §5.1.8 and §5.1.9).
//
// Owns the conversion where the browser lacks it. What a credential means, the server decides.

/** Can this browser do it, here? It needs a secure context. */
export function passkeysWork() {
  return typeof PublicKeyCredential !== "undefined" && isSecureContext;
}

/**
 * Octets from base64url (RFC 4648 §5).
 * @param {string} text @returns {ArrayBuffer}
 */
export function fromBase64Url(text) {
  const plain = atob(text.replace(/-/gu, "+").replace(/_/gu, "/"));
  const octets = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 1) octets[at] = plain.charCodeAt(at);
  return octets.buffer;
}

/**
 * Base64url without padding.
 * @param {ArrayBuffer} octets
 */
export function toBase64Url(octets) {
  const plain = Array.from(new Uint8Array(octets), (octet) => String.fromCharCode(octet)).join("");
  return btoa(plain).replace(/\+/gu, "-").replace(/\//gu, "_").replace(/=+$/u, "");
}

/** @param {any[] | undefined} listed */
const credentialsOf = (listed) => (listed ?? []).map((one) => ({ ...one, id: fromBase64Url(one.id) }));

/**
 * Asks the browser for a passkey.
 * @param {any} options as the server gave them
 * @returns {Promise<unknown>} the credential as JSON
 */
export async function getPasskey(options) {
  const publicKey = { ...options, challenge: fromBase64Url(options.challenge), allowCredentials: credentialsOf(options.allowCredentials) };
  return jsonOf(await navigator.credentials.get({ publicKey }));
}

/**
 * Makes a passkey.
 * @param {any} options as the server gave them
 * @returns {Promise<unknown>} the credential as JSON
 */
export async function createPasskey(options) {
  const publicKey = {
    ...options, challenge: fromBase64Url(options.challenge), user: { ...options.user, id: fromBase64Url(options.user.id) },
    excludeCredentials: credentialsOf(options.excludeCredentials),
  };
  return jsonOf(await navigator.credentials.create({ publicKey }));
}

/** @param {Credential | null} made */
function jsonOf(made) {
  const credential = /** @type {any} */ (made);
  if (!credential) throw new DOMException("no credential", "NotAllowedError");
  const { response } = credential;
  const octets = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].filter((name) => response[name]);
  return {
    id: credential.id, rawId: toBase64Url(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      ...Object.fromEntries(octets.map((name) => [name, toBase64Url(response[name])])),
      ...(response.getTransports ? { transports: response.getTransports() } : {}),
    },
  };
}
