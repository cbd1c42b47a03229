/**
 * Run by npm after an install in a clone: starts the emulator once on free loopback ports and ends it, so that Node keeps what it
 * made of the TypeScript, and the first start is as fast and as small as every other. Never fails an install: a start without
 * it is slower, not broken.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = (name) => join(root, 'src', name)
const load = (name) => import(pathToFileURL(source(name)).href)

async function rehearse() {
  nodeModule.enableCompileCache(join(root, 'node_modules', '.cache', 'panoptes'))
  const [{ readSettings }, { serve }] = await Promise.all([
    load('settings.ts'),
    load('serving.ts'),
    load('main.ts'),
    load('upstream/emulator/families.ts'), // which the first call of v7 loads
  ])
  const machine = {
    clock: { now: Date.now },
    engineNow: Date.now,
    randomBytes,
    newUuid: randomUUID,
    log: () => undefined,
  }
  const serving = await serve(readSettings(['--port', '0', '--operator-port', '0'], {}), machine)
  for (const path of [
    '/',
    '/.well-known/oauth-authorization-server',
    '/v7/tests',
    '/emulator',
    '/inspector',
    '/playground',
  ])
    await fetch(new URL(path, serving.url), { signal: AbortSignal.timeout(5_000) })
  await serving.stop(1_000)
  nodeModule.flushCompileCache()
}

if (Number(process.versions.node.split('.')[0]) >= 24 && existsSync(source('main.ts')))
  rehearse().catch((error) =>
    console.error(`panoptes: not prepared, the first start will be slower: ${error.message}`),
  )
