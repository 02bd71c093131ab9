"use strict";
(() => {
  const form = document.getElementById("filter");
  const table = document.getElementById("table");
  if (!form || !table) return;
  const { text, which, count } = form.elements;
  const body = table.tBodies[0];
  const rows = [...body.rows].map(node => ({
    node,
    marks: node.dataset.f.split(" "),
    text: node.textContent.toLowerCase(),
  }));
  const total = rows.length;

  const show = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!which.value || row.marks.includes(which.value)) && wanted.every(word => row.text.includes(word));
      row.node.hidden = !fits;
      shown += fits;
    }
    count.value = (shown === total ? "" : `${shown} of `) + `${total} ${total === 1 ? "connection" : "connections"}`;
  };

  const value = (row, column) => {
    const cell = row.node.cells[column];
    const number = Number((cell.dataset.v ?? cell.textContent).replace("✗ ", "").replace("·", "0"));
    return Number.isNaN(number) ? cell.textContent : number;
  };
  const compare = (one, other) => typeof one === typeof other
    ? (one < other ? -1 : one > other ? 1 : 0)
    : (typeof one === "number" ? -1 : 1);

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const wanted = head.classList.contains("number") && column > 0 ? "descending" : "ascending";
      const other = wanted === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === wanted ? other : wanted;
      heads.forEach(one => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      rows.sort((one, two) => sign * compare(value(one, column), value(two, column)));
      body.append(...rows.map(row => row.node));
    });
  });

  const follow = () => {
    const node = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!node || !body.contains(node)) return;
    if (node.hidden) { form.reset(); show(); }
    node.querySelector("details").open = true;
    node.scrollIntoView({ block: "center" });
  };

  form.hidden = false;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", show);
  addEventListener("hashchange", follow);
  show();
  follow();
})();
