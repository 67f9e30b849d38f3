/* What a test makes of the fake device, read anew on every call from the file named by FAKE_SDF_CONTROL. One line each:
 *
 *   vanished                     every call answers SDR_COMMFAIL
 *   fail SDF_Encrypt 0100000F    this call answers the code, in hex
 *   delay SDF_Encrypt 200        this call takes so many milliseconds more; * for all
 *   hang SDF_Encrypt             this call never returns
 *   crash SDF_Encrypt            this call kills the process it runs in
 *   field 32                     coordinates in 256-bit fields, not 512-bit ones
 *   sessions 6                   SDR_OPENSESSION beyond so many sessions
 *   agreements 3                 SDR_NOBUFFER beyond so many unfinished exchanges in one session
 *   another                      the SM2 keys of another device
 *   altered                      the cipher under SM4's id is sound, but is not SM4
 *   spill                        SDF_GenerateRandom writes one byte too many
 *   curious                      the device does not open where it finds the station's own secrets in the environment
 *   marker                       SM1 and SM7 ids are answered by a marker (the block reversed, xor 5A), which is no cipher
 *
 * With FAKE_SDF_LOG set, every call appends its name to that file. */
#ifndef FAKE_CONTROL_H
#define FAKE_CONTROL_H

#include <stdint.h>

/* Does the file hold this line; and the number behind it, or `otherwise`. */
int control_has(const char *line);
long control_number(const char *name, long otherwise);
/* Delays, hangs and crashes as told; the code this call must answer, 0 for none. */
uint32_t control_before(const char *function);

#endif
