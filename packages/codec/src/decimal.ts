/**
 * raw × 10^scaler as an exact decimal, with as many decimals as the scaler has: `decimal(123456, -2)` is `1234.56`,
 * `decimal(-5, -3)` is `-0.005`. Never through floating point.
 */
export function decimal(raw: number | bigint, scaler: number): string {
  const negative = raw < 0
  const digits = String(negative ? -raw : raw)
  if (scaler >= 0) return (negative ? '-' : '') + (digits === '0' ? '0' : digits + '0'.repeat(scaler))
  const padded = digits.length > -scaler ? digits : digits.padStart(1 - scaler, '0')
  const point = padded.length + scaler
  return `${negative ? '-' : ''}${padded.slice(0, point)}.${padded.slice(point)}`
}
