/**
 * A process that starts one server and asks it once, in JavaScript so that nothing but the start is compiled. Arguments: the folder
 * of the compile cache, and a module that exports `start`, which gives the URL to ask.
 */
import { enableCompileCache, flushCompileCache } from 'node:module'

const [cache, module] = process.argv.slice(2)
enableCompileCache(cache)
const { start } = await import(module)
const answer = await fetch(await start())
const { issuer } = await answer.json()
const { user, system } = process.cpuUsage()
process.stdout.write(`${JSON.stringify({ issuer, cpuMs: (user + system) / 1_000 })}\n`)
flushCompileCache()
process.exit(0)
