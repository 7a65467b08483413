// The elements of a portal's pages: <portal-search>, <portal-results>, <portal-related>, <portal-hot>, <portal-latest>,
// <portal-blocks>. docs/elements.md describes them. A page needs this script and nothing else. Whatever fails, an element
// shows nothing and says why by an event; the page stays as it is. No inline style, no innerHTML: a strict policy allows both.
"use strict";

(() => {
  if (customElements.get("portal-blocks")) return; // the page names the script twice
  const BASE = new URL(".", document.currentScript.src); // the service's address, with the path that a proxy put before it
  const DELAY = 150; // milliseconds after the last key
  const PATIENCE = 10_000; // milliseconds for an answer; the service itself gives up after two seconds
  const LONGEST_WAIT = 60; // seconds that Retry-After may ask for; after a longer time nobody reads the page any more
  const USUAL_WAIT = 5; // seconds, if a 429 does not say
  const TEXT_LIMIT = 20_000; // characters of a page's text; more tell nothing more of what it is about
  const NAMES = { related: "相关阅读", hot: "热门文章", latest: "最新文章" };
  const TIMES = { "": "不限时间", day: "一天内", week: "一周内", month: "一月内", year: "一年内" };
  const SORTS = { relevance: "相关度", newest: "最新", oldest: "最早", hot: "热度" };
  const PARTS = "results, choices, choice, summary, note, list, item, link, snippet, facts, source, date, pages, page";

  const LOOKS = new CSSStyleSheet();
  LOOKS.replaceSync(`
    :host { display: block; line-height: 1.7; overflow-wrap: anywhere; line-break: strict; --round: var(--portal-radius, .4em);
      --mark: var(--portal-accent, #a32a1e); --soft: var(--portal-muted, color-mix(in srgb, currentColor 75%, transparent));
      --line: var(--portal-line, color-mix(in srgb, currentColor 18%, transparent)); }
    @supports (color: light-dark(red, red)) { :host { --mark: var(--portal-accent, light-dark(#a32a1e, #f08a7a)); } }
    :host([hidden]), [hidden] { display: none !important; }
    * { box-sizing: border-box; }
    h2, p, ul, ol { margin: 0; padding: 0; }
    h2 { margin-bottom: .6em; padding-bottom: .3em; border-bottom: 1px solid var(--line); font-size: 1.15em; line-height: 1.4; }
    ul, ol { list-style: none; }
    [part="list"] { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--portal-gap, .5em); }
    ol.ranked { padding-left: 1.8em; list-style: decimal; }
    .ranked > li::marker { color: var(--soft); font-variant-numeric: tabular-nums; }
    a { color: var(--portal-link, inherit); text-decoration: none; }
    a:hover { color: var(--mark); text-decoration: underline; text-underline-offset: .2em; }
    :focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; border-radius: 2px; }
    [part="link"] { display: inline-block; min-height: 1.7em; vertical-align: top; text-wrap: pretty; }
    [part="link"]:has(wbr) { word-break: keep-all; text-wrap: wrap; }
    mark { background: none; color: var(--mark); font-weight: 600; }
    [part="link"] mark { background: color-mix(in srgb, var(--mark) 10%, transparent); }
    [part="lead"], [part="snippet"] { font-size: .925em; }
    [part="lead"], [part="facts"], [part="summary"], [part="note"] { color: var(--soft); }
    [part="facts"], [part="summary"] { font-size: .85em; font-variant-numeric: tabular-nums; }
    [part="facts"] { display: flex; flex-wrap: wrap; gap: 0 1.2em; }
    section[part="results"] { display: grid; grid-template-columns: minmax(0, 1fr); gap: .8em; }
    :host(.below) section[part="results"] { margin-top: 1em; }
    [part="choices"] { display: flex; flex-wrap: wrap; gap: .4em 1em; }
    [part="choice"] { max-width: 100%; min-height: 2em; padding: .1em .4em; border: 1px solid var(--soft); border-radius: var(--round);
      background: var(--portal-surface, Canvas); color: var(--portal-surface-text, CanvasText); font: inherit; font-size: .85em; }
    [part="results"] [part="list"] { gap: var(--portal-gap, 1.3em); }
    [part="results"] [part="link"] { font-size: 1.1em; font-weight: 600; }
    [part="note"] a { color: var(--mark); text-decoration: underline; }
    [part="pages"] { display: flex; flex-wrap: wrap; align-items: center; gap: .4em 1.2em; }
    [part="page"] { padding: .2em .9em; border: 1px solid var(--line); border-radius: var(--round); }
    form { position: relative; }
    [part="box"] { display: flex; border: 1px solid var(--soft); border-radius: var(--round); background: var(--portal-surface, Canvas); color: var(--portal-surface-text, CanvasText); }
    [part="box"]:focus-within { border-color: var(--mark); box-shadow: 0 0 0 1px var(--mark); }
    input { flex: 1; min-width: 0; padding: .45em .8em; border: 0; background: none; color: inherit; font: inherit; appearance: none; }
    input:focus { outline: none; }
    input::placeholder { color: inherit; opacity: .75; }
    button { margin: 3px; padding: .2em 1em; border: 0; border-radius: calc(var(--round) - 2px); background: var(--mark);
      color: var(--portal-on-accent, Canvas); font: inherit; white-space: nowrap; cursor: pointer; }
    [part="suggestions"] { position: absolute; inset: calc(100% + .25em) 0 auto; z-index: 10; padding: .3em 0; border: 1px solid var(--line);
      border-radius: var(--round); background: var(--portal-surface, Canvas); color: var(--portal-surface-text, CanvasText); box-shadow: 0 .5em 1.5em rgb(0 0 0 / .15); }
    [role="group"] + [role="group"] { margin-top: .3em; padding-top: .3em; border-top: 1px solid var(--line); }
    [part~="suggestion"] { display: block; padding: .3em .8em; color: inherit; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; cursor: pointer; }
    [part~="suggestion"][aria-selected="true"], [part~="suggestion"]:hover { color: var(--mark); background: color-mix(in srgb, currentColor 10%, transparent); }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (forced-colors: active) { mark, [part="link"] mark { forced-color-adjust: none; background: Mark; color: MarkText; } [part~="suggestion"][aria-selected="true"] { outline: 2px solid; outline-offset: -2px; } }
    @media print { form, [part="pages"], [part="choices"] { display: none; } :host(:not(portal-search, portal-results)) { display: none; } }
  `);

  const FRAME = new CSSStyleSheet(); // around elements of the page, which keep its look
  FRAME.replaceSync(":host { display: block; }");

  // Building: an element with attributes and children, texts among them.
  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter(Boolean));
    return made;
  }

  const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'" };

  // The nodes of a highlight: text, and <mark> around what was found.
  function marked(html) {
    return html.split(/<mark>(.*?)<\/mark>/s).map((piece, place) => {
      const text = piece.replace(/&(?:amp|lt|gt|#34|#39);/g, (entity) => ENTITIES[entity]);
      return place % 2 ? make("mark", {}, text) : text;
    });
  }

  // Asking the API.
  function address(path, parameters = {}) {
    const url = new URL(`api/v1/${path}`, BASE);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== null && value !== "") url.searchParams.set(name, value);
    }
    return url;
  }

  class Trouble extends Error {
    constructor(code, status = 0, retryAfter = 0, message = "") {
      super(message || code);
      Object.assign(this, { code, status, retryAfter });
    }
  }

  let quietUntil = 0; // when the server may be asked again; it said so by Retry-After

  function waitAsked(answer) {
    const asked = answer.headers.get("Retry-After"); // seconds, or a date
    const seconds = Number(asked ?? NaN);
    const wait = Number.isNaN(seconds) ? (Date.parse(asked) - Date.now()) / 1000 : seconds;
    return Number.isNaN(wait) ? (answer.status === 429 ? USUAL_WAIT : 0) : Math.max(0, Math.ceil(wait));
  }

  async function ask(path, parameters, { signal, body }) {
    const wait = Math.ceil((quietUntil - Date.now()) / 1000);
    if (wait > 0) throw new Trouble("busy", 429, wait);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    signal.addEventListener("abort", () => stop.abort());
    try {
      const sent = body ? { method: "POST", body: JSON.stringify(body) } : {}; // as text/plain, so without a preflight
      const answer = await fetch(address(path, parameters), { signal: stop.signal, ...sent });
      if (answer.ok) return await answer.json();
      const retryAfter = waitAsked(answer);
      quietUntil = Math.max(quietUntil, Date.now() + retryAfter * 1000);
      const told = await answer.json().catch(() => ({}));
      throw new Trouble(told.code || "refused", answer.status, retryAfter, told.detail);
    } catch (error) {
      if (signal.aborted) throw new Trouble("aborted");
      if (error instanceof Trouble) throw error;
      throw new Trouble(stop.signal.aborted ? "timeout" : "network", 0, 0, error.message);
    } finally {
      clearTimeout(timer);
    }
  }

  // Asks. Asks once more if the server wants it later, and tells `waiting` of the wait.
  async function askPatiently(path, parameters, { waiting, ...options }) {
    try {
      return await ask(path, parameters, options);
    } catch (trouble) {
      if (trouble.retryAfter === 0 || trouble.retryAfter > LONGEST_WAIT) throw trouble;
      waiting(trouble);
      await new Promise((resolve) => {
        setTimeout(resolve, quietUntil - Date.now());
        options.signal.addEventListener("abort", resolve);
      });
      if (options.signal.aborted) throw new Trouble("aborted");
      return ask(path, parameters, options);
    }
  }

  // Lists about the element's article: by its id, or by the page's text if the index does not hold it.
  async function askAboutArticle(element, what, parameters, options) {
    const id = element.getAttribute("article");
    const selector = element.getAttribute("text");
    const story = selector && document.querySelector(selector);
    if (id) {
      try {
        return await askPatiently(`articles:${what}`, { id, ...parameters }, options);
      } catch (trouble) {
        if (trouble.code !== "article_not_found" || !story) throw trouble;
      }
    }
    if (!story) throw new Trouble("article_not_found", 0, 0, "neither article nor text names an article");
    const title = (document.querySelector("h1")?.textContent || document.title).trim();
    const text = { title, body: story.innerText.slice(0, TEXT_LIMIT), ...(id && { id }) };
    return askPatiently(what, parameters, { ...options, body: text });
  }

  // Beacons. A text, or nothing, needs no preflight. A page that is prepared before anybody asked for it counts when it is shown.
  function report(path, parameters, body) {
    const send = () => navigator.sendBeacon(address(path, parameters), body);
    if (document.prerendering) document.addEventListener("prerenderingchange", send, { once: true });
    else send();
  }

  const viewed = new Set();

  function reportView(id) {
    if (!id || viewed.has(id)) return;
    viewed.add(id);
    report("articles:view", { id });
  }

  const WORDS = window.Intl?.Segmenter && new Intl.Segmenter("zh", { granularity: "word" });

  // Lets the lines of a title end between words alone, where the browser knows words. 的 stays with the word before it.
  function breakable(title) {
    const texts = [...title.childNodes].map((node) => node.firstChild || node);
    const words = WORDS ? [...WORDS.segment(title.textContent)] : [];
    const begins = words.filter((word, at) => word.isWordLike && !/^[的了着过们吗呢吧啊么之等]$/.test(word.segment) && /[\p{L}\p{Pe}\p{Pf}]$/u.test(words[at - 1]?.segment ?? ""));
    let end = title.textContent.length;
    for (const text of texts.reverse()) {
      end -= text.length;
      while (begins.length && begins.at(-1).index >= end) text.splitText(begins.pop().index - end).before(make("wbr", {}));
    }
    return title;
  }

  // The portal's page of an article, else the service's.
  function linkTo(hit) {
    const own = new URL(`articles?id=${encodeURIComponent(hit.id)}`, BASE);
    try {
      const url = hit.url ? new URL(hit.url, document.baseURI) : own;
      return /^https?:$/.test(url.protocol) ? url.href : own.href;
    } catch {
      return own.href;
    }
  }

  function linked(element, hit, ...shown) {
    const target = element.getAttribute("target");
    return breakable(make("a", { part: "link", href: linkTo(hit), ...(target && { target, rel: "noopener" }) }, ...shown));
  }

  // A time as people say it, in the service's zone, which the API's times end in. Midnight is a day without a known time.
  function told(time) {
    const [day, clock] = [time.slice(0, 10), time.slice(11, 16)];
    const known = clock !== "00:00";
    const minutes = (Date.now() - Date.parse(time)) / 60_000;
    const exact = known ? `${day} ${clock}` : day;
    if (minutes < 0) return exact;
    if (known && minutes < 1) return "刚刚";
    if (known && minutes < 60) return `${Math.floor(minutes)}分钟前`;
    if (known && minutes < 720) return `${Math.floor(minutes / 60)}小时前`;
    const zone = Date.parse(`${time.slice(0, 19)}Z`) - Date.parse(time);
    const today = new Date(Date.now() + zone).toISOString().slice(0, 10);
    const name = ["今天", "昨天", "前天"][(Date.parse(today) - Date.parse(day)) / 86_400_000];
    if (name) return known ? `${name} ${clock}` : name;
    const [year, month, date] = day.split("-").map(Number);
    return `${day.slice(0, 4) === today.slice(0, 4) ? "" : `${year}年`}${month}月${date}日`;
  }

  function facts(hit, shown) {
    const time = hit.published_at;
    const parts = [
      shown.includes("source") && hit.source && make("span", { part: "source" }, hit.source),
      shown.includes("date") && time && make("time", { part: "date", datetime: time, title: time.slice(0, 16).replace("T", " ").replace(" 00:00", "") }, told(time)),
    ].filter(Boolean);
    return parts.length > 0 && make("p", { part: "facts" }, ...parts);
  }

  const parsed = new Promise((resolve) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
    else resolve();
  });

  // What all elements share: they load when they are on the page, again when an attribute changes, and one thing at a time.
  class PortalElement extends HTMLElement {
    static observedAttributes = ["article", "channel", "exclude", "heading", "show", "size", "sort", "target", "text", "window"];
    static looks = LOOKS;
    #due = false;
    #running = null;

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open", delegatesFocus: this.localName === "portal-search" });
      root.adoptedStyleSheets = [this.constructor.looks];
    }

    connectedCallback() { this.schedule(); }

    disconnectedCallback() { this.#running?.abort(); }

    attributeChangedCallback(name, before, now) { if (before !== now) this.schedule(); }

    // Load soon: many changes are one load, and the whole page is there.
    schedule() {
      if (!this.isConnected || this.#due) return;
      this.#due = true;
      parsed.then(() => {
        this.#due = false;
        if (this.isConnected) this.load();
      });
    }

    // The options of a request; it aborts the one before.
    begin() {
      this.#running?.abort();
      this.#running = new AbortController();
      return { signal: this.#running.signal, waiting: (trouble) => this.tell(trouble) };
    }

    tell(trouble) {
      if (trouble.code === "aborted") return;
      const { code, status, retryAfter, message } = trouble;
      this.emit("portal-error", { code, status, retryAfter, message });
    }

    emit(name, detail) {
      this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    }

    // The attributes with these names, those that are there.
    given(...names) {
      return Object.fromEntries(names.map((name) => [name, this.getAttribute(name) || ""]));
    }
  }

  // Lists of articles.
  class PortalList extends PortalElement {
    get blocks() {
      return this.takes.some((name) => this.getAttribute(name)) ? null : this.closest("portal-blocks");
    }

    connectedCallback() {
      if (!this.shadowRoot.hasChildNodes()) this.setAttribute("aria-busy", "true"); // empty, and as high as the page wants it
      super.connectedCallback();
    }

    schedule() {
      if (this.blocks) this.blocks.schedule();
      else super.schedule();
    }

    async load() {
      if (this.hasAttribute("view")) reportView(this.getAttribute("article"));
      try {
        this.fill((await this.request(this.begin())).hits);
      } catch (trouble) {
        this.fail(trouble);
      }
    }

    request(options) {
      return askPatiently(this.kind, this.given("size", ...this.takes), options);
    }

    fail(trouble) {
      if (trouble.code === "aborted") return;
      this.clear();
      this.tell(trouble);
    }

    clear() { this.#show(); }

    #show(...shown) {
      this.shadowRoot.replaceChildren(...shown);
      this.hidden = shown.length === 0;
      this.removeAttribute("aria-busy");
    }

    fill(hits) {
      const heading = this.getAttribute("heading") ?? NAMES[this.kind];
      const shown = (this.getAttribute("show") ?? this.shows).split(/\s+/);
      const items = hits.map((hit) =>
        make("li", { part: "item" },
          linked(this, hit, hit.title || "（无题）"),
          shown.includes("lead") && hit.lead && make("p", { part: "lead" }, hit.lead),
          facts(hit, shown)));
      const ranked = this.kind === "hot";
      const list = make(ranked ? "ol" : "ul", { part: "list", role: "list", class: ranked ? "ranked" : "plain" }, ...items);
      const named = heading ? { "aria-labelledby": "heading" } : { "aria-label": NAMES[this.kind] };
      const section = make("section", named, heading && make("h2", { id: "heading", part: "heading" }, heading), list);
      this.#show(...(items.length ? [section] : []));
      this.emit("portal-load", { kind: this.kind, count: items.length });
    }
  }

  // takes: attributes that an element inside <portal-blocks> cannot have, so one that has them asks for itself.
  class PortalRelated extends PortalList {
    kind = "related";
    shows = "lead source date";
    takes = ["article", "text"];
    request(options) {
      return askAboutArticle(this, "related", { ...this.given("size"), events: "one" }, options);
    }
  }

  class PortalHot extends PortalList {
    kind = "hot";
    shows = "";
    takes = ["channel", "exclude", "window"];
  }

  class PortalLatest extends PortalList {
    kind = "latest";
    shows = "date";
    takes = ["channel", "exclude"];
  }

  const SIZES = { related: 6, hot: 10, latest: 10 };

  // Fills the lists inside it from one request. If there are none inside, it makes the three.
  class PortalBlocks extends PortalElement {
    static looks = FRAME;

    constructor() {
      super();
      this.shadowRoot.append(document.createElement("slot"));
    }

    async load() {
      if (this.hasAttribute("view")) reportView(this.getAttribute("article"));
      const names = Object.keys(SIZES).map((kind) => `portal-${kind}`);
      const inside = [...this.querySelectorAll(names.join(","))];
      if (inside.length === 0) return this.append(...names.map((name) => document.createElement(name))); // they have it load
      const lists = inside.filter((each) => each.blocks === this);
      if (lists.length === 0) return undefined;
      const sizes = { related: 0, hot: 0, latest: 0 };
      const size = (list) => Number(list.getAttribute("size")) || SIZES[list.kind];
      for (const each of lists) sizes[each.kind] = Math.max(sizes[each.kind], size(each));
      try {
        const answer = await askAboutArticle(this, "blocks", sizes, this.begin());
        for (const each of lists) each.fill(answer[each.kind].slice(0, size(each)));
      } catch (trouble) {
        this.tell(trouble);
        if (trouble.code === "aborted") return undefined;
        for (const each of lists) {
          if (trouble.code === "article_not_found" && each.kind !== "related") each.load(); // these need no article
          else each.clear();
        }
      }
      return undefined;
    }
  }

  // What is searched for stands in the page's own address, so a reader who comes back finds it again.
  function asked() {
    const given = new URLSearchParams(location.search);
    const oneOf = (names, name) => (Object.hasOwn(names, given.get(name)) ? given.get(name) : "");
    return {
      q: (given.get("q") || "").trim(),
      page: Math.max(1, Math.trunc(Number(given.get("qpage"))) || 1),
      time: oneOf(TIMES, "qtime"),
      sort: oneOf(SORTS, "qsort"),
    };
  }

  function addressOf(q, page, base = location.href) {
    const url = new URL(base, document.baseURI);
    url.searchParams.delete("qpage");
    if (q) url.searchParams.set("q", q);
    else url.searchParams.delete("q");
    if (page > 1) url.searchParams.set("qpage", page);
    return url.href;
  }

  const readers = new Set(); // elements that show what the address asks

  function goTo(url) {
    if (url !== location.href) history.pushState(null, "", url);
    for (const each of readers) each.load();
  }

  window.addEventListener("popstate", () => { for (const each of readers) each.load(); });

  class PortalResults extends PortalElement {
    #status = make("p", { part: "summary", role: "status", tabindex: "-1" });
    #time = this.#choice("时间", "qtime", TIMES);
    #sort = this.#choice("排序", "qsort", SORTS);
    #choices = make("div", { part: "choices", hidden: true }, this.#time, this.#sort);
    #found = make("div", {});
    #section = make("section", { part: "results", "aria-label": "搜索结果", hidden: true }, this.#status, this.#choices, this.#found);
    #turned = false;

    connectedCallback() {
      readers.add(this);
      this.shadowRoot.append(this.#section);
      super.connectedCallback();
    }

    disconnectedCallback() {
      readers.delete(this);
      super.disconnectedCallback();
    }

    async load() {
      const { q, page, time, sort } = asked();
      const options = this.begin();
      this.#section.hidden = !q;
      if (!q) return this.#found.replaceChildren();
      this.#section.setAttribute("aria-busy", "true");
      this.#status.textContent = "正在搜索…";
      options.waiting = (trouble) => {
        this.tell(trouble);
        this.#status.textContent = `现在搜索的人太多，${trouble.retryAfter} 秒后再试。`;
      };
      try {
        const parameters = { q, page, time, ...this.given("size", "channel", "sort"), ...(sort && { sort }) };
        this.#fill(await askPatiently("search", parameters, options), parameters);
      } catch (trouble) {
        if (trouble.code === "aborted") return undefined;
        this.#found.replaceChildren();
        this.#status.textContent = "搜索暂时不可用，请稍后再试。";
        this.tell(trouble);
      }
      this.#section.removeAttribute("aria-busy");
      if (this.#turned) this.#status.focus();
      this.#turned = false;
      return undefined;
    }

    #fill(answer, { time, sort }) {
      const { query, hits, page, size } = answer;
      const first = (page - 1) * size + 1;
      const items = hits.map((hit, place) => {
        const link = linked(this, hit, ...(hit.title ? marked(hit.highlights.title) : ["（无题）"]));
        const opened = (event) => {
          if (event.button > 1 || !answer.query_id) return; // the right button opens a menu, the middle one a tab
          const click = { query_id: answer.query_id, article_id: hit.id, position: first + place };
          report("clicks", {}, JSON.stringify(click));
        };
        link.addEventListener("click", opened);
        link.addEventListener("auxclick", opened);
        const body = hit.highlights.body || "";
        return make("li", { part: "item" }, link, body && make("p", { part: "snippet" }, ...marked(body)), facts(hit, "source date"));
      });
      const merged = answer.groups < answer.total ? `，合并转载后 ${answer.groups} 条` : "";
      this.#status.textContent = answer.total
        ? `${answer.total_is_estimate ? "约" : "共"} ${answer.total} 条${merged}${answer.pages > 1 ? `，第 ${page} / ${answer.pages} 页` : ""}`
        : `没有找到与“${query.text}”相符的文章。`;
      [this.#time.value, this.#sort.value] = [time, sort || "relevance"];
      this.#choices.hidden = answer.total < 2 && !time;
      this.#found.replaceChildren(...this.#notes(query), items.length ? make("ol", { part: "list", role: "list", start: first }, ...items) : "", this.#pages(query.text, answer));
      this.emit("portal-load", { kind: "results", count: items.length, total: answer.total, q: query.text });
    }

    #choice(label, name, texts) {
      const options = Object.entries(texts).map(([value, text]) => make("option", { value }, text));
      const select = make("select", { part: "choice", "aria-label": label }, ...options);
      select.addEventListener("change", () => {
        const url = new URL(addressOf(asked().q, 1));
        if (select.value) url.searchParams.set(name, select.value);
        else url.searchParams.delete(name);
        goTo(url.href);
      });
      return select;
    }

    #notes(query) {
      const { correction, notes } = query;
      const meant = correction && this.#link(correction.query, addressOf(correction.query, 1), false);
      const said = correction?.applied ? "没有找到原词，已为您搜索：" : "您是不是要找：";
      return [...(meant ? [[said, meant]] : []), ...notes.map((note) => [note])].map((note) => make("p", { part: "note" }, ...note));
    }

    #pages(q, { page, pages }) {
      if (pages < 2) return "";
      return make("nav", { part: "pages", "aria-label": "分页" },
        page > 1 && this.#link("上一页", addressOf(q, page - 1)),
        page < pages && this.#link("下一页", addressOf(q, page + 1)));
    }

    #link(text, href, isPage = true) {
      const link = make("a", { href, ...(isPage && { part: "page" }) }, text);
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // a tab or a window of its own
        event.preventDefault();
        this.#turned = true;
        goTo(href);
      });
      return link;
    }
  }

  // While an input method composes (isComposing, keyCode 229) keys belong to it: Enter and the arrows choose its candidates.
  const composing = (event) => event.isComposing || event.keyCode === 229;

  // The box: an ARIA combobox with a listbox.
  class PortalSearch extends PortalElement {
    static observedAttributes = [...super.observedAttributes, "results", "label", "placeholder", "button"];
    #input = make("input", {
      part: "input", type: "search", name: "q", autocomplete: "off", autocapitalize: "none", spellcheck: "false", enterkeyhint: "search",
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "suggestions",
    });
    #button = make("button", { part: "button", type: "submit" });
    #list = make("div", { id: "suggestions", part: "suggestions", role: "listbox", "aria-label": "建议", hidden: true });
    #status = make("p", { class: "unseen", role: "status" });
    #form = make("form", { part: "form", role: "search" }, make("div", { part: "box" }, this.#input, this.#button), this.#list, this.#status);
    #results = null;
    #typed = "";
    #active = -1;
    #timer = 0;

    constructor() {
      super();
      this.shadowRoot.append(this.#form);
      this.#form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#search();
      });
      const typing = (event) => {
        if (event.isComposing) return;
        this.#typed = this.#input.value;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#suggest(), DELAY);
      };
      this.#input.addEventListener("input", typing);
      this.#input.addEventListener("compositionend", typing);
      this.#input.addEventListener("keydown", (event) => this.#key(event));
      this.#input.addEventListener("blur", () => this.#close());
      this.#list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the box
      this.#list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (!option) return;
        if (option.href) return this.#close(); // the browser opens the article
        this.#input.value = option.dataset.text;
        this.#search();
      });
    }

    connectedCallback() {
      readers.add(this);
      super.connectedCallback();
    }

    disconnectedCallback() {
      readers.delete(this);
      this.#close();
      super.disconnectedCallback();
    }

    // Whether this page is the one for the results.
    get #here() {
      const url = new URL(this.getAttribute("results") || location.href, document.baseURI);
      return url.origin === location.origin && url.pathname === location.pathname;
    }

    load() {
      this.#input.setAttribute("aria-label", this.getAttribute("label") || "搜索词");
      this.#input.placeholder = this.getAttribute("placeholder") ?? "输入词语或一句话";
      this.#button.textContent = this.getAttribute("button") || "搜索";
      if (this.#here) this.#input.value = this.#typed = asked().q;
      const inline = !this.hasAttribute("results") && !document.querySelector("portal-results");
      if (!inline) {
        this.#results?.remove();
        this.#results = null;
        return;
      }
      this.#results ??= make("portal-results", { exportparts: PARTS, class: "below" });
      for (const name of ["size", "channel", "sort", "target"]) {
        if (this.hasAttribute(name)) this.#results.setAttribute(name, this.getAttribute(name));
        else this.#results.removeAttribute(name);
      }
      if (!this.#results.isConnected) this.shadowRoot.append(this.#results);
    }

    #search() {
      this.#close();
      const q = this.#input.value.trim();
      this.#typed = this.#input.value;
      const shown = this.#results || document.querySelector("portal-results");
      if (shown && this.#here) goTo(addressOf(q, 1));
      else if (q) location.assign(addressOf(q, 1, this.getAttribute("results") || location.href));
    }

    async #suggest() {
      const q = this.#typed.trim();
      if (!q || Date.now() < quietUntil) return this.#close();
      try {
        this.#show((await ask("suggest", { q }, this.begin())).hits);
      } catch (trouble) {
        if (trouble.code !== "aborted") this.#close(); // the box works without suggestions
        this.tell(trouble);
      }
      return undefined;
    }

    #show(hits) {
      if (!this.shadowRoot.activeElement) return; // the reader went on
      this.#activate(-1);
      this.#list.replaceChildren(...["词语", "文章"].map((name) => make("div", { role: "group", "aria-label": name })));
      hits.forEach((hit, place) => {
        const isTitle = hit.kind === "title";
        const [typed, rest] = [[...hit.text].slice(0, hit.typed).join(""), [...hit.text].slice(hit.typed).join("")];
        const option = make(isTitle ? "a" : "div", {
          id: `suggestion-${place}`, part: `suggestion ${hit.kind}`, role: "option", "aria-selected": "false", "data-text": isTitle ? false : hit.text,
          ...(isTitle && { href: linkTo(hit), tabindex: "-1", target: this.getAttribute("target") || false, rel: "noopener" }),
        }, typed && make("mark", {}, typed), rest);
        this.#list.children[Number(isTitle)].append(option);
      });
      for (const group of [...this.#list.children]) if (!group.firstChild) group.remove();
      this.#list.hidden = hits.length === 0;
      this.#input.setAttribute("aria-expanded", String(hits.length > 0));
      this.#status.textContent = hits.length ? `有 ${hits.length} 条建议` : "";
    }

    #close() {
      clearTimeout(this.#timer);
      this.begin(); // an answer on the way comes too late
      this.#list.hidden = true;
      this.#active = -1;
      this.#input.setAttribute("aria-expanded", "false");
      this.#input.removeAttribute("aria-activedescendant");
      this.#status.textContent = "";
    }

    get #options() { return [...this.#list.querySelectorAll("[role=option]")]; }

    #activate(place) {
      const options = this.#options;
      this.#active = place;
      options.forEach((option, each) => option.setAttribute("aria-selected", String(each === place)));
      if (place < 0) return this.#input.removeAttribute("aria-activedescendant");
      this.#input.setAttribute("aria-activedescendant", options[place].id);
      return options[place].scrollIntoView({ block: "nearest" });
    }

    #key(event) {
      if (composing(event) || this.#list.hidden) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") {
        event.preventDefault();
        this.#input.value = this.#typed;
        this.#close();
      } else if (event.key === "Enter" && this.#options[this.#active]?.href) {
        event.preventDefault();
        this.#options[this.#active].click();
      } else if (step) {
        event.preventDefault();
        const options = this.#options;
        const count = options.length + 1; // with what was typed, at -1
        this.#activate(((this.#active + 1 + step + count) % count) - 1);
        this.#input.value = options[this.#active]?.dataset.text ?? this.#typed; // a title is no query
      }
    }
  }

  // An element that holds others first.
  customElements.define("portal-blocks", PortalBlocks);
  customElements.define("portal-results", PortalResults);
  customElements.define("portal-search", PortalSearch);
  customElements.define("portal-related", PortalRelated);
  customElements.define("portal-hot", PortalHot);
  customElements.define("portal-latest", PortalLatest);
})();
