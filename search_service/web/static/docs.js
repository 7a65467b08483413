// Sends the requests that are typed on the page of the API, and shows the answers. Without this script the page describes all the same.
"use strict";

const MOST_SHOWN = 100_000; // characters; a browser takes seconds to lay out more

function asked(form) {
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("input")) {
    const { name, value } = field;
    if (field.dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.append(name, value);
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const [said, shown] = [form.querySelector("[role=status]"), form.querySelector("pre")];
  const headers = {};
  const key = document.getElementById("key")?.value.trim();
  if (key) headers.Authorization = `Bearer ${key}`;
  const body = form.querySelector("textarea")?.value;
  if (body) headers["Content-Type"] = form.dataset.type;
  const address = asked(form);
  said.textContent = "…";
  try {
    const answer = await fetch(address, { method: form.dataset.method, headers, body });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get("Content-Type") ?? "");
    shown.textContent = (json ? JSON.stringify(JSON.parse(text), null, 2) : text).slice(0, MOST_SHOWN);
    shown.hidden = !text;
    said.textContent = `${form.dataset.method} ${address}: ${answer.status} ${answer.statusText}`;
  } catch (error) {
    shown.hidden = true;
    said.textContent = `${form.dataset.method} ${address}: ${error.message}`;
  }
}

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) named.open = true;
}

for (const form of document.querySelectorAll("form.try")) {
  form.hidden = false;
  form.addEventListener("submit", send);
}
addEventListener("hashchange", openNamed);
openNamed();
