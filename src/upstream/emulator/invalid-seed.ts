import type { Problem } from './seed-copies.ts'

/** The problems of copies and of account groups that come from one place of the file are told once. */
function oncePerPlace(problems: readonly Problem[]): readonly Problem[] {
  const byPlace = new Map<string, Problem>()
  for (const problem of problems) {
    const place = problem.split(': found', 1)[0]?.replace(/ \(copy \d+\)/, '') ?? ''
    if (!byPlace.has(place)) byPlace.set(place, problem)
  }
  return [...byPlace.values()]
}

/** More would fill the screen with one line. */
const mostTold = 20

function messageOf(name: string, problems: readonly Problem[]): string {
  const [first = ''] = problems
  if (problems.length === 1) return `the seed ${name} is invalid: ${first}`
  const told = problems.slice(0, mostTold).map((problem, index) => `(${index + 1}) ${problem}`)
  const rest = problems.length - told.length
  const more = rest > 0 ? ` and ${rest} more, which panoptes doctor lists` : ''
  return `the seed ${name} is invalid, ${problems.length} problems: ${told.join(' ')}${more}`
}

/** A seed that cannot be used: its message is one line, its problems are what is wrong, one by one. */
export class InvalidSeed extends Error {
  override readonly name = 'InvalidSeed'
  readonly problems: readonly Problem[]

  constructor(seed: string, found: readonly Problem[]) {
    const problems = oncePerPlace(found)
    super(messageOf(seed, problems))
    this.problems = problems
  }
}
