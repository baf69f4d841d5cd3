// Lines of many runs, one panel a metric. Drawn on a canvas of our own: a thousand lines of a general chart library take seconds.
// The server down-samples to last, least and greatest of each bucket, so spikes stay; the panels fetch what is looked at.
const v = new URL(import.meta.url).search;
const { palette, number } = await import('./holdfast-charts.js' + v);
const { h, icon, api, later, popover, dark, duration, when } = await import('./holdfast-parts.js' + v);

/** Courses as the server gave them, by run, metric, axis and range; asks for what is missing, a few requests at a time. */
export class Courses {
  constructor(changed) { this.changed = changed; this.whole = new Map(); this.detail = new Map(); this.range = ''; this.queue = []; this.running = 0; this.planned = false; }

  get(run, key, x) {
    const name = run + '\n' + key + '\n' + x;
    const fine = this.detail.get(name), all = this.whole.get(name);
    return { all: all && all.course, fine: fine && fine.course };
  }

  want(runs, key, x, buckets, range) {
    const rangeName = range ? x + range.join('~') : '';
    if (rangeName !== this.range) { this.detail.clear(); this.range = rangeName; }
    const missing = (store, few) => runs.filter(run => {
      const name = run + '\n' + key + '\n' + x, kept = store.get(name);
      if (kept && (kept.waiting || !kept.stale && kept.buckets >= few)) return false;
      store.set(name, { ...(kept || {}), waiting: true, stale: false, buckets });
      return true;
    });
    const whole = missing(this.whole, buckets / 2);
    if (whole.length) this.queue.push({ runs: whole, key, x, buckets, range: null, store: this.whole });
    if (range) {
      const fine = missing(this.detail, buckets / 2);
      if (fine.length) this.queue.push({ runs: fine, key, x, buckets, range, store: this.detail });
    }
    if (!this.planned) { this.planned = true; setTimeout(() => { this.planned = false; this.pump(); }, 0); }
  }

  /** What is known of these runs may be old: it stays on the screen until it is read again. */
  stale(runs) {
    const some = runs && new Set(runs);
    for (const store of [this.whole, this.detail]) for (const [name, kept] of store) if (!some || some.has(name.slice(0, name.indexOf('\n')))) kept.stale = true;
  }

  pump() {
    // Metrics of the same runs travel together, up to some hundred series a request.
    const jobs = new Map();
    for (const wish of this.queue.splice(0)) {
      for (let from = 0; from < wish.runs.length; from += 200) {
        const runs = wish.runs.slice(from, from + 200);
        const name = [wish.x, wish.buckets, wish.range || '', wish.store === this.whole, runs[0], runs.length, runs[runs.length - 1]].join('|');
        const same = jobs.get(name);
        if (same && (same.keys.length + 1) * runs.length <= 400 && same.runs.every((run, i) => run === runs[i])) same.keys.push(wish.key);
        else jobs.set(same ? name + jobs.size : name, { ...wish, runs, keys: [wish.key] });
      }
    }
    this.jobs = [...(this.jobs || []), ...jobs.values()];
    this.work();
  }

  work() {
    while (this.running < 4 && this.jobs.length) {
      const job = this.jobs.shift();
      this.running++;
      api('POST', '/api/v1/runs/series', { runs: job.runs, keys: job.keys, buckets: job.buckets, x: job.x, from: job.range ? job.range[0] : undefined, to: job.range ? job.range[1] : undefined })
        .then(answer => {
          const found = new Map(answer.series.map(s => [s.run + '\n' + s.key, s]));
          for (const run of job.runs) for (const key of job.keys) {
            const kept = job.store.get(run + '\n' + key + '\n' + job.x);
            if (kept) { kept.waiting = false; kept.course = course(found.get(run + '\n' + key)); }
          }
          this.failed = null;
        }, error => {
          for (const run of job.runs) for (const key of job.keys) job.store.delete(run + '\n' + key + '\n' + job.x);
          this.failed = error;
        })
        .finally(() => { this.running--; this.changed(job.keys, job.runs); this.work(); });
    }
  }

  get busy() { return this.running > 0 || this.planned || (this.jobs || []).length > 0; }
}

const numbers = list => Float64Array.from(list, value => typeof value === 'number' ? value : value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : NaN);
function course(found) {
  if (!found) return null;
  const last = numbers(found.last);
  return { x: numbers(found.x), last, min: found.min ? numbers(found.min) : last, max: found.max ? numbers(found.max) : last, folded: !!found.min, points: found.points };
}

/** The coarse course with the finer one of the range put in its place. */
function joined(all, fine) {
  if (!all || !fine || fine.x.length === 0) return all;
  const [from, to] = [fine.x[0], fine.x[fine.x.length - 1]];
  const a = before(all.x, from), b = after(all.x, to);
  const cut = name => Float64Array.of(...all[name].subarray(0, a), ...fine[name], ...all[name].subarray(b));
  return { x: cut('x'), last: cut('last'), min: cut('min'), max: cut('max'), folded: all.folded || fine.folded, points: all.points };
}
const before = (x, at) => { let [low, high] = [0, x.length]; while (low < high) { const mid = (low + high) >> 1; if (x[mid] < at) low = mid + 1; else high = mid; } return low; };
const after = (x, at) => { let [low, high] = [0, x.length]; while (low < high) { const mid = (low + high) >> 1; if (x[mid] <= at) low = mid + 1; else high = mid; } return low; };
function nearest(x, at) {
  const i = before(x, at);
  return i === 0 ? 0 : i === x.length ? x.length - 1 : at - x[i - 1] <= x[i] - at ? i - 1 : i;
}

