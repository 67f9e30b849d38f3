import type { AuditDocument, Block, Cell } from '@zhuzhan/energy-audit'
import { chartSvg, escapeMarkup as text } from './svg.js'

const STYLE = `
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#eef2f6;color:#1d2733;font:15px/1.6 "Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif}
main{max-width:920px;margin:24px auto;background:#fff;padding:40px 48px;box-shadow:0 1px 8px rgba(20,40,70,.12)}
header{border-bottom:3px solid #1f5fa8;padding-bottom:18px;margin-bottom:8px}
h1{margin:0;font-size:28px;color:#123c6b}
.subtitle{font-size:17px;color:#44505c;margin:4px 0 10px}
.badge{display:inline-block;border-radius:3px;padding:1px 10px;margin-right:8px;font-size:13px;border:1px solid currentColor}
.good{color:#1f7a4d}.fair{color:#a15c00}.poor{color:#b42318}.none,.unknown{color:#5c6773}
dl{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:4px 28px;margin:14px 0 0;font-size:14px}
dl div{display:flex;justify-content:space-between;gap:12px;border-bottom:1px solid #e3e8ee;padding:2px 0}
dt{color:#5c6773}dd{margin:0;text-align:right}
h2{font-size:19px;color:#123c6b;margin:34px 0 12px;border-left:5px solid #1f5fa8;padding-left:10px;break-after:avoid}
h3{font-size:15px;margin:20px 0 6px;color:#2a3947;break-after:avoid}
.keys{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:12px;margin:16px 0}
.key{background:#f4f7fb;border-radius:6px;padding:12px 16px}
.key b{font-size:24px;color:#123c6b;font-weight:600;font-variant-numeric:tabular-nums}
.key .label{color:#5c6773;font-size:13px}.key .note{color:#5c6773;font-size:12px;min-height:18px}
table{width:100%;border-collapse:collapse;font-size:13.5px;margin:6px 0 12px}
th{background:#f0f4f9;text-align:left;font-weight:600;color:#2a3947}
th,td{padding:6px 9px;border-bottom:1px solid #e3e8ee;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.grade{white-space:nowrap;font-weight:600}
figure{margin:16px 0;break-inside:avoid}figcaption{font-size:14px;font-weight:600;color:#2a3947}
svg{width:100%;height:auto;display:block;font-family:inherit}
ul{padding-left:20px;margin:6px 0}li{margin:3px 0}
.muted{color:#5c6773}
footer{margin-top:34px;border-top:1px solid #e3e8ee;padding-top:8px;font-size:12px;color:#5c6773}
@media (max-width:700px){main{margin:0;padding:20px}.keys,dl{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media print{body{background:#fff;font-size:10.5pt}main{margin:0;padding:0;max-width:none;box-shadow:none}tr{break-inside:avoid}@page{size:A4;margin:16mm}}
`

/** The document as one page that needs nothing beside it: no script, no font, no picture from elsewhere. */
export function auditHtml({ language, title, subtitle, badges, facts, sections, footer }: AuditDocument): string {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${text(`${title} · ${subtitle}`)}</title><style>${STYLE}</style></head>
<body><main><header><h1>${text(title)}</h1><p class="subtitle">${text(subtitle)}</p>${badges.map((one) => `<span class="badge ${one.grade}">${text(one.text)}</span>`).join('')}
<dl>${facts.map(([label, value]) => `<div><dt>${text(label)}</dt><dd>${text(value)}</dd></div>`).join('')}</dl></header>
${sections.map((section) => `<section id="${text(section.id)}"><h2>${text(section.title)}</h2>${section.blocks.map(blockHtml).join('\n')}</section>`).join('\n')}
<footer>${text(footer)}</footer></main></body></html>
`
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'text': return `<p${block.muted ? ' class="muted"' : ''}>${text(block.text)}</p>`
    case 'list': return `<ul>${block.items.map((one) => `<li>${text(one)}</li>`).join('')}</ul>`
    case 'chart': return `<figure><figcaption>${text(block.chart.title)}</figcaption>${chartSvg(block.chart)}</figure>`
    case 'keys': return `<div class="keys">${block.items.map(({ label, value, unit, note }) => `<div class="key"><div class="label">${text(label)}</div><b>${text(value)}</b> ${text(unit)}<div class="note">${text(note ?? '')}</div></div>`).join('')}</div>`
    case 'table': {
      const weights = block.columns.map(({ weight }) => weight ?? 1)
      const all = weights.reduce((a, b) => a + b, 0)
      const columns = block.columns.map((_, at) => `<col style="width:${Math.round(((weights[at] ?? 1) / all) * 1_000) / 10}%">`).join('')
      const head = block.columns.map(({ label, numeric }) => `<th${numeric ? ' class="number"' : ''}>${text(label)}</th>`).join('')
      const rows = block.rows.map((row) => `<tr>${row.map((cell, at) => cellHtml(cell, block.columns[at]?.numeric === true)).join('')}</tr>`).join('')
      return `${block.title === '' ? '' : `<h3>${text(block.title)}</h3>`}<table><colgroup>${columns}</colgroup><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`
    }
  }
}

function cellHtml({ text: words, grade, indent }: Cell, numeric: boolean): string {
  const short = grade !== undefined && words.length < 18
  const names = [...(numeric ? ['number'] : []), ...(short ? ['grade'] : []), ...(grade === undefined ? [] : [grade])]
  return `<td${names.length > 0 ? ` class="${names.join(' ')}"` : ''}${indent ? ` style="padding-left:${9 + indent * 18}px"` : ''}>${text(words)}</td>`
}
