/** Runs tasks one after the other in the order of their arrival; a task that fails does not stop those behind it. */
export type Turn = <Result>(task: () => Promise<Result>) => Promise<Result>

export function inTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = last.then(task)
    last = run.catch(() => undefined)
    return run
  }
}
