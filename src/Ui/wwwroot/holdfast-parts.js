// What the scripts of the pages share: elements, requests, small dialogs, the colour of a run.
// Everything that people wrote goes through text nodes and attributes, never through markup.
export function h(tag, props, ...kids) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else if (name === 'style') element.style.cssText = value;
    else if (name in element && (typeof value === 'boolean' || name === 'value')) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...kids.flat().filter(kid => kid !== null && kid !== undefined && kid !== false));
  return element;
}

const strokes = {
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  eyeOff: 'M3 3l18 18M10.500 5.200A9 9 0 0 1 12 5c6 0 10 7 10 7a17 17 0 0 1-3 3.600M6.500 7A16 16 0 0 0 2 12s4 7 10 7a9 9 0 0 0 4-1',
  gear: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  grow: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6L6 18',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  filter: 'M4 5h16l-6 7v6l-4 2v-8z',
  group: 'M4 6h16M8 12h12M8 18h12M4 12v6',
  save: 'M6 4h12v16l-6-4-6 4z',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  star: 'M12 4l2.400 5 5.600.700-4 3.900 1 5.400-5-2.700L7 19l1-5.400-4-3.900 5.600-.700z',
  left: 'M14 6l-6 6 6 6', right: 'M10 6l6 6-6 6', down: 'M6 9l6 6 6-6',
  link: 'M10 14a4 4 0 0 0 6 .500l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.500l-3 3a4 4 0 0 0 6 6l1-1',
  plus: 'M12 5v14M5 12h14',
};

export function icon(name, size = 16) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', width: size, height: size, 'aria-hidden': 'true', class: 'icon' })) svg.setAttribute(key, value);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', strokes[name]);
  svg.append(path);
  return svg;
}

/** Asks /api/v1; an answer of an error is thrown with its words and its hint. */
export async function api(method, url, body, signal) {
  const response = await fetch(url, {
    method, signal, credentials: 'same-origin', headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.ok) return response.status === 204 ? null : response.json().catch(() => null);
  const problem = await response.json().catch(() => null);
  const error = new Error((problem && (problem.detail || problem.title)) || 'The server answered ' + response.status + '.');
  error.status = response.status;
  error.hint = problem && problem.hint;
  throw error;
}

/** Runs a job for each item, a few at a time; the first failure is thrown when all are done. */
export async function each(items, job, most = 6) {
  const left = [...items];
  let failure = null;
  await Promise.all(Array.from({ length: Math.min(most, left.length) }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      try { await job(item); } catch (error) { failure = failure || error; }
    }
  }));
  if (failure) throw failure;
}

export function later(job, wait) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => job(...args), wait); };
}

// A run looks the same on every page: its own colour if somebody chose one (MLflow's tag), else one that its id gives.
// RunView.Colour in C# gives the same.
export const colourTag = 'mlflow.runColor';
export function colourOf(run, dark) {
  const chosen = run.tags && run.tags.get ? run.tags.get(colourTag) : run.colour;
  return /^#[0-9a-f]{6}$/i.test(chosen || '') ? chosen : colourOfId(run.id, dark);
}
export function colourOfId(id, dark) {
  const n = parseInt(String(id).slice(0, 8), 16) || 0;
  const [hue, level] = [n % 360, (n >>> 10) % 3];
  return dark ? `oklch(${0.68 + 0.07 * level} 0.13 ${hue})` : `oklch(${0.48 + 0.08 * level} 0.14 ${hue})`;
}
export const dark = () => document.documentElement.dataset.theme === 'dark';

let shelf = null;
/** A short word at the foot of the page, with one action. */
export function toast(words, { bad = false, action, run, stay = 9000 } = {}) {
  if (!shelf || !shelf.isConnected) document.body.append(shelf = h('div', { class: 'toasts', 'aria-live': 'polite' }));
  const end = () => card.remove();
  const card = h('div', { class: 'toast' + (bad ? ' bad' : ''), role: bad ? 'alert' : 'status' }, h('span', {}, words),
    action && h('button', { type: 'button', class: 'button', onclick: () => { end(); run(); } }, action),
    h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: end }, icon('close', 14)));
  shelf.append(card);
  setTimeout(end, stay);
}
export const complain = error => toast(error.message + (error.hint ? ' ' + error.hint : ''), { bad: true });

