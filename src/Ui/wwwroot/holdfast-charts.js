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

// One metric of one or more runs: the mean of a bucket as the line, min to max as a faint band, so that spikes stay visible.
kind('lines', (found, options, p) => {
  const list = (found && (found.series || (found.points ? [found] : null))) || options.series;
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

sweep();
