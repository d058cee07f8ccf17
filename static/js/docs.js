// The API page: the reader's key in every example, their language, and forms that try an action.
// The key stays in this page: it is kept nowhere, and goes out with a form that is sent, to this shop alone.
(() => {
  "use strict";

  const field = document.getElementById("key-field");
  const words = document.getElementById("docs-words")?.dataset;
  const placeholder = document.querySelector(".docs")?.dataset.placeholder;
  if (!field || !words || !placeholder) return;

  // Letters and digits only, as keys have: nothing that would mean something in the reader's shell.
  const key = () => field.value.trim().replace(/[^\w-]/g, "");

  function fill() {
    for (const place of document.querySelectorAll("[data-key]")) place.textContent = key() || placeholder;
  }
  field.addEventListener("input", fill);
  // The browser may bring a value back after this ran.
  addEventListener("pageshow", fill);
  fill();

  // ── The language, remembered on this machine ───────────────────────────────────────────────────
  const radios = document.querySelectorAll("[name=docs-language]");
  let chosen = null;
  try {
    chosen = localStorage.getItem("docs-language");
  } catch {
    // Storage is off: then nothing is remembered.
  }
  for (const radio of radios) {
    if (radio.value === chosen) radio.checked = true;
    radio.addEventListener("change", () => {
      try {
        localStorage.setItem("docs-language", radio.value);
      } catch {
        // As above.
      }
    });
  }

  // ── Try it ─────────────────────────────────────────────────────────────────────────────────────
  const PATIENCE = 40000;

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.try === undefined) return;
    event.preventDefault();
    if (form.dataset.busy !== undefined) return;
    const note = form.querySelector("[data-try-note]");
    const place = form.querySelector("[data-try-answer]");
    const button = form.querySelector("button[type=submit]");
    if (!key()) {
      note.textContent = words.noKey;
      field.focus();
      return;
    }
    const sent = new URLSearchParams({ key: key() });
    for (const [name, value] of new FormData(form)) if (String(value).trim()) sent.set(name, value);
    form.dataset.busy = "";
    button.setAttribute("aria-busy", "true");
    note.textContent = words.sending;
    const began = performance.now();
    try {
      const answer = await fetch(form.dataset.try, {
        method: "POST",
        body: sent,
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
      });
      place.textContent = pretty(await answer.text());
      place.hidden = false;
      note.textContent = words.took
        .replace("{status}", answer.status)
        .replace("{ms}", Math.round(performance.now() - began));
    } catch {
      place.hidden = true;
      note.textContent = words.lost;
    } finally {
      delete form.dataset.busy;
      button.removeAttribute("aria-busy");
    }
  });

  /** JSON with line breaks; whatever is none stays as it came. */
  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
})();