/** Smoothed values; the weight is 0 (none) to 1. */
export function smooth(x, y, weight, kind) {
  if (!(weight > 0) || kind === 'none' || y.length < 3) return y;
  const n = y.length, out = new Float64Array(n), range = x[n - 1] - x[0] || 1;
  if (kind === 'gaussian' || kind === 'average') {
    // Both reach over a share of the axis, up to a tenth of it on each side.
    const reach = weight * weight * range / 10;
    let [from, to] = [0, 0];
    const far = kind === 'gaussian' ? 3 * reach : reach;
    for (let i = 0; i < n; i++) {
      while (x[from] < x[i] - far) from++;
      while (to < n && x[to] <= x[i] + far) to++;
      let [sum, all] = [0, 0];
      for (let j = from; j < to; j++) {
        if (!Number.isFinite(y[j])) continue;
        const share = kind === 'gaussian' && reach > 0 ? Math.exp(-0.5 * ((x[j] - x[i]) / reach) ** 2) : 1;
        sum += share * y[j]; all += share;
      }
      out[i] = all ? sum / all : NaN;
    }
    return out;
  }
  // Exponential, weighted by the distance on the axis: uneven steps and different samplings give the same curve.
  const keepOf = Math.min(Math.sqrt(weight), 0.999);
  let [value, debt] = [0, 0];
  for (let i = 0; i < n; i++) {
    const stays = Math.pow(keepOf, i === 0 ? 1 : (x[i] - x[i - 1]) / range * 1000);
    if (Number.isFinite(y[i])) { value = value * stays + y[i]; debt = debt * stays + 1; }
    out[i] = debt ? value / debt : NaN;
  }
  return out;
}

/** Mean and band of several traces on a common axis; each counts only within its own range. */
export function combine(traces, band) {
  const shown = traces.filter(t => t && t.x.length);
  if (shown.length === 0) return null;
  if (shown.length === 1) { const t = shown[0]; return { ...t, low: t.min, high: t.max, n: new Float64Array(t.x.length).fill(1), folded: false }; }
  const least = Math.min(...shown.map(t => t.x[0])), most = Math.max(...shown.map(t => t.x[t.x.length - 1]));
  const longest = shown.reduce((a, b) => a.x.length >= b.x.length ? a : b);
  const same = shown.every(t => t.x.length === longest.x.length && t.x[0] === longest.x[0] && t.x[t.x.length - 1] === longest.x[longest.x.length - 1]);
  const x = same ? longest.x : Float64Array.from({ length: Math.min(400, longest.x.length * 2) }, (_, i, n = Math.min(400, longest.x.length * 2)) => least + (most - least) * i / Math.max(1, n - 1));
  const n = new Float64Array(x.length), sum = new Float64Array(x.length), squares = new Float64Array(x.length);
  const low = new Float64Array(x.length).fill(Infinity), high = new Float64Array(x.length).fill(-Infinity);
  for (const t of shown) {
    let j = 0;
    for (let i = 0; i < x.length; i++) {
      if (x[i] < t.x[0] || x[i] > t.x[t.x.length - 1]) continue;
      while (j < t.x.length - 2 && t.x[j + 1] < x[i]) j++;
      const next = Math.min(j + 1, t.x.length - 1), width = t.x[next] - t.x[j], share = width > 0 ? Math.min(1, Math.max(0, (x[i] - t.x[j]) / width)) : 0;
      const y = t.y[j] + (t.y[next] - t.y[j]) * share;
      if (!Number.isFinite(y)) continue;
      n[i]++; sum[i] += y; squares[i] += y * y;
      low[i] = Math.min(low[i], y); high[i] = Math.max(high[i], y);
    }
  }
  const y = sum.map((s, i) => n[i] ? s / n[i] : NaN);
  if (band !== 'minmax') {
    for (let i = 0; i < x.length; i++) {
      const spread = n[i] > 1 ? Math.sqrt(Math.max(0, (squares[i] - n[i] * y[i] * y[i]) / (n[i] - 1))) / (band === 'stderr' ? Math.sqrt(n[i]) : 1) : 0;
      low[i] = y[i] - spread; high[i] = y[i] + spread;
    }
  }
  return { x, y, raw: y, min: low, max: high, low, high, n, folded: false };
}

export const axes = [['step', 'Step'], ['relative', 'Relative time'], ['time', 'Wall time']];
export const smoothers = [['ema', 'Exponential, by distance'], ['gaussian', 'Gaussian'], ['average', 'Running average'], ['none', 'None']];
export const bands = [['minmax', 'Least to greatest'], ['std', 'Standard deviation'], ['stderr', 'Standard error']];

/** How the panels are looked at. Everything of it stands in the address. */
export class View {
  constructor(params = new URLSearchParams()) { this.read(params); }

  read(params) {
    this.x = params.get('x') || 'step';
    this.smooth = Math.min(1, Math.max(0, +(params.get('smooth') || 0) || 0));
    this.smoother = params.get('smoother') || 'ema';
    this.logx = params.get('logx') === '1';
    this.logy = params.get('logy') === '1';
    this.outliers = params.get('outliers') !== '0';
    this.band = params.get('band') || 'minmax';
    this.panels = params.get('panels') || '';
    this.size = params.get('size') || 'm';
    this.closed = new Set(params.getAll('closed'));
    this.opened = new Set(params.getAll('opened'));
    const zoom = (params.get('zoom') || '').split('~').map(Number);
    this.zoom = zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? zoom : null;
    this.full = params.get('full') || '';
    this.own = new Map(params.getAll('panel').map(text => {
      const [key, ...rest] = text.split('~');
      return [key, Object.fromEntries(rest.map(part => [part[0], part.slice(1)]))];
    }));
  }

