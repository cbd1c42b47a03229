import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { coverage, fileOf, syntheticModules } from '#upstream/emulator/coverage.ts'
import { answerersOf } from '#upstream/emulator/families.ts'
import { loadModel } from '#upstream/emulator/model.ts'
import { openCalls } from './emulator-calls.ts'

const rows = await coverage()
const model = await loadModel()

/** The address of a name is drawn, which makes no measurement of it. */
const isNoMeasurement = (file: string): boolean => file.endsWith('measurements/target.ts')

/** A file with all that it imports for more than types. */
function reached(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file) || isNoMeasurement(file)) return seen
  seen.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(/^import (?!type)[^;]*? from '(\.[^']+)'/gm)
  for (const [, path = ''] of imports) reached(join(dirname(file), path), seen)
  return seen
}

const isDrawn = (file: string): boolean => reached(file).has('src/upstream/emulator/measurements/draw.ts')

describe('coverage of v7', () => {
  test('has a row for each operation, 323 of them documented', () => {
    expect(rows.map(({ operation }) => operation)).toEqual(model.rows.map(({ id }) => id))
    expect(rows.filter(({ documented }) => documented)).toHaveLength(323)
  })

  test.each([...new Set([...answerersOf(model).values()].map(({ module }) => module))])(
    'names the file of %s, which exports it',
    (module) => {
      const file = fileOf(module)
      expect(existsSync(file), `${module} does not bear the name of its file`).toBe(true)
      expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^export (?:const|function) ${module}\\b`, 'm'))
    },
  )

  test('calls synthetic what draws its numbers, and bespoke what does not', () => {
    const own = rows.filter(({ how }) => how === 'synthetic' || how === 'bespoke')
    const told = new Map(own.map(({ file, how }) => [file ?? '', how]))
    const found = [...told.keys()].map((file) => [file, isDrawn(file) ? 'synthetic' : 'bespoke'] as const)
    expect([...told]).toEqual(found)
  })

  test('names no module as synthetic that has no answers of its own', () => {
    const files = new Set(rows.filter(({ how }) => how === 'synthetic').map(({ file }) => file))
    expect(syntheticModules.map(fileOf).filter((file) => !files.has(file))).toEqual([])
  })

  test('is what calls are answered by: 501 where it names nothing, and nowhere else', async () => {
    const calls = await openCalls()
    for (const { method, path, how } of rows) {
      const { status } = await calls.call(method, path.replaceAll(/\{\w+\}/g, 'none'))
      expect([method, path, status === 501]).toEqual([method, path, how === 'none'])
    }
  })
})
