// The page of runs: a table on the left, a chart of every metric on the right, one state for both, all of it in the address.
const v = new URL(import.meta.url).search;
const { h, icon, api, each, later, colourOf, colourTag, dark, toast, complain, ask, popover, menu, duration, when, keep } = await import('./holdfast-parts.js' + v);
const { number, palette } = await import('./holdfast-charts.js' + v);
const { Area, View } = await import('./holdfast-lines.js' + v);
const { hear } = await import('./holdfast-live.js' + v);

const rowHeight = 32;
const noteTag = 'mlflow.note.content', viewTag = 'holdfast.view.';
const quoted = key => '`' + key.replaceAll('`', '``') + '`';
const literal = text => "'" + String(text).replaceAll("'", "''") + "'";

/** A run as the table needs it: names to values instead of lists. */
export function read(run) {
  return {
    id: run.run_id, name: run.name || run.run_id.slice(0, 8), status: run.status, user: run.user, experiment: run.experiment_id,
    start: run.start_time ? Date.parse(run.start_time) : NaN, end: run.end_time ? Date.parse(run.end_time) : NaN,
    metrics: new Map(run.metrics.map(m => [m.key, { last: value(m.last.value), min: value(m.min), max: value(m.max), step: m.last.step, count: m.count }])),
    params: new Map(run.params.map(p => [p.key, p.value])), tags: new Map(run.tags.map(t => [t.key, t.value])),
  };
}
const value = x => typeof x === 'number' ? x : x === 'Infinity' ? Infinity : x === '-Infinity' ? -Infinity : NaN;
export const lengthOf = run => (Number.isNaN(run.end) ? run.status === 'running' ? Date.now() : NaN : run.end) - run.start;

const lower = /loss|err|rmse|mae|mse|perplexity|latency|_ms|seconds|duration|time|wer|cer|fid|nll|gap/i, higher = /acc|auc|f1|precision|recall|score|r2|map|bleu|rouge|reward|hit|ndcg|throughput/i;
/** Whether more of a metric is better: 1, less: -1, not known: 0. Guessed from its name. */
export const better = key => lower.test(key) ? -1 : higher.test(key) ? 1 : 0;

const edit = (runs, change) => api('POST', '/api/v1/runs/edit', { run_ids: runs.map(run => run.id), ...change });

const tone = status => ({ finished: 'good', running: 'busy', scheduled: 'watch', failed: 'bad', killed: 'bad', crashed: 'bad' })[status] || 'plain';
export const badge = status => h('span', { class: 'badge ' + tone(status) }, status);

const fixed = {
  state: { name: 'State', width: 92, cell: run => badge(run.status), text: run => run.status, order: 'attributes.status' },
  started: { name: 'Started', width: 92, cell: run => Number.isNaN(run.start) ? '–' : h('time', { title: when(run.start) }, ago(Date.now() - run.start)), text: run => Number.isNaN(run.start) ? '' : new Date(run.start).toISOString(), number: run => run.start, order: 'attributes.start_time' },
  duration: { name: 'Duration', width: 92, right: true, cell: run => duration(lengthOf(run)), text: run => String(lengthOf(run) / 1000), number: lengthOf, order: 'attributes.duration' },
  user: { name: 'User', width: 90, cell: run => run.user || '–', text: run => run.user || '', order: 'attributes.user_id' },
  experiment: { name: 'Experiment', width: 120, cell: (run, page) => page.nameOf(run.experiment), text: (run, page) => page.nameOf(run.experiment) },
  id: { name: 'Id', width: 90, cell: run => h('code', {}, run.id.slice(0, 8)), text: run => run.id, order: 'attributes.run_id' },
  notes: { name: 'Notes', width: 180, cell: run => run.tags.get(noteTag) || '–', text: run => run.tags.get(noteTag) || '' },
};
const ago = ms => { const s = Math.abs(ms) / 1000; return s < 5 ? 'now' : (s < 60 ? Math.floor(s) + ' s' : s < 3600 ? Math.floor(s / 60) + ' min' : s < 86400 ? Math.floor(s / 3600) + ' h' : s < 5184000 ? Math.floor(s / 86400) + ' d' : Math.floor(s / 2630000) + ' mo') + ' ago'; };

/** A column by its id: a fixed one, metrics.KEY (also :min and :max), params.KEY, tags.KEY. */
export function column(id) {
  if (fixed[id]) return { id, ...fixed[id] };
  const dot = id.indexOf('.'), kind = id.slice(0, dot);
  let key = id.slice(dot + 1);
  if (kind === 'metrics') {
    const part = /:(min|max)$/.exec(key);
    if (part) key = key.slice(0, -4);
    const field = part ? part[1] : 'last', get = run => { const m = run.metrics.get(key); return m ? m[field] : NaN; };
    return { id, kind, key, field, name: key + (part ? ' (' + part[1] + ')' : ''), width: 104, right: true, number: get, cell: run => run.metrics.has(key) ? number(get(run)) : '–', text: run => run.metrics.has(key) ? String(get(run)) : '', order: 'metrics.' + quoted(key) + (part ? '.' + field : '') };
  }
  const from = kind === 'params' ? 'params' : 'tags';
  return { id, kind, key, name: key, width: 110, cell: run => run[from].get(key) ?? '–', text: run => run[from].get(key) ?? '', order: from + '.' + quoted(key), title: run => run[from].get(key), right: false };
}

class RunsPage {
  constructor(root) {
    this.root = root;
    this.runs = []; this.known = new Map(); this.experiments = []; this.selected = new Set(); this.open = new Set(); this.cursor = null; this.next = null; this.turn = 0;
    this.readAddress();
    this.build();
    this.load();
    this.ends = hear(news => this.news(news));
    this.popped = () => { if (!this.root.isConnected) return; const asked = this.question(); this.readAddress(); this.area.view = this.view; this.area.tools(); this.toolbar(); if (this.question() !== asked) this.load(); else this.all(); };
    addEventListener('popstate', this.popped);
    this.keys = event => this.key(event);
    document.addEventListener('keydown', this.keys, true);
    this.poll = setInterval(() => { if (!document.hidden && this.runs.some(run => run.status === 'running')) this.rows(); }, 5000);
  }

  dispose() { this.ends(); clearInterval(this.poll); removeEventListener('popstate', this.popped); document.removeEventListener('keydown', this.keys, true); this.area.dispose(); }

