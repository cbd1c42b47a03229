import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface Signing {
  readonly publicKey: JWK
  sign(claims: JWTPayload): Promise<string>
}

/** A key of its own for each start, made with the first who asks (RFC 7518 §3.4). */
export function demoSigning(): () => Promise<Signing> {
  let making: Promise<Signing> | undefined
  const make = async (): Promise<Signing> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwk = await exportJWK(publicKey)
    const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 12)
    return {
      publicKey: { ...jwk, kid, alg: 'ES256', use: 'sig' },
      sign: (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' }).sign(privateKey),
    }
  }
  return () => {
    making ??= make()
    return making
  }
}
