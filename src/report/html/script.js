"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const { text, verdict, section, fold, count } = form.elements;
  const cases = [...document.querySelectorAll("details.case")].map(node => ({
    node,
    section: node.parentNode.dataset.s,
    words: node.dataset.f.split(" "),
    text: `${node.querySelector(".id").textContent} ${node.querySelector(".title").textContent} ${node.dataset.k}`.toLowerCase(),
  }));
  const total = cases.length;
  let folded = true;

  const show = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of cases) {
      const fits = (!verdict.value || one.words.includes(verdict.value))
        && (!section.value || one.section === section.value)
        && wanted.every(word => one.text.includes(word));
      one.node.hidden = !fits;
      shown += fits;
    }
    for (const node of document.querySelectorAll("article.cases, article.cases > section")) {
      node.hidden = !node.querySelector("details.case:not([hidden])");
    }
    count.value = (shown === total ? "" : `${shown} of `) + `${total} ${total === 1 ? "case" : "cases"}`;
  };

  // A filter can be linked to: #?verdict=failed&section=5&text=utf
  const remember = () => {
    const words = new URLSearchParams();
    for (const field of [verdict, section, text]) if (field.value) words.set(field.name, field.value);
    const hash = words.toString() ? `#?${words}` : "#";
    try { history.replaceState(null, "", hash); } catch { /* Some pages have no history. */ }
  };

  const follow = () => {
    const hash = location.hash;
    if (hash.startsWith("#?")) {
      const words = new URLSearchParams(hash.slice(2));
      for (const field of [verdict, section, text]) field.value = words.get(field.name) ?? "";
      return show();
    }
    let id = hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* It is no link of ours. */ }
    const node = id && document.getElementById(id);
    if (!node) return;
    const one = node.closest("details.case");
    if (one) {
      one.open = true;
      if (one.hidden) { form.reset(); show(); }
      one.querySelector("summary").scrollIntoView();
    } else {
      if (node.closest("[hidden]")) { form.reset(); show(); }
      node.scrollIntoView();
    }
  };

  form.hidden = false;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", () => { show(); remember(); });
  fold.addEventListener("click", () => {
    folded = !folded;
    for (const { node } of cases) if (!node.hidden) node.open = !folded;
    fold.textContent = folded ? "Unfold" : "Fold";
  });
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => {
    for (const { node } of cases) if (!node.hidden && node.dataset.f.split(" ").includes("fails")) node.open = true;
  });
  show();
  follow();
})();