/** A dialog with fields; resolves to their values, or to null when it is left. */
export function ask(title, fields, { yes = 'Save', note } = {}) {
  return new Promise(done => {
    const form = h('form', { method: 'dialog' }, h('h2', {}, title), note && h('p', { class: 'muted' }, note),
      fields.map(f => h('label', {}, h('span', {}, f.label), f.options
        ? h('select', { name: f.name, class: 'field' }, f.options.map(([value, words]) => h('option', { value, selected: value === f.value }, words)))
        : f.long ? h('textarea', { name: f.name, class: 'field', rows: 5, value: f.value || '' })
          : h('input', { name: f.name, class: 'field', type: f.type || 'text', value: f.value || '', placeholder: f.placeholder, autocomplete: 'off', spellcheck: 'false', required: f.required }))),
      h('div', { class: 'dialog-feet' }, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { type: 'submit', class: 'button main' }, yes)));
    const dialog = h('dialog', { class: 'ask' }, form);
    let values = null;
    form.addEventListener('submit', () => { values = Object.fromEntries(new FormData(form)); });
    dialog.addEventListener('close', () => { dialog.remove(); done(values); });
    document.body.append(dialog);
    dialog.showModal();
    const first = form.querySelector('input, textarea, select');
    if (first) { first.focus(); if (first.select) first.select(); }
  });
}

/** A panel beside the thing that opened it; a click elsewhere or Escape closes it. */
export function popover(anchor, fill, { wide = false } = {}) {
  document.querySelectorAll('.popover').forEach(open => open.leave());
  const box = h('div', { class: 'popover' + (wide ? ' wide' : ''), role: 'dialog' });
  const outside = event => { if (!box.contains(event.target) && !anchor.contains(event.target)) box.leave(); };
  const escape = event => { if (event.key === 'Escape') { event.stopPropagation(); box.leave(); } };
  box.leave = () => { box.remove(); document.removeEventListener('pointerdown', outside, true); document.removeEventListener('keydown', escape, true); };
  const place = () => {
    const at = anchor.getBoundingClientRect();
    box.style.top = Math.max(8, Math.min(at.bottom + 4, innerHeight - box.offsetHeight - 8)) + 'px';
    box.style.left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8)) + 'px';
  };
  const draw = () => { box.replaceChildren(...[fill(box, draw)].flat().filter(Boolean)); place(); };
  document.body.append(box);
  draw();
  document.addEventListener('pointerdown', outside, true);
  document.addEventListener('keydown', escape, true);
  const first = box.querySelector('input:not([type=checkbox]), button, select');
  if (first) first.focus({ preventScroll: true });
  return box;
}

export function menu(anchor, entries) {
  return popover(anchor, box => h('div', { class: 'menu', role: 'menu' }, entries.filter(Boolean).map(e => e === '-' ? h('hr') :
    h('button', { type: 'button', role: 'menuitem', class: e.bad ? 'bad' : null, onclick: () => { box.leave(); e.run(); } }, e.words, e.key && h('kbd', {}, e.key)))));
}

export const duration = ms => {
  if (!Number.isFinite(ms)) return '–';
  const s = Math.abs(ms) / 1000;
  return s < 1 ? Math.round(ms) + ' ms' : s < 60 ? s.toFixed(1) + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + Math.floor(s % 60) + ' s'
    : s < 172800 ? Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min' : Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
};

export const when = ms => new Date(ms).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';

/** What stands in the address changes without a navigation: the circuit need not know. */
export function keep(params, { add = false, hash = location.hash } = {}) {
  const query = params.toString().replace(/%2C/g, ',').replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%7E/gi, '~').replace(/%60/g, '`');
  const url = location.pathname + (query ? '?' + query : '') + hash;
  if (url === location.pathname + location.search + location.hash) return;
  history[add ? 'pushState' : 'replaceState'](history.state, '', url);
}
