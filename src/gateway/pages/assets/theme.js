// Before anything is painted: the theme somebody chose for this browser. Without a choice the system's is taken.
"use strict";
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