  readAddress() {
    const q = this.params = new URLSearchParams(location.search);
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) q.set(name, value);
    this.experiment = q.get('experiment') || '';
    this.filter = q.get('filter') || '';
    this.text = q.get('q') || '';
    this.sort = q.getAll('sort').flatMap(text => text.split(/,\s*(?=metrics\.|params\.|tags\.|attributes\.)/)).filter(Boolean);
    this.cols = q.has('cols') ? q.get('cols').split('|').filter(Boolean) : null;
    this.pins = (q.get('pin') || '').split('|').filter(Boolean);
    this.widths = new Map((q.get('w') || '').split('|').filter(Boolean).map(t => [t.slice(0, t.lastIndexOf('~')), +t.slice(t.lastIndexOf('~') + 1)]));
    this.groups = (q.get('group') || '').split('|').filter(Boolean);
    this.shown = q.get('show') === 'all' ? Infinity : Math.max(0, +(q.get('show') || 20) || 0);
    this.on = new Set((q.get('on') || '').split(',').filter(Boolean));
    this.off = new Set((q.get('off') || '').split(',').filter(Boolean));
    this.baseline = q.get('baseline') || '';
    this.side = q.get('side') || 'both';
    this.chart = q.get('chart') || 'lines';
    this.share = Math.min(80, Math.max(20, +(q.get('split') || 42) || 42));
    this.view = new View(q);
  }

  address() {
    const q = new URLSearchParams();
    const set = (name, value) => { if (value) q.set(name, value); };
    set('experiment', this.experiment); set('filter', this.filter); set('q', this.text);
    for (const by of this.sort) q.append('sort', by);
    if (this.cols) q.set('cols', this.cols.join('|'));
    set('pin', this.pins.join('|')); set('w', [...this.widths].map(([id, w]) => id + '~' + w).join('|')); set('group', this.groups.join('|'));
    set('show', this.shown === 20 ? '' : this.shown === Infinity ? 'all' : String(this.shown));
    set('on', [...this.on].join(',')); set('off', [...this.off].join(',')); set('baseline', this.baseline);
    set('side', this.side === 'both' ? '' : this.side); set('chart', this.chart === 'lines' ? '' : this.chart); set('split', this.share === 42 ? '' : String(Math.round(this.share)));
    for (const name of ['axes', 'brush', 'sx', 'sy', 'sc']) if (this.params.get(name)) q.set(name, this.params.get(name));
    return this.view.write(q);
  }

  // A server takes some thousand characters of an address: long lists of runs stand behind its '#', which is not sent.
  save(options) {
    const query = this.address(), behind = new URLSearchParams();
    for (const name of ['on', 'off']) if ((query.get(name) || '').length > 1500) { behind.set(name, query.get(name)); query.delete(name); }
    keep(query, { ...options, hash: [...behind].length ? '#' + behind.toString().replace(/%2C/g, ',') : '' });
  }

  question() { return JSON.stringify([this.experiment, this.filter, this.text, this.sort]); }

  build() {
    this.bar = h('div', { class: 'tools runs-tools' });
    this.bulk = h('div', { class: 'bulk', hidden: true });
    this.fault = h('div', {});
    this.head = h('thead'); this.body = h('tbody');
    this.cols_ = h('colgroup');
    this.scroller = h('div', { class: 'runs-scroll', tabindex: 0, 'aria-label': 'Runs' }, this.table = h('table', { class: 'grid runs-table' }, this.cols_, this.head, this.body));
    this.foot = h('div', { class: 'pager' });
    this.left = h('section', { class: 'panel runs-left' }, this.bulk, this.scroller, this.foot);
    this.handle = h('div', { class: 'runs-handle', role: 'separator', 'aria-label': 'Width of the table', title: 'Drag to resize' });
    this.right = h('section', { class: 'runs-right' });
    this.charts = h('div', {});
    this.relations = h('div', { hidden: true });
    this.right.append(this.charts, this.relations);
    this.split = h('div', { class: 'runs-split' }, this.left, this.handle, this.right);
    this.empty = h('div', {});
    this.root.replaceChildren(this.bar, this.fault, this.empty, this.split);
    this.area = new Area(this.charts, this.view, { save: () => this.save(), pick: id => this.reveal(id) });
    this.scroller.addEventListener('scroll', () => { this.rows(); if (this.next && this.scroller.scrollTop + this.scroller.clientHeight > this.scroller.scrollHeight - 400) this.more(); }, { passive: true });
    this.scroller.addEventListener('pointerover', event => { const row = event.target.closest('tr[data-line]'); this.area.mark(row ? row.dataset.line : null); });
    this.scroller.addEventListener('pointerleave', () => this.area.mark(null));
    this.sized = new ResizeObserver(() => this.rows());
    this.sized.observe(this.scroller);
    this.handle.addEventListener('pointerdown', event => {
      event.preventDefault();
      const move = e => { const box = this.split.getBoundingClientRect(); this.share = Math.min(80, Math.max(20, (e.clientX - box.left) / box.width * 100)); this.arrange(); };
      const up = () => { removeEventListener('pointermove', move); removeEventListener('pointerup', up); this.save(); };
      addEventListener('pointermove', move); addEventListener('pointerup', up);
    });
    this.arrange();
    this.toolbar();
  }

  arrange() {
    this.split.style.setProperty('--share', this.share + '%');
    this.split.dataset.side = this.side;
    this.charts.hidden = this.chart !== 'lines';
    this.relations.hidden = this.chart === 'lines';
  }

  toolbar() {
    const options = [['', 'All experiments'], ...this.experiments.map(e => [String(e.id), e.name])];
    const button = (name, words, run, on) => { const b = h('button', { type: 'button', class: 'button' + (on ? ' on' : ''), onclick: () => run(b) }, icon(name, 15), words); return b; };
    const filter = h('input', { class: 'grow', type: 'search', value: this.filter, placeholder: "metrics.accuracy > 0.9 and params.depth = '6'", 'aria-label': 'Filter', 'data-filter': true, autocomplete: 'off', spellcheck: 'false' });
    const text = h('input', { class: 'field words', type: 'search', value: this.text, placeholder: 'Name or /regex/', 'aria-label': 'Search in runs', 'data-text': true, autocomplete: 'off', spellcheck: 'false', oninput: later(() => { this.text = text.value; this.again(); }, 250) });
    const form = h('form', { class: 'runs-form', onsubmit: e => { e.preventDefault(); e.stopPropagation(); this.filter = filter.value.trim(); this.again({ add: true }); } },
      h('select', { class: 'field', 'aria-label': 'Experiment', onchange: e => { this.experiment = e.target.value; this.on.clear(); this.off.clear(); this.baseline = ''; this.again({ add: true }); } }, options.map(([id, name]) => h('option', { value: id, selected: id === this.experiment }, name))),
      text, filter, button('filter', 'Add', b => this.addFilter(b)), h('button', { class: 'button', type: 'submit' }, 'Filter'));
    this.bar.replaceChildren(form, h('div', { class: 'runs-actions' }, button('columns', 'Columns', b => this.pickColumns(b)), button('group', this.groups.length ? 'Group: ' + this.groups.map(g => column(g).name).join(', ') : 'Group', b => this.pickGroups(b), this.groups.length), button('save', 'Views', b => this.pickView(b)),
      h('span', { class: 'switch', role: 'group', 'aria-label': 'What is shown' }, [['table', 'Table'], ['both', 'Both'], ['charts', 'Charts']].map(([side, words]) => h('button', { type: 'button', class: this.side === side ? 'on' : '', onclick: () => { this.side = side; this.arrange(); this.toolbar(); this.save(); this.rows(); this.area.redraw(); } }, words))),
      h('span', { class: 'switch', role: 'group', 'aria-label': 'Kind of chart' }, [['lines', 'Lines'], ['parallel', 'Parallel'], ['scatter', 'Scatter']].map(([chart, words]) => h('button', { type: 'button', class: this.chart === chart ? 'on' : '', onclick: () => { this.chart = chart; this.arrange(); this.toolbar(); this.save(); this.draw(); } }, words))),
      this.question() !== JSON.stringify(['', '', '', []]) || this.groups.length ? h('button', { type: 'button', class: 'button', onclick: () => { Object.assign(this, { experiment: '', filter: '', text: '', sort: [], groups: [], baseline: '' }); this.on.clear(); this.off.clear(); this.toolbar(); this.again({ add: true }); } }, 'Clear') : ''));
  }

  nameOf(id) { const found = this.experiments.find(e => String(e.id) === String(id)); return found ? found.name : String(id); }

  again(options) { this.save(options); this.toolbarLater(); this.load(); }

  toolbarLater() { if (!this.bar.contains(document.activeElement)) this.toolbar(); }

  // --- runs

  query(more) {
    const parts = [];
    if (this.filter) parts.push('(' + this.filter + ')');
    const regex = /^\/(.+)\/?$/.exec(this.text);
    if (this.text && !regex) parts.push(/^[0-9a-f]{32}$/.test(this.text) ? `attributes.run_id = '${this.text}'` : 'attributes.run_name ilike ' + literal('%' + this.text + '%'));
    if (more && more.where) parts.push(more.where);
    return { experiment_ids: this.experiment ? [this.experiment] : undefined, filter: parts.join(' and ') || undefined, order_by: this.sort, max: (more && more.max) || 100, token: more && more.token };
  }

  fits(run) {
    const regex = /^\/(.+?)\/?$/.exec(this.text);
    if (!regex) return true;
    try { const pattern = new RegExp(regex[1], 'i'); return pattern.test(run.name) || [...run.params, ...run.tags].some(([key, word]) => pattern.test(key + '=' + word)); } catch { return true; }
  }

  async load() {
    const turn = ++this.turn;
    try {
      const [experiments, page] = await Promise.all([this.experiments.length ? this.experiments : api('GET', '/api/v1/experiments?max=1000').then(a => a.items), api('POST', '/api/v1/runs/search', this.query({ max: 100 }))]);
      if (turn !== this.turn) return;
      const first = this.experiments.length === 0;
      this.experiments = experiments;
      this.fault.replaceChildren();
      this.runs = []; this.known.clear();
      this.take(page);
      if (first) this.toolbarLater();
      this.scroller.scrollTop = 0;
      this.all();
      // Then the rest, up to a thousand at once; more as the table is scrolled.
      while (this.next && turn === this.turn && this.runs.length < 1000) await this.more(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.runs = []; this.known.clear(); this.next = null;
      this.all();
      this.empty.replaceChildren();
      this.split.hidden = true;
      this.fault.replaceChildren(h('section', { class: 'failed', role: 'alert' }, h('h2', {}, error.status === 400 ? 'The filter cannot be read' : 'The runs cannot be read'), h('p', {}, error.message), error.hint && h('p', { class: 'muted' }, error.hint)));
      this.root.dataset.drawn = 'failed';
    }
  }

  take(page) {
    for (const run of page.items.map(read)) { if (this.known.has(run.id)) continue; this.known.set(run.id, run); this.runs.push(run); }
    this.next = page.next_token || null;
  }

  async more(turn = this.turn) {
    if (this.loading || !this.next) return;
    this.loading = true;
    try {
      const page = await api('POST', '/api/v1/runs/search', this.query({ token: this.next, max: Math.min(1000, Math.max(100, 1000 - this.runs.length)) }));
      if (turn === this.turn) { this.take(page); this.all(); }
    } catch (error) { this.next = null; complain(error); } finally { this.loading = false; }
  }

  async news(news) {
    if (!this.root.isConnected) return;
    if (news.many || news.runs.length > 100) { await this.load(); this.area.news(null); return; }
    try {
      const page = await api('POST', '/api/v1/runs/search', this.query({ where: `attributes.run_id in (${news.runs.map(literal).join(', ')})`, max: 100 }));
      const found = new Map(page.items.map(read).map(run => [run.id, run]));
      let fresh = false;
      for (const id of news.runs) {
        const run = found.get(id), old = this.known.get(id);
        if (run && old) { Object.assign(old, run); }
        else if (run) { this.known.set(id, run); this.runs.unshift(run); fresh = true; }
        else if (old) { this.known.delete(id); this.runs = this.runs.filter(r => r.id !== id); this.selected.delete(id); }
      }
      if (fresh && this.sort.length === 0) this.runs.sort((a, b) => (b.start || 0) - (a.start || 0));
      this.all();
      this.area.news(news.runs);
    } catch { /* the next message, or a visit, reads it again */ }
  }

  all() { this.items(); this.header(); this.rows(); this.bulkBar(); this.draw(); this.words(); }

  /** The rows in order: runs, or groups with their runs below them. */
  items() {
    const runs = this.runs.filter(run => this.fits(run));
    this.listed = runs;
    if (this.groups.length === 0) { this.list = runs.map(run => ({ run, depth: 0, line: run.id })); this.groupsFound = []; return; }
    const list = [], found = [];
    const part = (some, depth, path, names) => {
      const by = column(this.groups[depth]), buckets = new Map();
      for (const run of some) { const word = by.text(run, this) || '–'; if (!buckets.has(word)) buckets.set(word, []); buckets.get(word).push(run); }
      for (const [word, members] of buckets) {
        const id = path + '/' + this.groups[depth] + '=' + word, last = depth === this.groups.length - 1, label = [...names, by.name + ': ' + word];
        const group = { group: id, name: by.name + ': ' + word, key: by.name, word, label: label.join(', '), members, depth, last, line: last ? 'g' + id : null };
        list.push(group);
        if (last) found.push(group);
        const open = last ? this.open.has(id) : !this.open.has(id);
        if (open) { if (last) list.push(...members.map(run => ({ run, depth: depth + 1, line: null }))); else part(members, depth + 1, id, label); }
        else if (!last) collect(members, depth + 1, id, label);
      }
    };
    // A closed group of groups still draws its lines.
    const collect = (some, depth, path, names) => { const kept = list.length; part(some, depth, path, names); list.length = kept; };
    part(runs, 0, '', []);
    this.list = list;
    this.groupsFound = found;
    this.groupOrder = new Map(found.map(g => g.group).sort().map((id, i) => [id, i]));
  }

  // Few groups are told apart by the palette of all charts; further ones by their name.
  groupColour(id) {
    const series = palette().series, at = this.groupOrder.get(id);
    return at < series.length ? series[at] : colourOf({ id: hash(id) }, dark());
  }

  columns() {
    if (this.cols) return this.cols.map(column);
    const count = new Map();
    for (const run of this.runs.slice(0, 300)) {
      for (const key of run.metrics.keys()) if (!key.startsWith('system/')) count.set('metrics.' + key, (count.get('metrics.' + key) || 0) + 1);
      for (const key of run.params.keys()) count.set('params.' + key, (count.get('params.' + key) || 0) + 1);
    }
    const top = kind => [...count].filter(([id]) => id.startsWith(kind)).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([id]) => id);
    return ['state', ...top('metrics.').slice(0, 8), ...top('params.').slice(0, 6), 'started', 'duration', ...(this.experiment ? [] : ['experiment'])].map(column);
  }

  ordered() { const all = this.columns(); return [...all.filter(c => this.pins.includes(c.id)), ...all.filter(c => !this.pins.includes(c.id))]; }

  widthOf(col) { return this.widths.get(col.id) || col.width + (this.baseline && col.kind === 'metrics' ? 44 : 0); }

  header() {
    const cols = this.ordered(), nameWidth = this.widths.get('name') || 228;
    this.cols_.replaceChildren(h('col', { style: `width:${nameWidth}px` }), ...cols.map(c => h('col', { style: `width:${this.widthOf(c)}px` })), h('col', {}));
    let left = nameWidth;
    const hands = (id, th) => th.append(h('span', { class: 'grip', onpointerdown: e => this.resize(e, id) }));
    const state = by => { const at = this.sort.findIndex(s => s === by + ' desc' || s === by + ' asc'); return at < 0 ? '' : this.sort[at].endsWith('desc') ? '↓' : '↑'; };
    const head = (col, words, by) => {
      const now = by && state(by), pinned = this.pins.includes(col.id);
      const th = h('th', { class: (col.right ? 'n ' : '') + (pinned ? 'pinned' : ''), style: pinned ? `left:${left}px` : null, title: words + (col.kind ? ' · ' + col.kind.replace(/s$/, '') : ''), 'aria-sort': now === '↓' ? 'descending' : now === '↑' ? 'ascending' : null },
        h('button', { type: 'button', class: 'sorter', onclick: e => by && this.sortBy(by, e.shiftKey) }, h('span', { class: 'cut' }, words), now ? ' ' + now : ''), h('button', { type: 'button', class: 'quiet th-menu', 'aria-label': 'Column ' + words, onclick: e => this.columnMenu(e.currentTarget, col) }, icon('down', 12)));
      if (pinned) left += this.widthOf(col);
      hands(col.id, th);
      return th;
    };
    const visible = this.lines().length, all = this.listed.length > 0 && this.listed.every(run => this.selected.has(run.id));
    const name = h('th', { class: 'pinned first', style: 'left:0', 'aria-sort': state('attributes.run_name') ? (state('attributes.run_name') === '↓' ? 'descending' : 'ascending') : null },
      h('input', { type: 'checkbox', 'aria-label': 'Choose all', checked: all, onchange: e => { for (const run of this.listed) if (e.target.checked) this.selected.add(run.id); else this.selected.delete(run.id); this.all(); } }),
      h('button', { type: 'button', class: 'quiet eye', 'aria-label': visible ? 'Hide all runs' : 'Show all runs', title: visible ? 'Hide all' : 'Show all', onclick: () => { this.on.clear(); this.off.clear(); this.shown = visible ? 0 : 20; this.save(); this.all(); } }, icon(visible ? 'eye' : 'eyeOff')),
      h('button', { type: 'button', class: 'sorter', onclick: e => this.sortBy('attributes.run_name', e.shiftKey) }, 'Run ' + state('attributes.run_name')));
    hands('name', name);
    this.head.replaceChildren(h('tr', {}, name, cols.map(col => head(col, col.name, col.order)), h('th', {})));
    this.shownColumns = cols;
    this.table.style.width = nameWidth + cols.reduce((sum, c) => sum + this.widthOf(c), 0) + 'px';
  }

  resize(event, id) {
    event.preventDefault(); event.stopPropagation();
    const from = event.clientX, was = event.target.closest('th').offsetWidth;
    const move = e => { this.widths.set(id, Math.max(50, Math.round(was + e.clientX - from))); this.header(); this.rows(true); };
    const up = () => { removeEventListener('pointermove', move); removeEventListener('pointerup', up); this.save(); };
    addEventListener('pointermove', move); addEventListener('pointerup', up);
  }

  sortBy(by, more) {
    const now = this.sort.find(s => s === by + ' desc' || s === by + ' asc');
    const next = !now ? by + ' desc' : now.endsWith('desc') ? by + ' asc' : null;
    this.sort = more ? [...this.sort.filter(s => s !== now), ...(next ? [next] : [])] : next ? [next] : [];
    this.again();
  }

  columnMenu(anchor, col) {
    const now = this.columns().map(c => c.id), set = ids => { this.cols = ids; this.save(); this.all(); };
    const at = now.indexOf(col.id), swap = to => { const ids = [...now]; ids.splice(at, 1); ids.splice(to, 0, col.id); set(ids); };
    menu(anchor, [
      { words: this.pins.includes(col.id) ? 'Unpin' : 'Pin to the left', run: () => { this.pins = this.pins.includes(col.id) ? this.pins.filter(p => p !== col.id) : [...this.pins, col.id]; this.save(); this.all(); } },
      at > 0 && { words: 'Move left', run: () => swap(at - 1) }, at < now.length - 1 && { words: 'Move right', run: () => swap(at + 1) },
      col.kind === 'params' || col.id === 'state' || col.id === 'user' || col.kind === 'tags' ? { words: 'Group by it', run: () => { this.groups = [...this.groups.filter(g => g !== col.id), col.id]; this.save(); this.toolbar(); this.all(); } } : null,
      col.kind === 'metrics' && col.field === 'last' && { words: 'Also the least value', run: () => set([...now.slice(0, at + 1), col.id + ':min', ...now.slice(at + 1)]) },
      col.kind === 'metrics' && col.field === 'last' && { words: 'Also the greatest value', run: () => set([...now.slice(0, at + 1), col.id + ':max', ...now.slice(at + 1)]) },
      '-', { words: 'Hide', run: () => set(now.filter(id => id !== col.id)) },
    ]);
  }

  pickColumns(anchor) {
    let words = '';
    const all = new Set(['state', 'started', 'duration', 'user', 'experiment', 'id', 'notes']);
    for (const run of this.runs) { for (const key of run.metrics.keys()) all.add('metrics.' + key); for (const key of run.params.keys()) all.add('params.' + key); for (const key of run.tags.keys()) all.add('tags.' + key); }
    for (const col of this.columns()) all.add(col.id);
    popover(anchor, (box, draw) => {
      const now = this.columns().map(c => c.id);
      const list = h('div', { class: 'pick-list' });
      const fill = () => list.replaceChildren(...[...all].filter(id => id.toLowerCase().includes(words.toLowerCase())).slice(0, 400).map(id => h('label', {}, h('input', { type: 'checkbox', checked: now.includes(id), onchange: e => {
        const ids = this.columns().map(c => c.id);
        this.cols = e.target.checked ? [...ids, id] : ids.filter(other => other !== id);
        this.save(); this.all();
      } }), h('span', { class: 'cut' }, column(id).name), h('span', { class: 'muted' }, id.includes('.') ? id.slice(0, id.indexOf('.')).replace(/s$/, '') : ''))));
      fill();
      return [h('input', { class: 'field', type: 'search', placeholder: 'Find a column', 'aria-label': 'Find a column', oninput: e => { words = e.target.value; fill(); } }), list,
        h('div', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: () => { this.cols = null; this.pins = []; this.widths.clear(); this.save(); this.all(); draw(); } }, 'As at first'), h('button', { type: 'button', class: 'button', onclick: () => { this.cols = []; this.save(); this.all(); draw(); } }, 'None'))];
    });
  }

  pickGroups(anchor) {
    const keys = new Set(['state', 'user', 'experiment']);
    for (const run of this.runs) { for (const key of run.params.keys()) keys.add('params.' + key); for (const key of run.tags.keys()) if (!key.startsWith('mlflow.')) keys.add('tags.' + key); }
    popover(anchor, (box, draw) => {
      const list = h('div', { class: 'pick-list' }, this.groups.map((id, i) => h('div', { class: 'row' }, h('span', { class: 'cut' }, (i + 1) + '. ' + column(id).name), h('span', { class: 'spring' }),
        h('button', { type: 'button', class: 'quiet', 'aria-label': 'No longer group by ' + id, onclick: () => { this.groups = this.groups.filter(g => g !== id); this.save(); this.toolbar(); this.all(); draw(); } }, icon('close', 14)))));
      return [h('h3', {}, 'Group runs by'), list, h('select', { class: 'field', 'aria-label': 'Add a key', onchange: e => { if (!e.target.value) return; this.groups = [...this.groups, e.target.value]; this.save(); this.toolbar(); this.all(); draw(); } },
        h('option', { value: '' }, 'Add a key…'), [...keys].filter(id => !this.groups.includes(id)).map(id => h('option', { value: id }, column(id).name + (id.includes('.') ? ' · ' + id.slice(0, id.indexOf('.') - 1) : '')))),
        h('p', { class: 'muted' }, 'A chart draws a group as its mean with a band.')];
    });
  }

  addFilter(anchor) {
    const keys = [['attributes.status', 'State', 'text'], ['attributes.run_name', 'Name', 'text'], ['attributes.user_id', 'User', 'text'], ['attributes.start_time', 'Started', 'date']];
    const seen = new Set();
    for (const run of this.runs) for (const [kind, map] of [['metrics', run.metrics], ['params', run.params], ['tags', run.tags]]) for (const key of map.keys()) { const id = kind + '.' + quoted(key); if (!seen.has(id)) { seen.add(id); keys.push([id, key + ' · ' + kind.slice(0, -1), kind === 'metrics' ? 'number' : 'text']); } }
    let [field, op, word] = [keys[0], '=', ''];
    popover(anchor, (box, draw) => {
      const ops = field[2] === 'text' ? [['=', 'is'], ['!=', 'is not'], ['ilike', 'contains']] : field[2] === 'date' ? [['>=', 'since'], ['<', 'before']] : [['>', '>'], ['>=', '≥'], ['<', '<'], ['<=', '≤'], ['=', '='], ['!=', '≠']];
      if (!ops.some(([o]) => o === op)) op = ops[0][0];
      const values = field[0] === 'attributes.status' ? ['running', 'finished', 'failed', 'killed', 'scheduled'] : null;
      if (values && !values.includes(word)) word = values[0];
      const input = values ? h('select', { class: 'field', 'aria-label': 'Value', onchange: e => { word = e.target.value; } }, values.map(x => h('option', { value: x, selected: x === word }, x)))
        : h('input', { class: 'field', 'aria-label': 'Value', type: field[2] === 'number' ? 'number' : field[2] === 'date' ? 'datetime-local' : 'text', step: 'any', value: word, oninput: e => { word = e.target.value; } });
      const apply = () => {
        if (word === '') return;
        const right = field[2] === 'number' ? String(+word) : field[2] === 'date' ? String(Date.parse(word)) : literal(op === 'ilike' ? '%' + word + '%' : word);
        const part = `${field[0]} ${op} ${right}`;
        this.filter = this.filter ? (/\bor\b/i.test(this.filter) ? '(' + this.filter + ')' : this.filter) + ' and ' + part : part;
        box.leave(); this.toolbar(); this.again({ add: true });
      };
      return h('form', { class: 'row-form', onsubmit: e => { e.preventDefault(); e.stopPropagation(); apply(); } },
        h('select', { class: 'field', 'aria-label': 'Field', onchange: e => { field = keys.find(k => k[0] === e.target.value); word = ''; draw(); } }, keys.map(k => h('option', { value: k[0], selected: k === field }, k[1]))),
        h('select', { class: 'field', 'aria-label': 'Comparison', onchange: e => { op = e.target.value; } }, ops.map(([o, words]) => h('option', { value: o, selected: o === op }, words))), input, h('button', { class: 'button main', type: 'submit' }, 'Add'));
    }, { wide: true });
  }

  // Views are tags of the experiment, as MLflow's own pages keep theirs: they need no table, and an export takes them along.
  async pickView(anchor) {
    const home = this.experiment || '0';
    const experiment = await api('GET', '/api/v1/experiments/' + encodeURIComponent(home)).catch(error => { complain(error); return null; });
    if (!experiment) return;
    const views = experiment.tags.filter(t => t.key.startsWith(viewTag));
    popover(anchor, box => [h('h3', {}, 'Saved views'), views.length ? h('div', { class: 'pick-list' }, views.map(t => h('div', { class: 'row' }, h('a', { href: '/runs?' + t.value, onclick: e => { e.preventDefault(); e.stopPropagation(); box.leave(); this.go(t.value); } }, t.key.slice(viewTag.length)), h('span', { class: 'spring' }),
      h('button', { type: 'button', class: 'quiet', 'aria-label': 'Delete the view ' + t.key.slice(viewTag.length), onclick: async () => { box.leave(); await api('DELETE', `/api/v1/experiments/${home}/tags?key=${encodeURIComponent(t.key)}`).then(() => toast('The view is deleted.', { action: 'Undo', run: () => this.saveView(home, t.key, t.value) }), complain); } }, icon('close', 14))))) : h('p', { class: 'muted' }, 'None yet. A view is this address under a name: filter, columns, groups, zoom and all.'),
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: async () => {
        box.leave();
        const named = await ask('Save this view', [{ name: 'name', label: 'Name', required: true }]);
        if (named && named.name.trim()) await this.saveView(home, viewTag + named.name.trim(), this.address().toString());
      } }, 'Save this view…'), h('button', { type: 'button', class: 'button', 'data-copy': location.href }, icon('link', 14), 'Copy the link'))]);
  }

  saveView(home, key, query) { return api('PATCH', '/api/v1/experiments/' + encodeURIComponent(home), { tags: { [key]: query } }).then(() => toast('The view is saved.'), complain); }

  go(query) { history.pushState(history.state, '', '/runs?' + query); this.readAddress(); this.area.view = this.view; this.area.tools(); this.area.layout(); this.arrange(); this.toolbar(); this.load(); }

  // --- rows

  isShown(id, index) {
    const short = id.slice(0, 12);
    return this.on.has(short) || !this.off.has(short) && index < this.shown;
  }

  lineId(item) { return item.group !== undefined ? 'g' + item.group : item.run.id; }

  shortOf(item) { return item.group !== undefined ? 'g' + hash(item.group) : item.run.id; }

  drawable() { return this.groups.length ? this.groupsFound : this.listed.map(run => ({ run })); }

  toggle(item) {
    const index = this.drawable().findIndex(other => this.lineId(other) === this.lineId(item));
    if (index < 0) { this.toggleMany(item); return; }
    const short = this.shortOf(item).slice(0, 12), on = this.isShown(this.shortOf(item), index);
    this.on.delete(short); this.off.delete(short);
    if (on && index < this.shown) this.off.add(short); else if (!on && index >= this.shown) this.on.add(short);
    this.save(); this.rows(true); this.header(); this.draw();
  }

  toggleMany(item) { if (item.group === undefined) return; const some = this.groupsFound.filter(g => g.group.startsWith(item.group + '/')); some.forEach(g => this.toggle(g)); }

  rows(force) {
    if (!this.list || this.split.hidden) return;
    const height = this.scroller.clientHeight || 400, first = Math.max(0, Math.floor(this.scroller.scrollTop / rowHeight) - 6), last = Math.min(this.list.length, first + Math.ceil(height / rowHeight) + 14);
    const index = new Map(this.drawable().map((item, i) => [this.lineId(item), i]));
    const base = this.baseline && this.known.get(this.baseline);
    const spacer = count => count > 0 ? [h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td', { style: `height:${count * rowHeight}px`, colspan: this.shownColumns.length + 2 }))] : [];
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren(...spacer(first), ...this.list.slice(first, last).map((item, i) => this.row(item, first + i, index, base)), ...spacer(this.list.length - last));
    if (focused) this.scroller.focus({ preventScroll: true });
  }

  row(item, at, index, base) {
    const { run } = item, id = this.lineId(item), place = index.get(id), drawn = place !== undefined && this.isShown(this.shortOf(item), place);
    const colour = item.group !== undefined ? this.groupColour(item.group) : colourOf(run, dark());
    let left = this.widths.get('name') || 228;
    const cells = this.shownColumns.map(col => {
      const pinned = this.pins.includes(col.id), style = pinned ? `left:${left}px` : null;
      if (pinned) left += this.widthOf(col);
      return h('td', { class: (col.right ? 'n ' : 'cut ') + (pinned ? 'pinned' : ''), style, title: run && col.title ? col.title(run) : null }, run ? this.cell(col, run, base) : this.groupCell(col, item));
    });
    if (item.group !== undefined) {
      const open = item.last ? this.open.has(item.group) : !this.open.has(item.group);
      return h('tr', { class: 'group' + (this.cursor === id ? ' at' : ''), 'data-line': item.line, 'data-row': at, 'data-shown': drawn ? 'yes' : 'no' },
        h('td', { class: 'pinned first', style: 'left:0' }, h('span', { class: 'name-cell', style: `padding-left:${item.depth * 16}px` },
          h('button', { type: 'button', class: 'quiet', 'aria-expanded': String(open), 'aria-label': (open ? 'Close ' : 'Open ') + item.name, onclick: () => { if (this.open.has(item.group)) this.open.delete(item.group); else this.open.add(item.group); this.all(); } }, icon(open ? 'down' : 'right', 14)),
          item.last && this.eye(item, drawn), item.last && h('i', { class: 'dot', style: 'background:' + colour }), h('span', { class: 'cut group-name', title: item.label }, h('span', { class: 'cut' }, item.word), h('span', { class: 'muted cut' }, item.key)), h('span', { class: 'chip' }, String(item.members.length)))), cells, h('td', {}));
    }
    const chosen = this.selected.has(run.id), isBase = this.baseline === run.id, mark = h('input', { type: 'color', value: /^#/.test(colour) ? colour : hex(colour), 'aria-label': 'Colour of ' + run.name, onchange: e => this.paint(run, e.target.value) });
    return h('tr', { class: (this.cursor === id ? 'at ' : '') + (chosen ? 'chosen ' : '') + (isBase ? 'base ' : ''), 'data-href': '/runs/' + run.id, 'data-run': run.id, 'data-line': item.line, 'data-row': at, 'data-shown': drawn ? 'yes' : 'no' },
      h('td', { class: 'pinned first', style: 'left:0' }, h('span', { class: 'name-cell', style: item.depth ? `padding-left:${item.depth * 16}px` : null },
        h('input', { type: 'checkbox', checked: chosen, 'aria-label': 'Choose ' + run.name, onclick: e => this.choose(run.id, at, e.shiftKey) }),
        this.groups.length === 0 && this.eye(item, drawn), h('label', { class: 'dot', style: 'background:' + colour, title: 'Choose its colour' }, mark),
        h('a', { class: 'cut', href: '/runs/' + run.id, title: run.name + ' · ' + run.id }, run.name), isBase && h('span', { class: 'chip' }, 'baseline'),
        h('button', { type: 'button', class: 'quiet row-menu', 'aria-label': 'Actions on ' + run.name, onclick: e => this.rowMenu(e.currentTarget, run) }, icon('more', 14)))), cells, h('td', {}));
  }

  eye(item, drawn) { const name = item.run ? item.run.name : item.name; return h('button', { type: 'button', class: 'quiet eye', 'aria-pressed': String(drawn), 'aria-label': (drawn ? 'Hide ' : 'Show ') + name, title: drawn ? 'Hide in the charts' : 'Show in the charts', onclick: () => this.toggle(item) }, icon(drawn ? 'eye' : 'eyeOff', 15)); }

  cell(col, run, base) {
    const shown = col.cell(run, this);
    if (!base || base.id === run.id || col.kind !== 'metrics') return shown;
    const [a, b] = [col.number(run), col.number(base)];
    if (!Number.isFinite(a) || !Number.isFinite(b) || a === b) return shown;
    const good = better(col.key) * (a - b);
    return [shown, h('small', { class: 'delta ' + (good > 0 ? 'good' : good < 0 ? 'bad' : ''), title: 'Against the baseline ' + base.name }, (a > b ? '+' : '−') + number(Math.abs(a - b)))];
  }

  groupCell(col, item) {
    if (col.kind === 'metrics') {
      const values = item.members.map(col.number).filter(Number.isFinite);
      return values.length ? h('span', { title: `mean of ${values.length}; ${number(Math.min(...values))} to ${number(Math.max(...values))}` }, number(values.reduce((a, b) => a + b, 0) / values.length)) : '–';
    }
    const words = new Set(item.members.map(run => col.text(run, this)));
    return col.id === 'started' || col.id === 'duration' || col.id === 'id' ? '' : words.size === 1 ? col.cell(item.members[0], this) : h('span', { class: 'muted' }, words.size + ' values');
  }

  choose(id, at, stretch) {
    const on = !this.selected.has(id);
    if (stretch && this.lastChosen !== undefined) {
      const [a, b] = [Math.min(at, this.lastChosen), Math.max(at, this.lastChosen)];
      for (const item of this.list.slice(a, b + 1)) if (item.run) { if (on) this.selected.add(item.run.id); else this.selected.delete(item.run.id); }
    } else if (on) this.selected.add(id); else this.selected.delete(id);
    this.lastChosen = at;
    this.header(); this.rows(); this.bulkBar();
  }

  async paint(run, colour) { await api('PATCH', '/api/v1/runs/' + run.id, { tags: { [colourTag]: colour } }).then(() => { run.tags.set(colourTag, colour); this.all(); }, complain); }

  rowMenu(anchor, run) {
    menu(anchor, [
      { words: 'Open', key: 'Enter', run: () => Blazor.navigateTo('/runs/' + run.id) },
      { words: this.baseline === run.id ? 'No longer the baseline' : 'Make it the baseline', key: 'b', run: () => this.setBaseline(run.id) },
      { words: 'Only this one', run: () => { this.shown = 0; this.off.clear(); this.on = new Set([run.id.slice(0, 12)]); this.save(); this.all(); } },
      { words: 'Rename…', run: () => this.rename(run) }, { words: 'Tag…', run: () => this.tag([run]) }, { words: 'Move…', run: () => this.move([run]) },
      run.tags.has(colourTag) && { words: 'Its first colour again', run: () => api('DELETE', `/api/v1/runs/${run.id}/tags?key=${encodeURIComponent(colourTag)}`).then(() => { run.tags.delete(colourTag); this.all(); }, complain) },
      '-', { words: 'Delete', bad: true, run: () => this.remove([run]) },
    ]);
  }

  setBaseline(id) { this.baseline = this.baseline === id ? '' : id; this.save(); this.all(); }

  async rename(run) {
    const given = await ask('Rename the run', [{ name: 'name', label: 'Name', value: run.name, required: true }]);
    if (!given || !given.name.trim() || given.name === run.name) return;
    const old = run.name;
    const put = name => api('PATCH', '/api/v1/runs/' + run.id, { name }).then(() => { run.name = name; this.all(); });
    await put(given.name.trim()).then(() => toast('Renamed.', { action: 'Undo', run: () => put(old).catch(complain) }), complain);
  }

  async tag(runs) {
    const given = await ask(runs.length === 1 ? 'Tag the run' : `Tag ${runs.length} runs`, [{ name: 'key', label: 'Key', required: true }, { name: 'value', label: 'Value' }]);
    if (!given || !given.key.trim()) return;
    const key = given.key.trim(), old = new Map(runs.map(run => [run, run.tags.get(key)]));
    await edit(runs, { set_tags: { [key]: given.value } }).then(() => { for (const run of runs) run.tags.set(key, given.value); toast(`${runs.length} tagged.`, { action: 'Undo', run: () =>
      each(runs, run => old.get(run) === undefined ? api('DELETE', `/api/v1/runs/${run.id}/tags?key=${encodeURIComponent(key)}`).then(() => run.tags.delete(key)) : api('PATCH', '/api/v1/runs/' + run.id, { tags: { [key]: old.get(run) } })).then(() => this.all(), complain) }); }, complain);
    this.all();
  }

  async move(runs) {
    const others = this.experiments.filter(e => String(e.id) !== this.experiment);
    if (others.length === 0) { toast('There is no other experiment yet.'); return; }
    const given = await ask(runs.length === 1 ? 'Move the run' : `Move ${runs.length} runs`, [{ name: 'to', label: 'To the experiment', options: others.map(e => [String(e.id), e.name]) }], { yes: 'Move' });
    if (!given) return;
    const old = new Map();
    for (const run of runs) old.set(run.experiment, [...(old.get(run.experiment) || []), run]);
    await edit(runs, { move_to: given.to }).then(() => { this.selected.clear(); this.load(); toast(`Moved to ${this.nameOf(given.to)}.`, { action: 'Undo', run: () => each([...old], ([from, some]) => edit(some, { move_to: from })).then(() => this.load(), complain) }); }, complain);
  }

  async remove(runs) {
    const gone = new Set(runs.map(run => run.id));
    try { await edit(runs, { delete: true }); } catch (error) { complain(error); this.load(); return; }
    this.runs = this.runs.filter(run => !gone.has(run.id));
    for (const id of gone) { this.known.delete(id); this.selected.delete(id); }
    this.all();
    toast(runs.length === 1 ? `“${runs[0].name}” is deleted.` : `${runs.length} runs are deleted.`, { action: 'Undo', stay: 15000, run: () => edit(runs, { restore: true }).then(() => this.load(), complain) });
  }

  bulkBar() {
    const some = this.runs.filter(run => this.selected.has(run.id));
    this.bulk.hidden = some.length === 0;
    if (some.length === 0) return;
    const button = (words, run, bad) => h('button', { type: 'button', class: 'button' + (bad ? ' bad' : ''), onclick: run }, words);
    this.bulk.replaceChildren(h('b', {}, some.length + ' chosen'), some.length > 1 && some.length <= 200 ? h('a', { class: 'button', href: '/compare?runs=' + some.map(run => run.id).join(',') }, 'Compare') : '',
      button('Only these', () => { this.shown = 0; this.off.clear(); this.on = new Set(some.map(run => run.id.slice(0, 12))); this.save(); this.all(); }),
      button('Tag…', () => this.tag(some)), button('Move…', () => this.move(some)), some.length === 1 ? button('Rename…', () => this.rename(some[0])) : '', button('CSV', () => this.csv(some)), button('Delete', () => this.remove(some), true), h('span', { class: 'spring' }), button('None', () => { this.selected.clear(); this.all(); }));
  }

  csv(runs) {
    const keys = kind => [...new Set(runs.flatMap(run => [...run[kind].keys()]))].sort();
    const cols = ['id', 'state', 'started', 'duration', 'user', 'experiment', ...keys('metrics').map(k => 'metrics.' + k), ...keys('params').map(k => 'params.' + k), ...keys('tags').map(k => 'tags.' + k)].map(column);
    // A cell that a spreadsheet would take for a formula is made plain text.
    const cell = text => { const plain = /^[=@\t\r]|^[+-](?![\d.])/.test(text) ? "'" + text : text; return /[",\r\n]/.test(plain) ? '"' + plain.replaceAll('"', '""') + '"' : plain; };
    const lines = [['name', ...cols.map(c => c.id === 'duration' ? 'duration_s' : c.id)], ...runs.map(run => [run.name, ...cols.map(c => c.text(run, this))])].map(row => row.map(x => cell(String(x))).join(','));
    const link = h('a', { href: URL.createObjectURL(new Blob([lines.join('\r\n') + '\r\n'], { type: 'text/csv' })), download: 'runs.csv' });
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  reveal(line) {
    const at = this.list.findIndex(item => this.lineId(item) === line);
    if (at < 0) return;
    this.cursor = line;
    this.scroller.scrollTop = Math.max(0, at * rowHeight - this.scroller.clientHeight / 2);
    this.rows();
  }

  words() {
    const count = this.listed.length, lines = this.lines().length;
    this.split.hidden = this.runs.length === 0;
    this.foot.replaceChildren(h('span', { class: 'muted' }, `${count.toLocaleString('en')}${this.next ? '+' : ''} runs, ${lines} in the charts`), h('span', { class: 'spring' }),
      h('label', { class: 'muted' }, 'Draw the first ', h('select', { class: 'field', 'aria-label': 'How many are drawn', onchange: e => { this.shown = e.target.value === 'all' ? Infinity : +e.target.value; this.on.clear(); this.off.clear(); this.save(); this.all(); } },
        [...new Set([0, 5, 10, 20, 50, 100, 300, 1000, this.shown])].sort((a, b) => a - b).map(n => h('option', { value: n === Infinity ? 'all' : n, selected: n === this.shown }, n === Infinity ? 'all' : String(n))), this.shown === Infinity ? '' : h('option', { value: 'all' }, 'all'))),
      h('button', { type: 'button', class: 'button', onclick: () => this.csv(this.listed) }, 'CSV'));
    this.empty.replaceChildren();
    if (this.runs.length === 0 && !this.fault.hasChildNodes()) this.empty.append(this.filter || this.text || this.experiment
      ? h('section', { class: 'empty' }, h('h2', {}, 'No run fits'), h('p', {}, 'Filters compare ', h('code', {}, 'metrics'), ', ', h('code', {}, 'params'), ', ', h('code', {}, 'tags'), ' and ', h('code', {}, 'attributes'), ', joined by ', h('code', {}, 'and'), ', ', h('code', {}, 'or'), ', ', h('code', {}, 'not'), ' and parentheses.'))
      : h('section', { class: 'empty' }, h('h2', {}, 'No runs yet'), h('p', {}, 'A run is one execution of a training command with its params, metrics and artifacts. MLflow clients log here too: set ', h('code', {}, 'MLFLOW_TRACKING_URI'), ' to this server’s address.'),
        h('div', { class: 'command' }, h('code', {}, 'holdfast run -- python train.py'), h('button', { type: 'button', class: 'quiet', 'data-copy': 'holdfast run -- python train.py', 'aria-label': 'Copy the command' }, icon('save', 14)))));
    this.root.dataset.drawn = 'yes';
    this.root.dataset.runs = count;
  }

  // --- charts

  lines() {
    const most = 1000, base = this.known.get(this.baseline);
    const shown = this.drawable().filter((item, i) => this.isShown(this.shortOf(item), i)).slice(0, most);
    const lines = shown.map(item => item.group !== undefined
      ? { id: 'g' + item.group, label: item.label + ' (' + item.members.length + ')', runs: item.members.slice(0, 300), group: true, colour: () => this.groupColour(item.group) }
      : { id: item.run.id, label: item.run.name, runs: [item.run], colour: () => colourOf(item.run, dark()), bold: item.run.id === this.baseline, dash: item.run.id === this.baseline });
    if (base && !lines.some(line => line.id === base.id)) lines.push({ id: base.id, label: base.name + ' (baseline)', runs: [base], colour: () => colourOf(base, dark()), bold: true, dash: true });
    return lines;
  }

  async draw() {
    const lines = this.lines(), keys = new Map();
    for (const line of lines) for (const run of line.runs) { const known = this.known.get(run.id) || run; for (const [key, m] of known.metrics) keys.set(key, Math.max(keys.get(key) || 0, m.count)); }
    const all = [...keys.keys()].sort((a, b) => a.localeCompare(b));
    if (this.chart === 'lines') { this.area.show(lines, all); return; }
    const { relations } = await import('./holdfast-relations.js' + v);
    const runs = [...new Set(lines.flatMap(line => line.runs))];
    relations(this.relations, this.chart, runs, { params: this.params, save: () => this.save(), pick: id => this.reveal(id), choose: ids => { this.selected = new Set(ids); this.header(); this.rows(); this.bulkBar(); } });
  }

  // --- keys

  key(event) {
    if (!this.root.isConnected || event.ctrlKey && event.key !== '.' || event.metaKey && event.key !== '.' || event.altKey) return;
    if (document.querySelector('dialog[open], .popover')) return;
    if (/^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== 'checkbox' && event.target.type !== 'range') return;
    const list = this.list || [], now = list.findIndex(item => this.lineId(item) === this.cursor), item = list[now];
    const done = () => { event.preventDefault(); event.stopPropagation(); };
    if (event.key === 'j' || event.key === 'k') {
      const next = Math.max(0, Math.min(list.length - 1, now < 0 ? (event.key === 'j' ? 0 : list.length - 1) : now + (event.key === 'j' ? 1 : -1)));
      if (!list[next]) return;
      this.cursor = this.lineId(list[next]);
      const top = next * rowHeight, box = this.scroller;
      if (top < box.scrollTop) box.scrollTop = top; else if (top + 2 * rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + 2 * rowHeight - box.clientHeight;
      this.rows();
      this.area.mark(list[next].line);
      done();
    } else if (event.key === ' ' && item && !/^(button|summary|a)$/i.test(event.target.tagName)) { this.toggle(item); done(); }
    else if (event.key === 'x' && item && item.run) { this.choose(item.run.id, now, false); done(); }
    else if (event.key === 'b' && item && item.run) { this.setBaseline(item.run.id); done(); }
    else if (event.key === 'Enter' && item && item.run && !/^(button|summary|a|input)$/i.test(event.target.tagName)) { Blazor.navigateTo('/runs/' + item.run.id); done(); }
    else if (event.key === '.' && (event.metaKey || event.ctrlKey)) { const over = this.area.hover && this.area.hover.panel ? this.area.hover.panel.key : this.view.full; if (over) { this.area.grow(over); done(); } }
    else if (event.key === 'Escape') { if (this.view.full) { this.area.grow(this.view.full); done(); } else { this.cursor = null; this.area.mark(null); this.rows(); } }
  }
}

function hash(text) { let n = 2166136261; for (let i = 0; i < text.length; i++) n = Math.imul(n ^ text.charCodeAt(i), 16777619); n ^= n >>> 15; n = Math.imul(n, 2246822519); n ^= n >>> 13; return (n >>> 0).toString(16).padStart(8, '0'); }

const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
function hex(colour) { pen.canvas.width = pen.canvas.height = 1; pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return '#' + [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(n => n.toString(16).padStart(2, '0')).join(''); }

/** The charts of runs that a page names: data-lines="id,id". */
class Charts {
  constructor(root) {
    this.root = root;
    this.view = new View(new URLSearchParams(location.search));
    this.area = new Area(root, this.view, { single: !root.dataset.lines.includes(','), save: () => keep(this.view.write(new URLSearchParams(location.search))) });
    this.area.empty = root.dataset.empty;
    this.ends = hear(news => { if (news.many || news.runs.some(id => this.ids().includes(id))) this.load().then(() => this.area.news(news.many ? null : news.runs)); });
    this.load();
  }

  ids() { return this.root.dataset.lines.split(',').filter(Boolean); }

  async load() {
    try {
      const found = [];
      await each(this.ids(), async id => found.push(read(await api('GET', '/api/v1/runs/' + encodeURIComponent(id)))));
      const order = this.ids();
      found.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
      const only = this.root.dataset.only, without = this.root.dataset.without;
      const keys = [...new Set(found.flatMap(run => [...run.metrics].filter(([, m]) => m.count > 1).map(([key]) => key)))].filter(key => (!only || key.startsWith(only)) && (!without || !key.startsWith(without))).sort((a, b) => a.localeCompare(b));
      this.area.show(found.map(run => ({ id: run.id, label: run.name, runs: [run], colour: () => colourOf(run, dark()) })), keys);
      if (keys.length === 0) this.area.layout();
      this.root.dataset.drawn = 'yes';
    } catch (error) { this.root.textContent = error.message; this.root.dataset.drawn = 'failed'; }
  }

  dispose() { this.ends(); this.area.dispose(); }
}

/** Parallel axes or a scatter of runs that a page names: data-relations="id,id", data-kind. */
class Relations {
  constructor(root) { this.root = root; this.params = new URLSearchParams(location.search); this.area = {}; this.load(); }

  async load() {
    try {
      const found = [], ids = this.root.dataset.relations.split(',').filter(Boolean);
      await each(ids, async id => found.push(read(await api('GET', '/api/v1/runs/' + encodeURIComponent(id)))));
      found.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
      const { relations } = await import('./holdfast-relations.js' + v);
      const inner = h('div', {});
      this.root.replaceChildren(inner);
      const save = () => { const now = new URLSearchParams(location.search); for (const name of ['axes', 'sx', 'sy', 'sc']) { if (this.params.get(name)) now.set(name, this.params.get(name)); else now.delete(name); } keep(now); };
      relations(inner, this.root.dataset.kind, found, { params: this.params, save, pick: id => Blazor.navigateTo('/runs/' + id), choose: kept => Blazor.navigateTo('/compare?runs=' + kept.join(',')) });
      this.root.dataset.drawn = 'yes';
    } catch (error) { this.root.textContent = error.message; this.root.dataset.drawn = 'failed'; }
  }

  dispose() {}
}

const live = new Map();
export const kinds = { '[data-runs-page]': RunsPage, '[data-lines]': Charts, '[data-relations]': Relations };
function sweep() {
  const gone = [...live].filter(([element]) => !element.isConnected);
  for (const [selector, Kind] of Object.entries(kinds)) {
    document.querySelectorAll(selector).forEach(element => {
      if (live.has(element)) return;
      // The circuit puts its own element in the place of the pre-rendered one: what was drawn moves over, with all that it knows.
      const at = gone.findIndex(([old, thing]) => thing instanceof Kind && old.dataset.lines === element.dataset.lines && old.dataset.only === element.dataset.only && old.dataset.relations === element.dataset.relations && old.dataset.kind === element.dataset.kind);
      if (at < 0) { live.set(element, new Kind(element)); return; }
      const [[old, thing]] = gone.splice(at, 1);
      element.replaceChildren(...old.childNodes);
      Object.assign(element.dataset, old.dataset);
      thing.root = element;
      if (thing.area.root === old) thing.area.root = element;
      live.delete(old);
      live.set(element, thing);
    });
  }
  for (const [element, thing] of gone) { live.delete(element); thing.dispose(); }
}
let planned = false;
new MutationObserver(() => { if (!planned) { planned = true; requestAnimationFrame(() => { planned = false; sweep(); }); } }).observe(document.body, { subtree: true, childList: true });
document.addEventListener('holdfast-theme', () => { for (const thing of live.values()) if (thing instanceof RunsPage) thing.rows(); });
sweep();
