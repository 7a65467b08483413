"""What tests ask of a page that axe-core does not: scripts that run in the page and return the faults that they found.

All of them look into open shadow roots.
"""

from __future__ import annotations

from typing import Final

_SHARED = """
  const within = (root) => [...root.querySelectorAll("*")].flatMap((each) => each.shadowRoot ? [each, ...within(each.shadowRoot)] : [each]);
  const above = (element) => element.assignedSlot || element.parentElement || element.getRootNode().host || null;
  const shown = (element) => element.getClientRects().length > 0 && element.checkVisibility({visibilityProperty: true});
  const focusable = () => within(document).filter((each) =>
    each.matches("a[href], button, input, select, textarea, summary, [tabindex]") && each.tabIndex >= 0 && !each.disabled && shown(each));
  const named = (element) => `${element.localName}.${element.className} “${(element.innerText || element.value || "").slice(0, 30)}”`;
"""

FOCUS_RINGS: Final = f"""() => {{
  {_SHARED}
  const look = (element) => {{
    const style = getComputedStyle(element);
    return {{outline: style.outlineStyle === "none" ? 0 : style.outlineStyle === "auto" ? 2 : parseFloat(style.outlineWidth), offset: parseFloat(style.outlineOffset) || 0,
             other: style.boxShadow + style.borderColor, shadow: style.boxShadow}};
  }};
  const ringOf = (holders, before) => {{
    for (const [at, holder] of holders.entries()) {{
      const now = look(holder);
      if (now.outline >= 2) return {{holder, reach: now.outline + now.offset}};
      if (now.other === before[at].other) continue;
      const spreads = [...now.shadow.matchAll(/(-?[\\d.]+)px/g)].map((each) => parseFloat(each[1]));
      return {{holder, reach: spreads[3] || 0}};
    }}
    return null;
  }};
  const faults = [];
  for (const element of focusable()) {{
    document.activeElement?.blur();
    const holders = [element, above(element), above(above(element) || element)].filter(Boolean);
    const before = holders.map(look);
    element.focus();
    element.scrollIntoView({{block: "center", inline: "nearest", behavior: "instant"}});
    const ring = ringOf(holders, before);
    if (!ring) {{ faults.push(`${{named(element)}} shows no ring`); continue; }}
    for (const each of ring.holder.getClientRects()) {{
      const box = {{left: each.left - ring.reach, right: each.right + ring.reach, top: each.top - ring.reach, bottom: each.bottom + ring.reach}};
      for (let outer = above(ring.holder); outer; outer = above(outer)) {{
        const style = getComputedStyle(outer), root = outer === document.documentElement;
        const [across, down] = [root || style.overflowX !== "visible", !root && style.overflowY !== "visible"];
        const shape = outer.getBoundingClientRect(), edge = {{left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity}};
        if (across) Object.assign(edge, root ? {{left: 0, right: innerWidth}} : {{left: shape.left, right: shape.right}});
        if (down) Object.assign(edge, {{top: shape.top, bottom: shape.bottom}});
        if (each.bottom <= edge.top || each.top >= edge.bottom) break;  // a line that is cut off: its text is not seen either
        if (box.left < edge.left - 0.5 || box.right > edge.right + 0.5 || box.top < edge.top - 0.5 || box.bottom > edge.bottom + 0.5) {{
          faults.push(`the ring of ${{named(element)}} is clipped by ${{outer.localName}}.${{outer.className}}`);
          break;
        }}
      }}
    }}
  }}
  return [...new Set(faults)];
}}"""
"""Things that can have the focus and do not show it, or whose ring is cut by an element around them. Press Tab before: the browser then shows rings."""

APART: Final = f"""() => {{
  {_SHARED}
  const apart = [];
  for (const element of within(document).filter((each) => each.matches("a[href], button, summary, [role=option]") && shown(each))) {{
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) {{
      const hidden = walker.currentNode.parentElement.closest("[aria-hidden=true]");
      if (walker.currentNode.data.trim() && !hidden) texts.push(walker.currentNode);
    }}
    for (const [at, text] of texts.slice(1).entries()) {{
      const [left, right] = [texts[at], text].map((node) => {{
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()];
      }}), [last, first] = [left.at(-1), right[0]];
      if (!last || !first || last.width < 2 || first.width < 2) continue;
      const sameLine = first.top < last.bottom && last.top < first.bottom;
      if (sameLine ? first.left - last.right > 1.5 : texts[at].parentElement !== text.parentElement && first.left - last.right > 1.5)
        apart.push([texts[at].data.trim().slice(-8), text.data.trim().slice(0, 8)]);
    }}
  }}
  return apart;
}}"""
"""Two texts of one link, button or suggestion that a reader sees apart: the end of the first, the beginning of the second."""

OUT_OF_ORDER: Final = f"""() => {{
  {_SHARED}
  const places = focusable().filter((each) => {{
    for (let outer = each; outer; outer = above(outer)) if (["absolute", "fixed", "sticky"].includes(getComputedStyle(outer).position)) return false;
    return true;
  }}).map((each) => [each, each.getClientRects()[0]]);
  return places.slice(1).flatMap(([each, box], at) => box.bottom < places[at][1].top - 1 ? [`${{named(each)}} is above ${{named(places[at][0])}}`] : []);
}}"""
"""Things that have the focus after another one, and stand above it. For a page of one column."""

WIDER: Final = f"""() => {{
  {_SHARED}
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const wide = within(document.body).filter((each) => shown(each) && each.getBoundingClientRect().right > innerWidth + 0.5);
  return [`${{document.documentElement.scrollWidth}} px wide:`, ...wide.slice(0, 5).map(named)];
}}"""
"""What makes the page wider than the window."""

SIDEWAYS: Final = f"""() => {{
  {_SHARED}
  return within(document.body).filter((each) => shown(each) && each.scrollWidth > each.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(each).overflowX)
    && each.localName !== "textarea" && each.clientWidth).map(named);
}}"""
"""Elements whose content must be scrolled sideways."""

OPEN: Final = "() => { for (const each of [...document.querySelectorAll('details')].slice(0, 12)) each.open = true; }"
"""Opens what can be opened. Of the many routes of /docs, which one template makes, the first ones."""
