import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'

const files = globSync('test/faults/*.{test,long}.ts')
const [tried = '', missing = ''] = readFileSync('docs/faults.md', 'utf8').split('## Not there yet')
const rows = tried.split('\n').filter((line) => /^\| [RA]\d/.test(line))
const idsOf = (text: string): readonly string[] => text.match(/\b[RA]\d\d\b/g) ?? []

/** Scenarios that the titles of a file name. */
const titled = (file: string): readonly string[] => {
  const titles = readFileSync(file, 'utf8').matchAll(/'([RA]\d\d[^':]*):/g)
  return [...titles].flatMap(([, ids = '']) => (ids === 'R01 to R03' ? ['R01', 'R02', 'R03'] : idsOf(ids)))
}

describe('docs/faults.md', () => {
  test('has a row of each scenario that a file tries, where it is and in which part', () => {
    expect(files.length).toBeGreaterThan(10)
    for (const file of files) {
      const [name = '', part = ''] = basename(file).split('.')
      const own = rows.filter((row) => row.includes(`\`${name}\``))
      for (const row of own) expect(row).toContain(part === 'test' ? '| short |' : '| long |')
      const told = new Set(own.flatMap((row) => idsOf(row.split('|')[1] ?? '')))
      expect([name, [...told].sort()]).toEqual([name, [...new Set(titled(file))].sort()])
    }
  })

  test('names every scenario there is, from R01 to R54, as tried or as missing', () => {
    const named = new Set([...rows.flatMap(idsOf), ...idsOf(missing)])
    for (const [, first = '', last = ''] of missing.matchAll(/R(\d\d) to R(\d\d)/g))
      for (let id = Number(first); id <= Number(last); id += 1) named.add(`R${id}`)
    const all = Array.from({ length: 54 }, (_, at) => `R${String(at + 1).padStart(2, '0')}`)
    expect(all.filter((id) => !named.has(id))).toEqual([])
  })
})
