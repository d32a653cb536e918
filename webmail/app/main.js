// The beginning: who is logged in, the first request, the shell and the page of the path.
import { complain, showToasts } from "./core/toasts.js";
import { effect } from "signals";
import { listenToKeys } from "./core/commands.js";
import { readQuotas, start, sync } from "./core/data.js";
import { t } from "./core/i18n.js";
import { havePage, toLogin } from "./core/pages.js";
import { listen, route } from "./core/router.js";
import { begin, loggedIn } from "./core/session.js";
import { actOnSettings } from "./core/settings.js";
import * as mail from "./mail/page.js";
import { loadWhenIdle, reading } from "./mail/reading.js";
import { showShell } from "./shell.js";
import { byId } from "./core/view.js";

actOnSettings();
listen();
showToasts();
listenToKeys();
tellMissing();
havePage("mail", mail);

/** Everything for somebody who is logged in: asked in the same turn as the page asks its own. */
function enter() {
  start().then(follow, (error) => {
    console.error(error);
    if (loggedIn.peek() === "in") complain(t("offline.start"), { label: t("reload"), run: () => location.reload() });
  });
  effect(() => {
    if (loggedIn.value === "out") toLogin();
  });
  restoreDrafts();
}

/** What may come after the first view: new mail as it arrives, and the modules that will be wanted soon. */
function follow() {
  import("./core/events.js").then(({ listenToEvents }) => listenToEvents((states) => {
    if (!states) reading.peek()?.forgetFrames();
    sync(states).catch(console.error);
  }));
  import("./mail/notify.js").then(({ tellNews }) => tellNews());
  readQuotas().catch(() => {});
  loadWhenIdle();
}

/** What was being written when a tab was closed is offered again. */
function restoreDrafts() {
  try {
    if (Object.keys(localStorage).some((key) => key.startsWith("pillarbox.draft."))) import("./compose/main.js").then((module) => module.restore()).catch(console.error);
  } catch {
    // A browser that keeps nothing has nothing to restore.
  }
}

/** What is fetched when it is first wanted may not come: that is said here, whichever key or button asked for it. */
function tellMissing() {
  addEventListener("unhandledrejection", ({ reason }) => {
    if (reason instanceof TypeError && /\bimport|\bmodule/i.test(reason.message)) complain(t("error.unreachable"));
  });
}

async function main() {
  const app = byId("app");
  const inside = await begin().catch(() => false);
  if (!inside) toLogin();
  showShell(app);
  if (inside) enter();
  else untilLoggedIn();
  app.classList.remove("starting");
  app.removeAttribute("aria-busy");
}

/** The login page says when somebody is in: then the rest begins. */
function untilLoggedIn() {
  let begun = false;
  const end = effect(() => {
    if (loggedIn.value !== "in" || route.value.page === "login" || begun) return;
    begun = true;
    queueMicrotask(() => end());
    enter();
  });
}

main();
