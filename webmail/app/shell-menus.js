// Menus of the shell: the palette, the account, folders by name.
import { allCommands, command, commandLabel, keyHint, keysOf, keyWords } from "./core/commands.js";
import { fitting, menu, pick } from "./core/dialogs.js";
import { mailboxes, mailboxPath } from "./core/data.js";
import { addCatalogue, t } from "./core/i18n.js";
import { go, write } from "./core/router.js";
import { logOut, me } from "./core/session.js";
import { settings } from "./core/settings.js";
import { runHelp, setTheme } from "./shell.js";

await addCatalogue("reading");

/** The menu of the account. @param {Element} anchor */
export function accountMenu(anchor) {
  const { theme } = settings.value;
  menu(anchor, [
    { label: String(me.value.address ?? me.value.username ?? "") },
    { label: t("nav.settings"), icon: "settings", run: () => go("/settings") },
    ...(me.value.admin ? [{ label: t("nav.admin"), icon: "shield", run: () => go("/admin") }] : []),
    { label: commandLabel("help"), icon: "help", hint: keyHint("help"), run: () => runHelp() },
    null,
    { label: t("theme.auto"), checked: theme === "auto", run: () => setTheme("auto") },
    { label: t("theme.light"), checked: theme === "light", run: () => setTheme("light") },
    { label: t("theme.dark"), checked: theme === "dark", run: () => setTheme("dark") },
    null,
    { label: t("logout"), icon: "logout", run: () => { logOut(); } },
  ], { label: t("account") });
}

/** Ctrl-K: everything by name. */
export function palette() {
  pick({ title: t("command.palette"), placeholder: t("palette.placeholder"), choices: (typed) => fitting(paletteChoices(), typed).slice(0, 50) });
}

/** @returns {import("./core/dialogs.js").Choice[]} */
function paletteChoices() {
  const commands = allCommands().filter((one) => !one.hidden && (one.when?.() ?? true)).map((one) => ({
    label: commandLabel(one.id), icon: one.icon ?? "right", hint: keysOf(one).map(keyWords)[0], run: () => one.run(),
  }));
  const boxes = [...(mailboxes.value?.values() ?? [])].filter((one) => !command(`go-${one.role}`)).map((one) => ({
    label: t("palette.go", { name: mailboxPath(one) }), icon: one.role ?? "folder", run: () => go(write("mail", [one.role ?? one.id])),
  }));
  const saved = settings.value.savedSearches.map((one) => ({ label: t("palette.search", { name: one.name }), icon: "search", run: () => go(write("search", [one.query])) }));
  return [...commands, ...boxes, ...saved];
}

/** Goes to a folder, by type-ahead. */
export function goFolder() {
  pick({
    title: commandLabel("go-folder"), placeholder: t("folder.placeholder"),
    choices: (typed) => fitting([...(mailboxes.value?.values() ?? [])].map((one) => ({
      label: mailboxPath(one), icon: one.role ?? "folder", run: () => go(write("mail", [one.role ?? one.id])),
    })), typed),
  });
}
