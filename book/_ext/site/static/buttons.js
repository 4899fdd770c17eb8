// What the theme's buttons do in attributes, where the site's policy lets no script run.
document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  if (target.closest(".btn-download-pdf-button")) print();
  if (target.closest(".btn-fullscreen-button")) {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.(); // a phone may lack it
  }
});
