/** A job summary as a page to look at: GitHub's Markdown, its allow-list of HTML, its style sheet, its charts. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Marked, type RendererObject } from 'marked'

const STYLE = createRequire(import.meta.url).resolve('github-markdown-css/github-markdown.css')
const CHARTS = path.join(import.meta.dirname, '../extras/node_modules/mermaid/dist/mermaid.min.js')

/** Without `npm run extras`, pages show the text of their charts. */
export const CAN_DRAW_CHARTS = existsSync(CHARTS)

/** Writes the page and what it needs into `outDir`; gives the path of the page. */
export async function renderPage(markdown: string, outDir: string, title: string): Promise<string> {
  await mkdir(outDir, { recursive: true })
  const assets = CAN_DRAW_CHARTS ? [STYLE, CHARTS] : [STYLE]
  await Promise.all(assets.map((asset) => copyFile(asset, path.join(outDir, path.basename(asset)))))
  const file = path.join(outDir, `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.html`)
  await writeFile(file, pageOf(renderBody(markdown), escapeHtml(title)))
  return file
}

/** Markdown to the HTML that GitHub would show. */
export function renderBody(markdown: string): string {
  return new Marked({ gfm: true, renderer }).parse(markdown, { async: false })
}

const ALERT = /^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\n+/

const renderer: RendererObject = {
  html: ({ text }) => sanitize(text),
  code({ text, lang }) {
    return lang === 'mermaid' ? `<pre class="mermaid">${escapeHtml(text)}</pre>\n` : `<pre><code>${escapeHtml(text)}</code></pre>\n`
  },
  link({ href, tokens }) {
    const label = this.parser.parseInline(tokens)
    return /^(?:https?:|mailto:|#)/i.test(href) ? `<a href="${escapeHtml(href)}">${label}</a>` : label
  },
  image: ({ href, text }) => (/^https?:/i.test(href) ? `<img src="${escapeHtml(href)}" alt="${escapeHtml(text)}">` : escapeHtml(text)),
  blockquote({ tokens, text }) {
    const kind = ALERT.exec(`${text}\n`)?.[1]
    if (!kind) return `<blockquote>\n${this.parser.parse(tokens)}</blockquote>\n`
    const name = `${kind[0]}${kind.slice(1).toLowerCase()}`
    const body = new Marked({ gfm: true, renderer }).parse(text.replace(ALERT, ''), { async: false })
    return `<div class="markdown-alert markdown-alert-${kind.toLowerCase()}"><p class="markdown-alert-title">${name}</p>\n${body}</div>\n`
  },
}

/** What matters here of GitHub's allow-list. https://github.com/gjtorikian/html-pipeline/blob/main/lib/html_pipeline/sanitization_filter.rb */
const TAGS = new Set(
  'a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p picture pre q s samp source span strike strong sub summary sup table tbody td tfoot th thead tr tt ul var wbr'.split(
    ' ',
  ),
)
const ATTRIBUTES = new Set('align alt colspan height href open rowspan src title width'.split(' '))
const TAG =
  /<!--[\s\S]*?-->|<(script|style|iframe|noscript|textarea|title)\b[\s\S]*?(?:<\/\1\s*>|$)|<(\/?)([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|[<>]/gi
const ATTRIBUTE = /([a-z][\w-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi

export function sanitize(html: string): string {
  return html.replace(TAG, (raw: string, dropped?: string, slash = '', name = '', attributes = '') => {
    if (raw === '<' || raw === '>') return escapeHtml(raw)
    if (dropped || !TAGS.has(name.toLowerCase())) return ''
    return `<${slash}${name}${slash ? '' : allowed(attributes)}>`
  })
}

function allowed(attributes: string): string {
  return [...attributes.matchAll(ATTRIBUTE)]
    .map(([, name = '', double, single, bare]) => ({ name: name.toLowerCase(), value: double ?? single ?? bare ?? '' }))
    .filter(({ name, value }) => ATTRIBUTES.has(name) && (!/^(?:href|src)$/.test(name) || /^https?:/i.test(value)))
    .map(({ name, value }) => ` ${name}="${value.replaceAll('"', '&quot;')}"`)
    .join('')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

const CHART_STYLE = `  .markdown-body .mermaid { background: none; padding: 0; text-align: center; }
  .markdown-body .mermaid:not([data-processed]) { visibility: hidden; }
`
const CHART_SCRIPT = `<script src="mermaid.min.js"></script>
<script>
  const theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'default'
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme })
  mermaid.run({ querySelector: '.mermaid', suppressErrors: true }).finally(() => {
    document.body.dataset.drawn = 'true'
  })
</script>
`

const pageOf = (body: string, title: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="github-markdown.css">
<style>
  body { margin: 0; padding: 24px; background: #f6f8fa; }
  main { box-sizing: border-box; max-width: 980px; margin: 0 auto; padding: 16px 24px 24px; border: 1px solid #d1d9e0; border-radius: 6px; }
  .job { margin: 0 0 16px; padding-bottom: 12px; border-bottom: 1px solid #d1d9e0; font-size: 14px; font-weight: 600; }
${CAN_DRAW_CHARTS ? CHART_STYLE : ''}  @media (prefers-color-scheme: dark) { body { background: #010409; } main, .job { border-color: #3d444d; } }
  @media (max-width: 767px) { body { padding: 0; } main { border: 0; border-radius: 0; padding: 16px; } }
</style>
</head>
<body>
<main class="markdown-body">
<p class="job">${title}</p>
${body}
</main>
${CAN_DRAW_CHARTS ? CHART_SCRIPT : ''}</body>
</html>
`
