// Suggestions under the search box: an ARIA combobox with a listbox. Without this script the form works as it is.
// While an input method composes (isComposing, keyCode 229) keys belong to it: Enter and the arrows choose its candidates.
"use strict";

const DELAY = 150; // milliseconds after the last key

function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

function attachSuggestions(form) {
  const input = form.querySelector("input[name=q]");
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "建议");
  status.className = "hidden";
  status.setAttribute("role", "status");
  form.append(list, status);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let typed = input.value;
  let active = -1;
  let timer = 0;
  let request = null;

  function close() {
    window.clearTimeout(timer);
    if (request) request.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    status.textContent = "";
  }

  function show(texts) {
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...texts.map((text, position) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${position}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = text;
        return option;
      }),
    );
    list.hidden = texts.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = list.hidden ? "" : `有 ${texts.length} 条建议`;
  }

  function activate(position) {
    const options = list.children;
    active = ((position + 1 + options.length + 1) % (options.length + 1)) - 1; // -1: what was typed
    for (const [each, option] of [...options].entries()) {
      option.setAttribute("aria-selected", String(each === active));
    }
    if (active < 0) {
      input.value = typed;
      input.removeAttribute("aria-activedescendant");
    } else {
      input.value = options[active].textContent;
      input.setAttribute("aria-activedescendant", options[active].id);
      options[active].scrollIntoView({ block: "nearest" });
    }
  }

  async function ask() {
    const text = typed.trim();
    if (!text) return close();
    if (request) request.abort();
    request = new AbortController();
    try {
      const address = `${form.dataset.suggest}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(address, { signal: request.signal });
      if (answer.ok) show((await answer.json()).hits.map((hit) => hit.text));
    } catch (error) {
      if (error.name !== "AbortError") close(); // no network: the form still works
    }
    return undefined;
  }

  function typing(event) {
    if (event.isComposing) return;
    typed = input.value;
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, DELAY);
  }

  input.addEventListener("input", typing);
  input.addEventListener("compositionend", typing);
  input.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      input.value = typed;
      close();
    } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      activate(active + (event.key === "ArrowDown" ? 1 : -1));
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the box
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    input.value = option.textContent;
    close();
    form.requestSubmit();
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
}

for (const form of document.querySelectorAll("form[data-suggest]")) attachSuggestions(form);

// "/" goes to the search box, unless something is being typed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || composing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const input = document.querySelector("form[data-suggest] input[name=q]");
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
});