  write(params) {
    const set = (name, value) => value ? params.set(name, value) : params.delete(name);
    set('x', this.x === 'step' ? '' : this.x);
    set('smooth', this.smooth ? String(+this.smooth.toFixed(3)) : '');
    set('smoother', this.smoother === 'ema' ? '' : this.smoother);
    set('logx', this.logx ? '1' : '');
    set('logy', this.logy ? '1' : '');
    set('outliers', this.outliers ? '' : '0');
    set('band', this.band === 'minmax' ? '' : this.band);
    set('panels', this.panels);
    set('size', this.size === 'm' ? '' : this.size);
    set('zoom', this.zoom ? this.zoom.map(n => String(+n.toPrecision(10))).join('~') : '');
    set('full', this.full);
    for (const [name, values] of [['closed', this.closed], ['opened', this.opened]]) { params.delete(name); for (const value of values) params.append(name, value); }
    params.delete('panel');
    for (const [key, own] of this.own) {
      const parts = Object.entries(own).filter(([, value]) => value !== '' && value !== undefined);
      if (parts.length) params.append('panel', key + '~' + parts.map(([name, value]) => name + value).join('~'));
    }
    return params;
  }

  /** The settings of one panel: its own, else everybody's. l: log y, x: axis, s: smoothing, a and b: the range of y. */
  of(key) {
    const own = this.own.get(key) || {};
    const bound = value => value === undefined || value === '' || !Number.isFinite(+value) ? null : +value;
    return { x: own.x || this.x, smooth: own.s === undefined ? this.smooth : +own.s, logy: own.l === undefined ? this.logy : own.l === '1', low: bound(own.a), high: bound(own.b) };
  }
}

const heights = { s: 150, m: 210, l: 300, xl: 420 };
const widths = { s: 240, m: 330, l: 480, xl: 760 };
const margin = { left: 50, right: 10, top: 8, bottom: 22 };

/** The toolbar, the sections and their panels. */
export class Area {
  constructor(root, view, { save, pick, single = false } = {}) {
    Object.assign(this, { root, view, save: save || (() => {}), pick, single, lines: [], metrics: [], panels: new Map(), hover: null, marked: null });
    this.courses = new Courses(keys => { for (const key of keys) this.touch(key); this.note(); });
    this.seen = new IntersectionObserver(entries => {
      for (const entry of entries) { const panel = entry.target.panel; panel.visible = entry.isIntersecting; if (panel.visible) panel.fetch(); }
    }, { rootMargin: '200px' });
    this.sized = new ResizeObserver(entries => { for (const entry of entries) entry.target.panel.plan(); });
    this.tip = h('div', { class: 'tip', hidden: true });
    this.body = h('div', { class: 'sections' });
    this.word = h('span', { class: 'muted lines-note', role: 'status' });
    root.replaceChildren(this.bar = h('div', { class: 'lines-bar' }), this.body, this.tip);
    this.tools();
    this.themed = () => this.redraw();
    document.addEventListener('holdfast-theme', this.themed);
  }

  dispose() { document.removeEventListener('holdfast-theme', this.themed); this.seen.disconnect(); this.sized.disconnect(); }

  changed({ fetch = true } = {}) {
    this.save();
    this.reset.hidden = !this.view.zoom;
    for (const panel of this.panels.values()) { if (fetch && panel.visible) panel.fetch(); panel.plan(); }
  }

  tools() {
    const view = this.view;
    const select = (label, value, options, set) => h('select', { class: 'field', 'aria-label': label, title: label, onchange: e => set(e.target.value) }, options.map(([key, words]) => h('option', { value: key, selected: key === value }, words)));
    const check = (words, value, set, title) => h('label', { class: 'check', title }, h('input', { type: 'checkbox', checked: value, onchange: e => { set(e.target.checked); this.changed({ fetch: false }); } }), words);
    this.search = h('input', { class: 'field', type: 'search', placeholder: 'Panels: name or regex', 'aria-label': 'Search panels', value: view.panels, spellcheck: 'false', autocomplete: 'off', 'data-panel-search': true,
      oninput: later(e => { view.panels = this.search.value; this.save(); this.layout(); }, 120) });
    this.axis = select('Horizontal axis', view.x, this.axisOptions(), value => { view.x = value; view.zoom = null; this.changed(); });
    const amount = h('input', { type: 'range', min: 0, max: 1, step: 0.01, value: view.smooth, 'aria-label': 'Smoothing', class: 'smooth', oninput: e => set(+e.target.value) });
    const shown = h('output', { class: 'muted n' }, view.smooth.toFixed(2));
    const set = value => { view.smooth = value; shown.value = value.toFixed(2); this.changed({ fetch: false }); };
    this.reset = h('button', { type: 'button', class: 'button', hidden: !view.zoom, onclick: () => this.zoomTo(null) }, 'Reset zoom');
    this.bandBox = select('Band of a group', view.band, bands, value => { view.band = value; this.changed({ fetch: false }); });
    this.bandBox.hidden = true;
    this.bar.replaceChildren(this.search, h('label', { class: 'check' }, 'X', this.axis),
      h('span', { class: 'check' }, 'Smoothing', amount, shown, select('Way of smoothing', view.smoother, smoothers, value => { view.smoother = value; this.changed({ fetch: false }); })),
      check('Log x', view.logx, value => { view.logx = value; }), check('Log y', view.logy, value => { view.logy = value; }),
      check('Outliers', view.outliers, value => { view.outliers = value; }, 'Off: the y axis spans the values between the 5th and the 95th percentile'),
      this.bandBox, select('Size of the panels', view.size, [['s', 'Small'], ['m', 'Medium'], ['l', 'Large'], ['xl', 'Wide']], value => { view.size = value; this.save(); this.layout(); }),
      this.reset, h('span', { class: 'spring' }), this.word);
  }

  axisOptions() {
    const own = this.view.x.startsWith('m:') ? [this.view.x.slice(2)] : [];
    return [...axes, ...[...new Set([...own, ...this.metrics])].map(key => ['m:' + key, key])];
  }

