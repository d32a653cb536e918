// From rich to plain and back, on a tree made by hand.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { htmlToText, textToHtml } from '../../../webmail/app/compose/plain.js';

const text = (value) => ({ nodeType: 3, nodeName: '#text', nodeValue: value, childNodes: [] });
const el = (name, ...children) => {
  const attributes = typeof children[0] === 'object' && children[0] !== null && !('nodeType' in children[0]) ? children.shift() : {};
  return {
    nodeType: 1,
    nodeName: name.toUpperCase(),
    nodeValue: null,
    childNodes: children.map((child) => (typeof child === 'string' ? text(child) : child)),
    getAttribute: (key) => attributes[key] ?? null,
  };
};

test('blocks are lines, blanks fold', () => {
  const tree = el('body', el('div', 'Dear  \n Bob,'), el('div', el('br')), el('div', 'a ', el('b', 'bold'), ' word'));
  assert.equal(htmlToText(tree), 'Dear Bob,\n\na bold word');
});

test('quotations within quotations', () => {
  const tree = el('body', el('div', 'Hi'), el('blockquote', el('div', 'one'), el('div', el('br')), el('blockquote', 'two')));
  assert.equal(htmlToText(tree), 'Hi\n> one\n>\n>> two');
});

test('lists and links and pictures', () => {
  const tree = el(
    'body',
    el('ul', el('li', 'a'), el('li', 'b')),
    el('ol', el('li', 'c'), el('li', 'd')),
    el('a', { href: 'https://x.org/' }, 'here'),
    el('br'),
    el('a', { href: 'https://x.org' }, 'x.org'),
    el('img', { alt: 'A cat' }),
  );
  assert.equal(htmlToText(tree), '* a\n* b\n1. c\n2. d\nhere <https://x.org/>\nx.org [A cat]');
});

test('a link to a script is not told of', () => {
  assert.equal(htmlToText(el('body', el('a', { href: 'javascript:alert(1)' }, 'x'))), 'x');
});

test('scripts and styles say nothing; depth ends', () => {
  assert.equal(htmlToText(el('body', el('style', 'p{}'), el('script', 'x'), 'a')), 'a');
  let deep = el('div', 'bottom');
  for (let n = 0; n < 5000; n += 1) deep = el('div', deep);
  assert.equal(htmlToText(deep), '');
});

test('a signature gets its mark', () => {
  assert.equal(htmlToText(el('body', 'Hi', el('div', { class: 'signature' }, el('div', 'Alice')))), 'Hi\n-- \nAlice');
});

test('preformatted text stays', () => {
  assert.equal(htmlToText(el('body', el('pre', 'a  b\n  c\n'))), 'a  b\n  c');
});

test('text as HTML', () => {
  assert.equal(
    textToHtml('a < b\n\n> q\n>> r\nend'),
    '<div>a &lt; b</div><div><br></div><blockquote type="cite"><div>q</div><blockquote type="cite"><div>r</div></blockquote></blockquote><div>end</div>',
  );
});
