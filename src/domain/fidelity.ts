/**
 * What counts where the official document and recorded answers of the service differ: `live` is how ThousandEyes was seen to
 * answer, `spec` what its OpenAPI document says.
 */
export const fidelities = ['live', 'spec'] as const

export type Fidelity = (typeof fidelities)[number]
