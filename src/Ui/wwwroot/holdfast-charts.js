// Draws every element with data-chart: fetches data-source from /api/v1, hands it to the drawing function of that kind.
// Data never crosses the circuit; an element drawn before the circuit stands is drawn again from the cache afterwards.
const drawings = {};
const live = new Map();
const cache = new Map();
const keptFor = 3000;

export function kind(name, draw) { drawings[name] = draw; }

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

export function palette() {
  const dark = document.documentElement.dataset.theme === 'dark';
  return {
    dark, ink: css('--ink'), ink2: css('--ink-2'), ink3: css('--ink-3'), line: css('--line'), panel: css('--panel'), accent: css('--accent'),
    good: css('--good'), busy: css('--busy'), watch: css('--watch'), bad: css('--bad'), plain: css('--plain'),
    // Okabe and Ito's colours, told apart by most kinds of colour blindness; the dark set is a little lighter.
    series: dark
      ? ['#4cb8c8', '#f0a54a', '#8f9ef0', '#6fcf93', '#f28b82', '#d9c75a', '#c58af0', '#9fb0b8']
      : ['#0b6e7d', '#d97706', '#4f5bd5', '#1c8a4b', '#c0392b', '#9a8400', '#8e44ad', '#607078'],
  };
}

function base(p) {
  return {
    animation: false, aria: { enabled: true }, color: p.series, backgroundColor: 'transparent',
    textStyle: { color: p.ink2, fontFamily: 'system-ui, sans-serif', fontSize: 11 },
    grid: { left: 8, right: 14, top: 14, bottom: 8, containLabel: true },
    tooltip: { trigger: 'axis', confine: true, backgroundColor: p.panel, borderColor: p.line, textStyle: { color: p.ink, fontSize: 12 }, axisPointer: { lineStyle: { color: p.ink3 } } },
  };
}

export function axis(p, more) {
  return {
    axisLine: { lineStyle: { color: p.line } }, axisTick: { show: false }, axisLabel: { color: p.ink3, hideOverlap: true },
    splitLine: { lineStyle: { color: p.line } }, nameTextStyle: { color: p.ink3 }, ...more,
  };
}

export const number = value => value == null || !Number.isFinite(value) ? '–'
  : value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6) ? value.toExponential(2)
  : String(+value.toPrecision(4));

async function data(source) {
  if (!source) return null;
  const now = Date.now();
  const kept = cache.get(source);
  if (kept && now - kept.at < keptFor) return kept.answer;
  for (const [key, entry] of cache) if (now - entry.at >= keptFor) cache.delete(key);
  const answer = fetch(source, { headers: { accept: 'application/json' }, credentials: 'same-origin' }).then(async response => {
    if (response.ok) return response.json();
    const problem = await response.json().catch(() => null);
    throw new Error((problem && (problem.detail || problem.title)) || 'The server answered ' + response.status + '.');
  });
  answer.catch(() => cache.delete(source));
  cache.set(source, { at: now, answer });
  return answer;
}

function note(element, text) {
  let words = element.querySelector(':scope > .chart-note');
  if (!text) { if (words) words.remove(); return; }
  if (!words) { words = document.createElement('div'); words.className = 'chart-note'; element.append(words); }
  words.textContent = text;
}

async function draw(element) {
  const state = live.get(element);
  if (!state) return;
  const turn = ++state.turn;
  try {
    const options = element.dataset.options ? JSON.parse(element.dataset.options) : {};
    const found = await data(element.dataset.source);
    if (state.turn !== turn || !live.has(element)) return;
    const p = palette();
    const drawing = drawings[element.dataset.chart];
    if (!drawing) throw new Error('No picture of the kind ' + element.dataset.chart + '.');
    const option = drawing(found, options, p, element);
    if (!option) { note(element, options.empty || 'No values yet.'); if (state.chart) state.chart.clear(); return; }
    note(element, '');
    if (!state.chart) {
      state.chart = echarts.init(element, null, { renderer: 'canvas' });
      state.chart.on('click', event => { const url = event.data && event.data.url; if (url) Blazor.navigateTo(url); });
    }
    if (element.dataset.group) { state.chart.group = element.dataset.group; echarts.connect(element.dataset.group); }
    state.chart.setOption({ ...base(p), ...option }, { notMerge: true });
    element.dataset.drawn = 'yes';
  } catch (error) {
    if (state.turn === turn) { note(element, error.message); element.dataset.drawn = 'failed'; }
  }
}

