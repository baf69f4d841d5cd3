// MLflow's clients print links to its own pages, which stand behind a '#': the run and the experiment have their pages here.
(function () {
  'use strict';
  const link = /^#\/experiments\/([^/?]+)(?:\/runs\/([^/?]+))?/.exec(location.hash);
  if (link && location.pathname === '/') location.replace(link[2] ? '/runs/' + link[2] : '/runs?experiment=' + link[1]);
})();
