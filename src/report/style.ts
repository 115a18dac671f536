/** The page's style: light and dark by the reader's setting, one column that fits any screen, printable. */
export const STYLE = `
:root{color-scheme:light dark;
--page:#f6f7f9;--surface:#fff;--text:#1b2130;--muted:#667085;--line:#e4e7ec;--accent:#2f6fed;--second:#0d9f75;--warm:#e8862e;--bad:#cf3b4f;
--conv:#dfe9ff;--depthwise:#d9f3f6;--linear:#e9e2ff;--pool:#dcf5e7;--merge:#ffedd3;--other:#eceef2;--shadow:0 1px 2px rgba(16,24,40,.06),0 1px 8px rgba(16,24,40,.04)}
@media (prefers-color-scheme:dark){:root{
--page:#0f1218;--surface:#181c25;--text:#e7eaf1;--muted:#949db0;--line:#2b3140;--accent:#6d9dff;--second:#3ecfa0;--warm:#f3a55b;--bad:#f2707f;
--conv:#1f3159;--depthwise:#17424a;--linear:#352a5c;--pool:#1b4433;--merge:#54401f;--other:#2b303c;--shadow:none}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.5rem}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
main,header>div{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding:36px 0 8px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .35rem;letter-spacing:-.02em}
h2{font-size:1.2rem;margin:0 0 .9rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.6rem 0 .6rem}
p{margin:.4rem 0}
.hint,small{color:var(--muted);font-size:.86rem}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
nav{position:sticky;top:0;z-index:2;background:color-mix(in srgb,var(--page) 88%,transparent);backdrop-filter:blur(8px);border-bottom:1px solid var(--line);margin-bottom:20px}
nav div{max-width:1080px;margin:0 auto;padding:9px 20px;display:flex;gap:18px;overflow-x:auto;white-space:nowrap;font-size:.9rem}
nav a{color:var(--muted)}
section{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:22px 24px;margin:0 0 18px;box-shadow:var(--shadow)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin:18px 0 22px}
.figure{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:13px 16px;box-shadow:var(--shadow)}
.figure b{display:block;font-size:1.4rem;white-space:nowrap;line-height:1.3;letter-spacing:-.02em}
.figure.main b{color:var(--second)}
.figure span{color:var(--muted);font-size:.84rem}
.chart svg{display:block;width:100%;height:auto}
.chart.narrow{display:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:22px}
.pair .chart.wide{display:none}.pair .chart.narrow{display:block}
@media (max-width:760px){.chart.wide{display:none}.chart.narrow{display:block}.pair{grid-template-columns:1fr}section{padding:16px 14px}main,header>div,nav div{padding-left:12px;padding-right:12px}h1{font-size:1.5rem}}
.scroll{overflow-x:auto;max-height:560px;overflow-y:auto;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:right;padding:6px 12px;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,.left{text-align:left}
tbody tr:last-child td{border-bottom:0}
.scroll thead th{position:sticky;top:0;background:var(--surface);z-index:1}
th{color:var(--muted);font-weight:600}
th button{all:unset;cursor:pointer;color:inherit}th button:focus-visible{outline:2px solid var(--accent);border-radius:3px}
th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
td.genome{max-width:420px;overflow:hidden;text-overflow:ellipsis;font-family:ui-monospace,monospace;font-size:.8rem;color:var(--muted)}
.tag{display:inline-block;border-radius:99px;padding:0 9px;font-size:.8rem;background:var(--other)}
.tag.complete{background:var(--pool)}.tag.failed{color:var(--bad)}.tag.front{background:var(--conv)}.tag.chosen{background:var(--second);color:var(--surface)}
.notes{list-style:none;padding:0;margin:0}.notes li{border-left:3px solid var(--warm);padding:3px 12px;margin:0 0 8px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0;font-size:.9rem}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--page);border:1px solid var(--line);border-radius:8px;padding:13px 15px;overflow-x:auto;font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,monospace;margin:.5rem 0}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.88em}
details{border-top:1px solid var(--line);padding:9px 0}details:first-of-type{border-top:0}summary{cursor:pointer;font-weight:600}
.confusion{text-align:center}.confusion svg{width:100%;height:auto}
.confusion text{font-size:11px;text-anchor:middle;dominant-baseline:central;pointer-events:none}
.confusion .name{fill:var(--text)}.confusion .name{text-anchor:end}
.confusion .ground{fill:var(--page)}.confusion .hit{fill:var(--second)}.confusion .miss{fill:var(--bad)}
.confusion .on{fill:#fff}.confusion .off{fill:var(--text)}
@media (prefers-color-scheme:dark){.confusion .on{fill:#0f1218}}
.legend{display:flex;gap:6px 16px;flex-wrap:wrap;font-size:.84rem;color:var(--muted);margin-bottom:10px}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;border:1px solid var(--line)}
i.conv{background:var(--conv)}i.depthwise{background:var(--depthwise)}i.linear{background:var(--linear)}i.pool{background:var(--pool)}i.merge{background:var(--merge)}i.other{background:var(--other)}
.stages{column-gap:12px}
.stage{margin:0 0 12px;break-inside:avoid;border:1px solid var(--line);border-radius:10px;padding:9px 10px 4px;max-width:100%;overflow-x:auto}
.stage figcaption{font-size:.86rem;line-height:1.35;padding:0 2px 4px}.stage em{font-style:normal;color:var(--accent);font-weight:600}
.stage svg{display:block;margin:0 auto}
.box rect{stroke:var(--line)}.box text,.port{text-anchor:middle;dominant-baseline:central;font-size:11.5px;fill:var(--text)}
.box .detail,.port{fill:var(--muted);font-size:10.5px}.box .title{font-weight:600}
.box.conv rect{fill:var(--conv)}.box.depthwise rect{fill:var(--depthwise)}.box.linear rect{fill:var(--linear)}.box.pool rect{fill:var(--pool)}.box.merge rect{fill:var(--merge)}.box.other rect{fill:var(--other)}
.edge{fill:none;stroke:var(--muted);stroke-width:1.1}.head{fill:var(--muted)}
.bar{height:7px;border-radius:4px;background:var(--accent);min-width:2px}
td.barcell{width:45%;min-width:90px}
.panel{border-top:1px solid var(--line);padding:9px 0}.panel:first-child{border-top:0}.panel h3{margin:0;font-weight:400}.panel h3 a{font-weight:600}
.panel .inside{display:none;padding-top:8px}.panel:target .inside{display:block}.panel:target{border-left:3px solid var(--accent);padding-left:12px}
.chart a{cursor:pointer}.chart a:focus-visible{outline:none}.chart a:hover>*,.chart a:focus-visible>*{stroke:var(--text);stroke-width:2.5}
tr.change td{color:var(--muted);font-size:.82rem}
footer{color:var(--muted);font-size:.84rem;padding:6px 0 40px;text-align:center}
@media print{nav{display:none}.panel .inside{display:block}section{break-inside:avoid;box-shadow:none}.scroll{max-height:none;overflow:visible}}
`;
