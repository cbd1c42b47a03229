import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { crud, type Family } from '#upstream/emulator/crud.ts'
import type { Errors } from '#upstream/emulator/dialects.ts'
import { type Model, modelOf, type Schema } from '#upstream/emulator/model.ts'
import { openApiOf } from '#upstream/emulator/openapi.ts'
import { violationsOf } from '#upstream/emulator/validate.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import { documentCheck } from '../dialect/document-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-v7-model-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Made {
  readonly said: string
  readonly version: string
  readonly model: Model
  readonly errors: Errors
}

const table = <Table>(name: string): Table => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Table

/** Runs what `npm run v7:model` runs, into a folder that may have tables of another document already. */
async function move(name: 'older' | 'newer'): Promise<Made> {
  const script = ['scripts/v7-model.ts', `test/scripts/v7-documents/${name}.yaml`, folder]
  const { stdout } = await promisify(execFile)(process.execPath, script)
  const schemas = table<Readonly<Record<string, Schema>>>('schemas.json')
  return {
    said: stdout,
    version: table<{ readonly version: string }>('document.json').version,
    model: modelOf(table<readonly OperationRow[]>('operations.json'), () => schemas),
    errors: table<Errors>('errors.json'),
  }
}

const shelves: Family = {
  path: '/shelves',
  collection: 'shelves',
  idKey: 'id',
  owner: 'account-group',
  newId: () => 'a1',
}

const ids = ({ model }: Made): readonly string[] => model.rows.map(({ id }) => id)
const answered = ({ model }: Made): readonly string[] => Object.keys(crud(shelves, model))
const kinds = ({ model }: Made): unknown => model.properties(model.schema('Shelf'))['kind']?.enum
const refusedKind = ({ model }: Made): readonly string[] =>
  violationsOf(model, model.schema('Shelf'), { name: 'A', kind: 'locked' }).map(({ field }) => field)

describe('npm run v7:model', () => {
  test('writes four tables, names them in one line, and none of the prose', async () => {
    const { said, version } = await move('older')
    expect(said).toBe('7.0.85: 2 operations, 5 schemas of 7\n')
    expect(version).toBe('7.0.85')
    expect(readdirSync(folder).toSorted()).toEqual([
      'document.json',
      'errors.json',
      'operations.json',
      'schemas.json',
    ])
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(/Where|Made/)
  })

  test('moves the engine to a newer document by data alone, and back', async () => {
    const older = await move('older')
    const newer = await move('newer')
    expect([older, newer].map(ids)).toEqual([
      ['getShelves', 'createShelf'],
      ['getShelves', 'createShelf', 'getShelf', 'deleteShelf'],
    ])
    // No line of the family was changed, and what is new is answered.
    expect([older, newer].map((one) => answered(one).toSorted())).toEqual([
      ['createShelf', 'getShelves'],
      ['createShelf', 'deleteShelf', 'getShelf', 'getShelves'],
    ])
    expect([older, newer].map(kinds)).toEqual([
      ['open', 'closed'],
      ['open', 'closed', 'locked'],
    ])
    expect([older, newer].map(refusedKind)).toEqual([['kind'], []])
    expect(newer.model.row('DELETE', '/shelves/{id}')).toMatchObject({
      query: { aid: { type: 'string' }, confirmEmptied: { type: 'boolean', required: true } },
      parameters: ['id'],
      answer: { status: 204 },
    })
    expect(newer.model.row('POST', '/shelves')?.answer).toMatchObject({ location: true, links: ['self'] })
    expect(older.model.row('POST', '/shelves')?.answer).not.toHaveProperty('links')
    const back = await move('older')
    expect({ ...back, model: ids(back) }).toEqual({ ...older, model: ids(older) })
  })

  test.each(['older', 'newer'] as const)(
    'gives tables of the %s one that rebuild its document',
    async (name) => {
      const { model, errors, version } = await move(name)
      const { check } = documentCheck(openApiOf({ model, errors, version, origin: 'http://localhost' }), {
        closed: true,
      })
      const type = name === 'older' ? 'application/json' : 'application/hal+json'
      const judged = (body: object) =>
        check('getShelves', {
          status: 200,
          headers: new Headers({ 'content-type': type }),
          text: JSON.stringify(body),
        })
      expect(judged({ shelves: [{ name: 'A', kind: 'closed' }] })).toEqual([])
      expect(judged({ shelves: [{ kind: 'closed' }] })).toHaveLength(1)
      expect(judged({ shelves: [{ name: 'A', kind: 'locked' }] })).toHaveLength(name === 'older' ? 1 : 0)
    },
  )

  test('says how it is used', async () => {
    await expect(promisify(execFile)(process.execPath, ['scripts/v7-model.ts'])).rejects.toMatchObject({
      code: 2,
      stderr: 'usage: npm run v7:model -- FILE [FOLDER], the OpenAPI document of v7 as YAML\n',
    })
  })
})