  /** What is drawn: lines {id, label, colour, runs: [{id}], dash, bold}, and the metrics that make panels. */
  show(lines, metrics) {
    this.lines = lines;
    this.grouped = lines.some(line => line.group);
    this.bandBox.hidden = !this.grouped;
    const same = metrics.length === this.metrics.length && metrics.every((key, i) => key === this.metrics[i]);
    this.metrics = metrics;
    if (!same) {
      const value = this.axis.value;
      this.axis.replaceChildren(...this.axisOptions().map(([key, words]) => h('option', { value: key, selected: key === value }, words)));
      this.layout();
    }
    for (const panel of this.panels.values()) { panel.forget(); if (panel.visible) panel.fetch(); panel.plan(); }
    this.note();
  }

  /** Points of these runs came in. */
  news(runs) { this.courses.stale(runs); for (const panel of this.panels.values()) if (panel.visible) panel.fetch(); }

  note() {
    const failed = this.courses.failed;
    this.word.textContent = failed ? failed.message : this.courses.busy ? 'Reading…' : '';
    this.root.dataset.busy = this.courses.busy ? 'yes' : 'no';
  }

  layout() {
    let fits = () => true;
    this.search.setCustomValidity('');
    if (this.view.panels) {
      try { const pattern = new RegExp(this.view.panels, 'i'); fits = key => pattern.test(key); } catch (error) {
        // A half-typed expression is looked for as it stands.
        const words = this.view.panels.toLowerCase(); fits = key => key.toLowerCase().includes(words);
        this.search.setCustomValidity(error.message);
      }
    }
    const sections = new Map();
    for (const key of this.metrics) {
      if (!fits(key)) continue;
      const name = key.indexOf('/') > 0 ? key.slice(0, key.indexOf('/')) : '';
      if (!sections.has(name)) sections.set(name, []);
      sections.get(name).push(key);
    }
    const kept = new Set();
    const order = [...sections.keys()].sort((a, b) => (a === 'system') - (b === 'system') || (a === '' ? -1 : b === '' ? 1 : a.localeCompare(b)));
    this.body.replaceChildren(...order.map(name => {
      const open = name === 'system' && !this.single ? this.view.opened.has(name) : !this.view.closed.has(name || '-');
      const grid = h('div', { class: 'line-grid', style: `--wide: ${widths[this.view.size] || 330}px; --tall: ${heights[this.view.size] || 210}px` }, sections.get(name).map(key => {
        kept.add(key);
        let panel = this.panels.get(key);
        if (!panel) { panel = new Panel(this, key); this.panels.set(key, panel); this.seen.observe(panel.element); this.sized.observe(panel.element); }
        panel.element.classList.toggle('full', this.view.full === key);
        return panel.element;
      }));
      const summary = h('summary', {}, h('h2', {}, name || 'Metrics'), h('span', { class: 'muted' }, String(sections.get(name).length)));
      const section = h('details', { class: 'panel line-section', open, 'data-section': name }, summary, grid);
      section.addEventListener('toggle', () => {
        // Machine figures are closed at first, all else is open.
        const late = name === 'system' && !this.single, set = late ? this.view.opened : this.view.closed;
        if (section.open === late) set.add(name || '-'); else set.delete(name || '-');
        this.save();
      });
      return section;
    }));
    for (const [key, panel] of this.panels) if (!kept.has(key)) { this.seen.unobserve(panel.element); this.sized.unobserve(panel.element); this.panels.delete(key); }
    if (this.metrics.length && kept.size === 0) this.body.replaceChildren(h('p', { class: 'muted none' }, 'No panel fits “' + this.view.panels + '”.'));
    if (this.metrics.length === 0) this.body.replaceChildren(h('p', { class: 'muted none' }, this.empty || 'No metric was logged by the runs that are shown.'));
  }

  touch(key) { const panel = this.panels.get(key); if (panel) { panel.forget(); panel.plan(); } if (this.view.x === 'm:' + key || [...this.view.own.values()].some(o => o.x === 'm:' + key)) for (const p of this.panels.values()) { p.forget(); p.plan(); } }

  redraw() { for (const panel of this.panels.values()) panel.plan(); }

  zoomTo(range) { this.view.zoom = range; this.changed(); }

  point(hover) {
    this.hover = hover;
    for (const panel of this.panels.values()) if (panel.visible) panel.over();
    if (!hover) this.tip.hidden = true;
  }

  /** A line that stands out, as when the pointer is on its row. */
  mark(id) { if (this.marked === id) return; this.marked = id; for (const panel of this.panels.values()) if (panel.visible) panel.over(); }

  grow(key) { this.view.full = this.view.full === key ? '' : key; for (const [name, panel] of this.panels) panel.element.classList.toggle('full', this.view.full === name); this.save(); this.redraw(); }
}

class Panel {
  constructor(area, key) {
    Object.assign(this, { area, key, visible: false, planned: false, made: null, kept: new WeakMap(), lasted: 0 });
    this.canvas = h('canvas');
    this.top = h('canvas', { class: 'over' });
    this.plot = h('div', { class: 'plot', role: 'img', 'aria-label': key }, this.canvas, this.top);
    this.word = h('span', { class: 'muted' });
    const gear = h('button', { type: 'button', class: 'quiet', title: 'Settings of this panel', 'aria-label': 'Settings of ' + key, onclick: () => this.settings(gear) }, icon('gear', 14));
    this.element = h('figure', { class: 'line-panel', 'data-key': key }, h('figcaption', {}, h('span', { class: 'name', title: key }, key), this.word, h('span', { class: 'spring' }),
      gear, h('button', { type: 'button', class: 'quiet', title: 'Fill the page (Esc leaves)', 'aria-label': 'Enlarge ' + key, onclick: () => area.grow(key) }, icon('grow', 14))), this.plot);
    this.element.panel = this;
    this.listen();
  }

