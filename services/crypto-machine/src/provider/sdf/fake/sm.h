/* SM2, SM3 and SM4 of the fake device, written from the algorithms' definitions (GB/T 32905, 32907, 32918). For tests
 * only: nothing here is constant-time. Being apart from the station's own ciphers makes it a second opinion on them. */
#ifndef FAKE_SM_H
#define FAKE_SM_H

#include <stddef.h>
#include <stdint.h>

typedef struct { const uint8_t *bytes; size_t length; } part;

void sm3(uint8_t digest[32], const part *parts, size_t count);
/* GB/T 32918.4 KDF over z, `length` bytes. */
void sm2_kdf(uint8_t *out, size_t length, const part *z, size_t count);

void sm4_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16], int decrypt);

/* Points are x || y (64 bytes), scalars 32 bytes, big-endian. Functions return 0, or -1 for what the standard refuses. */
typedef struct { uint8_t xy[64]; } sm2_point;

void sm2_random_scalar(uint8_t scalar[32]);
int sm2_public_key(sm2_point *point, const uint8_t d[32]);
int sm2_sign(uint8_t r[32], uint8_t s[32], const uint8_t d[32], const uint8_t e[32]);
/* 0 = valid, -1 = not, -2 = no signature or no point at all. */
int sm2_verify(const sm2_point *key, const uint8_t e[32], const uint8_t r[32], const uint8_t s[32]);
/* C1 = x || y, C3, C2 of `length` bytes. */
int sm2_encrypt(const sm2_point *key, const uint8_t *text, size_t length, sm2_point *c1, uint8_t c3[32], uint8_t *c2);

typedef struct { const uint8_t *id; size_t id_length; sm2_point key, ephemeral; } sm2_party;
/* GB/T 32918.3: 16 bytes of K. `own` brings d and r; the sponsor A comes first in every hash. */
int sm2_agree(uint8_t key[16], int initiator, const sm2_party *own, const uint8_t d[32], const uint8_t r[32], const sm2_party *peer);

#endif
