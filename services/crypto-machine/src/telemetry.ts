import { metric } from '@zhuzhan/telemetry'

/** Held in constants: a counter is on the page with zero from the start, and costs one lookup. */
export const operations = metric('crypto_operations')
export const handshakes = metric('crypto_handshakes')
export const openSeconds = metric('crypto_open_seconds')
export const sealSeconds = metric('crypto_seal_seconds')
export const keyUpdates = metric('crypto_key_updates')
export const broadcasts = metric('crypto_broadcasts')
export const manifests = metric('crypto_manifests')
export const deviceCalls = metric('crypto_device_calls')
export const deviceSeconds = metric('crypto_device_seconds')
export const deviceLosses = metric('crypto_device_losses')
