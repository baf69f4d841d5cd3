// Hears which runs changed (server-sent events), while the tab is looked at: a browser opens six connections to a server at most,
// and tabs in the background would use them up. Coming back reads what was missed.
const listeners = new Set();
let source = null;
let opened = 0;

function open() {
  if (source || document.hidden || listeners.size === 0) return;
  source = new EventSource('/api/v1/runs/live');
  source.onmessage = event => {
    const news = JSON.parse(event.data);
    // The first message of a later connection: something may have happened in between.
    const missed = news.runs.length === 0 && !news.many && ++opened > 1 && source.fresh;
    source.fresh = false;
    if (missed) tell({ runs: [], many: true });
    else if (news.runs.length || news.many) tell(news);
  };
  source.onopen = () => { source.fresh = true; };
}

function close() { if (source) source.close(); source = null; }
function tell(news) { for (const listener of listeners) listener(news); }

document.addEventListener('visibilitychange', () => document.hidden ? close() : open());

/** Calls back with {runs, many}; returns the function that ends it. */
export function hear(listener) {
  listeners.add(listener);
  open();
  return () => { listeners.delete(listener); if (listeners.size === 0) close(); };
}
