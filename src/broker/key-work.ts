/** Port: what operators do with key-encryption keys while the service runs. Adapter: rewrapping.ts. */
import type { KeysRefusal } from './keys-in-use.ts'

/** A key-encryption key, never a word of its value. */
export interface KeyStanding {
  readonly id: string
  readonly isNewest: boolean
  /** Whether this node has it. */
  readonly isHeld: boolean
  /** Sealed tokens that it wrapped. */
  readonly sealedTokens: number
}

export interface RewrapRound {
  readonly rewrapped: number
  /** Where the next round begins; undefined when this was the last. */
  readonly after: string | undefined
}

export interface KeyWork {
  /** What is wrong with the keys, for readiness; undefined when all is well. @throws StoreFailure */
  problem(): Promise<string | undefined>
  standing(): Promise<readonly KeyStanding[]>
  /**
   * Wraps what older keys wrapped by the newest, some records after the key given. Every record opens at every moment, and a round
   * that was cut short is simply done again.
   */
  rewrap(after: string): Promise<RewrapRound | KeysRefusal>
  /** Takes the keys off the list that wrapped nothing any more: from then on they may go. @returns their ids */
  retire(): Promise<readonly string[]>
}