const sizes = new ResizeObserver(entries => {
  for (const { target } of entries) { const state = live.get(target); if (state && state.chart) state.chart.resize(); }
});

function mount(element) {
  if (live.has(element)) return;
  live.set(element, { chart: null, turn: 0 });
  sizes.observe(element);
  draw(element);
}

function sweep() {
  for (const [element, state] of live) {
    if (element.isConnected) continue;
    sizes.unobserve(element);
    if (state.chart) state.chart.dispose();
    live.delete(element);
  }
  document.querySelectorAll('[data-chart]').forEach(mount);
}

let planned = false;
new MutationObserver(changes => {
  for (const change of changes) {
    if (change.type === 'attributes' && live.has(change.target)) draw(change.target);
  }
  if (!planned) { planned = true; requestAnimationFrame(() => { planned = false; sweep(); }); }
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-source', 'data-options', 'data-chart'] });
document.addEventListener('holdfast-theme', () => live.forEach((_, element) => draw(element)));

const finite = value => typeof value === 'number' ? value : null;

// Many points on few pixels: first, least, greatest and last of each bucket, so that no spike is lost.
function squeeze(points) {
  const most = 1000;
  if (points.length <= most) return points;
  const out = [], size = points.length / (most / 4);
  for (let from = 0; from < points.length; from += size) {
    const bucket = points.slice(Math.floor(from), Math.floor(from + size));
    if (bucket.length === 0) continue;
    let low = 0, high = 0;
    bucket.forEach((q, i) => { if (q[1] !== null && (bucket[low][1] === null || q[1] < bucket[low][1])) low = i; if (q[1] !== null && (bucket[high][1] === null || q[1] > bucket[high][1])) high = i; });
    for (const i of [...new Set([0, low, high, bucket.length - 1])].sort((a, b) => a - b)) out.push(bucket[i]);
  }
  return out;
}

// One metric of one or more runs by step.
kind('lines', (found, options, p) => {
  const list = found && found.items ? [{ name: found.items.length ? found.items[0].key : '', points: squeeze(found.items.map(m => [m.step, finite(m.value)])) }] : options.series;
  if (!list || !list.some(s => s.points && s.points.length)) return null;
  return {
    xAxis: axis(p, { type: options.x || 'value', scale: true, splitLine: { show: false } }),
    yAxis: axis(p, { type: options.log ? 'log' : 'value', scale: true, axisLabel: { color: p.ink3, formatter: number } }),
    tooltip: { ...base(p).tooltip, valueFormatter: number },
    legend: list.length > 1 ? { bottom: 0, textStyle: { color: p.ink2 }, itemWidth: 12, itemHeight: 2, icon: 'rect' } : undefined,
    grid: { left: 8, right: 14, top: 10, bottom: list.length > 1 ? 26 : 6, containLabel: true },
    dataZoom: [{ type: 'inside', filterMode: 'none' }],
    series: list.map((s, i) => ({
      type: 'line', name: s.name, data: s.points, symbol: s.points.length < 40 ? 'circle' : 'none', symbolSize: 4, lineStyle: { width: 1.6 },
      itemStyle: { color: s.color || p.series[i % p.series.length] },
    })),
  };
});



// A rollout: the candidate's share of the traffic as steps above, the guards' e-values against 1/alpha on a log axis below.
kind('rollout', (_, o, p) => {
  if (!o.steps || o.steps.length === 0) return null;
  const end = o.until;
  const weights = [...o.steps.map(s => [s.at, s.traffic]), [end, o.steps[o.steps.length - 1].traffic]];
  const guards = (o.guards || []).filter(g => g.points.length > 0);
  const values = guards.flatMap(g => g.points.map(q => q[1]));
  const low = Math.min(0.01, ...values.filter(v => v > 0)), high = Math.max(10 * (o.threshold || 100), ...values);
  const clamp = v => Math.max(v, low);
  return {
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    grid: [{ left: 64, right: 18, top: 26, height: '26%' }, { left: 64, right: 18, top: '50%', bottom: 40 }],
    xAxis: [
      axis(p, { type: 'time', gridIndex: 0, min: o.steps[0].at, max: end, axisLabel: { show: false }, splitLine: { show: false } }),
      axis(p, { type: 'time', gridIndex: 1, min: o.steps[0].at, max: end, splitLine: { show: false } }),
    ],
    yAxis: [
      axis(p, { type: 'value', gridIndex: 0, min: 0, max: 1, interval: 0.5, axisLabel: { color: p.ink3, formatter: v => v * 100 + ' %' } }),
      axis(p, { type: 'log', gridIndex: 1, min: low, max: high, name: 'e-value against “no worse”', nameTextStyle: { align: 'left', color: p.ink2, padding: [0, 0, 0, -44] }, axisLabel: { color: p.ink3, formatter: v => v >= 1e4 || v < 1e-2 ? v.toExponential(0) : String(v) } }),
    ],
    legend: { bottom: 0, left: 60, textStyle: { color: p.ink2 }, itemWidth: 14, itemHeight: 3, icon: 'rect', data: guards.map(g => g.name) },
    series: [
      {
        type: 'line', step: 'end', name: 'Traffic to the candidate', data: weights, xAxisIndex: 0, yAxisIndex: 0, symbol: 'none', lineStyle: { width: 2, color: p.accent },
        itemStyle: { color: p.accent }, areaStyle: { color: p.accent, opacity: 0.14 }, tooltip: { valueFormatter: v => number(v * 100) + ' %' },
        markLine: {
          symbol: 'none', silent: true, lineStyle: { color: p.line, type: 'solid' }, label: { color: p.ink2, formatter: '{b}', position: 'end', rotate: 0, fontSize: 10, align: 'left' },
          data: o.steps.filter((s, i) => i === 0 || s.name !== o.steps[i - 1].name).map(s => ({ name: s.name, xAxis: s.at })),
        },
      },
      ...guards.map((g, i) => ({
        type: 'line', name: g.name, data: g.points.map(q => [q[0], clamp(q[1])]), xAxisIndex: 1, yAxisIndex: 1, symbolSize: 6, showSymbol: g.points.length < 30, lineStyle: { width: 1.8 },
        itemStyle: { color: p.series[i % p.series.length] }, tooltip: { valueFormatter: number },
        markLine: i > 0 ? undefined : {
          symbol: 'none', silent: true, lineStyle: { color: p.bad, type: 'dashed', width: 1.4 }, label: { color: p.bad, formatter: 'roll back at ' + number(o.threshold), position: 'insideEndTop' },
          data: [{ yAxis: o.threshold }, ...(o.warning ? [{ yAxis: o.warning, lineStyle: { color: p.watch }, label: { color: p.watch, formatter: 'step back at ' + number(o.warning), position: 'insideEndTop' } }] : [])],
        },
      })),
    ],
  };
});

// Shares of the baseline and of the window, bin by bin, and below what each bin adds to the PSI.
kind('histogram', (_, o, p) => {
  const bins = o.bins || [];
  if (bins.length === 0) return null;
  const floor = 1e-4;
  const parts = bins.map(b => (Math.max(b.current, floor) - Math.max(b.baseline, floor)) * Math.log(Math.max(b.current, floor) / Math.max(b.baseline, floor)));
  const percent = v => v == null ? '–' : number(v * 100) + ' %';
  const names = bins.map(b => b.bin);
  const labels = { color: p.ink3, hideOverlap: true, rotate: bins.length > 8 ? 35 : 0, width: 90, overflow: 'truncate' };
  return {
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    grid: [{ left: 56, right: 12, top: 28, bottom: '48%' }, { left: 56, right: 12, top: '62%', bottom: bins.length > 8 ? 60 : 26 }],
    xAxis: [
      axis(p, { type: 'category', data: names, gridIndex: 0, axisLabel: { show: false } }),
      axis(p, { type: 'category', data: names, gridIndex: 1, axisLabel: labels }),
    ],
    yAxis: [
      axis(p, { type: 'value', gridIndex: 0, name: 'Share of rows', nameTextStyle: { align: 'left', color: p.ink2, padding: [0, 0, 0, -44] }, axisLabel: { color: p.ink3, formatter: v => number(v * 100) + ' %' } }),
      axis(p, { type: 'value', gridIndex: 1, name: 'Adds to PSI', splitNumber: 2, nameTextStyle: { align: 'left', color: p.ink2, padding: [0, 0, 0, -44] } }),
    ],
    legend: { top: 0, right: 8, textStyle: { color: p.ink2 }, itemWidth: 12, itemHeight: 8, data: ['Baseline', 'Window'] },
    series: [
      { type: 'bar', name: 'Baseline', data: bins.map(b => b.baseline), itemStyle: { color: p.ink3, opacity: 0.55 }, barGap: '0%', barCategoryGap: '18%', tooltip: { valueFormatter: percent } },
      { type: 'bar', name: 'Window', data: bins.map(b => b.current), itemStyle: { color: p.accent }, tooltip: { valueFormatter: percent } },
      { type: 'bar', name: 'Adds to PSI', xAxisIndex: 1, yAxisIndex: 1, data: parts, itemStyle: { color: p.series[1] }, barCategoryGap: '30%', tooltip: { valueFormatter: number } },
    ],
  };
});

// PSI of every feature in every window; the bands are the monitor's own.
kind('heatmap', (_, o, p) => {
  if (!o.cells || o.cells.length === 0) return null;
  const { warn, alarm } = o;
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 44, containLabel: true },
    tooltip: { ...base(p).tooltip, trigger: 'item', formatter: c => c.data ? escape(o.features[c.data.value[1]]) + '<br>' + escape(o.times[c.data.value[0]]) + '<br>PSI <b>' + number(c.data.value[2]) + '</b>' : '' },
    xAxis: axis(p, { type: 'category', data: o.times, splitArea: { show: false }, axisLabel: { color: p.ink3, hideOverlap: true, formatter: v => v.slice(5) } }),
    yAxis: axis(p, { type: 'category', data: o.features, inverse: true, axisLabel: { color: p.ink2, width: 140, overflow: 'truncate' } }),
    visualMap: {
      type: 'piecewise', dimension: 2, orient: 'horizontal', left: 'center', bottom: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: p.ink2 }, hoverLink: false,
      pieces: [
        { lt: warn / 2, label: 'under ' + number(warn / 2), color: p.dark ? '#1d3a31' : '#d9efe1' },
        { gte: warn / 2, lt: warn, label: 'under ' + number(warn), color: p.dark ? '#2d5a48' : '#a8d8bb' },
        { gte: warn, lt: alarm, label: 'moderate', color: p.dark ? '#a97b1f' : '#f2c14e' },
        { gte: alarm, label: 'significant, from ' + number(alarm), color: p.dark ? '#c4483e' : '#d2483d' },
      ],
    },
    series: [{ type: 'heatmap', data: o.cells.map(c => ({ value: c, url: o.url })), itemStyle: { borderColor: p.panel, borderWidth: 1 }, emphasis: { itemStyle: { borderColor: p.ink, borderWidth: 1 } } }],
  };
});

function escape(text) { return String(text).replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';'); }

sweep();
