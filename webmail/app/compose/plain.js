/**
 * Between rich and plain: the text of a tree of HTML, and text as HTML. Works on any tree that looks like the DOM, so
 * that it can be tried without a browser; the tree must be inert (of a DOMParser), for it may be a stranger's.
 * @module
 */

import { escapeHtml } from './quoting.js';

/**
 * As much of a DOM node as is needed here.
 * @typedef {object} NodeLike
 * @property {number} nodeType
 * @property {string} nodeName
 * @property {string | null} nodeValue
 * @property {ArrayLike<NodeLike>} childNodes
 * @property {(name: string) => string | null} [getAttribute]
 */

const BLOCKS = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CENTER DD DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN NAV OL P PRE SECTION TABLE TBODY THEAD TR UL'.split(
    ' ',
  ),
);
const SILENT = new Set(['SCRIPT', 'STYLE', 'HEAD', 'TITLE', 'TEMPLATE', 'NOSCRIPT']);
/** Deeper than this no one writes; a stranger's tree must not end the page's stack. */
const DEPTH_MAX = 200;

/**
 * @typedef {object} Writer
 * @property {string[]} lines finished ones
 * @property {string} line the one that grows
 * @property {boolean} open whether the line has begun, though empty
 * @property {number} quote levels of quotation
 * @property {string} bullet what the next line of a list begins with
 */

/**
 * The plain text twin: a line a block, `>` before what is quoted, links with their destination where the text does not
 * say it, pictures by their alternative text.
 * @param {NodeLike} root
 */
export function htmlToText(root) {
  /** @type {Writer} */
  const writer = { lines: [], line: '', open: false, quote: 0, bullet: '' };
  walk(root, writer, 0);
  end(writer);
  const text = writer.lines.join('\n').replace(/\n{3,}/gu, '\n\n');
  return text.replace(/^\n+/u, '').replace(/\s+$/u, '');
}

/**
 * @param {NodeLike} node
 * @param {Writer} writer
 * @param {number} depth
 */
function walk(node, writer, depth) {
  if (depth > DEPTH_MAX) return;
  if (node.nodeType === 3) {
    words(node.nodeValue ?? '', writer);
    return;
  }
  if (node.nodeType !== 1 && node.nodeType !== 9 && node.nodeType !== 11) return;
  const name = node.nodeName.toUpperCase();
  if (SILENT.has(name)) return;
  if (name === 'BR') breakLine(writer);
  else if (name === 'IMG') picture(node, writer);
  else if (name === 'HR') rule(writer);
  else if (name === 'A') link(node, writer, depth);
  else if (name === 'PRE') preformatted(node, writer);
  else element(node, name, writer, depth);
}

/**
 * @param {NodeLike} node
 * @param {string} name
 * @param {Writer} writer
 * @param {number} depth
 */
function element(node, name, writer, depth) {
  const block = BLOCKS.has(name);
  const classes = node.getAttribute?.('class')?.split(/\s+/u) ?? [];
  if (block) end(writer);
  // Above a quotation it gets no mark: readers would take the quotation for a part of it (RFC 3676 §4.3).
  if (classes.includes('signature') && !classes.includes('above')) writer.lines.push(`${marks(writer)}-- `);
  if (name === 'BLOCKQUOTE') writer.quote += 1;
  if (name === 'LI') writer.bullet = '* ';
  each(node, writer, depth, name === 'OL');
  if (name === 'TD' || name === 'TH') words(' ', writer);
  if (block) end(writer);
  if (name === 'BLOCKQUOTE') writer.quote -= 1;
  if (name === 'P' || /^H[1-6]$/u.test(name)) gap(writer);
}

/**
 * @param {NodeLike} node
 * @param {Writer} writer
 * @param {number} depth
 * @param {boolean} numbered
 */
function each(node, writer, depth, numbered) {
  let number = 0;
  for (const child of Array.from(node.childNodes)) {
    walkItem(child, writer, depth, numbered && child.nodeName.toUpperCase() === 'LI' ? (number += 1) : 0);
  }
}

/**
 * @param {NodeLike} child
 * @param {Writer} writer
 * @param {number} depth
 * @param {number} number of the item in its list, 0 where there is none
 */
