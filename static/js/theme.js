// For the pages that the server can't fill in (400, 500): the chosen theme, before anything is painted.
(() => {
  const choice = /(?:^|; )theme=(light|dark)/.exec(document.cookie);
  if (choice) document.documentElement.dataset.theme = choice[1];
})();