  get own() { return this.area.view.of(this.key); }

  runs() { return [...new Set(this.area.lines.flatMap(line => line.runs.map(run => run.id)))]; }

  fetch() {
    const { x } = this.own, runs = this.runs();
    if (runs.length === 0) { this.plan(); return; }
    const buckets = runs.length <= 30 ? 500 : runs.length <= 100 ? 250 : runs.length <= 300 ? 150 : 100;
    const metric = x.startsWith('m:');
    const zoom = metric ? null : this.area.view.zoom;
    const pad = zoom ? (zoom[1] - zoom[0]) / 20 : 0;
    this.area.courses.want(runs, this.key, metric ? 'step' : x, buckets, zoom ? [zoom[0] - pad, zoom[1] + pad] : null);
    if (metric) this.area.courses.want(runs, x.slice(2), 'step', buckets, null);
    this.area.note();
  }

  forget() { this.made = null; }

  plan() {
    if (this.planned) return;
    this.planned = true;
    const draw = () => { this.planned = false; if (!this.visible || !this.element.isConnected) return; const from = performance.now(); this.draw(); this.lasted = performance.now() - from; };
    // Panels that take long are drawn less often, so that the page answers in between.
    if (this.lasted < 40) requestAnimationFrame(draw); else setTimeout(() => requestAnimationFrame(draw), Math.min(1500, this.lasted * 3));
  }

  /** One trace a line: what is drawn, and what the tip says. */
  traces() {
    const { view, courses } = this.area, { x, smooth: weight } = this.own;
    const name = [x, weight, view.smoother, view.band].join('|');
    if (this.made && this.made.name === name) return this.made.traces;
    const one = run => {
      const metric = x.startsWith('m:');
      const found = courses.get(run.id, this.key, metric ? 'step' : x);
      if (!found.all) return null;
      const other = metric ? courses.get(run.id, x.slice(2), 'step').all : null;
      // What was made of the same points under the same settings serves again: of a thousand lines a few change at a time.
      const kept = this.kept.get(found.all);
      if (kept && kept.name === name && kept.fine === found.fine && kept.other === other) return kept.trace;
      let course = joined(found.all, found.fine);
      if (metric) course = against(course, other);
      const trace = course && course.x.length ? { x: course.x, y: smooth(course.x, course.last, weight, view.smoother), raw: course.last, min: course.min, max: course.max, folded: course.folded } : null;
      this.kept.set(found.all, { name, fine: found.fine, other, trace });
      return trace;
    };
    const traces = [];
    for (const line of this.area.lines) {
      const trace = line.group ? combine(line.runs.map(one), view.band) : one(line.runs[0]);
      if (trace) traces.push({ ...trace, line, band: line.group && trace.low !== undefined });
    }
    this.made = { name, traces };
    return traces;
  }

