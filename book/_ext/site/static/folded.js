// A link to what is folded, or into it, opens it.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  let folded = target?.closest("details");
  if (!target || !folded) return;
  for (; folded; folded = folded.parentElement?.closest("details")) folded.open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", reveal);
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? target.closest("a") : null;
  if (link?.hash && link.href === location.href) reveal(); // the address stays as it is, and nothing else is told
});
reveal();
