import { expect, test } from 'vitest'
import { drawOf } from '#upstream/emulator/measurements/draw.ts'
import { httpNumbers } from '#upstream/emulator/measurements/http.ts'
import { pageNumbers } from '#upstream/emulator/measurements/page.ts'
import { targetOfUrl } from '#upstream/emulator/measurements/target.ts'

const target = targetOfUrl('https://shop.acme.example/')
const latency = 80

function visit(limit: number) {
  const [pair, sample] = [drawOf('pair'), drawOf('sample')]
  const document = httpNumbers({ pair, sample, latency, isTls: true, suffers: false })
  return pageNumbers({ sample, target, latency, document, limit })
}

const whole = visit(60_000)

// Made-up pages load within five seconds, and the limit of a test is longer, so that no call meets it.
test.each([50, Math.round(whole.pageLoadTime / 2), whole.pageLoadTime - 1])(
  'a page load is cut off at a limit of %i ms, with an error for what was on its way',
  (limit) => {
    const cut = visit(limit)
    expect(cut.pageLoadTime).toBe(limit)
    expect(cut.numErrors).toBeGreaterThan(whole.numErrors)
    expect(cut.totalSize).toBeLessThan(whole.totalSize)
    expect(cut.objects.length).toBeLessThanOrEqual(whole.objects.length)
  },
)

test('a page load that ends by its limit is whole', () => {
  expect(visit(whole.pageLoadTime)).toEqual(whole)
})