  scales(traces, width, height) {
    const { view } = this.area, own = this.own;
    const logx = view.logx && own.x !== 'time';
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const t of traces) {
      for (const at of logx ? t.x.filter(value => value > 0) : [t.x[0], t.x[t.x.length - 1]]) { if (at < x0) x0 = at; if (at > x1) x1 = at; }
    }
    if (view.zoom) [x0, x1] = view.zoom;
    if (this.yZoom) [y0, y1] = this.yZoom;
    else {
      const pool = [];
      const weight = own.smooth > 0 && view.smoother !== 'none';
      for (const t of traces) {
        const from = Math.max(0, before(t.x, x0) - 1), to = Math.min(t.x.length, after(t.x, x1) + 1);
        for (let i = from; i < to; i++) {
          if (!view.outliers) { if (Number.isFinite(t.y[i]) && (!own.logy || t.y[i] > 0)) pool.push(t.y[i]); continue; }
          const wide = t.band ? [t.low[i], t.high[i]] : weight ? [t.y[i], t.y[i]] : [t.min[i], t.max[i]];
          for (const value of [...wide, t.raw[i]]) if (Number.isFinite(value) && (!own.logy || value > 0)) { if (value < y0) y0 = value; if (value > y1) y1 = value; }
        }
      }
      if (!view.outliers && pool.length) {
        const sorted = Float64Array.from(pool).sort();
        [y0, y1] = [sorted[Math.floor(0.05 * (sorted.length - 1))], sorted[Math.ceil(0.95 * (sorted.length - 1))]];
      }
    }
    if (own.low !== null) y0 = own.low;
    if (own.high !== null) y1 = own.high;
    if (!Number.isFinite(y0) || !Number.isFinite(y1)) [y0, y1] = own.logy ? [0.1, 1] : [0, 1];
    if (!Number.isFinite(x0) || !Number.isFinite(x1)) [x0, x1] = [0, 1];
    if (x0 === x1) { x0 -= logx ? x0 / 2 : 0.5; x1 += 0.5; }
    const map = (low, high, from, to, log) => {
      if (log && low > 0) { const [a, b] = [Math.log10(low), Math.log10(high)]; const span = b - a || 1; return { low, high, log: true, at: value => value > 0 ? from + (Math.log10(value) - a) / span * (to - from) : NaN, back: px => 10 ** (a + (px - from) / (to - from) * span) }; }
      const span = high - low || 1;
      return { low, high, log: false, at: value => from + (value - low) / span * (to - from), back: px => low + (px - from) / (to - from) * span };
    };
    if (!this.yZoom && own.low === null && own.high === null || y0 === y1) {
      if (own.logy && y0 > 0) { const pad = (Math.log10(y1 / y0) || 0.3) * 0.05; y0 /= 10 ** pad; y1 *= 10 ** pad; }
      else { const pad = (y1 - y0) * 0.05 || Math.abs(y0) * 0.05 || 0.5; y0 -= pad; y1 += pad; }
    }
    return { x: map(x0, x1, margin.left, width - margin.right, logx && x0 > 0), y: map(y0, y1, height - margin.bottom, margin.top, own.logy) };
  }

  draw() {
    const width = this.plot.clientWidth, height = this.plot.clientHeight, ratio = devicePixelRatio || 1;
    if (width < 40 || height < 40) return;
    for (const canvas of [this.canvas, this.top]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
    }
    const traces = this.traces(), p = palette(), ctx = this.canvas.getContext('2d');
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    this.drawn = { traces, width, height, ...this.scales(traces, width, height) };
    const { x, y } = this.drawn, { view } = this.area, own = this.own;
    const waiting = this.area.courses.busy && traces.length === 0;
    this.element.dataset.drawn = traces.length ? 'yes' : waiting ? 'waiting' : 'empty';
    this.element.dataset.count = traces.length;
    this.word.textContent = '';
    if (traces.length === 0) {
      ctx.fillStyle = p.ink3; ctx.font = '12px system-ui, sans-serif'; ctx.textAlign = 'center';
      ctx.fillText(waiting ? 'Reading…' : this.area.lines.length ? 'No points' : 'No run is shown', width / 2, height / 2);
      this.over();
      return;
    }
    // Axes
    ctx.font = '10.500px system-ui, sans-serif'; ctx.lineWidth = 1; ctx.strokeStyle = p.line; ctx.fillStyle = p.ink3;
    ctx.textAlign = 'right'; ctx.textBaseline = 'middle';
    for (const tick of ticks(y.low, y.high, Math.max(2, height / 45), y.log)) {
      const at = Math.round(y.at(tick)) + 0.5;
      ctx.beginPath(); ctx.moveTo(margin.left, at); ctx.lineTo(width - margin.right, at); ctx.stroke();
      ctx.fillText(number(tick), margin.left - 6, at);
    }
    ctx.textAlign = 'center'; ctx.textBaseline = 'top';
    const marks = own.x === 'time' || own.x === 'relative' ? timeTicks(x.low, x.high, Math.max(2, width / 95), own.x) : ticks(x.low, x.high, Math.max(2, width / 80), x.log).map(tick => [tick, number(tick)]);
    let taken = -Infinity;
    for (const [tick, words] of marks) {
      const at = x.at(tick), half = ctx.measureText(words).width / 2;
      if (at - half < taken + 8 || at + half > width || at - half < 0) continue;
      taken = at + half;
      ctx.fillText(words, at, height - margin.bottom + 6);
    }
    // Lines
    ctx.save();
    ctx.beginPath(); ctx.rect(margin.left, margin.top - 4, width - margin.left - margin.right, height - margin.top - margin.bottom + 6); ctx.clip();
    const smoothed = own.smooth > 0 && view.smoother !== 'none';
    const many = traces.length > 60;
    ctx.lineJoin = many ? 'bevel' : 'round';
    for (const t of traces) {
      const colour = t.line.colour();
      ctx.strokeStyle = ctx.fillStyle = colour;
      if (t.band) { ctx.globalAlpha = 0.16; ribbon(ctx, t, x, y); ctx.fill(); }
      ctx.globalAlpha = many ? 0.2 : 0.28; ctx.lineWidth = 1; ctx.setLineDash([]);
      if (smoothed && !t.band && !many) { path(ctx, t, t.raw, x, y, t.folded); ctx.stroke(); }
      ctx.globalAlpha = many ? 0.62 : 1; ctx.lineWidth = t.line.bold ? 2.6 : many ? 1 : 1.5;
      ctx.setLineDash(t.line.dash ? [6, 4] : []);
      path(ctx, t, t.y, x, y, t.folded && !smoothed && !t.band);
      ctx.stroke();
      if (t.x.length <= (many ? 1 : 40)) { ctx.setLineDash([]); for (let i = 0; i < t.x.length; i++) if (Number.isFinite(t.y[i])) { ctx.beginPath(); ctx.arc(x.at(t.x[i]), y.at(t.y[i]), t.x.length === 1 ? 3 : 2, 0, 7); ctx.fill(); } }
    }
    ctx.restore();
    ctx.globalAlpha = 1;
    this.over();
  }

  /** Cross-hair, the marked line and the stretch that is being dragged, on a canvas of its own: the lines below are not drawn again. */
  over() {
    const d = this.drawn;
    if (!d) return;
    const ctx = this.top.getContext('2d'), ratio = devicePixelRatio || 1, p = palette(), { hover, marked } = this.area;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, d.width, d.height);
    const strong = marked || (hover && hover.line);
    if (strong && d.traces.length > 1) {
      const t = d.traces.find(trace => trace.line.id === strong);
      if (t) {
        ctx.save();
        ctx.beginPath(); ctx.rect(margin.left, margin.top - 4, d.width - margin.left - margin.right, d.height - margin.top - margin.bottom + 6); ctx.clip();
        ctx.fillStyle = p.panel; ctx.globalAlpha = 0.55; ctx.fillRect(margin.left, 0, d.width, d.height); ctx.globalAlpha = 1;
        ctx.strokeStyle = t.line.colour(); ctx.lineWidth = 2.6; ctx.lineJoin = 'round'; path(ctx, t, t.y, d.x, d.y, false); ctx.stroke(); ctx.restore();
      }
    }
    if (this.drag) {
      ctx.fillStyle = p.accent; ctx.globalAlpha = 0.14;
      const [a, b] = [Math.min(this.drag.x0, this.drag.x1), Math.max(this.drag.x0, this.drag.x1)];
      if (this.drag.box) ctx.fillRect(a, Math.min(this.drag.y0, this.drag.y1), b - a, Math.abs(this.drag.y1 - this.drag.y0)); else ctx.fillRect(a, margin.top, b - a, d.height - margin.top - margin.bottom);
      ctx.globalAlpha = 1;
    }
    if (!hover || this.drag) return;
    const at = d.x.at(hover.x);
    if (!(at >= margin.left && at <= d.width - margin.right) || hover.axis !== this.own.x) return;
    ctx.strokeStyle = p.ink3; ctx.lineWidth = 1; ctx.beginPath(); ctx.moveTo(Math.round(at) + 0.5, margin.top); ctx.lineTo(Math.round(at) + 0.5, d.height - margin.bottom); ctx.stroke();
    if (d.traces.length > 100) return;
    for (const t of d.traces) {
      const i = nearest(t.x, hover.x);
      if (!Number.isFinite(t.y[i]) || Math.abs(d.x.at(t.x[i]) - at) > 30) continue;
      ctx.fillStyle = t.line.colour(); ctx.beginPath(); ctx.arc(d.x.at(t.x[i]), d.y.at(t.y[i]), 3, 0, 7); ctx.fill();
    }
  }

  listen() {
    const at = event => { const box = this.plot.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    const inside = (x, y) => this.drawn && x >= margin.left - 2 && x <= this.drawn.width - margin.right + 2 && y <= this.drawn.height - margin.bottom + 4;
    this.plot.addEventListener('pointermove', event => {
      const [x, y] = at(event);
      if (this.drag) { Object.assign(this.drag, { x1: Math.min(Math.max(x, margin.left), this.drawn.width - margin.right), y1: y, box: Math.abs(y - this.drag.y0) > 24 && Math.abs(x - this.drag.x0) > 24 }); this.over(); return; }
      if (!inside(x, y)) { if (this.area.hover) this.area.point(null); return; }
      this.tell(x, y, event);
    });
    this.plot.addEventListener('pointerleave', () => { if (!this.drag) this.area.point(null); });
    this.plot.addEventListener('pointerdown', event => {
      const [x, y] = at(event);
      if (event.button !== 0 || event.pointerType === 'touch' || !inside(x, y)) return;
      this.plot.setPointerCapture(event.pointerId);
      this.drag = { x0: x, y0: y, x1: x, y1: y, box: false };
    });
    this.plot.addEventListener('pointerup', () => {
      const drag = this.drag;
      this.drag = null;
      if (!drag) return;
      const [a, b] = [Math.min(drag.x0, drag.x1), Math.max(drag.x0, drag.x1)];
      if (b - a < 5) { const line = this.area.hover && this.area.hover.line; this.over(); if (line && this.area.pick) this.area.pick(line); return; }
      if (drag.box) this.yZoom = [this.drawn.y.back(Math.max(drag.y0, drag.y1)), this.drawn.y.back(Math.min(drag.y0, drag.y1))];
      this.area.zoomTo([this.drawn.x.back(a), this.drawn.x.back(b)]);
    });
    this.plot.addEventListener('pointercancel', () => { this.drag = null; this.over(); });
    this.plot.addEventListener('dblclick', () => { for (const panel of this.area.panels.values()) panel.yZoom = null; this.area.zoomTo(null); });
  }

  tell(px, py, event) {
    const { x, y, traces } = this.drawn, at = x.back(px), rows = [];
    let best = Infinity, closest = null;
    for (const t of traces) {
      const i = nearest(t.x, at);
      const away = Math.abs(x.at(t.x[i]) - px);
      if (!Number.isFinite(t.y[i]) || away > 40 && t.x.length > 1) continue;
      const far = Math.hypot(y.at(t.y[i]) - py, away / 4);
      rows.push({ t, i, value: t.y[i] });
      if (far < best) { best = far; closest = t.line.id; }
    }
    rows.sort((a, b) => b.value - a.value);
    const line = best < 40 ? closest : null;
    this.area.point({ x: at, axis: this.own.x, line: rows.length > 1 ? line : null, panel: this });
    const tip = this.area.tip;
    if (rows.length === 0) { tip.hidden = true; return; }
    const index = Math.max(0, rows.findIndex(row => row.t.line.id === closest)), most = 14;
    const from = rows.length <= most ? 0 : Math.max(0, Math.min(index - most / 2, rows.length - most)), shown = rows.slice(from, from + most);
    const smoothed = this.own.smooth > 0 && this.area.view.smoother !== 'none';
    const position = rows[index].t.x[rows[index].i];
    tip.replaceChildren(...[h('div', { class: 'tip-head' }, h('b', {}, this.own.x === 'time' ? when(position) : this.own.x === 'relative' ? duration(position) : (this.own.x === 'step' ? 'Step ' : this.own.x.slice(2) + ' ') + number(position)), h('span', { class: 'muted' }, this.key)),
      from > 0 && h('div', { class: 'muted' }, from + ' above'),
      h('table', {}, h('tbody', {}, shown.map(({ t, i, value }) => h('tr', { class: t.line.id === line && rows.length > 1 ? 'at' : null },
        h('td', {}, h('i', { class: 'dot', style: 'background:' + t.line.colour() }), h('span', { class: 'tip-name' }, t.line.label)),
        h('td', { class: 'n' }, number(value)),
        h('td', { class: 'n muted' }, t.band ? number(t.low[i]) + ' – ' + number(t.high[i]) + (t.n[i] > 1 ? ' (' + t.n[i] + ')' : '') : smoothed ? number(t.raw[i]) : t.folded && t.min[i] !== t.max[i] ? number(t.min[i]) + ' – ' + number(t.max[i]) : ''))))),
      rows.length - from - shown.length > 0 && h('div', { class: 'muted' }, (rows.length - from - shown.length) + ' below')].filter(Boolean));
    tip.hidden = false;
    const right = event.clientX + 18 + tip.offsetWidth < document.documentElement.clientWidth;
    tip.style.left = (right ? event.clientX + 16 : Math.max(4, event.clientX - 16 - tip.offsetWidth)) + 'px';
    tip.style.top = Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 8)) + 'px';
  }

  settings(anchor) {
    const { view } = this.area;
    const own = () => { if (!view.own.has(this.key)) view.own.set(this.key, {}); return view.own.get(this.key); };
    const set = (name, value) => { if (value === '' || value === undefined) delete own()[name]; else own()[name] = value; this.area.changed(); };
    popover(anchor, () => {
      const now = view.own.get(this.key) || {};
      const pick = (label, name, options) => h('label', { class: 'row' }, label, h('select', { class: 'field', onchange: e => set(name, e.target.value) }, options.map(([value, words]) => h('option', { value, selected: value === (now[name] || '') }, words))));
      const type = (label, name, more) => h('label', { class: 'row' }, label, h('input', { class: 'field', type: 'number', step: 'any', value: now[name] === undefined ? '' : now[name], oninput: later(e => set(name, e.target.value), 250), ...more }));
      return [h('h3', {}, this.key), pick('X axis', 'x', [['', 'as all panels'], ...this.area.axisOptions()]), pick('Scale of y', 'l', [['', 'as all panels'], ['1', 'logarithmic'], ['0', 'linear']]),
        type('Smoothing', 's', { min: 0, max: 1, placeholder: 'as all panels' }), type('Least y', 'a', { placeholder: 'automatic' }), type('Greatest y', 'b', { placeholder: 'automatic' }),
        h('button', { type: 'button', class: 'button', onclick: e => { view.own.delete(this.key); this.area.changed(); e.target.closest('.popover').leave(); } }, 'As all panels')];
    });
  }
}

