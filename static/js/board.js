// What the pages of numbers do beyond HTML: letters for flags, the stepper of the form, and on the live board the
// countdowns and the announcement of what is new, with sound and tab title for those who switched them on.
(() => {
  "use strict";

  // ── Flags: where the system's fonts have none, two boxes or letters stand apart and are as wide as both ────────
  const pen = document.createElement("canvas").getContext("2d");
  if (pen) {
    pen.font = '32px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
    const wide = (text) => pen.measureText(text).width;
    const [u, s] = ["\u{1F1FA}", "\u{1F1F8}"];
    if (wide(u + s) > 0.9 * (wide(u) + wide(s))) document.documentElement.classList.add("no-flags");
  }

  // ── Stepper: buttons and arrow keys count within the bounds ────────────────────────────────────
  function step(field, by) {
    const most = Number(field.dataset.most);
    const typed = /^\d{1,4}$/.test(field.value.trim()) ? Number(field.value) : by > 0 ? 0 : 2;
    field.value = String(Math.min(most, Math.max(1, typed + by)));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-step-by]") : null;
    const field = button?.closest(".sms-stepper").querySelector("[data-most]");
    if (field) step(field, Number(button.dataset.stepBy));
  });
  document.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || !(event.target instanceof Element) || !event.target.matches(".sms-stepper [data-most]")) return;
    event.preventDefault();
    step(event.target, by);
  });

  if (!document.getElementById("board")) return;

  // ── Countdowns: by the server's clock, whatever the visitor's own says ─────────────────────────
  let ahead = 0;

  function tick() {
    for (const place of document.querySelectorAll("[data-countdown]")) {
      const left = Math.ceil((Date.parse(place.dateTime) - (Date.now() - ahead)) / 1000);
      if (Number.isNaN(left)) continue;
      const rest = Math.max(left, 0);
      const pad = (count) => String(count).padStart(2, "0");
      const hours = Math.floor(rest / 3600);
      const text = `${hours ? `${hours}:` : ""}${pad(Math.floor((rest % 3600) / 60))}:${pad(rest % 60)}`;
      if (place.textContent !== text) place.textContent = text;
      place.toggleAttribute("data-hurry", rest < 60);
    }
  }

  function begin(board) {
    const now = Date.parse(board.dataset.now);
    if (!Number.isNaN(now)) ahead = Date.now() - now;
    tick();
  }
  setInterval(() => document.hidden || tick(), 1000);

  // ── What is new: said to screen readers, shown, and on demand heard ────────────────────────────
  const known = new Set();
  const news = document.getElementById("news");
  const title = document.title;
  let unseen = 0;

  function messages() {
    return [...document.querySelectorAll("#board [data-message]")];
  }

  function look() {
    const fresh = messages().filter((message) => !known.has(message.dataset.message));
    for (const message of fresh) known.add(message.dataset.message);
    return fresh;
  }

  function tell(fresh) {
    const said = (message) => message.querySelector("[data-code]")?.textContent.trim() ?? "";
    // The pattern comes translated; digits apart, so that they are read one by one.
    news.textContent = fresh
      .map((message) => {
        const code = said(message);
        const spoken = /^\d{3,12}$/.test(code) ? [...code].join(" ") : code;
        return news.dataset.news.replace("{site}", () => message.dataset.site).replace("{code}", () => spoken);
      })
      .join(" ");
    for (const message of fresh) message.classList.add("changed");
    if (!alarm?.checked) return;
    unseen += fresh.length;
    document.title = `(${unseen}) ${said(fresh[0]).slice(0, 40)} · ${title}`;
    ring();
  }

  function seen() {
    if (document.hidden || !unseen) return;
    unseen = 0;
    document.title = title;
  }
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, seen);
  window.addEventListener("focus", seen);

  // ── Sound: two short notes, no file ────────────────────────────────────────────────────────────
  const KEY = "sms-alarm";
  const alarm = document.getElementById("alarm");
  let audio;

  function kept() {
    try {
      return localStorage.getItem(KEY) === "on";
    } catch {
      return false; // storage is forbidden here
    }
  }

  function keep(on) {
    try {
      localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      // It holds for this page then.
    }
  }

  /** Browsers give sound only after a touch, a click or a key. */
  function wake() {
    if (!alarm?.checked || !window.AudioContext) return;
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume().catch(() => {});
  }

  function ring() {
    if (audio?.state !== "running") return;
    for (const [after, pitch] of [
      [0, 660],
      [0.16, 880],
    ]) {
      const at = audio.currentTime + after;
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.2, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    }
  }

  if (alarm) {
    alarm.checked = kept();
    alarm.addEventListener("change", () => {
      keep(alarm.checked);
      if (!alarm.checked) return;
      wake();
      audio?.resume().then(ring, () => {});
    });
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wake);
    window.addEventListener("storage", (event) => {
      if (event.key === KEY) alarm.checked = event.newValue === "on";
    });
  }

  // ── Polling: rests while nobody looks and nobody wants to hear ─────────────────────────────────
  const stale = document.getElementById("stale");
  const ours = (event) => event.detail.elt?.id === "board";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (ours(event) && document.hidden && !alarm?.checked) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    seen();
    tick();
    const board = document.getElementById("board");
    if (board?.hasAttribute("hx-get")) window.htmx?.trigger(board, "renew");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!ours(event)) return;
    stale.hidden = event.detail.successful;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const board = document.getElementById("board");
    if (!board) return;
    begin(board);
    const fresh = look();
    if (fresh.length) tell(fresh);
  });

  look();
  begin(document.getElementById("board"));
})();
