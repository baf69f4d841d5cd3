// Runs as lines over parallel axes, and as points of two values: what goes with what. ECharts draws, the address keeps the choice.
const v = new URL(import.meta.url).search;
const { palette, number } = await import('./holdfast-charts.js' + v);
const { h, icon, colourOf, dark, popover } = await import('./holdfast-parts.js' + v);

const shown = new WeakMap();

/** A value of a run by its id: metrics.KEY, params.KEY, duration. */
function get(run, id) {
  if (id === 'duration') return (Number.isNaN(run.end) ? NaN : run.end - run.start) / 1000;
  const key = id.slice(id.indexOf('.') + 1);
  if (id.startsWith('metrics.')) { const m = run.metrics.get(key); return m ? m.last : NaN; }
  return run.params.get(key) ?? '';
}
const isNumber = text => text !== '' && Number.isFinite(+text);

/** What an axis is: the numbers of the runs, or their words. */
function dimension(runs, id) {
  const values = runs.map(run => get(run, id)), known = values.filter(x => x !== '' && !(typeof x === 'number' && Number.isNaN(x)));
  const numeric = id.startsWith('metrics.') || id === 'duration' || known.length > 0 && known.every(isNumber);
  const name = id.includes('.') ? id.slice(id.indexOf('.') + 1) : id;
  const numbers = numeric ? known.map(Number) : [];
  const log = numeric && id.startsWith('params.') && numbers.length > 1 && Math.min(...numbers) > 0 && Math.max(...numbers) / Math.min(...numbers) >= 20;
  return { id, name, numeric, log, words: numeric ? null : [...new Set(known)].sort(), value: run => { const x = get(run, id); return numeric ? (x === '' || Number.isNaN(+x) ? null : +x) : x === '' ? null : x; } };
}

function choices(runs) {
  const ids = new Map();
  for (const run of runs) {
    for (const key of run.params.keys()) ids.set('params.' + key, (ids.get('params.' + key) || 0) + 1);
    for (const key of run.metrics.keys()) if (!key.startsWith('system/')) ids.set('metrics.' + key, (ids.get('metrics.' + key) || 0) + 1);
  }
  return [...ids.keys(), 'duration'];
}

const label = id => id.includes('.') ? id.slice(id.indexOf('.') + 1) + ' · ' + id.slice(0, id.indexOf('.') - 1) : id;

/** Ranks from 1, ties share their mean. */
function ranks(values) {
  const order = values.map((x, i) => [x, i]).sort((a, b) => a[0] - b[0]), out = new Float64Array(values.length);
  for (let i = 0; i < order.length;) { let j = i; while (j < order.length && order[j][0] === order[i][0]) j++; for (let k = i; k < j; k++) out[order[k][1]] = (i + j + 1) / 2; i = j; }
  return out;
}

/**
 * What goes with a value, strongest first: Spearman's rank correlation of numbers (-1 to 1), and the correlation ratio of the ranks
 * over words (0 to 1, without a direction). Null where it is not defined.
 */
