// Run in a page by tests/browser.py, where `d` is its document and `w` its window.
const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
const over = (a, b) => [0, 1, 2].map(k => a[k] * a[3] + b[k] * (1 - a[3])).concat(1);
// Relative luminance and contrast of WCAG 2.1.
const light = c => c.slice(0, 3).map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((s, v, k) => s + v * [.2126, .7152, .0722][k], 0);
const ground = e => {
  const all = [];
  for (let n = e; n; n = n.parentElement) all.push(rgb(w.getComputedStyle(n).backgroundColor));
  return all.reverse().reduce((below, c) => over(c, below), [255, 255, 255, 1]);
};
const faint = [], asked = new Set(), words = d.createTreeWalker(d.body, 4);
while (words.nextNode()) {
  const text = words.currentNode.data.trim(), e = words.currentNode.parentElement;
  if (!text || e.closest("svg, script, style") || !e.getClientRects().length || asked.has(e)) continue;
  asked.add(e);
  const below = ground(e), colour = w.getComputedStyle(e).color, ink = over(rgb(colour), below);
  const [a, b] = [light(ink), light(below)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
  if (ratio < 4.5) faint.push([ratio.toFixed(2), colour, below.slice(0, 3).join(), text.slice(0, 40)]);
}
const said = e => `${e.tagName} ${e.className.baseVal ?? e.className}: ${e.textContent.trim().slice(0, 40)}`;
const wide = d.documentElement.scrollWidth > w.innerWidth;
const hides = e => w.getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1;
const cut = [...d.querySelectorAll("body *")].filter(e => !e.closest("svg") && hides(e)).map(said);
const past = [...d.querySelectorAll("h1, h2, h3, p, li, figcaption, svg[role=img], img, canvas, iframe, summary, .wide")]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > w.innerWidth + 1).map(said);
