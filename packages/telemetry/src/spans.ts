/** Every span the station itself opens; docs/frame-journey.md follows the same names. */
export const SPANS = {
  // up: from a terminal's bytes to a row
  'gateway.frame.receive': 'Bytes became a frame: length, checksums, resynchronisation.',
  'gateway.session.bind': 'The frame was bound to its terminal session and forwarded.',
  'crypto.session.open': 'Verified and decrypted inside the crypto machine.',
  'fep.frame.handle': 'One frame at the front end, up to its confirmation.',
  'fep.apdu.decode': 'APDU decoded into readings by the object catalogue.',
  'fep.reading.publish': 'Readings handed to the queue; durable at the end of the span.',
  'analytics.reading.store': 'Readings stored; committed at the end of the span.',
  // down: from an operator's request to the device
  'api.command.submit': 'Command accepted as a row.',
  'fep.command.encode': 'Command turned into an APDU.',
  'crypto.session.seal': 'Authorised, encrypted and counted inside the crypto machine.',
  'gateway.frame.send': 'Frame written to the terminal.',
  'fep.command.settle': 'Response or read-back matched; the state is final.',
} as const satisfies Record<string, string>

export type SpanName = keyof typeof SPANS
