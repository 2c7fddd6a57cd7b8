/** The house's look for the one page that is served without the page renderer. */
export const docsStyle = `
:root{color-scheme:light dark;--paper:light-dark(#fbfaf7,#111719);--sheet:light-dark(#fff,#182023);--wash:light-dark(#f3f1ea,#1f292c);--line:light-dark(#e3dfd4,#2b373b);--ink:light-dark(#1b2427,#e8e6df);--ink-2:light-dark(#4c585c,#a9b3b3);--teal:light-dark(#0f6b6b,#5cb8b2);--soft:light-dark(#d9ebe8,#173a3b);--signal:light-dark(#ad430d,#ef8a4c)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 "Instrument Sans Variable",system-ui,sans-serif}
a{color:var(--teal);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--teal);outline-offset:2px;border-radius:3px}
code{font:.875em/1.5 "JetBrains Mono Variable",ui-monospace,monospace;overflow-wrap:anywhere}
h1,h2{font-family:"Newsreader Variable",Georgia,serif;font-weight:500;line-height:1.2}
h1{font-size:2.25rem;margin:0 0 1rem}
h2{font-size:1.6rem;margin:3.5rem 0 .25rem;padding-top:1.5rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:0 0 .5rem;font-weight:600}
h4{font-size:.875rem;margin:1.25rem 0 .25rem;color:var(--ink-2);font-weight:600}
p{margin:.4rem 0;max-width:46rem}
.lead{color:var(--ink-2)}
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:1rem;background:var(--sheet);padding:.5rem 1rem;z-index:1}
.page{display:grid;grid-template-columns:14rem minmax(0,1fr);max-width:76rem;margin:0 auto}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:2rem 1rem}
nav ul{list-style:none;margin:1rem 0;padding:0}
nav li a{display:block;padding:.25rem .5rem;text-decoration:none;color:var(--ink)}
nav li a:hover{background:var(--wash);border-radius:4px}
.brand{font-weight:600}
.brand span{color:var(--ink-2);font-weight:400}
main{padding:2rem 1.5rem 6rem}
article{background:var(--sheet);border:1px solid var(--line);border-radius:10px;padding:1rem 1.25rem;margin:1rem 0}
article:target{border-color:var(--teal)}
.method{display:inline-block;min-width:4rem;font:600 .75rem/1.6 "JetBrains Mono Variable",ui-monospace,monospace;color:var(--teal);letter-spacing:.04em}
.method.delete,.method.patch,.method.put,.method.post{color:var(--signal)}
summary{cursor:pointer;color:var(--ink-2);width:max-content}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th code{overflow-wrap:normal;white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--ink-2)}
tr:target{background:var(--soft)}
.fields{list-style:none;margin:.25rem 0;padding:0 0 0 .9rem;border-left:2px solid var(--line);font-size:.9rem}
.fields li{margin:.25rem 0}
.fields em{color:var(--ink-2);font-style:normal;font-size:.85em}
.fields span{color:var(--ink-2)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(max-width:48rem){.page{display:block}nav{position:static;max-height:none;padding:1rem 1.5rem 0}nav ul{display:flex;flex-wrap:wrap}main{padding-top:1rem}}
`;
