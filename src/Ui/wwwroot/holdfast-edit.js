// What people change on the pages of a run and of a model, and a run's console: all through /api/v1.
const v = new URL(import.meta.url).search;
const { h, icon, api, later, toast, complain, ask, menu } = await import('./holdfast-parts.js' + v);
const { hear } = await import('./holdfast-live.js' + v);

const again = () => document.querySelector('[data-renew]').click();
const run = id => '/api/v1/runs/' + encodeURIComponent(id);
const actions = {
  async note(data) {
    const given = await ask('Note', [{ name: 'text', label: 'Markdown', long: true, value: data.text }]);
    if (given) await api('PATCH', run(data.run), { tags: { 'mlflow.note.content': given.text } }).then(again, complain);
  },
  run(data, anchor) {
    menu(anchor, [
      { words: 'Rename…', run: async () => {
        const given = await ask('Rename the run', [{ name: 'name', label: 'Name', value: data.name, required: true }]);
        if (given && given.name.trim()) await api('PATCH', run(data.run), { name: given.name.trim() }).then(again, complain);
      } },
      { words: 'Tag…', run: async () => {
        const given = await ask('Tag the run', [{ name: 'key', label: 'Key', required: true }, { name: 'value', label: 'Value' }]);
        if (given && given.key.trim()) await api('PATCH', run(data.run), { tags: { [given.key.trim()]: given.value } }).then(again, complain);
      } },
      data.status === 'running' && { words: 'Mark as ended', run: () => api('PATCH', run(data.run), { status: 'killed', end_time: new Date().toISOString() }).then(again, complain) },
      '-', data.deleted ? { words: 'Restore', run: () => api('POST', run(data.run) + '/restore').then(again, complain) }
        : { words: 'Delete', bad: true, run: () => api('DELETE', run(data.run)).then(() => { again(); toast('The run is deleted.', { action: 'Undo', stay: 15000, run: () => api('POST', run(data.run) + '/restore').then(again, complain) }); }, complain) },
    ]);
  },
  async alias(data) {
    const given = await ask('Alias of version ' + data.version, [{ name: 'alias', label: 'Alias', required: true, placeholder: 'champion' }], { note: 'An alias names one version; it moves here if another has it.' });
    if (given && given.alias.trim()) await api('PUT', `/api/v1/models/${encodeURIComponent(data.model)}/aliases/${encodeURIComponent(given.alias.trim())}`, { version: +data.version }).then(again, complain);
  },
  unalias(data) {
    const url = `/api/v1/models/${encodeURIComponent(data.model)}/aliases/${encodeURIComponent(data.alias)}`;
    return api('DELETE', url).then(() => { again(); toast(`The alias ${data.alias} is removed.`, { action: 'Undo', run: () => api('PUT', url, { version: +data.version }).then(again, complain) }); }, complain);
  },
  async describe(data) {
    const given = await ask('Description', [{ name: 'text', label: 'Markdown', long: true, value: data.text }]);
    if (given) await api('PATCH', data.url, { description: given.text }).then(again, complain);
  },
  async card(data) {
    const given = await ask('Model card', [{ name: 'text', label: 'Markdown', long: true, value: data.text }], { note: 'What is known of the version is added below by itself.' });
    if (given) await api('PUT', data.url, { text: given.text }).then(again, complain);
  },
  async comment(data) {
    const given = await ask(data.text ? 'Change the comment' : 'Comment', [{ name: 'text', label: 'Markdown', long: true, required: true, value: data.text }], { yes: data.text ? 'Save' : 'Comment' });
    if (given && given.text.trim()) await api(data.method || 'POST', data.url, { text: given.text }).then(again, complain);
  },
  async rollout(data) {
    const weight = data.act === 'set-weight', url = `/api/v1/rollouts/${encodeURIComponent(data.rollout)}/${data.act}`;
    const notes = { promote: 'The next step begins at once, though its evidence may not be enough; harm still rolls it back.', rollback: 'The version before answers again at once.', pause: 'Shares stay as they are until it is resumed.' };
    const given = await ask(data.words, weight ? [{ name: 'weight', label: 'Share of the traffic in %', type: 'number', required: true }] : data.act === 'resume' ? [] : [{ name: 'reason', label: 'Reason', required: data.act === 'rollback' }], { yes: data.words, note: notes[data.act] });
    if (given) await api('POST', url, weight ? { weight: +given.weight / 100 } : { reason: given.reason || null }).then(() => { again(); toast('Done: ' + data.words.toLowerCase() + '.'); }, complain);
  },
  uncomment: data => api('DELETE', data.url).then(again, complain),
};

