// InstantSearch over our search API: a search client, and the widgets that its guides begin with. For search_pages.py.

const api = document.currentScript.dataset.api;

// InstantSearch escapes a highlight by itself and knows its own two tags only.
const highlighted = (html) => {
  const tagged = html.replaceAll("<mark>", "__ais-highlight__").replaceAll("</mark>", "__/ais-highlight__");
  const decoded = new DOMParser().parseFromString(tagged, "text/html").body.textContent;
  return { value: decoded, matchLevel: html === tagged ? "none" : "full", matchedWords: [] };
};

async function answer({ indexName, params }) {
  const asked = new URLSearchParams({ q: params.query || "", page: (params.page || 0) + 1, size: params.hitsPerPage || 10 });
  if (indexName.endsWith("_newest")) asked.set("sort", "newest");
  const facets = [].concat(params.facets || []).filter((field) => field !== "*");
  if (facets.length) asked.set("facets", facets.join(","));
  for (const [name, value] of (params.facetFilters || []).flat().map((each) => each.split(/:(.*)/s))) asked.append(name, value);
  const found = await (await fetch(`${api}?${asked}`)).json();
  const counts = (values) => Object.fromEntries(values.map(({ value, count }) => [value, count]));
  return {
    index: indexName, query: params.query || "", params: "", page: found.page - 1, nbPages: found.pages, nbHits: found.total,
    hitsPerPage: found.size, exhaustiveNbHits: true, processingTimeMS: Math.round(found.took_ms),
    facets: Object.fromEntries(Object.entries(found.facets).map(([name, values]) => [name, counts(values)])),
    hits: found.hits.map((hit) => ({
      ...hit, objectID: hit.id,
      _highlightResult: { title: highlighted(hit.highlights.title) }, _snippetResult: { body: highlighted(hit.highlights.body) },
    })),
  };
}

const { widgets } = instantsearch;
const search = instantsearch({
  indexName: "articles",
  routing: true,
  future: { preserveSharedStateOnUnmount: true },
  searchClient: { search: async (requests) => ({ results: await Promise.all(requests.map(answer)) }) },
});
search.addWidgets([
  widgets.configure({ hitsPerPage: 10 }),
  widgets.searchBox({ container: "#box", placeholder: "检索", autofocus: true }),
  widgets.stats({ container: "#stats" }),
  widgets.sortBy({ container: "#sort", items: [{ value: "articles", label: "相关" }, { value: "articles_newest", label: "最新" }] }),
  widgets.refinementList({ container: "#channel", attribute: "channel", showMore: true }),
  widgets.refinementList({ container: "#source", attribute: "source", showMore: true }),
  widgets.hits({
    container: "#hits",
    templates: {
      item: (hit, { html, components }) => html`<article>
        <h2><a href="${hit.url}">${components.Highlight({ hit, attribute: "title" })}</a></h2>
        <p>${components.Snippet({ hit, attribute: "body" })}</p>
        <p>${hit.channel} ${hit.source} <time>${hit.published_at}</time></p>
      </article>`,
    },
  }),
  widgets.pagination({ container: "#pages" }),
]);
search.start();
