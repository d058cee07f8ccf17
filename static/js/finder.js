// The search box in the header: what it finds drops down while somebody types. htmx brings the options; this opens
// and closes the list, and walks through it by arrow keys. Without scripts the box is a plain form.
(() => {
  "use strict";

  const finder = document.querySelector("[data-finder]");
  if (!finder) return;
  const box = finder.querySelector("[data-finder-box]");
  const panel = document.getElementById("finder-found");
  const options = () => [...panel.querySelectorAll("[role=option]")];

  function open(on) {
    panel.hidden = !on;
    box.setAttribute("aria-expanded", String(on));
    if (!on) choose(null);
  }

  function choose(option) {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  }

  const chosen = () => panel.querySelector("[aria-selected=true]");
  const filled = () => panel.childElementCount > 0;

  panel.addEventListener("htmx:afterSwap", () => {
    box.removeAttribute("aria-activedescendant");
    open(filled() && document.activeElement === box);
  });
  box.addEventListener("focus", () => filled() && box.value.trim() && open(true));
  box.addEventListener("input", () => {
    if (box.value.trim()) return;
    panel.replaceChildren();
    open(false);
  });

  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      if (panel.hidden) box.blur();
      // The browser would empty the box; the list alone goes.
      else event.preventDefault();
      open(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = options();
      if (!all.length) return;
      event.preventDefault();
      open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = all.indexOf(chosen());
      choose(all[from < 0 && step < 0 ? all.length - 1 : (from + step + all.length) % all.length]);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      chosen().click();
    }
  });

  // Closed by a click elsewhere, and by the keyboard leaving it.
  document.addEventListener("pointerdown", (event) => finder.contains(event.target) || open(false));
  finder.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !finder.contains(event.relatedTarget)) open(false);
  });
})();
