// An endpoint: its traffic over time, the two answers of a shadow step, and a form that asks it.
const v = new URL(import.meta.url).search;
const { kind, axis, number } = await import('./holdfast-charts.js' + v);
const { h } = await import('./holdfast-parts.js' + v);

const order = { primary: 0, candidate: 1, shadow: 2, fallback: 3 };
const name = x => x.model === 'rules' ? 'rules' : `${x.role} v${x.model_version}`;
const length = { '1m': 6e4, '1h': 36e5, '1d': 864e5 };

/** Variants with one value a stretch; the stretches without traffic are zero, so that a gap is seen as one. */
function variants(found, value, hole) {
  const buckets = found.buckets || [];
  if (buckets.length === 0) return null;
  const step = length[found.step], at = buckets.map(b => Date.parse(b.at)), first = at[0], n = Math.round((at[at.length - 1] - first) / step) + 1;
  const all = new Map();
  buckets.forEach((b, i) => b.variants.forEach(x => {
    const key = name(x);
    if (!all.has(key)) all.set(key, { name: key, role: x.role, points: Array.from({ length: n }, (_, k) => [first + k * step, hole]) });
    all.get(key).points[Math.round((at[i] - first) / step)][1] = value(x);
  }));
  return [...all.values()].sort((a, b) => order[a.role] - order[b.role] || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

const colour = (list, p) => { let n = 0; return list.map(s => s.role === 'fallback' ? p.watch : s.role === 'shadow' ? p.ink3 : p.series[n++ % p.series.length]); };
const frame = (p, more) => ({
  xAxis: axis(p, { type: 'time', splitLine: { show: false } }),
  grid: { left: 8, right: 14, top: 12, bottom: 28, containLabel: true },
  legend: { bottom: 0, type: 'scroll', textStyle: { color: p.ink2, fontSize: 11 }, pageTextStyle: { color: p.ink2 }, itemWidth: 12, itemHeight: 3, icon: 'rect' }, ...more,
});

kind('traffic', (found, _, p) => {
  const list = found && variants(found, x => x.requests, 0);
  if (!list) return null;
  const colours = colour(list, p);
  return frame(p, {
    yAxis: axis(p, { type: 'value', minInterval: 1 }),
    series: list.map((s, i) => ({
      type: 'line', name: s.name, data: s.points, stack: s.role === 'shadow' ? undefined : 'all', step: 'start', symbol: s.points.length === 1 ? 'circle' : 'none',
      lineStyle: { width: s.role === 'shadow' ? 1.4 : 0.8, type: s.role === 'shadow' ? 'dashed' : 'solid' }, areaStyle: s.role === 'shadow' ? undefined : { opacity: 0.35 }, itemStyle: { color: colours[i] },
    })),
  });
});

kind('latency', (found, _, p) => {
  const median = found && variants(found, x => x.p50 ?? null, null), high = found && variants(found, x => x.p99 ?? null, null);
  if (!median) return null;
  const colours = colour(median, p), symbol = s => s.points.length === 1 ? 'circle' : 'none';
  return frame(p, {
    yAxis: axis(p, { type: 'log', axisLabel: { color: p.ink3, formatter: number } }),
    tooltip: { trigger: 'axis', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, valueFormatter: x => x == null ? '–' : number(x) + ' ms' },
    series: [
      ...median.map((s, i) => ({ type: 'line', name: s.name, data: s.points, symbol: symbol(s), connectNulls: false, lineStyle: { width: 1.8 }, itemStyle: { color: colours[i] } })),
      ...high.map((s, i) => ({ type: 'line', name: s.name + ' p99', data: s.points, symbol: symbol(s), lineStyle: { width: 1.2, type: 'dotted' }, itemStyle: { color: colours[i] } })),
    ],
    legend: { bottom: 0, type: 'scroll', textStyle: { color: p.ink2, fontSize: 11 }, itemWidth: 12, itemHeight: 3, icon: 'rect', data: median.map(s => s.name) },
  });
});

kind('trouble', (found, _, p) => {
  if (!found) return null;
  const share = (part, whole) => x => whole(x) > 0 ? 100 * part(x) / whole(x) : null;
  const kinds = [['errors', share(x => x.errors, x => x.requests), 'solid'], ['fell back', share(x => x.fell_back, x => x.requests), 'dashed'], ['wrong', share(x => x.labels - x.right, x => x.labels), 'dotted']];
  const all = kinds.flatMap(([word, value, type]) => (variants(found, value, null) || []).map(s => ({ ...s, word, type })));
  if (all.length === 0) return null;
  const lists = variants(found, x => x.requests, 0), colours = new Map(colour(lists, p).map((c, i) => [lists[i].name, c]));
  const shown = all.filter(s => s.points.some(q => q[1] !== null && (q[1] > 0 || s.word === 'wrong')));
  if (shown.length === 0) return frame(p, { yAxis: axis(p, { type: 'value', min: 0, max: 1 }), legend: undefined, series: [{ type: 'line', name: 'errors', data: lists[0].points.map(q => [q[0], 0]), symbol: 'none', itemStyle: { color: p.good } }] });
  return frame(p, {
    yAxis: axis(p, { type: 'value', min: 0, axisLabel: { color: p.ink3, formatter: x => number(x) + ' %' } }),
    tooltip: { trigger: 'axis', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, valueFormatter: x => x == null ? '–' : number(x) + ' %' },
    series: shown.map(s => ({ type: 'line', name: `${s.name}, ${s.word}`, data: s.points, symbol: s.points.length === 1 ? 'circle' : 'none', lineStyle: { width: 1.6, type: s.type }, itemStyle: { color: colours.get(s.name) } })),
  });
});

// On the diagonal both say the same.
kind('pairs', (_, o, p) => {
  if (!o.points || o.points.length === 0) return null;
  const values = o.points.flat(), [low, high] = [Math.min(...values), Math.max(...values)], pad = (high - low || 1) * 0.03;
  const ends = { type: 'value', min: +(low - pad).toPrecision(6), max: +(high + pad).toPrecision(6), axisLabel: { color: p.ink3, formatter: number } };
  return {
    grid: { left: 12, right: 18, top: 22, bottom: 26, containLabel: true },
    tooltip: { trigger: 'item', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, formatter: c => c.data ? `primary ${number(c.data[0])}<br>candidate ${number(c.data[1])}` : '' },
    xAxis: axis(p, { ...ends, name: 'primary', nameLocation: 'middle', nameGap: 24 }), yAxis: axis(p, { ...ends, name: 'candidate', nameTextStyle: { align: 'left', color: p.ink3 } }),
    series: [{ type: 'scatter', data: o.points, symbolSize: 6, itemStyle: { color: p.accent, opacity: 0.5 }, markLine: { silent: true, symbol: 'none', lineStyle: { color: p.ink3, type: 'dashed' }, label: { show: false }, data: [[{ coord: [ends.min, ends.min] }, { coord: [ends.max, ends.max] }]] } }],
  };
});

kind('sides', (_, o, p) => !o.bins || o.bins.length === 0 ? null : {
  grid: { left: 8, right: 14, top: 26, bottom: 6, containLabel: true },
  legend: { top: 0, right: 8, textStyle: { color: p.ink2 }, itemWidth: 12, itemHeight: 8 },
  tooltip: { trigger: 'axis', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, valueFormatter: x => number(x) + ' %' },
  xAxis: axis(p, { type: 'category', data: o.bins, axisLabel: { color: p.ink3, hideOverlap: true, rotate: 30 } }), yAxis: axis(p, { type: 'value', axisLabel: { color: p.ink3, formatter: x => number(x) + ' %' } }),
  series: [{ type: 'bar', name: 'Primary', data: o.primary, itemStyle: { color: p.ink3, opacity: 0.6 }, barGap: '0%' }, { type: 'bar', name: 'Candidate', data: o.candidate, itemStyle: { color: p.accent } }],
});

// --- the form

const ask = async (url, options) => {
  const response = await fetch(url, { credentials: 'same-origin', ...options, headers: { accept: 'application/json', 'content-type': 'application/json' } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(typeof body.error === 'string' ? body.error : body.detail || 'The server answered ' + response.status + '.');
  return body;
};

/** What each feature added to the output, the greatest first. */
function reasons(output) {
  const why = output && output.data[0] ? JSON.parse(output.data[0]) : null;
  if (!why || !why.contributions) return null;
  const most = Math.max(...why.contributions.map(c => Math.abs(c.effect)), 1e-12);
  return h('section', { class: 'reasons' }, h('h3', {}, 'Why'), h('p', { class: 'muted' }, `From ${number(why.base)} on average to ${number(why.output)}${why.class ? ' for ' + why.class : ''} (${why.space}); each bar is what a feature adds.`),
    why.contributions.slice(0, 10).map(c => h('div', { class: 'reason' }, h('span', {}, c.feature), h('span', { class: 'bar' }, h('span', { class: c.effect < 0 ? 'less' : 'more', style: `width:${(50 * Math.abs(c.effect) / most).toFixed(1)}%` })), h('span', { class: 'n' }, (c.effect > 0 ? '+' : '') + number(c.effect)), h('span', { class: 'muted' }, c.reason))));
}

async function form(root) {
  const endpoint = encodeURIComponent(root.dataset.try);
  let inputs, known = {};
  try {
    const described = await ask('/v2/models/' + endpoint);
    inputs = described.inputs || [];
    const newest = await ask(`/api/v1/endpoints/${endpoint}/predictions?limit=1`).catch(() => null);
    known = newest && newest.items && newest.items[0] ? newest.items[0].features : {};
  } catch (error) { root.replaceChildren(h('p', { class: 'muted' }, error.message)); root.dataset.drawn = 'failed'; return; }
  if (inputs.length === 0) for (const key of Object.keys(known)) inputs.push({ name: key, datatype: typeof known[key] === 'string' ? 'BYTES' : 'FP64', shape: [-1, 1] });
  const result = h('div', { class: 'try-answer', role: 'status' }), command = h('code', {}), key = h('input', { class: 'field', placeholder: 'random', 'aria-label': 'Sticky key' });
  const fields = inputs.map(input => ({ input, box: h('input', { class: 'field', name: input.name, value: known[input.name] ?? '', placeholder: 'missing', spellcheck: 'false', autocomplete: 'off', oninput: () => show() }) }));
  const explain = h('input', { type: 'checkbox', onchange: () => show() });
  const body = () => ({
    parameters: { ...(key.value ? { key: key.value } : {}), ...(explain.checked ? { explain: true } : {}) },
    inputs: fields.filter(f => f.box.value.trim() !== '' || f.input.datatype !== 'BYTES').map(({ input, box }) => {
      const text = box.value.trim(), value = input.datatype === 'BYTES' ? text : text === '' ? null : input.datatype === 'BOOL' ? text === 'true' : Number.isNaN(+text) ? text : +text;
      return { name: input.name, datatype: input.datatype, shape: [1, 1], data: [value] };
    }),
  });
  const show = () => { command.textContent = `curl -s ${location.origin}/v2/models/${endpoint}/infer -H 'Content-Type: application/json' -d '${JSON.stringify(body()).replace(/'/g, "'\\''")}'`; };
  const send = async event => {
    event.preventDefault();
    const began = performance.now();
    try {
      const answer = await ask(`/v2/models/${endpoint}/infer`, { method: 'POST', body: JSON.stringify(body()) }), took = performance.now() - began, p = answer.parameters || {};
      result.replaceChildren(
        h('div', { class: 'figures' }, answer.outputs.filter(o => o.name !== 'prediction_id' && o.name !== 'explanation').slice(0, 6).map(o => h('div', {}, h('span', { class: 'label' }, o.name), h('span', { class: 'value' }, o.data.length > 6 ? o.data.slice(0, 6).map(x => typeof x === 'number' ? number(x) : x).join(', ') + ' …' : o.data.map(x => typeof x === 'number' ? number(x) : String(x)).join(', ')))),
          h('div', {}, h('span', { class: 'label' }, 'answered by'), h('span', { class: 'value' }, p.variant || ''), h('span', { class: 'note' }, `${p.model || ''}${answer.model_version ? ' v' + answer.model_version : ''}, ${took.toFixed(1)} ms from here`)),
          p.prediction_id && h('div', {}, h('span', { class: 'label' }, 'prediction id, for its label'), h('span', { class: 'value small mono' }, p.prediction_id))),
        reasons(answer.outputs.find(o => o.name === 'explanation')),
        h('details', {}, h('summary', {}, 'The whole answer'), h('pre', {}, JSON.stringify(answer, null, 2))));
      result.dataset.state = 'answered';
    } catch (error) { result.replaceChildren(h('p', { class: 'bad' }, error.message)); result.dataset.state = 'refused'; }
  };
  show();
  root.replaceChildren(h('form', { class: 'try', onsubmit: send },
    h('div', { class: 'try-fields' }, fields.map(f => h('label', {}, h('span', {}, f.input.name, h('span', { class: 'muted' }, ' ' + f.input.datatype.toLowerCase())), f.box))),
    h('div', { class: 'tools' }, h('label', {}, 'Key', key), h('label', { class: 'check' }, explain, 'Explain'), h('button', { class: 'button main', type: 'submit' }, 'Ask'), h('span', { class: 'muted' }, 'An empty field is a missing value.'))),
  result, h('div', { class: 'command' }, command));
  root.dataset.drawn = 'yes';
}

const seen = new WeakSet();
const sweep = () => document.querySelectorAll('[data-try]').forEach(element => { if (!seen.has(element)) { seen.add(element); form(element); } });
let planned = false;
new MutationObserver(() => { if (!planned) { planned = true; requestAnimationFrame(() => { planned = false; sweep(); }); } }).observe(document.body, { subtree: true, childList: true });
sweep();
