/** The page's own style: no outside asset, light and dark, and a sheet of paper that can be filed. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#555d66;--paper:#fdfdfb;--card:#f5f5f1;--line:#d9dad4;--accent:#0b4f79;--must:#0b4f79;--should:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6e3;--soft:#a9afb5;--paper:#15181b;--card:#1d2125;--line:#363c42;--accent:#8cc2ea;--must:#8cc2ea;--should:#e3b463}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.55 Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,serif}
main{max-width:54rem;margin:0 auto;padding:3rem 1.5rem 5rem}
.broad main{max-width:78rem}
.broad td,.broad th{font-size:.84rem}
.broad .short{white-space:nowrap}
.broad .instant{min-width:7.2em}
.broad main>p,.broad main>ul{font:.9rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.broad main>ul{padding-left:1.2rem}
.broad .chart{max-width:52rem}
h1,h2,h3,.id,nav,table,dl,.number,.badge,summary,caption{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.id{margin:0;color:var(--soft);font-size:.875rem;letter-spacing:.06em}
h1{margin:.2rem 0 1.2rem;font-size:1.9rem;line-height:1.2;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{margin:3rem 0 1rem;padding-top:.9rem;border-top:1px solid var(--line);font-size:1.25rem;line-height:1.3;font-weight:650}
h3{margin:2.2rem 0 .6rem;font-size:1.02rem;font-weight:650}
p{margin:.7rem 0;max-width:42rem}
a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.15em}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code{font:.9em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.4rem;margin:1.4rem 0 0;padding:0;list-style:none;font-size:.9rem}
dl{display:grid;grid-template-columns:9.5rem 1fr;gap:.3rem 1.4rem;margin:.9rem 0;font-size:.9rem;line-height:1.45}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
dd a{text-decoration-color:var(--line)}
dd a:hover{text-decoration-color:currentColor}
.wide{overflow-x:auto}
.wide+.wide{margin-top:1.8rem}
table{width:100%;border-collapse:collapse;font-size:.9rem;line-height:1.4}
caption{padding:0 0 .5rem;color:var(--soft);font-size:.85rem;text-align:left}
th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-variant-numeric:tabular-nums}
thead th{border-bottom-color:var(--soft);color:var(--soft);font-weight:500;white-space:nowrap}
tbody th{font-weight:400}
th code{overflow-wrap:break-word}
article{margin:1rem 0 1.6rem;padding:.9rem 1.2rem 1rem;border-left:4px solid var(--must);background:var(--card)}
article.should{border-left-color:var(--should)}
.words{margin:0;padding-left:2.4rem;max-width:none;font-size:1.12rem;line-height:1.45}
.number{display:inline-block;width:2.4rem;margin-left:-2.4rem;color:var(--soft);font-size:.9rem}
.badge{margin-left:.6rem;padding:.05rem .5rem;border:1px solid currentColor;border-radius:1rem;color:var(--must);font-size:.75rem;white-space:nowrap}
.should .badge{color:var(--should)}
.because{margin:.4rem 0 0 2.4rem;color:var(--soft);font-style:italic}
article dl{margin:.8rem 0 0 2.4rem}
details{margin:.5rem 0;font-size:.9rem}
summary{cursor:pointer;width:max-content}
figure{margin:.5rem 0 1rem;padding:.8rem;overflow-x:auto;background:var(--card);border:1px solid var(--line)}
figure svg{display:block}
figcaption{padding:0 0 .6rem;color:var(--soft);font:.85rem system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.chart{break-inside:avoid}
.chart svg{max-width:52rem}
figure svg a{color:var(--accent)}
:target{scroll-margin-top:1rem}
article:target,tr:target,figure:target{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:40rem){main{padding:1.5rem 1rem 3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}article dl,.because{margin-left:0}}
@media print{
:root{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--card:#fff;--line:#bbb;--accent:#000;--must:#000;--should:#555}
html{font-size:9.5pt}
body{font-size:1rem;line-height:1.45}
article{margin:.7rem 0 1rem;padding:.7rem 1rem}
main{max-width:none;padding:0}
nav,.forms,.screen{display:none}
.wide{overflow:visible}
.broad .short:not(.word){white-space:normal}
h1{font-size:18pt}
h2{margin-top:1.8rem;font-size:13pt}
h2,h3,caption,h3+p{break-after:avoid}
article{border:1px solid var(--line);border-left:3pt solid var(--must);break-inside:avoid}
article.should{border-left-style:double}
tr,caption,dl>*{break-inside:avoid}
thead{display:table-header-group;break-after:avoid}
tbody tr:first-child{break-before:avoid}
a{color:inherit;text-decoration:none}
}`;

/** What stands on every sheet: the contract's id and the start of its digest. Both hold no sign that a style could misread. */
export function pageRule(id: string, digest: string): string {
  const box = "font:8pt system-ui,sans-serif;color:#444";
  return `
@page{size:A4;margin:20mm 16mm 18mm;@top-left{content:"${id}";${box}}@top-right{content:"${digest}";${box}}@bottom-right{content:counter(page) " of " counter(pages);${box}}}`;
}