function walkItem(child, writer, depth, number) {
  if (number === 0) {
    walk(child, writer, depth + 1);
    return;
  }
  end(writer);
  writer.bullet = `${number}. `;
  each(child, writer, depth + 1, false);
  end(writer);
}

/**
 * @param {NodeLike} node
 * @param {Writer} writer
 * @param {number} depth
 */
function link(node, writer, depth) {
  const from = writer.line.length;
  each(node, writer, depth, false);
  const shown = writer.line.slice(from).trim();
  const href = (node.getAttribute?.('href') ?? '').trim();
  const said = href === shown || href === `mailto:${shown}` || href === `http://${shown}` || href === `https://${shown}`;
  if (/^(?:https?|mailto):/iu.test(href) && !said) words(` <${href}>`, writer);
}

/**
 * @param {NodeLike} node
 * @param {Writer} writer
 */
function preformatted(node, writer) {
  end(writer);
  for (const line of rawText(node, 0).replace(/\n$/u, '').split('\n')) {
    writer.line = line;
    writer.open = true;
    end(writer);
  }
}

/**
 * @param {NodeLike} node
 * @param {number} depth
 * @returns {string}
 */
function rawText(node, depth) {
  if (depth > DEPTH_MAX) return '';
  if (node.nodeType === 3) return node.nodeValue ?? '';
  if (node.nodeName.toUpperCase() === 'BR') return '\n';
  return Array.from(node.childNodes, (child) => rawText(child, depth + 1)).join('');
}

/**
 * @param {string} text
 * @param {Writer} writer
 */
function words(text, writer) {
  const folded = text.replace(/[\t\n\r\f ]+/gu, ' ').replace(/\u200b/gu, '');
  const begins = writer.line === '' || writer.line.endsWith(' ');
  const added = begins ? folded.replace(/^ /u, '') : folded;
  if (added === '') return;
  writer.line += added.replace(/\u00a0/gu, ' ');
  writer.open = true;
}

/**
 * @param {NodeLike} node
 * @param {Writer} writer
 */
function picture(node, writer) {
  const alt = (node.getAttribute?.('alt') ?? '').trim();
  if (alt !== '') words(` [${alt}] `, writer);
}

/** @param {Writer} writer */
function breakLine(writer) {
  writer.open = true;
  end(writer);
}

/** @param {Writer} writer */
function rule(writer) {
  end(writer);
  writer.line = '-'.repeat(40);
  breakLine(writer);
}

/** @param {Writer} writer */
function end(writer) {
  if (!writer.open) return;
  const line = `${writer.bullet}${writer.line}`.replace(/ +$/u, '');
  writer.lines.push(`${marks(writer)}${line}`.replace(/^(>+) $/u, '$1'));
  writer.line = '';
  writer.open = false;
  writer.bullet = '';
}

/** @param {Writer} writer */
function gap(writer) {
  const last = writer.lines.at(-1);
  if (last !== undefined && last !== '' && !/^>+$/u.test(last)) writer.lines.push(marks(writer).trim());
}

/** @param {Writer} writer */
function marks(writer) {
  return writer.quote > 0 ? `${'>'.repeat(writer.quote)} ` : '';
}

/**
 * Text as the editor takes it: a block a line, quoted lines as quotations within one another.
 * @param {string} text
 */
export function textToHtml(text) {
  let html = '';
  let level = 0;
  for (const line of text.replace(/\r\n?/gu, '\n').split('\n')) {
    const mark = /^(?:>[ ]?)+/u.exec(line)?.[0] ?? '';
    const depth = Math.min(mark.replace(/ /gu, '').length, 20);
    for (; level < depth; level += 1) html += '<blockquote type="cite">';
    for (; level > depth; level -= 1) html += '</blockquote>';
    const words_ = line.slice(mark.length);
    html += `<div>${words_ === '' ? '<br>' : keepBlanks(escapeHtml(words_))}</div>`;
  }
  return html + '</blockquote>'.repeat(level);
}

/** @param {string} html */
function keepBlanks(html) {
  return html.replace(/ {2}/gu, ' \u00a0').replace(/^ /u, '\u00a0');
}
