// Before the first paint: the theme that the reader chose, or else the system's. Without scripts a page is light.
{
  const { dataset } = document.documentElement;
  let chosen = null;
  try {
    chosen = localStorage.getItem("mode");
  } catch {} // where the browser may keep nothing
  dataset.mode = chosen === "light" || chosen === "dark" ? chosen : "auto";
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  dataset.theme = dataset.mode === "auto" ? system : dataset.mode;
}
