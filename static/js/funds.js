// Fee, bonus and total as one types: whole micros of USD as BigInt, the rounding of funds/offer.py. And printing.
(() => {
  "use strict";

  const CENT = 10000n;
  const GROUPS = /\B(?=(\d{3})+$)/g;

  function show(micros) {
    const decimals = (micros % 1000000n).toString().padStart(6, "0").replace(/0+$/, "").padEnd(2, "0");
    return `$${(micros / 1000000n).toString().replace(GROUPS, ",")}.${decimals}`;
  }

  function read(text) {
    const found = /^\$?\s*(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(text.trim());
    if (!found) return null;
    const amount = BigInt(found[1]) * 1000000n + BigInt((found[2] ?? "").padEnd(6, "0"));
    return amount > 0n ? amount : null;
  }

  // Hundredths of a percent, so 10,000 of them are the whole.
  function feeOf(amount, method) {
    const whole = amount * BigInt(method.dataset.percent) + BigInt(method.dataset.fixed) * 10000n;
    const unit = 10000n * CENT;
    return ((whole + unit - 1n) / unit) * CENT;
  }

  function bonusOf(amount, steps) {
    let best = null;
    for (const step of steps.split(" ").filter(Boolean)) {
      const [from, percent] = step.split(":").map(BigInt);
      if (from <= amount && (!best || from > best.from)) best = { from, percent };
    }
    return best ? ((amount * best.percent) / (10000n * CENT)) * CENT : 0n;
  }

  function reckon(form) {
    const amount = read(form.querySelector("[data-amount]").value);
    const put = (name, micros) => {
      for (const place of form.querySelectorAll(`[data-sum="${name}"]`))
        place.textContent = micros === null ? "–" : show(micros);
    };
    for (const method of form.querySelectorAll("[name=method]"))
      method.closest(".choice").querySelector("[data-method-total]").textContent =
        amount === null ? "" : show(amount + feeOf(amount, method));
    const chosen = form.querySelector("[name=method]:checked");
    if (amount === null || !chosen) {
      for (const name of ["amount", "fee", "total", "bonus", "credited"]) put(name, null);
      return;
    }
    const fee = feeOf(amount, chosen);
    const bonus = bonusOf(amount, form.dataset.steps);
    put("amount", amount);
    put("fee", fee);
    put("total", amount + fee);
    put("bonus", bonus);
    put("credited", amount + bonus);
  }

  const form = document.querySelector("[data-funds]");
  if (form) {
    form.addEventListener("input", () => reckon(form));
    for (const button of form.querySelectorAll("[data-preset]"))
      button.addEventListener("click", () => {
        form.querySelector("[data-amount]").value = button.dataset.preset;
        reckon(form);
      });
    reckon(form);
  }

  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
})();
