/** What a token request came to, noted where it is decided and read once its answer is known: the answer alone does not say. */

interface Noted {
  readonly state: Record<string, unknown>
}

const replayed = 'isReplayedAnswer'
const reused = 'isReusedToken'

/** The answer is one that was given before (DECISIONS 6). */
export const noteReplayed = ({ state }: Noted): void => {
  state[replayed] = true
}

/** A token or code came a second time, and its grant goes with it. */
export const noteReused = ({ state }: Noted): void => {
  state[reused] = true
}

export const isReplayed = ({ state }: Noted): boolean => state[replayed] === true
export const isReused = ({ state }: Noted): boolean => state[reused] === true