/** A course over the values of another metric: at each step, the other's latest value. */
function against(course, other) {
  if (!other) return null;
  const rows = [];
  for (let i = 0; i < course.x.length; i++) {
    const j = after(other.x, course.x[i]) - 1;
    if (j >= 0 && Number.isFinite(other.last[j])) rows.push([other.last[j], i]);
  }
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const take = name => Float64Array.from(rows, ([, i]) => course[name][i]);
  return { x: Float64Array.from(rows, ([at]) => at), last: take('last'), min: take('min'), max: take('max'), folded: course.folded, points: course.points };
}

function path(ctx, t, values, x, y, spikes) {
  ctx.beginPath();
  const from = Math.max(0, before(t.x, x.low) - 1), to = Math.min(t.x.length, after(t.x, x.high) + 1);
  let pen = false;
  for (let i = from; i < to; i++) {
    const px = x.at(t.x[i]), py = y.at(values[i]);
    if (!Number.isFinite(px) || !Number.isFinite(py)) { pen = false; continue; }
    if (spikes && t.min[i] !== t.max[i]) {
      const [a, b] = [y.at(t.min[i]), y.at(t.max[i])];
      // A spike that is no longer than the pen is wide cannot be seen.
      if (Math.abs(a - b) > 1.5) { if (pen) ctx.lineTo(px, a); else ctx.moveTo(px, a); ctx.lineTo(px, b); pen = true; }
    }
    if (pen) ctx.lineTo(px, py); else { ctx.moveTo(px, py); pen = true; }
  }
}

