// Starts the circuit, and what must work without one: theme switch, keys, copying, relative times.
(function () {
  'use strict';

  Blazor.start({
    circuit: {
      // WebSockets only, without the negotiation request: one connection, one replica.
      configureSignalR: builder => builder.withUrl(new URL('_blazor', document.baseURI).href, { transport: 1, skipNegotiation: true }),
      reconnectionOptions: { maxRetries: 100000, retryIntervalMilliseconds: attempt => Math.min(250 * (attempt + 1), 3000) },
    },
  });

  // The state of a page is its address: when the server no longer knows the circuit, load the address again.
  document.addEventListener('components-reconnect-state-changed', event => {
    const state = event.detail && event.detail.state;
    if (state === 'rejected' || state === 'resume-failed') location.reload();
  });

  document.addEventListener('click', event => {
    const themeSwitch = event.target.closest('[data-theme-switch]');
    if (themeSwitch) {
      const chosen = window.holdfastTheme.next();
      themeSwitch.title = chosen === 'system' ? 'Theme: as the system' : 'Theme: ' + chosen;
      return;
    }
    const copy = event.target.closest('[data-copy]');
    if (copy) {
      copyText(copy.dataset.copy).then(() => {
        copy.classList.add('copied');
        setTimeout(() => copy.classList.remove('copied'), 1200);
      });
      return;
    }
    const row = event.target.closest('tr[data-href]');
    if (row && !event.target.closest('a, button, input, label, summary') && !String(getSelection())) Blazor.navigateTo(row.dataset.href);
  });

  document.addEventListener('change', event => {
    if (event.target.closest('[data-submit]')) event.target.form.requestSubmit();
  });

  // A filter is an address: forms that ask by GET go there without a reload of the page.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.method !== 'get' || event.defaultPrevented) return;
    event.preventDefault();
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ''));
    const url = new URL(form.action);
    url.search = query.toString();
    Blazor.navigateTo(url.pathname + url.search);
  });

  function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    return Promise.resolve();
  }

  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === 'Escape' && writing) { event.target.blur(); return; }
    if (writing) return;
    if (event.key === '/') {
      const field = document.querySelector('[data-filter]') || document.querySelector('[data-search]');
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    } else if (event.key === 'j' || event.key === 'k') {
      move(event.key === 'j' ? 1 : -1);
    } else if (event.key === 'Enter') {
      const row = document.querySelector('tr.at[data-href]');
      if (row) Blazor.navigateTo(row.dataset.href);
    } else if (event.key === 'Escape') {
      document.querySelectorAll('tr.at').forEach(row => row.classList.remove('at'));
    }
  });

  function move(step) {
    const rows = [...document.querySelectorAll('tr[data-href]')];
    if (rows.length === 0) return;
    const now = rows.findIndex(row => row.classList.contains('at'));
    const next = Math.max(0, Math.min(rows.length - 1, now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step));
    rows.forEach(row => row.classList.remove('at'));
    rows[next].classList.add('at');
    rows[next].scrollIntoView({ block: 'nearest' });
  }

  // The same words as RelativeTime.razor.cs.
  function ago(milliseconds) {
    const s = Math.abs(milliseconds) / 1000;
    if (s < 5) return 'now';
    const [count, unit] = s < 60 ? [s, 's'] : s < 3600 ? [s / 60, 'min'] : s < 86400 ? [s / 3600, 'h']
      : s < 60 * 86400 ? [s / 86400, 'd'] : s < 730 * 86400 ? [s / 86400 / 30.44, 'mo'] : [s / 86400 / 365.25, 'y'];
    const words = Math.floor(count) + ' ' + unit;
    return milliseconds < 0 ? 'in ' + words : words + ' ago';
  }
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[datetime][data-ago]')) {
      const words = ago(Date.now() - Date.parse(time.dateTime));
      // The text node itself is Blazor's: change its data, never replace it.
      if (time.firstChild && time.firstChild.data !== words) time.firstChild.data = words;
    }
  }, 5000);
})();