document.addEventListener('click', event => {
  const button = event.target.closest('[data-do]');
  if (button && actions[button.dataset.do]) { event.preventDefault(); actions[button.dataset.do](button.dataset, button); }
});

// --- the console of a run

const line = 18;
const tones = ['', 'bad', 'good', 'watch', 'busy', 'plain', 'accent', ''];

/** Text with its colours of a terminal; only the eight colours and bold are kept. */
function painted(text) {
  if (!text.includes('\u001b')) return [text];
  const parts = [];
  let [tone, bold] = ['', false];
  for (const piece of text.split(/(\u001b\[[0-9;?]*[A-Za-z])/)) {
    const code = /^\u001b\[([0-9;]*)m$/.exec(piece);
    if (code) for (const n of (code[1] || '0').split(';').map(Number)) { if (n === 0) [tone, bold] = ['', false]; else if (n === 1) bold = true; else if (n === 22) bold = false; else if (n === 39) tone = ''; else if (n >= 30 && n <= 37) tone = tones[n - 30]; else if (n >= 90 && n <= 97) tone = tones[n - 90]; }
    else if (piece && !piece.startsWith('\u001b')) parts.push(tone || bold ? h('span', { class: tone, style: bold ? 'font-weight:700' : null }, piece) : piece);
  }
  return parts;
}

class Console {
  constructor(root) {
    Object.assign(this, { root, lines: [], partial: {}, after: 0, words: '', streams: 'all', follow: true, found: null });
    this.count = h('span', { class: 'muted', role: 'status' });
    this.search = h('input', { class: 'field', type: 'search', placeholder: 'Search: text or regex', 'aria-label': 'Search in the console', 'data-filter': true, spellcheck: 'false', oninput: later(() => { this.words = this.search.value; this.pick(); }, 150) });
    this.tail = h('input', { type: 'checkbox', checked: true, onchange: () => { this.follow = this.tail.checked; this.draw(); } });
    const stream = h('select', { class: 'field', 'aria-label': 'Stream', onchange: () => { this.streams = stream.value; this.pick(); } }, [['all', 'All output'], ['stdout', 'stdout'], ['stderr', 'stderr']].map(([key, words]) => h('option', { value: key }, words)));
    this.space = h('div', { class: 'console-space' });
    this.box = h('div', { class: 'console', tabindex: 0, 'aria-label': 'Console output', onscroll: () => this.scrolled() }, this.space);
    this.empty = h('div', { hidden: true });
    this.panel = h('section', { class: 'panel' }, h('header', {}, this.search, stream, h('label', { class: 'check' }, this.tail, 'Follow'), h('span', { class: 'spring' }), this.count,
      h('button', { type: 'button', class: 'button', onclick: () => this.save() }, 'Save')), this.box);
    root.replaceChildren(this.panel, this.empty);
    this.ends = hear(news => { if (news.many || news.runs.includes(root.dataset.console)) this.read(); });
    this.timer = setInterval(() => { if (!document.hidden && this.root.dataset.running === 'yes') this.read(); }, 2000);
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.read();
  }

  dispose() { this.ends(); clearInterval(this.timer); }

  async read() {
    if (this.reading) return;
    this.reading = true;
    try {
      for (;;) {
        const page = await api('GET', `${run(this.root.dataset.console)}/console?after=${this.after}&max=1000`);
        for (const piece of page.items) { this.after = Math.max(this.after, piece.id); this.add(piece); }
        if (page.items.length < 1000) break;
      }
    } catch (error) { if (error.status !== 404) this.count.textContent = error.message; } finally { this.reading = false; }
    this.pick();
    this.root.dataset.drawn = 'yes';
  }

  add(piece) {
    const whole = (this.partial[piece.stream] || '') + piece.text, rows = whole.split('\n');
    // What has no line end yet is shown, and continued by the next piece of its stream.
    if (this.partial[piece.stream]) this.lines.splice(this.lines.findLastIndex(l => l.open && l.stream === piece.stream), 1);
    const open = rows.pop();
    // A carriage return writes over its line, as progress bars do.
    for (const text of rows) this.lines.push({ text: text.replace(/\r$/, '').split('\r').pop(), stream: piece.stream, at: piece.at });
    this.partial[piece.stream] = open;
    if (open) this.lines.push({ text: open.split('\r').filter(Boolean).pop() || '', stream: piece.stream, at: piece.at, open: true });
  }

  pick() {
    let fits = () => true;
    if (this.words) { try { const pattern = new RegExp(this.words, 'i'); fits = text => pattern.test(text); } catch { const words = this.words.toLowerCase(); fits = text => text.toLowerCase().includes(words); } }
    this.shown = this.lines.map((l, i) => ({ ...l, n: i + 1 })).filter(l => (this.streams === 'all' || l.stream === this.streams) && fits(l.text));
    this.count.textContent = this.shown.length === this.lines.length ? `${this.lines.length.toLocaleString('en')} lines` : `${this.shown.length.toLocaleString('en')} of ${this.lines.length.toLocaleString('en')} lines`;
    this.panel.hidden = this.lines.length === 0;
    this.empty.hidden = this.lines.length > 0;
    if (this.lines.length === 0 && !this.empty.hasChildNodes()) this.empty.append(h('section', { class: 'empty' }, h('h2', {}, 'No output was kept'), h('p', {}, 'Runs that ', h('code', {}, 'holdfast run'), ' starts keep what their command writes, and show it here as it comes.'),
      h('div', { class: 'command' }, h('code', {}, 'holdfast run -- python train.py'))));
    this.draw();
  }

  scrolled() {
    const end = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - line * 2;
    if (this.follow && !end && this.drawnAt !== undefined && this.box.scrollTop < this.drawnAt) { this.follow = this.tail.checked = false; }
    this.paint();
  }

  draw() {
    if (!this.shown) return;
    this.space.style.height = this.shown.length * line + 12 + 'px';
    if (this.follow) { this.box.scrollTop = this.box.scrollHeight; this.drawnAt = this.box.scrollTop; }
    this.paint();
  }

  paint() {
    const from = Math.max(0, Math.floor(this.box.scrollTop / line) - 10), to = Math.min(this.shown.length, from + Math.ceil(this.box.clientHeight / line) + 20);
    this.space.replaceChildren(h('div', { class: 'console-lines', style: `top:${from * line}px` }, this.shown.slice(from, to).map(l => h('div', { class: l.stream === 'stderr' ? 'stderr' : null, title: l.at }, h('span', { class: 'console-n' }, String(l.n)), painted(l.text)))));
  }

  save() {
    const link = h('a', { href: URL.createObjectURL(new Blob([this.lines.map(l => l.text + '\n').join('')], { type: 'text/plain' })), download: `console-${this.root.dataset.console.slice(0, 8)}.txt` });
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

const live = new Map();
function sweep() {
  for (const [element, thing] of live) if (!element.isConnected) { live.delete(element); thing.dispose(); }
  document.querySelectorAll('[data-console]').forEach(element => { if (!live.has(element)) live.set(element, new Console(element)); });
}
let planned = false;
new MutationObserver(() => { if (!planned) { planned = true; requestAnimationFrame(() => { planned = false; sweep(); }); } }).observe(document.body, { subtree: true, childList: true });
sweep();
