// Our own icons: strokes on a grid of 24. Decoration always: what a control does is said by its label.
import { html, svg } from "lit-html";

/** Each icon's strokes. @type {Record<string, string>} */
const STROKES = {
  inbox: "M4 13v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5M4 13l3-8h10l3 8M4 13h5a3 3 0 0 0 6 0h5",
  sent: "M21 4 3 11l7 3 3 7 8-17ZM10 14l4-4",
  drafts: "M5 20l1-4L16.5 5.5a2 2 0 0 1 3 3L9 19l-4 1ZM14 8l3 3",
  archive: "M3 5h18v4H3zM5 9v9a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9M10 13h4",
  junk: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.1",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 12a2 2 0 0 0 2 2h6a2 2 0 0 0 2-2l1-12M10 11v6M14 11v6",
  folder: "M3 7a2 2 0 0 1 2-2h4l2 3h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  important: "M5 4h9l6 8-6 8H5l5-8z",
  all: "M4 6h16M4 12h16M4 18h16",
  snooze: "M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 9v4l3 2M5 3 2 6M19 3l3 3",
  star: "m12 3 2.7 5.8 6.3.8-4.6 4.4 1.2 6.3L12 17.2l-5.6 3.1 1.2-6.3L3 9.6l6.3-.8z",
  label: "M3 5a1 1 0 0 1 1-1h8l8.5 8.5a1.5 1.5 0 0 1 0 2.1l-5.9 5.9a1.5 1.5 0 0 1-2.1 0L3 12zM7.5 8.5v.1",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l5 5",
  menu: "M3 6h18M3 12h18M3 18h18",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5 10 17l9-10",
  plus: "M12 5v14M5 12h14",
  back: "M19 12H5M11 6l-6 6 6 6",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  more: "M11.4 5a.6.6 0 1 0 1.2 0 .6.6 0 0 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 0 0-1.2 0M11.4 19a.6.6 0 1 0 1.2 0 .6.6 0 0 0-1.2 0",
  reply: "M10 5 4 11l6 6M4 11h9a7 7 0 0 1 7 7v1",
  "reply-all": "M12 5l-6 6 6 6M7 5l-6 6 6 6M6 11h9a7 7 0 0 1 7 7v1",
  forward: "M14 5l6 6-6 6M20 11h-9a7 7 0 0 0-7 7v1",
  move: "M3 7a2 2 0 0 1 2-2h4l2 3h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM8 13.5h7M12.5 11l2.5 2.5-2.5 2.5",
  unread: "M3 8l9-5 9 5v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3 8.5l9 5.5 9-5.5",
  read: "M3 7a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3.5 6.5 12 13l8.5-6.5",
  attachment: "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L10 16.9a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  print: "M7 9V3h10v6M7 17H5a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2h-2M7 14h10v7H7z",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9v.1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  mail: "M3 7a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3.5 6.5 12 13l8.5-6.5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21a8 8 0 0 1 16 0",
  people: "M9 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2 20a7 7 0 0 1 14 0M16 5.2a3.5 3.5 0 0 1 0 6.6M18 14.5a7 7 0 0 1 4 5.5",
  settings: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2",
  outbox: "M4 13v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5M12 15V4M8 8l4-4 4 4",
  keyboard: "M3 7h18v10H3zM7 10.5v.1M11 10.5v.1M15 10.5v.1M18 10.5v.1M8 14h8",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17v.1",
  warning: "M12 4 2.5 20h19zM12 10v5M12 17.5v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 8v.1",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  refresh: "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
  edit: "M5 20l1-4L16.5 5.5a2 2 0 0 1 3 3L9 19l-4 1Z",
  route: "M5 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM19 21a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5 7v3a4 4 0 0 0 4 4h6a4 4 0 0 1 4 4",
  code: "M8 6l-6 6 6 6M16 6l6 6-6 6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  logout: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  filter: "M3 5h18l-7 8v6l-4 2v-8z",
  bell: "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7ZM10 20a2 2 0 0 0 4 0",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
};

/** Icons whose inside is filled, for states that are on. */
const FILLED = { "star-on": "star", "important-on": "important" };

/**
 * Adds a page's own icons.
 * @param {Record<string, string>} strokes
 */
export function addIcons(strokes) {
  Object.assign(STROKES, strokes);
}

/** An icon, as a template. @param {string} name */
export function icon(name) {
  const plain = /** @type {Record<string, string>} */ (FILLED)[name];
  return html`<svg class="icon ${plain ? "filled" : ""}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${svg`<path d=${STROKES[plain ?? name] ?? ""}></path>`}</svg>`;
}
