// Plain text as pieces that a page can show: paragraphs, links, quoted parts.
//
// Pure. Used where the server rendered nothing; makes no HTML, so nothing in a message can become any.

/** @typedef {{ text: string, href?: string }} Piece */
/** @typedef {{ depth: number, lines: Piece[][] }} Block */

/** Web and mail addresses in running text. Ends before the sign that closes a sentence. */
const LINK = /\b(?:https?:\/\/[^\s<>"']+|mailto:[^\s<>"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/giu;

/** The links of a line. @param {string} line @returns {Piece[]} */
export function pieces(line) {
  /** @type {Piece[]} */ const found = [];
  let from = 0;
  for (const match of line.matchAll(LINK)) {
    const said = trimmed(match[0]);
    if (match.index > from) found.push({ text: line.slice(from, match.index) });
    found.push({ text: said, href: /^(https?|mailto):/i.test(said) ? said : `mailto:${said}` });
    from = match.index + said.length;
  }
  if (from < line.length) found.push({ text: line.slice(from) });
  return found;
}

/** @param {string} link */
function trimmed(link) {
  const bare = link.replace(/[.,;:!?'"]+$/, "");
  return bare.endsWith(")") && !bare.includes("(") ? bare.slice(0, -1) : bare;
}

/** The text in blocks of one depth of quoting. @param {string} text @returns {Block[]} */
export function blocks(text) {
  /** @type {Block[]} */ const all = [];
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const quoted = /^((?:> ?)*)(.*)$/s.exec(line);
    const depth = (quoted?.[1]?.match(/>/g) ?? []).length;
    const last = all.at(-1);
    const pieced = pieces(quoted?.[2] ?? line);
    if (last && last.depth === depth) last.lines.push(pieced);
    else all.push({ depth, lines: [pieced] });
  }
  return all;
}

/** How long a quoted end must be to be folded. */
const FOLD_LINES = 3;

/**
 * Cuts off the quoted end of a message, as it is folded: what the person wrote above it stays.
 * @param {Block[]} all @returns {{ shown: Block[], folded: Block[] }}
 */
export function foldQuotes(all) {
  let end = all.length;
  while (end > 0 && (isQuote(all[end - 1]) || isBlank(all[end - 1]))) end -= 1;
  const folded = all.slice(end);
  const lines = folded.reduce((sum, block) => sum + block.lines.length, 0);
  if (end === 0 || lines < FOLD_LINES || !folded.some(isQuote)) return { shown: all, folded: [] };
  return { shown: all.slice(0, end), folded };
}

/** @param {Block | undefined} block */
const isQuote = (block) => (block?.depth ?? 0) > 0;
/** @param {Block | undefined} block */
const isBlank = (block) => block?.lines.every((line) => line.every((piece) => !piece.text.trim())) ?? true;
