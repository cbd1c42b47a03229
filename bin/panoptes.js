#!/usr/bin/env node
/**
 * Starts the program on a Node that can run it: this one if it is new enough, else the one that the clone pins as its
 * package `node`. Written for old versions: no syntax newer than Node 12 understands.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import nodeModule, { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const needed = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A clone runs its sources. An installed package has none: Node strips no types below node_modules. */
const source = join(root, 'src', 'main.ts')
const main = existsSync(source) ? source : join(root, 'dist', 'main.js')

/** Beside the packages, where tools keep what can be made again: in the clone, or in the project that we are installed in. */
const packages = basename(dirname(root)) === 'node_modules' ? dirname(root) : join(root, 'node_modules')

/** A bound on the young generation: a larger one costs memory when idle, a smaller one time, as answers are short-lived. */
const flags = ['--max-semi-space-size=16']

function isNewEnough(version) {
  return Number(version.split('.')[0]) >= needed
}

/** The pinned Node, in our own node_modules or hoisted into one above; undefined when there is none that will do. */
function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
    const program = process.platform === 'win32' ? 'node.exe' : 'node'
    return isNewEnough(version) ? join(dirname(manifest), 'bin', program) : undefined
  } catch (_absent) {
    return undefined
  }
}

function fail(reason) {
  console.error(`panoptes: ${reason}`)
  process.exit(1)
}

/** How a program that runs below this file is called, by which it knows that it does. */
const nameBelow = 'panoptes'

/**
 * npx and npm start put a shell between npm and us. Asked to end, they end that shell, which tells nobody: we would stay behind, on
 * our ports. So would a program that runs below this file, when this file is killed. A parent that is gone is then the request to end.
 */
function endWithParent(end) {
  // biome-ignore lint/style/noProcessEnv: only npm knows that it started us, and this file runs before the settings
  const event = process.env.npm_lifecycle_event
  if (event !== 'npx' && event !== 'start' && process.argv0 !== nameBelow) return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    end()
  }, 250)
  watch.unref()
}

/** Runs the program below us as if it stood in our place: our streams, our signals, its exit code. */
function runOn(node) {
  const child = spawn(node, flags.concat(fileURLToPath(import.meta.url), process.argv.slice(2)), {
    argv0: nameBelow,
    stdio: 'inherit',
  })
  const forward = (signal) => {
    // Ctrl-C reaches everything in the terminal's foreground by itself; twice would mean "do not wait for the drain".
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
  endWithParent(() => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

if (isNewEnough(process.versions.node)) {
  // Node keeps what it made of the sources, so only the first start pays for it; in a clone bin/prepare.js makes that one.
  nodeModule.enableCompileCache(join(packages, '.cache', 'panoptes'))
  import(pathToFileURL(main).href)
    .then((program) => {
      endWithParent(() => process.kill(process.pid, 'SIGTERM'))
      return program.run()
    })
    .catch((error) => {
      console.error(error)
      process.exit(1)
    })
} else {
  const node = pinnedNode()
  if (node === undefined)
    fail(`needs Node >= ${needed} (this is ${process.versions.node}); run "npm ci" in a clone to get one.`)
  runOn(node)
}
