/**
 * Key of a frame's mask: none. Masking keeps scripts of a browser from writing chosen bytes into a proxy on the way (RFC 6455 §10.3); between
 * services of the station, which prove a secret to each other, it would only touch every byte twice.
 */
export function unmasked(key: Buffer): void {
  key.fill(0)
}
