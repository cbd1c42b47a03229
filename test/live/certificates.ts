import { generate } from 'selfsigned'

export interface Pem {
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000

/** A certificate that vouches for itself. @param names that it is for @param days until it ends; negative for one that has */
export async function certificateFor(names: readonly string[], days = 30): Promise<Pem> {
  const made = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 60 * dayMs),
    notAfterDate: new Date(Date.now() + days * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          /^\d/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}
