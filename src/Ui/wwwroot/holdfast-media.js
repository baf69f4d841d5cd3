// What a run logged step by step beside numbers: images, histograms, texts, tables, sounds, films; one slider for the steps of all.
const v = new URL(import.meta.url).search;
const { palette, number, axis } = await import('./holdfast-charts.js' + v);
const { h, icon, api, later, keep } = await import('./holdfast-parts.js' + v);

const most = 200;
const url = (run, path) => `/api/v1/runs/${run}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`;

class Media {
  constructor(root) { this.root = root; this.cards = []; this.load(); }

  async load() {
    const run = this.root.dataset.media;
    try {
      const answer = await api('GET', `/api/v1/runs/${run}/media-keys`), keys = answer.items || answer;
      if (keys.length === 0) {
        this.root.replaceChildren(h('section', { class: 'empty' }, h('h2', {}, 'Nothing but numbers'), h('p', {}, 'Images, histograms, texts, tables and sounds that a run logs with a step appear here.')));
      } else {
        const steps = [Math.min(...keys.map(k => +k.first_step)), Math.max(...keys.map(k => +k.last_step))];
        const asked = new URLSearchParams(location.search).get('step');
        const shown = h('output', { class: 'n' }), slider = h('input', { type: 'range', min: steps[0], max: steps[1], step: 'any', value: asked === null ? steps[1] : +asked, class: 'media-step', 'aria-label': 'Step', oninput: () => this.at(+slider.value, shown) });
        const grid = h('div', { class: 'media-grid' });
        this.root.replaceChildren(h('div', { class: 'lines-bar' }, h('label', { class: 'check grow' }, 'Step', slider, shown)), grid);
        this.cards = keys.sort((a, b) => a.key.localeCompare(b.key)).map(key => new Card(run, key));
        grid.append(...this.cards.map(card => card.element));
        await Promise.all(this.cards.map(card => card.load()));
        this.at(+slider.value, shown, true);
      }
      this.root.dataset.drawn = 'yes';
    } catch (error) { this.root.textContent = error.message; this.root.dataset.drawn = 'failed'; }
  }

  at(step, shown, first) {
    shown.value = number(step);
    for (const card of this.cards) card.at(step);
    if (!first) { const now = new URLSearchParams(location.search); now.set('step', String(+step.toPrecision(10))); keep(now); }
  }

  dispose() { for (const card of this.cards) card.dispose(); }
}

class Card {
  constructor(run, key) {
    Object.assign(this, { run, key, entries: [] });
    this.word = h('span', { class: 'muted' });
    this.body = h('div', { class: 'media-body' });
    this.element = h('figure', { class: 'panel media-card', 'data-media-key': key.key, 'data-media-kind': key.kind }, h('figcaption', {}, h('b', { class: 'cut', title: key.key }, key.key), h('span', { class: 'spring' }), this.word), this.body);
  }

  async load() {
    // Of very many, evenly spread ones.
    const page = await api('GET', `/api/v1/runs/${this.run}/media?key=${encodeURIComponent(this.key.key)}&max=${most}` + (this.key.count > most ? '&sample=' + most : ''));
    this.entries = page.items.filter(entry => entry.kind === this.key.kind).sort((a, b) => +a.step - +b.step || a.id - b.id);
    if (this.key.kind === 'histogram') this.map();
  }

  at(step) {
    // The latest at or before the step; before the first, the first.
    let found = this.entries[0];
    for (const entry of this.entries) if (+entry.step <= step) found = entry;
    if (!found) return;
    const same = this.entries.filter(e => +e.step === +found.step);
    this.word.textContent = `step ${number(+found.step)} · ${this.entries.length}${this.key.count > this.entries.length ? ' of ' + this.key.count : ''}`;
    if (this.shown === found.id) return;
    this.shown = found.id;
    if (this.key.kind === 'histogram') { this.mark(+found.step); return; }
    this.body.replaceChildren(...same.slice(0, 16).map(entry => h('div', { class: 'media-item' }, this.draw(entry), entry.caption && h('div', { class: 'muted' }, entry.caption))));
  }

