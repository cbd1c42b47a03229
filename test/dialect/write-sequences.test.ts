import { describe, expect, test } from 'vitest'
import { seededRandom } from '../authorization-server/seeded-random.ts'
import { groundOfFile } from './ground-of-file.ts'
import {
  changeOne,
  families,
  type LivingFamily,
  listOf,
  makeOne,
  namedBy,
  removeOne,
} from './living-objects.ts'
import { idOf } from './valid-ids.ts'

const at = groundOfFile()

type Ids = Map<string, string[]>

const idsOf = async (family: LivingFamily): Promise<string[]> =>
  (await listOf(at.ground, family)).map((one) => String(one[family.idKey]))

/** More of one kind are not made: streams have a limit of ten. */
const most = 6

/** One random valid write; what it did, in words. */
async function write(random: (below: number) => number, ids: Ids, made: Ids): Promise<string> {
  const family = families[random(families.length)] as LivingFamily
  const own = made.get(family.path) ?? []
  const id = own[random(Math.max(1, own.length))]
  const there = (path: string): readonly string[] => ids.get(path) ?? []
  const kind = own.length >= most ? 2 : random(3)
  if (kind === 0 || id === undefined) {
    const came = await makeOne(at.ground, family, there)
    expect([`POST ${family.path}`, came.status, came.status === 201 || came.text]).toEqual([
      `POST ${family.path}`,
      201,
      true,
    ])
    const fresh = idOf(came)
    made.set(family.path, [...own, fresh])
    ids.set(family.path, [...there(family.path), fresh])
    return `make ${family.path}/${fresh}`
  }
  const came =
    kind === 1 ? await changeOne(at.ground, family, id, there) : await removeOne(at.ground, family, id)
  const what = `${kind === 1 ? 'change' : 'delete'} ${family.path}/${id}`
  expect([what, came.status < 300 || came.text]).toEqual([what, true])
  if (kind === 2) {
    made.set(
      family.path,
      own.filter((one) => one !== id),
    )
    ids.set(
      family.path,
      there(family.path).filter((one) => one !== id),
    )
    expect([what, (await at.ground.call('GET', `${family.path}/${id}`)).status]).toEqual([what, 404])
  }
  return what
}

/** What a list shows of an object and reading it shows otherwise. */
async function readProblems(
  family: LivingFamily,
  listed: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const path = `${family.path}/${listed[family.idKey]}`
  const { status, body } = await at.ground.call('GET', path)
  if (status !== 200) return [`${path} is listed and read as ${status}`]
  // The document gives dates of dashboards two forms (v7-notes section 11).
  if (family.path === '/dashboards') return []
  return Object.keys(listed)
    .filter((key) => typeof listed[key] === 'string' && body[key] !== undefined && body[key] !== listed[key])
    .map((key) => `${path} shows ${key} in two ways`)
}

/** Lists have what was made and nothing else. */
async function listProblems(ids: Ids): Promise<readonly string[]> {
  const problems: string[] = []
  for (const family of families) {
    const listed = await listOf(at.ground, family)
    const found = listed.map((one) => String(one[family.idKey])).toSorted()
    const expected = (ids.get(family.path) ?? []).toSorted()
    if (found.join() !== expected.join()) problems.push(`${family.path} lists ${found}, expected ${expected}`)
    for (const one of listed) problems.push(...(await readProblems(family, one)))
  }
  return problems
}

async function danglingReferences(ids: Ids): Promise<readonly string[]> {
  const tests = ((await at.ground.call('GET', '/tests')).body.tests as { testId: string }[]).map(
    ({ testId }) => testId,
  )
  const known = { test: tests, tag: ids.get('/tags') ?? [], rule: ids.get('/alerts/rules') ?? [] }
  return (await namedBy(at.ground, ids))
    .filter(({ kind, id }) => !known[kind].includes(id))
    .map(({ where, kind, id }) => `${where} names the ${kind} ${id}, which is not there`)
}

/** Pages of a list put together are the list. */
async function pageProblems(): Promise<readonly string[]> {
  const problems: string[] = []
  for (const [path, key, id] of [
    ['/endpoint/labels', 'labels', 'id'],
    ['/endpoint/agents', 'agents', 'id'],
  ] as const) {
    const whole = ((await at.ground.call('GET', path)).body[key] as Record<string, string>[]).map(
      (one) => one[id],
    )
    const paged: (string | undefined)[] = []
    let next: string | undefined = `${at.ground.service.url}/v7${path}?max=2`
    while (next !== undefined && paged.length <= whole.length) {
      const { body } = await at.ground.call('GET', next)
      paged.push(...(body[key] as Record<string, string>[]).map((one) => one[id]))
      next = body._links.next?.href
    }
    if (paged.join() !== whole.join()) problems.push(`pages of ${path} are ${paged}, the list ${whole}`)
  }
  return problems
}

describe('random valid writes', () => {
  test.each([1, 20_261_126, 7_099])(
    'of the seed %d keep what must be true of all objects',
    async (seed) => {
      const random = seededRandom(seed)
      const ids: Ids = new Map()
      for (const family of families) ids.set(family.path, await idsOf(family))
      const made: Ids = new Map()
      const done: string[] = []
      for (let round = 0; round < 4; round += 1) {
        for (let step = 0; step < 15; step += 1) done.push(await write(random, ids, made))
        const problems = [
          ...(await listProblems(ids)),
          ...(await danglingReferences(ids)),
          ...(await pageProblems()),
        ]
        expect(problems, [`seed ${seed}`, ...done, ...problems].join('\n')).toEqual([])
      }
    },
    120_000,
  )
})
