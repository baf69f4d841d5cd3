// Runs before the first paint: the theme follows the system unless a choice is remembered.
(function () {
  'use strict';
  const system = matchMedia('(prefers-color-scheme: dark)');
  const choice = () => { try { return localStorage.getItem('holdfast-theme') || 'system'; } catch { return 'system'; } };
  function apply() {
    const chosen = choice();
    const theme = chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
    const root = document.documentElement;
    root.dataset.theme = theme;
    root.dataset.themeChoice = chosen;
    document.dispatchEvent(new CustomEvent('holdfast-theme', { detail: theme }));
  }
  system.addEventListener('change', apply);
  window.holdfastTheme = {
    next() {
      const order = ['system', 'light', 'dark'];
      const chosen = order[(order.indexOf(choice()) + 1) % order.length];
      try { localStorage.setItem('holdfast-theme', chosen); } catch { /* private window: the choice lives until reload */ }
      apply();
      return chosen;
    },
  };
  apply();
})();
