/** Rendered pages in a real browser: pictures, and what a reader could not see. Chromium is the system's own; none is downloaded. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, launch } from 'puppeteer-core'

const BROWSERS = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** `undefined` where no browser is installed (Debian: package `chromium`; elsewhere name one in `CHROMIUM`). */
export const browserPath = (): string | undefined => BROWSERS.find((file) => file !== '' && existsSync(file))

/** Root needs no sandbox of its own in a container; software rendering is the same everywhere. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--font-render-hinting=none'] })

/** A summary is read on a desk and on a telephone, by day and by night. */
export const VIEWS = [
  { name: 'light', scheme: 'light', width: 1_012 },
  { name: 'dark', scheme: 'dark', width: 1_012 },
  { name: 'narrow', scheme: 'light', width: 390 },
  { name: 'narrow-dark', scheme: 'dark', width: 390 },
] as const

export type View = (typeof VIEWS)[number]

export interface Seen {
  /** Beside the page, `<page>-<view>.png`. */
  readonly picture: string
  readonly charts: number
  /** Charts that Mermaid could not draw, parts wider than the screen, and tables that scroll sideways, be they folded away. */
  readonly faults: readonly string[]
}

/** Opens a page, waits for its charts, takes its picture from top to bottom. */
export async function look(browser: Browser, page: string, { name, scheme, width }: View): Promise<Seen> {
  const tab = await browser.newPage()
  try {
    const errors: string[] = []
    tab.on('pageerror', (error) => errors.push(String(error)))
    await tab.setViewport({ width, height: 800 })
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await tab.goto(pathToFileURL(page).href)
    await tab.waitForFunction("document.body.dataset.drawn === 'true'")
    const { charts, faults } = (await tab.evaluate(`(() => {
      const charts = [...document.querySelectorAll('.mermaid')]
      const broken = charts.filter((chart) => !chart.querySelector('svg') || chart.querySelector('[aria-roledescription=error]'))
      const wide = [...document.querySelectorAll('main > *')].filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
      const folded = document.querySelectorAll('details:not([open])')
      for (const one of folded) one.open = true
      const scrolling = [...document.querySelectorAll('main table')].filter((table) => table.scrollWidth > table.clientWidth + 1)
      for (const one of folded) one.open = false
      return {
        charts: charts.length,
        faults: [
          ...scrolling.map((table) => 'scrolls sideways: ' + table.textContent.replace(/\\s+/g, ' ').slice(0, 100)),
          ...broken.map((chart) => 'not drawn: ' + chart.textContent.slice(0, 200)),
          ...wide.map((part) => 'wider than the screen: ' + part.tagName + ' ' + part.textContent.slice(0, 100)),
          ...(document.scrollingElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : []),
        ],
      }
    })()`)) as { charts: number; faults: string[] }
    const picture = path.join(path.dirname(page), `${path.parse(page).name}-${name}.png`) as `${string}.png`
    await tab.screenshot({ path: picture, fullPage: true })
    return { picture, charts, faults: [...errors, ...faults] }
  } finally {
    await tab.close()
  }
}