function ribbon(ctx, t, x, y) {
  ctx.beginPath();
  const clamp = value => { const py = y.at(value); return Number.isFinite(py) ? py : y.at(y.low); };
  const from = Math.max(0, before(t.x, x.low) - 1), to = Math.min(t.x.length, after(t.x, x.high) + 1);
  for (let i = from; i < to; i++) if (t.n[i]) ctx.lineTo(x.at(t.x[i]), clamp(t.high[i]));
  for (let i = to - 1; i >= from; i--) if (t.n[i]) ctx.lineTo(x.at(t.x[i]), clamp(t.low[i]));
  ctx.closePath();
}

export function ticks(low, high, count, log) {
  if (log && low > 0) {
    const out = [], [a, b] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))], each = Math.max(1, Math.ceil((b - a) / count));
    const parts = b - a <= 1 ? [1, 2, 3, 5, 7] : b - a <= 3 ? [1, 2, 5] : [1];
    for (let e = a; e <= b; e += each) for (const part of parts) { const value = part * 10 ** e; if (value >= low && value <= high) out.push(+value.toPrecision(6)); }
    return out;
  }
  const raw = (high - low) / count, size = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 2.5, 5, 10].map(f => f * size).find(s => s >= raw * 0.999) || raw;
  const out = [];
  for (let k = Math.ceil(low / step); k * step <= high && out.length < 50; k++) out.push(+(k * step).toPrecision(12));
  return out;
}

function timeTicks(low, high, count, kind) {
  const [s, min, hour, day] = [1000, 60000, 3600000, 86400000];
  const span = (high - low) / count;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, s, 2 * s, 5 * s, 10 * s, 15 * s, 30 * s, min, 2 * min, 5 * min, 10 * min, 15 * min, 30 * min, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day].find(size => size >= span) || 365 * day;
  const out = [];
  for (let at = Math.ceil(low / step) * step; at <= high && out.length < 40; at += step) {
    if (kind === 'time') { const text = new Date(at).toISOString(); out.push([at, step >= day ? text.slice(5, 10) : step >= min ? (at % day === 0 ? text.slice(5, 10) : text.slice(11, 16)) : text.slice(11, 19)]); }
    else { const t = Math.round(at); out.push([at, t === 0 ? '0' : step < s ? t + ' ms' : step < min ? +(t / s).toFixed(1) + ' s' : step < hour ? +(t / min).toFixed(1) + ' min' : step < day ? +(t / hour).toFixed(1) + ' h' : +(t / day).toFixed(1) + ' d']); }
  }
  return out;
}
