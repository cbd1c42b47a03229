/**
 * What is known at once, or a promise of it. On the way of every call a promise costs more than most of what is asked: whoever
 * answers from memory answers at once, and `await` takes either.
 */
export type Awaitable<Value> = Value | Promise<Value>

/** Goes on with a value, at once when it is there. */
export const whenKnown = <Value, Next>(
  value: Awaitable<Value>,
  next: (value: Value) => Awaitable<Next>,
): Awaitable<Next> => (value instanceof Promise ? value.then(next) : next(value))
