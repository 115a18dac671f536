/** The page's frame; all that happens is in page/main.ts. */
export const pageHtml = (version: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Espalier: this device measures</title>
<link rel="icon" href="data:,">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
#state { font-size: 1.1rem; padding: .8rem 1rem; border: 1px solid; border-radius: .5rem; }
ol { padding-left: 1.5rem; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>This device measures for Espalier</h1>
<p id="state" role="status">Starting…</p>
<dl id="facts"></dl>
<p>Leave this page open and in front, plug the device in, and close what else is busy: other work makes the figures worse.</p>
<ol id="log" reversed></ol>
<footer><small>Espalier ${version}</small></footer>
<noscript>This page needs JavaScript.</noscript>
<script type="module" src="/page.js"></script>
</body>
</html>
`;