  draw(entry) {
    if (entry.kind === 'image') return h('a', { href: url(this.run, entry.path), target: '_blank', rel: 'noopener' }, h('img', { src: url(this.run, entry.path), alt: entry.caption || entry.key, loading: 'lazy', class: 'preview' }));
    if (entry.kind === 'audio') return h('audio', { src: url(this.run, entry.path), controls: true, preload: 'none' });
    if (entry.kind === 'video') return h('video', { src: url(this.run, entry.path), controls: true, preload: 'none' });
    if (entry.kind === 'text') return h('pre', { class: 'json told' }, entry.text || '');
    const box = h('div', { class: 'scroll' }, h('span', { class: 'muted' }, 'Reading…'));
    fetch(url(this.run, entry.path), { credentials: 'same-origin' }).then(a => a.text()).then(text => box.replaceChildren(entry.kind === 'table' ? table(text) : h('pre', { class: 'json' }, text.slice(0, 20000))), error => { box.textContent = error.message; });
    return box;
  }

  /** All histograms as one picture: steps to the right, values upwards, counts as shade. */
  map() {
    this.canvas = h('canvas', { class: 'media-map' });
    this.body.replaceChildren(this.canvas);
    this.sized = new ResizeObserver(() => this.mark(this.step));
    this.sized.observe(this.body);
    this.themed = () => this.mark(this.step);
    document.addEventListener('holdfast-theme', this.themed);
  }

  mark(step) {
    this.step = step;
    const list = this.entries.filter(e => e.histogram && e.histogram.counts.length), canvas = this.canvas, width = this.body.clientWidth, height = 210, ratio = devicePixelRatio || 1;
    if (!list.length || width < 60) return;
    canvas.width = width * ratio; canvas.height = height * ratio; canvas.style.height = height + 'px';
    const ctx = canvas.getContext('2d'), p = palette(), left = 46, foot = 18;
    ctx.scale(ratio, ratio);
    const low = Math.min(...list.map(e => e.histogram.edges[0])), high = Math.max(...list.map(e => e.histogram.edges[e.histogram.edges.length - 1])), span = high - low || 1;
    const y = value => (height - foot) - (value - low) / span * (height - foot - 6);
    const x = i => left + i / list.length * (width - left - 4);
    ctx.fillStyle = p.accent;
    list.forEach((e, i) => {
      const { edges, counts } = e.histogram, top = Math.max(...counts.map((c, k) => c / (edges[k + 1] - edges[k] || 1))) || 1;
      counts.forEach((count, k) => {
        if (!(count > 0)) return;
        ctx.globalAlpha = 0.08 + 0.92 * Math.sqrt(count / (edges[k + 1] - edges[k] || 1) / top);
        ctx.fillRect(x(i), y(edges[k + 1]), Math.max(1, x(i + 1) - x(i)), Math.max(1, y(edges[k]) - y(edges[k + 1])));
      });
    });
    ctx.globalAlpha = 1; ctx.fillStyle = p.ink3; ctx.font = '10.500px system-ui, sans-serif'; ctx.textAlign = 'right'; ctx.textBaseline = 'middle';
    for (const value of [low, low + span / 2, high]) ctx.fillText(number(value), left - 6, Math.max(8, y(value)));
    ctx.textAlign = 'left'; ctx.fillText(number(+list[0].step), left, height - 8); ctx.textAlign = 'right'; ctx.fillText(number(+list[list.length - 1].step), width - 4, height - 8);
    let at = 0;
    list.forEach((e, i) => { if (+e.step <= step) at = i; });
    ctx.strokeStyle = p.ink; ctx.strokeRect(x(at) + 0.5, 2.5, Math.max(2, x(at + 1) - x(at) - 1), height - foot - 3);
  }

  dispose() { if (this.sized) { this.sized.disconnect(); document.removeEventListener('holdfast-theme', this.themed); } }
}

function table(text) {
  let columns = [], rows = [];
  try { const found = JSON.parse(text); columns = found.columns || []; rows = found.data || []; } catch {
    const lines = text.split(/\r?\n/).filter(Boolean).map(l => l.split(','));
    columns = lines.shift() || []; rows = lines;
  }
  return h('table', { class: 'grid dense' }, h('thead', {}, h('tr', {}, columns.map(c => h('th', {}, String(c))))), h('tbody', {}, rows.slice(0, 200).map(row => h('tr', {}, row.map(c => h('td', { class: typeof c === 'number' ? 'n' : 'clip' }, typeof c === 'number' ? number(c) : String(c ?? '–')))))));
}

const live = new Map();
function sweep() {
  for (const [element, thing] of live) if (!element.isConnected) { live.delete(element); thing.dispose(); }
  document.querySelectorAll('[data-media]').forEach(element => { if (!live.has(element)) live.set(element, new Media(element)); });
}
let planned = false;
new MutationObserver(() => { if (!planned) { planned = true; requestAnimationFrame(() => { planned = false; sweep(); }); } }).observe(document.body, { subtree: true, childList: true });
sweep();
