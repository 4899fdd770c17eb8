// What the theme's buttons do, and what it writes into their attributes, where the site's policy lets no script run.
document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  if (target.closest(".btn-download-pdf-button")) print();
  if (target.closest(".btn-fullscreen-button")) globalThis.toggleFullScreen(); // of the theme
});
