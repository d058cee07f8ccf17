/* On a phone the tabs of the settings are wider than the screen: bring the one that is open into view. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const open = document.querySelector(".tabs [aria-current]");
  if (open) open.parentElement.scrollLeft = open.offsetLeft - (open.parentElement.clientWidth - open.offsetWidth) / 2;
});
