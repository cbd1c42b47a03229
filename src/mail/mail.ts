/**
 * Mail: messages to people, one address each. What they say is their sender's affair. Adapter: outbox.ts, which delivers to a
 * shelf that whoever runs an emulator can read.
 */

export interface Message {
  /** The e-mail address. */
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

export interface Mail {
  /** Resolves once the message is on its way and will not be lost. @throws when it cannot be sent */
  send(message: Message): Promise<void>
}

export interface SentMessage extends Message {
  readonly id: string
  /** Epoch ms. */
  readonly sentAt: number
}

/** What was sent, for those who may read it all: there are secrets in it. */
export interface Outbox {
  /** Newest first. @param to only those to this address, however it is written */
  list(to?: string): Promise<readonly SentMessage[]>
  clear(): Promise<void>
}
