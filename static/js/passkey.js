/* Passkeys: ties allauth's WebAuthn to the buttons that ask for it. A button says what it does (`data-passkey`: add,
   login, authenticate), where the answer goes (`data-credential`), and what to say when it does not work. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const forms = window.allauth.webauthn.forms;
  const names = { add: "addForm", login: "loginForm", authenticate: "authenticateForm" };
  let asked = null;

  const said = (button) => document.getElementById(button.dataset.says);
  const say = (button, text) => {
    const place = said(button);
    place.querySelector("[data-text]").textContent = text;
    place.hidden = !text;
  };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      button.disabled = true;
      say(button, button.dataset.unable);
      continue;
    }
    // Before allauth's own listener, so that an old complaint is gone while the browser asks.
    button.addEventListener("click", () => {
      asked = button;
      say(button, "");
    });
    const kind = button.dataset.passkey;
    const ids = { [kind]: button.id, credential: button.dataset.credential };
    if (kind !== "login") ids.data = "js_data";
    if (button.dataset.passwordless) ids.passwordless = button.dataset.passwordless;
    forms[names[kind]]({ ids });
  }

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    if (!asked) return;
    const known = event.detail.exception && event.detail.exception.name === "InvalidStateError";
    say(asked, known && asked.dataset.known ? asked.dataset.known : asked.dataset.failed);
  });
});
