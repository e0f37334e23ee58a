// Exchanges the code of a link for a cookie. The code stands behind the #, where no server and no log sees it.
"use strict";
const said = document.getElementById("said");
const form = document.getElementById("enter");
const field = document.getElementById("code");

async function enter(code) {
  said.textContent = "Signing in …";
  let answer;
  try {
    answer = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
  } catch {
    said.textContent = "The gateway does not answer. Is it running? Start it with: fased gateway";
    return;
  }
  if (answer.ok) {
    location.replace("/");
    return;
  }
  const { error } = await answer.json();
  said.textContent = `${error.message} Make a new link with the command below.`;
  field.value = "";
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter(field.value);
});

const code = new URLSearchParams(location.hash.slice(1)).get("code");
if (code) {
  history.replaceState(null, "", location.pathname);
  enter(code);
}
