import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { openStore } from '#store/open-store.ts'
import type { Check, Examination } from './examination.ts'
import { type Finding, findingsOn, messageOf } from './finding.ts'

/** The directory itself, or the nearest one above it that is there. */
const nearest = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearest(dirname(path))

function writableFinding(directory: string): Finding {
  const on = findingsOn('data directory')
  const there = nearest(directory)
  try {
    if (!statSync(there).isDirectory())
      return on.fail(`${there} is no directory; choose another one with --data`)
    accessSync(there, constants.W_OK | constants.X_OK)
  } catch {
    return on.fail(`${there}: this process may not write there; choose another one with --data`)
  }
  return on.ok(
    there === directory ? `${directory} can be written` : `${directory} is made by the first start`,
  )
}

async function keysFinding(directory: string, { machine }: Examination): Promise<Finding> {
  const on = findingsOn('keys')
  const path = join(directory, 'keys.json')
  if (!existsSync(path)) return on.ok(`${path} is made by the first start`)
  try {
    await loadKeyMaterial(directory, machine.randomBytes)
    return on.ok(`${path} can be read, by its owner alone`)
  } catch (error) {
    return on.fail(messageOf(error))
  }
}

async function storeFinding({ settings, machine }: Examination): Promise<readonly Finding[]> {
  const on = findingsOn('store')
  const { store: place } = settings
  if (place.kind === 'memory') return []
  if (place.kind === 'sqlite' && !existsSync(place.path))
    return [on.ok(`${place.path} is made by the first start`)]
  try {
    const parts = { clock: machine, random: machine.randomBytes, staysAsItIs: true }
    const { store } = await openStore(place, parts)
    await store.close()
    return [
      on.ok(
        place.kind === 'sqlite'
          ? `${place.path} is whole, and of this version`
          : `${place.address.name} answers, with records of this version or none`,
      ),
    ]
  } catch (error) {
    return [on.fail(messageOf(error))]
  }
}

/**
 * What a start would find in the data directory: a place to write, keys for its owner alone, a store of this version. Makes no files,
 * and leaves an empty Redis empty: what it begins with is a start's to write.
 */
export const checkStorage: Check = async (examination) => {
  const { data } = examination.settings
  if (data === undefined)
    return [findingsOn('data directory').ok('none: everything is in memory and gone at the end')]
  const writable = writableFinding(data)
  if (writable.verdict === 'fail') return [writable]
  return [writable, await keysFinding(data, examination), ...(await storeFinding(examination))]
}