export function strengths(runs, ids, goal) {
  const found = [];
  for (const id of ids) {
    if (id === goal.id) continue;
    const d = dimension(runs, id), pairs = runs.map(run => [d.value(run), goal.value(run)]).filter(([a, b]) => a !== null && typeof b === 'number' && Number.isFinite(b));
    if (pairs.length < 5 || new Set(pairs.map(([a]) => a)).size < 2 || !d.numeric && d.words.length > pairs.length / 2) continue;
    const y = ranks(pairs.map(([, b]) => b)), mean = (pairs.length + 1) / 2, all = y.reduce((sum, r) => sum + (r - mean) ** 2, 0);
    if (all === 0) continue;
    if (d.numeric) {
      const x = ranks(pairs.map(([a]) => a)), own = x.reduce((sum, r) => sum + (r - mean) ** 2, 0);
      found.push({ id, name: d.name, signed: true, value: x.reduce((sum, r, i) => sum + (r - mean) * (y[i] - mean), 0) / Math.sqrt(own * all), runs: pairs.length });
    } else {
      const parts = new Map();
      pairs.forEach(([a], i) => { const part = parts.get(a) || [0, 0]; part[0] += y[i]; part[1]++; parts.set(a, part); });
      found.push({ id, name: d.name, signed: false, value: Math.sqrt([...parts.values()].reduce((sum, [total, n]) => sum + n * (total / n - mean) ** 2, 0) / all), runs: pairs.length });
    }
  }
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** Draws into an element that it keeps: kind is parallel or scatter. */
export function relations(root, kind, runs, { params, save, pick, choose }) {
  let state = shown.get(root);
  if (!state) {
    state = { bar: h('div', { class: 'lines-bar' }), box: h('div', { class: 'relation' }), note: h('p', { class: 'muted none' }), strengths: h('div', { class: 'strengths' }) };
    root.replaceChildren(state.bar, h('section', { class: 'panel' }, h('div', { class: 'inner' }, state.box, state.note, state.strengths)));
    shown.set(root, state);
    new ResizeObserver(() => { if (state.chart && state.box.clientWidth) state.chart.resize(); }).observe(state.box);
    document.addEventListener('holdfast-theme', () => { if (state.again && root.isConnected) state.again(); });
  }
  state.again = () => relations(root, kind, runs, { params, save, pick, choose });
  const ids = choices(runs), p = palette();
  const keepIn = (name, value) => { if (value) params.set(name, value); else params.delete(name); save(); state.again(); };
  state.note.hidden = runs.length > 1;
  state.note.textContent = runs.length === 0 ? 'No run is shown: open the eye of some in the table.' : 'One run is a point. Show more of them in the table.';
  state.box.hidden = runs.length < 2;
  state.strengths.replaceChildren();
  if (runs.length < 2) { state.bar.replaceChildren(); root.dataset.drawnRelation = kind; return; }
  if (!state.chart || state.chart.isDisposed()) state.chart = echarts.init(state.box, null, { renderer: 'canvas' });
  const text = { fontFamily: 'system-ui, sans-serif', fontSize: 11, color: p.ink2 };
  const goal = ids.filter(id => id.startsWith('metrics.')).find(id => /^metrics\.(val|test|eval)/.test(id)) || ids.find(id => id.startsWith('metrics.')) || 'duration';
  if (kind === 'parallel') {
    const varied = ids.filter(id => new Set(runs.map(run => String(get(run, id)))).size > 1 && (id.startsWith('metrics.') ? runs.filter(run => run.metrics.has(id.slice(8))).length * 2 > runs.length : id !== 'duration'));
    const wanted = (params.get('axes') || '').split('|').filter(Boolean);
    const used = wanted.length > 1 ? wanted : [...varied.filter(id => id.startsWith('params.') && new Set(runs.map(run => get(run, id))).size < runs.length || id === goal).slice(0, 7).filter(id => id !== goal), ...varied.filter(id => id.startsWith('metrics.') && id !== goal).slice(0, 2), goal];
    const dims = used.map(id => dimension(runs, id)), last = dims[dims.length - 1];
    const add = h('button', { type: 'button', class: 'button', onclick: () => popover(add, (box, draw) => [h('h3', {}, 'Axes'), h('div', { class: 'pick-list' }, ids.map(id => h('label', {}, h('input', { type: 'checkbox', checked: used.includes(id), onchange: e => {
      const next = e.target.checked ? [id, ...used] : used.filter(other => other !== id);
      box.leave(); keepIn('axes', next.join('|'));
    } }), h('span', { class: 'cut' }, label(id)))))]) }, icon('columns', 15), 'Axes');
    const colour = h('label', { class: 'check' }, 'Colour and last axis', h('select', { class: 'field', 'aria-label': 'Last axis', onchange: e => keepIn('axes', [...used.filter(id => id !== e.target.value), e.target.value].join('|')) }, ids.map(id => h('option', { value: id, selected: id === last.id }, label(id)))));
    const brushed = h('span', { class: 'muted', role: 'status' }, 'Drag along an axis to keep a part of it.');
    const clear = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => { state.intervals = null; state.again(); } }, 'Clear the brushes');
    const chosen = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => choose(state.kept) }, 'Choose these runs');
    state.bar.replaceChildren(add, colour, clear, chosen, h('span', { class: 'spring' }), brushed);
    const finite = runs.map(run => last.value(run)).filter(x => typeof x === 'number' && Number.isFinite(x)), low = Math.min(...finite), high = Math.max(...finite);
    const shade = value => { if (last.words) { const i = last.words.indexOf(value); return p.series[i % p.series.length]; } if (value === null || !Number.isFinite(value)) return p.ink3; const t = high > low ? (value - low) / (high - low) : 0.5; return `hsl(${Math.round(250 - 200 * t)} ${p.dark ? 65 : 70}% ${p.dark ? 62 : 42}%)`; };
    state.chart.setOption({
      animation: false, backgroundColor: 'transparent', textStyle: text,
      parallel: { left: 46, right: 70, top: 46, bottom: 24, axisExpandable: false, parallelAxisDefault: { areaSelectStyle: { width: 18, borderWidth: 1, borderColor: p.accent, color: p.accent, opacity: 0.25 }, nameTextStyle: { ...text, color: p.ink, width: 110, overflow: 'truncate' }, axisLabel: { ...text, color: p.ink3 }, axisLine: { lineStyle: { color: p.line } }, axisTick: { lineStyle: { color: p.line } }, splitLine: { show: false } } },
      parallelAxis: dims.map((d, i) => ({ dim: i, name: d.name, nameLocation: 'start', nameGap: 16, inverse: false, scale: true, ...(d.numeric ? { type: d.log ? 'log' : 'value', axisLabel: { formatter: number, color: p.ink3 } } : { type: 'category', data: d.words, axisLabel: { width: 70, overflow: 'truncate', color: p.ink3 } }) })),
      tooltip: { trigger: 'item', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, formatter: e => escape(e.name) },
      series: [{ type: 'parallel', lineStyle: { width: runs.length > 200 ? 1 : 1.6, opacity: runs.length > 200 ? 0.35 : 0.7 }, inactiveOpacity: 0.04, activeOpacity: 0.9, smooth: false, progressive: 400,
        data: runs.map(run => ({ name: run.name, id: run.id, value: dims.map(d => d.value(run)), lineStyle: { color: shade(last.value(run)) } })), emphasis: { lineStyle: { width: 3, opacity: 1 } } }],
    }, { notMerge: true });
    const strong = last.numeric ? strengths(runs, ids.filter(id => id.startsWith('params.')), last).slice(0, 8) : [];
    if (strong.length) state.strengths.replaceChildren(h('h3', {}, 'What goes with ' + last.name), h('p', { class: 'muted' }, `Rank correlation over ${runs.length} runs (of words without a sign); what goes together need not be a cause.`),
      h('table', { class: 'grid dense' }, h('tbody', {}, strong.map(f => h('tr', {}, h('td', { class: 'clip' }, f.name), h('td', {}, h('span', { class: 'meter' }, h('span', { style: `width:${Math.round(Math.abs(f.value) * 100)}%` }))), h('td', { class: 'n' }, (f.signed && f.value > 0 ? '+' : '') + f.value.toFixed(2)), h('td', { class: 'n muted' }, f.runs + ' runs'))))));
    const count = () => {
      // The brushes of the chart, applied to the runs themselves: the sentence and the choice need no drawing.
      const model = state.chart.getModel();
      const intervals = dims.map((_, i) => { const axis = model.getComponent('parallelAxis', i); return axis ? axis.activeIntervals : []; });
      const any = intervals.some(list => list && list.length);
      state.kept = runs.filter(run => dims.every((d, i) => {
        if (!intervals[i] || !intervals[i].length) return true;
        const value = d.value(run);
        if (value === null) return false;
        const at = d.words ? d.words.indexOf(value) : value;
        return intervals[i].some(([a, b]) => at >= Math.min(a, b) && at <= Math.max(a, b));
      })).map(run => run.id);
      clear.hidden = chosen.hidden = !any;
      brushed.textContent = any ? `${state.kept.length} of ${runs.length} runs` : 'Drag along an axis to keep a part of it.';
      root.dataset.kept = any ? state.kept.length : '';
    };
    state.chart.off('axisareaselected'); state.chart.off('click');
    state.chart.on('axisareaselected', count);
    state.chart.on('click', e => { if (e.data && e.data.id) pick(e.data.id); });
    count();
  } else {
    const x = dimension(runs, params.get('sx') || ids.find(id => id.startsWith('params.') && dimension(runs, id).numeric && new Set(runs.map(run => get(run, id))).size > 1) || 'duration');
    const y = dimension(runs, params.get('sy') || goal), c = params.get('sc') ? dimension(runs, params.get('sc')) : null;
    const select = (words, name, value, none) => h('label', { class: 'check' }, words, h('select', { class: 'field', 'aria-label': words, onchange: e => keepIn(name, e.target.value) }, none && h('option', { value: '' }, none), ids.map(id => h('option', { value: id, selected: value === id }, label(id)))));
    state.bar.replaceChildren(select('X', 'sx', x.id), select('Y', 'sy', y.id), select('Colour', 'sc', c && c.id, 'of the run'), h('span', { class: 'spring' }), h('span', { class: 'muted' }, 'Click a point to find its row.'));
    const numbers = c && c.numeric ? runs.map(c.value).filter(n => n !== null) : [], [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const shade = run => { if (!c) return colourOf(run, dark()); const value = c.value(run); if (value === null) return p.ink3; if (c.words) return p.series[c.words.indexOf(value) % p.series.length]; const t = high > low ? (value - low) / (high - low) : 0.5; return `hsl(${Math.round(250 - 200 * t)} ${p.dark ? 65 : 70}% ${p.dark ? 62 : 42}%)`; };
    const ends = d => ({ type: d.words ? 'category' : d.log ? 'log' : 'value', data: d.words || undefined, scale: true, name: d.name, nameLocation: 'middle', nameTextStyle: { ...text, color: p.ink }, axisLine: { lineStyle: { color: p.line } }, axisTick: { show: false }, axisLabel: { color: p.ink3, hideOverlap: true, formatter: d.words ? undefined : number }, splitLine: { lineStyle: { color: p.line } } });
    state.chart.setOption({
      animation: false, backgroundColor: 'transparent', textStyle: text, grid: { left: 30, right: 20, top: 16, bottom: 30, containLabel: true },
      xAxis: { ...ends(x), nameGap: 28 }, yAxis: { ...ends(y), nameGap: 46 },
      tooltip: { trigger: 'item', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, formatter: e => `<b>${escape(e.name)}</b><br>${escape(x.name)}: ${escape(typeof e.value[0] === 'number' ? number(e.value[0]) : e.value[0])}<br>${escape(y.name)}: ${escape(typeof e.value[1] === 'number' ? number(e.value[1]) : e.value[1])}` + (c ? `<br>${escape(c.name)}: ${escape(c.value(e.data.run) ?? '–')}` : '') },
      series: [{ type: 'scatter', symbolSize: runs.length > 300 ? 6 : 10, data: runs.map(run => ({ name: run.name, id: run.id, run, value: [x.value(run), y.value(run)], itemStyle: { color: shade(run), opacity: 0.85 } })).filter(d => d.value[0] !== null && d.value[1] !== null) }],
    }, { notMerge: true });
    state.chart.off('axisareaselected'); state.chart.off('click');
    state.chart.on('click', e => { if (e.data && e.data.id) pick(e.data.id); });
  }
  state.chart.resize();
  root.dataset.drawnRelation = kind;
}

function escape(text) { return String(text).replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';'); }
