import { Agent, get } from 'node:http'

export interface PacedLoad {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly perSecond: number
  readonly milliseconds: number
}

const connections = 64

/**
 * Asks at a steady pace, whether answers come or not, so that a slow answer delays no question.
 * @returns how long each answer took from when it was to be asked for, in microseconds, the shortest first
 * @throws when an answer is no success
 */
export async function pacedLoad({
  url,
  headers,
  perSecond,
  milliseconds,
}: PacedLoad): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'lifo' })
  const took: number[] = []
  const underWay = new Set<Promise<void>>()

  const ask = (dueAt: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = get(url, { agent, headers }, (response) => {
        response.resume().once('end', () => {
          if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`))
          took.push((performance.now() - dueAt) * 1_000)
          resolve()
        })
      })
      request.once('error', reject)
    })

  const begunAt = performance.now()
  let asked = 0
  while (performance.now() - begunAt < milliseconds) {
    const due = Math.floor(((performance.now() - begunAt) / 1_000) * perSecond)
    for (; asked < due; asked += 1) {
      const answer = ask(begunAt + (asked / perSecond) * 1_000)
      underWay.add(answer)
      answer.then(() => underWay.delete(answer)).catch(() => undefined)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(underWay)
  agent.destroy()
  return took.sort((one, other) => one - other)
}

/** @param share of the values that are at most this one, as 0.99 */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
