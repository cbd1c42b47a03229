/** A user with a keyboard alone: where the Tab key stops, what is seen there, and getting somewhere with it. */
import type { Page } from 'playwright-core'

/** A place where the Tab key stops. */
export interface Stop {
  /** The label of a field, the text of everything else. */
  readonly name: string
  readonly top: number
  readonly left: number
  /** Whether it is drawn and not covered, with an outline of 2 px and a contrast of 3:1 to what is around it (WCAG 2.2, 2.4.13). */
  readonly isSeen: boolean
}

const readStop = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return null
  const light = (color) => {
    const [red, green, blue] = color.match(/[0-9.]+/g).slice(0, 3).map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const groundOf = (around) => {
    const { backgroundColor } = getComputedStyle(around)
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? groundOf(around.parentElement) : backgroundColor
  }
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
  const [darker, lighter] = [light(outlineColor), light(groundOf(element.parentElement))].sort((a, b) => a - b)
  const { x, y, width, height } = element.getClientRects()[0]
  const drawn = document.elementFromPoint(x + width / 2, y + height / 2)
  return {
    name: element.ariaLabel ?? (element.labels?.[0] ?? element).textContent.trim(),
    top: Math.round(y + scrollY),
    left: Math.round(x + scrollX),
    isSeen: element.matches(':focus-visible') && drawn !== null && element.contains(drawn) &&
      outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && (lighter + 0.05) / (darker + 0.05) >= 3,
  }
})()`

/** Where the focus is; undefined when no element has it. */
export const stopNow = async (page: Page): Promise<Stop | undefined> =>
  (await page.evaluate<Stop | null>(readStop)) ?? undefined

const tooMany = 60

/** Presses Tab until the focus leaves the page. @returns the stops on the way @throws when it never leaves: a trap */
async function tabToTheEnd(page: Page): Promise<readonly Stop[]> {
  const stops: Stop[] = []
  for (let presses = 0; presses < tooMany; presses++) {
    await page.keyboard.press('Tab')
    const stop = await stopNow(page)
    if (!stop) return stops
    stops.push(stop)
  }
  throw new Error(`the Tab key never leaves the page: ${stops.map(({ name }) => name).join(', ')}`)
}

/** All stops of a page from its beginning, wherever the focus is now; the focus has left the page afterwards. */
export async function allStops(page: Page): Promise<readonly Stop[]> {
  await tabToTheEnd(page)
  return tabToTheEnd(page)
}

/** Presses Tab until the focus is on what has the name. @throws when the key goes once around without */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < tooMany; presses++) {
    if ((await stopNow(page))?.name === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key finds no ${name} on ${page.url()}`)
}
