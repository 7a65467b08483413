// The list under the search box: suggestions, and for an empty box recent and hot queries. An ARIA combobox with a listbox.
// Without this script, and while the API is away, the form works as it is. Recent queries stay in this browser.
// While an input method composes (isComposing, keyCode 229) keys belong to it: Enter and the arrows choose its candidates.
"use strict";

const DELAY = 150; // milliseconds after the last key
const USUAL_WAIT = 5; // seconds, if a 429 does not say
const RECENT = "recent-queries"; // the name in the browser's storage
const MOST_RECENT = 8;

function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

// The queries that this browser sent, the last one first. A browser may forbid the storage: then there are none.
function recentQueries() {
  try {
    const kept = JSON.parse(window.localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string").slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}

function keepRecent(queries) {
  try {
    window.localStorage.setItem(RECENT, JSON.stringify(queries.slice(0, MOST_RECENT)));
  } catch {
    // forbidden or full: nothing is kept
  }
}

// An article's day, as the pages tell it. The API writes times in the service's zone.
function dayOf(time) {
  const [year, month, day] = time.slice(0, 10).split("-").map(Number);
  return `${year === new Date().getFullYear() ? "" : `${year}年`}${month}月${day}日`;
}

function attachSuggestions(form) {
  const input = form.querySelector("input[name=q]");
  const id = `${input.id}-suggestions`;
  const list = make("div", { id, class: "suggestions", role: "listbox", "aria-label": "建议" });
  const status = make("p", { class: "hidden", role: "status" });
  list.hidden = true;
  form.append(list, status);
  const erase = make("button", { type: "button", class: "erase", "aria-label": "清空搜索词" }); // hidden while the box is empty
  input.after(erase);
  const combobox = { role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": id };
  for (const [name, value] of Object.entries(combobox)) input.setAttribute(name, value);

  let typed = input.value;
  let active = -1;
  let timer = 0;
  let request = null;
  let quietUntil = 0; // when the server may be asked again
  let hot = null; // the hot queries, once the server gave them
  let asking = false; // whether it is asked for them
  let focusedByPage = input.autofocus && document.activeElement !== input; // no list opens by itself

  const options = () => [...list.querySelectorAll("[role=option]")];

  function close() {
    window.clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    status.textContent = "";
  }

  function show(groups) {
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...groups.filter((group) => group.childElementCount > 0));
    const shown = options();
    for (const [place, option] of shown.entries()) {
      option.id = `${id}-${place}`;
      option.setAttribute("aria-selected", "false");
    }
    list.hidden = shown.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const count = shown.filter((option) => !option.matches(".clear")).length;
    status.textContent = list.hidden ? "" : `有 ${count} 条建议`;
  }

  function group(name, made) {
    const heading = name !== "词语" && made.length > 0 && make("div", { class: "group-name", "aria-hidden": "true" }, name);
    return make("div", { role: "group", "aria-label": name }, heading, ...made);
  }

  // An option that puts a text into the box and searches for it.
  function query(text, kind, ...shown) {
    const option = make("div", { role: "option", class: kind }, make("span", { class: "text" }, ...shown));
    option.dataset.text = text;
    return option;
  }

  function suggested(hit) {
    const characters = [...hit.text];
    const texts = [
      hit.typed > 0 && make("mark", {}, characters.slice(0, hit.typed).join("")),
      characters.slice(hit.typed).join(""),
    ].filter(Boolean);
    if (hit.kind !== "title") return query(hit.text, hit.kind, ...texts);
    const onPortal = form.dataset.links !== "preview" && /^https?:\/\//i.test(hit.url);
    const href = onPortal ? hit.url : `${form.dataset.articles}?id=${encodeURIComponent(hit.id)}`;
    const facts = [hit.source, hit.published_at && dayOf(hit.published_at)].filter(Boolean).join(" ");
    return make("a", { role: "option", class: "title", href, tabindex: "-1" },
      make("span", { class: "text" }, ...texts), facts && make("span", { class: "about" }, facts));
  }

  function recent(text) {
    const option = query(text, "recent", text);
    option.setAttribute("aria-keyshortcuts", "Delete");
    option.append(make("span", { class: "remove", title: "删除", "aria-hidden": "true" }, "×"));
    return option;
  }

  // What an empty box offers.
  function start() {
    const queries = recentQueries();
    const others = (hot ?? []).filter((text) => !queries.includes(text));
    const clear = make("div", { role: "option", class: "clear" }, "清除最近搜索");
    show([
      group("最近搜索", queries.length ? [...queries.map(recent), clear] : []),
      group("热门搜索", others.map((text) => query(text, "asked", text))),
    ]);
  }

  async function open() {
    if (input.value.trim()) return ask();
    start();
    if (hot !== null || asking || Date.now() < quietUntil) return undefined;
    asking = true;
    const answer = await fetched(form.dataset.hot);
    asking = false;
    hot = answer ? answer.hits.map((hit) => hit.text) : null;
    if (hot?.length && active < 0 && !input.value && document.activeElement === input) start();
    return undefined;
  }

  function remove(text) {
    keepRecent(recentQueries().filter((each) => each !== text));
    input.value = typed;
    start();
  }

  function activate(place) {
    const shown = options();
    const choices = shown.length + 1; // with what was typed, at -1
    active = ((place + 1 + choices) % choices) - 1;
    for (const [each, option] of shown.entries()) option.setAttribute("aria-selected", String(each === active));
    const option = shown[active];
    input.value = option?.dataset.text ?? typed; // a title opens its article: it is no query
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    return option.scrollIntoView({ block: "nearest" });
  }

  // The body of a good answer. Undefined if another request came, null if there is none: the form works without.
  async function fetched(address) {
    request?.abort();
    const mine = (request = new AbortController());
    try {
      const answer = await fetch(address, { signal: mine.signal });
      if (answer.ok) return await answer.json();
      const wait = Number(answer.headers.get("Retry-After")) || (answer.status === 429 ? USUAL_WAIT : 0);
      quietUntil = Date.now() + wait * 1000;
    } catch (error) {
      if (error.name === "AbortError") return undefined;
    }
    return null;
  }

  async function ask() {
    const text = input.value.trim();
    if (!text) return open();
    if (Date.now() < quietUntil) return close();
    const answer = await fetched(`${form.dataset.suggest}?q=${encodeURIComponent(text)}`);
    if (answer === null) close();
    if (!answer || document.activeElement !== input) return undefined;
    const made = (titles) => answer.hits.filter((hit) => (hit.kind === "title") === titles).map(suggested);
    return show([group("词语", made(false)), group("文章", made(true))]);
  }

  function typing(event) {
    if (event.isComposing) return;
    typed = input.value;
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, DELAY);
  }

  function choose(option) {
    if (option.matches(".clear")) {
      keepRecent([]);
      input.value = typed;
      return start();
    }
    input.value = option.dataset.text;
    close();
    return form.requestSubmit();
  }

  function key(event) {
    const option = options()[active];
    if (event.key === "Escape") {
      event.preventDefault();
      input.value = typed;
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      activate(active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && option) {
      event.preventDefault();
      if (option.href) option.click();
      else choose(option);
    } else if (event.key === "Delete" && option?.matches(".recent")) {
      event.preventDefault();
      const place = active;
      remove(option.dataset.text);
      if (!list.hidden && place < recentQueries().length) activate(place);
    } else if ((event.key === "Home" || event.key === "End") && option) {
      const text = input.value; // the keys move in the text from here on
      typed = text;
      activate(-1);
    }
  }

  input.addEventListener("input", typing);
  input.addEventListener("compositionend", typing);
  input.addEventListener("compositionstart", () => { if (!input.value) close(); });
  input.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (!list.hidden) key(event);
    else if (event.key === "ArrowDown" && !event.shiftKey) {
      event.preventDefault();
      open();
    }
  });
  input.addEventListener("focus", () => {
    if (!focusedByPage && !input.value) open();
    focusedByPage = false;
  });
  erase.addEventListener("click", () => {
    typed = input.value = "";
    input.focus(); // which opens the list
  });
  input.addEventListener("click", () => { if (list.hidden && !input.value) open(); });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the box
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    if (event.target.matches(".remove")) remove(option.dataset.text);
    else if (!option.href) choose(option);
    else if (!event.ctrlKey && !event.metaKey && !event.shiftKey) close(); // the browser follows the link
  });
  form.addEventListener("submit", () => {
    const text = input.value.trim();
    if (text) keepRecent([text, ...recentQueries().filter((each) => each !== text)]);
    close();
  });
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
