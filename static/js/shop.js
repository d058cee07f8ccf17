// What pages do beyond HTML. Each part listens on the document, so what htmx swaps in later works too.
// Words for people come translated from the server, as data attributes of #words.
(() => {
  "use strict";

  const root = document.documentElement;
  const words = document.getElementById("words")?.dataset ?? {};
  const closest = (event, selector) =>
    event.target instanceof Element ? event.target.closest(selector) : null;

  // ── Theme: kept in a cookie, so the server can render the next page in it ──────────────────────
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-theme-choice]");
    if (!button) return;
    const choice = button.dataset.themeChoice;
    const known = choice === "light" || choice === "dark";
    if (known) root.dataset.theme = choice;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `theme=${known ? choice : ""};path=/;samesite=lax;max-age=${known ? 31536000 : 0}${secure}`;
    for (const other of document.querySelectorAll("[data-theme-choice]"))
      other.setAttribute("aria-pressed", String(other.dataset.themeChoice === choice));
  });

  // ── Menus close on a click elsewhere and on Escape ─────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("focusout", (event) => {
    const menu = closest(event, "details.menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });

  // ── `/` goes to the search box ─────────────────────────────────────────────────────────────────
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (closest(event, "input, textarea, select, [contenteditable], dialog")) return;
    const box = document.querySelector("main [data-search]") ?? document.querySelector("[data-search], [data-finder-box]");
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // ── Toasts ─────────────────────────────────────────────────────────────────────────────────────
  const toasts = document.getElementById("toasts");
  const LINGER = 8000;

  function linger(toast) {
    if (toast.dataset.stay !== undefined || toast.dataset.timed !== undefined) return;
    toast.dataset.timed = "";
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), LINGER));
    const stop = () => clearTimeout(timer);
    // Whoever is reading it, or has the keyboard in it, keeps it.
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    start();
  }

  function say(text, tone = "danger") {
    const pattern = document.getElementById("toast-pattern");
    if (!toasts || !pattern || !text) return;
    for (const old of toasts.querySelectorAll("[data-said]")) old.remove();
    const toast = pattern.content.firstElementChild.cloneNode(true);
    toast.classList.add(`tone-${tone}`);
    toast.dataset.said = "";
    toast.querySelector(".toast-text").textContent = text;
    toasts.append(toast);
    linger(toast);
  }

  if (toasts) {
    // A live region says only what changes after it is there, so the page's first messages are said by hand.
    const first = [...toasts.querySelectorAll(".toast")];
    for (const toast of first) linger(toast);
    if (first.length) announce(first.map((toast) => toast.querySelector(".toast-text").textContent.trim()).join(" "));
    new MutationObserver((changes) => {
      for (const change of changes)
        for (const node of change.addedNodes)
          if (node instanceof Element && node.matches(".toast")) linger(node);
    }).observe(toasts, { childList: true });
  }
  document.addEventListener("click", (event) => closest(event, ".toast-close")?.closest(".toast").remove());

  // ── Copy ───────────────────────────────────────────────────────────────────────────────────────
  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Plain http on a local network has no clipboard API.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr-only";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copy refused");
  }

  document.addEventListener("click", async (event) => {
    const button = closest(event, "[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom;
    const source = from ? document.querySelector(from) : null;
    const text = source ? (source.value ?? source.textContent.trim()) : button.dataset.copy;
    try {
      await copy(text ?? "");
      button.dataset.copied = "";
      announce(words.copied);
      button.focus();
      setTimeout(() => delete button.dataset.copied, 1600);
    } catch {
      say(words.notCopied);
    }
  });

  function announce(text) {
    const place = document.getElementById("announcer");
    if (!place || !text) return;
    place.textContent = "";
    requestAnimationFrame(() => (place.textContent = text));
  }

  // ── Show a password ────────────────────────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-reveal]");
    const input = button && document.getElementById(button.dataset.reveal);
    if (!input) return;
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.setAttribute("aria-pressed", String(hidden));
  });

  // ── Confirm, busy, and never twice ─────────────────────────────────────────────────────────────
  const confirmed = new WeakSet();

  /** Ask in the page's own dialog; resolves to true or false. */
  function ask(source, text) {
    const dialog = document.getElementById("confirm");
    if (!dialog?.showModal) return Promise.resolve(window.confirm(text));
    const part = (name) => dialog.querySelector(`[data-confirm-part="${name}"]`);
    const yes = part("yes");
    part("title").textContent = source.dataset.confirmTitle || words.confirmTitle;
    part("text").textContent = text;
    yes.textContent = source.dataset.confirmLabel || words.confirmLabel;
    const danger = source.dataset.confirmTone === "danger";
    yes.classList.toggle("button-danger", danger);
    yes.classList.toggle("button-primary", !danger);
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) =>
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
    );
  }

  function busy(form, submitter, on) {
    const button = submitter ?? form.querySelector("button[type=submit], button:not([type])");
    if (on) {
      form.dataset.busy = "";
      form.setAttribute("aria-busy", "true");
      button?.setAttribute("aria-busy", "true");
    } else {
      delete form.dataset.busy;
      form.removeAttribute("aria-busy");
      for (const each of form.querySelectorAll("[aria-busy]")) each.removeAttribute("aria-busy");
      if (form.id)
        for (const each of document.querySelectorAll(`[form="${CSS.escape(form.id)}"][aria-busy]`))
          each.removeAttribute("aria-busy");
    }
  }

  // In the capture phase: before htmx, whose listeners sit on the form itself.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const submitter = event.submitter;
      const method = submitter?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get";
      const byHtmx = form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");
      if (method === "dialog") return;
      const source = [submitter, form].find((each) => each?.dataset.confirm);
      if (source && !confirmed.has(form)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        ask(source, source.dataset.confirm).then((yes) => {
          if (!yes) return;
          confirmed.add(form);
          form.requestSubmit(submitter);
        });
        return;
      }
      confirmed.delete(form);
      if (method.toLowerCase() !== "post" && !byHtmx) return;
      if (form.dataset.busy !== undefined) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      busy(form, submitter, true);
      // A download leaves this page standing.
      if (form.dataset.download !== undefined) setTimeout(() => busy(form, submitter, false), 2500);
    },
    true,
  );

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form");
    if (form) busy(form, null, false);
  });
  // Back from the next page: the browser shows the old one as it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.querySelectorAll("form[data-busy]")) busy(form, null, false);
  });

  document.addEventListener("htmx:confirm", (event) => {
    const question = event.detail.question;
    if (!question) return;
    event.preventDefault();
    ask(event.detail.elt, question).then((yes) => {
      if (yes) event.detail.issueRequest(true);
      else {
        const form = event.detail.elt.closest("form");
        if (form) busy(form, null, false);
      }
    });
  });

  // Dialogs by their own buttons: <button data-dialog="id">; a click on the backdrop closes.
  document.addEventListener("click", (event) => {
    const opener = closest(event, "[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    if (event.target instanceof HTMLDialogElement && event.target.matches(".dialog")) event.target.close();
  });

  // ── htmx: what to say when an answer doesn't come ──────────────────────────────────────────────
  // A part that refreshes by itself (data-silent) says nothing: the next try may work.
  const silent = (event) => event.detail.elt?.closest?.("[data-silent]");
  document.addEventListener("htmx:sendError", (event) => silent(event) || say(words.offline));
  document.addEventListener("htmx:timeout", (event) => silent(event) || say(words.slow));
  document.addEventListener("htmx:responseError", (event) => {
    if (silent(event)) return;
    const status = event.detail.xhr.status;
    say({ 403: words.forbidden, 404: words.gone, 429: words.tooMany }[status] ?? words.failed);
  });
  document.addEventListener("htmx:afterSettle", (event) => render(event.target));

  // ── Times: relative, kept up to date, the exact one on hover in the reader's zone ──────────────
  const zone = root.dataset.zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "always" });
  let exact;
  try {
    exact = clock(zone);
  } catch {
    exact = clock("UTC");
  }

  /** A formatter for `2026-11-24 11:14:05 GMT+8`; throws when the zone is unknown to this browser. */
  function clock(timeZone) {
    const form = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    });
    return (moment) => {
      const part = {};
      for (const { type, value } of form.formatToParts(moment)) part[type] = value;
      return {
        date: `${part.year}-${part.month}-${part.day}`,
        full: `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`,
      };
    };
  }

  const STEPS = [
    ["minute", 60],
    ["hour", 3600],
    ["day", 86400],
  ];

  function since(moment) {
    const seconds = Math.round((moment - Date.now()) / 1000);
    const size = Math.abs(seconds);
    if (size < 60) return words.now;
    if (size >= 30 * 86400) return exact(moment).date;
    const [unit, length] = STEPS.findLast(([, step]) => size >= step);
    return relative.format(Math.trunc(seconds / length), unit);
  }

  function times(within) {
    for (const element of within.querySelectorAll("time[data-relative]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.valueOf())) continue;
      const text = since(moment);
      if (text && element.textContent !== text) element.textContent = text;
      element.title = exact(moment).full;
    }
  }
  setInterval(() => document.hidden || times(document), 15000);
  document.addEventListener("visibilitychange", () => document.hidden || times(document));

  // ── Order total: whole micros of USD as BigInt, the rounding of core/money.py ──────────────────
  const GROUPS = /\B(?=(\d{3})+$)/g;

  function show(micros) {
    const size = micros < 0n ? -micros : micros;
    const decimals = (size % 1000000n).toString().padStart(6, "0").replace(/0+$/, "").padEnd(2, "0");
    return `${micros < 0n ? "−" : ""}$${(size / 1000000n).toString().replace(GROUPS, ",")}.${decimals}`;
  }

  /** `≈ €12.30` of so many micros in the shop's second currency: to read, never to pay, so a float will do. */
  function about(form, micros) {
    const { second, secondRate } = form.dataset;
    if (!second) return "";
    const value = (Number(micros) / 1e6) * Number(secondRate);
    const small = value !== 0 && value < 1;
    const shape = { style: "currency", currency: second, ...(small && { maximumSignificantDigits: 2 }) };
    return `≈\u00a0${new Intl.NumberFormat(root.lang || "en", shape).format(value)}`;
  }

  function total(form) {
    const field = form.querySelector("[data-quantity]");
    const typed = field?.value.trim() ?? "";
    const put = (name, text) => {
      for (const place of form.querySelectorAll(`[data-total="${name}"]`)) place.textContent = text;
    };
    const short = form.querySelector("[data-total-short]");
    if (!/^\d{1,12}$/.test(typed)) {
      put("charge", "–");
      put("approx", "–");
      put("after", "–");
      if (short) short.hidden = true;
      return;
    }
    const step = BigInt(form.dataset.step || "100");
    const quantity = BigInt(typed);
    // `1000:1100000 …`: from so many pieces on, the micros of one rate unit.
    const steps = (form.dataset.steps ?? "").trim().split(" ").filter(Boolean).map((text) => text.split(":").map(BigInt));
    const price = steps.findLast(([start]) => start <= quantity)?.[1] ?? BigInt(form.dataset.price);
    const whole = price * quantity;
    const unit = BigInt(form.dataset.per || "1") * step;
    const runs = form.querySelector("[data-runs]")?.value.trim() ?? "";
    const charge = ((whole + unit - 1n) / unit) * step * (/^[1-9]\d{0,5}$/.test(runs) ? BigInt(runs) : 1n);
    put("charge", show(charge));
    put("approx", about(form, charge));
    if (form.dataset.balance !== undefined) {
      const after = BigInt(form.dataset.balance) - charge;
      put("after", show(after));
      if (short) short.hidden = after >= 0n;
    }
  }

  document.addEventListener("input", (event) => {
    const form = closest(event, "[data-order-total]");
    if (form) total(form);
  });

  // ── Time zone: offer the browser's own ─────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-use-zone]");
    const select = button && document.getElementById(button.dataset.useZone);
    if (!select) return;
    const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (![...select.options].some((option) => option.value === mine)) select.add(new Option(mine, mine));
    select.value = mine;
    select.focus();
  });

  // ── At the start, and in whatever htmx brings ──────────────────────────────────────────────────
  function render(within) {
    times(within);
    for (const form of within.querySelectorAll("[data-order-total]")) total(form);
  }
  render(document);

  // What folds on phones is open on a wide screen: CSS shows it from the start, and this tells screen readers
  // (and browsers without ::details-content).
  if (matchMedia("(min-width: 56rem)").matches)
    for (const fold of document.querySelectorAll("details.fold-phone")) fold.open = true;

  document.querySelector("main [aria-invalid=true]")?.focus();
})();
