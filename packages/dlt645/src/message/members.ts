import { hexOctets, reversedHex } from '@zhuzhan/codec'

/** Data identifier, DI3 first; sent DI0 first. Reference §4. */
export const Di = reversedHex(4)
/** Who operates, C0 to C3. Reference §4.4. */
export const Operator = reversedHex(4)
export const Mac = reversedHex(4)

/** PA and P0 P1 P2 as sent; PA is the level, 98 and 99 are the classes of an ESAM. Reference §4.4, §5.3. */
export const credentials = { level: hexOctets(1), password: hexOctets(3), operator: Operator }
